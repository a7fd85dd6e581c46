package store

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/db"
)

// TurnRef names a turn of any tenant.
type TurnRef struct{ Tenant, Turn desk.ID }

// DueTurns lists turns of all tenants that nobody cares for: they wait for no
// other and have no owner, or their owner's lease ran out. Ids only; who takes
// one opens its tenant's transaction.
func (s *Store) DueTurns(ctx context.Context, atMost int) ([]TurnRef, error) {
	rows, err := db.New(s.pool).DueTurns(ctx, int32(min(atMost, 10_000))) //nolint:gosec // bounded
	if err != nil {
		return nil, unavailable(err)
	}
	refs := make([]TurnRef, len(rows))
	for i, r := range rows {
		refs[i] = TurnRef{Tenant: r.TenantID, Turn: r.ID}
	}
	return refs, nil
}

// ActionRef names an action of any tenant.
type ActionRef struct{ Tenant, Action desk.ID }

// DueActions lists actions of all tenants whose deadline has passed. Ids only;
// who takes one opens its tenant's transaction.
func (s *Store) DueActions(ctx context.Context, atMost int) ([]ActionRef, error) {
	rows, err := db.New(s.pool).DueActions(ctx, int32(min(atMost, 10_000))) //nolint:gosec // bounded
	if err != nil {
		return nil, unavailable(err)
	}
	refs := make([]ActionRef, len(rows))
	for i, r := range rows {
		refs[i] = ActionRef{Tenant: r.TenantID, Action: r.ID}
	}
	return refs, nil
}

// MessageRef names a message of any tenant.
type MessageRef struct{ Tenant, Message desk.ID }

// MessageByProvider finds the text message that a provider gave this id,
// without a tenant being set. None, or more than one, is CodeNotFound.
func (s *Store) MessageByProvider(ctx context.Context, id string) (MessageRef, error) {
	rows, err := db.New(s.pool).MessageByProvider(ctx, id)
	if err != nil {
		return MessageRef{}, unavailable(err)
	}
	if len(rows) != 1 {
		return MessageRef{}, desk.Errorf(desk.CodeNotFound, "no such message")
	}
	return MessageRef{Tenant: rows[0].TenantID, Message: rows[0].ID}, nil
}

// SourceRef names a source of articles of any tenant.
type SourceRef struct{ Tenant, Source desk.ID }

// DueSources lists sources of all tenants that are to be looked at. Ids only;
// who takes one opens its tenant's transaction.
func (s *Store) DueSources(ctx context.Context, atMost int) ([]SourceRef, error) {
	rows, err := db.New(s.pool).DueSources(ctx, int32(min(atMost, 10_000))) //nolint:gosec // bounded
	if err != nil {
		return nil, unavailable(err)
	}
	refs := make([]SourceRef, len(rows))
	for i, r := range rows {
		refs[i] = SourceRef{Tenant: r.TenantID, Source: r.ID}
	}
	return refs, nil
}
