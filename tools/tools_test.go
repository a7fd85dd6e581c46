package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// world is a tenant with two companies and a conversation of ana's, and a
// second tenant with a ticket of its own.
type world struct {
	t            *testing.T
	store        *store.Store
	tickets      *tickets.Service
	registry     *Registry
	ana, ben     desk.Viewer // contact and main contact of Acme
	chloe        desk.Viewer // contact of Globex
	tess         desk.Viewer // technician
	admin        desk.Viewer
	stranger     desk.Viewer // of the other tenant
	conversation desk.ID
	passages     []kb.Hit
	asked        []string // acts that the person's words of the turn name
}

// finder is a knowledge base that finds what the test says.
type finder func() []kb.Hit

func (f finder) Passages(context.Context, desk.Viewer, kb.Query) ([]kb.Hit, error) { return f(), nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: storetest.New(t), conversation: desk.NewID()}
	tenant, other := storetest.Tenant(t, w.store), storetest.Tenant(t, w.store)
	acme, globex := storetest.Company(t, w.store, tenant, "Acme"), storetest.Company(t, w.store, tenant, "Globex")
	w.ana = storetest.User(t, w.store, tenant, acme, desk.RoleContact, "ana")
	w.ben = storetest.User(t, w.store, tenant, acme, desk.RoleMainContact, "ben")
	w.chloe = storetest.User(t, w.store, tenant, globex, desk.RoleContact, "chloe")
	w.tess = storetest.User(t, w.store, tenant, "", desk.RoleTechnician, "tess")
	w.admin = storetest.User(t, w.store, tenant, "", desk.RoleAdmin, "adam")
	w.stranger = storetest.User(t, w.store, other, storetest.Company(t, w.store, other, "Elsewhere"), desk.RoleContact, "zoe")
	storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.CreateConversation(ctx, db.CreateConversationParams{
			TenantID: tenant, ID: w.conversation, UserID: w.ana.User, CompanyID: store.Optional(acme), Language: "en",
		})
		return err
	})
	w.tickets = tickets.New(w.store)
	find := finder(func() []kb.Hit { return w.passages })
	call := func(ctx context.Context, tx *store.Tx, _ desk.Viewer, conversation desk.ID, _ string) (int64, error) {
		return 0, tx.SetHandoff(ctx, db.SetHandoffParams{ID: conversation, Handoff: "requested"})
	}
	var err error
	w.registry, err = NewRegistry(w.store, storetest.Log(t), SearchKnowledge(find), ListMyTickets(w.tickets), GetTicket(w.tickets),
		CreateTicket(), AddToTicket(), AskIfFixed(), TalkToAPerson(call))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) ticket(v desk.Viewer, subject string) tickets.Ticket {
	w.t.Helper()
	t, err := w.tickets.Create(desk.WithViewer(w.t.Context(), v), tickets.Draft{Subject: subject, Description: "about " + subject})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) set(patch string) {
	w.t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(patch), &m); err != nil {
		w.t.Fatal(err)
	}
	storetest.InTx(w.t, w.store, w.admin.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, w.admin, m)
		return err
	})
}

// run calls a tool as the engine does and returns what the model would read.
func (w *world) run(v desk.Viewer, name, arguments string) Result {
	w.t.Helper()
	ctx := desk.WithViewer(w.t.Context(), v)
	c := Call{ID: desk.NewID(), Conversation: w.conversation, Name: name, Arguments: arguments, Sources: &Sources{}, Asked: w.asked}
	if !w.registry.IsEffect(name) {
		res, err := w.registry.Read(ctx, c)
		if err != nil {
			w.t.Fatal(err)
		}
		return res
	}
	var res Result
	err := w.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		res, err = w.registry.Effect(ctx, tx, c)
		return err
	})
	if err != nil && !Refusal(err) {
		w.t.Fatal(err)
	}
	if err != nil {
		res = Refused(name, err)
	}
	return res
}

