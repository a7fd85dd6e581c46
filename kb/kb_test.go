package kb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/evaltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// bundle is a knowledge base of one fresh tenant with the built-in embedder.
type bundle struct {
	*kb.KB
	store  *store.Store
	tenant desk.ID
	admin  desk.Viewer
}

func setup(t *testing.T) bundle {
	t.Helper()
	s := storetest.New(t)
	return on(t, s, evaltest.Offline{})
}

func on(t *testing.T, s *store.Store, e kb.Embedder) bundle {
	t.Helper()
	tenant := storetest.Tenant(t, s)
	return bundle{
		KB:    kb.New(kb.Config{Store: s, Embedder: e, Log: storetest.Log(t)}),
		store: s, tenant: tenant, admin: storetest.User(t, s, tenant, "", desk.RoleAdmin, "adam"),
	}
}

func (b bundle) contact(t *testing.T, name string) desk.Viewer {
	t.Helper()
	return storetest.User(t, b.store, b.tenant, storetest.Company(t, b.store, b.tenant, name), desk.RoleContact, strings.ToLower(name))
}

func doc(name, text string) kb.Document { return kb.Document{Name: name, Data: []byte(text)} }

func article(key, lang, title, body string) kb.Document {
	return doc(lang+"/"+key+".md", fmt.Sprintf("---\nid: %s\nlang: %s\ntitle: %q\n---\n# %s\n\n%s\n", key, lang, title, title, body))
}

func (b bundle) put(t *testing.T, audience desk.ID, docs ...kb.Document) kb.Report {
	t.Helper()
	r, err := b.Import(t.Context(), b.admin, docs, kb.ImportOptions{Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("%s: %v", p.Name, p.Err)
	}
	return r
}

func (b bundle) find(t *testing.T, v desk.Viewer, text string, lang desk.Language) []kb.Hit {
	t.Helper()
	hits, err := b.Search(t.Context(), v, kb.Query{Text: text, Lang: lang})
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

func (b bundle) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, sql, args...).Scan(&n)
	})
	return n
}

func TestTheSameKeyInTwoLanguagesIsOneArticle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.put(t, "", article("vpn", "en", "Connect to the VPN", "Open the client."), article("vpn", "de", "Mit dem VPN verbinden", "Öffnen Sie das Programm."))
	if r.Created != 2 || b.count(t, "select count(*) from articles") != 1 {
		t.Fatalf("%+v", r)
	}
	for lang, title := range map[desk.Language]string{"en": "Connect to the VPN", "de": "Mit dem VPN verbinden", "fr": "Connect to the VPN"} {
		hits := b.find(t, b.admin, "VPN", lang)
		if len(hits) != 1 || hits[0].Title != title {
			t.Errorf("%s: %+v", lang, hits)
		}
		a, err := b.Article(t.Context(), b.admin, hits[0].Article, lang)
		if err != nil || a.Title != title || len(a.Langs) != 2 {
			t.Errorf("%s: %+v %v", lang, a, err)
		}
	}
}

func TestImportAgainChangesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	docs := []kb.Document{article("a", "en", "Printer offline", "Restart the spooler."), article("b", "en", "Mail full", "Empty the bin.")}
	b.put(t, "", docs...)
	before := b.count(t, "select count(*) from postings")
	if r := b.put(t, "", docs...); r.Unchanged != 2 || r.Updated+r.Created != 0 {
		t.Errorf("%+v", r)
	}
	docs[0] = article("a", "en", "Printer offline", "Unplug the zebracable.")
	if r := b.put(t, "", docs...); r.Unchanged != 1 || r.Updated != 1 {
		t.Errorf("%+v", r)
	}
	if hits := b.find(t, b.admin, "zebracable", "en"); len(hits) == 0 || hits[0].Key != "a" {
		t.Errorf("new text is not found: %+v", hits)
	}
	for _, h := range b.find(t, b.admin, "spooler", "en") {
		if strings.Contains(h.Text, "spooler") {
			t.Errorf("old text is still found: %+v", h)
		}
	}
	if after := b.count(t, "select count(*) from postings"); after > before+4 {
		t.Errorf("%d postings before the edit, %d after", before, after)
	}
	b.statisticsHold(t)
}

