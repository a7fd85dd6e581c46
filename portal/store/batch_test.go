package store_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func audited(t *testing.T, s *store.Store, tenant desk.ID) (actions []string) {
	t.Helper()
	storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select coalesce(array_agg(action order by at), '{}') from audit").Scan(&actions)
	})
	return actions
}

func TestABatchWritesInOrderWithItsTransaction(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	told := 0
	storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.Batch(ctx, func(b *store.Tx) error {
			b.AfterCommit(func(context.Context) { told++ })
			for _, action := range []string{"one.done", "two.done", "three.done"} {
				if err := b.Audit(ctx, store.AuditEntry{Action: action, Object: "test"}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if got := audited(t, s, tenant); len(got) != 3 || got[0] != "one.done" || got[2] != "three.done" || told != 1 {
		t.Errorf("%v, told %d times", got, told)
	}
}

func TestAFailedWriteOfABatchFailsTheTransaction(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	for name, bad := range map[string]func(ctx context.Context, b *store.Tx) error{
		"a row of another tenant": func(ctx context.Context, b *store.Tx) error {
			b.Tenant = desk.NewID()
			return b.Audit(ctx, store.AuditEntry{Action: "bad.done", Object: "test"})
		},
		"reading": func(ctx context.Context, b *store.Tx) error {
			_, err := b.ClockTime(ctx)
			return err
		},
	} {
		err := s.Tenant(tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Batch(ctx, func(b *store.Tx) error {
				if err := b.Audit(ctx, store.AuditEntry{Action: "good.done", Object: "test"}); err != nil {
					return err
				}
				return bad(ctx, b)
			})
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := audited(t, s, tenant); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
