// Package people knows who uses a portal: companies, contacts and staff, their
// passwords and their sessions.
//
// A password is stored as argon2id only. A session is a random token whose
// SHA-256 is stored; the token itself is in the browser's cookie and nowhere
// else. Every request looks the session up again, so a revoked session or a
// disabled user is out at the next request, and open sockets hear of it on
// SessionsSubject.
package people

import (
	"context"
	"log/slog"
	"runtime"

	"github.com/alexedwards/argon2id"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/verify"
)

// Config tunes the service; the zero value is the production setting.
type Config struct {
	// Hash sets the cost of argon2id; nil is 19 MiB, 2 passes, 1 lane, the
	// minimum of the OWASP password storage sheet. Tests set less.
	Hash *argon2id.Params
	// Notify sends welcome mails; without it there are none.
	Notify *notify.Service
	// Tickets opens the first ticket of somebody new; without it nobody signs up.
	Tickets Tickets
	// Verify keeps the codes with which people set another password; without it
	// there are none.
	Verify *verify.Service
}

// Service is the one way to people's rows.
type Service struct {
	store *store.Store
	log   *slog.Logger
	hash  *argon2id.Params
	// hashing bounds how many passwords are worked on at once: each takes
	// 19 MiB, and log-ins come from outside.
	hashing chan struct{}
	// decoy is compared when the login is unknown, so that the time taken does
	// not tell who exists (ASVS 6.3.8).
	decoy string

	notify    *notify.Service
	verify    *verify.Service
	tickets   Tickets
	localPort int
}

// New returns the service.
func New(s *store.Store, log *slog.Logger, cfg Config) (*Service, error) {
	params := cfg.Hash
	if params == nil {
		params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}
	decoy, err := argon2id.CreateHash("nobody has this password", params)
	if err != nil {
		return nil, err
	}
	return &Service{store: s, log: log, hash: params, decoy: decoy, notify: cfg.Notify, verify: cfg.Verify, tickets: cfg.Tickets, hashing: make(chan struct{}, 2*runtime.NumCPU())}, nil
}

// Profile is what a person sees of the own account and of what holds for it.
type Profile struct {
	ID       desk.ID       `json:"id"`
	Name     string        `json:"name"`
	Login    string        `json:"login"`
	Email    string        `json:"email"`
	Role     desk.Role     `json:"role"`
	Language desk.Language `json:"language"`
	Company  *Named        `json:"company,omitempty"`
	// MustChange: nothing else is open to this person before a new password.
	MustChange bool             `json:"must_change" doc:"Whether you have to choose another password first."`
	MustEnrol  bool             `json:"must_enrol" doc:"Whether you have to set up an authenticator app first: the portal asks its staff for one."`
	Tenant     Tenant           `json:"tenant"`
	Policies   policy.Effective `json:"policies"`
}

// Named is an id with the name that people read.
type Named struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
}

// Tenant is what a person sees of the portal's owner.
type Tenant struct {
	Name   string `json:"name"`
	Slug   string `json:"slug"`
	Accent string `json:"accent,omitempty"`
}

// Me returns the viewer's own profile.
func (s *Service) Me(ctx context.Context) (p Profile, err error) {
	v, err := desk.LoggedIn(ctx)
	if err != nil {
		return Profile{}, err
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		p, err = profile(ctx, tx, v)
		return err
	})
	return p, err
}

func profile(ctx context.Context, tx *store.Tx, v desk.Viewer) (Profile, error) {
	r, err := tx.ProfileByID(ctx, v.User)
	if store.NoRows(err) {
		return Profile{}, desk.Errorf(desk.CodeUnauthenticated, "log in first")
	}
	if err != nil {
		return Profile{}, err
	}
	effective, err := policy.For(ctx, tx, v)
	if err != nil {
		return Profile{}, err
	}
	p := Profile{
		ID: r.ID, Name: r.Name, Login: r.Login, Email: orEmpty(r.Email), Role: r.Role, Language: r.Language, MustChange: r.MustChange, MustEnrol: v.NewFactor,
		Tenant: Tenant{Name: r.TenantName, Slug: r.TenantSlug, Accent: orEmpty(r.TenantAccent)}, Policies: effective,
	}
	if r.CompanyID != nil {
		p.Company = &Named{ID: *r.CompanyID, Name: orEmpty(r.CompanyName)}
	}
	return p, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Change is what a person may change of the own account; nil leaves it.
type Change struct {
	Name     *string
	Language *desk.Language
	Password *PasswordChange
}

// PasswordChange proves the old password and sets the new one.
type PasswordChange struct{ Old, New string }

// UpdateMe applies the change whole or not at all. A new password needs the
// old one, ends every other session of the person, and is audited (ASVS
// 7.4.3).
func (s *Service) UpdateMe(ctx context.Context, c Change) (Profile, error) {
	v, err := desk.LoggedIn(ctx)
	if err != nil {
		return Profile{}, err
	}
	if err := c.check(); err != nil {
		return Profile{}, err
	}
	newHash := ""
	if c.Password != nil {
		if newHash, err = s.rehash(ctx, v, *c.Password); err != nil {
			return Profile{}, err
		}
	}
	var p Profile
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := applyChange(ctx, tx, v, c, newHash); err != nil {
			return err
		}
		p, err = profile(ctx, tx, v)
		return err
	})
	return p, err
}

const (
	maxName     = 120
	minPassword = 8 // ASVS 6.2.1
	maxPassword = 256
)

func (c Change) check() error {
	if c.Name != nil {
		if err := desk.CheckText(*c.Name, maxName); err != nil {
			return desk.OnField("name", err)
		}
	}
	if c.Language != nil && !c.Language.Valid() {
		return desk.Errorf(desk.CodeInvalid, "the portal does not speak this language").On("language")
	}
	if c.Password != nil {
		return checkPassword(c.Password.New)
	}
	return nil
}

func checkPassword(p string) error {
	if len(p) < minPassword || len(p) > maxPassword {
		return desk.Errorf(desk.CodeInvalid, "a password has %d to %d characters", minPassword, maxPassword).On("password").
			With("min", minPassword).With("max", maxPassword)
	}
	return nil
}
