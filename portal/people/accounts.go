package people

import (
	"context"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// mayManage says whether v may create, change or give a password to people of
// these roles: technicians look after users, admins after everybody. So nobody
// makes a role that is above the own.
func mayManage(v desk.Viewer, roles ...desk.Role) error {
	for _, r := range roles {
		if !r.Valid() || v.Role != desk.RoleAdmin && (v.Role != desk.RoleTechnician || r.Staff()) {
			return desk.Errorf(desk.CodeForbidden, "your role may not manage accounts of this role")
		}
	}
	return nil
}

// managed runs fn on somebody's account, held for the transaction, if the
// viewer may manage it.
func (s *Service) managed(ctx context.Context, user desk.ID, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may do this")
		}
		if err := tx.LockTenant(ctx); err != nil {
			return err
		}
		u, err := tx.HoldUser(ctx, user)
		if store.NoRows(err) {
			return noPerson()
		}
		if err != nil {
			return err
		}
		if err := mayManage(v, u.Role); err != nil {
			return err
		}
		return fn(ctx, tx, v, &u)
	})
}

func noPerson() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such person") }

// AddUser creates an account for staff, with a password that the portal makes
// (R4). Without a user name one is made of the name; without a company, the one
// is taken whose mail domain the address has.
func (s *Service) AddUser(ctx context.Context, n NewUser) (p Person, err error) {
	n.Password = ""
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may do this")
		}
		if n.Role == "" {
			n.Role = desk.RoleContact
		}
		if err := mayManage(v, n.Role); err != nil {
			return err
		}
		id, err := s.CreateUser(ctx, tx, n)
		if err != nil {
			return err
		}
		err = tx.Audit(ctx, store.AuditEntry{
			Actor: v.User, Action: "user.created", Object: "user", ObjectID: id,
			Detail: map[string]any{"role": n.Role, "company": n.Company, "must_change": n.MustChange},
		})
		if err != nil {
			return err
		}
		if err := s.welcomeNew(ctx, tx, id); err != nil {
			return err
		}
		p, err = onePerson(ctx, tx, v, id)
		return err
	})
	return p, err
}

// NewUser describes a user to create. Company is empty for staff.
type NewUser struct {
	Login, Email, Name string
	Password           string // empty: one is made and sealed, for staff to read (R4)
	Phone              string // contact data: no factor until its owner has proved it (R18)
	Role               desk.Role
	Language           desk.Language // empty: the tenant's
	Company            desk.ID
	MustChange         bool // another password is asked for at the first log-in
}

// CreateUser adds a user in the caller's transaction and returns the id. A
// login or address that the tenant has already is CodeLoginTaken or
// CodeEmailTaken.
func (s *Service) CreateUser(ctx context.Context, tx *store.Tx, n NewUser) (desk.ID, error) {
	if err := tx.LockTenant(ctx); err != nil {
		return "", err
	}
	p, err := n.params(ctx, tx)
	if err != nil {
		return "", err
	}
	if n.Password != "" {
		if err := checkPassword(n.Password); err != nil {
			return "", err
		}
		hash, err := s.hashOf(ctx, n.Password)
		if err != nil {
			return "", err
		}
		p.PasswordHash = &hash
	}
	if err := tx.CreateUser(ctx, p); err != nil {
		return "", err
	}
	if n.Password == "" {
		if err := s.putFirst(ctx, tx, p.ID, newPassword()); err != nil {
			return "", err
		}
	}
	return p.ID, writePhone(ctx, tx, p.ID, n.Phone)
}

