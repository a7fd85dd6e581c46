package assistant

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// bench is a portal with one tenant, its people and a fake model behind the
// real client; another tenant lives beside it.
type bench struct {
	t        testing.TB
	store    *store.Store
	tickets  *tickets.Service
	tools    *tools.Registry
	actions  *actions.Service // without a verifier: nothing goes beyond a confirmation
	ledger   *tools.Own
	service  *conversations.Service
	engine   *Engine
	fake     *modeltest.Server
	ana, ben desk.Viewer // contacts of Acme; ben is the main contact
	tess     desk.Viewer
	adam     desk.Viewer
	stranger desk.Viewer // of the other tenant
	passages func(text string) []kb.Hit
	wrap     func(ctx context.Context, t *conversations.Turn) error // instead of the engine
}

// settings change the engine's configuration before it is made.
type settings func(*Config)

func newBench(t testing.TB, change ...settings) *bench {
	t.Helper()
	b := &bench{t: t, store: storetest.New(t), fake: modeltest.Start()}
	t.Cleanup(b.fake.Close)
	tenant, other := storetest.Tenant(t, b.store), storetest.Tenant(t, b.store)
	acme := storetest.Company(t, b.store, tenant, "Acme")
	b.ana = storetest.User(t, b.store, tenant, acme, desk.RoleContact, "ana")
	b.ben = storetest.User(t, b.store, tenant, acme, desk.RoleMainContact, "ben")
	b.tess = storetest.User(t, b.store, tenant, "", desk.RoleTechnician, "tess")
	b.adam = storetest.User(t, b.store, tenant, "", desk.RoleAdmin, "adam")
	b.stranger = storetest.User(t, b.store, other, storetest.Company(t, b.store, other, "Elsewhere"), desk.RoleContact, "zoe")
	b.tickets = tickets.New(b.store)
	b.passages = func(string) []kb.Hit { return nil }
	provider, err := model.New(model.Config{BaseURL: b.fake.URL, Key: "sk-secret-key", Model: "fake", Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	log := storetest.Log(t)
	catalogue := software.New(b.store)
	b.actions = actions.New(actions.Config{Store: b.store, Catalogue: catalogue, Log: log, ProposalsAtMost: 100_000})
	b.ledger = &tools.Own{Software: catalogue, Actions: b.actions}
	b.tools, err = tools.NewRegistry(b.store, log, tools.All(b.store, b, b.tickets, b.ledger)...)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Store: b.store, Model: provider, Tools: b.tools, Ledger: b.ledger, Log: log, Now: func() time.Time {
		return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	}}
	for _, c := range change {
		c(&cfg)
	}
	if b.engine, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	b.service = conversations.New(conversations.Config{Store: b.store, Engine: b, Log: log, UserPerMinute: 10_000, ConversationsPerHour: 10_000})
	if err := b.service.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		b.service.Drain(ctx)
	})
	return b
}

// Run hands the turn to the engine, or to what the test put in its place.
func (b *bench) Run(ctx context.Context, t *conversations.Turn) error {
	if b.wrap != nil {
		return b.wrap(ctx, t)
	}
	return b.engine.Run(ctx, t)
}

// Search makes the bench a knowledge base.
func (b *bench) Passages(_ context.Context, _ desk.Viewer, q kb.Query) ([]kb.Hit, error) {
	return b.passages(q.Text), nil
}

func (b *bench) set(patch string) {
	b.t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(patch), &m); err != nil {
		b.t.Fatal(err)
	}
	storetest.InTx(b.t, b.store, b.adam.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, b.adam, m)
		return err
	})
}

func (b *bench) ticket(v desk.Viewer, subject, description string) tickets.Ticket {
	b.t.Helper()
	t, err := b.tickets.Create(desk.WithViewer(b.t.Context(), v), tickets.Draft{Subject: subject, Description: description})
	if err != nil {
		b.t.Fatal(err)
	}
	return t
}

