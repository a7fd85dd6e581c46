package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"strings"
	"unicode"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// A first password is one that staff gave: made by the portal or typed by them.
// It lies sealed in first_passwords, where staff read it on the person's page,
// and is the person's password until the first log-in turns it into a hash, or
// another password takes its place. After that nobody can read it any more (R4).

// passwordLetters are those that nobody takes for another one when reading
// them from a screen or over the phone.
const passwordLetters = "abcdefghjkmnpqrstuvwxyz23456789"

// newPassword draws 16 letters (79 bits) in groups of four.
func newPassword() string {
	l := letters(16)
	return l[:4] + "-" + l[4:8] + "-" + l[8:12] + "-" + l[12:]
}

// letters draws n of passwordLetters.
func letters(n int) string {
	var b strings.Builder
	for range n {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passwordLetters))))
		if err != nil {
			panic(err) // crypto/rand's reader never fails, by its contract
		}
		b.WriteByte(passwordLetters[n.Int64()])
	}
	return b.String()
}

const sealingFirst = "first password"

func boundTo(tenant, user desk.ID) string { return string(tenant) + "/" + string(user) }

func (s *Service) putFirst(ctx context.Context, tx *store.Tx, user desk.ID, password string) error {
	return tx.PutFirstPassword(ctx, db.PutFirstPasswordParams{
		TenantID: tx.Tenant, UserID: user, Sealed: s.store.Seal(sealingFirst, boundTo(tx.Tenant, user), []byte(password)),
	})
}

// renewFirst makes another first password for somebody who has not used theirs
// and becomes staff: technicians, who gave the old one or have read it, do not
// log in as somebody above them.
func (s *Service) renewFirst(ctx context.Context, tx *store.Tx, user desk.ID) error {
	old, err := s.first(ctx, tx, user)
	if err != nil || old == "" {
		return err
	}
	return s.putFirst(ctx, tx, user, newPassword())
}

// first reads a person's first password; empty when there is none any more.
func (s *Service) first(ctx context.Context, tx *store.Tx, user desk.ID) (string, error) {
	sealed, err := tx.FirstPassword(ctx, user)
	if store.NoRows(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	plain, err := s.store.Unseal(sealingFirst, boundTo(tx.Tenant, user), sealed)
	return string(plain), err
}

// FirstPassword shows staff the password that a person has not used yet. Each
// look is in the audit log. Once it has been used there is none: CodeNotFound.
func (s *Service) FirstPassword(ctx context.Context, user desk.ID) (password string, err error) {
	err = s.managed(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, _ *db.User) error {
		if password, err = s.first(ctx, tx, user); err != nil {
			return err
		}
		if password == "" {
			return desk.Errorf(desk.CodeNotFound, "the password has been used or changed, and nobody can read it any more")
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "password.shown", Object: "user", ObjectID: user})
	})
	return password, err
}

// GivenPassword is a password that staff give.
type GivenPassword struct {
	Password   string // empty: one is made
	MustChange bool   // the person chooses another at the log-in
}

// GivePassword sets somebody's password for staff, made by the portal or typed,
// and ends all sessions of that person. Nobody gives it to the own account: a
// screen left unlocked would be enough.
func (s *Service) GivePassword(ctx context.Context, user desk.ID, g GivenPassword) (p Person, err error) {
	password := g.Password
	if password == "" {
		password = newPassword()
	}
	if err := checkPassword(password); err != nil {
		return Person{}, err
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return Person{}, desk.Errorf(desk.CodeInvalid, "a password is one line").On("password")
	}
	err = s.managed(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User) error {
		if v.User == user {
			return desk.Errorf(desk.CodeOwnAccount, "your own password you change in your account")
		}
		if err := tx.ForgetPasswordHash(ctx, db.ForgetPasswordHashParams{ID: user, MustChange: g.MustChange}); err != nil {
			return err
		}
		if err := s.putFirst(ctx, tx, user, password); err != nil {
			return err
		}
		if err := dropKeys(ctx, tx, user); err != nil {
			return err
		}
		ended, err := endAll(ctx, tx, user, nilID)
		if err != nil {
			return err
		}
		if err := unlock(ctx, tx, u); err != nil {
			return err
		}
		if u.LastLoginAt != nil { // nobody else could log in as the person before
			if err := s.mail(ctx, tx, notify.Message{User: user, Template: "mail_password_given"}); err != nil {
				return err
			}
		}
		err = tx.Audit(ctx, store.AuditEntry{
			Actor: v.User, Action: "password.given", Object: "user", ObjectID: user,
			Detail: map[string]any{"made": g.Password == "", "must_change": g.MustChange, "sessions_ended": ended},
		})
		if err != nil {
			return err
		}
		p, err = onePerson(ctx, tx, v, user)
		return err
	})
	return p, err
}

// mail sends a mail, where the portal sends any.
func (s *Service) mail(ctx context.Context, tx *store.Tx, m notify.Message) error {
	if s.notify == nil {
		return nil
	}
	return s.notify.Mail(ctx, tx, m)
}

// chosePassword sets the password that a person chose. Whatever else could let
// somebody in with an older one is void: the one that staff gave, links that
// were mailed, counted failures, all sessions but keep.
func chosePassword(ctx context.Context, tx *store.Tx, user desk.ID, hash string, keep desk.ID) (ended int, err error) {
	u, err := tx.HoldUser(ctx, user)
	if err != nil {
		return 0, err
	}
	if err := tx.SetPasswordHash(ctx, db.SetPasswordHashParams{ID: user, PasswordHash: hash}); err != nil {
		return 0, err
	}
	if err := tx.DropFirstPassword(ctx, user); err != nil {
		return 0, err
	}
	if err := dropKeys(ctx, tx, user); err != nil {
		return 0, err
	}
	if err := unlock(ctx, tx, &u); err != nil {
		return 0, err
	}
	return endAll(ctx, tx, user, keep)
}

// dropKeys voids the links and codes that were mailed to set another password.
func dropKeys(ctx context.Context, tx *store.Tx, user desk.ID) error {
	if err := tx.DropPasswordLinks(ctx, user); err != nil {
		return err
	}
	return verify.VoidPasswordCode(ctx, tx, user)
}

// unlock forgets the failures that were counted against a person.
func unlock(ctx context.Context, tx *store.Tx, u *db.User) error {
	for _, key := range []string{"password:" + string(u.ID), "login:" + u.Login, "login:" + orEmpty(u.Email), knownKey(u.ID)} {
		if err := tx.ClearLimit(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// endAll ends a person's sessions but keep, and their sockets with them.
func endAll(ctx context.Context, tx *store.Tx, user, keep desk.ID) (int, error) {
	ended, err := tx.RevokeOtherSessions(ctx, db.RevokeOtherSessionsParams{UserID: user, Keep: keep})
	for _, id := range ended {
		announceEnd(tx, id)
	}
	return len(ended), err
}

// same compares in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