// params checks everything and completes what was left out.
func (n NewUser) params(ctx context.Context, tx *store.Tx) (p db.CreateUserParams, err error) {
	p = db.CreateUserParams{TenantID: tx.Tenant, ID: desk.NewID(), Role: n.Role, Language: n.Language, MustChange: n.MustChange}
	if p.Name, err = personName(n.Name); err != nil {
		return p, err
	}
	email, err := checkEmail(n.Email)
	if err != nil {
		return p, err
	}
	if email != "" {
		p.Email = &email
	}
	if strings.TrimSpace(n.Login) == "" {
		p.Login, err = freeLogin(ctx, tx, loginFrom(p.Name, email))
	} else {
		p.Login, err = checkLogin(n.Login)
	}
	if err != nil {
		return p, err
	}
	if err := checkFree(ctx, tx, p.ID, p.Login, email); err != nil {
		return p, err
	}
	if p.Language == "" {
		tenant, err := tx.ThisTenant(ctx)
		if err != nil {
			return p, err
		}
		p.Language = tenant.Language
	}
	if !p.Language.Valid() {
		return p, desk.Errorf(desk.CodeInvalid, "the portal does not speak this language").On("language")
	}
	company := n.Company
	if company == "" && !n.Role.Staff() && email != "" {
		owner, err := tx.DomainOwner(ctx, domainOf(email))
		if err != nil && !store.NoRows(err) {
			return p, err
		}
		company = owner.ID
	}
	p.CompanyID = store.Optional(company)
	return p, fitting(ctx, tx, n.Role, company)
}

func personName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	return name, desk.OnField("name", desk.CheckText(name, maxName))
}

// fitting: users have a company of the tenant, staff have none.
func fitting(ctx context.Context, tx *store.Tx, role desk.Role, company desk.ID) error {
	switch {
	case !role.Valid():
		return desk.Errorf(desk.CodeInvalid, "there is no such role").On("role")
	case role.Staff() != (company == ""):
		return desk.Errorf(desk.CodeCompanyNeeded, "users have a company, staff have none").On("company_id")
	case company == "":
		return nil
	}
	known, err := tx.HasCompany(ctx, company)
	if err == nil && !known {
		err = desk.Errorf(desk.CodeInvalid, "no such company").On("company_id")
	}
	return err
}

// writePhone notes a number as contact data.
func writePhone(ctx context.Context, tx *store.Tx, user desk.ID, typed string) error {
	if strings.TrimSpace(typed) == "" {
		return nil
	}
	rules, err := verify.LoadRules(ctx, tx)
	if err != nil {
		return err
	}
	number, err := rules.Number(typed)
	if err != nil {
		return err
	}
	return tx.SetContactPhone(ctx, db.SetContactPhoneParams{TenantID: tx.Tenant, UserID: user, Number: number})
}

// AccountChange is what staff change of an account; nil leaves it. Version,
// when set, is the one that they saw.
type AccountChange struct {
	Name, Login, Email *string
	Role               *desk.Role
	Company            *desk.ID // empty: none
	Language           *desk.Language
	Disabled           *bool
	Version            int
}

// ChangeUser edits an account for staff. Another role or company, or disabling
// it, ends the person's sessions at once.
func (s *Service) ChangeUser(ctx context.Context, id desk.ID, c AccountChange) (p Person, err error) {
	err = s.managed(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User) error {
		if c.Version != 0 && c.Version != int(u.Version) {
			return desk.Errorf(desk.CodeConflict, "somebody changed the account meanwhile")
		}
		n, err := c.apply(u)
		if err != nil {
			return err
		}
		if err := mayManage(v, n.Role); err != nil {
			return err
		}
		if err := checkFree(ctx, tx, id, n.Login, orEmpty(n.Email)); err != nil {
			return err
		}
		if err := fitting(ctx, tx, n.Role, store.OrZero(n.CompanyID)); err != nil {
			return err
		}
		if err := mayFall(ctx, tx, v, u, n); err != nil {
			return err
		}
		if err := s.writeChange(ctx, tx, u, n); err != nil {
			return err
		}
		if n.Disabled || n.Role != u.Role || store.OrZero(n.CompanyID) != store.OrZero(u.CompanyID) {
			if _, err := endAll(ctx, tx, id, nilID); err != nil {
				return err
			}
		}
		if err := auditChange(ctx, tx, v, u, n); err != nil {
			return err
		}
		p, err = onePerson(ctx, tx, v, id)
		return err
	})
	return p, err
}

