package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/devices"
)

type listDevices struct {
	All    bool   `query:"all" doc:"Everybody's; for staff."`
	Cursor string `query:"cursor" maxLength:"800"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type managedDevices struct {
	Cursor string `query:"cursor" maxLength:"800"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type newToken struct {
	Body struct {
		CompanyID string `json:"company_id,omitempty" format:"uuid"`
		UserID    string `json:"user_id,omitempty" format:"uuid" doc:"Whoever the device will be assigned to."`
	}
}

type newAssignment struct {
	ByID
	Body struct {
		UserID  string `json:"user_id" format:"uuid"`
		Account string `json:"account,omitempty" maxLength:"256" doc:"A local account that the device has reported. Empty: none is confirmed, and no password can be reset."`
	}
}

type oneAgent struct {
	Name string `path:"name" maxLength:"100"`
}

type oneAssignment struct {
	ByID
	User string `path:"user" format:"uuid"`
}

func (a *API) mountDevices() {
	route(a, users, http.MethodGet, "/devices", "Your devices, and what you may do on each", a.listDevices)
	route(a, users, http.MethodGet, "/devices/{id}", "One of your devices", byID(a.cfg.Devices.Get))
	route(a, staff, http.MethodGet, "/admin/devices", "All devices, by name", a.managedDevices)
	route(a, staff, http.MethodGet, "/admin/devices/tokens", "The enrolment tokens of late, without themselves", a.listTokens)
	route(a, staff, http.MethodPost, "/admin/devices/tokens", "A token that lets one device in, once, within an hour", a.newToken, createdNew)
	route(a, staff, http.MethodGet, "/admin/agents", "The agents that this server hands out, with their SHA-256", a.listAgents)
	route(a, staff, http.MethodGet, "/admin/agents/{name}", "The agent for one system, to install on a device", a.downloadAgent, aFile("The program", fiber.MIMEOctetStream))
	route(a, staff, http.MethodGet, "/admin/devices/{id}", "All that is known of a device", byID(a.cfg.Devices.One))
	route(a, staff, http.MethodPost, "/admin/devices/{id}/assignments", "Let a person act on the device", a.assign, createdNew)
	route(a, staff, http.MethodDelete, "/admin/devices/{id}/assignments/{user}", "Take the device from a person", a.unassign, noContent)
	route(a, staff, http.MethodPost, "/admin/devices/{id}/revoke", "Take the device out of the portal for good", a.onDevice(a.cfg.Devices.Revoke), noContent)
	route(a, staff, http.MethodPost, "/admin/devices/{id}/trust", "Trust a device again whose key was seen twice", a.onDevice(a.cfg.Devices.Trust), noContent)
}

// byID is a route that returns one object.
func byID[T any](get func(context.Context, desk.ID) (T, error)) func(context.Context, *ByID) (*body[T], error) {
	return func(ctx context.Context, in *ByID) (*body[T], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		v, err := get(ctx, id)
		return &body[T]{v}, err
	}
}

func (a *API) onDevice(act func(context.Context, desk.ID) error) func(context.Context, *ByID) (*nothing, error) {
	return func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, act(ctx, id)
	}
}

func (a *API) listDevices(ctx context.Context, in *listDevices) (*body[page[devices.Device]], error) {
	if !in.All {
		list, err := a.cfg.Devices.MyDevices(ctx)
		return pageOf(list, ""), err
	}
	managed, next, err := a.allDevices(ctx, in.Cursor, in.Limit)
	list := make([]devices.Device, len(managed))
	for i, m := range managed {
		list[i] = m.Device
	}
	return pageOf(list, next), err
}

func (a *API) managedDevices(ctx context.Context, in *managedDevices) (*body[page[devices.Managed]], error) {
	list, next, err := a.allDevices(ctx, in.Cursor, in.Limit)
	return pageOf(list, next), err
}

func (a *API) allDevices(ctx context.Context, cursor string, limit int) (list []devices.Managed, next string, err error) {
	after, err := nameCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	list, err = a.cfg.Devices.All(ctx, devices.Cursor(after), limit)
	if err != nil || len(list) < limit {
		return list, "", err
	}
	last := list[len(list)-1]
	return list, cursorText(last.Name, last.ID), nil
}

func (a *API) listTokens(ctx context.Context, _ *nothing) (*body[page[devices.EnrolmentToken]], error) {
	list, err := a.cfg.Devices.Tokens(ctx)
	return pageOf(list, ""), err
}

func (a *API) newToken(ctx context.Context, in *newToken) (*body[devices.EnrolmentToken], error) {
	t, err := a.cfg.Devices.NewToken(ctx, desk.ID(in.Body.CompanyID), desk.ID(in.Body.UserID))
	t.Commands = devices.Commands(clientFrom(ctx).origin, t.Token)
	return &body[devices.EnrolmentToken]{t}, err
}

func (a *API) listAgents(context.Context, *nothing) (*body[page[devices.Download]], error) {
	list, err := a.cfg.Agents.List()
	return pageOf(list, ""), err
}

func (a *API) downloadAgent(_ context.Context, in *oneAgent) (*huma.StreamResponse, error) {
	f, d, err := a.cfg.Agents.Open(in.Name)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader(fiber.HeaderContentType, fiber.MIMEOctetStream)
		c.SetHeader(fiber.HeaderContentDisposition, `attachment; filename="`+d.Name+`"`)
		// The server closes it when it is sent, or the line breaks.
		humafiber.UnwrapV2(c).Context().SetBodyStream(f, int(d.Size))
	}}, nil
}

func (a *API) assign(ctx context.Context, in *newAssignment) (*body[devices.Managed], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	m, err := a.cfg.Devices.Assign(ctx, id, desk.ID(in.Body.UserID), in.Body.Account)
	return &body[devices.Managed]{m}, err
}

func (a *API) unassign(ctx context.Context, in *oneAssignment) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return &nothing{}, a.cfg.Devices.Unassign(ctx, id, desk.ID(in.User))
}
