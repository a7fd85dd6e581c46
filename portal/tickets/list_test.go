package tickets_test

import (
	"context"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

func (b *bundle) list(v desk.Viewer, f tickets.Filter) (numbers []int64) {
	b.t.Helper()
	for {
		page, err := b.service.List(as(b.t, v), f)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, t := range page.Items {
			numbers = append(numbers, t.Number)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return numbers
		}
	}
}

func TestListHoldsWhatWasAskedForAndMayBeSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(b.ana, "VPN is down")         // 1
	b.create(b.ben, "Printer 100% broken") // 2
	b.create(b.chloe, "Imprimante")        // 3
	conv, fourth := b.chat(b.ana)          // 4
	if _, err := b.service.Change(as(t, b.tess), fourth.ID, tickets.Change{Status: &b.statusOpen, Assignee: &b.tess.User}); err != nil {
		t.Fatal(err)
	}
	fifth := b.create(b.ana, "Old") // 5
	if _, err := b.service.Change(as(t, b.tess), fifth.ID, tickets.Change{Status: &b.statusDone}); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update conversations set handoff = 'requested' where id = $1`, conv)
		return err
	})
	for _, c := range []struct {
		name string
		who  desk.Viewer
		f    tickets.Filter
		want []int64
	}{
		{"own", b.ana, tickets.Filter{}, []int64{5, 4, 1}},
		{"own by name", b.ana, tickets.Filter{View: tickets.ViewMine}, []int64{5, 4, 1}},
		{"company", b.ben, tickets.Filter{}, []int64{5, 4, 2, 1}},
		{"company by name", b.ben, tickets.Filter{View: tickets.ViewCompany}, []int64{5, 4, 2, 1}},
		{"main contact's own", b.ben, tickets.Filter{View: tickets.ViewMine}, []int64{2}},
		{"all", b.tess, tickets.Filter{}, []int64{5, 4, 3, 2, 1}},
		{"page by page", b.tess, tickets.Filter{Limit: 2}, []int64{5, 4, 3, 2, 1}},
		{"one a page", b.ben, tickets.Filter{Limit: 1}, []int64{5, 4, 2, 1}},
		{"queue", b.tess, tickets.Filter{View: tickets.ViewQueue}, []int64{4, 3, 2, 1}},
		{"handoff", b.tess, tickets.Filter{View: tickets.ViewHandoff}, []int64{4}},
		{"given to me", b.tess, tickets.Filter{View: tickets.ViewMine}, []int64{4}},
		{"given to nobody here", b.adam, tickets.Filter{View: tickets.ViewMine}, nil},
		{"by status", b.ana, tickets.Filter{Status: []tickets.Status{"resolved", "open"}}, []int64{5, 4}},
		{"by word", b.tess, tickets.Filter{Query: "vpn"}, []int64{1}},
		{"by the beginnings of words in any order", b.tess, tickets.Filter{Query: "brok PRINT"}, []int64{2}},
		{"by a word with a wildcard in it", b.tess, tickets.Filter{Query: "1%"}, []int64{2}},
		{"by a wildcard alone", b.tess, tickets.Filter{Query: "%"}, nil},
		{"by words of which one is missing", b.tess, tickets.Filter{Query: "printer works"}, nil},
		{"page by page of what was searched for", b.tess, tickets.Filter{Query: "o", Limit: 1}, []int64{5, 3}},
		{"own by word", b.ana, tickets.Filter{Query: "down"}, []int64{1}},
		{"the company's by word", b.ben, tickets.Filter{Query: "vpn"}, []int64{1}},
		{"given to me by word", b.tess, tickets.Filter{View: tickets.ViewMine, Query: "vpn"}, nil},
		{"by name", b.tess, tickets.Filter{Query: "chloe"}, []int64{3}},
		{"by number", b.tess, tickets.Filter{Query: "#3"}, []int64{3}},
		{"by a colleague's word", b.chloe, tickets.Filter{Query: "vpn"}, nil},
	} {
		if got := b.list(c.who, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		who  desk.Viewer
		f    tickets.Filter
		want desk.Code
	}{
		{"queue for a contact", b.ana, tickets.Filter{View: tickets.ViewQueue}, desk.CodeForbidden},
		{"handoff for a main contact", b.ben, tickets.Filter{View: tickets.ViewHandoff}, desk.CodeForbidden},
		{"company for a contact", b.ana, tickets.Filter{View: tickets.ViewCompany}, desk.CodeForbidden},
		{"unknown view", b.tess, tickets.Filter{View: "x"}, desk.CodeInvalid},
		{"unknown status", b.tess, tickets.Filter{Status: []tickets.Status{"x"}}, desk.CodeInvalid},
		{"broken cursor", b.tess, tickets.Filter{Cursor: "x"}, desk.CodeInvalid},
		{"cursor beyond time", b.tess, tickets.Filter{Cursor: "OTk5OTk5OTk5OTk5OTk5OTk5IDAxOTJiNGI4"}, desk.CodeInvalid},
		{"query that is no text", b.tess, tickets.Filter{Query: "\xff"}, desk.CodeInvalidUTF8},
	} {
		_, err := b.service.List(as(t, c.who), c.f)
		wantCode(t, c.name, err, c.want)
	}
}

func TestASearchFollowsWhatTheTicketSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := b.create(b.ana, "Drucker-Treiber fehlt: «Größe A3»")
	find := func(q string) []int64 { return b.list(b.tess, tickets.Filter{Query: q}) }
	for _, q := range []string{"treiber", "GRÖß", "a3 drucker", "drucker-treiber", "«größe"} {
		if got := find(q); !slices.Equal(got, []int64{1}) {
			t.Errorf("%q: %v", q, got)
		}
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update tickets set subject = 'Monitor' where id = $1", k.ID)
		return err
	})
	if old, now := find("treiber"), find("monitor"); len(old) != 0 || !slices.Equal(now, []int64{1}) {
		t.Errorf("old words: %v, new words: %v", old, now)
	}
	var left int
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "delete from tickets where id = $1", k.ID); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select count(*) from ticket_words").Scan(&left)
	})
	if left != 0 {
		t.Errorf("%d words of no ticket", left)
	}
}

// A frequent word is looked for among the newest tickets first; the pages are
// the same as if every ticket had been looked at.
func TestAFrequentWordFindsEveryTicketPageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const many = 2100
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into tickets (tenant_id, id, number, requester_id, origin, subject, updated_at)
			select $1, gen_random_uuid(), i, $2, 'manual', case when i % 3 = 0 then 'Printers' else 'The printer' end, now() + interval '1 second' * i
			from generate_series(1, $3::int) i`, b.tenant, b.ana.User, many)
		return err
	})
	got := b.list(b.tess, tickets.Filter{Query: "printer", Limit: 100})
	if len(got) != many || got[0] != many || got[many-1] != 1 {
		t.Fatalf("%d tickets", len(got))
	}
	if !slices.IsSortedFunc(got, func(x, y int64) int { return int(y - x) }) {
		t.Error("not the newest first")
	}
}
