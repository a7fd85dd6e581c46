package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
)

type listSent struct {
	State   string         `query:"state" enum:"queued,retrying,sent,delivered,undelivered,failed,withheld"`
	Channel notify.Channel `query:"channel" enum:"sms,mail"`
	User    string         `query:"user" format:"uuid" doc:"Those to one person."`
	Cursor  string         `query:"cursor" format:"uuid"`
	Limit   int            `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// OneTemplate is a question about a template in one language.
type OneTemplate struct {
	Name     string        `path:"name" maxLength:"60"`
	Language desk.Language `path:"language"`
}

type setTemplate struct {
	OneTemplate
	Body struct {
		notify.TemplateWords
		Version int `json:"version" doc:"That you saw."`
	}
}

type restoreTemplate struct {
	OneTemplate
	Version int `query:"version" doc:"That you saw."`
}

type tryTemplate struct {
	OneTemplate
	Body notify.TemplateWords
}

func (a *API) mountMessages() {
	route(a, staff, http.MethodGet, "/admin/messages", "Mails and text messages: how each went, never what it said", a.sentMessages)
	route(a, staff, http.MethodPost, "/admin/messages/{id}/again", "Send a message that did not go out once more", a.sendAgain)
	route(a, admins, http.MethodGet, "/admin/templates", "The texts of mails and text messages", func(ctx context.Context, _ *nothing) (*body[page[notify.TemplateInfo]], error) {
		list, err := a.cfg.Notify.Templates(ctx)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodGet, "/admin/templates/{name}/{language}", "One text in one language, and what it may say", func(ctx context.Context, in *OneTemplate) (*body[notify.Template], error) {
		t, err := a.cfg.Notify.Template(ctx, in.Name, in.Language)
		return &body[notify.Template]{t}, err
	})
	route(a, admins, http.MethodPut, "/admin/templates/{name}/{language}", "Write a text; the next message has it", func(ctx context.Context, in *setTemplate) (*body[notify.Template], error) {
		t, err := a.cfg.Notify.SetTemplate(ctx, in.Name, in.Language, in.Body.TemplateWords, in.Body.Version)
		return &body[notify.Template]{t}, err
	})
	route(a, admins, http.MethodDelete, "/admin/templates/{name}/{language}", "Go back to the built-in text", func(ctx context.Context, in *restoreTemplate) (*body[notify.Template], error) {
		t, err := a.cfg.Notify.RestoreTemplate(ctx, in.Name, in.Language, in.Version)
		return &body[notify.Template]{t}, err
	})
	route(a, admins, http.MethodPost, "/admin/templates/{name}/{language}/preview", "A text, saved or not, with sample values", func(ctx context.Context, in *tryTemplate) (*body[notify.TemplatePreview], error) {
		p, err := a.cfg.Notify.PreviewTemplate(ctx, in.Name, in.Language, in.Body)
		return &body[notify.TemplatePreview]{p}, err
	})
	route(a, admins, http.MethodPost, "/admin/templates/{name}/{language}/test", "Mail a text, saved or not, to yourself", func(ctx context.Context, in *tryTemplate) (*nothing, error) {
		return &nothing{}, a.cfg.Notify.TestTemplate(ctx, in.Name, in.Language, in.Body)
	}, noContent)
}

func (a *API) sentMessages(ctx context.Context, in *listSent) (*body[page[notify.Sent]], error) {
	list, next, err := a.cfg.Notify.Sent(ctx, notify.SentFilter{
		State: in.State, Channel: in.Channel, User: desk.ID(in.User), Cursor: desk.ID(in.Cursor), Limit: in.Limit,
	})
	return pageOf(list, string(next)), err
}

// sendAgain sends a message again; a welcome mail, whose password or link is
// gone with it, is written anew.
func (a *API) sendAgain(ctx context.Context, in *ByID) (*body[notify.Sent], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	m, err := a.cfg.Notify.TryAgain(ctx, id)
	if desk.CodeOf(err) != desk.CodeNotAgain || !strings.HasPrefix(m.Template, "welcome") || m.User == nil || !notify.Lost(m.State) {
		return &body[notify.Sent]{m}, err
	}
	if _, err := a.cfg.People.SendWelcome(ctx, m.User.ID); err != nil {
		return nil, err
	}
	list, _, err := a.cfg.Notify.Sent(ctx, notify.SentFilter{User: m.User.ID, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &body[notify.Sent]{list[0]}, nil
}
