package tickets_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

func (b *bundle) addStatus(kind tickets.StatusKind, name string) tickets.Status {
	b.t.Helper()
	r, err := b.service.AddStatus(as(b.t, b.adam), tickets.StatusDraft{Kind: kind, Names: &tickets.Names{"en": name, "es": name + " (es)"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Key
}

func (b *bundle) move(id desk.ID, to tickets.Status) {
	b.t.Helper()
	if _, err := b.service.Change(as(b.t, b.tess), id, tickets.Change{Status: &to}); err != nil {
		b.t.Fatal(err)
	}
}

func TestOwnStatusWorksLikeItsKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	vendor, done := b.addStatus(tickets.KindPending, "With the vendor"), b.addStatus(tickets.KindResolved, "Swapped")
	if vendor != "with-the-vendor" {
		t.Errorf("key %q", vendor)
	}
	conv, ticket := b.chat(b.ana)
	b.move(ticket.ID, vendor)
	queue, err := b.service.List(as(t, b.tess), tickets.Filter{View: tickets.ViewQueue})
	if err != nil || len(queue.Items) != 1 || queue.Items[0].Status != vendor || queue.Items[0].Kind != tickets.KindPending {
		t.Fatalf("the queue: %+v %v", queue.Items, err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error { return tx.HearTickets(ctx, conv) })
	if d, err := b.service.Get(as(t, b.ana), ticket.ID); err != nil || d.Status != tickets.StatusOpen {
		t.Errorf("what waited for the user waits on: %s %v", d.Status, err)
	}
	b.move(ticket.ID, done)
	if queue, err = b.service.List(as(t, b.tess), tickets.Filter{View: tickets.ViewQueue}); err != nil || len(queue.Items) != 0 {
		t.Errorf("a status of the kind resolved is in the queue: %+v %v", queue.Items, err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error { return tx.HearTickets(ctx, conv) })
	if d, err := b.service.Get(as(t, b.ana), ticket.ID); err != nil || d.Status != done {
		t.Errorf("a done ticket was opened by a word in the chat: %s %v", d.Status, err)
	}
}

func TestR20ReopeningFromAnOwnStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	b.move(ticket.ID, b.addStatus(tickets.KindResolved, "Swapped"))
	b.set("reopen", "false")
	_, err := b.service.Reply(as(t, b.ana), ticket.ID, "again", false)
	wantRule(t, err, policy.RuleReopen)
	open := tickets.StatusOpen
	_, err = b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Status: &open})
	wantRule(t, err, policy.RuleReopen)
	b.set("reopen", "true")
	if _, err := b.service.Reply(as(t, b.ana), ticket.ID, "again", false); err != nil {
		t.Fatal(err)
	}
	if d, err := b.service.Get(as(t, b.ana), ticket.ID); err != nil || d.Status != tickets.StatusOpen {
		t.Errorf("%s %v", d.Status, err)
	}
}

// R19, R26: what an admin hides is gone for users at their next request, and
// nowhere else.
func TestR19StatusIsHiddenAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	vendor := b.addStatus(tickets.KindPending, "With the vendor")
	ticket := b.create(b.ana, "Printer")
	b.move(ticket.ID, vendor)
	for _, c := range []struct {
		what string
		hide func()
		sees bool
	}{
		{"a new status is visible", func() {}, true},
		{"hidden with the status", func() {
			no := false
			if _, err := b.service.ChangeStatus(as(t, b.adam), vendor, tickets.StatusDraft{Visible: &no}); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"shown by the policy", func() { b.set("visible_statuses", `["new","with-the-vendor"]`) }, true},
		{"hidden by the policy", func() { b.set("visible_statuses", `["new","open"]`) }, false},
	} {
		c.hide()
		for _, who := range []desk.Viewer{b.ana, b.ben} {
			_, err := b.service.Get(as(t, who), ticket.ID)
			page, listErr := b.service.List(as(t, who), tickets.Filter{})
			list, statusErr := b.service.Statuses(as(t, who))
			named := slices.ContainsFunc(list, func(s tickets.StatusInfo) bool { return s.Key == vendor })
			if (err == nil) != c.sees || (len(page.Items) == 1) != c.sees || named != c.sees || listErr != nil || statusErr != nil {
				t.Errorf("%s, as %s: %v, %d in the list, named %v, %v %v", c.what, who.Name, err, len(page.Items), named, listErr, statusErr)
			}
		}
		if _, err := b.service.Get(as(t, b.tess), ticket.ID); err != nil {
			t.Errorf("%s, as tess: %v", c.what, err)
		}
	}
}

func TestStatusInUseIsRemovedOnlyWithAReplacement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	vendor := b.addStatus(tickets.KindPending, "With the vendor")
	var ids []desk.ID
	for range 3 {
		ticket := b.create(b.ana, "Printer")
		b.move(ticket.ID, vendor)
		ids = append(ids, ticket.ID)
	}
	err := b.service.RemoveStatus(as(t, b.adam), vendor, "")
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodeInUse || e.Params["tickets"] != int64(3) || e.Params["name"] != "With the vendor" {
		t.Fatalf("%v %+v", err, e)
	}
	if err := b.service.RemoveStatus(as(t, b.adam), vendor, tickets.StatusPending); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		d, err := b.service.Get(as(t, b.tess), id)
		if err != nil || d.Status != tickets.StatusPending || d.Version != 3 {
			t.Errorf("%s version %d %v", d.Status, d.Version, err)
		}
	}
	var lines int
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select count(*) from audit where action = 'ticket.changed' and detail -> 'status' = '["with-the-vendor", "pending"]'`).Scan(&lines)
	})
	if lines != 3 {
		t.Errorf("%d lines in the audit log", lines)
	}
	_, err = b.service.Change(as(t, b.tess), ids[0], tickets.Change{Status: &vendor})
	wantCode(t, "a removed status", err, desk.CodeInvalid)
	wantCode(t, "a built-in one", b.service.RemoveStatus(as(t, b.adam), tickets.StatusOpen, tickets.StatusNew), desk.CodeBuiltIn)
}

func TestStatusesAreCalledAsTheirReaderSpeaks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	vendor := b.addStatus(tickets.KindPending, "With the vendor")
	renamed := tickets.Names{"de": "In Arbeit"}
	if _, err := b.service.ChangeStatus(as(t, b.adam), tickets.StatusOpen, tickets.StatusDraft{Names: &renamed}); err != nil {
		t.Fatal(err)
	}
	spaniard, german := b.ana, b.ana
	spaniard.Language, german.Language = "es", "de"
	for _, c := range []struct {
		who  desk.Viewer
		key  tickets.Status
		want string
	}{
		{b.ana, vendor, "With the vendor"},
		{spaniard, vendor, "With the vendor (es)"},
		{german, vendor, "With the vendor"},
		{german, "open", "In Arbeit"},
		{b.ana, "open", "In Arbeit"},
		{spaniard, "new", "Nuevo"},
		{b.ana, "pending", "Waiting for you"},
		{b.tess, "pending", "Waiting for the user"},
	} {
		list, err := b.service.Statuses(as(t, c.who))
		i := slices.IndexFunc(list, func(s tickets.StatusInfo) bool { return s.Key == c.key })
		if err != nil || i < 0 || list[i].Name != c.want {
			t.Errorf("%s in %s: %+v %v, want %s", c.key, c.who.Language, list, err, c.want)
		}
	}
	_, err := b.service.AddStatus(as(t, b.adam), tickets.StatusDraft{Kind: tickets.KindOpen, Names: &tickets.Names{"en": "with the VENDOR"}})
	wantCode(t, "a name that another has", err, desk.CodeTaken)
	order := []tickets.Status{vendor, "closed", "resolved", "pending", "open", "new"}
	list, err := b.service.OrderStatuses(as(t, b.adam), order)
	if err != nil || list[0].Key != vendor || list[5].Key != "new" {
		t.Errorf("%+v %v", list, err)
	}
}
