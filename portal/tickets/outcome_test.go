package tickets_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// Holds P5: the technician asks, and only the yes of whose problem it is
// resolves the ticket as confirmed.
func TestOnlyItsUserConfirmsThatATicketIsSolved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	_, err := b.service.AnswerFixed(as(t, b.ana), ticket.ID, true)
	wantCode(t, "nobody asked", err, desk.CodeConflict)
	_, err = b.service.AskIfFixed(as(t, b.ana), ticket.ID)
	wantCode(t, "a contact asks", err, desk.CodeForbidden)
	asked, err := b.service.AskIfFixed(as(t, b.tess), ticket.ID)
	if err != nil || !asked.FixAsked || asked.Kind.Done() || asked.Resolution != "" {
		t.Fatalf("asking resolves nothing: %+v %v", asked, err)
	}
	if _, err := b.service.AskIfFixed(as(t, b.tess), ticket.ID); err != nil {
		t.Fatal(err)
	}
	notes := 0
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		events, err := tx.Events(ctx, conv, 0, 100)
		for _, e := range events {
			if e.Kind == desk.KindNote {
				notes++
			}
		}
		return err
	})
	if notes != 1 {
		t.Errorf("the conversation is asked %d times", notes)
	}
	for _, who := range []desk.Viewer{b.ben, b.tess, b.adam} {
		_, err := b.service.AnswerFixed(as(t, who), ticket.ID, true)
		wantCode(t, who.Name+" answers", err, desk.CodeForbidden)
	}
	no, err := b.service.AnswerFixed(as(t, b.ana), ticket.ID, false)
	if err != nil || no.FixAsked || no.Status != tickets.StatusOpen || no.Resolution != "" {
		t.Errorf("no: %+v %v", no, err)
	}
	if _, err := b.service.AskIfFixed(as(t, b.tess), ticket.ID); err != nil {
		t.Fatal(err)
	}
	yes, err := b.service.AnswerFixed(as(t, b.ana), ticket.ID, true)
	if err != nil || yes.FixAsked || yes.Status != tickets.StatusResolved || yes.Resolution != tickets.ResolutionConfirmed {
		t.Errorf("yes: %+v %v", yes, err)
	}
}

// Holds P5, B4.
func TestResolutionSaysHowATicketEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		by     desk.Viewer
		path   []tickets.Status
		want   tickets.Resolution
		reopen bool
	}{
		{b.ana, []tickets.Status{"resolved"}, tickets.ResolutionConfirmed, false},
		{b.tess, []tickets.Status{"resolved"}, tickets.ResolutionAssumed, false},
		{b.tess, []tickets.Status{"closed"}, tickets.ResolutionNone, false},
		{b.tess, []tickets.Status{"resolved", "closed"}, tickets.ResolutionAssumed, false},
		{b.tess, []tickets.Status{"resolved", "open"}, "", false},
		{b.tess, []tickets.Status{"resolved"}, "", true},
	} {
		ticket := b.create(b.ana, "x")
		for _, s := range c.path {
			if _, err := b.service.Change(as(t, c.by), ticket.ID, tickets.Change{Status: &s}); err != nil {
				t.Fatal(err)
			}
		}
		if c.reopen {
			if _, err := b.service.Reply(as(t, b.ana), ticket.ID, "not yet", false); err != nil {
				t.Fatal(err)
			}
		}
		d, err := b.service.Get(as(t, b.ana), ticket.ID)
		if err != nil || d.Resolution != c.want {
			t.Errorf("%s %v: %q, want %q, %v", c.by.Name, c.path, d.Resolution, c.want, err)
		}
	}
}

func TestReplySetsTheStatusWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "x")
	_, err := b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: "hello", Change: setting("closed")})
	wantCode(t, "a contact", err, desk.CodeForbidden)
	_, err = b.service.Answer(as(t, b.tess), ticket.ID, tickets.Answer{Text: "hello", Change: setting("lost")})
	wantCode(t, "no such status", err, desk.CodeInvalid)
	if _, err := b.service.Answer(as(t, b.tess), ticket.ID, tickets.Answer{Text: "Please try again.", Change: setting("pending")}); err != nil {
		t.Fatal(err)
	}
	d, err := b.service.Get(as(t, b.ana), ticket.ID)
	if err != nil || d.Status != tickets.StatusPending || len(d.Replies) != 1 || d.Replies[0].Text != "Please try again." {
		t.Errorf("%+v %v", d, err)
	}
}

