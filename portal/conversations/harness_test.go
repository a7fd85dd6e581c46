package conversations_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
)

// world is a tenant with people of two companies, on one database and one bus
// that any number of nodes share.
type world struct {
	url                                    string
	bus                                    *bus.Bus
	store                                  *store.Store // of the test itself; never closed
	tenant                                 desk.ID
	ana, ben, chloe, tess, tom, adam, zara desk.Viewer // zara is of another tenant
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{url: storetest.URL(t)}
	var err error
	if w.bus, err = bus.Start("", storetest.Log(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.bus.Close)
	w.store = storetest.OpenOn(t, w.url, w.bus, 0)
	w.tenant = storetest.Tenant(t, w.store)
	acme, globex := storetest.Company(t, w.store, w.tenant, "Acme"), storetest.Company(t, w.store, w.tenant, "Globex")
	w.ana = storetest.User(t, w.store, w.tenant, acme, desk.RoleContact, "ana")
	w.ben = storetest.User(t, w.store, w.tenant, acme, desk.RoleMainContact, "ben")
	w.chloe = storetest.User(t, w.store, w.tenant, globex, desk.RoleContact, "chloe")
	w.tess = storetest.User(t, w.store, w.tenant, "", desk.RoleTechnician, "tess")
	w.tom = storetest.User(t, w.store, w.tenant, "", desk.RoleTechnician, "tom")
	w.adam = storetest.User(t, w.store, w.tenant, "", desk.RoleAdmin, "adam")
	other := storetest.Tenant(t, w.store)
	w.zara = storetest.User(t, w.store, other, "", desk.RoleAdmin, "zara")
	return w
}

// engineFunc is an engine in one function.
type engineFunc func(ctx context.Context, t *conversations.Turn) error

func (f engineFunc) Run(ctx context.Context, t *conversations.Turn) error { return f(ctx, t) }

// echo answers at once.
var echo = engineFunc(func(ctx context.Context, t *conversations.Turn) error {
	t.Delta("An ")
	t.Delta("answer.")
	return t.Finish(ctx, desk.AssistantMessage{Text: "An answer.", Model: "fake", Usage: desk.Usage{Input: 3, Output: 2}})
})

// quick are the settings of tests that wait for leases to run out.
func quick(c *conversations.Config) {
	c.Lease, c.Heartbeat, c.Poll, c.Takeover = 600*time.Millisecond, 100*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond
}

// node starts another node on the world's database, with a pool of its own, so
// that closing it is the death of the node.
func (w *world) node(t testing.TB, e conversations.Engine, set ...func(*conversations.Config)) (*conversations.Service, *store.Store) {
	t.Helper()
	own := storetest.OpenOn(t, w.url, w.bus, 0)
	cfg := conversations.Config{Store: own, Engine: e, Log: storetest.Log(t)}
	quick(&cfg)
	for _, f := range set {
		f(&cfg)
	}
	s := conversations.New(cfg)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Drain(ctx)
	})
	return s, own
}

func as(t testing.TB, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func (w *world) say(t testing.TB, s *conversations.Service, v desk.Viewer, conv desk.ID, text string) conversations.Ack {
	t.Helper()
	ack, err := s.Say(as(t, v), conversations.Message{Conversation: conv, ID: string(desk.NewID()), Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

// log reads a whole conversation and fails when its chain does not hold.
func (w *world) log(t testing.TB, conv desk.ID) (events []desk.Event) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		if events, err = tx.Events(ctx, conv, 0, 10_000); err != nil {
			return err
		}
		broken, err := tx.VerifyChain(ctx, conv)
		if broken != 0 {
			t.Errorf("chain broken at %d", broken)
		}
		return err
	})
	return events
}

func kinds(events []desk.Event) []desk.Kind {
	list := make([]desk.Kind, len(events))
	for i, e := range events {
		list[i] = e.Kind
	}
	return list
}

func body[T any](t testing.TB, e desk.Event) (v T) {
	t.Helper()
	if err := json.Unmarshal(e.Body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// ended waits for the end of a turn.
func (w *world) ended(t testing.TB, conv, turn desk.ID) desk.TurnEnded {
	t.Helper()
	var end desk.TurnEnded
	eventually(t, "turn "+string(turn)+" to end", func() bool {
		for _, e := range w.log(t, conv) {
			if e.Kind == desk.KindTurnEnded {
				if end = body[desk.TurnEnded](t, e); end.Turn == turn {
					return true
				}
			}
		}
		return false
	})
	return end
}

// answerOf is the assistant's message of a turn, and how many there are.
func (w *world) answerOf(t testing.TB, conv, turn desk.ID) (text string, n int) {
	t.Helper()
	for _, e := range w.log(t, conv) {
		if e.Kind == desk.KindAssistantMessage {
			if m := body[desk.AssistantMessage](t, e); m.Turn == turn {
				text = m.Text
				n++
			}
		}
	}
	return text, n
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (w *world) set(t testing.TB, name, value string) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, w.adam, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

// sql runs a statement inside the tenant.
func (w *world) sql(t testing.TB, statement string, args ...any) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, query, args...).Scan(&n)
	})
	return n
}

// gate is an engine that waits at a point until the test lets it go on.
type gate struct {
	once    sync.Once
	reached chan *conversations.Turn
	open    chan struct{}
}

func newGate() *gate {
	return &gate{reached: make(chan *conversations.Turn, 16), open: make(chan struct{})}
}

func (g *gate) release() { g.once.Do(func() { close(g.open) }) }

// wait reports that the turn is here and waits for the gate or the context.
func (g *gate) wait(ctx context.Context, t *conversations.Turn) error {
	g.reached <- t
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) turn(t testing.TB) *conversations.Turn {
	t.Helper()
	select {
	case turn := <-g.reached:
		return turn
	case <-time.After(20 * time.Second):
		t.Fatal("no turn reached the engine")
		return nil
	}
}

// slow shows some text, waits at the gate, and finishes.
func (g *gate) slow() engineFunc {
	return func(ctx context.Context, t *conversations.Turn) error {
		t.Delta("Half an ")
		if err := g.wait(ctx, t); err != nil {
			return err
		}
		t.Delta("answer.")
		return t.Finish(ctx, desk.AssistantMessage{Text: "Half an answer."})
	}
}

func wantCode(t testing.TB, err error, want desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != want {
		t.Errorf("code %q, want %q (%v)", got, want, err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

func asDesk(err error, e **desk.Error) bool { return errors.As(err, e) }
