package people

import (
	"errors"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// row finds whose a row is and says what it would do.
func (p *planner) row(l *TableLine, f map[Field]string) *desk.Error {
	email, err := checkEmail(f[FieldEmail])
	if err != nil {
		return coded(err)
	}
	login := strings.ToLower(strings.TrimSpace(f[FieldLogin]))
	byLogin, byEmail := p.byLogin[login], p.byEmail[email]
	if login != "" && byLogin != nil && byEmail != nil && byLogin != byEmail {
		return emailTaken(email)
	}
	u := byEmail
	if byLogin != nil {
		u = byLogin
	}
	if u == nil {
		return p.newcomer(l, f, email)
	}
	if before, twice := p.lineOf[u.ID]; twice {
		return desk.Errorf(desk.CodeRowTwice, "an earlier row speaks of the same person").With("line", before)
	}
	p.lineOf[u.ID] = l.Line
	if u.Role.Staff() {
		return desk.Errorf(desk.CodeRowStaff, "imports leave accounts of staff alone")
	}
	if !p.o.Update {
		l.Outcome = OutcomeSkip
		return nil
	}
	return p.existing(l, f, email, u)
}

func coded(err error) *desk.Error {
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return e
	}
	return desk.Wrap(desk.CodeInvalid, err, "this row is not right")
}

// newcomer plans an account.
func (p *planner) newcomer(l *TableLine, f map[Field]string, email string) *desk.Error {
	n := db.CreateUserParams{ID: desk.NewID(), Role: desk.RoleContact, Language: p.language}
	var err error
	if n.Name, err = personName(f[FieldName]); err != nil {
		return coded(err)
	}
	if email != "" {
		n.Email = &email
	}
	if f[FieldLogin] == "" {
		n.Login = untaken(loginFrom(n.Name, email), p.taken)
	} else if n.Login, err = checkLogin(f[FieldLogin]); err != nil {
		return coded(err)
	}
	role, language, phone, bad := p.rest(f)
	if bad != nil {
		return bad
	}
	if role != "" {
		n.Role = role
	}
	if language != "" {
		n.Language = language
	}
	company, bad := p.company(f, email)
	if bad != nil {
		return bad
	}
	n.CompanyID = &company
	u := &db.User{ID: n.ID, Login: n.Login, Email: n.Email}
	p.byLogin[n.Login], p.taken[n.Login], p.lineOf[n.ID] = u, true, l.Line
	if email != "" {
		p.byEmail[email] = u
	}
	l.Outcome, l.Name, l.Login, l.Email, l.Company = OutcomeCreate, n.Name, n.Login, email, p.names[company]
	l.change = &rowChange{create: n, phone: phone}
	return nil
}

// existing plans what a row changes of an account: what it has a cell for.
func (p *planner) existing(l *TableLine, f map[Field]string, email string, u *db.User) *desk.Error {
	role, language, phone, bad := p.rest(f)
	if bad != nil {
		return bad
	}
	c := AccountChange{}
	if f[FieldName] != "" {
		name := f[FieldName]
		c.Name = &name
	}
	if email != "" {
		c.Email = &email
	}
	if role != "" {
		c.Role = &role
	}
	if language != "" {
		c.Language = &language
	}
	if f[FieldCompany] != "" {
		company, bad := p.company(f, email)
		if bad != nil {
			return bad
		}
		c.Company = &company
	}
	n, err := c.apply(u)
	if err != nil {
		return coded(err)
	}
	l.Name, l.Login, l.Email, l.Company = n.Name, n.Login, orEmpty(n.Email), p.names[store.OrZero(n.CompanyID)]
	same := n.Name == u.Name && orEmpty(n.Email) == orEmpty(u.Email) && n.Role == u.Role && n.Language == u.Language &&
		store.OrZero(n.CompanyID) == store.OrZero(u.CompanyID)
	if same && phone == "" {
		l.Outcome = OutcomeSkip
		return nil
	}
	if email != "" {
		p.byEmail[email] = u
	}
	l.Outcome, l.change = OutcomeUpdate, &rowChange{update: &n, before: u, phone: phone}
	return nil
}

// rest reads the cells that mean the same for everybody.
func (p *planner) rest(f map[Field]string) (role desk.Role, language desk.Language, phone string, bad *desk.Error) {
	odd := func(field Field) *desk.Error {
		return desk.Errorf(desk.CodeBadValue, "this is no value of the field").On(string(field)).With("value", desk.FirstLine(f[field], 40))
	}
	var ok bool
	if role, ok = roleFrom(f[FieldRole]); !ok {
		return "", "", "", odd(FieldRole)
	}
	if language, ok = languageFrom(f[FieldLanguage]); !ok {
		return "", "", "", odd(FieldLanguage)
	}
	if f[FieldPhone] != "" {
		var err error
		if phone, err = p.rules.Number(f[FieldPhone]); err != nil {
			return "", "", "", coded(err)
		}
	}
	return role, language, phone, nil
}

// company is the one that a row names, else the one of the mail domain, else
// the one that was chosen for the whole table.
func (p *planner) company(f map[Field]string, email string) (desk.ID, *desk.Error) {
	if name := strings.Join(strings.Fields(f[FieldCompany]), " "); name != "" {
		c, ok := p.companies[strings.ToLower(name)]
		if !ok {
			return "", desk.Errorf(desk.CodeUnknownCompany, "there is no company of this name").On("company").With("name", desk.FirstLine(name, 80))
		}
		return c.ID, nil
	}
	if id := p.domains[domainOf(email)]; email != "" && id != "" {
		return id, nil
	}
	if p.o.Company != "" {
		return p.o.Company, nil
	}
	return "", desk.Errorf(desk.CodeCompanyNeeded, "users have a company").On("company")
}
