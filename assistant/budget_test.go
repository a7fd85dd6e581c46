package assistant

import (
	"context"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/prompts"
)

func TestTokensAreChargedBeforeAndSettledAfter(t *testing.T) {
	b := newBench(t)
	b.fake.Add(modeltest.Text("one", " two"))
	var during int64
	b.passages = func(string) []kb.Hit {
		during = b.tokens()
		return nil
	}
	o := b.ask(b.ana, "What is a proxy?")
	if during < 2_000 {
		t.Errorf("%d tokens charged before the call", during)
	}
	b.service.Drain(t.Context()) // settling comes after the answer
	if got, want := b.tokens(), int64(o.message.Usage.Input+o.message.Usage.Output); got != want || want == 0 {
		t.Errorf("%d tokens charged in the end, %d used", got, want)
	}
}

func (b *bench) tokens() (n int64) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select (coalesce((select sum(input_tokens + output_tokens) from token_usage), 0) + coalesce((select sum(tokens) from token_holds), 0))::bigint").Scan(&n)
	})
	return n
}

func (b *bench) spend(tokens int64) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.HoldTokens(ctx, db.HoldTokensParams{TenantID: tx.Tenant, Day: "2026-11-23", Shard: 99, Tokens: tokens})
	})
}

// Holds P15.
func TestASpentDayIsSaidAndAsksNoModel(t *testing.T) {
	b := newBench(t, func(c *Config) { c.DayTokens = 100_000 })
	b.spend(99_000)
	o := b.ask(b.ana, "What is a proxy?")
	if b.fake.Count() != 0 || o.message.Text != prompts.Text("en", "budget_spent", nil) || o.end.Code != desk.CodeRateLimited {
		t.Errorf("%d requests, %q, %+v", b.fake.Count(), o.message.Text, o.end)
	}
	b.service.Drain(t.Context())
	if got := b.tokens(); got != 99_000 {
		t.Errorf("%d tokens charged", got)
	}
}

func TestOnePersonCannotSpendEverybodysDay(t *testing.T) {
	b := newBench(t, func(c *Config) { c.PersonTokens = 20_000 })
	b.fake.Add(modeltest.Text("to ana"), modeltest.Text("to ben"))
	spent := func(v desk.Viewer) (n int) {
		storetest.InTx(t, b.store, v.Tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.QueryRow(ctx, "select coalesce(sum(hits), 0) from limits where key = 'tokens:' || $1::text", v.User).Scan(&n)
		})
		return n
	}
	b.ask(b.ana, "What is a proxy?")
	b.sql("update limits set hits = 1000000 where key = 'tokens:' || $1::text", b.ana.User)
	if o := b.ask(b.ana, "And a gateway?"); o.message.Text != prompts.Text("en", "budget_spent", nil) || o.end.Code != desk.CodeRateLimited {
		t.Errorf("%q, %+v", o.message.Text, o.end)
	}
	o := b.ask(b.ben, "What is a proxy?")
	if n := b.fake.Count(); n != 2 || o.message.Text != "to ben" {
		t.Errorf("ben: %q, %+v, %d requests", o.message.Text, o.end, n)
	}
	b.service.Drain(t.Context()) // settling comes after the answer
	if got, want := spent(b.ben), o.message.Usage.Input+o.message.Usage.Output; got != want || want == 0 {
		t.Errorf("ben is charged %d tokens and used %d", got, want)
	}
}

func TestAFailedTurnIsChargedForWhatItUsed(t *testing.T) {
	b := newBench(t)
	b.fake.Add(modeltest.Cut("some words", " and more"))
	o := b.ask(b.ana, "hello")
	b.service.Drain(t.Context())
	if got := b.tokens(); o.end.Reason != desk.TurnFailed || got < 500 || got > 20_000 {
		t.Errorf("%d tokens charged, %+v", got, o.end)
	}
}

func TestTokensOfATurnAreBounded(t *testing.T) {
	b := newBench(t, func(c *Config) { c.TurnTokens = 8_000 })
	n := 0
	b.fake.Handle(endless(func(int) []modeltest.Call {
		n++
		return []modeltest.Call{{Name: prompts.ToolGet, Arguments: `{"number":` + strings.Repeat("1", n) + `}`}}
	}))
	o := b.ask(b.ana, "loop")
	if b.fake.Count() > 3 || o.message.Text != "That is what I found." {
		t.Errorf("%d requests, %q", b.fake.Count(), o.message.Text)
	}
}
