package tickets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

type bundle struct {
	t                                 *testing.T
	store                             *store.Store
	service                           *tickets.Service
	tenant                            desk.ID
	ana, ben, chloe, gus, tess, adam  desk.Viewer // gus is Globex' main contact
	zara                              desk.Viewer // admin of another tenant
	statusOpen, statusDone, statusBad tickets.Status
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s := storetest.New(t)
	b := &bundle{t: t, store: s, service: tickets.New(s), tenant: storetest.Tenant(t, s)}
	acme, globex := storetest.Company(t, s, b.tenant, "Acme"), storetest.Company(t, s, b.tenant, "Globex")
	b.ana = storetest.User(t, s, b.tenant, acme, desk.RoleContact, "ana")
	b.ben = storetest.User(t, s, b.tenant, acme, desk.RoleMainContact, "ben")
	b.chloe = storetest.User(t, s, b.tenant, globex, desk.RoleContact, "chloe")
	b.gus = storetest.User(t, s, b.tenant, globex, desk.RoleMainContact, "gus")
	b.tess = storetest.User(t, s, b.tenant, "", desk.RoleTechnician, "tess")
	b.adam = storetest.User(t, s, b.tenant, "", desk.RoleAdmin, "adam")
	b.zara = storetest.User(t, s, storetest.Tenant(t, s), "", desk.RoleAdmin, "zara")
	b.statusOpen, b.statusDone, b.statusBad = tickets.StatusOpen, tickets.StatusResolved, "lost"
	return b
}

func as(t *testing.T, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func (b *bundle) create(v desk.Viewer, subject string) tickets.Ticket {
	b.t.Helper()
	t, err := b.service.Create(as(b.t, v), tickets.Draft{Subject: subject, Description: "It does not work."})
	if err != nil {
		b.t.Fatal(err)
	}
	return t
}

func (b *bundle) set(name, value string) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, b.adam, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

// chat makes a conversation of v with one message and a ticket from it.
func (b *bundle) chat(v desk.Viewer) (conv desk.ID, ticket tickets.Ticket) {
	b.t.Helper()
	conv = desk.NewID()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		if _, err := tx.Exec(ctx, `insert into conversations (tenant_id, id, user_id, company_id) values ($1, $2, $3, $4)`, b.tenant, conv, v.User, store.Optional(v.Company)); err != nil {
			return err
		}
		if _, err := tx.Append(ctx, conv, desk.KindUserMessage, desk.UserMessage{ID: "m", Text: "hello", Author: v.User}); err != nil {
			return err
		}
		ticket, err = tickets.FromConversationTx(ctx, tx, v, conv, "From the chat", "")
		return err
	})
	return conv, ticket
}

func (b *bundle) changes(conv desk.ID) (list []string) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		events, err := tx.Events(ctx, conv, 0, 100)
		for _, e := range events {
			var c desk.TicketChange
			if e.Kind == desk.KindTicket {
				if err := json.Unmarshal(e.Body, &c); err != nil {
					return err
				}
				list = append(list, c.Change+" "+c.Status)
			}
		}
		return err
	})
	return list
}

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodePolicy || e.Params["rule"] != rule {
		t.Errorf("%v, want a refusal by %s", err, rule)
	}
}

func wantCode(t *testing.T, what string, err error, want desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != want {
		t.Errorf("%s: code %q, want %q (%v)", what, got, want, err)
	}
}

