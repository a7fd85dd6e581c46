package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/db"
)

// AuditEntry is one line of the audit log: who did what to which object.
// Detail is JSON and must hold no secret and no text that people wrote.
type AuditEntry struct {
	Actor    desk.ID // empty: the system
	Action   string  // noun.verb, such as session.opened
	Object   string
	ObjectID desk.ID
	Detail   any
}

// Audit records an entry in the same transaction as what it speaks of.
func (tx *Tx) Audit(ctx context.Context, e AuditEntry) error {
	detail := json.RawMessage("{}")
	if e.Detail != nil {
		raw, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("audit detail: %w", err)
		}
		detail = raw
	}
	return tx.InsertAudit(ctx, db.InsertAuditParams{
		TenantID: tx.Tenant, ID: desk.NewID(), Actor: Optional(e.Actor), Action: e.Action,
		Object: e.Object, ObjectID: Optional(e.ObjectID), Detail: detail,
	})
}

// Optional turns the empty id into a null.
func Optional(id desk.ID) *desk.ID {
	if id == "" {
		return nil
	}
	return &id
}

// OrZero is what a column holds, and the zero value for a null.
func OrZero[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// Enqueue adds a job in the same transaction. A job that concerns a tenant
// carries it in its arguments, and its worker opens that tenant's transaction.
func (tx *Tx) Enqueue(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	_, err := tx.store.jobs.InsertTx(ctx, tx.Tx, args, opts)
	if err != nil {
		return fmt.Errorf("job %s: %w", args.Kind(), err)
	}
	return nil
}
