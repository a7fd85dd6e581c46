package assistant

import (
	"context"
	"slices"

	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// Bounds of the facts.
const (
	maxFactDevices = 10
	maxOpenActions = 5
	maxBack        = 3 // messages of the person that a short answer may go on with
)

// wishes are the acts on devices that the person's own words ask for now
// (SECURITY B5, B6): those of the message that this turn answers; when it is
// as short as an answer to a question ("the Mac", "yes"), those of what it goes
// on with, unless something was proposed since. What a tool, an article, a
// ticket or a model says is never looked at.
func (j *job) wishes() []string {
	if acts := offline.Acts(j.past.question); len(acts) > 0 || !offline.Leans(j.past.question) {
		return acts
	}
	back := 0
	for _, u := range slices.Backward(j.past.earlier) {
		switch u.kind {
		case desk.KindToolCall:
			if u.outcome.OK && j.cfg.Tools.IsEffect(u.call.Name) {
				return nil
			}
		case desk.KindUserMessage:
			if acts := offline.Acts(u.text); len(acts) > 0 || !offline.Leans(u.text) {
				return acts
			}
			if back++; back == maxBack {
				return nil
			}
		default: // said by others
		}
	}
	return nil
}

// deviceFacts adds the viewer's devices and what is under way on them, without
// ids.
func (j *job) deviceFacts(ctx context.Context, tx *store.Tx, p policy.Effective, f *prompts.Facts) error {
	if j.cfg.Ledger == nil || !p.SelfService {
		return nil
	}
	devices, err := j.cfg.Ledger.DevicesTx(ctx, tx, j.viewer)
	if err != nil {
		return err
	}
	for _, d := range devices[:min(len(devices), maxFactDevices)] {
		f.Devices = append(f.Devices, prompts.DeviceLine{Name: firstRunes(d.Name, 100), System: d.System, Online: d.Online})
	}
	actions, err := j.cfg.Ledger.ActionsTx(ctx, tx, j.viewer, 2*maxOpenActions)
	if err != nil {
		return err
	}
	for _, a := range actions {
		if over(desk.ActionState(a.State)) || len(f.OpenActions) == maxOpenActions {
			continue
		}
		a.ID, a.Device, a.Software = "", firstRunes(a.Device, 100), firstRunes(a.Software, 100)
		f.OpenActions = append(f.OpenActions, a)
	}
	return nil
}

func over(s desk.ActionState) bool {
	switch s {
	case desk.StateProposed, desk.StateConfirmed, desk.StateVerified, desk.StateQueued, desk.StateDelivered, desk.StateRunning, desk.StateUnknown:
		return false
	default:
		return true
	}
}
