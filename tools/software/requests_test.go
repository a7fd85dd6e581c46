package software_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/software"
)

func (b *bundle) switchOff(name, value string) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, b.adam, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

func (b *bundle) conversation(v desk.Viewer) desk.ID {
	b.t.Helper()
	id := desk.NewID()
	b.exec(`insert into conversations (tenant_id, id, user_id, company_id) values ($1, $2, $3, $4)`, b.tenant, id, v.User, store.Optional(v.Company))
	return id
}

func (b *bundle) request(v desk.Viewer, name string, device, conversation desk.ID) (r software.Request, err error) {
	err = b.store.Tenant(v.Tenant).Tx(b.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		r, err = b.service.RequestTx(ctx, tx, v, name, "I draw our posters with it.", device, conversation)
		return err
	})
	return r, err
}

func (b *bundle) wish(v desk.Viewer, device, conversation desk.ID) software.Request {
	b.t.Helper()
	r, err := b.request(v, "Inkscape", device, conversation)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bundle) ticket(id desk.ID) tickets.Details {
	b.t.Helper()
	d, err := tickets.New(b.store).Get(as(b.t, b.tess), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func TestARequestOpensATicketInTheRequestersLanguage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ana.Language = "de"
	b.switchOff("ticketing", `{"mode":"off","users":[]}`) // the house's own ticket all the same
	device := b.device(b.ana, software.Windows)
	r := b.wish(b.ana, device, "")
	if r.State != software.RequestOpen || r.Device == nil || r.Device.ID != device || r.Requester.ID != b.ana.User {
		t.Fatalf("%+v", r)
	}
	// Holds R7: who sees no tickets is not told of this one either.
	own, _, err := b.service.Requests(as(t, b.ana), software.RequestFilter{})
	if err != nil || r.Ticket != nil || len(own) != 1 || own[0].Ticket != nil {
		t.Errorf("%+v %+v %v", r, own, err)
	}
	all, _, err := b.service.Requests(as(t, b.tess), software.RequestFilter{})
	if err != nil || len(all) != 1 || all[0].Ticket == nil {
		t.Fatalf("%+v %v", all, err)
	}
	d := b.ticket(all[0].Ticket.ID)
	if d.Subject != "Softwareanfrage: Inkscape" || !strings.Contains(d.Description, "posters") || !strings.Contains(d.Description, r.Device.Name) || d.Requester.ID != b.ana.User {
		t.Errorf("%+v", d.Ticket)
	}
	again := b.wish(b.ana, device, "")
	if again.ID != r.ID || b.count(b.tenant, "select count(*) from tickets") != 1 {
		t.Errorf("the same wish twice: %s and %s", r.ID, again.ID)
	}
}

func TestACodeInAWishIsMasked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`insert into actions (tenant_id, id, user_id, device_id, operation, source, state, digest, deadline, expires_at)
		values ($1, $2, $3, $4, 'restart', 'self_service', 'proposed', '\x00', now() + interval '10 minutes', now() + interval '1 hour')`,
		b.tenant, desk.NewID(), b.ana.User, b.device(b.ana, software.Windows))
	r, err := b.service.Request(as(t, b.ana), software.Wish{Name: "Program 493817", Reason: "493 817 came by SMS"})
	if err != nil || !strings.Contains(r.Name, desk.CodeMask) || !strings.Contains(r.Reason, desk.CodeMask) {
		t.Errorf("%+v %v", r, err)
	}
	d := b.ticket(r.Ticket.ID)
	if all := r.Name + r.Reason + d.Subject + d.Description; strings.Contains(all, "493") {
		t.Error(all)
	}
}

