package people

import (
	"context"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// ImportOptions say what to do with a table of people. The zero value looks
// only, and leaves accounts alone that there are already.
type ImportOptions struct {
	Columns    []Field // by position; nil: guessed by their names
	Company    desk.ID // of those whose row and mail address name none
	Update     bool    // accounts that there are already get what the table says
	Whole      bool    // all rows or none
	Commit     bool
	MustChange bool // new people choose a password of their own at the first log-in
}

// Outcome is what an import does, or would do, with a row.
type Outcome string

// The outcomes.
const (
	OutcomeCreate Outcome = "create"
	OutcomeUpdate Outcome = "update"
	OutcomeSkip   Outcome = "skip" // there is such an account already, as the table says or to be left alone
	OutcomeBroken Outcome = "broken"
)

// TableLine is a row with its outcome. Code, Field and Params say what is
// wrong with a broken one.
type TableLine struct {
	Line    int            `json:"line"`
	Outcome Outcome        `json:"outcome" enum:"create,update,skip,broken"`
	Name    string         `json:"name"`
	Login   string         `json:"login"`
	Email   string         `json:"email"`
	Company string         `json:"company"`
	Code    desk.Code      `json:"code,omitempty"`
	Field   string         `json:"field,omitempty"`
	Params  map[string]any `json:"params,omitempty"`

	change *rowChange
}

// TableColumn is a column of the table with what it is taken for.
type TableColumn struct {
	Header string `json:"header"`
	Field  Field  `json:"field" enum:"name,first_name,last_name,email,login,company,phone,language,role,"`
}

// TableReport is what an import did, or would do.
type TableReport struct {
	Committed bool          `json:"committed"`
	Encoding  string        `json:"encoding" enum:"utf-8,utf-16,windows-1252"`
	Separator string        `json:"separator"`
	Columns   []TableColumn `json:"columns"`
	Rows      int           `json:"rows"`
	Created   int           `json:"created"`
	Updated   int           `json:"updated"`
	Skipped   int           `json:"skipped"`
	Broken    int           `json:"broken"`
	Lines     []TableLine   `json:"lines" doc:"The first fifty rows."`
	Problems  []TableLine   `json:"problems" doc:"The broken rows, five hundred at most."`
}

const (
	linesShown    = 50
	problemsShown = 500
)

// Import reads a table of people and creates or updates their accounts, or only
// says what it would do. Rows that are not right are told with their line; with
// Whole one of them keeps all others out. Staff are neither made nor changed by
// an import.
func (s *Service) Import(ctx context.Context, file []byte, o ImportOptions) (r TableReport, err error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return r, err
	}
	if !v.Role.Staff() {
		return r, desk.Errorf(desk.CodeForbidden, "only staff may do this")
	}
	t, err := readTable(file)
	if err != nil {
		return r, err
	}
	columns := columnsOf(t.header)
	if o.Columns != nil {
		if columns, err = checkColumns(o.Columns, t.header); err != nil {
			return r, err
		}
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockTenant(ctx); err != nil {
			return err
		}
		lines, err := plan(ctx, tx, v, t, columns, o)
		if err != nil {
			return err
		}
		r = report(t, columns, lines)
		if !o.Commit || o.Whole && r.Broken > 0 || r.Created+r.Updated == 0 {
			return nil
		}
		if err := s.carryOut(ctx, tx, v, lines, o); err != nil {
			return err
		}
		r.Committed = true
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "users.imported", Object: "users", Detail: map[string]any{
			"rows": r.Rows, "created": r.Created, "updated": r.Updated, "skipped": r.Skipped, "broken": r.Broken, "whole": o.Whole,
		}})
	})
	return r, err
}

func report(t table, columns []Field, lines []TableLine) TableReport {
	r := TableReport{
		Encoding: t.encoding, Separator: t.separator, Rows: len(lines), Lines: lines[:min(len(lines), linesShown)],
		Columns: make([]TableColumn, len(columns)), Problems: []TableLine{},
	}
	for i, f := range columns {
		r.Columns[i] = TableColumn{Header: desk.FirstLine(t.header[i], 80), Field: f}
	}
	for _, l := range lines {
		switch l.Outcome {
		case OutcomeCreate:
			r.Created++
		case OutcomeUpdate:
			r.Updated++
		case OutcomeSkip:
			r.Skipped++
		case OutcomeBroken:
			if r.Broken++; r.Broken <= problemsShown {
				r.Problems = append(r.Problems, l)
			}
		}
	}
	return r
}

// rowChange is what a row does to the tenant's people.
type rowChange struct {
	create db.CreateUserParams
	update *db.ChangeUserParams // nil: create
	before *db.User
	phone  string // E.164; empty: none
}

// carryOut writes what was planned.
func (s *Service) carryOut(ctx context.Context, tx *store.Tx, v desk.Viewer, lines []TableLine, o ImportOptions) error {
	var fresh []db.CreateUserParams
	phones := db.NotePhonesParams{TenantID: tx.Tenant, Users: []desk.ID{}, Numbers: []string{}}
	for _, l := range lines {
		c := l.change
		if c == nil || l.Outcome != OutcomeCreate && l.Outcome != OutcomeUpdate {
			continue
		}
		id := c.create.ID
		if c.update != nil {
			id = c.update.ID
			if err := s.changeRow(ctx, tx, v, c); err != nil {
				return err
			}
		} else {
			c.create.MustChange = o.MustChange
			fresh = append(fresh, c.create)
		}
		if c.phone != "" {
			phones.Users, phones.Numbers = append(phones.Users, id), append(phones.Numbers, c.phone)
		}
	}
	if err := s.createAll(ctx, tx, fresh); err != nil {
		return err
	}
	if err := tx.NotePhones(ctx, phones); err != nil {
		return err
	}
	return s.welcomeAll(ctx, tx, fresh)
}

