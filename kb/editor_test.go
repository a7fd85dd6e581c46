package kb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func (b bundle) begin(t *testing.T, n kb.NewArticle) kb.EditedArticle {
	t.Helper()
	if n.Lang == "" {
		n.Lang = "en"
	}
	a, err := b.Create(t.Context(), b.admin, n)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (b bundle) publish(t *testing.T, id desk.ID, l kb.ArticleLanguage) kb.ArticleLanguage {
	t.Helper()
	out, err := b.Publish(t.Context(), b.admin, id, l.Lang, l.Version)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (b bundle) draft(t *testing.T, id desk.ID, l kb.ArticleLanguage, text kb.Text) kb.ArticleLanguage {
	t.Helper()
	out, err := b.SaveDraft(t.Context(), b.admin, id, l.Lang, l.Version, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// reachable says in which ways a viewer meets a word: by search, as an
// answer's passage, in the list, on the page.
func (b bundle) reachable(t *testing.T, v desk.Viewer, id desk.ID, word string) (ways []string) {
	t.Helper()
	for _, h := range b.find(t, v, word, "en") {
		if strings.Contains(strings.ToLower(h.Text+h.Title+h.Summary), word) {
			ways = append(ways, "search")
		}
	}
	hits, err := b.Passages(t.Context(), v, kb.Query{Text: word, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		if strings.Contains(strings.ToLower(h.Text+h.Title), word) {
			ways = append(ways, "passages")
		}
	}
	items, _, err := b.List(t.Context(), v, "en", "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if strings.Contains(strings.ToLower(i.Title+i.Summary), word) {
			ways = append(ways, "list")
		}
	}
	if a, err := b.Article(t.Context(), v, id, "en"); err == nil && strings.Contains(strings.ToLower(a.HTML+a.Title), word) {
		ways = append(ways, "page")
	} else if err != nil && desk.CodeOf(err) != desk.CodeNotFound {
		t.Fatal(err)
	}
	return ways
}

// P9, SECURITY B8: what is not published is met by nobody and in no way, not
// even by staff; published, by all of them at once.
func TestP9ADraftIsNeitherSearchedNorCitedNorRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := b.contact(t, "Acme")
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "Zebracables", Summary: "About zebracables.", Markdown: "Unplug the zebracable."}})
	for _, v := range []desk.Viewer{acme, b.admin} {
		if ways := b.reachable(t, v, a.ID, "zebracable"); len(ways) > 0 {
			t.Errorf("the draft is met by %s: %v", v.Role, ways)
		}
	}
	if n := b.count(t, "select (select count(*) from chunks) + (select count(*) from postings) + (select count(*) from chunk_vectors)"); n != 0 {
		t.Errorf("a draft has left %d rows for the search", n)
	}
	live := b.publish(t, a.ID, a.Languages[0])
	if live.Draft != nil || live.Live == nil || live.Live.Author == "" {
		t.Fatalf("%+v", live)
	}
	for _, v := range []desk.Viewer{acme, b.admin} {
		if ways := b.reachable(t, v, a.ID, "zebracable"); len(ways) < 4 {
			t.Errorf("the article is met by %s only by %v", v.Role, ways)
		}
	}
	// An edit of what is live is a draft again: the old text answers until then.
	drafted := b.draft(t, a.ID, live, kb.Text{Title: "Zebracables", Markdown: "Now use quokkacables."})
	if ways := b.reachable(t, acme, a.ID, "quokkacables"); len(ways) > 0 {
		t.Errorf("the edit is met: %v", ways)
	}
	live = b.publish(t, a.ID, drafted)
	if ways := b.reachable(t, acme, a.ID, "unplug"); len(ways) > 0 {
		t.Errorf("the old text is still met: %v", ways)
	}
	if _, err := b.Withdraw(t.Context(), b.admin, a.ID, "en", live.Version); err != nil {
		t.Fatal(err)
	}
	if ways := b.reachable(t, b.admin, a.ID, "quokkacables"); len(ways) > 0 {
		t.Errorf("what was withdrawn is met: %v", ways)
	}
	b.statisticsHold(t)
}