// Holds R24.
func TestTicketIsSeenByItsPeopleAndDoesNotExistForOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	if ticket.Number != 1 || ticket.Status != tickets.StatusNew || ticket.Origin != tickets.FromForm || ticket.Company.Name != "Acme" {
		t.Errorf("%+v", ticket)
	}
	change := tickets.Change{Status: &b.statusDone}
	for _, c := range []struct {
		who  desk.Viewer
		sees bool
	}{{b.ana, true}, {b.ben, true}, {b.tess, true}, {b.adam, true}, {b.chloe, false}, {b.gus, false}, {b.zara, false}} {
		ctx := as(t, c.who)
		calls := map[string]func(id desk.ID, number int64) error{
			"get":        func(id desk.ID, _ int64) error { _, err := b.service.Get(ctx, id); return err },
			"by number":  func(_ desk.ID, n int64) error { _, err := b.service.ByNumber(ctx, n); return err },
			"transcript": func(id desk.ID, _ int64) error { _, err := b.service.Transcript(ctx, id); return err },
		}
		if !c.sees {
			calls["reply"] = func(id desk.ID, _ int64) error { _, err := b.service.Reply(ctx, id, "hi", false); return err }
			calls["change"] = func(id desk.ID, _ int64) error { _, err := b.service.Change(ctx, id, change); return err }
		}
		for name, call := range calls {
			err, absent := call(ticket.ID, 1), call(desk.NewID(), 99)
			if c.sees && err != nil {
				t.Errorf("%s as %s: %v", name, c.who.Name, err)
			}
			if !c.sees && (desk.CodeOf(err) != desk.CodeNotFound || err.Error() != absent.Error()) {
				t.Errorf("%s as %s: %v, and %v where nothing is", name, c.who.Name, err, absent)
			}
		}
		page, err := b.service.List(ctx, tickets.Filter{})
		if err != nil || (len(page.Items) == 1) != c.sees {
			t.Errorf("list as %s: %d tickets, %v", c.who.Name, len(page.Items), err)
		}
	}
}

func TestNumbersHaveNoGapAndNoTwin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var mu sync.Mutex
	var numbers []int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				ticket := b.create(b.ana, "x")
				mu.Lock()
				numbers = append(numbers, ticket.Number)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i+1) {
			t.Fatalf("numbers %v", numbers)
		}
	}
	other, err := b.service.Create(as(t, b.zara), tickets.Draft{Subject: "y"})
	if err != nil || other.Number != 1 {
		t.Errorf("another tenant starts at %d, %v", other.Number, err)
	}
}

func TestBadDraftIsRefusedWithItsField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		name  string
		draft tickets.Draft
		code  desk.Code
		field string
	}{
		{"no subject", tickets.Draft{Description: "x"}, desk.CodeEmptyText, "subject"},
		{"long subject", tickets.Draft{Subject: strings.Repeat("x", 201)}, desk.CodeTextTooLong, "subject"},
		{"long description", tickets.Draft{Subject: "x", Description: strings.Repeat("x", 20_001)}, desk.CodeTextTooLong, "description"},
		{"NUL", tickets.Draft{Subject: "a\x00"}, desk.CodeInvalidUTF8, "subject"},
		{"for somebody else", tickets.Draft{Subject: "x", Requester: b.chloe.User}, desk.CodeForbidden, "requester_id"},
	} {
		_, err := b.service.Create(as(t, b.ana), c.draft)
		var e *desk.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	forAna, err := b.service.Create(as(t, b.tess), tickets.Draft{Subject: "Called in", Requester: b.ana.User})
	if err != nil || forAna.Requester.ID != b.ana.User || forAna.Company == nil {
		t.Errorf("%+v %v", forAna, err)
	}
	_, err = b.service.Create(as(t, b.tess), tickets.Draft{Subject: "x", Requester: b.zara.User})
	wantCode(t, "for a person of another tenant", err, desk.CodeNotFound)
}

// Holds R7, R11.
func TestSwitchesRefuseByName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Before")
	b.set("manual_tickets", `false`)
	_, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x"})
	wantRule(t, err, policy.RuleManualTickets)
	if _, fromChat := b.chat(b.ana); fromChat.Origin != tickets.FromChat {
		t.Errorf("%+v", fromChat)
	}
	if _, err := b.service.Create(as(t, b.tess), tickets.Draft{Subject: "x"}); err != nil {
		t.Errorf("staff: %v", err)
	}
	b.set("ticketing", `{"mode":"selected","users":["`+string(b.ben.User)+`"]}`)
	for name, call := range map[string]func(v desk.Viewer) error{
		"list": func(v desk.Viewer) error { _, err := b.service.List(as(t, v), tickets.Filter{}); return err },
		"get":  func(v desk.Viewer) error { _, err := b.service.Get(as(t, v), ticket.ID); return err },
		"reply": func(v desk.Viewer) error {
			_, err := b.service.Reply(as(t, v), ticket.ID, "hi", false)
			return err
		},
		"transcript": func(v desk.Viewer) error { _, err := b.service.Transcript(as(t, v), ticket.ID); return err },
		"from the chat": func(v desk.Viewer) error {
			return b.store.Tenant(b.tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tickets.FromConversationTx(ctx, tx, v, "", "x", "")
				return err
			})
		},
	} {
		wantRule(t, call(b.ana), policy.RuleTicketing)
		for _, v := range []desk.Viewer{b.ben, b.tess} {
			if err := call(v); err != nil {
				t.Errorf("%s as %s: %v", name, v.Name, err)
			}
		}
	}
}

