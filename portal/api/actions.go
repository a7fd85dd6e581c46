package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/actions"
)

type listActions struct {
	Device optionalID         `query:"device"`
	User   optionalID         `query:"user" doc:"Staff only: the actions of one person."`
	State  []desk.ActionState `query:"state" doc:"Only these, separated by commas."`
	Cursor string             `query:"cursor" maxLength:"400"`
	Limit  int                `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type newAction struct {
	Body struct {
		DeviceID   desk.ID    `json:"device_id"`
		Operation  wish       `json:"operation"`
		SoftwareID optionalID `json:"software_id,omitempty" doc:"What to install; for install_software only."`
	}
}

// wish is an operation as somebody wrote it. The ledger says which there are,
// and writes down what was asked for that there is not.
type wish string

// Schema is a short text.
func (wish) Schema(huma.Registry) *huma.Schema {
	most := 64
	return &huma.Schema{
		Type: huma.TypeString, MaxLength: &most, Examples: []any{desk.OpRestart},
		Description: "One of restart, lock, shutdown, logout, reset_password and install_software.",
	}
}

type sendActionCode struct {
	ByID
	Body struct {
		Phone string `json:"phone,omitempty" maxLength:"40" doc:"The first time only: the number to save."`
	}
}

type verifyAction struct {
	ByID
	Body struct {
		Code string `json:"code" maxLength:"20" doc:"From the SMS, or of the authenticator app."`
	}
}

type explain struct {
	User      desk.ID        `query:"user" required:"true"`
	Operation desk.Operation `query:"operation" required:"true"`
	Device    optionalID     `query:"device"`
	Software  optionalID     `query:"software"`
}

func (a *API) mountActions() {
	route(a, users, http.MethodGet, "/actions", "Actions on devices: your own; all of them for staff", a.listActions)
	route(a, users, http.MethodPost, "/actions", "Propose an action on a device of yours", a.proposeAction, createdNew, mayBeMissing)
	route(a, users, http.MethodGet, "/actions/{id}", "An action", a.getAction)
	route(a, users, http.MethodPost, "/actions/{id}/confirm", "Confirm an action of yours", a.actionStep((*actions.Service).Confirm))
	route(a, users, http.MethodPost, "/actions/{id}/decline", "Decline an action of yours", a.actionStep((*actions.Service).Decline))
	route(a, users, http.MethodPost, "/actions/{id}/cancel", "Cancel an action that no device has yet", a.actionStep((*actions.Service).Cancel))
	route(a, users, http.MethodPost, "/actions/{id}/code", "Send a code for this action", a.sendActionCode)
	route(a, users, http.MethodPost, "/actions/{id}/verify", "Verify an action of yours with a code", a.verifyAction)
	route(a, users, http.MethodPost, "/actions/{id}/password", "Send the temporary password once more", a.actionStep((*actions.Service).SendPassword))
	route(a, users, http.MethodPost, "/actions/{id}/retry", "Propose an action that is over once more", a.actionStep((*actions.Service).Retry), createdNew)
	route(a, staff, http.MethodGet, "/admin/explain", "Why a person may or may not have an operation done", a.explain, mayBeMissing)
}

// mayBeMissing documents that what the question names may not be there.
func mayBeMissing(op *huma.Operation) { op.Errors = append(op.Errors, http.StatusNotFound) }

func (a *API) listActions(ctx context.Context, in *listActions) (*body[page[actions.View]], error) {
	f := actions.Filter{Device: in.Device.id(), User: in.User.id(), States: in.State, Cursor: in.Cursor, Limit: in.Limit}
	p, err := a.cfg.Actions.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return pageOf(p.Items, p.Next), nil
}

func (a *API) proposeAction(ctx context.Context, in *newAction) (*body[actions.View], error) {
	v, err := a.cfg.Actions.Propose(ctx, actions.Proposal{
		Device: in.Body.DeviceID, Operation: desk.Operation(in.Body.Operation), Software: in.Body.SoftwareID.id(), Source: actions.SourceSelfService,
	})
	return &body[actions.View]{v}, err
}

func (a *API) getAction(ctx context.Context, in *ByID) (*body[actions.View], error) {
	return a.actionStep((*actions.Service).Get)(ctx, in)
}

// actionStep is a route that does one thing to one action.
func (a *API) actionStep(do func(*actions.Service, context.Context, desk.ID) (actions.View, error)) func(context.Context, *ByID) (*body[actions.View], error) {
	return func(ctx context.Context, in *ByID) (*body[actions.View], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		v, err := do(a.cfg.Actions, ctx, id)
		return &body[actions.View]{v}, err
	}
}

func (a *API) sendActionCode(ctx context.Context, in *sendActionCode) (*body[actions.View], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.cfg.Actions.SendCode(ctx, id, strings.TrimSpace(in.Body.Phone))
	return &body[actions.View]{v}, err
}

func (a *API) verifyAction(ctx context.Context, in *verifyAction) (*body[actions.View], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := a.cfg.Actions.Verify(ctx, id, strings.TrimSpace(in.Body.Code))
	return &body[actions.View]{v}, err
}

func (a *API) explain(ctx context.Context, in *explain) (*body[actions.Explanation], error) {
	e, err := a.cfg.Actions.Explain(ctx, in.User, in.Device.id(), in.Operation, in.Software.id())
	return &body[actions.Explanation]{e}, err
}