// SECURITY B8: nobody but an administrator writes, whatever the way.
func TestB8OnlyAnAdministratorWritesArticles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "A", Markdown: "b"}})
	v := a.Languages[0].Version
	technician := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	main := storetest.User(t, b.store, b.tenant, storetest.Company(t, b.store, b.tenant, "Globex"), desk.RoleMainContact, "ben")
	for _, who := range []desk.Viewer{{}, b.contact(t, "Acme"), main, technician} {
		ctx := t.Context()
		_, create := b.Create(ctx, who, kb.NewArticle{Lang: "en", Text: kb.Text{Title: "x"}})
		_, save := b.SaveDraft(ctx, who, a.ID, "en", v, kb.Text{Title: "x"})
		_, publish := b.Publish(ctx, who, a.ID, "en", v)
		_, withdraw := b.Withdraw(ctx, who, a.ID, "en", v)
		_, discard := b.DiscardDraft(ctx, who, a.ID, "en", v)
		_, restore := b.Restore(ctx, who, a.ID, "en", v, 1)
		_, set := b.Set(ctx, who, a.ID, a.Version, func(s *kb.Settings) { s.ReviewOn = "2030-01-01" })
		_, category := b.SaveCategory(ctx, who, kb.ArticleCategory{Names: map[desk.Language]string{"en": "x"}})
		_, order := b.OrderCategories(ctx, who, nil)
		for i, err := range []error{
			create, save, publish, withdraw, discard, restore, set, category, order,
			b.DeleteLanguage(ctx, who, a.ID, "en", v), b.Delete(ctx, who, a.ID), b.DeleteCategory(ctx, who, desk.NewID()),
		} {
			if desk.CodeOf(err) != desk.CodeForbidden {
				t.Errorf("%s, %d: %v", who.Role, i, err)
			}
		}
		_, read := b.Edit(ctx, who, a.ID)
		_, _, list := b.EditorList(ctx, who, kb.EditorFilter{})
		if staff := who.Role.Staff(); staff != (read == nil) || staff != (list == nil) {
			t.Errorf("%s reads drafts: %v %v", who.Role, read, list)
		}
	}
}

func TestP9EveryPublishedTextStaysAndCanBeRestored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "Backup", Markdown: "one"}})
	l := b.publish(t, a.ID, a.Languages[0])
	l = b.publish(t, a.ID, b.draft(t, a.ID, l, kb.Text{Title: "Backup", Markdown: "two"}))
	revisions, err := b.Revisions(t.Context(), b.admin, a.ID, "en")
	if err != nil || len(revisions) != 2 || revisions[0].Change != l.Version || revisions[0].Author == "" || revisions[1].Origin != "edited" {
		t.Fatalf("%+v %v", revisions, err)
	}
	old, err := b.Revision(t.Context(), b.admin, a.ID, "en", revisions[1].Change)
	if err != nil || old.Markdown != "one" {
		t.Fatalf("%+v %v", old, err)
	}
	l, err = b.Restore(t.Context(), b.admin, a.ID, "en", l.Version, old.Change)
	if err != nil || l.Draft == nil || l.Draft.Markdown != "one" || l.Live.Markdown != "two" {
		t.Fatalf("%+v %v", l, err)
	}
	if _, err := b.Restore(t.Context(), b.admin, a.ID, "en", l.Version, 99); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("a version that never was: %v", err)
	}
	b.publish(t, a.ID, l)
	if got := b.read(t, b.admin, "backup"); got.Markdown != "one" {
		t.Errorf("%+v", got)
	}
}

// The numbers that name texts never come back: who saw a draft that was thrown
// away cannot overwrite the next.
func TestP9AnEditOfATextThatIsNoMoreIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "A", Markdown: "b"}})
	live := b.publish(t, a.ID, a.Languages[0])
	first := b.draft(t, a.ID, live, kb.Text{Title: "A", Markdown: "first"})
	if _, err := b.DiscardDraft(t.Context(), b.admin, a.ID, "en", first.Version); err != nil {
		t.Fatal(err)
	}
	second := b.draft(t, a.ID, live, kb.Text{Title: "A", Markdown: "second"})
	for _, stale := range []int64{0, live.Version, first.Version} {
		_, save := b.SaveDraft(t.Context(), b.admin, a.ID, "en", stale, kb.Text{Title: "A", Markdown: "stale"})
		_, publish := b.Publish(t.Context(), b.admin, a.ID, "en", stale)
		_, withdraw := b.Withdraw(t.Context(), b.admin, a.ID, "en", stale)
		for _, err := range []error{save, publish, withdraw, b.DeleteLanguage(t.Context(), b.admin, a.ID, "en", stale)} {
			if desk.CodeOf(err) != desk.CodeConflict {
				t.Errorf("%d: %v", stale, err)
			}
		}
	}
	// Another language is another text.
	if _, err := b.SaveDraft(t.Context(), b.admin, a.ID, "de", 0, kb.Text{Title: "A", Markdown: "deutsch"}); err != nil {
		t.Error(err)
	}
	// An import goes live beside the draft, which says so.
	b.put(t, "", article(a.Key, "en", "A", "imported"))
	now, err := b.Edit(t.Context(), b.admin, a.ID)
	if err != nil || now.Languages[0].Draft == nil || !now.Languages[0].Draft.Stale || now.Languages[0].Version != second.Version {
		t.Errorf("%+v %v", now, err)
	}
}

