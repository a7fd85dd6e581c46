package people

import (
	"context"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// matches compares in constant time and never runs more comparisons at once
// than the machine can carry.
func (s *Service) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	return argon2id.ComparePasswordAndHash(password, hash)
}

// hashOf makes the hash that is stored.
func (s *Service) hashOf(ctx context.Context, password string) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	return argon2id.CreateHash(password, s.hash)
}

func (s *Service) enter(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rehash checks the old password, counted like a log-in, and hashes the new.
func (s *Service) rehash(ctx context.Context, v desk.Viewer, c PasswordChange) (string, error) {
	current, given := "", ""
	key := "password:" + string(v.User)
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		u, err := tx.UserByID(ctx, v.User)
		if err != nil {
			return err
		}
		current = orEmpty(u.PasswordHash)
		if given, err = s.first(ctx, tx, v.User); err != nil {
			return err
		}
		return tx.Hit(ctx, key, lockWindow, lockAfter, errLocked)
	})
	if err != nil {
		return "", err
	}
	ok := given != "" && same(c.Old, given)
	if !ok && current != "" {
		if ok, err = s.matches(ctx, c.Old, current); err != nil {
			return "", err
		}
	}
	if !ok {
		return "", desk.Errorf(desk.CodeBadCredentials, "the old password is not right").On("old")
	}
	if v.NewPassword && same(c.Old, c.New) { // who gave it still knows it
		return "", desk.Errorf(desk.CodeNewPassword, "choose another password than the one that you were given").On("new")
	}
	return s.hashOf(ctx, c.New)
}

func applyChange(ctx context.Context, tx *store.Tx, v desk.Viewer, c Change, newHash string) error {
	if c.Name != nil || c.Language != nil {
		p := db.UpdateProfileParams{ID: v.User, Name: c.Name}
		if c.Language != nil {
			l := string(*c.Language)
			p.Language = &l
		}
		if err := tx.UpdateProfile(ctx, p); err != nil {
			return err
		}
	}
	if newHash == "" {
		return nil
	}
	ended, err := chosePassword(ctx, tx, v.User, newHash, v.Session)
	if err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "password.changed", Object: "user", ObjectID: v.User, Detail: map[string]int{"sessions_ended": ended}})
}

// The limits of log-in (ASVS 6.3.1). They count attempts before the password
// is looked at, so parallel guesses are counted too.
const (
	lockAfter  = 5
	lockWindow = 15 * time.Minute
	ipAfter    = 100
	ipWindow   = 15 * time.Minute
)

var (
	errLocked  = desk.Errorf(desk.CodeAccountLocked, "too many attempts; wait before you try again")
	errTooMany = desk.Errorf(desk.CodeRateLimited, "too many attempts from this address; wait before you try again")
)
