package verify

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
)

// How often codes are sent (SECURITY section 2, D5).
const (
	gapWindow      = time.Minute // between two codes of a person
	burstWindow    = 10 * time.Minute
	burstAtMost    = 3
	dayAtMost      = 30 // of a person: far below the portal's day, which is everybody's
	numberWindow   = time.Hour
	numberAtMost   = 5
	prefixWindow   = time.Hour
	prefixAtMost   = 30 // a block of adjacent numbers: somebody is being paid for them
	prefixUnknown  = 4  // digits that a block leaves open
	budgetWindow   = 24 * time.Hour
	keyBudget      = "sms-budget"
	keyBudgetAlert = "sms-budget-alert"
)

var errTooSoon = desk.Errorf(desk.CodeRateLimited, "a code was sent a moment ago; wait before you ask for another")

// spend counts a send against every limit, in a transaction of its own that
// stays, whatever comes after. check runs first: what is refused anyway costs
// nothing. The first limit that refuses spares those behind it.
func (s *Service) spend(ctx context.Context, v desk.Viewer, check func(context.Context, *store.Tx) error, numbers func() []string) error {
	var refused *desk.Error
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		refused = nil
		if err := check(ctx, tx); err != nil {
			return err
		}
		rules, err := LoadRules(ctx, tx)
		if err != nil {
			return err
		}
		err = s.hitAll(ctx, tx, v.User, rules, numbers())
		if errors.As(err, &refused) {
			return nil // the hits stay
		}
		return err
	})
	if err == nil && refused != nil {
		return refused
	}
	return err
}

func (s *Service) hitAll(ctx context.Context, tx *store.Tx, user desk.ID, rules Rules, numbers []string) error {
	if err := tx.Hit(ctx, "sms-gap:"+string(user), gapWindow, 1, errTooSoon); err != nil {
		return err
	}
	if err := tx.Hit(ctx, "sms-burst:"+string(user), burstWindow, burstAtMost, errTooSoon); err != nil {
		return err
	}
	if err := tx.Hit(ctx, "sms-day:"+string(user), budgetWindow, dayAtMost, errTooSoon); err != nil {
		return err
	}
	for _, n := range numbers {
		if err := tx.Hit(ctx, "sms-number:"+s.hide(n), numberWindow, numberAtMost, errTooSoon); err != nil {
			return err
		}
		if err := tx.Hit(ctx, "sms-prefix:"+s.hide(n[:max(0, len(n)-prefixUnknown)]), prefixWindow, prefixAtMost, errTooSoon); err != nil {
			return err
		}
		err := tx.Hit(ctx, keyBudget, budgetWindow, rules.PerDay, errTooSoon)
		if desk.CodeOf(err) == desk.CodeRateLimited {
			return cmp.Or(s.alertBudget(ctx, tx, rules), err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nextSend is when the person may ask for another code; zero: now. The limits
// of numbers and of the portal are met only by asking.
func nextSend(ctx context.Context, tx *store.Tx, user desk.ID) (time.Time, error) {
	var latest time.Time
	for _, l := range []struct {
		key    string
		window time.Duration
		atMost int
	}{{"sms-gap:", gapWindow, 1}, {"sms-burst:", burstWindow, burstAtMost}, {"sms-day:", budgetWindow, dayAtMost}} {
		until, err := tx.Full(ctx, l.key+string(user), l.window, l.atMost)
		if err != nil {
			return latest, err
		}
		if until.After(latest) {
			latest = until
		}
	}
	return latest, nil
}

// alertBudget tells the admins once a day that the portal's budget is spent.
func (s *Service) alertBudget(ctx context.Context, tx *store.Tx, rules Rules) error {
	err := tx.Hit(ctx, keyBudgetAlert, budgetWindow, 1, errTooSoon)
	if desk.CodeOf(err) == desk.CodeRateLimited {
		return nil
	}
	if err != nil {
		return err
	}
	s.log.WarnContext(ctx, "the day's budget of text messages is spent", "tenant", string(tx.Tenant), "per_day", rules.PerDay)
	if err := tx.Audit(ctx, store.AuditEntry{Action: "sms.budget_spent", Object: "tenant", ObjectID: tx.Tenant, Detail: map[string]int{"per_day": rules.PerDay}}); err != nil {
		return err
	}
	admins, err := tx.AdminAddresses(ctx)
	if err != nil {
		return err
	}
	for _, a := range admins {
		if err := s.notify.Mail(ctx, tx, notify.Message{User: a.ID, Template: "mail_sms_budget", Life: budgetWindow}); err != nil {
			return err
		}
	}
	return nil
}

// hide keeps numbers out of the table of limits.
func (s *Service) hide(number string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("number " + number))
	return hex.EncodeToString(m.Sum(nil)[:12])
}

func guessKey(user desk.ID) string { return "code-guess:" + string(user) }

var errGuesses = desk.Errorf(desk.CodeRateLimited, "too many wrong codes; wait before you try again")