func TestP9AnArticleMovesToOneCompanyAndBackWithAllThatIsSearched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "Zebracables", Markdown: "Unplug the zebracable."}})
	b.publish(t, a.ID, a.Languages[0])
	for _, c := range []struct {
		company desk.ID
		others  int
	}{{acme.Company, 0}, {"", 4}, {acme.Company, 0}} {
		now, err := b.Set(t.Context(), b.admin, a.ID, a.Version, func(s *kb.Settings) { s.Company = c.company })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Set(t.Context(), b.admin, a.ID, a.Version, func(s *kb.Settings) { s.ReviewOn = "2030-01-01" }); desk.CodeOf(err) != desk.CodeConflict {
			t.Errorf("settings that were not seen are changed: %v", err)
		}
		a = now
		if ways := b.reachable(t, globex, a.ID, "zebracable"); (len(ways) >= 4) != (c.others >= 4) || c.others == 0 && len(ways) > 0 {
			t.Errorf("for %q, another company: %v", c.company, ways)
		}
		if ways := b.reachable(t, acme, a.ID, "zebracable"); len(ways) < 4 {
			t.Errorf("for %q, the company itself: %v", c.company, ways)
		}
		stray := b.count(t, "select (select count(*) from chunks where audience is distinct from $1) + (select count(*) from postings where audience is distinct from $1) + (select count(*) from chunk_vectors where audience is distinct from $1)", store.Optional(c.company))
		if stray != 0 {
			t.Errorf("for %q: %d rows of the search say another company", c.company, stray)
		}
	}
}

func TestP9WhatIsDueForReviewIsListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.begin(t, kb.NewArticle{ReviewOn: "2020-02-29", Text: kb.Text{Title: "Past", Markdown: "x"}})
	b.begin(t, kb.NewArticle{ReviewOn: "2199-01-01", Text: kb.Text{Title: "Future", Markdown: "x"}})
	due, _, err := b.EditorList(t.Context(), b.admin, kb.EditorFilter{State: "due", Limit: 10})
	if err != nil || len(due) != 1 || due[0].Title != "Past" || due[0].ReviewOn != "2020-02-29" {
		t.Errorf("%+v %v", due, err)
	}
	if w, err := b.Waiting(t.Context(), b.admin); err != nil || w.Due != 1 || w.Drafts != 2 {
		t.Errorf("%+v %v", w, err)
	}
	for _, day := range []kb.Day{"yesterday", "2026-02-30", "0001-01-01", "2026-1-1"} {
		if _, err := b.Create(t.Context(), b.admin, kb.NewArticle{Lang: "en", ReviewOn: day, Text: kb.Text{Title: "x"}}); desk.CodeOf(err) != desk.CodeInvalid {
			t.Errorf("%s: %v", day, err)
		}
	}
}

func TestP9CategoriesShowWhatTheReaderMaySeeInTheirLanguage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	var ids []desk.ID
	for _, names := range []map[desk.Language]string{{"en": "Printing", "de": "Drucken"}, {"fr": "Réseau"}, {"en": "Empty"}} {
		c, err := b.SaveCategory(t.Context(), b.admin, kb.ArticleCategory{Names: names})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	for i, n := range []kb.NewArticle{{Category: ids[0]}, {Category: ids[0], Company: acme.Company}, {Category: ids[1]}} {
		n.Text = kb.Text{Title: strings.Repeat("x", i+1), Markdown: "text"}
		a := b.begin(t, n)
		b.publish(t, a.ID, a.Languages[0])
	}
	b.begin(t, kb.NewArticle{Category: ids[2], Text: kb.Text{Title: "only a draft", Markdown: "text"}})
	if _, err := b.OrderCategories(t.Context(), b.admin, []desk.ID{ids[1]}); err != nil {
		t.Fatal(err)
	}
	shelves, err := b.Shelves(t.Context(), globex, "de")
	if err != nil || len(shelves) != 2 || shelves[0].Name != "Réseau" || shelves[1].Name != "Drucken" || shelves[1].Articles != 1 {
		t.Errorf("%+v %v", shelves, err)
	}
	items, _, err := b.OnShelf(t.Context(), acme, ids[0], "en", "", 10)
	if err != nil || len(items) != 2 {
		t.Errorf("%+v %v", items, err)
	}
	if err := b.DeleteCategory(t.Context(), b.admin, ids[0]); err != nil {
		t.Fatal(err)
	}
	if all, _, err := b.List(t.Context(), acme, "en", "", 10); err != nil || len(all) != 3 {
		t.Errorf("articles of a deleted category: %+v %v", all, err)
	}
	for _, names := range []map[desk.Language]string{{}, {"en": "  "}, {"tlh": "x"}, {"en": strings.Repeat("x", 81)}} {
		if _, err := b.SaveCategory(t.Context(), b.admin, kb.ArticleCategory{Names: names}); err == nil {
			t.Errorf("%v is taken", names)
		}
	}
}

