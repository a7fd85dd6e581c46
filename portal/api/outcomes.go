package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

type bulkChange struct {
	Body struct {
		IDs        []desk.ID         `json:"ids" minItems:"1" maxItems:"100"`
		Status     *tickets.Status   `json:"status,omitempty" maxLength:"40" doc:"The key of a status."`
		Priority   *tickets.Priority `json:"priority,omitempty" enum:"low,normal,high,urgent"`
		AssigneeID *idOrNobody       `json:"assignee_id,omitempty" doc:"A technician; empty for nobody."`
		Macro      *optionalID       `json:"macro_id,omitempty" doc:"Instead: what a macro says and changes."`
	}
}

type answerFixed struct {
	ByID
	Body struct {
		Fixed bool `json:"fixed"`
	}
}

func (a *API) mountOutcomes() {
	route(a, staff, http.MethodPost, "/tickets/bulk", "Change several tickets; each says whether it was", func(ctx context.Context, in *bulkChange) (*body[page[tickets.BulkResult]], error) {
		if macro := store.OrZero(in.Body.Macro).id(); macro != "" {
			list, err := a.cfg.Tickets.ApplyMacro(ctx, in.Body.IDs, macro)
			return pageOf(list, ""), err
		}
		list, err := a.cfg.Tickets.ChangeMany(ctx, in.Body.IDs, tickets.Change{
			Status: in.Body.Status, Priority: in.Body.Priority, Assignee: (*desk.ID)(in.Body.AssigneeID),
		})
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodPost, "/tickets/{id}/ask-fixed", "Ask the requester whether it is fixed", func(ctx context.Context, in *ByID) (*withETag[ShownTicket], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		t, err := a.cfg.Tickets.AskIfFixed(ctx, id)
		return shownAnswer(t), err
	})
	route(a, users, http.MethodPost, "/tickets/{id}/fixed", "Say whether it is fixed: yes resolves your ticket", func(ctx context.Context, in *answerFixed) (*withETag[ShownTicket], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		t, err := a.cfg.Tickets.AnswerFixed(ctx, id, in.Body.Fixed)
		return shownAnswer(t), err
	})
	route(a, staff, http.MethodGet, "/tickets/{id}/changes", "What was changed of a ticket, and by whom", func(ctx context.Context, in *ByID) (*body[page[tickets.TicketEdit]], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		list, err := a.cfg.Tickets.Changes(ctx, id)
		return pageOf(list, ""), err
	})
}