func TestARequestIsOnlyForOwnDevicesAndConversations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for what, c := range map[string][2]desk.ID{
		"another's device":       {b.device(b.chloe, software.Windows), ""},
		"another's conversation": {"", b.conversation(b.chloe)},
		"absent device":          {desk.NewID(), ""},
		"absent conversation":    {"", desk.NewID()},
	} {
		_, err := b.request(b.ana, "Inkscape", c[0], c[1])
		wantCode(t, what, err, desk.CodeNotFound)
	}
	for name, want := range map[string]desk.Code{
		"": desk.CodeEmptyText, "  ": desk.CodeEmptyText, "a\x00b": desk.CodeInvalidUTF8, "\xff": desk.CodeInvalidUTF8, strings.Repeat("x", 101): desk.CodeTextTooLong,
	} {
		_, err := b.request(b.ana, name, "", "")
		wantCode(t, name, err, want)
	}
	if n := b.count(b.tenant, "select (select count(*) from tickets) + (select count(*) from software_requests)"); n != 0 {
		t.Errorf("%d rows of refused requests", n)
	}
	for i := range 20 {
		if _, err := b.request(b.ana, "Program "+string(rune('A'+i)), "", ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.request(b.ana, "One more", "", "")
	wantCode(t, "the 21st of a day", err, desk.CodeRateLimited)
}

func TestRequestsAreListedToTheirOwnersAndToStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.wish(b.ana, "", "")
	b.wish(b.chloe, "", "")
	for _, c := range []struct {
		who  desk.Viewer
		want int
	}{{b.ana, 1}, {b.ben, 0}, {b.chloe, 1}, {b.tess, 2}, {b.zara, 0}} {
		list, _, err := b.service.Requests(as(t, c.who), software.RequestFilter{})
		if err != nil || len(list) != c.want {
			t.Errorf("%s: %d requests, %v", c.who.Name, len(list), err)
		}
	}
	first, next, err := b.service.Requests(as(t, b.tess), software.RequestFilter{State: software.RequestOpen, Limit: 1})
	if err != nil || len(first) != 1 || next == "" {
		t.Fatal(first, next, err)
	}
	second, end, err := b.service.Requests(as(t, b.tess), software.RequestFilter{Limit: 1, Cursor: next})
	if err != nil || len(second) != 1 || second[0].ID == first[0].ID || end != "" {
		t.Error(second, end, err)
	}
}

// Holds B11.
func TestAnApprovalAdmitsTheRequesterAndProposesTheInstall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation, device := b.conversation(b.ana), b.device(b.ana, software.Windows)
	b.device(b.ana, software.MacOS)
	r := b.wish(b.ana, device, conversation)
	d := draft("Inkscape")
	d.Audience = software.RowAudience{Mode: "users"}
	row := b.create(d)
	got, err := b.service.Approve(as(t, b.tess), r.ID, software.Approval{Software: row.ID, Answer: "Have fun."})
	if err != nil {
		t.Fatal(err)
	}
	if got.State != software.RequestApproved || got.Action == "" || got.Software.ID != row.ID || got.DecidedBy.ID != b.tess.User {
		t.Errorf("%+v", got)
	}
	want := software.Install{Device: device, Software: row.ID, Conversation: conversation, Request: r.ID}
	if len(b.proposed.calls) != 1 || b.proposed.calls[0] != want || b.proposed.owners[0].User != b.ana.User {
		t.Errorf("%+v for %+v", b.proposed.calls, b.proposed.owners)
	}
	if p, err := b.packageOf(b.ana, row.ID, software.Windows); err != nil || p.SoftwareVersion != row.Version {
		t.Errorf("%+v %v", p, err)
	}
	_, err = b.packageOf(b.ben, row.ID, software.Windows)
	wantCode(t, "a colleague", err, desk.CodeNotFound)
	ticket := b.ticket(r.Ticket.ID)
	if ticket.Status != tickets.StatusPending || len(ticket.Replies) != 1 || !strings.HasSuffix(ticket.Replies[0].Text, "\n\nHave fun.") {
		t.Errorf("%s %+v", ticket.Status, ticket.Replies)
	}
	if n := b.count(b.tenant, "select count(*) from audit where action = 'software.approved' and object_id = $1", r.ID); n != 1 {
		t.Errorf("%d audit rows", n)
	}
	if n := b.count(b.tenant, "select count(*) from conversation_events where conversation_id = $1 and kind = 'ticket'", conversation); n < 3 {
		t.Errorf("the conversation heard %d times", n)
	}
}