// statisticsHold compares the kept counts with the truth.
func (b bundle) statisticsHold(t *testing.T) {
	t.Helper()
	if n := b.count(t, `select count(*) from (select term, lang, chunks from term_stats where chunks <> 0
		except select term, lang, count(*)::int from postings group by 1, 2) x`); n != 0 {
		t.Errorf("%d terms with a wrong count", n)
	}
	if n := b.count(t, `select count(*) from (select lang, chunks from language_stats where chunks <> 0
		except select lang, count(*)::int from chunks group by 1) x`); n != 0 {
		t.Errorf("%d languages with a wrong count", n)
	}
	if n := b.count(t, `select count(*) from postings p where not exists (select 1 from chunks c where c.no = p.chunk_no)`); n != 0 {
		t.Errorf("%d postings of passages that are gone", n)
	}
}

// Holds P9.
func TestDeletedArticleIsGoneFromEverythingWithTheCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("a", "en", "Printer offline", "Restart the spooler."), article("a", "es", "Impresora desconectada", "Reinicie la cola."))
	id := b.find(t, b.admin, "spooler", "en")[0].Article
	if err := b.Delete(t.Context(), b.contact(t, "Acme"), id); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a contact deletes: %v", err)
	}
	if err := b.Delete(t.Context(), b.admin, id); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"spooler", "printer offline", "impresora"} {
		if hits := b.find(t, b.admin, q, "en"); len(hits) != 0 {
			t.Errorf("%q still finds %+v", q, hits)
		}
	}
	for _, table := range []string{"articles", "article_versions", "chunks", "postings", "chunk_vectors"} {
		if n := b.count(t, "select count(*) from "+table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	if _, err := b.Article(t.Context(), b.admin, id, "en"); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("reading it: %v", err)
	}
	if err := b.Delete(t.Context(), b.admin, id); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("deleting it again: %v", err)
	}
	b.statisticsHold(t)
}

func TestArticleOfACompanyExistsForItAndForStaffOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	b.put(t, acme.Company, article("door", "en", "Door code of the server room", "The canary is 4711."))
	b.put(t, "", article("open", "en", "Server room rules", "No coffee in the server room."))
	for _, mode := range []kb.Mode{kb.Hybrid, kb.Lexical, kb.Vector} {
		for _, c := range []struct {
			viewer desk.Viewer
			want   int
		}{{acme, 2}, {globex, 1}, {b.admin, 2}} {
			hits, err := b.Search(t.Context(), c.viewer, kb.Query{Text: "door of the server room", Lang: "en", Mode: mode})
			if err != nil || len(hits) != c.want {
				t.Errorf("%s, %s: %d hits, want %d (%v)", mode, c.viewer.Name, len(hits), c.want, err)
			}
		}
	}
	id := b.find(t, acme, "door code", "en")[0].Article
	if _, err := b.Article(t.Context(), globex, id, "en"); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("another company reads it: %v", err)
	}
	if items, _, _ := b.List(t.Context(), globex, "en", "", 10); len(items) != 1 {
		t.Errorf("another company lists %+v", items)
	}
	// The same files for everybody: what a search filters by moves along.
	b.put(t, "", article("door", "en", "Door code of the server room", "The canary is 4711."))
	for _, mode := range []kb.Mode{kb.Lexical, kb.Vector} {
		if hits, err := b.Search(t.Context(), globex, kb.Query{Text: "door code canary", Lang: "en", Mode: mode}); err != nil || len(hits) == 0 || hits[0].Key != "door" {
			t.Errorf("%s: now for everybody, %+v %v", mode, hits, err)
		}
	}
}

