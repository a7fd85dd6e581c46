package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

type fieldChoice struct {
	ID       *optionalID   `json:"id,omitempty" doc:"Of one that there is; a new one has none."`
	Names    tickets.Names `json:"names"`
	Archived bool          `json:"archived,omitempty"`
}

type newField struct {
	Body struct {
		Kind     tickets.FieldKind `json:"kind"`
		Names    tickets.Names     `json:"names" doc:"By language; at least one."`
		Mode     *tickets.Mode     `json:"mode,omitempty" doc:"edit, or hidden from users."`
		Required *bool             `json:"required,omitempty"`
		Options  []fieldChoice     `json:"options,omitempty" maxItems:"200"`
	}
}

type changeField struct {
	ByID
	Body struct {
		Names    *tickets.Names `json:"names,omitempty"`
		Mode     *tickets.Mode  `json:"mode,omitempty"`
		Required *bool          `json:"required,omitempty"`
		Archived *bool          `json:"archived,omitempty" doc:"Not in forms any more; tickets keep their values."`
		Options  *[]fieldChoice `json:"options,omitempty" maxItems:"200" doc:"All of them, in order."`
	}
}

type orderFields struct {
	Body struct {
		IDs []desk.ID `json:"ids" maxItems:"200" doc:"Each field once."`
	}
}

func choicesOf(list []fieldChoice) []tickets.FieldOption {
	out := make([]tickets.FieldOption, len(list))
	for i, o := range list {
		if o.ID != nil {
			out[i].ID = o.ID.id()
		}
		out[i].Names, out[i].Archived = o.Names, o.Archived
	}
	return out
}

func (a *API) mountFields() {
	route(a, users, http.MethodGet, "/fields", "The fields of tickets that you meet", func(ctx context.Context, _ *nothing) (*body[page[tickets.FieldInfo]], error) {
		list, err := a.cfg.Tickets.Form(ctx)
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodGet, "/admin/fields", "All fields, with how many tickets use each", func(ctx context.Context, _ *nothing) (*body[page[tickets.FieldRow]], error) {
		list, err := a.cfg.Tickets.Fields(ctx)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPost, "/admin/fields", "Add a field", func(ctx context.Context, in *newField) (*body[tickets.FieldRow], error) {
		d := tickets.FieldDraft{Kind: in.Body.Kind, Names: &in.Body.Names, Mode: in.Body.Mode, Required: in.Body.Required}
		if in.Body.Options != nil {
			d.Options = new(choicesOf(in.Body.Options))
		}
		f, err := a.cfg.Tickets.AddField(ctx, d)
		return &body[tickets.FieldRow]{f}, err
	}, createdNew)
	route(a, admins, http.MethodPut, "/admin/fields", "Put the fields into an order", func(ctx context.Context, in *orderFields) (*body[page[tickets.FieldRow]], error) {
		list, err := a.cfg.Tickets.OrderFields(ctx, in.Body.IDs)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPatch, "/admin/fields/{id}", "Change a field; it holds at once", func(ctx context.Context, in *changeField) (*body[tickets.FieldRow], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		d := tickets.FieldDraft{Names: in.Body.Names, Mode: in.Body.Mode, Required: in.Body.Required, Archived: in.Body.Archived}
		if in.Body.Options != nil {
			d.Options = new(choicesOf(*in.Body.Options))
		}
		f, err := a.cfg.Tickets.ChangeField(ctx, id, d)
		return &body[tickets.FieldRow]{f}, err
	})
	route(a, admins, http.MethodDelete, "/admin/fields/{id}", "Remove a field of your own that no ticket uses", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.cfg.Tickets.RemoveField(ctx, id)
	}, noContent)
}
