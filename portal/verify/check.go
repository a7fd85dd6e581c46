package verify

import (
	"context"
	"crypto/hmac"
	"errors"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
)

// Check takes the code for an act, from the SMS or from the authenticator app.
// When it is right, it is used up and then runs, in one transaction: an error
// of then leaves the code unused. Every check is charged before and stays
// charged.
//
// CodeWrong, CodeExpired, CodeUsed, CodeAttempts and CodeRateLimited say what
// to do next.
func (s *Service) Check(ctx context.Context, v desk.Viewer, act Act, code string, then func(ctx context.Context, tx *store.Tx, factor string) error) error {
	t, err := actTarget(act)
	if err != nil {
		return err
	}
	if err := sixDigits("code", code); err != nil {
		return err
	}
	held, err := s.charge(ctx, v, t, true)
	if err != nil {
		return err
	}
	failpoint.Hit("code.charged")
	if held.matches(s, v, code) {
		return s.bySMS(ctx, v, held.challenge, then)
	}
	if held.totp != nil {
		step, err := s.step(v, *held.totp, code)
		if err != nil {
			return err
		}
		if step > 0 {
			return s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if err := s.useStep(ctx, tx, v, *held.totp, step); err != nil {
					return err
				}
				return then(ctx, tx, FactorTOTP)
			})
		}
	}
	return s.refuse(ctx, v, held, code)
}

// bySMS uses up the right code and runs then, unless the number that it came
// back from does not count yet: it stays on file, and nothing runs.
func (s *Service) bySMS(ctx context.Context, v desk.Viewer, c *db.ChargeChallengeRow, then func(ctx context.Context, tx *store.Tx, factor string) error) error {
	var waits *desk.Error
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if waits, err = s.useForAct(ctx, tx, v, c); err != nil || waits != nil {
			return err
		}
		return then(ctx, tx, FactorSMS)
	})
	if err == nil && waits != nil {
		return waits
	}
	return err
}

// held is what a charged check may be compared with: the open code, the
// authenticator, or neither, and then why.
type held struct {
	challenge *db.ChargeChallengeRow
	totp      *db.TOTPOfRow
	why       *desk.Error
}

func (h held) matches(s *Service, v desk.Viewer, code string) bool {
	c := h.challenge
	return c != nil && hmac.Equal(c.CodeMac, s.mac(v.Tenant, v.User, c.ID, c.Salt, c.Digest, code))
}

// charge takes one check off everything that the code could be, in a
// transaction of its own, and returns what may now be looked at.
func (s *Service) charge(ctx context.Context, v desk.Viewer, t target, withTOTP bool) (h held, err error) {
	var refused *desk.Error
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		h, refused = held{}, nil
		err := tx.Hit(ctx, guessKey(v.User), guessWindow, guessesAtMost, errGuesses)
		if errors.As(err, &refused) {
			return nil
		}
		if err != nil {
			return err
		}
		f, err := loadFactors(ctx, tx, v.User)
		if err != nil {
			return err
		}
		if withTOTP && f.totpReady() {
			h.totp = f.totp
		}
		c, err := tx.ChargeChallenge(ctx, db.ChargeChallengeParams{UserID: v.User, Purpose: t.purpose, ActionID: store.Optional(t.action), Digest: t.digest})
		if err == nil {
			h.challenge = &c
			return nil
		}
		if !store.NoRows(err) {
			return err
		}
		if h.totp != nil {
			return nil // the app can still tell: nobody asks why there is no code
		}
		h.why, err = s.reason(ctx, tx, v, t, f)
		return err
	})
	if err == nil && refused != nil {
		return held{}, refused // after the commit: the attempt is counted
	}
	return h, err
}

// reason says why there is no code to compare with.
func (s *Service) reason(ctx context.Context, tx *store.Tx, v desk.Viewer, t target, f factors) (*desk.Error, error) {
	if waits := f.waiting(); waits != nil && t.purpose == purposeAction {
		return waits, nil
	}
	last, err := tx.LastChallenge(ctx, db.LastChallengeParams{UserID: v.User, Purpose: t.purpose, ActionID: store.Optional(t.action)})
	switch {
	case err != nil && !store.NoRows(err):
		return nil, err
	case err == nil && last.UsedAt != nil:
		return errUsed, nil
	case err == nil && last.Attempts >= codeAttempts && !last.Void && !last.Expired:
		return errAttempts, nil
	}
	return errExpired, nil
}

var (
	errWrong    = desk.Errorf(desk.CodeWrong, "the code is not right")
	errUsed     = desk.Errorf(desk.CodeUsed, "the code has been used")
	errExpired  = desk.Errorf(desk.CodeExpired, "there is no code that counts; ask for a new one")
	errAttempts = desk.Errorf(desk.CodeAttempts, "the code's attempts are spent; ask for a new one")
)

// refuse says why a code was not right. The right code of another act of the
// same person is a failure of that one too (SECURITY D4).
func (s *Service) refuse(ctx context.Context, v desk.Viewer, h held, code string) error {
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		open, err := tx.OpenChallenges(ctx, v.User)
		if err != nil {
			return err
		}
		for _, c := range open {
			if h.challenge != nil && c.ID == h.challenge.ID || !hmac.Equal(c.CodeMac, s.mac(v.Tenant, v.User, c.ID, c.Salt, c.Digest, code)) {
				continue
			}
			if err := tx.ChargeOne(ctx, c.ID); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case h.challenge != nil && h.challenge.Attempts >= codeAttempts && h.totp == nil:
		return errAttempts
	case h.challenge != nil:
		return errWrong.With("attempts_left", codeAttempts-int(h.challenge.Attempts))
	case h.totp != nil:
		return errWrong
	}
	return h.why
}

// use consumes a code: of several right answers, one finds it. The count of
// guesses comes before the code, as in charge: in the other order two answers
// at once wait for each other.
func (s *Service) use(ctx context.Context, tx *store.Tx, v desk.Viewer, c *db.ChargeChallengeRow) error {
	if err := tx.RefundLimit(ctx, guessKey(v.User)); err != nil {
		return err
	}
	n, err := tx.UseChallenge(ctx, c.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return errUsed
	}
	return nil
}

// useForAct consumes the code for an act. Where the person had no factor, the
// number that the code came back from becomes one; waits says why it does not
// count yet.
func (s *Service) useForAct(ctx context.Context, tx *store.Tx, v desk.Viewer, c *db.ChargeChallengeRow) (waits *desk.Error, err error) {
	f, err := lock(ctx, tx, v.User)
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx, tx, v, c); err != nil {
		return nil, err
	}
	switch {
	case f.phoneReady() && f.phone.Number == c.Number:
		return nil, nil //nolint:nilnil // nothing waits
	case f.any():
		return nil, errExpired // the factors changed since: its codes are void
	}
	wait, held := f.wait(false, false)
	if err := s.adopt(ctx, tx, v, f, c.Number, wait, held); err != nil || wait == 0 {
		return nil, err
	}
	f, err = loadFactors(ctx, tx, v.User)
	return f.waiting(), err
}
