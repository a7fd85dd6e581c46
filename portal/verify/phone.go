package verify

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

func percent(query string) string { return strings.ReplaceAll(query, "+", "%20") }

// Mine tells the viewer's own factors.
func (s *Service) Mine(ctx context.Context) (f Factors, err error) {
	v, err := desk.Enrolling(ctx)
	if err != nil {
		return f, err
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err = s.Status(ctx, tx, v.User)
		return err
	})
	return f, err
}

// change runs fn under the lock of the viewer's factors and returns what they
// are then.
func (s *Service) change(ctx context.Context, v desk.Viewer, fn func(ctx context.Context, tx *store.Tx, f factors) error) (out Factors, err error) {
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := lock(ctx, tx, v.User)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, f); err != nil {
			return err
		}
		out, err = s.Status(ctx, tx, v.User)
		return err
	})
	return out, err
}

// guess charges one guess, committed before anything is compared.
func (s *Service) guess(ctx context.Context, v desk.Viewer) error {
	var refused *desk.Error
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		refused = nil
		err := tx.Hit(ctx, guessKey(v.User), guessWindow, guessesAtMost, errGuesses)
		if errors.As(err, &refused) {
			return nil
		}
		return err
	})
	if err == nil && refused != nil {
		return refused
	}
	return err
}

// SendPhoneCode sends a code to the number that the viewer wants to have on
// file. The number that is the factor now gets one too: it says what is about
// to change, and makes the change count at once.
func (s *Service) SendPhoneCode(ctx context.Context, phone string) (Factors, error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return Factors{}, err
	}
	var numbers []string
	to := func(ctx context.Context, tx *store.Tx) error {
		numbers, err = s.numbersToChange(ctx, tx, v, phone)
		return err
	}
	if err := s.spend(ctx, v, to, func() []string { return numbers }); err != nil {
		return Factors{}, err
	}
	return s.change(ctx, v, func(ctx context.Context, tx *store.Tx, _ factors) error {
		if err := to(ctx, tx); err != nil {
			return err
		}
		t := target{purpose: purposePhone, digest: changeDigest("prove", numbers[0])}
		if err := s.issue(ctx, tx, v, t, numbers[0], "code_phone", nil); err != nil || len(numbers) == 1 {
			return err
		}
		t = target{purpose: purposeChange, digest: changeDigest("phone", numbers[0])}
		return s.issue(ctx, tx, v, t, numbers[1], "code_change", map[string]string{"ending": ending(numbers[0])})
	})
}

// numbersToChange are the number that is to be proved and, where there is one
// and it is another, the number whose owner has to agree.
func (s *Service) numbersToChange(ctx context.Context, tx *store.Tx, v desk.Viewer, phone string) ([]string, error) {
	rules, err := s.smsRules(ctx, tx)
	if err != nil {
		return nil, err
	}
	number, err := rules.Number(phone)
	if err != nil {
		return nil, err
	}
	if err := sharedTooOften(ctx, tx, v.User, number); err != nil {
		return nil, err
	}
	f, err := loadFactors(ctx, tx, v.User)
	if err != nil || !f.phoneReady() || f.phone.Number == number || rules.check(f.phone.Number) != nil {
		return []string{number}, err
	}
	return []string{number, f.phone.Number}, nil
}

// VerifyPhone puts the number on file whose code comes back. Somebody who has
// a factor proves it by oldCode, from the old number or from the app, or the
// number counts after 24 hours.
func (s *Service) VerifyPhone(ctx context.Context, code, oldCode string) (Factors, error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return Factors{}, err
	}
	if err := sixDigits("code", code); err != nil {
		return Factors{}, err
	}
	h, err := s.charge(ctx, v, target{purpose: purposePhone}, false)
	if err != nil {
		return Factors{}, err
	}
	if !h.matches(s, v, code) {
		return Factors{}, s.refuse(ctx, v, h, code)
	}
	number := h.challenge.Number
	proof, err := s.proveOld(ctx, v, changeDigest("phone", number), oldCode, true)
	if err != nil {
		return Factors{}, err
	}
	return s.change(ctx, v, func(ctx context.Context, tx *store.Tx, f factors) error {
		if err := s.use(ctx, tx, v, h.challenge); err != nil {
			return err
		}
		if err := proof.use(ctx, tx, s, v); err != nil {
			return err
		}
		same := f.phone != nil && f.phone.VerifiedAt != nil && f.phone.Number == number
		wait, held := f.wait(proof.given, same)
		return s.adopt(ctx, tx, v, f, number, wait, held)
	})
}