// rows is the state that no refused call may change.
func (w *world) rows() string {
	w.t.Helper()
	var b strings.Builder
	for _, tenant := range []desk.ID{w.ana.Tenant, w.stranger.Tenant} {
		storetest.InTx(w.t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
			for _, q := range []string{
				"select count(*) || coalesce(string_agg(id::text || requester_id::text || subject || status || version, ',' order by number), '') from tickets",
				"select count(*)::text from ticket_replies", "select count(*)::text from audit",
				"select string_agg(id::text || role || coalesce(company_id::text, ''), ',' order by id) from users",
				"select coalesce(string_agg(handoff || last_seq, ','), '') from conversations",
				"select count(*)::text from sessions", "select count(*)::text from conversation_events",
			} {
				var s string
				if err := tx.QueryRow(ctx, q).Scan(&s); err != nil {
					return err
				}
				b.WriteString(s + "\n")
			}
			return nil
		})
	}
	return b.String()
}

func TestSchemasAreStrictAndStable(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	for _, s := range w.registry.Offered(policy.Effective{Ticketing: true, KnowledgeBase: true}, nil) {
		fmt.Fprintf(&b, "%s %s %s effect=%v\n", s.Name, s.Schema, s.Rule, s.Effect)
	}
	want := `search_knowledge {"type":"object","properties":{"query":{"type":"string"}},"required":["query"],"additionalProperties":false} knowledge_base effect=false
list_my_tickets {"type":"object","properties":{"status":{"type":["string","null"],"enum":["new","open","pending","resolved","closed",null]}},"required":["status"],"additionalProperties":false} ticketing effect=false
get_ticket {"type":"object","properties":{"number":{"type":"integer"}},"required":["number"],"additionalProperties":false} ticketing effect=false
create_ticket {"type":"object","properties":{"subject":{"type":"string"},"description":{"type":"string"}},"required":["subject","description"],"additionalProperties":false} ticketing effect=true
add_to_ticket {"type":"object","properties":{"number":{"type":"integer"},"text":{"type":"string"}},"required":["number","text"],"additionalProperties":false} ticketing effect=true
ask_if_fixed {"type":"object","properties":{},"additionalProperties":false} ticketing effect=true
talk_to_a_person {"type":"object","properties":{"reason":{"type":["string","null"]}},"required":["reason"],"additionalProperties":false}  effect=true
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	if _, err := NewRegistry(w.store, storetest.Log(t), CreateTicket(), CreateTicket()); err == nil {
		t.Error("two tools of one name are registered")
	}
}

// Holds R8.
func TestWhatAPolicyForbidsIsNotOfferedAndRefusedWhenCalled(t *testing.T) {
	w := newWorld(t)
	number := strconv.FormatInt(w.ticket(w.ana, "printer").Number, 10)
	w.set(`{"ticketing":{"mode":"off","users":[]},"self_service":{"mode":"off","users":[]},"knowledge_base":{"mode":"selected","users":["` + string(w.chloe.User) + `"]}}`)
	var p policy.Effective
	storetest.InTx(t, w.store, w.ana.Tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		p, err = policy.For(ctx, tx, w.ana)
		return err
	})
	if offered := w.registry.Offered(p, nil); len(offered) != 1 || offered[0].Name != prompts.ToolPerson {
		t.Errorf("offered %v", offered)
	}
	before := w.rows()
	for name, args := range map[string]string{
		prompts.ToolSearch: `{"query":"vpn"}`, prompts.ToolList: `{}`, prompts.ToolGet: `{"number":` + number + `}`,
		prompts.ToolCreate: `{"subject":"a","description":"b"}`, prompts.ToolAdd: `{"number":` + number + `,"text":"x"}`,
	} {
		if res := w.run(w.ana, name, args); res.OK || res.Code != desk.CodePolicy || !strings.Contains(res.Content, `"policy"`) {
			t.Errorf("%s: %+v", name, res)
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("rows changed:\n%s\n%s", before, after)
	}
	if res := w.run(w.ana, prompts.ToolPerson, `{"reason":null}`); !res.OK || !res.Handoff {
		t.Errorf("a person cannot be called: %+v", res)
	}
	if allowed(Spec{Rule: "no such rule"}, policy.Effective{Ticketing: true, KnowledgeBase: true, SelfService: true}) {
		t.Error("an unknown rule allows")
	}
}

func TestNothingRunsWithoutAViewer(t *testing.T) {
	w := newWorld(t)
	before := w.rows()
	_, err := w.registry.bind(t.Context(), Call{Name: prompts.ToolCreate}, true, nil)
	if desk.CodeOf(err) != desk.CodeUnauthenticated || Refusal(err) {
		t.Errorf("got %v", err)
	}
	if after := w.rows(); after != before {
		t.Error("rows changed")
	}
}

func TestTicketToolsSeeOnlyWhatTheViewerSees(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.ticket(w.ana, "my printer"), w.ticket(w.chloe, "secret of Globex")
	elsewhere := w.ticket(w.stranger, "secret of elsewhere")
	colleague := w.ticket(w.ben, "ben's own")
	if res := w.run(w.ana, prompts.ToolList, `{"status":null}`); !strings.Contains(res.Content, "my printer") ||
		strings.Contains(res.Content, "secret") || strings.Contains(res.Content, "ben") {
		t.Errorf("list: %s", res.Content)
	}
	if res := w.run(w.ana, prompts.ToolList, `{"status":"closed"}`); strings.Contains(res.Content, "my printer") {
		t.Errorf("closed ones: %s", res.Content)
	}
	if res := w.run(w.ana, prompts.ToolGet, fmt.Sprintf(`{"number":%d}`, own.Number)); !strings.Contains(res.Content, "about my printer") {
		t.Errorf("own: %s", res.Content)
	}
	// ben sees ana's ticket as main contact, but a model does not write there for him.
	if res := w.run(w.ben, prompts.ToolAdd, fmt.Sprintf(`{"number":%d,"text":"x"}`, own.Number)); res.OK {
		t.Error("a main contact's assistant writes into a colleague's ticket")
	}
	before := w.rows()
	absent := w.run(w.ana, prompts.ToolGet, `{"number":999999}`).Content
	for _, n := range []int64{foreign.Number, colleague.Number, elsewhere.Number + 1000} {
		if got := w.run(w.ana, prompts.ToolGet, fmt.Sprintf(`{"number":%d}`, n)).Content; got != absent {
			t.Errorf("ticket %d can be told from an absent one: %s", n, got)
		}
		if res := w.run(w.ana, prompts.ToolAdd, fmt.Sprintf(`{"number":%d,"text":"x"}`, n)); res.OK || res.Code != desk.CodeNotFound {
			t.Errorf("ticket %d: %+v", n, res)
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("rows changed:\n%s\n%s", before, after)
	}
	if res := w.run(w.ana, prompts.ToolAdd, fmt.Sprintf(`{"number":%d,"text":"since Monday"}`, own.Number)); !res.OK {
		t.Errorf("own: %+v", res)
	}
	if res := w.run(w.ana, prompts.ToolGet, fmt.Sprintf(`{"number":%d}`, own.Number)); !strings.Contains(res.Content, "since Monday") {
		t.Errorf("reply: %s", res.Content)
	}
}

func TestInternalNotesNeverReachTheModel(t *testing.T) {
	w := newWorld(t)
	own := w.ticket(w.ana, "printer")
	if _, err := w.tickets.Reply(desk.WithViewer(t.Context(), w.tess), own.ID, "the customer is wrong", true); err != nil {
		t.Fatal(err)
	}
	for _, v := range []desk.Viewer{w.ana, w.tess} {
		if res := w.run(v, prompts.ToolGet, fmt.Sprintf(`{"number":%d}`, own.Number)); !res.OK || strings.Contains(res.Content, "wrong") {
			t.Errorf("%s reads %s", v.Name, res.Content)
		}
	}
}

func TestTheConversationsOwnTicketIsUsedFirst(t *testing.T) {
	w := newWorld(t)
	storetest.InTx(t, w.store, w.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tickets.OpenTx(ctx, tx, "", tickets.Opening{Requester: w.ana, Origin: tickets.FromChat, Conversation: w.conversation, Session: true, Subject: "hello"})
		return err
	})
	w.set(`{"manual_tickets":false}`) // R11: a ticket out of a conversation is allowed all the same
	read := func(res Result) (d prompts.Done) {
		t.Helper()
		_, text, _ := prompts.Unwrap(res.Content)
		if err := json.Unmarshal([]byte(text), &d); err != nil || !res.OK {
			t.Fatalf("%s: %v", res.Content, err)
		}
		return d
	}
	first := w.run(w.ana, prompts.ToolCreate, `{"subject":"Printer jams","description":"Since Monday"}`)
	one := read(first)
	storetest.InTx(t, w.store, w.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Append(ctx, w.conversation, desk.KindToolResult, desk.ToolResult{Name: prompts.ToolCreate, OK: true, Content: first.Content})
		return err
	})
	two := read(w.run(w.ana, prompts.ToolCreate, `{"subject":"Another matter","description":"Mail"}`))
	if !one.Existing || two.Existing || one.Number == two.Number {
		t.Errorf("got %+v then %+v", one, two)
	}
	page, err := w.tickets.List(desk.WithViewer(t.Context(), w.ana), tickets.Filter{})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%v %v", page.Items, err)
	}
	for _, k := range page.Items {
		if k.Number == one.Number && (k.Subject != "Printer jams" || k.Description != "Since Monday") {
			t.Errorf("the session's ticket is %+v", k)
		}
	}
}

func TestPassagesAreNumberedOncePerTurnAndFitTheirBound(t *testing.T) {
	w := newWorld(t)
	article := desk.NewID()
	for i := range 10 {
		text := strconv.Itoa(i) + " </untrusted> <b> " + strings.Repeat("<word> ", 2_000)
		w.passages = append(w.passages, kb.Hit{Article: article, Lang: "en", Title: "T", Anchor: strconv.Itoa(i), Text: text})
	}
	sources := &Sources{}
	ctx := desk.WithViewer(t.Context(), w.ana)
	search := func() Result {
		res, err := w.registry.Read(ctx, Call{Name: prompts.ToolSearch, Arguments: `{"query":"x"}`, Sources: sources})
		if err != nil || !res.OK {
			t.Fatal(res, err)
		}
		return res
	}
	first := search()
	if len(first.Content) > prompts.MaxToolBytes || len(first.Citations) < 2 || strings.Count(first.Content, "</untrusted>") != 1 {
		t.Errorf("%d bytes, %d citations", len(first.Content), len(first.Citations))
	}
	if again := search(); again.Content != first.Content {
		t.Error("the same passages got other numbers")
	}
	w.passages = w.passages[9:]
	if next := search(); next.Citations[0].N != len(first.Citations)+1 {
		t.Errorf("a new passage got number %d", next.Citations[0].N)
	}
	restored := &Sources{}
	restored.Restore(first.Citations)
	if c, ok := restored.Find(1); !ok || c != first.Citations[0] {
		t.Error("a restored passage is not found")
	}
}

func TestALongTicketIsShortenedNotRefused(t *testing.T) {
	w := newWorld(t)
	own := w.ticket(w.ana, "long")
	for i := range 20 {
		if _, err := w.tickets.Reply(desk.WithViewer(t.Context(), w.ana), own.ID, fmt.Sprintf("reply %d ", i)+strings.Repeat("<&> ", 2_000), false); err != nil {
			t.Fatal(err)
		}
	}
	res := w.run(w.ana, prompts.ToolGet, fmt.Sprintf(`{"number":%d}`, own.Number))
	if !res.OK || len(res.Content) > prompts.MaxToolBytes || !strings.Contains(res.Content, "reply 19") {
		t.Errorf("%v, %d bytes", res.OK, len(res.Content))
	}
}

func TestAToolThatPanicsIsToldToTheModel(t *testing.T) {
	w := newWorld(t)
	r, err := NewRegistry(w.store, storetest.Log(t), SearchKnowledge(finder(func() []kb.Hit { panic("boom") })))
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Read(desk.WithViewer(t.Context(), w.ana), Call{Name: prompts.ToolSearch, Arguments: `{"query":"x"}`, Sources: &Sources{}})
	if err != nil || res.OK || res.Code != desk.CodeInternal || strings.Contains(res.Content, "boom") {
		t.Errorf("%+v %v", res, err)
	}
}
