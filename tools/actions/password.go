package actions

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Letters and digits that nobody takes for another one when reading them from
// a phone.
const (
	lower  = "abcdefghijkmnpqrstuvwxyz"
	upper  = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits = "23456789"
)

// resendWithin is how long a temporary password can be sent again after its
// SMS failed.
const resendWithin = 15 * time.Minute

// temporaryPassword draws 12 characters (69 bits), uniformly among those that
// have a small letter, a capital and a digit, in groups of four. The dashes are
// the fourth kind that systems ask for.
func temporaryPassword() ([]byte, error) {
	alphabet := lower + upper + digits
	for {
		b := make([]byte, 0, 14)
		for i := range 12 {
			if i == 4 || i == 8 {
				b = append(b, '-')
			}
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
			if err != nil {
				return nil, err
			}
			b = append(b, alphabet[n.Int64()])
		}
		if s := string(b); strings.ContainsAny(s, lower) && strings.ContainsAny(s, upper) && strings.ContainsAny(s, digits) {
			return b, nil
		}
	}
}

// The sealed row of a temporary password.
const (
	passwordPurpose = "temporary password"
	passwordLife    = time.Hour // after the command's last moment
)

func bound(tenant, id desk.ID) string { return string(tenant) + " " + string(id) }

// sealPassword makes the temporary password when the command goes out, seals
// it to the device and keeps it sealed for the SMS that follows the success.
// Handing the command out again hands out the same one.
func (s *Service) sealPassword(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, c *wire.Command, sealKey []byte) error {
	if s.cfg.SMS == nil {
		return desk.Errorf(desk.CodeUnavailable, "temporary passwords cannot be sent")
	}
	var plain []byte
	var err error
	if e.Kept != "" {
		plain, err = s.openPassword(ctx, tx, e.Kept)
	} else if plain, err = temporaryPassword(); err == nil {
		e.Kept = desk.NewID()
		err = tx.KeepSecret(ctx, db.KeepSecretParams{
			TenantID: tx.Tenant, ID: e.Kept, Purpose: passwordPurpose, OwnerID: &a.UserID, ExpiresAt: e.CommandExpires.Add(passwordLife),
			Sealed: s.store.Seal(passwordPurpose, bound(tx.Tenant, e.Kept), plain),
		})
	}
	if err != nil {
		return err
	}
	c.SealedSecret, err = wire.Seal(sealKey, wire.SecretOf(wire.SecretPassword, c.ID, c.Device), plain)
	clear(plain)
	return err
}

func (s *Service) openPassword(ctx context.Context, tx *store.Tx, id desk.ID) ([]byte, error) {
	sealed, err := tx.KeptSecret(ctx, db.KeptSecretParams{ID: id, Purpose: passwordPurpose})
	if store.NoRows(err) {
		return nil, desk.Errorf(desk.CodeNotFound, "the temporary password is gone; ask for a new one")
	}
	if err != nil {
		return nil, err
	}
	return s.store.Unseal(passwordPurpose, bound(tx.Tenant, id), sealed)
}

// unreachable refuses a new password that would reach nobody, before anything
// is done: who verified by an authenticator app may have no number.
func (s *Service) unreachable(ctx context.Context, tx *store.Tx, a *db.Action) (*refused, error) {
	if a.Operation != string(desk.OpResetPassword) {
		return nil, nil //nolint:nilnil // nothing stands against it
	}
	_, r, err := s.verifiedNumber(ctx, tx, a.UserID)
	return r, err
}

// verifiedNumber is where a temporary password goes, and nowhere else.
func (s *Service) verifiedNumber(ctx context.Context, tx *store.Tx, user desk.ID) (number string, r *refused, err error) {
	if s.cfg.SMS == nil || !s.cfg.SMS.Can(notify.SMS) {
		return "", &refused{code: codeNoSMS}, nil
	}
	number, err = tx.VerifiedNumber(ctx, user)
	if store.NoRows(err) {
		return "", &refused{code: codeNoPhone}, nil
	}
	return number, nil, err
}

// Why an action whose password was set has not sent it.
const (
	codeUnsent = "password_unsent" // it may be asked for
	codeGone   = "password_gone"   // the device reported too late
)

// settlePassword sends the password after the device set it, and forgets it
// when it did not. Sent or not, it stays sealed for as long as its owner may
// ask for it. What the device did is done: that the number or the provider
// went away meanwhile changes what the card says, not how the action ended.
func (s *Service) settlePassword(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time) error {
	switch a.State {
	case string(desk.StateSucceeded):
	case string(desk.StateUnknown): // the device may still report that it set it
		return nil
	default:
		secret := e.Kept
		e.Kept = ""
		return tx.DropSecret(ctx, secret)
	}
	until := now.Add(resendWithin)
	if err := tx.LimitSecret(ctx, db.LimitSecretParams{ID: e.Kept, ExpiresAt: until}); err != nil {
		return err
	}
	e.KeptUntil = &until
	err := s.sendPassword(ctx, tx, a, e)
	var cannot *desk.Error
	if !errors.As(err, &cannot) {
		return err // sent; or the database's, and the device reports again
	}
	a.Code = codeUnsent
	if cannot.Code == desk.CodeNotFound {
		a.Code, e.Kept, e.KeptUntil = codeGone, "", nil
	}
	s.log.WarnContext(ctx, "temporary password not sent", "tenant", string(tx.Tenant), "action", string(a.ID), "reason", string(cannot.Code))
	return s.note(ctx, tx, a, now, why{by: BySystem, code: a.Code})
}

func (s *Service) sendPassword(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence) error {
	d, err := tx.DeviceFor(ctx, db.DeviceForParams{UserID: a.UserID, DeviceID: a.DeviceID})
	if err != nil {
		return err
	}
	plain, err := s.openPassword(ctx, tx, e.Kept)
	if err != nil {
		return err
	}
	number, r, err := s.verifiedNumber(ctx, tx, a.UserID)
	if err != nil {
		return err
	}
	if r != nil {
		return r.err()
	}
	e.PasswordMessage = desk.NewID()
	return s.cfg.SMS.SMS(ctx, tx, notify.Message{
		ID: e.PasswordMessage, User: a.UserID, To: number, Template: "temporary_password", Params: map[string]string{"account": parametersOf(a).Account, "device": d.Name}, Secret: string(plain),
	})
}

// askable reports whether the password is still kept for its owner.
func (e *evidence) askable(a *db.Action, now time.Time) bool {
	return a.State == string(desk.StateSucceeded) && e.Kept != "" && e.KeptUntil != nil && now.Before(*e.KeptUntil)
}

// SendPassword sends the temporary password once more, for an SMS that did not
// arrive: for 15 minutes after the device set it, to its owner only.
func (s *Service) SendPassword(ctx context.Context, id desk.ID) (View, error) {
	return s.decide(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, d *decision) error {
		e, err := evidenceOf(d.a)
		if err != nil {
			return err
		}
		if !e.askable(d.a, d.now) {
			return desk.Errorf(desk.CodeConflict, "there is no temporary password to send").With("state", d.a.State)
		}
		err = tx.Hit(ctx, "password sms "+string(d.a.ID), resendWithin, 3, desk.Errorf(desk.CodeRateLimited, "it was sent already; wait a little"))
		if err != nil {
			return err
		}
		if err := s.sendPassword(ctx, tx, d.a, &e); err != nil {
			return err
		}
		d.a.Code = ""
		if err := e.into(d.a); err != nil {
			return err
		}
		if err := save(ctx, tx, d.a); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "action.password_sent_again", Object: "action", ObjectID: d.a.ID})
	})
}
