package store_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestWhatMatteredForAWhileIsForgottenAndNothingElse(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenants := []desk.ID{storetest.Tenant(t, s), storetest.Tenant(t, s)}
	left := func(tenant desk.ID) (list []string) {
		storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.QueryRow(ctx, `select array_agg(x order by x) from (select key as x from limits union all
				select key from idempotency_keys union all select user_agent from sessions) all_rows`).Scan(&list)
		})
		return list
	}
	for _, tenant := range tenants {
		ana := storetest.User(t, s, tenant, "", desk.RoleAdmin, "ana")
		storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `insert into limits (tenant_id, key, window_start) values ($1, 'old limit', now() - interval '49 hours'), ($1, 'a limit', now() - interval '25 hours')`, tenant)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `insert into idempotency_keys (tenant_id, user_id, key, request, status, response, created_at)
				select $1, $2, k, '', 200, '', now() - d from (values ('old key', interval '49 hours'), ('b key', interval '47 hours')) as v(k, d)`, tenant, ana.User)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `insert into sessions (tenant_id, id, user_id, token_hash, user_agent, expires_at, revoked_at)
				select $1, gen_random_uuid(), $2, convert_to(n, 'UTF8'), n, now() + e, now() + r from (values
					('old expired', interval '-31 days', null::interval), ('old revoked', interval '20 days', interval '-31 days'),
					('c expired', interval '-29 days', null), ('d revoked', interval '20 days', interval '-1 day'), ('e open', interval '20 days', null)) as v(n, e, r)`, tenant, ana.User)
			return err
		})
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		if got := left(tenant); len(got) != 5 || got[0] != "a limit" || got[4] != "e open" {
			t.Errorf("left: %q", got)
		}
	}
}
