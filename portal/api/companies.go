package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/people"
)

type listCompanies struct {
	Query  string `query:"q" maxLength:"200" doc:"Words of the name or of a mail domain."`
	Cursor string `query:"cursor" maxLength:"800"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"200"`
}

type newCompany struct {
	Body struct {
		Name    string   `json:"name" minLength:"1" maxLength:"120"`
		Domains []string `json:"domains,omitempty" maxItems:"50" doc:"Mail domains of the company alone, such as example.com."`
	}
}

type changeCompany struct {
	ByID

	IfMatch string `header:"If-Match" doc:"The ETag of the company that you saw."`
	Body    struct {
		Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"120"`
		Domains *[]string `json:"domains,omitempty" maxItems:"50"`
	}
}

func (a *API) mountCompanies() {
	route(a, staff, http.MethodGet, "/admin/companies", "Companies, by name", a.companies)
	route(a, admins, http.MethodPost, "/admin/companies", "Add a company", a.addCompany, createdNew)
	route(a, staff, http.MethodGet, "/admin/companies/{id}", "A company with its devices and newest tickets", a.company)
	route(a, admins, http.MethodPatch, "/admin/companies/{id}", "Rename a company or set its mail domains", a.changeCompany)
	route(a, admins, http.MethodDelete, "/admin/companies/{id}", "Delete an empty company", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, a.cfg.People.RemoveCompany(ctx, id)
	}, noContent)
}

func (a *API) companies(ctx context.Context, in *listCompanies) (*body[page[people.Company]], error) {
	after, err := nameCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.People.Companies(ctx, in.Query, after, in.Limit)
	if err != nil || len(list) < in.Limit {
		return pageOf(list, ""), err
	}
	last := list[len(list)-1]
	return pageOf(list, cursorText(last.Name, last.ID)), nil
}

func (a *API) addCompany(ctx context.Context, in *newCompany) (*withETag[people.Company], error) {
	c, err := a.cfg.People.AddCompany(ctx, in.Body.Name, in.Body.Domains)
	return &withETag[people.Company]{ETag: tagged(c.Version), Body: c}, err
}

func (a *API) company(ctx context.Context, in *ByID) (*withETag[people.CompanyPage], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := a.cfg.People.CompanyOf(ctx, id)
	return &withETag[people.CompanyPage]{ETag: tagged(c.Version), Body: c}, err
}

func (a *API) changeCompany(ctx context.Context, in *changeCompany) (*withETag[people.Company], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	seen, err := versionSeen(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c, err := a.cfg.People.ChangeCompany(ctx, id, people.CompanyChange{Name: in.Body.Name, Domains: in.Body.Domains, Version: seen})
	return &withETag[people.Company]{ETag: tagged(c.Version), Body: c}, err
}
