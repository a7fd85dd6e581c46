package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

type signUp struct {
	Body struct {
		Name     string        `json:"name" minLength:"1" maxLength:"120"`
		Email    string        `json:"email" minLength:"1" maxLength:"254"`
		Text     string        `json:"text" minLength:"1" maxLength:"5000" doc:"What is wrong."`
		Language desk.Language `json:"language,omitempty" enum:"en,es,de,fr,it" doc:"Left out: the portal's."`
	}
}

type confirmSignUp struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200" doc:"What stands after the # of the link."`
	}
}

type listNewcomers struct {
	Decided bool   `query:"decided" doc:"Those that staff decided on, instead of those that wait."`
	Cursor  string `query:"cursor" maxLength:"800"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type assignNewcomer struct {
	ByID

	Body struct {
		CompanyID optionalID `json:"company_id,omitempty" doc:"Not needed where the address has an account by now."`
	}
}

// mountNewcomers is for people whom the portal does not know (R6): they write
// by a public form, and staff decide on those whom no company's domain fits.
func (a *API) mountNewcomers() {
	route(a, public, http.MethodGet, "/portal", "What everybody may know of this portal", a.portal)
	route(a, public, http.MethodPost, "/sign-up", "Write without an account; the address is proved by a mailed link", func(ctx context.Context, in *signUp) (*nothing, error) {
		b := in.Body
		m := people.FirstMessage{Name: b.Name, Email: b.Email, Text: b.Text, Language: b.Language}
		return nil, a.cfg.People.SignUp(ctx, tenantFrom(ctx), m, otherEnd(ctx))
	}, noContent, func(op *huma.Operation) { op.Errors = append(op.Errors, http.StatusForbidden) })
	route(a, public, http.MethodPost, "/sign-up/confirm", "Prove the address by the mailed link, once", func(ctx context.Context, in *confirmSignUp) (*body[people.SignedUp], error) {
		out, err := a.cfg.People.ConfirmSignUp(ctx, tenantFrom(ctx), in.Body.Token, otherEnd(ctx))
		return &body[people.SignedUp]{out}, err
	}, func(op *huma.Operation) {
		op.DefaultStatus = http.StatusOK
		op.Errors = append(op.Errors, http.StatusGone)
	})
	ok := func(op *huma.Operation) { op.DefaultStatus = http.StatusOK }
	route(a, staff, http.MethodGet, "/admin/newcomers", "The review list: who wrote and belongs to no company", a.newcomers)
	route(a, staff, http.MethodPost, "/admin/newcomers/{id}/assign", "Put a newcomer into a company: an account and a ticket", func(ctx context.Context, in *assignNewcomer) (*body[people.Newcomer], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		n, err := a.cfg.People.Assign(ctx, id, in.Body.CompanyID.id())
		return &body[people.Newcomer]{n}, err
	}, ok)
	route(a, staff, http.MethodPost, "/admin/newcomers/{id}/dismiss", "Take a newcomer off the review list", func(ctx context.Context, in *ByID) (*body[people.Newcomer], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		n, err := a.cfg.People.Dismiss(ctx, id)
		return &body[people.Newcomer]{n}, err
	}, ok)
}

func (a *API) portal(ctx context.Context, _ *nothing) (*body[people.Door], error) {
	d, err := a.cfg.People.DoorOf(ctx, tenantFrom(ctx))
	return &body[people.Door]{d}, err
}

func (a *API) newcomers(ctx context.Context, in *listNewcomers) (*body[page[people.Newcomer]], error) {
	after, err := nameCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	var before time.Time
	if in.Cursor != "" {
		if before, err = time.Parse(time.RFC3339Nano, after.Name); err != nil {
			return nil, desk.Errorf(desk.CodeInvalid, "the cursor is not one of ours").On("cursor")
		}
	}
	list, err := a.cfg.People.Review(ctx, in.Decided, before, after.ID, in.Limit)
	if err != nil || len(list) < in.Limit {
		return pageOf(list, ""), err
	}
	last := list[len(list)-1]
	return pageOf(list, cursorText(last.At.Format(time.RFC3339Nano), last.ID)), nil
}
