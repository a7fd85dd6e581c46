package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

type passwordLink struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200" doc:"What stands after the # of the link."`
	}
}

type passwordByLink struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Password string `json:"password" maxLength:"256"`
	}
}

// linkOwner is whose a link is.
type linkOwner struct {
	Login string `json:"login"`
}

// mountLinks is for people who cannot log in: the token of their mail stands
// for them. Tokens come in bodies, so that no log of addresses has one.
func (a *API) mountLinks() {
	over := func(op *huma.Operation) {
		op.DefaultStatus = http.StatusOK
		op.Errors = append(op.Errors, http.StatusGone)
	}
	route(a, public, http.MethodPost, "/password-link", "Whose a link of a welcome mail is, while it counts", func(ctx context.Context, in *passwordLink) (*body[linkOwner], error) {
		login, err := a.cfg.People.LinkOwner(ctx, tenantFrom(ctx), in.Body.Token, otherEnd(ctx))
		return &body[linkOwner]{linkOwner{login}}, err
	}, over)
	route(a, public, http.MethodPost, "/password-link/use", "Set your password by the link of a welcome mail, once", func(ctx context.Context, in *passwordByLink) (*body[linkOwner], error) {
		login, err := a.cfg.People.SetByLink(ctx, tenantFrom(ctx), in.Body.Token, in.Body.Password, otherEnd(ctx))
		return &body[linkOwner]{linkOwner{login}}, err
	}, over)
	route(a, staff, http.MethodPost, "/admin/users/{id}/welcome", "Send the welcome mail, or send it again", func(ctx context.Context, in *ByID) (*withETag[people.Person], error) {
		id, err := desk.ParseID(in.ID)
		if err != nil {
			return nil, err
		}
		return taggedPerson(a.cfg.People.SendWelcome(ctx, id))
	}, func(op *huma.Operation) { op.DefaultStatus = http.StatusOK })
}

func otherEnd(ctx context.Context) people.Client {
	c := clientFrom(ctx)
	return people.Client{IP: c.ip, UserAgent: c.userAgent}
}
