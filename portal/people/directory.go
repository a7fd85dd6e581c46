package people

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Person is a row of the staff's list of users.
type Person struct {
	ID        desk.ID       `json:"id"`
	Login     string        `json:"login"`
	Email     string        `json:"email"`
	Name      string        `json:"name"`
	Role      desk.Role     `json:"role"`
	Language  desk.Language `json:"language"`
	Company   *Named        `json:"company,omitempty"`
	Disabled  bool          `json:"disabled"`
	CreatedAt time.Time     `json:"created_at"`
}

// Cursor is where a list goes on; the zero value is its start.
type Cursor struct {
	Name string  `json:"name"`
	ID   desk.ID `json:"id"`
}

const nilID = desk.ID("00000000-0000-0000-0000-000000000000")

// Users lists the tenant's people by name, for staff.
func (s *Service) Users(ctx context.Context, after Cursor, atMost int) (list []Person, err error) {
	if after.ID == "" {
		after.ID = nilID
	}
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.ListUsers(ctx, db.ListUsersParams{AfterName: after.Name, AfterID: after.ID, AtMost: int32(min(max(atMost, 1), 200))})
		list = make([]Person, len(rows))
		for i, r := range rows {
			list[i] = Person{ID: r.ID, Login: r.Login, Email: orEmpty(r.Email), Name: r.Name, Role: r.Role, Language: r.Language, Disabled: r.DisabledAt != nil, CreatedAt: r.CreatedAt}
			if r.CompanyID != nil {
				list[i].Company = &Named{ID: *r.CompanyID, Name: orEmpty(r.CompanyName)}
			}
		}
		return err
	})
	return list, err
}

// Company is a customer of the tenant with its mail domains.
type Company struct {
	ID        desk.ID   `json:"id"`
	Name      string    `json:"name"`
	Domains   []string  `json:"domains"`
	CreatedAt time.Time `json:"created_at"`
}

// Companies lists the tenant's companies by name, for staff.
func (s *Service) Companies(ctx context.Context) (list []Company, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.ListCompanies(ctx)
		list = make([]Company, len(rows))
		for i, r := range rows {
			list[i] = Company{ID: r.ID, Name: r.Name, Domains: r.Domains, CreatedAt: r.CreatedAt}
		}
		return err
	})
	return list, err
}

// staff runs fn in the viewer's tenant if the viewer works there.
func (s *Service) staff(ctx context.Context, fn func(ctx context.Context, tx *store.Tx) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	if !v.Role.Staff() {
		return desk.Errorf(desk.CodeForbidden, "only staff may see this")
	}
	return s.store.Tenant(v.Tenant).Tx(ctx, fn)
}

// NewUser describes a user to create. Company is empty for staff.
type NewUser struct {
	Login, Email, Name, Password string
	Role                         desk.Role
	Language                     desk.Language
	Company                      desk.ID
}

// CreateUser adds a user in the caller's transaction and returns the id. A
// login or address that the tenant has already is CodeConflict.
func (s *Service) CreateUser(ctx context.Context, tx *store.Tx, n NewUser) (desk.ID, error) {
	if err := checkPassword(n.Password); err != nil {
		return "", err
	}
	hash, err := s.hashOf(ctx, n.Password)
	if err != nil {
		return "", err
	}
	id := desk.NewID()
	var email *string
	if n.Email != "" {
		lower := strings.ToLower(n.Email)
		email = &lower
	}
	err = tx.CreateUser(ctx, db.CreateUserParams{
		TenantID: tx.Tenant, ID: id, CompanyID: store.Optional(n.Company), Login: strings.ToLower(n.Login), Email: email,
		Name: n.Name, Role: n.Role, Language: n.Language, PasswordHash: &hash,
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return "", desk.Errorf(desk.CodeConflict, "the user name or mail address is taken").On("login")
	}
	return id, err
}

// CreateCompany adds a company with its mail domains in the caller's
// transaction and returns the id.
func (s *Service) CreateCompany(ctx context.Context, tx *store.Tx, name string, domains ...string) (desk.ID, error) {
	id := desk.NewID()
	if err := tx.CreateCompany(ctx, db.CreateCompanyParams{TenantID: tx.Tenant, ID: id, Name: name}); err != nil {
		return "", err
	}
	for _, d := range domains {
		if err := tx.AddCompanyDomain(ctx, db.AddCompanyDomainParams{TenantID: tx.Tenant, CompanyID: id, Domain: strings.ToLower(d)}); err != nil {
			return "", err
		}
	}
	return id, nil
}
