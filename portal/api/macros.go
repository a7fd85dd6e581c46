package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

type macroBody struct {
	Names   *tickets.Names        `json:"names,omitempty" doc:"By language; at least one."`
	Texts   *tickets.Names        `json:"texts,omitempty" doc:"The reply by language. Variables: contact_name, contact_first_name, company, ticket_number, ticket_subject, technician_name, each between double braces."`
	Changes *tickets.MacroChanges `json:"changes,omitempty" doc:"What changes with it."`
}

func (b macroBody) draft() tickets.MacroDraft {
	return tickets.MacroDraft{Names: b.Names, Texts: b.Texts, Changes: b.Changes}
}

type newMacro struct{ Body macroBody }

type changeMacro struct {
	ByID
	Body macroBody
}

type macroOnTicket struct {
	ByID
	Macro string `path:"macro" format:"uuid"`
}

func (a *API) mountMacros() {
	route(a, staff, http.MethodGet, "/macros", "Canned replies and changes", func(ctx context.Context, _ *nothing) (*body[page[tickets.Macro]], error) {
		list, err := a.cfg.Tickets.Macros(ctx)
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodGet, "/tickets/{id}/macros/{macro}", "What a macro would say and change in a ticket; nothing happens", func(ctx context.Context, in *macroOnTicket) (*body[tickets.Prepared], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		macro, err := desk.ParseID(in.Macro)
		if err != nil {
			return nil, err
		}
		p, err := a.cfg.Tickets.Prepare(ctx, id, macro)
		return &body[tickets.Prepared]{p}, err
	})
	route(a, admins, http.MethodPost, "/admin/macros", "Add a macro", func(ctx context.Context, in *newMacro) (*body[tickets.Macro], error) {
		m, err := a.cfg.Tickets.AddMacro(ctx, in.Body.draft())
		return &body[tickets.Macro]{m}, err
	}, createdNew)
	route(a, admins, http.MethodPatch, "/admin/macros/{id}", "Change a macro; what was sent with it stays", func(ctx context.Context, in *changeMacro) (*body[tickets.Macro], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		m, err := a.cfg.Tickets.ChangeMacro(ctx, id, in.Body.draft())
		return &body[tickets.Macro]{m}, err
	})
	route(a, admins, http.MethodDelete, "/admin/macros/{id}", "Remove a macro", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.cfg.Tickets.RemoveMacro(ctx, id)
	}, noContent)
}
