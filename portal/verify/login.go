package verify

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// LogInProof is an authenticator's code that was right at a log-in; the zero
// value is of somebody whom none is asked for.
type LogInProof struct {
	totp *db.TOTPOfRow
	step int64
}

// LogInCode asks for the authenticator of somebody whose password was right.
// Who has none that counts is not asked. No code is CodeCodeNeeded; a wrong one
// is charged like every other guess. UseLogIn consumes the proof.
func (s *Service) LogInCode(ctx context.Context, v desk.Viewer, code string) (p LogInProof, err error) {
	var f factors
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		f, err = loadFactors(ctx, tx, v.User)
		return err
	})
	if err != nil || !f.totpReady() {
		return p, err
	}
	if code == "" {
		return p, desk.Errorf(desk.CodeCodeNeeded, "the code of the authenticator app is needed, too").On("code")
	}
	if err := sixDigits("code", code); err != nil {
		return p, err
	}
	if err := s.guess(ctx, v); err != nil {
		return p, err
	}
	step, err := s.step(v, *f.totp, code)
	if err == nil && step == 0 {
		err = errWrong.On("code")
	}
	return LogInProof{f.totp, step}, err
}

// UseLogIn consumes the code in the transaction that opens the session: its
// time step never counts again, here or for an action.
func (s *Service) UseLogIn(ctx context.Context, tx *store.Tx, v desk.Viewer, p LogInProof) error {
	if p.totp == nil {
		return nil
	}
	return s.useStep(ctx, tx, v, *p.totp, p.step)
}
