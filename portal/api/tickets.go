package api

import (
	"context"
	"net/http"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/actions"
)

type newTicket struct {
	Body struct {
		Subject     string              `json:"subject,omitempty"`
		Description string              `json:"description,omitempty"`
		Requester   *optionalID         `json:"requester_id,omitempty" doc:"Staff may open one for somebody else."`
		Priority    tickets.Priority    `json:"priority,omitempty" enum:"low,normal,high,urgent"`
		Assignee    *optionalID         `json:"assignee_id,omitempty"`
		Fields      map[string]anyValue `json:"fields,omitempty" doc:"By the field's id, or the key of a built-in choice."`
		Attachments []desk.ID           `json:"attachments,omitempty" maxItems:"10" doc:"Files that you have sent."`
	}
}

// ShownTicket is a ticket as its viewer sees it. What the portal hides from
// users (R21) is absent, and not empty.
type ShownTicket struct {
	ID           desk.ID             `json:"id"`
	Number       int64               `json:"number"`
	Subject      *string             `json:"subject,omitempty"`
	Description  *string             `json:"description,omitempty"`
	Status       *tickets.Status     `json:"status,omitempty"`
	Kind         *tickets.StatusKind `json:"status_kind,omitempty"`
	Priority     *tickets.Priority   `json:"priority,omitempty"`
	Origin       tickets.Origin      `json:"origin"`
	Requester    tickets.Requester   `json:"requester"`
	Assignee     *tickets.Ref        `json:"assignee,omitempty"`
	Company      *tickets.Ref        `json:"company,omitempty"`
	Conversation desk.ID             `json:"conversation_id,omitempty"`
	Handoff      string              `json:"handoff" enum:"none,requested,taken"`
	Resolution   *tickets.Resolution `json:"resolution,omitempty" doc:"How it came to its end."`
	FixAsked     bool                `json:"fix_asked" doc:"Whether the requester is asked whether it is fixed."`
	Version      int                 `json:"version"`
	CreatedAt    time.Time           `json:"created_at"`
	UpdatedAt    time.Time           `json:"updated_at"`
	Merged       *tickets.Merged     `json:"merged,omitempty" doc:"Where it goes on, if you may see that."`
	IsMerged     bool                `json:"is_merged" doc:"Whether it goes on in another ticket; then nothing of it is changed any more."`
	Unread       bool                `json:"unread" doc:"Whether it has something that you have not seen."`
}

func shown(t tickets.Ticket) ShownTicket {
	s := ShownTicket{
		ID: t.ID, Number: t.Number, Origin: t.Origin, Requester: t.Requester, Assignee: t.Assignee, Company: t.Company,
		Conversation: t.Conversation, Handoff: t.Handoff, FixAsked: t.FixAsked, Version: t.Version, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, Unread: t.Unread, Merged: t.Merged, IsMerged: t.IsMerged,
	}
	if !t.Hides(tickets.FieldSubject) {
		s.Subject = &t.Subject
	}
	if !t.Hides(tickets.FieldDescription) {
		s.Description = &t.Description
	}
	if !t.Hides(tickets.FieldStatus) {
		s.Status, s.Kind = &t.Status, &t.Kind
	}
	if t.Resolution != "" {
		s.Resolution = &t.Resolution
	}
	if !t.Hides(tickets.FieldPriority) {
		s.Priority = &t.Priority
	}
	return s
}

func shownAnswer(t tickets.Ticket) *withETag[ShownTicket] {
	return &withETag[ShownTicket]{ETag: tagged(t.Version), Body: shown(t)}
}

// ticketDetail is a ticket with what was written in it and what was done.
type ticketDetail struct {
	ShownTicket
	Replies []tickets.Reply      `json:"replies" doc:"The last of them, oldest first."`
	Earlier *string              `json:"earlier" doc:"The cursor of the replies before these; null when these are all."`
	Fields  []tickets.FieldValue `json:"fields" doc:"What the ticket has in its other fields."`
	Joined  []ShownTicket        `json:"joined" doc:"What was merged into it; their own pages have what was written there."`
	Files   []desk.Attachment    `json:"attachments" doc:"What it was opened with."`
	Actions []actions.View       `json:"actions" doc:"What was done on devices, oldest first: for staff, and for whose actions they are."`
}

