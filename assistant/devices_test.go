package assistant

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/software"
)

// ledger proposes as the real one does, as far as rows go: the row is there,
// proposed, and nothing else happens to it.
func (b *bench) ledger() *tools.Own {
	return &tools.Own{Software: software.New(b.store), Propose: func(ctx context.Context, tx *store.Tx, v desk.Viewer, w tools.Wish) (desk.ID, error) {
		id := desk.NewID()
		_, err := tx.Exec(ctx, `insert into actions (tenant_id, id, user_id, device_id, operation, software_id, conversation_id, source, digest, deadline)
			values ($1, $2, $3, $4, $5, $6, $7, 'assistant', '\x00', now() + interval '15 minutes')`,
			v.Tenant, id, v.User, w.Device, string(w.Operation), store.Optional(w.Software), store.Optional(w.Conversation))
		return id, err
	}}
}
