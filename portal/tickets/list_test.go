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
		{"by a word with a wildcard in it", b.tess, tickets.Filter{Query: "0%"}, []int64{2}},
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
