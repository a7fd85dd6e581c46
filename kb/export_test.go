package kb

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Sync is a look without its job.
func (k *KB) Sync(ctx context.Context, tenant, id desk.ID) error {
	return k.sync(ctx, tenant, id, func(context.Context, *store.Tx) error { return nil })
}
