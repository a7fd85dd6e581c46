package verify

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

const (
	sealingTOTP = "totp"
	period      = 30 // seconds of a time step (RFC 6238)
	skew        = 1  // steps that a clock may be off
	secretBytes = 20 // as long as SHA-1's output (RFC 4226, section 4)
)

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

// stepOf finds the time step, around now, that a code belongs to; 0 is none.
// A step at or before last is looked for too, so that a used code can be told
// from a wrong one: fresh says which it is.
func stepOf(secret, code string, now, last int64) (step int64, fresh bool, err error) {
	for s := now/period + skew; s >= now/period-skew; s-- {
		want, err := hotp.GenerateCodeCustom(secret, uint64(max(s, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > 0 {
			step, fresh = s, s > last
		}
		if fresh {
			return step, true, nil
		}
	}
	return step, false, nil
}

// step checks an authenticator code; 0 means that it is none. A code of a step
// that was accepted before, or of one before that, is CodeUsed (RFC 6238, 5.2).
func (s *Service) step(v desk.Viewer, row db.TOTPOfRow, code string) (int64, error) {
	secret, err := s.store.Unseal(sealingTOTP, bound(v), row.Sealed)
	if err != nil {
		return 0, err
	}
	step, fresh, err := stepOf(unpadded.EncodeToString(secret), code, s.now().Unix(), row.LastStep)
	if err == nil && step > 0 && !fresh {
		err = errUsed
	}
	return step, err
}

func bound(v desk.Viewer) string { return string(v.Tenant) + "/" + string(v.User) }

// useStep consumes a time step: it, and those before it, never count again.
func (s *Service) useStep(ctx context.Context, tx *store.Tx, v desk.Viewer, row db.TOTPOfRow, step int64) error {
	if _, err := lock(ctx, tx, v.User); err != nil {
		return err
	}
	n, err := tx.AcceptTOTPStep(ctx, db.AcceptTOTPStepParams{UserID: v.User, Sealed: row.Sealed, Step: step})
	if err != nil {
		return err
	}
	if n == 0 {
		return errUsed
	}
	return tx.RefundLimit(ctx, guessKey(v.User))
}

// Enrolment is what an authenticator app needs. It is shown once.
type Enrolment struct {
	Secret  string `json:"secret" doc:"For typing it in; shown this once."`
	URI     string `json:"uri" doc:"For the QR code."`
	OldCode bool   `json:"old_code" doc:"Whether a code was sent to your number that makes the app count at once; without it, it counts after 24 hours."`
}

// BeginTOTP makes a secret for an authenticator app. It is no factor before
// the app has shown a code.
func (s *Service) BeginTOTP(ctx context.Context) (out Enrolment, err error) {
	v, err := desk.Enrolling(ctx)
	if err != nil {
		return out, err
	}
	secret := make([]byte, secretBytes)
	if _, err := rand.Read(secret); err != nil {
		return out, err
	}
	old := s.tryOldNumber(ctx, v)
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := lock(ctx, tx, v.User)
		if err != nil {
			return err
		}
		n, err := tx.BeginTOTP(ctx, db.BeginTOTPParams{TenantID: tx.Tenant, UserID: v.User, Sealed: s.store.Seal(sealingTOTP, bound(v), secret)})
		if err != nil {
			return err
		}
		if n == 0 {
			return desk.Errorf(desk.CodeConflict, "an authenticator app is on already; turn it off first")
		}
		if out, err = enrolment(ctx, tx, v, unpadded.EncodeToString(secret)); err != nil || !old || !f.phoneReady() {
			return err
		}
		out.OldCode = true
		t := target{purpose: purposeChange, digest: changeDigest("totp", "")}
		return s.issue(ctx, tx, v, t, f.phone.Number, "code_totp", nil)
	})
	return out, err
}

// tryOldNumber reports whether the old number may be sent a code now. That it
// may not is no reason to refuse: the app then waits.
func (s *Service) tryOldNumber(ctx context.Context, v desk.Viewer) bool {
	var numbers []string
	err := s.spend(ctx, v, func(ctx context.Context, tx *store.Tx) error {
		rules, err := s.smsRules(ctx, tx)
		if err != nil {
			return err
		}
		f, err := loadFactors(ctx, tx, v.User)
		if err != nil {
			return err
		}
		if !f.phoneReady() {
			return errExpired // nothing to send to
		}
		numbers = []string{f.phone.Number}
		return rules.check(f.phone.Number)
	}, func() []string { return numbers })
	return err == nil
}

func enrolment(ctx context.Context, tx *store.Tx, v desk.Viewer, secret string) (Enrolment, error) {
	tenant, err := tx.ThisTenant(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	u, err := tx.UserByID(ctx, v.User)
	if err != nil {
		return Enrolment{}, err
	}
	q := url.Values{"secret": {secret}, "issuer": {tenant.Name}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	// Apps read %20 and not + in the name of an issuer.
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + tenant.Name + ":" + u.Login, RawQuery: percent(q.Encode())}
	return Enrolment{Secret: secret, URI: uri.String()}, nil
}

// FinishTOTP turns the app on when it shows the right code. Somebody who has a
// factor proves it by oldCode, or the app counts after 24 hours.
func (s *Service) FinishTOTP(ctx context.Context, code, oldCode string) (Factors, error) {
	v, err := desk.Enrolling(ctx)
	if err != nil {
		return Factors{}, err
	}
	if err := sixDigits("code", code); err != nil {
		return Factors{}, err
	}
	proof, err := s.proveOld(ctx, v, changeDigest("totp", ""), oldCode, false)
	if err != nil {
		return Factors{}, err
	}
	if err := s.guess(ctx, v); err != nil {
		return Factors{}, err
	}
	return s.change(ctx, v, func(ctx context.Context, tx *store.Tx, f factors) error {
		if f.totp == nil || f.totp.VerifiedAt != nil {
			return errExpired
		}
		step, err := s.step(v, *f.totp, code)
		if err != nil {
			return err
		}
		if step == 0 {
			return errWrong
		}
		if err := proof.use(ctx, tx, s, v); err != nil {
			return err
		}
		wait, held := f.wait(proof.given, false)
		n, err := tx.ConfirmTOTP(ctx, db.ConfirmTOTPParams{UserID: v.User, Sealed: f.totp.Sealed, Step: step, WaitSeconds: wait.Seconds(), Held: held})
		if err != nil {
			return err
		}
		if n == 0 {
			return errExpired
		}
		if err := tx.RefundLimit(ctx, guessKey(v.User)); err != nil {
			return err
		}
		return s.changed(ctx, tx, v.User, v.User, f, "totp.added", "totp_added", map[string]any{"waits": wait > 0, "held": held})
	})
}

// DisableTOTP takes the app away again; it agrees by one of its codes.
func (s *Service) DisableTOTP(ctx context.Context, code string) (Factors, error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return Factors{}, err
	}
	if err := sixDigits("code", code); err != nil {
		return Factors{}, err
	}
	if err := s.guess(ctx, v); err != nil {
		return Factors{}, err
	}
	return s.change(ctx, v, func(ctx context.Context, tx *store.Tx, f factors) error {
		if f.totp == nil || f.totp.VerifiedAt == nil {
			return desk.Errorf(desk.CodeNotFound, "there is no authenticator app")
		}
		if !f.totp.Ready {
			return waitError(f.totp.FactorFrom, f.totp.Held)
		}
		step, err := s.step(v, *f.totp, code)
		if err != nil {
			return err
		}
		if step == 0 {
			return errWrong
		}
		if _, err := tx.DeleteTOTP(ctx, v.User); err != nil {
			return err
		}
		if err := tx.RefundLimit(ctx, guessKey(v.User)); err != nil {
			return err
		}
		return s.changed(ctx, tx, v.User, v.User, f, "totp.removed", "totp_removed", nil)
	})
}

// RemoveTOTP is recovery by staff: the app is lost.
func (s *Service) RemoveTOTP(ctx context.Context, user desk.ID) error {
	return s.byStaff(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, f factors) error {
		n, err := tx.DeleteTOTP(ctx, user)
		if err != nil {
			return err
		}
		if n == 0 {
			return desk.Errorf(desk.CodeNotFound, "there is no authenticator app")
		}
		return s.took(ctx, tx, v, user, f, "totp.removed_by_staff", "totp_removed")
	})
}

// changed is what every change of factors ends with: open codes are void, it
// stands in the audit log, and the owner hears of it by mail and on the number
// that there was before.
func (s *Service) changed(ctx context.Context, tx *store.Tx, by, user desk.ID, before factors, action, template string, detail map[string]any) error {
	if err := tx.VoidChallenges(ctx, db.VoidChallengesParams{UserID: user}); err != nil {
		return err
	}
	if err := tx.Audit(ctx, store.AuditEntry{Actor: by, Action: action, Object: "user", ObjectID: user, Detail: detail}); err != nil {
		return err
	}
	return s.tell(ctx, tx, user, before, template, nil)
}

// tell sends the notice of a change.
func (s *Service) tell(ctx context.Context, tx *store.Tx, user desk.ID, before factors, template string, params map[string]string) error {
	if err := s.notify.Mail(ctx, tx, notify.Message{User: user, Template: "mail_" + template, Params: params, Life: changeWait}); err != nil {
		return err
	}
	if before.phone == nil || before.phone.VerifiedAt == nil || !s.notify.Can(notify.SMS) {
		return nil
	}
	return s.notify.SMS(ctx, tx, notify.Message{User: user, To: before.phone.Number, Template: "notice_" + template, Params: params})
}
