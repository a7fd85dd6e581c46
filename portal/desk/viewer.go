package desk

import (
	"context"
	"slices"
)

// Role is what a person may be in a portal. The zero value is invalid and may
// nothing.
type Role string

// The roles, from least to most.
const (
	RoleContact     Role = "contact"
	RoleMainContact Role = "main_contact"
	RoleTechnician  Role = "technician"
	RoleAdmin       Role = "admin"
)

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool {
	switch r {
	case RoleContact, RoleMainContact, RoleTechnician, RoleAdmin:
		return true
	}
	return false
}

// Staff reports whether r works for the tenant.
func (r Role) Staff() bool { return r == RoleTechnician || r == RoleAdmin }

// Language is one of the interface languages, as a BCP 47 primary subtag.
type Language string

// Languages lists what the portal speaks, in the order it is offered. The
// first is the fallback.
func Languages() []Language { return []Language{"en", "es", "de", "fr", "it"} }

// Valid reports whether l is one of Languages.
func (l Language) Valid() bool {
	return slices.Contains(Languages(), l)
}

// Viewer is who asks: made by the session, never by anything a client or a
// model sends. Every permission check starts from it.
type Viewer struct {
	Tenant   ID
	User     ID
	Company  ID // empty for staff
	Session  ID // empty for work without a session, such as a resumed turn
	Role     Role
	Name     string
	Language Language
	// NewPassword says that staff ask for another password before anything else.
	NewPassword bool
	// NewFactor says that the portal wants an authenticator app of its staff, and
	// this one has none.
	NewFactor bool
}

type viewerKey struct{}

// WithViewer returns a context that carries v.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerFrom returns the viewer of ctx. Without one, or with an invalid role,
// it is CodeUnauthenticated: a path that forgot to log in denies. Whoever has to
// choose a password first is CodeNewPassword, whoever has to set up an
// authenticator app CodeFactorNeeded.
func ViewerFrom(ctx context.Context) (Viewer, error) {
	v, err := Enrolling(ctx)
	if err == nil && v.NewFactor {
		return Viewer{}, Errorf(CodeFactorNeeded, "set up an authenticator app first")
	}
	return v, err
}

// Enrolling is ViewerFrom for what sets up an authenticator app.
func Enrolling(ctx context.Context) (Viewer, error) {
	v, err := LoggedIn(ctx)
	if err == nil && v.NewPassword {
		return Viewer{}, Errorf(CodeNewPassword, "choose a password of your own first")
	}
	return v, err
}

// LoggedIn is ViewerFrom for the few things that come before the new password
// and the app: choosing it, knowing who one is, logging out.
func LoggedIn(ctx context.Context) (Viewer, error) {
	v, ok := ctx.Value(viewerKey{}).(Viewer)
	if !ok || !v.Role.Valid() || v.Tenant == "" || v.User == "" {
		return Viewer{}, Errorf(CodeUnauthenticated, "log in first")
	}
	return v, nil
}
