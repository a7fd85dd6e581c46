package api

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

type importUsers struct {
	Columns    []string `query:"columns" maxItems:"100" doc:"What each column holds, by position; empty ones are left out. Without it the names of the columns say so."`
	Company    string   `query:"company" format:"uuid" doc:"Of those whose row and mail address name none."`
	Duplicates string   `query:"duplicates" enum:"skip,update" default:"skip" doc:"What happens to accounts that there are already."`
	Whole      bool     `query:"whole" doc:"All rows or none."`
	Commit     bool     `query:"commit" doc:"Without it, it is only said what would happen."`
	MustChange bool     `query:"must_change" doc:"Whether new people choose another password at the first log-in."`
	RawBody    huma.MultipartFormFiles[struct {
		File huma.FormFile `form:"file" required:"true" doc:"Comma-separated values, or separated by semicolons or tabs, with a row of column names."`
	}]
}

type exportUsers struct {
	Query   string `query:"q" maxLength:"200"`
	Company string `query:"company" format:"uuid"`
	Role    string `query:"role" enum:"contact,main_contact,technician,admin"`
	State   string `query:"state" enum:"active,disabled,waiting"`
}

type csvFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

const csvType = "text/csv; charset=utf-8"

func (a *API) mountTable() {
	route(a, staff, http.MethodPost, "/admin/users/import", "Import people from a table, or say what would happen", a.importUsers, func(op *huma.Operation) {
		op.DefaultStatus, op.MaxBodyBytes = http.StatusOK, int64(a.mostOf(op.Path))
	})
	route(a, staff, http.MethodGet, "/admin/users/export", "People as comma-separated values", a.exportUsers, func(op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	})
}

func (a *API) importUsers(ctx context.Context, in *importUsers) (*body[people.TableReport], error) {
	file := in.RawBody.Data().File
	data, err := io.ReadAll(io.LimitReader(file, people.MaxTableBytes+1))
	if err != nil {
		return nil, err
	}
	o := people.ImportOptions{
		Company: desk.ID(in.Company), Update: in.Duplicates == "update", Whole: in.Whole, Commit: in.Commit, MustChange: in.MustChange,
	}
	for _, c := range in.Columns {
		o.Columns = append(o.Columns, people.Field(strings.TrimSpace(c)))
	}
	r, err := a.cfg.People.Import(ctx, data, o)
	return &body[people.TableReport]{r}, err
}

func (a *API) exportUsers(ctx context.Context, in *exportUsers) (*csvFile, error) {
	file, err := a.cfg.People.Export(ctx, people.PeopleFilter{Query: in.Query, Company: desk.ID(in.Company), Role: desk.Role(in.Role), State: in.State})
	return &csvFile{ContentType: csvType, Disposition: `attachment; filename="people.csv"`, Body: file}, err
}
