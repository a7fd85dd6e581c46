package conversations

import (
	"context"
	"fmt"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
)

// ending is how a turn ends.
type ending struct {
	turn    desk.ID
	reason  desk.TurnReason
	code    desk.Code
	shown   string                 // what the person had seen of the answer, if it was cut off
	message *desk.AssistantMessage // the answer
}

func reasonOf(stored *string) desk.TurnReason {
	if stored != nil && *stored == string(desk.TurnHandoff) {
		return desk.TurnHandoff
	}
	return desk.TurnStopped
}

// endTurn is the only way in which a turn ends: the message, if there is one,
// turn_ended and the row, together. The caller holds the conversation and has
// seen the turn open under that lock, so this happens once.
func endTurn(ctx context.Context, tx *store.Tx, conversation desk.ID, e ending) error {
	if e.message == nil && e.shown != "" {
		e.message = &desk.AssistantMessage{Text: e.shown, Citations: []desk.Citation{}}
	}
	var usage desk.Usage
	if e.message != nil {
		e.message.Turn, usage = e.turn, e.message.Usage
		said, err := tx.Append(ctx, conversation, desk.KindAssistantMessage, e.message)
		if err != nil {
			return err
		}
		if e.message.Unanswered {
			if err := noteUnanswered(ctx, tx, conversation, e.turn, said.Seq); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Append(ctx, conversation, desk.KindTurnEnded, desk.TurnEnded{Turn: e.turn, Reason: e.reason, Code: e.code}); err != nil {
		return err
	}
	reason := string(e.reason)
	p := db.EndTurnParams{ID: e.turn, Reason: &reason, InputTokens: int32(usage.Input), OutputTokens: int32(usage.Output)} //nolint:gosec // tokens of one turn
	if e.code != "" {
		code := string(e.code)
		p.Code = &code
	}
	n, err := tx.EndTurn(ctx, p)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("turn %s ended twice", e.turn)
	}
	if usage.Input+usage.Output == 0 {
		return nil
	}
	return tx.CountUsage(ctx, db.CountUsageParams{TenantID: tx.Tenant, InputTokens: int64(usage.Input), OutputTokens: int64(usage.Output)})
}

// end ends a turn and starts the next of its conversation after the commit.
func (s *Service) end(ctx context.Context, tx *store.Tx, conversation desk.ID, e ending) error {
	if err := endTurn(ctx, tx, conversation, e); err != nil {
		return err
	}
	if e.reason == desk.TurnAnswered {
		failpoint.Hit("turn.finish_in_tx")
	} else {
		failpoint.Hit("turn.stop_in_tx")
	}
	next, err := tx.NextTurn(ctx, conversation)
	if store.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tx.AfterCommit(func(context.Context) { s.seats.kick(store.TurnRef{Tenant: tx.Tenant, Turn: next}) })
	return nil
}

// stopTurn asks the owner of a running turn to end it, and ends it right here
// when nobody owns it. It reports whether it ended.
func stopTurn(ctx context.Context, tx *store.Tx, conversation desk.ID, turn db.OpenTurnsRow, reason desk.TurnReason) (ended bool, err error) {
	if turn.State == stateWaiting || turn.Lapsed {
		return true, endTurn(ctx, tx, conversation, ending{turn: turn.ID, reason: reason})
	}
	why := string(reason)
	if err := tx.AskTurnToStop(ctx, db.AskTurnToStopParams{ID: turn.ID, Reason: &why}); err != nil {
		return false, err
	}
	tx.Publish(turnSubject(tx.Tenant, turn.ID), []byte(`{"stop":true}`))
	return false, nil
}

// Stop ends a turn by its person's wish: at once when nobody runs it yet, else
// its owner ends it and keeps what was shown. A turn that has ended already is
// no error.
func (s *Service) Stop(ctx context.Context, turn desk.ID) error {
	turn, err := desk.ParseID(string(turn))
	if err != nil {
		return notFound()
	}
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		row, err := tx.TurnByID(ctx, turn)
		if store.NoRows(err) {
			return notFound()
		}
		if err != nil {
			return err
		}
		conv, err := hold(ctx, tx, row.ConversationID)
		if err != nil {
			return err
		}
		if conv.UserID != v.User && !v.Role.Staff() {
			return notFound()
		}
		open, err := tx.OpenTurns(ctx, conv.id)
		if err != nil {
			return err
		}
		for _, t := range open {
			if t.ID != turn {
				continue
			}
			ended, err := stopTurn(ctx, tx, conv.id, t, desk.TurnStopped)
			if err != nil || !ended {
				return err
			}
			if next, err := tx.NextTurn(ctx, conv.id); err == nil {
				tx.AfterCommit(func(context.Context) { s.seats.kick(store.TurnRef{Tenant: tx.Tenant, Turn: next}) })
			} else if !store.NoRows(err) {
				return err
			}
		}
		return nil
	})
}
