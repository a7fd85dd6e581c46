package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// Own is the Ledger of a portal.
type Own struct {
	Software *software.Service
	Actions  *actions.Service
}

var _ Ledger = (*Own)(nil)

// DevicesTx lists the devices assigned to v.
func (o *Own) DevicesTx(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]prompts.DeviceLine, error) {
	rows, err := tx.OwnDevices(ctx, v.User)
	if err != nil {
		return nil, err
	}
	list := make([]prompts.DeviceLine, len(rows))
	for i, r := range rows {
		list[i] = prompts.DeviceLine{ID: string(r.ID), Name: r.Name, System: r.System, Online: r.Online}
	}
	return list, nil
}

// ActionsTx lists v's latest actions.
func (o *Own) ActionsTx(ctx context.Context, tx *store.Tx, v desk.Viewer, atMost int) ([]prompts.ActionLine, error) {
	rows, err := tx.OwnActions(ctx, db.OwnActionsParams{UserID: v.User, AtMost: int32(atMost)}) //nolint:gosec // a few
	if err != nil {
		return nil, err
	}
	list := make([]prompts.ActionLine, len(rows))
	for i, r := range rows {
		list[i] = prompts.ActionLine{
			ID: string(r.ID), Operation: r.Operation, Device: r.Device, Software: r.Software,
			State: r.State, Outcome: r.Outcome, Code: r.Code, At: r.ProposedAt.UTC().Format("2006-01-02 15:04 UTC"),
		}
	}
	return list, nil
}

// SoftwareTx lists what v may install on any of the own devices.
func (o *Own) SoftwareTx(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]prompts.SoftwareLine, error) {
	shelf, err := o.Software.ShelfTx(ctx, tx, v, "")
	if err != nil {
		return nil, err
	}
	devices, err := tx.OwnDevices(ctx, v.User)
	if err != nil {
		return nil, err
	}
	names := map[desk.ID]string{}
	for _, d := range devices {
		names[d.ID] = d.Name
	}
	list := make([]prompts.SoftwareLine, len(shelf))
	for i, s := range shelf {
		list[i] = prompts.SoftwareLine{ID: string(s.ID), Name: s.Name, Publisher: s.Publisher, Description: s.Description}
		for _, on := range s.States {
			list[i].On = append(list[i].On, prompts.SoftwareDevice{Device: names[on.Device], State: string(on.State)})
		}
	}
	return list, nil
}

// ProposeTx proposes and reads back what the ledger has.
func (o *Own) ProposeTx(ctx context.Context, tx *store.Tx, v desk.Viewer, w Wish) (prompts.ActionLine, error) {
	a, err := o.Actions.ProposeTx(ctx, tx, v, actions.Proposal{
		Device: w.Device, Operation: w.Operation, Software: w.Software, Conversation: w.Conversation, Source: actions.SourceAssistant,
	})
	if err != nil {
		return prompts.ActionLine{}, err
	}
	list, err := o.ActionsTx(ctx, tx, v, maxActions)
	if err != nil {
		return prompts.ActionLine{}, err
	}
	return pick(list, string(a.ID), "action", "action", func(a prompts.ActionLine) (string, string) { return a.ID, a.ID })
}

// RequestTx asks the technicians for software.
func (o *Own) RequestTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name, reason string, conversation desk.ID) (int64, error) {
	r, err := o.Software.RequestTx(ctx, tx, v, name, reason, "", conversation)
	if err != nil || r.Ticket == nil {
		return 0, err
	}
	return r.Ticket.Number, nil
}