func TestBulkChangeReportsEachTicket(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.create(b.ana, "x"), b.create(b.chloe, "y")
	foreign, err := b.service.Create(as(t, b.zara), tickets.Draft{Subject: "z"})
	if err != nil {
		t.Fatal(err)
	}
	status, high := tickets.StatusPending, tickets.Priority("high")
	list, err := b.service.ChangeMany(as(t, b.tess), []desk.ID{one.ID, foreign.ID, two.ID}, tickets.Change{Status: &status, Priority: &high, Assignee: &b.adam.User})
	if err != nil || len(list) != 3 || !list[0].OK || list[1].OK || list[1].Code != desk.CodeNotFound || !list[2].OK {
		t.Errorf("%+v %v", list, err)
	}
	for _, id := range []desk.ID{one.ID, two.ID} {
		if d, err := b.service.Get(as(t, b.tess), id); err != nil || d.Status != status || d.Priority != high || d.Assignee.ID != b.adam.User {
			t.Errorf("%+v %v", d, err)
		}
	}
	_, err = b.service.ChangeMany(as(t, b.ben), []desk.ID{one.ID}, tickets.Change{Priority: &high})
	wantCode(t, "a contact", err, desk.CodeForbidden)
	_, err = b.service.ChangeMany(as(t, b.tess), make([]desk.ID, 101), tickets.Change{Priority: &high})
	wantCode(t, "too many", err, desk.CodeInvalid)
}

func TestStaleChangeIsToldWhatSomebodyElseChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "x")
	high, low := tickets.Priority("high"), tickets.Priority("low")
	if _, err := b.service.Change(as(t, b.adam), ticket.ID, tickets.Change{Priority: &high, Subject: new("secret words")}); err != nil {
		t.Fatal(err)
	}
	_, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Priority: &low, Version: ticket.Version})
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodeConflict || fmt.Sprint(e.Params["changed"]) != "[priority subject]" || fmt.Sprint(e.Params["by"]) != "[adam]" {
		t.Errorf("%v %+v", err, e)
	}
	edits, err := b.service.Changes(as(t, b.tess), ticket.ID)
	if err != nil || len(edits) != 1 || edits[0].By != "adam" || strings.Contains(string(edits[0].Changed), "secret words") {
		t.Errorf("%+v %v", edits, err)
	}
	_, err = b.service.Changes(as(t, b.ana), ticket.ID)
	wantCode(t, "a contact", err, desk.CodeForbidden)
}

// Holds P5: the assistant asks, in the conversation and about its open ticket;
// the ticket is resolved by its user's own answer and by nothing else (R20).
func TestTheAssistantAsksAndOnlyTheUserResolves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	ask := func() (asked tickets.Ticket, err error) {
		t.Helper()
		err = b.store.Tenant(b.tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			asked, err = tickets.AskInConversationTx(ctx, tx, conv)
			return err
		})
		return asked, err
	}
	asked, err := ask()
	if err != nil || asked.ID != ticket.ID || !asked.FixAsked || asked.Kind.Done() {
		t.Fatalf("%+v %v", asked, err)
	}
	if _, err := ask(); err != nil {
		t.Error("asking twice is no harm:", err)
	}
	if edits, err := b.service.Changes(as(t, b.tess), ticket.ID); err != nil || len(edits) != 1 || edits[0].By != "" {
		t.Errorf("%+v %v", edits, err)
	}
	if no, err := b.service.AnswerFixed(as(t, b.ana), ticket.ID, false); err != nil || no.Status != tickets.StatusOpen {
		t.Errorf("%+v %v", no, err)
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	yes, err := b.service.AnswerFixed(as(t, b.ana), ticket.ID, true)
	if err != nil || yes.Status != tickets.StatusResolved || yes.Resolution != tickets.ResolutionConfirmed {
		t.Errorf("%+v %v", yes, err)
	}
	_, err = ask()
	wantCode(t, "a resolved one", err, desk.CodeNotFound)
	b.set("reopen", `false`)
	_, err = b.service.AnswerFixed(as(t, b.ana), ticket.ID, false)
	wantCode(t, "no, after yes", err, desk.CodeConflict)

	conv, _ = b.chat(b.chloe)
	b.set("ticketing", `{"mode":"off"}`)
	_, err = ask()
	wantCode(t, "of whom sees no tickets", err, desk.CodeNotFound)
}

func setting(status tickets.Status) tickets.Change { return tickets.Change{Status: &status} }
