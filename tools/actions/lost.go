package actions

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Why nothing came on somebody's phone, in the history and on the card.
const (
	codeCodeLost     = "code_undelivered"
	codePasswordLost = "password_undelivered" // it may be asked for again
	codePasswordGone = "password_lost"        // it may not
)

// MessageLostTx hears that a text message reached nobody. If it carried the
// code or the temporary password of an action, its history says so, and whoever
// looks at the card is told at once. The state stays what it is.
func (s *Service) MessageLostTx(ctx context.Context, tx *store.Tx, message desk.ID) error {
	id, err := tx.ActionOfMessage(ctx, message)
	if store.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	a, err := hold(ctx, tx, id)
	if err != nil {
		return err
	}
	now, err := s.now(ctx, tx)
	if err != nil {
		return err
	}
	w := why{by: BySystem, code: codeCodeLost}
	if a.State == string(desk.StateSucceeded) {
		w.code = codePasswordLost
	}
	if err := s.note(ctx, tx, a, now, w); err != nil {
		return err
	}
	return s.tell(ctx, tx, a, now)
}

// addLost says on the owner's card that a message did not arrive, and what to
// do about it.
func (s *Service) addLost(ctx context.Context, tx *store.Tx, w catalog, a *db.Action, view *View) error {
	if f := view.Factor; f != nil && f.AttemptsLeft != nil && notify.Lost(f.SMSState) {
		view.Text.Detail = w["code."+codeCodeLost]
	}
	if view.State != desk.StateSucceeded || view.Operation != desk.OpResetPassword || a.Code != "" {
		return nil
	}
	e, err := evidenceOf(a)
	if err != nil || e.PasswordMessage == "" {
		return err
	}
	m, err := notify.StateOf(ctx, tx, e.PasswordMessage)
	if err != nil || !notify.Lost(m.State) {
		return err
	}
	now, err := s.now(ctx, tx)
	view.Text.Detail = w["code."+codePasswordGone]
	if e.askable(a, now) {
		view.Text.Detail = w["code."+codePasswordLost]
	}
	return err
}
