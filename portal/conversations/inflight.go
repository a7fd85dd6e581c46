package conversations

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// turnSubject is where the owner of a turn listens: for the wish to stop, and
// for whoever wants the answer in flight.
func turnSubject(tenant, turn desk.ID) string { return "turn." + string(tenant) + "." + string(turn) }

var askSnapshot = []byte(`{"snapshot":true}`)

// snapshotWait is how long the owner of a turn may take to answer. Without its
// answer the client sees the next delta, finds the hole and asks again, or gets
// the message from the log.
const snapshotWait = 250 * time.Millisecond

// Snapshot is the answer in flight: the text of the attempt so far, or the step
// that the assistant is at. Without a running turn Turn is empty.
type Snapshot struct {
	Turn    desk.ID `json:"turn"`
	Attempt int     `json:"attempt"`
	Text    string  `json:"text"`
	Step    *Step   `json:"step,omitempty"`
	Last    int64   `json:"-"` // the newest event of the log
}

// hear serves what other nodes and clients want of a turn that runs here. A
// message only makes the owner look at its row: forging one achieves nothing.
func (s *Service) hear(subject string, data []byte) []byte {
	tenant, turn, _ := strings.Cut(strings.TrimPrefix(subject, "turn."), ".")
	t := s.seats.find(desk.ID(tenant), desk.ID(turn))
	if t == nil {
		return nil
	}
	if !bytes.Equal(data, askSnapshot) {
		select {
		case t.nudge <- struct{}{}:
		default:
		}
		return nil
	}
	raw, err := json.Marshal(t.snapshot())
	if err != nil {
		return nil
	}
	return raw
}

func (t *Turn) snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Snapshot{Turn: t.ID, Attempt: t.attempt(), Text: t.text.String(), Step: t.step}
}

// Snapshot gets the answer in flight of a conversation from whichever node
// writes it, and how long the log is.
func (s *Service) Snapshot(ctx context.Context, id desk.ID) (Snapshot, error) {
	var tenant, turn desk.ID
	var last int64
	err := s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		c, err := see(ctx, tx, v, id)
		if err != nil {
			return err
		}
		tenant, last = tx.Tenant, c.Last
		turn, err = tx.RunningTurn(ctx, c.ID)
		if store.NoRows(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return Snapshot{}, err
	}
	snap := Snapshot{}
	if turn != "" {
		snap = s.inFlight(ctx, tenant, turn)
	}
	snap.Last = last
	return snap, nil
}

// inFlight asks the owner of a turn; it is empty when nobody answers: the owner
// just died, or just finished.
func (s *Service) inFlight(ctx context.Context, tenant, turn desk.ID) (snap Snapshot) {
	if t := s.seats.find(tenant, turn); t != nil {
		return t.snapshot()
	}
	ask, cancel := context.WithTimeout(ctx, snapshotWait)
	defer cancel()
	raw, err := s.store.Bus().Ask(ask, turnSubject(tenant, turn), askSnapshot)
	if err == nil {
		err = json.Unmarshal(raw, &snap)
	}
	if err != nil {
		return Snapshot{}
	}
	return snap
}
