package verify

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// passwordCodeLife is longer than that of a text message: mail may be slow, and
// the code is longer, too.
const passwordCodeLife = 15 * time.Minute

// Its code is bound to the mail address: with another address it is void.
func passwordTarget(address string) target {
	return target{purpose: purposePassword, digest: changeDigest("password", address)}
}

// MailPasswordCode mails somebody the code with which they set another
// password, written as shown. The one before is void.
func (s *Service) MailPasswordCode(ctx context.Context, tx *store.Tx, u *db.User, address, code, shown string) error {
	v := desk.Viewer{Tenant: tx.Tenant, User: u.ID}
	id, err := s.challenge(ctx, tx, v, passwordTarget(address), address, code, passwordCodeLife)
	if err != nil {
		return err
	}
	return s.notify.Mail(ctx, tx, notify.Message{
		ID: id, User: u.ID, To: address, Template: "password_code", Params: map[string]string{"name": u.Name, "login": u.Login},
		Secret: shown, Life: passwordCodeLife,
	})
}

// PasswordCode is a code that was right.
type PasswordCode struct{ id desk.ID }

// ChargePasswordCode takes one of the code's attempts and tells whether it is
// right; the caller answers after the commit, so that the attempt counts. For
// somebody without a code, and for nobody, it asks the same.
func (s *Service) ChargePasswordCode(ctx context.Context, tx *store.Tx, user desk.ID, address, code string) (c PasswordCode, right bool, err error) {
	t := passwordTarget(address)
	r, err := tx.ChargeChallenge(ctx, db.ChargeChallengeParams{UserID: user, Purpose: t.purpose, Digest: t.digest})
	if err != nil && !store.NoRows(err) {
		return c, false, err
	}
	right = hmac.Equal(r.CodeMac, s.mac(tx.Tenant, user, r.ID, r.Salt, r.Digest, code))
	return PasswordCode{r.ID}, right, nil
}

// UsePasswordCode consumes the code: of several right answers, one finds it.
func (s *Service) UsePasswordCode(ctx context.Context, tx *store.Tx, c PasswordCode) error {
	n, err := tx.UseChallenge(ctx, c.id)
	if err == nil && n == 0 {
		err = errUsed
	}
	return err
}

// VoidPasswordCode makes a code that is out count for nothing.
func VoidPasswordCode(ctx context.Context, tx *store.Tx, user desk.ID) error {
	purpose := purposePassword
	return tx.VoidChallenges(ctx, db.VoidChallengesParams{UserID: user, Purpose: &purpose})
}
