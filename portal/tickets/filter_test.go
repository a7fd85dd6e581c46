package tickets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// choiceOf is one of a built-in field's choices.
func (b *bundle) choiceOf(key string, n int) (field, option desk.ID) {
	b.t.Helper()
	form, err := b.service.Form(as(b.t, b.tess))
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(form, func(f tickets.FieldInfo) bool { return f.Key == key })
	return form[i].ID, form[i].Options[n].ID
}

func TestFilterHoldsAllOfWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(b.ana, "VPN is down")         // 1
	b.create(b.ben, "Printer 100% broken") // 2
	b.create(b.chloe, "Imprimante")        // 3
	conv, fourth := b.chat(b.ana)          // 4
	fifth := b.create(b.ana, "Old VPN")    // 5
	_, incident := b.choiceOf("type", 0)
	high := tickets.Priority("high")
	change := func(id desk.ID, c tickets.Change) {
		t.Helper()
		if _, err := b.service.Change(as(t, b.tess), id, c); err != nil {
			t.Fatal(err)
		}
	}
	change(fourth.ID, tickets.Change{Assignee: &b.tess.User, Fields: tickets.Values{"type": json.RawMessage(`"` + string(incident) + `"`)}})
	change(fifth.ID, tickets.Change{Priority: &high, Status: &b.statusDone})
	fields := map[tickets.FieldKind]desk.ID{}
	for _, f := range []struct {
		kind  tickets.FieldKind
		value string
	}{{tickets.FieldNumber, `1000000`}, {tickets.FieldDate, `"2026-03-29"`}, {tickets.FieldYesNo, `false`}, {tickets.FieldText, `"Room 12, second floor"`}} {
		row, err := b.service.AddField(as(t, b.adam), tickets.FieldDraft{Kind: f.kind, Names: &tickets.Names{"en": string(f.kind)}})
		if err != nil {
			t.Fatal(err)
		}
		fields[f.kind] = row.ID
		change(fourth.ID, tickets.Change{Fields: tickets.Values{string(row.ID): json.RawMessage(f.value)}})
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "update tickets set created_at = '2026-01-10', updated_at = '2026-02-01' where number = 2"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update conversations set handoff = 'requested' where id = $1`, conv)
		return err
	})
	field := func(name, value string) tickets.Narrow {
		return tickets.Narrow{Fields: []tickets.FieldMatch{{Field: name, Value: value}}}
	}
	at := func(day string) *time.Time {
		x, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return &x
	}
	acme := []desk.ID{b.ana.Company}
	for _, c := range []struct {
		name string
		f    tickets.Filter
		want []int64
	}{
		{"company", tickets.Filter{Narrow: tickets.Narrow{Companies: acme}}, []int64{4, 5, 1, 2}},
		{"company, page by page", tickets.Filter{Limit: 1, Narrow: tickets.Narrow{Companies: acme}}, []int64{4, 5, 1, 2}},
		{"priority", tickets.Filter{Narrow: tickets.Narrow{Priorities: []tickets.Priority{"high", "urgent"}}}, []int64{5}},
		{"technician", tickets.Filter{Narrow: tickets.Narrow{Assignees: []desk.ID{b.tess.User, b.adam.User}}}, []int64{4}},
		{"nobody's", tickets.Filter{Narrow: tickets.Narrow{Unassigned: true}}, []int64{5, 3, 1, 2}},
		{"nobody's of the open ones", tickets.Filter{View: tickets.ViewQueue, Narrow: tickets.Narrow{Unassigned: true}}, []int64{3, 1, 2}},
		{"mine of nobody's", tickets.Filter{View: tickets.ViewMine, Narrow: tickets.Narrow{Unassigned: true}}, nil},
		{"mine of another's", tickets.Filter{View: tickets.ViewMine, Narrow: tickets.Narrow{Assignees: []desk.ID{b.adam.User}}}, nil},
		{"type", tickets.Filter{Narrow: field("type", string(incident))}, []int64{4}},
		{"number", tickets.Filter{Narrow: field(string(fields[tickets.FieldNumber]), "1e6")}, []int64{4}},
		{"date", tickets.Filter{Narrow: field(string(fields[tickets.FieldDate]), "2026-03-29")}, []int64{4}},
		{"no", tickets.Filter{Narrow: field(string(fields[tickets.FieldYesNo]), "false")}, []int64{4}},
		{"yes", tickets.Filter{Narrow: field(string(fields[tickets.FieldYesNo]), "true")}, nil},
		{"words of a text", tickets.Filter{Narrow: field(string(fields[tickets.FieldText]), "SECOND floor")}, []int64{4}},
		{"a wildcard is a letter", tickets.Filter{Narrow: field(string(fields[tickets.FieldText]), "Room%")}, nil},
		{"opened before", tickets.Filter{Narrow: tickets.Narrow{CreatedTo: at("2026-01-11")}}, []int64{2}},
		{"opened from", tickets.Filter{Narrow: tickets.Narrow{CreatedFrom: at("2026-01-11")}}, []int64{4, 5, 3, 1}},
		{"changed between", tickets.Filter{Narrow: tickets.Narrow{UpdatedFrom: at("2026-02-01"), UpdatedTo: at("2026-02-02")}}, []int64{2}},
		{"handed off", tickets.Filter{View: tickets.ViewHandoff, Narrow: tickets.Narrow{Companies: acme}}, []int64{4}},
		{"handed off of another company", tickets.Filter{View: tickets.ViewHandoff, Narrow: tickets.Narrow{Companies: []desk.ID{b.chloe.Company}}}, nil},
		{"words", tickets.Filter{Query: "vpn", Narrow: tickets.Narrow{Companies: acme}}, []int64{5, 1}},
		{"words and priority", tickets.Filter{Query: "vpn", Narrow: tickets.Narrow{Priorities: []tickets.Priority{"high"}}}, []int64{5}},
		{"a name", tickets.Filter{Query: "chloe", Narrow: tickets.Narrow{Unassigned: true}}, []int64{3}},
		{"a number of a ticket", tickets.Filter{Query: "#3", Narrow: tickets.Narrow{Unassigned: true}}, []int64{3}},
		{"signs only", tickets.Filter{Query: "--", Narrow: tickets.Narrow{Unassigned: true}}, nil},
		{"all together", tickets.Filter{Query: "chat", View: tickets.ViewMine, Status: []tickets.Status{"new", "open"}, Narrow: tickets.Narrow{
			Companies: acme, Priorities: []tickets.Priority{"normal"}, Fields: []tickets.FieldMatch{{Field: "type", Value: string(incident)}}, CreatedFrom: at("2026-01-11"),
		}}, []int64{4}},
	} {
		if got := b.list(b.tess, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		who  desk.Viewer
		n    tickets.Narrow
		want desk.Code
	}{
		{"a contact", b.ana, tickets.Narrow{Companies: acme}, desk.CodeForbidden},
		{"a main contact by what is new", b.ben, tickets.Narrow{Unread: true}, desk.CodeForbidden},
		{"no priority", b.tess, tickets.Narrow{Priorities: []tickets.Priority{"loud"}}, desk.CodeInvalid},
		{"no id", b.tess, tickets.Narrow{Companies: []desk.ID{"acme"}}, desk.CodeInvalid},
		{"somebody and nobody", b.tess, tickets.Narrow{Assignees: []desk.ID{b.tess.User}, Unassigned: true}, desk.CodeInvalid},
		{"no field", b.tess, field("weather", "x"), desk.CodeInvalid},
		{"a column", b.tess, field("subject", "x"), desk.CodeInvalid},
		{"no choice", b.tess, field("type", string(desk.NewID())), desk.CodeInvalid},
		{"no number", b.tess, field(string(fields[tickets.FieldNumber]), "many"), desk.CodeInvalid},
		{"no day", b.tess, field(string(fields[tickets.FieldDate]), "2026-02-30"), desk.CodeInvalid},
	} {
		_, err := b.service.List(as(t, c.who), tickets.Filter{Narrow: c.n})
		wantCode(t, c.name, err, c.want)
	}
	foreign, err := b.service.List(as(t, b.zara), tickets.Filter{Narrow: tickets.Narrow{Companies: acme}})
	if err != nil || len(foreign.Items) != 0 {
		t.Errorf("another portal: %+v %v", foreign, err)
	}
}

// A frequent word and a rare one, a filter that fits few and one that fits most:
// whichever way the tickets are found, they are the same.
func TestFilterFindsEveryTicketHoweverManyFit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const many = 2500
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into tickets (tenant_id, id, number, requester_id, company_id, origin, subject, priority, updated_at)
			select $1, gen_random_uuid(), i, $2, $3, 'manual', case when i % 500 = 0 then 'Printer xylophone' else 'Printer' end,
			case when i % 5 = 0 then 'high' else 'normal' end, now() - interval '1 second' * i from generate_series(1, $4::int) i`, b.tenant, b.ana.User, b.ana.Company, many)
		return err
	})
	for _, c := range []struct {
		q    string
		want int
	}{{"printer", many / 5}, {"print xylo", many / 500}, {"ana", many / 5}} {
		got := b.list(b.tess, tickets.Filter{Query: c.q, Limit: 100, Narrow: tickets.Narrow{Priorities: []tickets.Priority{"high"}, Companies: []desk.ID{b.ana.Company}}})
		if len(got) != c.want || !slices.IsSorted(got) {
			t.Errorf("%s: %d tickets, want %d", c.q, len(got), c.want)
		}
	}
}

