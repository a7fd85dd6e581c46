package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
)

type changePolicies struct {
	Body policyPatch
}

// policyPatch is policy.Switches with every field optional; it is taken as
// written and checked by the policy room, which knows the rules.
type policyPatch map[string]json.RawMessage

// Schema documents the patch as what it is made of.
func (policyPatch) Schema(r huma.Registry) *huma.Schema {
	whole := r.SchemaFromRef(r.Schema(reflect.TypeFor[policy.Switches](), true, "").Ref)
	optional := *whole
	optional.Required = nil
	optional.PrecomputeMessages()
	return &optional
}

func (a *API) mountAdmin() {
	route(a, staff, http.MethodGet, "/admin/policies", "The portal's switches", a.policies)
	route(a, admins, http.MethodPatch, "/admin/policies", "Change switches; they hold at once", a.changePolicies)
	route(a, admins, http.MethodGet, "/admin/assistant", "The configured model, and what keeps it from working", a.assistant)
}

// inTenant runs fn in a transaction of the viewer's tenant.
func (a *API) inTenant(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	return a.cfg.Store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return fn(ctx, tx, v) })
}

func (a *API) policies(ctx context.Context, _ *nothing) (*body[policy.Switches], error) {
	out := &body[policy.Switches]{}
	err := a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) (err error) {
		out.Body, err = policy.Load(ctx, tx)
		return err
	})
	return out, err
}

func (a *API) changePolicies(ctx context.Context, in *changePolicies) (*body[policy.Switches], error) {
	out := &body[policy.Switches]{}
	err := a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) (err error) {
		out.Body, err = policy.Change(ctx, tx, v, in.Body)
		return err
	})
	return out, err
}