// Holds R19.
func TestHiddenStatusHidesTheTicketFromContactsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "x")
	b.set("visible_statuses", `["open","pending"]`)
	_, err := b.service.Get(as(t, b.ana), ticket.ID)
	wantCode(t, "hidden", err, desk.CodeNotFound)
	for who, want := range map[*desk.Viewer]int{&b.ana: 0, &b.ben: 0, &b.tess: 1} {
		page, err := b.service.List(as(t, *who), tickets.Filter{})
		if err != nil || len(page.Items) != want {
			t.Errorf("%s sees %d, %v", who.Name, len(page.Items), err)
		}
	}
}

// Holds R20.
func TestContactResolvesAndReopensOwnTicketsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	high, nobody := tickets.Priority("high"), desk.ID("")
	for _, c := range []struct {
		name   string
		who    desk.Viewer
		from   tickets.Status
		change tickets.Change
		reopen bool
		want   desk.Code
	}{
		{"resolve own", b.ana, "new", tickets.Change{Status: new(tickets.StatusResolved)}, true, ""},
		{"resolve pending", b.ana, "pending", tickets.Change{Status: new(tickets.StatusResolved)}, true, ""},
		{"close own", b.ana, "new", tickets.Change{Status: new(tickets.StatusClosed)}, true, desk.CodeForbidden},
		{"to pending", b.ana, "new", tickets.Change{Status: new(tickets.StatusPending)}, true, desk.CodeForbidden},
		{"reopen", b.ana, "resolved", tickets.Change{Status: new(tickets.StatusOpen)}, true, ""},
		{"reopen closed", b.ana, "closed", tickets.Change{Status: new(tickets.StatusOpen)}, true, ""},
		{"reopen where that is off", b.ana, "resolved", tickets.Change{Status: new(tickets.StatusOpen)}, false, desk.CodePolicy},
		{"staff reopen where that is off", b.tess, "resolved", tickets.Change{Status: new(tickets.StatusOpen)}, false, ""},
		{"priority", b.ana, "new", tickets.Change{Priority: &high}, true, desk.CodePolicy},
		{"assignee", b.ana, "new", tickets.Change{Assignee: &b.tess.User}, true, desk.CodePolicy},
		{"a colleague's", b.ben, "new", tickets.Change{Status: new(tickets.StatusResolved)}, true, desk.CodeForbidden},
		{"staff: priority", b.tess, "new", tickets.Change{Priority: &high}, true, ""},
		{"staff: assign", b.tess, "new", tickets.Change{Assignee: &b.adam.User}, true, ""},
		{"staff: assign nobody", b.tess, "new", tickets.Change{Assignee: &nobody}, true, ""},
		{"staff: assign a contact", b.tess, "new", tickets.Change{Assignee: &b.ana.User}, true, desk.CodeInvalid},
		{"staff: unknown status", b.tess, "new", tickets.Change{Status: &b.statusBad}, true, desk.CodeInvalid},
		{"staff: unknown priority", b.tess, "new", tickets.Change{Priority: new(tickets.Priority("mega"))}, true, desk.CodeInvalid},
		{"stale version", b.tess, "new", tickets.Change{Priority: &high, Version: 7}, true, desk.CodeConflict},
	} {
		b.set("reopen", fmt.Sprint(c.reopen))
		ticket := b.create(b.ana, c.name)
		if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Status: &c.from}); err != nil {
			t.Fatal(err)
		}
		before, err := b.service.Get(as(t, b.tess), ticket.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.service.Change(as(t, c.who), ticket.ID, c.change)
		wantCode(t, c.name, err, c.want)
		after, err := b.service.Get(as(t, b.tess), ticket.ID)
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" && after.Version != before.Version {
			t.Errorf("%s: refused and yet changed", c.name)
		}
	}
}

func TestOfTwoChangesAtOnceOneIsToldOfTheOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "x")
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			p := tickets.Priorities()[[]int{0, 2, 3}[i%3]]
			_, errs[i] = b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Priority: &p, Version: ticket.Version})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantCode(t, "the loser", err, desk.CodeConflict)
		}
	}
	if won != 1 {
		t.Errorf("%d changes of one version", won)
	}
}

func TestInternalReplyIsForStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	if _, err := b.service.Reply(as(t, b.tess), ticket.ID, "He forgot his password again.", true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Reply(as(t, b.tess), ticket.ID, "We look into it.", false); err != nil {
		t.Fatal(err)
	}
	_, err := b.service.Reply(as(t, b.ana), ticket.ID, "x", true)
	wantCode(t, "a contact's internal reply", err, desk.CodeForbidden)
	for who, want := range map[*desk.Viewer]int{&b.ana: 1, &b.ben: 1, &b.tess: 2} {
		d, err := b.service.Get(as(t, *who), ticket.ID)
		if err != nil || len(d.Replies) != want {
			t.Errorf("%s reads %d replies, %v", who.Name, len(d.Replies), err)
		}
	}
	want := []string{"opened new", "replied open", "status open"}
	if got := b.changes(conv); !slices.Equal(got, want) {
		t.Errorf("the conversation was told %q, want %q", got, want)
	}
}

func TestContactsReplyPutsTheTicketBackOnTheDesk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		from   tickets.Status
		reopen bool
		want   tickets.Status
	}{
		{"new", true, "new"},
		{"open", true, "open"},
		{"pending", true, "open"},
		{"pending", false, "open"},
		{"resolved", true, "open"},
		{"closed", true, "open"},
		{"resolved", false, "resolved"},
		{"closed", false, "closed"},
	} {
		b.set("reopen", fmt.Sprint(c.reopen))
		ticket := b.create(b.ana, "x")
		if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Status: &c.from}); err != nil {
			t.Fatal(err)
		}
		_, err := b.service.Reply(as(t, b.ana), ticket.ID, "and now?", false)
		if c.want == tickets.StatusResolved || c.want == tickets.StatusClosed {
			wantRule(t, err, policy.RuleReopen)
		} else if err != nil {
			t.Error(err)
		}
		d, err := b.service.Get(as(t, b.ana), ticket.ID)
		if err != nil || d.Status != c.want || (len(d.Replies) == 1) == (c.want == tickets.StatusResolved || c.want == tickets.StatusClosed) {
			t.Errorf("%s with reopen %v: %s, %d replies, %v", c.from, c.reopen, d.Status, len(d.Replies), err)
		}
	}
}

// Holds R25, B12.
func TestTranscriptIsTheConversationVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	for _, who := range []desk.Viewer{b.ana, b.ben, b.tess} {
		tr, err := b.service.Transcript(as(t, who), ticket.ID)
		if err != nil || !tr.Verified || len(tr.Events) != 2 || tr.Events[0].Kind != desk.KindUserMessage {
			t.Errorf("%s reads %+v, %v", who.Name, tr, err)
		}
	}
	manual := b.create(b.ana, "by hand")
	if tr, err := b.service.Transcript(as(t, b.ana), manual.ID); err != nil || len(tr.Events) != 0 || !tr.Verified {
		t.Errorf("%+v %v", tr, err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update conversation_events set body = '{}' where conversation_id = $1 and seq = 1`, conv)
		return err
	})
	if tr, err := b.service.Transcript(as(t, b.tess), ticket.ID); err != nil || tr.Verified {
		t.Errorf("a forged transcript passes: %v", err)
	}
}

func TestRequesterWithoutTicketingIsNotToldInTheChat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	b.set("ticketing", `{"mode":"off","users":[]}`)
	if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Status: &b.statusDone}); err != nil {
		t.Fatal(err)
	}
	if got := b.changes(conv); !slices.Equal(got, []string{"opened new"}) {
		t.Errorf("told %q", got)
	}
}

func TestEveryChangeIsAuditedWithoutTexts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "canary-subject")
	if _, err := b.service.Reply(as(t, b.tess), ticket.ID, "canary-reply", false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Assignee: &b.tess.User}); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		var actions, details string
		err := tx.QueryRow(ctx, `select string_agg(replace(action, 'ticket.', ''), ',' order by at, id), string_agg(detail::text, ' ') from audit where object_id = $1`, ticket.ID).Scan(&actions, &details)
		if actions != "opened,replied,changed,changed" || strings.Contains(details, "canary") {
			t.Errorf("audit %q %q", actions, details)
		}
		return err
	})
}
