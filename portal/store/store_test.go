package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
)

// E4: what the check exists for must make it speak, or it proves nothing.
// Holds B13.
func TestCatalogueCheckNamesEveryHoleInTheTenantWall(t *testing.T) {
	t.Parallel()
	holes := []struct{ name, sql, want string }{
		{"none", ``, ""},
		{"table without row-level security", `create table leak (tenant_id uuid not null)`, "table_without_forced_policy: leak"},
		{"security that its owner escapes", `alter table tickets no force row level security`, "table_without_forced_policy: tickets"},
		{"table without a tenant", `create table leak (id uuid primary key); alter table leak enable row level security, force row level security`, "table_without_forced_policy: leak"},
		{"second policy", `create policy wide on tickets using (true)`, "policy_that_is_too_wide: tickets.wide"},
		{"policy for everybody under the look-up's name", `drop policy lookup on turns; create policy lookup on turns for select using (true)`, "policy_that_is_too_wide: turns.lookup"},
		{"missing policy", `drop policy tenant on tickets`, "policy_that_is_too_wide: tickets has no tenant policy"},
		{"view with its owner's rights", `create view every_ticket as select * from tickets`, "runs_with_owner_rights: every_ticket"},
		{"function with its owner's rights", `create function peek() returns bigint language sql security definer as 'select count(*) from tickets'`, "runs_with_owner_rights: peek()"},
		{"key to another tenant's row", `alter table ticket_counters add column of uuid references tenants`, "foreign_key_without_tenant: ticket_counters.ticket_counters_of_fkey"},
		{"unique key over all tenants", `create unique index told on users (login)`, "unique_key_that_tells: told"},
		{"application exempt from policies", `alter table users owner to conserje_app`, "role_has_too_much_power: users is owned by conserje_app"},
	}
	for _, hole := range holes {
		t.Run(hole.name, func(t *testing.T) {
			t.Parallel()
			admin := connect(t, storetest.URL(t))
			if _, err := admin.Exec(t.Context(), hole.sql); err != nil {
				t.Fatal(err)
			}
			got, err := store.CheckCatalogue(t.Context(), admin)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case hole.want == "" && len(got) > 0:
				t.Fatalf("a sound database was refused: %v", got)
			case hole.want != "" && !contains(got, hole.want):
				t.Fatalf("got %v, want %q", got, hole.want)
			}
		})
	}
}

func contains(list []string, want string) bool {
	return slices.Contains(list, want)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// E3: unset, empty and malformed all mean nothing, never everything.
func TestWithoutATenantThereAreNoRows(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url, 1)
	storetest.Tenant(t, s)
	admin := connect(t, url)
	for _, set := range []string{``, `set conserje.tenant = ''`, `set conserje.tenant = '00000000-0000-0000-0000-000000000000'`} {
		if _, err := admin.Exec(t.Context(), `reset conserje.tenant; `+set+`; set role conserje_app`); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := admin.QueryRow(t.Context(), `select count(*) from tenants`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%q: %d rows, %v", set, n, err)
		}
		if _, err := admin.Exec(t.Context(), `reset role`); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []desk.ID{"", "x", "'; select 1; --"} {
		err := s.Tenant(id).Tx(t.Context(), func(context.Context, *store.Tx) error { return nil })
		if desk.CodeOf(err) != desk.CodeInvalid {
			t.Errorf("tenant %q opened a transaction: %v", id, err)
		}
	}
}

// E2: one pooled connection, two tenants, transactions that are cancelled in
// their middle.
func TestPooledConnectionKeepsNothingOfTheTenantBefore(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.URL(t), 1)
	tenants := []desk.ID{storetest.Tenant(t, s), storetest.Tenant(t, s)}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 1_000 {
				want := tenants[(worker+i)%2]
				ctx, cancel := context.WithCancel(t.Context())
				if rand.IntN(4) == 0 {
					time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, cancel)
				}
				err := s.Tenant(want).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
					got, err := tx.ThisTenant(ctx)
					if err == nil && got.TenantID != want {
						t.Errorf("saw tenant %s instead of %s", got.TenantID, want)
					}
					return err
				})
				cancel()
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTransactionIsNotOpenedInsideAnother(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	storetest.InTx(t, s, tenant, func(ctx context.Context, _ *store.Tx) error {
		if s.Tenant(tenant).Tx(ctx, func(context.Context, *store.Tx) error { return nil }) == nil {
			t.Error("a second transaction opened inside the first")
		}
		return nil
	})
}

func TestWakeUpIsSentOnlyAfterTheCommit(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	woken := 0
	fail := errors.New("no")
	err := s.Tenant(tenant).Tx(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.AfterCommit(func(context.Context) { woken++ })
		return fail
	})
	if !errors.Is(err, fail) || woken != 0 {
		t.Fatalf("woken %d after a rollback, %v", woken, err)
	}
	storetest.InTx(t, s, tenant, func(_ context.Context, tx *store.Tx) error {
		tx.AfterCommit(func(context.Context) { woken++ })
		if woken != 0 {
			t.Error("woken before the commit")
		}
		return nil
	})
	if woken != 1 {
		t.Fatalf("woken %d times", woken)
	}
}

// A turn's last write frees the row that its own heartbeat waits for, and the
// heartbeat then cancels the turn: the commit must have woken everybody.
func TestCommitThatHasBegunIsWaitedForAndWakesThoughItsContextEnds(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s := storetest.Open(t, url, 1)
	tenant := storetest.Tenant(t, s)
	if _, err := connect(t, url).Exec(t.Context(), `
		create function slow_commit() returns trigger language plpgsql as 'begin perform pg_sleep(0.4); return null; end';
		create constraint trigger slow_commit after insert on token_usage deferrable initially deferred for each row execute function slow_commit()`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	woken := false
	err := s.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		tx.AfterCommit(func(context.Context) { woken = true })
		time.AfterFunc(100*time.Millisecond, cancel)
		return tx.CountUsage(ctx, db.CountUsageParams{TenantID: tx.Tenant, InputTokens: 1})
	})
	if err != nil || !woken || ctx.Err() == nil {
		t.Errorf("woken %v, context %v, error %v", woken, ctx.Err(), err)
	}
	err = s.Tenant(tenant).Tx(ctx, func(context.Context, *store.Tx) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a transaction of a context that has ended: %v", err)
	}
}
