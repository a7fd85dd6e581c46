package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
)

type listUsers struct {
	Query   string   `query:"q" maxLength:"200" doc:"Words of the name, user name, mail address or company."`
	IDs     []string `query:"ids" maxItems:"100" doc:"Only these, separated by commas."`
	Company string   `query:"company" format:"uuid"`
	Role    string   `query:"role" enum:"contact,main_contact,technician,admin"`
	State   string   `query:"state" enum:"active,disabled,waiting" doc:"waiting: has not used the first password."`
	Cursor  string   `query:"cursor" maxLength:"800"`
	Limit   int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type newUser struct {
	Body struct {
		Name       string        `json:"name" minLength:"1" maxLength:"120"`
		Login      string        `json:"login,omitempty" maxLength:"64" doc:"Left out: made of the name."`
		Email      string        `json:"email,omitempty" maxLength:"254"`
		Phone      string        `json:"phone,omitempty" maxLength:"40" doc:"Contact data; no second factor until its owner has proved it."`
		Role       desk.Role     `json:"role,omitempty" enum:"contact,main_contact,technician,admin" default:"contact"`
		Language   desk.Language `json:"language,omitempty" enum:"en,es,de,fr,it" doc:"Left out: the portal's."`
		CompanyID  optionalID    `json:"company_id,omitempty" doc:"Left out: the one whose mail domain the address has."`
		MustChange bool          `json:"must_change,omitempty" doc:"Whether another password is asked for at the first log-in."`
	}
}

type changeUser struct {
	ByID

	IfMatch string `header:"If-Match" doc:"The ETag of the account that you saw."`
	Body    struct {
		Name      *string        `json:"name,omitempty" minLength:"1" maxLength:"120"`
		Login     *string        `json:"login,omitempty" minLength:"1" maxLength:"64"`
		Email     *string        `json:"email,omitempty" maxLength:"254"`
		Role      *desk.Role     `json:"role,omitempty" enum:"contact,main_contact,technician,admin"`
		Language  *desk.Language `json:"language,omitempty" enum:"en,es,de,fr,it"`
		CompanyID *optionalID    `json:"company_id,omitempty" doc:"Empty: none, for staff."`
		Disabled  *bool          `json:"disabled,omitempty" doc:"Whether the person is kept out; sessions end at once."`
	}
}

type givePassword struct {
	ByID

	Body struct {
		Password   string `json:"password,omitempty" maxLength:"256" doc:"Left out: one is made."`
		MustChange bool   `json:"must_change,omitempty"`
	}
}

// firstPassword is what staff read on a person's page until the first log-in.
type firstPassword struct {
	Password string `json:"password"`
}

type selectUser struct {
	ByID

	Body struct {
		Ticketing     *bool `json:"ticketing,omitempty"`
		KnowledgeBase *bool `json:"knowledge_base,omitempty"`
		SelfService   *bool `json:"self_service,omitempty"`
	}
}

func (a *API) mountUsers() {
	route(a, staff, http.MethodGet, "/admin/users", "People, by name", a.users)
	route(a, staff, http.MethodPost, "/admin/users", "Create an account; its password is made by the portal", a.addUser, createdNew)
	route(a, staff, http.MethodGet, "/admin/users/{id}", "An account", func(ctx context.Context, in *ByID) (*withETag[people.Person], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return taggedPerson(a.cfg.People.User(ctx, id))
	})
	route(a, staff, http.MethodPatch, "/admin/users/{id}", "Change an account, its role or company, or disable it", a.changeUser)
	route(a, staff, http.MethodGet, "/admin/users/{id}/password", "The password that staff gave, until it has been used", func(ctx context.Context, in *ByID) (*body[firstPassword], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		password, err := a.cfg.People.FirstPassword(ctx, id)
		return &body[firstPassword]{firstPassword{password}}, err
	})
	route(a, staff, http.MethodPut, "/admin/users/{id}/password", "Give somebody another password; sessions end at once", func(ctx context.Context, in *givePassword) (*withETag[people.Person], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return taggedPerson(a.cfg.People.GivePassword(ctx, id, people.GivenPassword{Password: in.Body.Password, MustChange: in.Body.MustChange}))
	})
	route(a, staff, http.MethodGet, "/admin/users/{id}/access", "What the switches allow a person, and which decided it", func(ctx context.Context, in *ByID) (*body[page[policy.AccessLine]], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		list, err := a.cfg.People.AccessOf(ctx, id)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPatch, "/admin/users/{id}/access", "Put a person on the lists of selected users, or take them off", a.selectUser)
}

func taggedPerson(p people.Person, err error) (*withETag[people.Person], error) {
	return &withETag[people.Person]{ETag: tagged(p.Version), Body: p}, err
}

func (a *API) users(ctx context.Context, in *listUsers) (*body[page[people.Person]], error) {
	after, err := nameCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	ids := make([]desk.ID, len(in.IDs))
	for i, text := range in.IDs {
		if ids[i], err = desk.ParseID(text); err != nil {
			return nil, err
		}
	}
	list, err := a.cfg.People.Users(ctx, people.PeopleFilter{
		Query: in.Query, IDs: ids, Company: desk.ID(in.Company), Role: desk.Role(in.Role), State: in.State, After: after, AtMost: in.Limit,
	})
	if err != nil || len(list) < in.Limit {
		return pageOf(list, ""), err
	}
	last := list[len(list)-1]
	return pageOf(list, cursorText(last.Name, last.ID)), nil
}

func (a *API) addUser(ctx context.Context, in *newUser) (*withETag[people.Person], error) {
	b := in.Body
	return taggedPerson(a.cfg.People.AddUser(ctx, people.NewUser{
		Name: b.Name, Login: b.Login, Email: b.Email, Phone: b.Phone, Role: b.Role, Language: b.Language, Company: b.CompanyID.id(), MustChange: b.MustChange,
	}))
}

func (a *API) changeUser(ctx context.Context, in *changeUser) (*withETag[people.Person], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	seen, err := versionSeen(in.IfMatch)
	if err != nil {
		return nil, err
	}
	b := in.Body
	c := people.AccountChange{Name: b.Name, Login: b.Login, Email: b.Email, Role: b.Role, Language: b.Language, Disabled: b.Disabled, Version: seen}
	if b.CompanyID != nil {
		company := b.CompanyID.id()
		c.Company = &company
	}
	return taggedPerson(a.cfg.People.ChangeUser(ctx, id, c))
}

func (a *API) selectUser(ctx context.Context, in *selectUser) (*body[page[policy.AccessLine]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	on := map[string]bool{}
	for name, value := range map[string]*bool{
		policy.RuleTicketing: in.Body.Ticketing, policy.RuleKnowledgeBase: in.Body.KnowledgeBase, policy.RuleSelfService: in.Body.SelfService,
	} {
		if value != nil {
			on[name] = *value
		}
	}
	list, err := a.cfg.People.Select(ctx, id, on)
	return pageOf(list, ""), err
}
