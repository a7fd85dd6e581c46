package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// conversation makes a conversation of a fresh user and returns both ids.
func conversation(t *testing.T, s *store.Store) (tenant, id desk.ID) {
	t.Helper()
	tenant = storetest.Tenant(t, s)
	ana := storetest.User(t, s, tenant, storetest.Company(t, s, tenant, "Acme"), desk.RoleContact, "ana")
	id = desk.NewID()
	storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into conversations (tenant_id, id, user_id, company_id) values ($1, $2, $3, $4)`,
			tenant, id, ana.User, ana.Company)
		return err
	})
	return tenant, id
}

func TestParallelAppendsLeaveNoGapAndAnIntactChain(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant, id := conversation(t, s)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 25 {
				err := s.Tenant(tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.Append(ctx, id, desk.KindNote, desk.Note{Code: fmt.Sprintf("n%d-%d", w, i)})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		events, err := tx.Events(ctx, id, 0, 1000)
		if err != nil {
			return err
		}
		for i, e := range events {
			if e.Seq != int64(i+1) {
				t.Fatalf("event %d has sequence number %d", i+1, e.Seq)
			}
		}
		if len(events) != 200 {
			t.Errorf("%d events, want 200", len(events))
		}
		broken, err := tx.VerifyChain(ctx, id)
		if broken != 0 {
			t.Errorf("chain broken at %d", broken)
		}
		return err
	})
}

// Holds B12.
func TestChainShowsWhereTheRecordWasTampered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		want      int64
	}{
		{"text changed", `update conversation_events set body = '{"code":"forged"}' where seq = 3`, 3},
		{"kind changed", `update conversation_events set kind = 'staff_message' where seq = 2`, 2},
		{"time changed", `update conversation_events set at = at + interval '1 second' where seq = 4`, 4},
		{"event removed", `delete from conversation_events where seq = 3`, 3},
		{"last event removed", `delete from conversation_events where seq = 5`, 5},
		{"person erased", `update conversation_events set body = null, salt = null where seq = 3`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := storetest.URL(t)
			s := storetest.Open(t, url, 0)
			tenant, id := conversation(t, s)
			storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
				for i := range 5 {
					if _, err := tx.Append(ctx, id, desk.KindNote, desk.Note{Code: fmt.Sprint(i)}); err != nil {
						return err
					}
				}
				return nil
			})
			if _, err := connect(t, url).Exec(t.Context(), c.sql); err != nil {
				t.Fatal(err)
			}
			storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
				broken, err := tx.VerifyChain(ctx, id)
				if broken != c.want {
					t.Errorf("broken at %d, want %d", broken, c.want)
				}
				return err
			})
		})
	}
}

func TestApplicationCannotRewriteTheLog(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant, id := conversation(t, s)
	for _, sql := range []string{
		`update conversation_events set kind = 'note'`,
		`delete from conversation_events`,
		`update audit set action = 'x'`,
		`delete from audit`,
	} {
		err := s.Tenant(tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, sql)
			return err
		})
		if err == nil {
			t.Errorf("%s was allowed", sql)
		}
	}
	_ = id
}

func TestAppendToAForeignConversationFindsNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	_, id := conversation(t, s)
	other := storetest.Tenant(t, s)
	err := s.Tenant(other).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Append(ctx, id, desk.KindNote, desk.Note{Code: "x"})
		return err
	})
	if desk.CodeOf(err) != desk.CodeNotFound {
		t.Fatal(err)
	}
}

func TestChainHoldsWhileTheConversationGoesOn(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	tenant, id := conversation(t, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			err := s.Tenant(tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Append(ctx, id, desk.KindNote, desk.Note{Code: "x"})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	}()
	for going := true; going; {
		select {
		case <-done:
			going = false
		default:
		}
		storetest.InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
			broken, err := tx.VerifyChain(ctx, id)
			if broken != 0 {
				t.Errorf("chain broken at %d", broken)
			}
			return err
		})
	}
}
