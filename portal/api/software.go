package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/software"
)

type shelf struct {
	Device string `query:"device" format:"uuid" doc:"One of your devices; without it, all of them."`
}

type listRequests struct {
	State  software.RequestState `query:"state" enum:"open,approved,declined"`
	Cursor string                `query:"cursor" format:"uuid"`
	Limit  int                   `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type newRequest struct {
	Body software.Wish
}

type approveRequest struct {
	ByID
	Body software.Approval
}

type declineRequest struct {
	ByID
	Body struct {
		Answer string `json:"answer" minLength:"1" maxLength:"2000" doc:"Why; the requester reads it."`
	}
}

type newSoftware struct {
	Body software.RowDraft
}

type changeSoftware struct {
	ByID
	IfMatch string `header:"If-Match" doc:"The ETag of the software that you saw."`
	Body    struct {
		Name        *string                 `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Publisher   *string                 `json:"publisher,omitempty" maxLength:"100"`
		Description *string                 `json:"description,omitempty" maxLength:"1000"`
		Icon        *string                 `json:"icon,omitempty" maxLength:"262144"`
		Audience    *software.RowAudience   `json:"audience,omitempty"`
		Packages    *[]software.PackageSpec `json:"packages,omitempty" minItems:"1" maxItems:"2"`
	}
}

type newSource struct {
	Body software.SourceDraft
}

type changeSource struct {
	ByID
	Body software.SourceChange
}

func (a *API) mountSoftware() {
	route(a, users, http.MethodGet, "/software", "What you may install, and how it stands on your devices", a.shelf, mayBeMissing)
	route(a, users, http.MethodGet, "/software/requests", "Your requests for software; everybody's for staff", a.softwareRequests)
	route(a, users, http.MethodPost, "/software/requests", "Ask for software that is not in the catalogue", a.requestSoftware, createdNew)
	route(a, staff, http.MethodPost, "/admin/software/requests/{id}/approve", "Approve a request; its install is proposed to the requester", a.approveRequest)
	route(a, staff, http.MethodPost, "/admin/software/requests/{id}/decline", "Decline a request", a.declineRequest)
	// Before {id}: the router takes the first that fits.
	route(a, staff, http.MethodGet, "/admin/software/sources", "Private sources of packages", func(ctx context.Context, _ *nothing) (*body[page[software.PackageSource]], error) {
		list, err := a.cfg.Software.Sources(ctx)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPost, "/admin/software/sources", "Add a private source", a.addSource, createdNew)
	route(a, staff, http.MethodGet, "/admin/software/sources/{id}", "A private source", a.getSource)
	route(a, admins, http.MethodPatch, "/admin/software/sources/{id}", "Change a private source", a.changeSource)
	route(a, admins, http.MethodDelete, "/admin/software/sources/{id}", "Remove a private source", a.removeSource, noContent)
	route(a, staff, http.MethodGet, "/admin/software", "The catalogue, by name", func(ctx context.Context, _ *nothing) (*body[page[software.Row]], error) {
		list, err := a.cfg.Software.List(ctx)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPost, "/admin/software", "Add software to the catalogue", a.addSoftware, createdNew)
	route(a, staff, http.MethodGet, "/admin/software/{id}", "Software of the catalogue", a.getSoftware)
	route(a, admins, http.MethodPatch, "/admin/software/{id}", "Change software; what waits with it must be confirmed again", a.changeSoftware)
	route(a, admins, http.MethodDelete, "/admin/software/{id}", "Take software out of the catalogue", a.retireSoftware, noContent)
}

func (a *API) shelf(ctx context.Context, in *shelf) (*body[page[software.Shelved]], error) {
	list, err := a.cfg.Software.Shelf(ctx, desk.ID(in.Device))
	return pageOf(list, ""), err
}

func (a *API) softwareRequests(ctx context.Context, in *listRequests) (*body[page[software.Request]], error) {
	list, next, err := a.cfg.Software.Requests(ctx, software.RequestFilter{State: in.State, Cursor: desk.ID(in.Cursor), Limit: in.Limit})
	return pageOf(list, string(next)), err
}

func (a *API) requestSoftware(ctx context.Context, in *newRequest) (*body[software.Request], error) {
	r, err := a.cfg.Software.Request(ctx, in.Body)
	return &body[software.Request]{r}, err
}

func (a *API) approveRequest(ctx context.Context, in *approveRequest) (*body[software.Request], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Software.Approve(ctx, id, in.Body)
	return &body[software.Request]{r}, err
}

func (a *API) declineRequest(ctx context.Context, in *declineRequest) (*body[software.Request], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Software.Decline(ctx, id, in.Body.Answer)
	return &body[software.Request]{r}, err
}

func taggedSoftware(e software.Row, err error) (*withETag[software.Row], error) {
	return &withETag[software.Row]{ETag: tagged(e.Version), Body: e}, err
}

func (a *API) addSoftware(ctx context.Context, in *newSoftware) (*withETag[software.Row], error) {
	return taggedSoftware(a.cfg.Software.Create(ctx, in.Body))
}

func (a *API) getSoftware(ctx context.Context, in *ByID) (*withETag[software.Row], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return taggedSoftware(a.cfg.Software.Get(ctx, id))
}

func (a *API) changeSoftware(ctx context.Context, in *changeSoftware) (*withETag[software.Row], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := software.Change{
		Name: in.Body.Name, Publisher: in.Body.Publisher, Description: in.Body.Description, Icon: in.Body.Icon,
		Audience: in.Body.Audience, Packages: in.Body.Packages,
	}
	if c.Version, err = versionSeen(in.IfMatch); err != nil {
		return nil, err
	}
	return taggedSoftware(a.cfg.Software.Change(ctx, id, c))
}

func (a *API) retireSoftware(ctx context.Context, in *ByID) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Software.Retire(ctx, id)
}

func (a *API) addSource(ctx context.Context, in *newSource) (*body[software.PackageSource], error) {
	s, err := a.cfg.Software.AddSource(ctx, in.Body)
	return &body[software.PackageSource]{s}, err
}

func (a *API) getSource(ctx context.Context, in *ByID) (*body[software.PackageSource], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	s, err := a.cfg.Software.Source(ctx, id)
	return &body[software.PackageSource]{s}, err
}

func (a *API) changeSource(ctx context.Context, in *changeSource) (*body[software.PackageSource], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	s, err := a.cfg.Software.ChangeSource(ctx, id, in.Body)
	return &body[software.PackageSource]{s}, err
}

func (a *API) removeSource(ctx context.Context, in *ByID) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Software.RemoveSource(ctx, id)
}