// Holds B13.
func TestTenantsWithTheSameTextNeverSeeEachOthers(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	one, two := on(t, s, evaltest.Offline{}), on(t, s, evaltest.Offline{})
	own := map[desk.ID]map[desk.ID]bool{}
	for _, b := range []bundle{one, two} {
		var docs []kb.Document
		for i := range 30 {
			docs = append(docs, article(fmt.Sprintf("a%d", i), "en", fmt.Sprintf("Printer number %d jams", i), "Paper canary."))
		}
		b.put(t, "", docs...)
		items, _, err := b.List(t.Context(), b.admin, "en", "", 100)
		if err != nil || len(items) != 30 {
			t.Fatalf("%d %v", len(items), err)
		}
		own[b.tenant] = map[desk.ID]bool{}
		for _, i := range items {
			own[b.tenant][i.ID] = true
		}
	}
	foreign := 0
	for i := range 250 {
		for _, b := range []bundle{one, two} {
			hits, err := one.Search(t.Context(), b.admin, kb.Query{
				Text: fmt.Sprintf("printer %d paper canary", i%30), Lang: "en", Limit: 50,
				Mode: []kb.Mode{kb.Hybrid, kb.Lexical, kb.Vector}[i%3],
			})
			if err != nil || len(hits) == 0 {
				t.Fatalf("%d hits, %v", len(hits), err)
			}
			for _, h := range hits {
				if !own[b.tenant][h.Article] {
					foreign++
				}
			}
		}
	}
	if foreign != 0 {
		t.Errorf("%d foreign rows", foreign)
	}
	if _, err := one.Article(t.Context(), one.admin, two.find(t, two.admin, "printer", "en")[0].Article, "en"); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("reading the other tenant's article: %v", err)
	}
}

func TestQuestionInAnotherLanguageFindsTheOnlyVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("jam", "es", "Atasco de papel en la impresora", "Abra la bandeja y saque la hoja."),
		article("vpn", "es", "Conectarse a la VPN desde casa", "Abra el cliente."), article("pw", "es", "Contraseña olvidada", "Pulse restablecer."))
	for text, key := range map[string]string{"Papierstau im Drucker": "jam", "I forgot my password": "pw", "accès VPN depuis chez moi": "vpn"} {
		hits := b.find(t, b.admin, text, "de")
		if strings.HasPrefix(text, "I ") {
			hits = b.find(t, b.admin, text, "en")
		}
		if len(hits) == 0 || hits[0].Key != key || hits[0].Lang != "es" {
			t.Errorf("%q: %+v", text, hits)
		}
	}
}

func TestWordsWithoutTheirAccentsAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("a", "es", "Sincronización del Ñandú", "Texto."), article("b", "es", "Otra cosa", "Nada."))
	if hits := b.find(t, b.admin, "sincronizacion nandu", "es"); len(hits) == 0 || hits[0].Key != "a" {
		t.Errorf("%+v", hits)
	}
}

func TestBadQuestionsGetAnAnswerAndNoHarm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("a", "en", "Printer offline", "Restart."))
	for text, want := range map[string]desk.Code{
		"": "", "   \n": "", "?!…": "", "\xff": desk.CodeInvalidUTF8, "a\x00b": desk.CodeInvalidUTF8,
		strings.Repeat("printer ", 5000): "", "'; drop table chunks; --": "", "a & | ! ( <-> :*": "", "[1,2,3]": "",
	} {
		if _, err := b.Search(t.Context(), b.admin, kb.Query{Text: text, Lang: "xx", Limit: 1 << 30}); desk.CodeOf(err) != want {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := b.Search(t.Context(), desk.Viewer{Tenant: b.tenant}, kb.Query{Text: "printer"}); desk.CodeOf(err) != desk.CodeUnauthenticated {
		t.Errorf("nobody searches: %v", err)
	}
}