// writeChange saves what staff changed. Whoever loses the mail address to
// another one hears of it there: what the portal mails no longer comes. What it
// has mailed there to set a password with is void.
func (s *Service) writeChange(ctx context.Context, tx *store.Tx, u *db.User, n db.ChangeUserParams) error {
	if err := tx.ChangeUser(ctx, n); err != nil {
		return err
	}
	rises := n.Role.Staff() && !u.Role.Staff()
	if orEmpty(n.Email) != orEmpty(u.Email) || rises {
		if err := dropKeys(ctx, tx, u.ID); err != nil {
			return err
		}
	}
	if rises {
		if err := s.renewFirst(ctx, tx, u.ID); err != nil {
			return err
		}
	}
	if u.Email == nil || orEmpty(n.Email) == *u.Email || u.LastLoginAt == nil {
		return nil
	}
	return s.mail(ctx, tx, notify.Message{User: u.ID, To: *u.Email, Template: "mail_address_changed"})
}

func (c AccountChange) apply(u *db.User) (n db.ChangeUserParams, err error) {
	n = db.ChangeUserParams{
		ID: u.ID, Name: u.Name, Login: u.Login, Email: u.Email, Role: u.Role, CompanyID: u.CompanyID, Language: u.Language, Disabled: u.DisabledAt != nil,
	}
	if c.Name != nil {
		if n.Name, err = personName(*c.Name); err != nil {
			return n, err
		}
	}
	if c.Login != nil && *c.Login != u.Login { // older ones may be written otherwise
		if n.Login, err = checkLogin(*c.Login); err != nil {
			return n, err
		}
	}
	if c.Email != nil {
		email, err := checkEmail(*c.Email)
		if err != nil {
			return n, err
		}
		n.Email = nil
		if email != "" {
			n.Email = &email
		}
	}
	if c.Language != nil {
		if n.Language = *c.Language; !n.Language.Valid() {
			return n, desk.Errorf(desk.CodeInvalid, "the portal does not speak this language").On("language")
		}
	}
	if c.Role != nil {
		if n.Role = *c.Role; n.Role.Staff() {
			n.CompanyID = nil
		}
	}
	if c.Company != nil {
		n.CompanyID = store.Optional(*c.Company)
	}
	if c.Disabled != nil {
		n.Disabled = *c.Disabled
	}
	return n, nil
}

// mayFall keeps the last admin, and keeps people from shutting themselves out.
func mayFall(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User, n db.ChangeUserParams) error {
	falls := n.Role != u.Role || n.Disabled && u.DisabledAt == nil
	if !falls {
		return nil
	}
	if u.Role == desk.RoleAdmin && u.DisabledAt == nil {
		others, err := tx.OtherAdmins(ctx, u.ID)
		if err != nil {
			return err
		}
		if others == 0 {
			return desk.Errorf(desk.CodeLastAdmin, "nobody else would be left who is an admin").On("role")
		}
	}
	if v.User == u.ID {
		return desk.Errorf(desk.CodeOwnAccount, "a colleague changes your role or disables your account")
	}
	return nil
}

// auditChange records which fields changed, and of those that decide what a
// person may, the values.
func auditChange(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User, n db.ChangeUserParams) error {
	fields := []string{}
	for _, f := range []struct {
		name    string
		changed bool
	}{{"name", n.Name != u.Name}, {"login", n.Login != u.Login}, {"email", orEmpty(n.Email) != orEmpty(u.Email)}, {"language", n.Language != u.Language}} {
		if f.changed {
			fields = append(fields, f.name)
		}
	}
	state := func(role desk.Role, company *desk.ID, disabled bool) map[string]any {
		return map[string]any{"role": role, "company": store.OrZero(company), "disabled": disabled}
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "user.changed", Object: "user", ObjectID: u.ID, Detail: map[string]any{
		"fields": fields, "old": state(u.Role, u.CompanyID, u.DisabledAt != nil), "new": state(n.Role, n.CompanyID, n.Disabled),
	}})
}
