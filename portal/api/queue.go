package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

type listTickets struct {
	View        tickets.View `query:"view" enum:"mine,company,queue,handoff" doc:"A ready-made selection."`
	Status      []string     `query:"status" doc:"Only these, separated by commas."`
	Query       string       `query:"q" maxLength:"200" doc:"In number, subject, description or requester."`
	Company     []string     `query:"company" maxItems:"50" doc:"For staff: ids, separated by commas."`
	Priority    []string     `query:"priority" maxItems:"4" doc:"For staff: separated by commas."`
	Assignee    []string     `query:"assignee" maxItems:"50" doc:"For staff: ids, separated by commas; or nobody."`
	Unread      bool         `query:"unread" doc:"For staff: only what has something new for you."`
	Field       []string     `query:"field,explode" maxItems:"10" doc:"For staff, once for each field: its id or key, a colon, and what it must have. A choice by its id, true or false, a date, a number, or words of a text."`
	UpdatedFrom time.Time    `query:"updated_from" doc:"For staff."`
	UpdatedTo   time.Time    `query:"updated_to" doc:"For staff: before this moment."`
	CreatedFrom time.Time    `query:"created_from" doc:"For staff."`
	CreatedTo   time.Time    `query:"created_to" doc:"For staff: before this moment."`
	Cursor      string       `query:"cursor" maxLength:"400"`
	Limit       int          `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

// nobody stands for no technician where ids are listed.
const nobody = "nobody"

func (in *listTickets) filter() (tickets.Filter, error) {
	f := tickets.Filter{View: in.View, Query: strings.TrimSpace(in.Query), Cursor: in.Cursor, Limit: in.Limit}
	for _, s := range in.Status {
		f.Status = append(f.Status, tickets.Status(s))
	}
	n := &f.Narrow
	n.Unread = in.Unread
	for _, id := range in.Company {
		n.Companies = append(n.Companies, desk.ID(id))
	}
	for _, p := range in.Priority {
		n.Priorities = append(n.Priorities, tickets.Priority(p))
	}
	for _, id := range in.Assignee {
		if id == nobody {
			n.Unassigned = true
			continue
		}
		n.Assignees = append(n.Assignees, desk.ID(id))
	}
	for _, x := range in.Field {
		field, value, ok := strings.Cut(x, ":")
		if !ok {
			return f, desk.Errorf(desk.CodeInvalid, "a field, a colon and a value").On("field")
		}
		n.Fields = append(n.Fields, tickets.FieldMatch{Field: field, Value: value})
	}
	n.UpdatedFrom, n.UpdatedTo = orNever(in.UpdatedFrom), orNever(in.UpdatedTo)
	n.CreatedFrom, n.CreatedTo = orNever(in.CreatedFrom), orNever(in.CreatedTo)
	return f, nil
}

func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type pageOfReplies struct {
	ByID
	Cursor string `query:"cursor" maxLength:"400" doc:"Of a ticket or of a page: those before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"100"`
}

type seenTicket struct {
	ByID
	Body struct {
		Until time.Time `json:"until" doc:"The updated_at of the ticket that you saw."`
	}
}

type keepDraft struct {
	ByID
	Kind tickets.DraftKind `path:"kind" enum:"reply,note"`
	Body struct {
		Text string `json:"text" maxLength:"20000" doc:"Empty forgets the draft."`
	}
}

type attendTicket struct {
	ByID
	Body struct {
		State tickets.PresenceState `json:"state" enum:"looking,reply,note,left" doc:"Say it again every few seconds while it holds."`
		Claim bool                  `json:"claim,omitempty" doc:"With the first letter of a reply: a ticket that is nobody's becomes yours."`
	}
}

type newView struct {
	Body struct {
		Name   string              `json:"name" maxLength:"60"`
		Shared bool                `json:"shared,omitempty" doc:"For all staff; admins only."`
		Filter tickets.SavedFilter `json:"filter"`
	}
}

type changeView struct {
	ByID
	Body struct {
		Name   *string              `json:"name,omitempty" maxLength:"60"`
		Shared *bool                `json:"shared,omitempty" doc:"For all staff; admins only."`
		Filter *tickets.SavedFilter `json:"filter,omitempty"`
	}
}

// mountQueue is what staff have to find their way through many tickets, and
// what everybody has to see which of theirs are new.
func (a *API) mountQueue() {
	route(a, users, http.MethodGet, "/tickets/{id}/replies", "Earlier replies of a ticket, oldest first", func(ctx context.Context, in *pageOfReplies) (*body[page[tickets.Reply]], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		list, earlier, err := a.cfg.Tickets.Replies(ctx, id, in.Cursor, in.Limit)
		return pageOf(list, earlier), err
	})
	route(a, users, http.MethodPost, "/tickets/{id}/seen", "Say that you have seen a ticket as it was at a moment", func(ctx context.Context, in *seenTicket) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.cfg.Tickets.Seen(ctx, id, in.Body.Until)
	}, noContent)
	route(a, users, http.MethodGet, "/tickets/{id}/drafts", "What you have begun to write into a ticket", func(ctx context.Context, in *ByID) (*body[page[tickets.TextDraft]], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		list, err := a.cfg.Tickets.Drafts(ctx, id)
		return pageOf(list, ""), err
	})
	route(a, users, http.MethodPut, "/tickets/{id}/drafts/{kind}", "Keep what you have written so far", func(ctx context.Context, in *keepDraft) (*body[tickets.TextDraft], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		d, err := a.cfg.Tickets.KeepDraft(ctx, id, in.Kind, in.Body.Text)
		return &body[tickets.TextDraft]{d}, err
	})
	route(a, staff, http.MethodPut, "/tickets/{id}/presence", "Say what you do with a ticket, and see who else is there", func(ctx context.Context, in *attendTicket) (*body[tickets.Presence], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		p, err := a.cfg.Tickets.Attend(ctx, id, in.Body.State, in.Body.Claim)
		return &body[tickets.Presence]{p}, err
	})
	a.mountViews()
}

func (a *API) mountViews() {
	route(a, staff, http.MethodGet, "/views", "Your saved views and the shared ones, with how many tickets are in each", func(ctx context.Context, _ *nothing) (*body[page[tickets.SavedView]], error) {
		list, err := a.cfg.Tickets.Views(ctx)
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodPost, "/views", "Save a view of the queue", func(ctx context.Context, in *newView) (*body[tickets.SavedView], error) {
		view, err := a.cfg.Tickets.AddView(ctx, tickets.ViewDraft{Name: &in.Body.Name, Shared: &in.Body.Shared, Filter: &in.Body.Filter})
		return &body[tickets.SavedView]{view}, err
	}, createdNew)
	route(a, staff, http.MethodPatch, "/views/{id}", "Rename a view, share it, or give it another filter", func(ctx context.Context, in *changeView) (*body[tickets.SavedView], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		view, err := a.cfg.Tickets.ChangeView(ctx, id, tickets.ViewDraft{Name: in.Body.Name, Shared: in.Body.Shared, Filter: in.Body.Filter})
		return &body[tickets.SavedView]{view}, err
	})
	route(a, staff, http.MethodDelete, "/views/{id}", "Forget a view; its tickets stay", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.cfg.Tickets.RemoveView(ctx, id)
	}, noContent)
}

func (a *API) listTickets(ctx context.Context, in *listTickets) (*body[page[ShownTicket]], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	p, err := a.cfg.Tickets.List(ctx, f)
	if err != nil {
		return nil, err
	}
	list := make([]ShownTicket, len(p.Items))
	for i, t := range p.Items {
		list[i] = shown(t)
	}
	return pageOf(list, p.Next), nil
}
