//go:build bench

package chat_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func crowdTokens(tenant desk.ID, n int) (tokens []string) {
	for i := range n {
		tokens = append(tokens, "crowd-"+string(tenant)+"-"+strconv.Itoa(i))
	}
	return tokens
}

// crowd makes n people with a session each, in two statements.
func (h *house) crowd(n int) (tokens []string) {
	h.t.Helper()
	tokens = crowdTokens(h.tenant, n)
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `
			with tokens as (select t, gen_random_uuid() as user_id, ordinality as i from unnest($3::text[]) with ordinality as u(t, ordinality)),
			made as (
			  insert into users (tenant_id, id, company_id, login, name, role)
			  select $1, user_id, $2, 'crowd-' || i, 'Crowd ' || i, 'contact' from tokens)
			insert into sessions (tenant_id, id, user_id, token_hash, expires_at)
			select $1, gen_random_uuid(), user_id, sha256(convert_to(t, 'UTF8')), now() + interval '1 day' from tokens`,
			h.tenant, h.company, tokens)
		return err
	})
	return tokens
}

// Issue 2, bench (b).
func TestBenchMemoryOfAnIdleConnection(t *testing.T) {
	n := 10_000
	if v, err := strconv.Atoi(os.Getenv("BENCH_SOCKETS")); err == nil {
		n = v
	}
	h := newHouse(t)
	h.crowd(n)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var table [][]string
	measure := func(name string, p *process, hello string) float64 {
		defer p.stop()
		before := p.weigh()
		idlers := start(t, exe, "idlers", idlersConfig{Addr: p.addr, Host: h.host, Tenant: h.tenant, Many: n, Hello: hello})
		defer idlers.stop()
		time.Sleep(25 * time.Second) // a ping has gone by
		after := p.weigh()
		if after.Sockets != n {
			t.Errorf("%s: %d sockets", name, after.Sockets)
		}
		per := func(a, b uint64) float64 { return float64(int64(a)-int64(b)) / float64(n) / 1024 }
		cpu := after.CPU
		time.Sleep(5 * time.Second)
		cpu = p.weigh().CPU - cpu
		table = append(table, []string{
			name, fmt.Sprintf("%.1f", per(after.RSS, before.RSS)), fmt.Sprintf("%.1f", per(after.Heap, before.Heap)),
			fmt.Sprintf("%.1f", per(after.Stacks, before.Stacks)), fmt.Sprintf("%.2f", float64(after.Goroutines-before.Goroutines)/float64(n)),
			fmt.Sprintf("%.1f %%", float64(cpu)/float64(5*time.Second)*100),
		})
		return per(after.RSS, before.RSS)
	}
	measure("bare Fiber websocket", start(t, exe, "bare", map[string]string{"Model": "http://127.0.0.1:1/v1"}), "hello")
	got := measure("conserje, conversation open", start(t, exe, "node", nodeConfig{Database: h.url, Model: "http://127.0.0.1:1/v1", Unlimited: true}), `{"type":"open"}`)
	show(t, fmt.Sprintf("(b) %d idle connections, KB each", n), []string{"", "RSS", "heap", "stacks", "goroutines", "CPU while idle"}, table)
	if got > 30 {
		t.Errorf("%.1f KB a connection, at most 30 wanted", got)
	}
}
