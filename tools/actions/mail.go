package actions

import (
	"context"
	"errors"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// mailOutcome tells the owner by mail how an action ended that they had let go:
// they may not be looking any more. What they ended themselves, or never
// verified, they know. The mail says what the card says, and never a secret.
func (s *Service) mailOutcome(ctx context.Context, tx *store.Tx, a *db.Action, w why) error {
	if s.cfg.SMS == nil || a.VerifiedAt == nil || a.EndedAt == nil || w.by == ByUser {
		return nil
	}
	p, err := tx.PersonFor(ctx, a.UserID)
	if err != nil {
		return err
	}
	n, err := s.namesOf(ctx, tx, a)
	if err != nil {
		return err
	}
	c := words(p.Language)
	err = s.cfg.SMS.Mail(ctx, tx, notify.Message{User: a.UserID, Template: "mail_action", Params: map[string]string{
		"action": c.title(a, n), "state": c.state(a.State, a.Outcome, ""), "detail": c.detail(a, true),
	}})
	var cannot *desk.Error
	if errors.As(err, &cannot) && cannot.Code == desk.CodeInvalid {
		return nil // the address on file is none; the card tells
	}
	return err
}