// adopt writes a proved number to the contact's details (R18). One that was
// there before stays what it was; a deletion that was under way is off.
func (s *Service) adopt(ctx context.Context, tx *store.Tx, v desk.Viewer, f factors, number string, wait time.Duration, held bool) error {
	if err := sharedTooOften(ctx, tx, v.User, number); err != nil {
		return err
	}
	if err := tx.SavePhone(ctx, db.SavePhoneParams{TenantID: tx.Tenant, UserID: v.User, Number: number, WaitSeconds: wait.Seconds(), Held: held}); err != nil {
		return err
	}
	if f.phone != nil && f.phone.VerifiedAt != nil && f.phone.Number == number {
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "phone.kept", Object: "user", ObjectID: v.User})
	}
	what := "phone_added"
	if f.phone != nil && f.phone.VerifiedAt != nil {
		what = "phone_changed"
	}
	return s.changed(ctx, tx, v.User, v.User, f, "phone.verified", what, map[string]any{"waits": wait > 0, "held": held})
}

// Deletion is what became of a wish to delete the number.
type Deletion struct {
	Factors
	OldCode bool // a code was sent that deletes it at once
}

// DeletePhone takes the viewer's number off file, and with it the factor: at
// once with the old factor's code, else after 24 hours, of which the old
// number and the mail address hear now.
func (s *Service) DeletePhone(ctx context.Context, code string) (out Deletion, err error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return out, err
	}
	proof, err := s.proveOld(ctx, v, changeDigest("delete", ""), code, true)
	if err != nil {
		return out, err
	}
	ask := !proof.given && s.tryOldNumber(ctx, v)
	out.Factors, err = s.change(ctx, v, func(ctx context.Context, tx *store.Tx, f factors) error {
		out.OldCode = false
		switch {
		case f.phone == nil:
			return desk.Errorf(desk.CodeNotFound, "there is no number on file")
		case proof.given, f.phone.VerifiedAt == nil:
			if err := proof.use(ctx, tx, s, v); err != nil {
				return err
			}
			if _, err := tx.DeletePhone(ctx, v.User); err != nil {
				return err
			}
			return s.changed(ctx, tx, v.User, v.User, f, "phone.deleted", "phone_deleted", nil)
		}
		first := f.phone.DeleteAfter == nil
		if _, err := tx.DeletePhoneLater(ctx, db.DeletePhoneLaterParams{UserID: v.User, WaitSeconds: changeWait.Seconds()}); err != nil {
			return err
		}
		if first {
			err := s.changed(ctx, tx, v.User, v.User, f, "phone.deletion_asked", "phone_delete_soon", nil)
			if err != nil {
				return err
			}
		}
		if !ask || !f.phoneReady() {
			return nil
		}
		out.OldCode = true
		t := target{purpose: purposeChange, digest: changeDigest("delete", "")}
		return s.issue(ctx, tx, v, t, f.phone.Number, "code_delete", nil)
	})
	return out, err
}

// proof is the old factor's word on a change; given is false without a code.
type proof struct {
	given     bool
	challenge *db.ChargeChallengeRow
	totp      *db.TOTPOfRow
	step      int64
}

// proveOld checks the old factor's code for one very change: the one sent to
// the old number, or the app's. No code is no proof; a wrong one is an error.
func (s *Service) proveOld(ctx context.Context, v desk.Viewer, digest []byte, code string, withTOTP bool) (proof, error) {
	if code == "" {
		return proof{}, nil
	}
	const field = "old_code"
	if err := sixDigits(field, code); err != nil {
		return proof{}, err
	}
	h, err := s.charge(ctx, v, target{purpose: purposeChange, digest: digest}, withTOTP)
	if err != nil {
		return proof{}, err
	}
	if h.matches(s, v, code) {
		return proof{given: true, challenge: h.challenge}, nil
	}
	if h.totp != nil {
		step, err := s.step(v, *h.totp, code)
		if err != nil {
			return proof{}, err
		}
		if step > 0 {
			return proof{given: true, totp: h.totp, step: step}, nil
		}
	}
	err = s.refuse(ctx, v, h, code)
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return proof{}, e.On(field)
	}
	return proof{}, err
}

// use consumes the proof in the transaction of the change.
func (p proof) use(ctx context.Context, tx *store.Tx, s *Service, v desk.Viewer) error {
	switch {
	case p.challenge != nil:
		return s.use(ctx, tx, v, p.challenge)
	case p.totp != nil:
		return s.useStep(ctx, tx, v, *p.totp, p.step)
	}
	return nil
}