func TestUnreadIsWhatOthersDidSinceAPersonLooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	isNew := func(v desk.Viewer) bool {
		t.Helper()
		page, err := b.service.List(as(t, v), tickets.Filter{})
		if err != nil || len(page.Items) != 1 {
			t.Fatal(err, page)
		}
		d, err := b.service.Get(as(t, v), ticket.ID)
		if err != nil || d.Unread != page.Items[0].Unread {
			t.Errorf("%s: the page says %v, the list %v (%v)", v.Name, d.Unread, page.Items[0].Unread, err)
		}
		return d.Unread
	}
	look := func(v desk.Viewer) {
		t.Helper()
		d, err := b.service.Get(as(t, v), ticket.ID)
		if err == nil {
			err = b.service.Seen(as(t, v), ticket.ID, d.UpdatedAt)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(when string, who ...desk.Viewer) {
		t.Helper()
		for _, v := range []desk.Viewer{b.ana, b.ben, b.tess, b.adam} {
			expected := slices.ContainsFunc(who, func(w desk.Viewer) bool { return w.User == v.User })
			if got := isNew(v); got != expected {
				t.Errorf("%s: new for %s: %v", when, v.Name, got)
			}
		}
	}
	want("opened", b.ben, b.tess, b.adam)
	for _, v := range []desk.Viewer{b.ben, b.tess, b.adam} {
		look(v)
	}
	want("seen")
	reply := func(v desk.Viewer, internal bool) {
		t.Helper()
		if _, err := b.service.Reply(as(t, v), ticket.ID, "hello", internal); err != nil {
			t.Fatal(err)
		}
	}
	reply(b.tess, true)
	want("an internal note", b.adam)
	reply(b.tess, false)
	want("a reply", b.ana, b.ben, b.adam)
	look(b.ana)
	look(b.ben)
	reply(b.ana, false)
	want("an answer", b.ben, b.tess, b.adam)
	high := tickets.Priority("high")
	if _, err := b.service.ChangeMany(as(t, b.tess), []desk.ID{ticket.ID}, tickets.Change{Priority: &high}); err != nil {
		t.Fatal(err)
	}
	want("changed without a look", b.ben, b.tess, b.adam)
	early := time.Now().Add(-time.Hour)
	if err := b.service.Seen(as(t, b.tess), ticket.ID, early); err != nil {
		t.Fatal(err)
	}
	want("seen as it was an hour ago", b.ben, b.tess, b.adam)
	look(b.tess)
	low := tickets.Priority("low")
	if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Priority: &low}); err != nil {
		t.Fatal(err)
	}
	want("changed after a look", b.ben, b.adam)
	if got := b.list(b.tess, tickets.Filter{Narrow: tickets.Narrow{Unread: true}}); len(got) != 0 {
		t.Errorf("new for tess: %v", got)
	}
	if got := b.list(b.adam, tickets.Filter{Narrow: tickets.Narrow{Unread: true}}); len(got) != 1 {
		t.Errorf("new for adam: %v", got)
	}
	wantCode(t, "another company", b.service.Seen(as(t, b.chloe), ticket.ID, time.Now()), desk.CodeNotFound)
}