func TestAnApprovalWithoutADeviceTellsTheRequester(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row := b.create(draft("Inkscape"))
	for _, c := range []struct {
		name   string
		before func() software.Request
		refuse error
	}{
		{"no device at all", func() software.Request { return b.wish(b.chloe, "", "") }, nil},
		{"Linux only", func() software.Request { return b.wish(b.ben, b.device(b.ben, software.Linux), "") }, nil},
		{"two that fit", func() software.Request {
			b.device(b.ana, software.Windows)
			b.device(b.ana, software.MacOS)
			return b.wish(b.ana, "", "")
		}, nil},
		{"taken away meanwhile", func() software.Request {
			device := b.device(b.tess, software.Windows)
			r := b.wish(b.tess, device, "")
			b.exec(`delete from device_assignments where device_id = $1`, device)
			return r
		}, nil},
		{"refused by the ledger", func() software.Request { return b.wish(b.adam, b.device(b.adam, software.Windows), "") }, policy.Refuse(policy.RuleSelfService)},
	} {
		r := c.before()
		b.proposed.refuse = c.refuse
		got, err := b.service.Approve(as(t, b.tess), r.ID, software.Approval{Software: row.ID})
		if err != nil || got.State != software.RequestApproved || got.Action != "" {
			t.Errorf("%s: %+v %v", c.name, got, err)
			continue
		}
		d := b.ticket(r.Ticket.ID)
		if d.Status != tickets.StatusResolved || len(d.Replies) != 1 || d.Replies[0].Text == "" {
			t.Errorf("%s: %s %+v", c.name, d.Status, d.Replies)
		}
	}
	if len(b.proposed.calls) != 0 {
		t.Errorf("%+v", b.proposed.calls)
	}
}

func TestAFailingLedgerLeavesTheRequestOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row, r := b.create(draft("Inkscape")), b.wish(b.ana, b.device(b.ana, software.Windows), "")
	b.proposed.refuse = context.DeadlineExceeded
	if _, err := b.service.Approve(as(t, b.tess), r.ID, software.Approval{Software: row.ID}); err == nil {
		t.Error("approved")
	}
	if n := b.count(b.tenant, "select (select count(*) from ticket_replies) + (select count(*) from software_requests where state <> 'open')"); n != 0 {
		t.Errorf("%d rows of a failed approval", n)
	}
}

func TestADeclineNeedsAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.wish(b.ana, "", "")
	_, err := b.service.Decline(as(t, b.tess), r.ID, " ")
	wantCode(t, "no answer", err, desk.CodeEmptyText)
	for _, who := range []desk.Viewer{b.ana, b.ben} {
		_, err := b.service.Decline(as(t, who), r.ID, "no")
		wantCode(t, who.Name, err, desk.CodeForbidden)
	}
	_, err = b.service.Decline(as(t, b.zara), r.ID, "no")
	wantCode(t, "another tenant's admin", err, desk.CodeNotFound)
	got, err := b.service.Decline(as(t, b.tess), r.ID, "We have Affinity.")
	if err != nil || got.State != software.RequestDeclined || got.Answer != "We have Affinity." {
		t.Errorf("%+v %v", got, err)
	}
	if d := b.ticket(r.Ticket.ID); d.Status != tickets.StatusResolved || !strings.Contains(d.Replies[0].Text, "Affinity") {
		t.Errorf("%s %+v", d.Status, d.Replies)
	}
}

func TestOfTwoWhoDecideAtOnceOneWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row, r := b.create(draft("Inkscape")), b.wish(b.ana, b.device(b.ana, software.Windows), b.conversation(b.ana))
	const staff = 8
	errs := make([]error, staff)
	var wg sync.WaitGroup
	for i := range staff {
		wg.Go(func() {
			if i%2 == 0 {
				_, errs[i] = b.service.Approve(as(t, b.tess), r.ID, software.Approval{Software: row.ID})
			} else {
				_, errs[i] = b.service.Decline(as(t, b.adam), r.ID, "no")
			}
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantCode(t, "who came later", err, desk.CodeConflict)
		}
	}
	if won != 1 || b.count(b.tenant, "select count(*) from ticket_replies") != 1 || len(b.proposed.calls) > 1 {
		t.Errorf("%d won, %d proposals", won, len(b.proposed.calls))
	}
}
