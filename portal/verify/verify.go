// Package verify is the second factor: an SMS code or an authenticator app
// before every act on a device (R17).
//
// A code belongs to one person and one act: it is kept as an HMAC, under a key
// outside the database, over the person, the act's digest and a salt. It lives
// five minutes and works once. Every check is charged and committed before the
// code is looked at, so that no number of parallel requests over any number of
// nodes gets more than five looks at it (SECURITY D1). Used up is one UPDATE
// in the same transaction as what it allows: of two right answers at once, one
// finds nothing left.
//
// A factor is a number that its owner proved by a code, or an authenticator
// app that has shown one. Changing a factor needs the old one, or waits 24
// hours in which the new one counts for nothing; it voids every open code, and
// the owner hears of it by mail and on the old number (SECURITY section 2).
//
// Who gives somebody a password, or another mail address, can log in as that
// person. So a first factor waits too when staff did that within the last 24
// hours; an admin who knows better releases it.
package verify

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The numbers of SECURITY section 2.
const (
	codeLife      = 5 * time.Minute
	codeAttempts  = 5
	guessWindow   = time.Hour
	guessesAtMost = 10
	changeWait    = 24 * time.Hour
)

// The names under which an action's proof is told to the caller of Check.
const (
	FactorSMS  = "sms"
	FactorTOTP = "totp"
)

// Config is what the service stands on.
type Config struct {
	Store  *store.Store
	Notify *notify.Service
	Log    *slog.Logger
	// Now is the clock of authenticator codes; nil is the real one. Everything
	// else goes by the database's clock.
	Now func() time.Time
}

// Service checks second factors and changes them.
type Service struct {
	store  *store.Store
	notify *notify.Service
	log    *slog.Logger
	now    func() time.Time
	key    []byte // of the codes' HMAC
}

