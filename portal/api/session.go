package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

type logIn struct {
	Body struct {
		Login    string `json:"login" maxLength:"254" doc:"User name or mail address."`
		Password string `json:"password" maxLength:"256"`
		Code     string `json:"code,omitempty" maxLength:"12" doc:"Of the authenticator app: staff who have one are told code_needed without it."`
	}
}

type sessionOpened struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		User me `json:"user"`
	}
}

type sessionEnded struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type sessionBody struct {
	User     me               `json:"user"`
	Sessions []people.Session `json:"sessions"`
}

func (a *API) mountSession() {
	created := func(op *huma.Operation) {
		op.DefaultStatus = http.StatusOK
		op.Errors = append(op.Errors, http.StatusUnauthorized)
	}
	route(a, public, http.MethodPost, "/session", "Log in", a.logIn, created)
	route(a, early, http.MethodGet, "/session", "Who is logged in, and where", a.showSession)
	route(a, early, http.MethodDelete, "/session", "Log out", a.logOut, noContent)
	route(a, users, http.MethodDelete, "/sessions/{id}", "End one of your sessions", a.revokeSession, noContent)
}

func noContent(op *huma.Operation) { op.DefaultStatus = http.StatusNoContent }

func (a *API) logIn(ctx context.Context, in *logIn) (*sessionOpened, error) {
	c := clientFrom(ctx)
	by := people.Credentials{Login: in.Body.Login, Password: in.Body.Password, Code: in.Body.Code}
	from := people.Client{IP: c.ip, UserAgent: c.userAgent, Known: c.known}
	token, v, err := a.cfg.People.LogInBy(ctx, tenantFrom(ctx), by, from)
	if err != nil {
		return nil, err
	}
	ctx = desk.WithViewer(ctx, v)
	profile, err := a.cfg.People.Me(ctx)
	if err != nil {
		return nil, err
	}
	out := &sessionOpened{SetCookie: c.cookie("", token, people.SessionLifetime)}
	if mark := a.cfg.People.KnownMark(v, from); mark != "" {
		*c.besides = c.cookie(knownSuffix, mark, people.KnownLife)
	}
	out.Body.User = a.me(profile)
	return out, nil
}

// cookie is the session's cookie or, by its suffix, another one; without a life
// it is deleted.
func (c client) cookie(suffix, value string, life time.Duration) http.Cookie {
	name, maxAge := cookieSecure, -1
	if c.plain {
		name = cookiePlain
	}
	if life > 0 {
		maxAge = int(life.Seconds())
	}
	//nolint:gosec // Secure is off on plain-HTTP localhost only
	return http.Cookie{Name: name + suffix, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: !c.plain, SameSite: http.SameSiteLaxMode}
}

func (a *API) showSession(ctx context.Context, _ *nothing) (*body[sessionBody], error) {
	profile, err := a.cfg.People.Me(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.People.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	return &body[sessionBody]{sessionBody{User: a.me(profile), Sessions: list}}, nil
}

func (a *API) logOut(ctx context.Context, _ *nothing) (*sessionEnded, error) {
	if err := a.cfg.People.LogOut(ctx); err != nil {
		return nil, err
	}
	return &sessionEnded{SetCookie: clientFrom(ctx).cookie("", "", 0)}, nil
}

func (a *API) revokeSession(ctx context.Context, in *ByID) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.People.Revoke(ctx, id)
}