func TestP9AnImportArrivesAsDraftsAndOverwritesNobodysWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := b.contact(t, "Acme")
	bring := func(audience desk.ID, docs ...kb.Document) kb.Report {
		t.Helper()
		r, err := b.Import(t.Context(), b.admin, docs, kb.ImportOptions{Draft: true, Audience: audience})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := bring("", article("vpn", "en", "VPN", "Open the zebraclient."), article("vpn", "de", "VPN", "Öffnen Sie das Programm."))
	if r.Created != 2 || len(r.Drafts) != 2 || r.Drafts[0].Article != r.Drafts[1].Article {
		t.Fatalf("%+v", r)
	}
	id := r.Drafts[0].Article
	if ways := b.reachable(t, b.admin, id, "zebraclient"); len(ways) > 0 {
		t.Errorf("met before it is published: %v", ways)
	}
	if r = bring("", article("vpn", "en", "VPN", "Open the zebraclient.")); r.Unchanged != 1 || len(r.Drafts) != 0 {
		t.Errorf("the same again: %+v", r)
	}
	if r = bring("", article("vpn", "en", "VPN", "Another text.")); len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeDraftExists {
		t.Errorf("over a draft: %+v", r)
	}
	for _, l := range []desk.Language{"en", "de"} {
		a, err := b.Edit(t.Context(), b.admin, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, have := range a.Languages {
			if have.Lang == l {
				b.publish(t, id, have)
			}
		}
	}
	if r = bring("", article("vpn", "en", "VPN", "Open the zebraclient.")); r.Unchanged != 1 {
		t.Errorf("what is published, again: %+v", r)
	}
	if r = bring(acme.Company, article("vpn", "en", "VPN", "For one company.")); len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeOtherAudience {
		t.Errorf("for other readers: %+v", r)
	}
	if r = bring("", article("vpn", "en", "VPN", "Open the newclient.")); r.Updated != 1 {
		t.Errorf("an edit: %+v", r)
	}
	if ways := b.reachable(t, b.admin, id, "zebraclient"); len(ways) < 3 {
		t.Errorf("the published text went away with a draft: %v", ways)
	}
}

func TestP9DeletedLanguageIsGoneAndWithTheLastTheArticle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("a", "en", "Printer offline", "Restart the spooler."), article("a", "es", "Impresora", "Reinicie la cola."))
	id := b.find(t, b.admin, "spooler", "en")[0].Article
	for i, lang := range []desk.Language{"en", "es"} {
		a, err := b.Edit(t.Context(), b.admin, id)
		if err != nil || len(a.Languages) != 2-i {
			t.Fatalf("%+v %v", a, err)
		}
		if err := b.DeleteLanguage(t.Context(), b.admin, id, lang, a.Languages[0].Version); err != nil {
			t.Fatal(err)
		}
		if ways := b.reachable(t, b.admin, id, "spooler"); len(ways) > 0 {
			t.Errorf("still met: %v", ways)
		}
	}
	if n := b.count(t, "select (select count(*) from articles) + (select count(*) from chunks) + (select count(*) from postings)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	b.statisticsHold(t)
}

func TestArticlesOfOneTenantCannotBeEditedFromAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.begin(t, kb.NewArticle{Text: kb.Text{Title: "A", Markdown: "b"}})
	other := on(t, b.store, nil)
	if _, err := other.Edit(t.Context(), other.admin, a.ID); desk.CodeOf(err) != desk.CodeNotFound {
		t.Error(err)
	}
	if _, err := other.SaveDraft(t.Context(), other.admin, a.ID, "en", a.Languages[0].Version, kb.Text{Title: "x"}); desk.CodeOf(err) != desk.CodeNotFound {
		t.Error(err)
	}
	if _, err := other.Create(t.Context(), other.admin, kb.NewArticle{Key: a.Key, Lang: "en", Text: kb.Text{Title: "x"}}); err != nil {
		t.Errorf("another tenant's key is taken: %v", err)
	}
	storetest.InTx(t, b.store, other.tenant, func(ctx context.Context, tx *store.Tx) error {
		var n int
		err := tx.QueryRow(ctx, "select count(*) from article_texts").Scan(&n)
		if n != 1 {
			t.Errorf("%d texts seen in the other tenant", n)
		}
		return err
	})
}