type changeTicket struct {
	ByID
	IfMatch string `header:"If-Match" doc:"The ETag of the ticket that you saw."`
	Body    struct {
		Subject     *string             `json:"subject,omitempty"`
		Description *string             `json:"description,omitempty"`
		Fields      map[string]anyValue `json:"fields,omitempty" doc:"By the field's id, or the key of a built-in choice; null empties it."`
		Status      *tickets.Status     `json:"status,omitempty" maxLength:"40" doc:"The key of a status."`
		Priority    *tickets.Priority   `json:"priority,omitempty" enum:"low,normal,high,urgent"`
		AssigneeID  *idOrNobody         `json:"assignee_id,omitempty" doc:"A technician; empty for nobody."`
	}
}

type replyTicket struct {
	ByID
	Body struct {
		Text        string              `json:"text" maxLength:"20000" doc:"May be empty where there are files."`
		Internal    bool                `json:"internal,omitempty" doc:"For staff only."`
		Status      *tickets.Status     `json:"status,omitempty" maxLength:"40" doc:"For staff: the status that the ticket gets with it."`
		Priority    *tickets.Priority   `json:"priority,omitempty" enum:"low,normal,high,urgent" doc:"For staff, with it."`
		AssigneeID  *idOrNobody         `json:"assignee_id,omitempty" doc:"For staff, with it: a technician; empty for nobody."`
		Fields      map[string]anyValue `json:"fields,omitempty" doc:"For staff, with it."`
		Attachments []desk.ID           `json:"attachments,omitempty" maxItems:"10" doc:"Files that you have sent."`
	}
}

func (a *API) mountTickets() {
	route(a, users, http.MethodGet, "/tickets", "Tickets that you may see", a.listTickets)
	route(a, users, http.MethodPost, "/tickets", "Open a ticket", a.createTicket, createdNew)
	route(a, users, http.MethodGet, "/tickets/{id}", "A ticket with its replies", a.getTicket)
	route(a, users, http.MethodPatch, "/tickets/{id}", "Change a ticket", a.changeTicket)
	route(a, users, http.MethodPost, "/tickets/{id}/replies", "Reply", a.replyTicket, createdNew)
	a.mountQueue()
	a.mountMerges()
	a.mountMacros()
	a.mountOutcomes()
	route(a, users, http.MethodGet, "/tickets/{id}/transcript", "The conversation that it came from", a.transcript)
}

func (a *API) createTicket(ctx context.Context, in *newTicket) (*withETag[ShownTicket], error) {
	b := in.Body
	t, err := a.cfg.Tickets.Create(ctx, tickets.Draft{
		Subject: b.Subject, Description: b.Description, Requester: store.OrZero(b.Requester).id(), Priority: b.Priority,
		Assignee: store.OrZero(b.Assignee).id(), Fields: valuesOf(b.Fields), Attachments: b.Attachments,
	})
	return shownAnswer(t), err
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
	joined := make([]ShownTicket, len(d.Joined))
	for i, t := range d.Joined {
		joined[i] = shown(t)
	}
	list, err := a.cfg.Actions.OfTicket(ctx, d.ID, d.Conversation)
	return &withETag[ticketDetail]{ETag: tagged(d.Version), Body: ticketDetail{ShownTicket: shown(d.Ticket), Replies: d.Replies, Earlier: orNull(d.Earlier), Fields: d.Fields, Joined: joined, Files: d.Files, Actions: list}}, err
}

func (a *API) changeTicket(ctx context.Context, in *changeTicket) (*withETag[ShownTicket], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := versionSeen(in.IfMatch)
	if err != nil {
		return nil, err
	}
	t, err := a.cfg.Tickets.Change(ctx, id, tickets.Change{
		Subject: in.Body.Subject, Description: in.Body.Description, Fields: valuesOf(in.Body.Fields),
		Status: in.Body.Status, Priority: in.Body.Priority, Assignee: (*desk.ID)(in.Body.AssigneeID), Version: version,
	})
	return shownAnswer(t), err
}

func (a *API) replyTicket(ctx context.Context, in *replyTicket) (*body[tickets.Reply], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := tickets.Change{Priority: in.Body.Priority, Assignee: (*desk.ID)(in.Body.AssigneeID), Fields: valuesOf(in.Body.Fields)}
	if in.Body.Status != nil && *in.Body.Status != "" {
		c.Status = in.Body.Status
	}
	r, err := a.cfg.Tickets.Answer(ctx, id, tickets.Answer{Text: in.Body.Text, Internal: in.Body.Internal, Change: c, Attachments: in.Body.Attachments})
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
