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

type forgotPassword struct {
	Body struct {
		Login string `json:"login" minLength:"1" maxLength:"254" doc:"User name or mail address."`
	}
}

type passwordByCode struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"254" doc:"As when the code was asked for."`
		Code     string `json:"code" minLength:"1" maxLength:"40"`
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
	route(a, public, http.MethodPost, "/password-code", "Have a code for another password mailed; the answer is the same whoever asks", func(ctx context.Context, in *forgotPassword) (*nothing, error) {
		return nil, a.cfg.People.ForgotPassword(ctx, tenantFrom(ctx), in.Body.Login, otherEnd(ctx))
	}, noContent)
	route(a, public, http.MethodPost, "/password-code/use", "Set your password by the code of a mail, once", func(ctx context.Context, in *passwordByCode) (*body[linkOwner], error) {
		b := in.Body
		login, err := a.cfg.People.SetByCode(ctx, tenantFrom(ctx), b.Login, b.Code, b.Password, otherEnd(ctx))
		return &body[linkOwner]{linkOwner{login}}, err
	}, func(op *huma.Operation) { op.DefaultStatus = http.StatusOK })
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