// New returns the service.
func New(cfg Config) *Service {
	s := &Service{store: cfg.Store, notify: cfg.Notify, log: cfg.Log, now: cfg.Now, key: cfg.Store.Derive("codes", 32)}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Act is what a code is for. Digest is the action's own: whatever of the
// action changes, the code no longer fits. The rest is what the SMS says.
type Act struct {
	Action    desk.ID
	Digest    []byte
	Operation desk.Operation
	Device    string // the device's name
	Software  string // the software's name, for an installation
}

// Factors says how a person can confirm an act. The masked number is for its
// owner only (SECURITY D10).
type Factors struct {
	PhoneMasked   string     `json:"phone_masked,omitempty"`
	PhoneVerified bool       `json:"phone_verified"`
	TOTP          bool       `json:"totp"`
	SMS           bool       `json:"sms" doc:"Whether this portal sends codes by SMS."`
	WaitsUntil    *time.Time `json:"waits_until,omitempty" doc:"A changed factor counts from this moment on."`
	Held          bool       `json:"held" doc:"Staff gave the account a password or another address: a first factor waits, and an admin can release it."`
	DeleteAfter   *time.Time `json:"delete_after,omitempty"`
	ResendAt      *time.Time `json:"resend_at,omitempty" doc:"No other code is sent before."`
	TOTPFrom      *time.Time `json:"-"`
	Unverified    bool       `json:"-"` // there is a number, and nobody proved it
	TOTPWaits     bool       `json:"-"`
}

// CountsFrom is when the first of the factors counts, of somebody whose factors
// all wait; nil for anybody else.
func (f Factors) CountsFrom() *time.Time {
	switch {
	case f.PhoneVerified, f.TOTP:
		return nil
	case f.WaitsUntil != nil && (f.TOTPFrom == nil || f.WaitsUntil.Before(*f.TOTPFrom)):
		return f.WaitsUntil
	}
	return f.TOTPFrom
}

// Status tells a person's factors.
func (s *Service) Status(ctx context.Context, tx *store.Tx, user desk.ID) (Factors, error) {
	f, err := loadFactors(ctx, tx, user)
	if err != nil {
		return Factors{}, err
	}
	rules, err := LoadRules(ctx, tx)
	if err != nil {
		return Factors{}, err
	}
	out := Factors{SMS: rules.SMS && s.notify.Can(notify.SMS), TOTP: f.totpReady(), Held: f.heldBack()}
	if f.phone != nil {
		out.PhoneMasked, out.DeleteAfter = mask(f.phone.Number), f.phone.DeleteAfter
		out.PhoneVerified, out.Unverified = f.phoneReady(), f.phone.VerifiedAt == nil
		if f.phone.VerifiedAt != nil && !f.phone.Ready {
			out.WaitsUntil = f.phone.FactorFrom
		}
	}
	if f.totp != nil && f.totp.VerifiedAt != nil && !f.totp.Ready {
		out.TOTPWaits, out.TOTPFrom = true, f.totp.FactorFrom
	}
	if next, err := nextSend(ctx, tx, user); err != nil {
		return Factors{}, err
	} else if !next.IsZero() {
		out.ResendAt = &next
	}
	return out, nil
}

// Sent says how the newest code for an act fares, for its card.
type Sent struct {
	AttemptsLeft *int          `json:"attempts_left,omitempty" doc:"Of the code that was sent; absent when none is open."`
	State        string        `json:"sms_state,omitempty" enum:"queued,sent,delivered,undelivered,failed"`
	Reason       notify.Reason `json:"sms_reason,omitempty" doc:"Why the SMS was not sent."`
}

// SentFor looks at the newest code for an action.
func (s *Service) SentFor(ctx context.Context, tx *store.Tx, user, action desk.ID) (out Sent, err error) {
	last, err := tx.LastChallenge(ctx, db.LastChallengeParams{UserID: user, Purpose: purposeAction, ActionID: store.Optional(action)})
	if store.NoRows(err) {
		return Sent{}, nil
	}
	if err != nil {
		return Sent{}, err
	}
	if last.UsedAt == nil && !last.Void && !last.Expired {
		left := codeAttempts - int(last.Attempts)
		out.AttemptsLeft = &left
	}
	state, err := notify.StateOf(ctx, tx, last.ID)
	out.State, out.Reason = state.State, state.Reason
	return out, err
}

// factors are a person's rows; nil where there is none.
type factors struct {
	phone *db.PhoneOfRow
	totp  *db.TOTPOfRow
	owner db.FactorOwnerRow
}

func loadFactors(ctx context.Context, tx *store.Tx, user desk.ID) (f factors, err error) {
	f.owner, err = tx.FactorOwner(ctx, db.FactorOwnerParams{UserID: user, WaitSeconds: changeWait.Seconds()})
	if err != nil && !store.NoRows(err) {
		return factors{}, err
	}
	phone, err := tx.PhoneOf(ctx, user)
	if err == nil {
		f.phone = &phone
	} else if !store.NoRows(err) {
		return factors{}, err
	}
	totp, err := tx.TOTPOf(ctx, user)
	if err == nil {
		f.totp = &totp
	} else if !store.NoRows(err) {
		return factors{}, err
	}
	return f, nil
}

func (f factors) phoneReady() bool { return f.phone != nil && f.phone.Ready }
func (f factors) totpReady() bool  { return f.totp != nil && f.totp.Ready }
func (f factors) ready() bool      { return f.phoneReady() || f.totpReady() }

// heldBack reports whether a factor that the person sets up now, or has set up,
// waits because staff could have logged in as the person.
func (f factors) heldBack() bool {
	return !f.ready() && (f.owner.Held || f.phone != nil && f.phone.Held || f.totp != nil && f.totp.Held)
}

// wait is how long a factor that is set up now counts for nothing, and whether
// that is because of what staff did. proven: the old factor has agreed; same: it
// is the one that there was before.
func (f factors) wait(proven, same bool) (wait time.Duration, held bool) {
	switch {
	case proven, same:
		return 0, false
	case !f.ready() && f.owner.Held:
		return changeWait, true
	case f.any():
		return changeWait, false
	}
	return 0, false
}

// waiting is why somebody whose factors all wait cannot use one yet; nil for
// who has one that counts, or none.
func (f factors) waiting() *desk.Error {
	if f.ready() || !f.any() {
		return nil
	}
	var from *time.Time // of the first that will count
	held := false
	if f.phone != nil && f.phone.VerifiedAt != nil {
		from, held = f.phone.FactorFrom, f.phone.Held
	}
	if f.totp != nil && f.totp.VerifiedAt != nil && f.totp.FactorFrom != nil && (from == nil || f.totp.FactorFrom.Before(*from)) {
		from, held = f.totp.FactorFrom, f.totp.Held
	}
	return waitError(from, held)
}

// any reports whether there is a factor at all, one that still waits included:
// from then on a change needs proof or patience.
func (f factors) any() bool {
	return f.phone != nil && f.phone.VerifiedAt != nil || f.totp != nil && f.totp.VerifiedAt != nil
}

// lock holds the person's factors until the transaction ends.
func lock(ctx context.Context, tx *store.Tx, user desk.ID) (factors, error) {
	if _, err := tx.LockFactors(ctx, user); err != nil {
		if store.NoRows(err) {
			return factors{}, desk.Errorf(desk.CodeNotFound, "no such person")
		}
		return factors{}, err
	}
	return loadFactors(ctx, tx, user)
}

// mask shows enough of a number to be recognised by its owner.
func mask(number string) string {
	if len(number) < 8 {
		return "••••"
	}
	return number[:3] + strings.Repeat("•", len(number)-5) + number[len(number)-2:]
}

// ending is what a mail or SMS says of a number.
func ending(number string) string { return number[max(0, len(number)-2):] }

func waitError(from *time.Time, held bool) *desk.Error {
	e := desk.Errorf(desk.CodeFactorWaits, "the changed factor does not count yet")
	if held {
		e = desk.Errorf(desk.CodeFactorHeld, "staff gave this account a password or another mail address: the factor does not count yet; an admin can release it")
	}
	if from == nil {
		return e
	}
	return e.With("retry_after_seconds", max(1, int(time.Until(*from).Seconds())))
}