func (s *Service) changeRow(ctx context.Context, tx *store.Tx, v desk.Viewer, c *rowChange) error {
	if err := s.writeChange(ctx, tx, c.before, *c.update); err != nil {
		return err
	}
	if c.update.Role != c.before.Role || store.OrZero(c.update.CompanyID) != store.OrZero(c.before.CompanyID) {
		if _, err := endAll(ctx, tx, c.update.ID, nilID); err != nil {
			return err
		}
	}
	return auditChange(ctx, tx, v, c.before, *c.update)
}

// createAll adds many people in a few statements, each with a first password.
func (s *Service) createAll(ctx context.Context, tx *store.Tx, fresh []db.CreateUserParams) error {
	const atATime = 1000
	for len(fresh) > 0 {
		some := fresh[:min(len(fresh), atATime)]
		fresh = fresh[len(some):]
		p := db.CreateUsersParams{TenantID: tx.Tenant}
		f := db.PutFirstPasswordsParams{TenantID: tx.Tenant}
		for _, n := range some {
			p.Ids, p.Companies, p.Logins = append(p.Ids, n.ID), append(p.Companies, *n.CompanyID), append(p.Logins, n.Login)
			p.Emails, p.Names = append(p.Emails, orEmpty(n.Email)), append(p.Names, n.Name)
			p.Roles, p.Languages = append(p.Roles, string(n.Role)), append(p.Languages, string(n.Language))
			p.MustChange = n.MustChange
			f.Users = append(f.Users, n.ID)
			f.Sealed = append(f.Sealed, s.store.Seal(sealingFirst, boundTo(tx.Tenant, n.ID), []byte(newPassword())))
		}
		if err := tx.CreateUsers(ctx, p); err != nil {
			return err
		}
		if err := tx.PutFirstPasswords(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// welcomeAll queues the welcome mails of those who were imported.
func (s *Service) welcomeAll(ctx context.Context, tx *store.Tx, fresh []db.CreateUserParams) error {
	switches, err := policy.Load(ctx, tx)
	if err != nil || !switches.WelcomeMail || s.notify == nil {
		return err
	}
	const atATime = 100
	for len(fresh) > 0 {
		some := fresh[:min(len(fresh), atATime)]
		fresh = fresh[len(some):]
		a := WelcomeArgs{Tenant: tx.Tenant}
		for _, n := range some {
			a.Users = append(a.Users, n.ID)
		}
		if err := enqueueWelcome(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// planner knows what the tenant has while the rows are looked at, and what
// those before have taken.
type planner struct {
	v         desk.Viewer
	o         ImportOptions
	language  desk.Language
	rules     verify.Rules
	companies map[string]db.CompanyNamesRow // by name in lower case
	names     map[desk.ID]string
	domains   map[string]desk.ID
	byLogin   map[string]*db.User
	byEmail   map[string]*db.User
	taken     map[string]bool // user names
	lineOf    map[desk.ID]int // of accounts that a row has spoken of
}

// plan says of each row what it would do. The tenant is locked: what is free
// now stays free.
func plan(ctx context.Context, tx *store.Tx, v desk.Viewer, t table, columns []Field, o ImportOptions) ([]TableLine, error) {
	p, err := newPlanner(ctx, tx, v, o)
	if err != nil {
		return nil, err
	}
	lines := make([]TableLine, len(t.rows))
	for i, row := range t.rows {
		lines[i] = TableLine{Line: row.line}
		if row.broken {
			lines[i].breakWith(desk.Errorf(desk.CodeRowBroken, "the quotes of this row do not fit"))
			continue
		}
		f := fieldsOf(columns, row.cells)
		lines[i].Name, lines[i].Login, lines[i].Email = clip(f[FieldName], 200), clip(f[FieldLogin], 100), clip(f[FieldEmail], 254)
		lines[i].Company = clip(f[FieldCompany], 200)
		if err := p.row(&lines[i], f); err != nil {
			lines[i].breakWith(err)
		}
	}
	return lines, nil
}

func (l *TableLine) breakWith(err *desk.Error) {
	l.Outcome, l.change = OutcomeBroken, nil
	l.Code, l.Field, l.Params = err.Code, err.Field, err.Params
}

func newPlanner(ctx context.Context, tx *store.Tx, v desk.Viewer, o ImportOptions) (*planner, error) {
	p := &planner{
		v: v, o: o, companies: map[string]db.CompanyNamesRow{}, names: map[desk.ID]string{}, domains: map[string]desk.ID{},
		byLogin: map[string]*db.User{}, byEmail: map[string]*db.User{}, taken: map[string]bool{}, lineOf: map[desk.ID]int{},
	}
	tenant, err := tx.ThisTenant(ctx)
	if err != nil {
		return nil, err
	}
	p.language = tenant.Language
	if p.rules, err = verify.LoadRules(ctx, tx); err != nil {
		return nil, err
	}
	names, err := tx.CompanyNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range names {
		p.companies[strings.ToLower(c.Name)], p.names[c.ID] = c, c.Name
	}
	if o.Company != "" && p.names[o.Company] == "" {
		return nil, desk.Errorf(desk.CodeInvalid, "no such company").On("company")
	}
	domains, err := tx.CompanyDomains(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		p.domains[d.Domain] = d.CompanyID
	}
	all, err := tx.AllUsers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		u := &all[i]
		p.byLogin[u.Login], p.taken[u.Login] = u, true
		if u.Email != nil {
			p.byEmail[*u.Email] = u
		}
	}
	return p, nil
}
