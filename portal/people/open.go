package people

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// NewPortal describes a portal to open, at a host name, with its first admin.
type NewPortal struct {
	Host, Name string
	Language   desk.Language
	Admin      NewUser
}

// A host name as browsers send it, without port (RFC 1123), or an address.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// OpenPortal makes a tenant, its address and its first admin, or nothing. A
// host that another portal has is CodeConflict.
func (s *Service) OpenPortal(ctx context.Context, n NewPortal) (desk.ID, error) {
	n.Host = strings.ToLower(strings.TrimSpace(n.Host))
	m := hostName.FindStringSubmatch(n.Host)
	switch {
	case m == nil || len(n.Host) > 253:
		return "", desk.Errorf(desk.CodeInvalid, "a host name looks like help.example.com, without scheme and port").On("host")
	case strings.TrimSpace(n.Name) == "":
		return "", desk.Errorf(desk.CodeInvalid, "a portal has a name").On("name")
	case strings.TrimSpace(n.Admin.Login) == "" || strings.TrimSpace(n.Admin.Name) == "":
		return "", desk.Errorf(desk.CodeInvalid, "the first admin has a user name and a name").On("login")
	}
	if err := checkPassword(n.Admin.Password); err != nil {
		return "", err // one that is made could be read by nobody
	}
	n.Admin.Role, n.Admin.Company = desk.RoleAdmin, ""
	tenant := desk.NewID()
	slug := m[1][:min(len(m[1]), 50)] + "-" + string(tenant[len(tenant)-6:])
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateTenant(ctx, db.CreateTenantParams{TenantID: tenant, Slug: slug, Name: n.Name, Language: n.Language}); err != nil {
			return err
		}
		if err := tx.AddHost(ctx, db.AddHostParams{TenantID: tenant, Host: n.Host}); err != nil {
			return err
		}
		// Adding a host that is taken adds nothing, and says nothing.
		hosts, err := tx.TenantHosts(ctx)
		if err == nil && len(hosts) == 0 {
			err = desk.Errorf(desk.CodeConflict, "another portal answers at %s", n.Host).On("host")
		}
		if err != nil {
			return err
		}
		id, err := s.CreateUser(ctx, tx, n.Admin)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: id, Action: "portal.opened", Object: "tenant", ObjectID: tenant, Detail: map[string]any{"host": n.Host}})
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return "", desk.Errorf(desk.CodeConflict, "another portal answers at %s", n.Host).On("host")
	}
	if err != nil {
		return "", err
	}
	return tenant, nil
}
