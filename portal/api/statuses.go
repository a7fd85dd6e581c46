package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/tickets"
)

type newStatus struct {
	Body struct {
		Kind    tickets.StatusKind `json:"kind"`
		Names   tickets.Names      `json:"names" doc:"By language; at least one."`
		Color   *string            `json:"color,omitempty" enum:"grey,blue,green,yellow,orange,red,violet"`
		Visible *bool              `json:"visible,omitempty" doc:"R19: whether users see tickets that stand here; yes when left out."`
	}
}

type changeStatus struct {
	Key  string `path:"key" maxLength:"40"`
	Body struct {
		Names   *tickets.Names `json:"names,omitempty" doc:"By language, all of them."`
		Color   *string        `json:"color,omitempty" enum:"grey,blue,green,yellow,orange,red,violet"`
		Visible *bool          `json:"visible,omitempty"`
	}
}

type orderStatuses struct {
	Body struct {
		Keys []tickets.Status `json:"keys" maxItems:"100" doc:"Each status once."`
	}
}

type removeStatus struct {
	Key         string `path:"key" maxLength:"40"`
	Replacement string `query:"replacement" maxLength:"40" doc:"Where its tickets go."`
}

func (a *API) mountStatuses() {
	route(a, users, http.MethodGet, "/statuses", "The statuses that you may see", func(ctx context.Context, _ *nothing) (*body[page[tickets.StatusInfo]], error) {
		list, err := a.cfg.Tickets.Statuses(ctx)
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodGet, "/admin/statuses", "The statuses, with how many tickets have each", func(ctx context.Context, _ *nothing) (*body[page[tickets.StatusRow]], error) {
		list, err := a.cfg.Tickets.AllStatuses(ctx)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPost, "/admin/statuses", "Add a status of a kind", func(ctx context.Context, in *newStatus) (*body[tickets.StatusRow], error) {
		r, err := a.cfg.Tickets.AddStatus(ctx, tickets.StatusDraft{Kind: in.Body.Kind, Names: &in.Body.Names, Color: in.Body.Color, Visible: in.Body.Visible})
		return &body[tickets.StatusRow]{r}, err
	}, createdNew)
	route(a, admins, http.MethodPut, "/admin/statuses", "Put the statuses into an order", func(ctx context.Context, in *orderStatuses) (*body[page[tickets.StatusRow]], error) {
		list, err := a.cfg.Tickets.OrderStatuses(ctx, in.Body.Keys)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPatch, "/admin/statuses/{key}", "Rename, recolour, show or hide a status; it holds at once", func(ctx context.Context, in *changeStatus) (*body[tickets.StatusRow], error) {
		r, err := a.cfg.Tickets.ChangeStatus(ctx, tickets.Status(in.Key), tickets.StatusDraft{Names: in.Body.Names, Color: in.Body.Color, Visible: in.Body.Visible})
		return &body[tickets.StatusRow]{r}, err
	})
	route(a, admins, http.MethodDelete, "/admin/statuses/{key}", "Remove a status of your own; its tickets go to the replacement", func(ctx context.Context, in *removeStatus) (*nothing, error) {
		return &nothing{}, a.cfg.Tickets.RemoveStatus(ctx, tickets.Status(in.Key), tickets.Status(in.Replacement))
	}, noContent)
}
