package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/actions"
)

type listTickets struct {
	View   tickets.View `query:"view" enum:"mine,company,queue,handoff" doc:"A ready-made selection."`
	Status []string     `query:"status" doc:"Only these, separated by commas."`
	Query  string       `query:"q" maxLength:"200" doc:"In number, subject, description or requester."`
	Cursor string       `query:"cursor" maxLength:"400"`
	Limit  int          `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type newTicket struct {
	Body tickets.Draft
}

type withETag[T any] struct {
	ETag string `header:"ETag" doc:"Send it as If-Match, so that nobody's change is lost."` //nolint:tagliatelle // the header's name
	Body T
}

func tagged(version int) string { return strconv.Quote(strconv.Itoa(version)) }

// ticketDetail is a ticket with what was written in it and what was done.
type ticketDetail struct {
	tickets.Details
	Actions []actions.View `json:"actions" doc:"What was done on devices, oldest first: for staff, and for whose actions they are."`
}

type changeTicket struct {
	ByID
	IfMatch string `header:"If-Match" doc:"The ETag of the ticket that you saw."`
	Body    struct {
		Status     *tickets.Status   `json:"status,omitempty" maxLength:"40" doc:"The key of a status."`
		Priority   *tickets.Priority `json:"priority,omitempty" enum:"low,normal,high,urgent"`
		AssigneeID *idOrNobody       `json:"assignee_id,omitempty" doc:"A technician; empty for nobody."`
	}
}

type replyTicket struct {
	ByID
	Body struct {
		Text     string `json:"text" maxLength:"20000"`
		Internal bool   `json:"internal,omitempty" doc:"For staff only."`
	}
}

func (a *API) mountTickets() {
	route(a, users, http.MethodGet, "/tickets", "Tickets that you may see", a.listTickets)
	route(a, users, http.MethodPost, "/tickets", "Open a ticket", a.createTicket, createdNew)
	route(a, users, http.MethodGet, "/tickets/{id}", "A ticket with its replies", a.getTicket)
	route(a, users, http.MethodPatch, "/tickets/{id}", "Change a ticket", a.changeTicket)
	route(a, users, http.MethodPost, "/tickets/{id}/replies", "Reply", a.replyTicket, createdNew)
	route(a, users, http.MethodGet, "/tickets/{id}/transcript", "The conversation that it came from", a.transcript)
}

func (a *API) listTickets(ctx context.Context, in *listTickets) (*body[page[tickets.Ticket]], error) {
	f := tickets.Filter{View: in.View, Query: strings.TrimSpace(in.Query), Cursor: in.Cursor, Limit: in.Limit}
	for _, s := range in.Status {
		f.Status = append(f.Status, tickets.Status(s))
	}
	p, err := a.cfg.Tickets.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return pageOf(p.Items, p.Next), nil
}

func (a *API) createTicket(ctx context.Context, in *newTicket) (*withETag[tickets.Ticket], error) {
	t, err := a.cfg.Tickets.Create(ctx, in.Body)
	return &withETag[tickets.Ticket]{ETag: tagged(t.Version), Body: t}, err
}

func (a *API) getTicket(ctx context.Context, in *ByID) (*withETag[ticketDetail], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	d, err := a.cfg.Tickets.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Actions.OfTicket(ctx, d.ID, d.Conversation)
	return &withETag[ticketDetail]{ETag: tagged(d.Version), Body: ticketDetail{Details: d, Actions: list}}, err
}

func (a *API) changeTicket(ctx context.Context, in *changeTicket) (*withETag[tickets.Ticket], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version := 0
	if in.IfMatch != "" && in.IfMatch != "*" {
		if version, err = strconv.Atoi(strings.Trim(in.IfMatch, `"`)); err != nil {
			return nil, desk.Errorf(desk.CodeInvalid, "If-Match is the ETag of the ticket").On("If-Match")
		}
	}
	t, err := a.cfg.Tickets.Change(ctx, id, tickets.Change{
		Status: in.Body.Status, Priority: in.Body.Priority, Assignee: (*desk.ID)(in.Body.AssigneeID), Version: version,
	})
	return &withETag[tickets.Ticket]{ETag: tagged(t.Version), Body: t}, err
}

func (a *API) replyTicket(ctx context.Context, in *replyTicket) (*body[tickets.Reply], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Tickets.Reply(ctx, id, in.Body.Text, in.Body.Internal)
	return &body[tickets.Reply]{r}, err
}

func (a *API) transcript(ctx context.Context, in *ByID) (*body[tickets.Transcript], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	t, err := a.cfg.Tickets.Transcript(ctx, id)
	return &body[tickets.Transcript]{t}, err
}