// ended waits for the end of a turn and returns the conversation's log.
func (b *bench) ended(v desk.Viewer, conversation, turn desk.ID) []desk.Event {
	b.t.Helper()
	wake := make(chan struct{}, 1)
	cancel, err := b.store.Bus().Subscribe(store.ConversationSubject(v.Tenant, conversation), func([]byte) {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	defer cancel()
	late := time.After(20 * time.Second)
	for {
		events := b.log(v, conversation)
		for _, e := range events {
			if e.Kind == desk.KindTurnEnded && read[desk.TurnEnded](b.t, e).Turn == turn {
				return events
			}
		}
		select {
		case <-wake:
		case <-time.After(200 * time.Millisecond): // the end may have come before the subscription
		case <-late:
			b.t.Fatalf("the turn did not end; log: %s", kinds(events))
		}
	}
}

func (b *bench) log(v desk.Viewer, conversation desk.ID) (events []desk.Event) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, v.Tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		events, err = tx.Events(ctx, conversation, 0, 10_000)
		return err
	})
	return events
}

func read[T any](t testing.TB, e desk.Event) (v T) {
	t.Helper()
	if err := json.Unmarshal(e.Body, &v); err != nil {
		t.Fatalf("event %d: %v", e.Seq, err)
	}
	return v
}

func kinds(events []desk.Event) string {
	var list []string
	for _, e := range events {
		list = append(list, string(e.Kind))
	}
	return strings.Join(list, " ")
}

// outcome is what a turn came to, as the log says.
type outcome struct {
	events  []desk.Event
	message desk.AssistantMessage
	calls   []desk.ToolCall
	results []desk.ToolResult
	end     desk.TurnEnded
}

// ask says something in a new conversation and waits for the answer.
func (b *bench) ask(v desk.Viewer, text string) outcome {
	b.t.Helper()
	return b.askIn(v, desk.NewID(), text)
}

func (b *bench) askIn(v desk.Viewer, conversation desk.ID, text string) outcome {
	b.t.Helper()
	ack, err := b.service.Say(desk.WithViewer(b.t.Context(), v), conversations.Message{Conversation: conversation, ID: string(desk.NewID()), Text: text})
	if err != nil {
		b.t.Fatal(err)
	}
	return outcomeOf(b.t, b.ended(v, conversation, ack.Turn), ack.Turn)
}

func outcomeOf(t testing.TB, events []desk.Event, turn desk.ID) (o outcome) {
	t.Helper()
	o.events = events
	messages, ends := 0, 0
	for _, e := range events {
		switch e.Kind {
		case desk.KindAssistantMessage:
			if m := read[desk.AssistantMessage](t, e); m.Turn == turn {
				o.message = m
				messages++
			}
		case desk.KindToolCall:
			if c := read[desk.ToolCall](t, e); c.Turn == turn {
				o.calls = append(o.calls, c)
			}
		case desk.KindToolResult:
			if r := read[desk.ToolResult](t, e); r.Turn == turn {
				o.results = append(o.results, r)
			}
		case desk.KindTurnEnded:
			if x := read[desk.TurnEnded](t, e); x.Turn == turn {
				o.end = x
				ends++
			}
		}
	}
	if messages != 1 || ends != 1 {
		t.Errorf("%d final answers and %d ends in %s", messages, ends, kinds(events))
	}
	if len(o.calls) != len(o.results) {
		t.Errorf("%d calls and %d results in %s", len(o.calls), len(o.results), kinds(events))
	}
	return o
}

func vpn() []kb.Hit {
	return []kb.Hit{
		{Article: "01890000-0000-7000-8000-000000000001", Lang: "en", Title: "VPN", Heading: "Connect", Anchor: "connect", Text: "Open the client and press Connect."},
		{Article: "01890000-0000-7000-8000-000000000001", Lang: "en", Title: "VPN", Heading: "Trouble", Anchor: "trouble", Text: "Restart the client."},
	}
}

func (b *bench) validate() {
	b.t.Helper()
	for _, r := range b.fake.Requests() {
		modeltest.Validate(b.t, r)
	}
}
