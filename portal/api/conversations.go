package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

type newConversation struct {
	Body struct {
		ID string `json:"id,omitempty" format:"uuid" doc:"Made by the client, so that asking twice makes one."`
	}
}

type readEvents struct {
	ByID
	After int64 `query:"after" minimum:"0" doc:"The last sequence number that you have."`
	Limit int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type eventsBody struct {
	Events []desk.Event `json:"events"`
	Last   int64        `json:"last" doc:"The last sequence number of the conversation."`
}

type handOff struct {
	ByID
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	} `required:"false"`
}

type staffMessage struct {
	ByID
	Body struct {
		Text        string    `json:"text" maxLength:"8000" doc:"May be empty where there are files."`
		Attachments []desk.ID `json:"attachments,omitempty" maxItems:"10" doc:"Files that you have sent."`
	}
}

func createdNew(op *huma.Operation) { op.DefaultStatus = http.StatusCreated }

func (a *API) mountConversations() {
	route(a, users, http.MethodGet, "/conversations", "Your conversations", a.listConversations)
	route(a, users, http.MethodPost, "/conversations", "Begin a conversation", a.openConversation, createdNew)
	route(a, users, http.MethodGet, "/conversations/{id}", "A conversation", a.getConversation)
	route(a, users, http.MethodGet, "/conversations/{id}/events", "What was said", a.events)
	route(a, users, http.MethodPost, "/conversations/{id}/handoff", "Ask for a person", a.handOff, noContent)
	route(a, staff, http.MethodPost, "/conversations/{id}/take", "Take the conversation over", a.byConversation((*conversations.Service).Take), noContent)
	route(a, staff, http.MethodPost, "/conversations/{id}/release", "Give it back to the assistant", a.byConversation((*conversations.Service).Release), noContent)
	route(a, staff, http.MethodPost, "/conversations/{id}/messages", "Write into it as a technician", a.staffMessage, createdNew)
}

type listConversations struct {
	Cursor string `query:"cursor" maxLength:"400"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	User   string `query:"user" format:"uuid" doc:"Of this person; for staff."`
	All    bool   `query:"all" doc:"Of everybody; for staff."`
}

func (a *API) listConversations(ctx context.Context, in *listConversations) (*body[page[conversations.Conversation]], error) {
	p, err := a.cfg.Conversations.List(ctx, conversations.Filter{User: desk.ID(in.User), All: in.All, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return pageOf(p.Items, p.Next), nil
}

func (a *API) openConversation(ctx context.Context, in *newConversation) (*body[conversations.Conversation], error) {
	c, err := a.cfg.Conversations.Create(ctx, desk.ID(in.Body.ID))
	return &body[conversations.Conversation]{c}, err
}

func (a *API) getConversation(ctx context.Context, in *ByID) (*body[conversations.Conversation], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := a.cfg.Conversations.Get(ctx, id)
	return &body[conversations.Conversation]{c}, err
}

func (a *API) events(ctx context.Context, in *readEvents) (*body[eventsBody], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	events, last, err := a.cfg.Conversations.Events(ctx, id, in.After, in.Limit)
	if events == nil {
		events = []desk.Event{}
	}
	return &body[eventsBody]{eventsBody{Events: events, Last: last}}, err
}

func (a *API) handOff(ctx context.Context, in *handOff) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Conversations.Handoff(ctx, id, in.Body.Reason)
}

// byConversation is a route that does one thing to a conversation and answers
// nothing.
func (a *API) byConversation(do func(*conversations.Service, context.Context, desk.ID) error) func(context.Context, *ByID) (*nothing, error) {
	return func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, do(a.cfg.Conversations, ctx, id)
	}
}

func (a *API) staffMessage(ctx context.Context, in *staffMessage) (*body[desk.Event], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	e, err := a.cfg.Conversations.StaffMessage(ctx, id, in.Body.Text, in.Body.Attachments...)
	return &body[desk.Event]{e}, err
}