// Two looks at the clock for one change would leave some tickets new for ever.
func TestWhoHasSeenATicketUpToAChangeHasHeardWhatCameWithIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	for i := range 200 {
		status := []tickets.Status{"pending", "open"}[i%2]
		changed, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Status: &status})
		if err == nil {
			err = b.service.Seen(as(t, b.ana), ticket.ID, changed.UpdatedAt)
		}
		if err != nil {
			t.Fatal(err)
		}
		if seen, err := b.service.Get(as(t, b.ana), ticket.ID); err != nil || seen.Unread {
			t.Fatalf("change %d: unread %v (%v)", i, seen.Unread, err)
		}
	}
}

func TestASavedViewIsItsOwnersAndASharedOneIsKeptByAdmins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(b.ana, "VPN is down")
	b.create(b.chloe, "Imprimante")
	nobodys := &tickets.SavedFilter{View: tickets.ViewQueue, Narrow: tickets.Narrow{Unassigned: true}}
	acme := &tickets.SavedFilter{View: tickets.ViewQueue, Query: " vpn ", Narrow: tickets.Narrow{Companies: []desk.ID{b.ana.Company}}}
	shared, err := b.service.AddView(as(t, b.adam), tickets.ViewDraft{Name: new("Nobody's"), Shared: new(true), Filter: nobodys})
	if err != nil || shared.Count != 2 {
		t.Fatalf("%+v %v", shared, err)
	}
	own, err := b.service.AddView(as(t, b.tess), tickets.ViewDraft{Name: new("Acme"), Filter: acme})
	if err != nil || own.Count != 1 || own.Shared {
		t.Fatalf("%+v %v", own, err)
	}
	names := func(v desk.Viewer) (list []string) {
		t.Helper()
		all, err := b.service.Views(as(t, v))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			list = append(list, fmt.Sprint(x.Name, " ", x.Count))
		}
		return list
	}
	if got := names(b.tess); !slices.Equal(got, []string{"Nobody's 2", "Acme 1"}) {
		t.Errorf("tess has %v", got)
	}
	if got := names(b.adam); !slices.Equal(got, []string{"Nobody's 2"}) {
		t.Errorf("adam has %v", got)
	}
	if got := names(b.zara); len(got) != 0 {
		t.Errorf("another portal has %v", got)
	}
	_, err = b.service.Views(as(t, b.ben))
	wantCode(t, "a contact", err, desk.CodeForbidden)
	_, err = b.service.AddView(as(t, b.tess), tickets.ViewDraft{Name: new("x"), Shared: new(true), Filter: nobodys})
	wantCode(t, "a technician shares", err, desk.CodeForbidden)
	_, err = b.service.ChangeView(as(t, b.tess), shared.ID, tickets.ViewDraft{Name: new("x")})
	wantCode(t, "a technician changes a shared one", err, desk.CodeForbidden)
	wantCode(t, "a technician removes a shared one", b.service.RemoveView(as(t, b.tess), shared.ID), desk.CodeForbidden)
	_, err = b.service.ChangeView(as(t, b.adam), own.ID, tickets.ViewDraft{Name: new("x")})
	wantCode(t, "somebody else's", err, desk.CodeNotFound)
	_, err = b.service.ChangeView(as(t, b.tess), own.ID, tickets.ViewDraft{Shared: new(true)})
	wantCode(t, "a technician makes the own one shared", err, desk.CodeForbidden)
	_, err = b.service.AddView(as(t, b.tess), tickets.ViewDraft{Name: new(" "), Filter: nobodys})
	wantCode(t, "without a name", err, desk.CodeEmptyText)
	_, err = b.service.AddView(as(t, b.tess), tickets.ViewDraft{Name: new("x"), Filter: &tickets.SavedFilter{Status: []tickets.Status{"lost"}}})
	wantCode(t, "of no status", err, desk.CodeInvalid)
	if _, err := b.service.ChangeView(as(t, b.tess), own.ID, tickets.ViewDraft{Name: new("All of Acme"), Filter: &tickets.SavedFilter{Narrow: tickets.Narrow{Companies: []desk.ID{b.ana.Company}}}}); err != nil {
		t.Fatal(err)
	}
	if err := b.service.RemoveView(as(t, b.adam), shared.ID); err != nil {
		t.Fatal(err)
	}
	if got := names(b.tess); !slices.Equal(got, []string{"All of Acme 1"}) {
		t.Errorf("tess has %v", got)
	}
}

func TestRepliesComeByThePageAndAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Long")
	const many = 250
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into ticket_replies (tenant_id, id, ticket_id, author_id, text, internal, created_at)
			select $1, gen_random_uuid(), $2, $3, i::text, i % 10 = 0, now() - interval '1 hour' + interval '1 second' * (i / 2) from generate_series(1, $4::int) i`,
			b.tenant, ticket.ID, b.tess.User, many)
		return err
	})
	for _, c := range []struct {
		who  desk.Viewer
		want int
	}{{b.tess, many}, {b.ana, many * 9 / 10}} {
		d, err := b.service.Get(as(t, c.who), ticket.ID)
		if err != nil {
			t.Fatal(err)
		}
		all, cursor := d.Replies, d.Earlier
		for cursor != "" {
			var list []tickets.Reply
			if list, cursor, err = b.service.Replies(as(t, c.who), ticket.ID, cursor, 0); err != nil {
				t.Fatal(err)
			}
			if len(list) > 100 {
				t.Errorf("%d on one page", len(list))
			}
			all = append(list, all...)
		}
		seen := map[string]bool{}
		for _, r := range all {
			seen[r.Text] = true
		}
		if len(all) != c.want || len(seen) != c.want || !slices.IsSortedFunc(all, func(x, y tickets.Reply) int { return x.At.Compare(y.At) }) {
			t.Errorf("%s reads %d replies, %d of them once", c.who.Name, len(all), len(seen))
		}
	}
	for _, c := range []struct {
		who    desk.Viewer
		atMost int
	}{{b.ana, 300}, {b.tess, 2000}} {
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "insert into limits (tenant_id, key, window_start, hits) values ($1, $2, now(), $3)", b.tenant, "replies:"+string(c.who.User), c.atMost)
			return err
		})
		_, err := b.service.Reply(as(t, c.who), ticket.ID, "one more", false)
		wantCode(t, c.who.Name, err, desk.CodeRateLimited)
	}
}
