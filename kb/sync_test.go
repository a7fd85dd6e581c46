package kb_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/evaltest"
	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// site is a web site whose pages a test writes; its host is the one that these
// tests, and nothing else, let through.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]string // by path; empty is gone
	asked []string
	down  bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{pages: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.URL.Path)
		text, ok := s.pages[r.URL.Path]
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(text)))
		switch {
		case s.down:
			w.WriteHeader(http.StatusBadGateway)
		case !ok || text == "":
			w.WriteHeader(http.StatusNotFound)
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		default:
			kind := "text/html"
			if strings.HasSuffix(r.URL.Path, ".xml") {
				kind = "application/xml"
			}
			w.Header().Set("Content-Type", kind)
			w.Header().Set("ETag", tag)
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) put(path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = text
}

func (s *site) fail(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func webPage(title, body string) string {
	return `<html lang="en"><head><title>` + title + `</title></head><body><nav><a href="/">Menu</a></nav><main><h1>` + title + `</h1>` + body + `</main><footer>All rights reserved</footer></body></html>`
}

func withWeb(t *testing.T, s *site) bundle {
	t.Helper()
	base := storetest.New(t)
	web, err := fetch.New(fetch.Config{Allowed: []string{strings.TrimPrefix(s.URL, "http://")}})
	if err != nil {
		t.Fatal(err)
	}
	b := on(t, base, evaltest.Offline{})
	b.KB = kb.New(kb.Config{Store: base, Embedder: evaltest.Offline{}, Web: web, Log: storetest.Log(t)})
	return b
}

func (b bundle) source(t *testing.T, n kb.NewSource) kb.Source {
	t.Helper()
	n.Lang = "en"
	s, err := b.AddSource(t.Context(), b.admin, n)
	if err != nil {
		t.Fatal(err)
	}
	return b.synced(t, s.ID)
}

// synced looks at a source and says how it stands then.
func (b bundle) synced(t *testing.T, id desk.ID) kb.Source {
	t.Helper()
	if err := b.Sync(t.Context(), b.tenant, id); err != nil {
		t.Fatal(err)
	}
	list, err := b.Sources(t.Context(), b.admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.ID == id {
			return s
		}
	}
	t.Fatal("the source is gone")
	return kb.Source{}
}

func (b bundle) pagesOf(t *testing.T, id desk.ID) map[string]kb.SourcePage {
	t.Helper()
	list, err := b.SourcePages(t.Context(), b.admin, id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]kb.SourcePage{}
	for _, p := range list {
		out[p.URL[strings.LastIndexByte(p.URL, '/'):]] = p
	}
	return out
}

func TestP9APageOnTheWebIsKeptUpWithAndGoneWhenItIsGone(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	acme := b.contact(t, "Acme")
	web.put("/help/zebra.html", webPage("Zebracables", `<p>Unplug the zebracable, see <a href="other.html">there</a>.</p><script>alert(1)</script>`))
	s := b.source(t, kb.NewSource{URL: web.URL + "/help/zebra.html", Kind: "page"})
	if s.State != "ok" || s.Pages.OK != 1 || s.SyncedAt == nil || s.Problem != nil {
		t.Fatalf("%+v", s)
	}
	page := b.pagesOf(t, s.ID)["/zebra.html"]
	if ways := b.reachable(t, acme, page.Article, "zebracable"); len(ways) < 4 {
		t.Errorf("the page is met only by %v", ways)
	}
	a, err := b.Article(t.Context(), acme, page.Article, "en")
	if err != nil || strings.Contains(a.HTML, "alert") || strings.Contains(a.HTML, "Menu") || strings.Contains(a.HTML, "rights") ||
		!strings.Contains(a.HTML, `href="`+web.URL+`/help/other.html"`) {
		t.Errorf("%s %v", a.HTML, err)
	}
	revisions := func() int { return b.count(t, "select count(*) from article_revisions") }
	if s = b.synced(t, s.ID); s.State != "ok" || revisions() != 1 {
		t.Errorf("unchanged, it has %d revisions: %+v", revisions(), s)
	}
	web.put("/help/zebra.html", webPage("Zebracables", "<p>Now use quokkacables instead.</p>"))
	b.synced(t, s.ID)
	// In search, passages and on the page; the title is the old one.
	if ways := b.reachable(t, acme, page.Article, "unplug"); len(ways) > 0 || len(b.reachable(t, acme, page.Article, "quokkacables")) < 3 || revisions() != 2 {
		t.Errorf("after the change the old text is met by %v", ways)
	}
	web.fail(true) // that is no reason to forget what was there
	if s = b.synced(t, s.ID); s.State != "failed" || s.Problem == nil || s.Problem.Code != desk.CodeSourceStatus || len(b.reachable(t, acme, page.Article, "quokkacables")) < 3 {
		t.Errorf("%+v", s)
	}
	web.fail(false)
	web.put("/help/zebra.html", "")
	if s = b.synced(t, s.ID); s.Pages.Gone != 1 {
		t.Errorf("%+v", s)
	}
	if ways := b.reachable(t, acme, page.Article, "quokkacables"); len(ways) > 0 {
		t.Errorf("gone, and met by %v", ways)
	}
	b.statisticsHold(t)
	web.put("/help/zebra.html", webPage("Zebracables", "<p>Quokkacables are back.</p>"))
	if s = b.synced(t, s.ID); s.State != "ok" || len(b.reachable(t, acme, page.Article, "quokkacables")) < 3 || b.count(t, "select count(*) from article_drafts") != 0 {
		t.Errorf("back again: %+v", s)
	}
	if n := b.count(t, "select count(*) from article_revisions where origin = 'synced'"); n != revisions() {
		t.Errorf("%d of %d revisions are synced", n, revisions())
	}
}

// says reports whether a search meets a word; vectors find neighbours without it.
func (b bundle) says(t *testing.T, v desk.Viewer, word string) bool {
	t.Helper()
	for _, h := range b.find(t, v, word, "en") {
		if strings.Contains(strings.ToLower(h.Text), word) {
			return true
		}
	}
	return false
}

func sitemapOf(urls ...string) string {
	var b strings.Builder
	for _, u := range urls {
		b.WriteString("<url><loc>" + u + "</loc></url>")
	}
	return `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + b.String() + `</urlset>`
}

func TestP9AListTakesThePagesUnderItsPrefixAndNoOthers(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	acme := b.contact(t, "Acme")
	globex := b.contact(t, "Globex")
	web.put("/kb/a.html", webPage("Alpha", `<p>Alphaword, then <a href="/kb/b.html">beta</a>.</p>`))
	web.put("/kb/b.html", webPage("Beta", "<p>Betaword.</p>"))
	web.put("/private/c.html", webPage("Gamma", "<p>Gammaword.</p>"))
	web.put("/kb/empty.html", "<html><body><main><script>draw()</script></main></body></html>")
	web.put("/sitemap.xml", sitemapOf(web.URL+"/kb/a.html", web.URL+"/kb/b.html", web.URL+"/kb/empty.html", web.URL+"/kb/../private/c.html", web.URL+"/private/c.html", "http://169.254.169.254/kb/x", "http://other.test/kb/x"))
	s := b.source(t, kb.NewSource{URL: web.URL + "/sitemap.xml", Kind: "list", Prefix: web.URL + "/kb/", Company: acme.Company})
	pages := b.pagesOf(t, s.ID)
	if s.State != "partly" || s.Pages.OK != 2 || s.Pages.Failed != 1 || len(pages) != 3 {
		t.Fatalf("%+v %+v", s, pages)
	}
	if p := pages["/empty.html"]; p.Problem == nil || p.Problem.Code != desk.CodeSourceBlank {
		t.Errorf("%+v", p)
	}
	if b.says(t, b.admin, "gammaword") {
		t.Error("a page beside the prefix was taken")
	}
	if b.says(t, globex, "alphaword") {
		t.Error("what is for one company is found by another")
	}
	b.synced(t, s.ID) // now each knows the other
	web.put("/kb/a.html", webPage("Alpha", `<p>Alphaword, then again <a href="/kb/b.html">beta</a>.</p>`))
	b.synced(t, s.ID)
	a, err := b.Article(t.Context(), acme, pages["/a.html"].Article, "en")
	if err != nil || !strings.Contains(a.HTML, "/articles/"+string(pages["/b.html"].Article)) {
		t.Errorf("links between pages do not lead to their articles: %s %v", a.HTML, err)
	}
	// A page that left the list is asked itself: it is still there.
	web.put("/sitemap.xml", sitemapOf(web.URL+"/kb/a.html"))
	if s = b.synced(t, s.ID); s.Pages.OK != 2 {
		t.Errorf("%+v", s)
	}
	web.put("/kb/b.html", "")
	if s = b.synced(t, s.ID); s.Pages.Gone != 1 || b.says(t, acme, "betaword") {
		t.Errorf("%+v", s)
	}
	// A broken list says so and takes nothing away.
	web.put("/sitemap.xml", "<urlset><url>")
	if s = b.synced(t, s.ID); s.State != "partly" || s.Problem == nil || s.Problem.Code != desk.CodeSourceKind || !b.says(t, acme, "alphaword") {
		t.Errorf("%+v", s)
	}
}

// Holds P9: an edit by hand is nobody else's.
func TestAnEditByHandDetachesThePage(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	web.put("/a.html", webPage("Alpha", "<p>Alphaword.</p>"))
	s := b.source(t, kb.NewSource{URL: web.URL + "/a.html", Kind: "page"})
	id := b.pagesOf(t, s.ID)["/a.html"].Article
	a, err := b.Edit(t.Context(), b.admin, id)
	if err != nil || a.Languages[0].From == nil || a.Languages[0].From.URL != web.URL+"/a.html" || a.Languages[0].From.State != "ok" {
		t.Fatalf("%+v %v", a, err)
	}
	// Only a draft so far: the page still leads, and the draft is told that it is stale.
	b.draft(t, id, a.Languages[0], kb.Text{Title: "Alpha", Markdown: "Mine, by hand."})
	web.put("/a.html", webPage("Alpha", "<p>Alphaword, changed.</p>"))
	b.synced(t, s.ID)
	if a, err = b.Edit(t.Context(), b.admin, id); err != nil || a.Languages[0].Draft == nil || !a.Languages[0].Draft.Stale || a.Languages[0].Draft.Markdown != "Mine, by hand." {
		t.Fatalf("%+v %v", a.Languages[0], err)
	}
	live := b.publish(t, id, a.Languages[0])
	if live.From == nil || live.From.State != "detached" {
		t.Errorf("%+v", live.From)
	}
	web.put("/a.html", webPage("Alpha", "<p>Alphaword, changed again, and longer.</p>"))
	if s = b.synced(t, s.ID); s.Pages.Detached != 1 {
		t.Errorf("%+v", s)
	}
	web.put("/a.html", "")
	b.synced(t, s.ID)
	if ways := b.reachable(t, b.admin, id, "by hand"); len(ways) == 0 {
		t.Error("what was written by hand is gone")
	}
	if err := b.Delete(t.Context(), b.admin, id); err != nil {
		t.Fatal(err)
	}
	web.put("/a.html", webPage("Alpha", "<p>Alphaword is back.</p>"))
	b.synced(t, s.ID)
	if n := b.count(t, "select count(*) from articles"); n != 0 {
		t.Error("what was deleted by hand came back")
	}
}

func TestASourceLookedAtJustNowIsLookedAtAgainWhenAsked(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	workers := river.NewWorkers()
	b.AddWorkers(workers)
	jobs, err := b.store.StartJobs(t.Context(), workers, map[string]river.QueueConfig{store.QueueWeb: {MaxWorkers: 2}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = jobs.Stop(context.Background()) })
	put := func(word string) { web.put("/a.html", webPage("Cables", "<p>Unplug the "+word+".</p>")) }
	put("cable 0")
	s, err := b.AddSource(t.Context(), b.admin, kb.NewSource{URL: web.URL + "/a.html", Kind: "page", Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		for end := time.Now().Add(10 * time.Second); s.State == "new" || s.State == "syncing"; time.Sleep(time.Millisecond) {
			list, err := b.Sources(t.Context(), b.admin)
			if err != nil || time.Now().After(end) {
				t.Fatalf("look %d: %+v %v", i, list, err)
			}
			s = list[0]
		}
		// Whoever waits for the look's end has what it saw.
		if s.State != "ok" || b.count(t, "select count(*) from article_versions where markdown like '%' || $1 || '%'", fmt.Sprint("cable ", i)) != 1 {
			t.Fatalf("after look %d: %+v", i, s)
		}
		put(fmt.Sprint("cable ", i+1))
		if s, err = b.SyncNow(t.Context(), b.admin, s.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASourceIsRemovedWithOrWithoutItsArticles(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	web.put("/a.html", webPage("Alpha", "<p>Alphaword.</p>"))
	for withdraw, want := range map[bool]int{false: 1, true: 0} {
		s := b.source(t, kb.NewSource{URL: web.URL + "/a.html", Kind: "page"})
		if err := b.RemoveSource(t.Context(), b.admin, s.ID, withdraw); err != nil {
			t.Fatal(err)
		}
		if hits := b.find(t, b.admin, "alphaword", "en"); len(hits) != want {
			t.Errorf("withdrawn %v: %d are found", withdraw, len(hits))
		}
		if err := b.RemoveSource(t.Context(), b.admin, s.ID, withdraw); desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("removed twice: %v", err)
		}
		if err := b.Sync(t.Context(), b.tenant, s.ID); err != nil {
			t.Errorf("a job that comes late: %v", err)
		}
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "delete from articles")
			return err
		})
	}
}

func TestOnlyAnAdministratorAddsSourcesAndOnlyPublicOnes(t *testing.T) {
	t.Parallel()
	web := newSite(t)
	b := withWeb(t, web)
	acme := b.contact(t, "Acme")
	good := kb.NewSource{URL: web.URL + "/kb/", Kind: "list", Lang: "en"}
	tech := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	for _, v := range []desk.Viewer{{}, acme, tech} {
		if _, err := b.AddSource(t.Context(), v, good); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", v.Role, err)
		}
	}
	change := func(fn func(*kb.NewSource)) kb.NewSource { n := good; fn(&n); return n }
	for want, n := range map[desk.Code]kb.NewSource{
		desk.CodeSourceAddress: change(func(n *kb.NewSource) { n.Prefix = "https://other.test/" }),
		desk.CodeSourcePrivate: change(func(n *kb.NewSource) { n.URL = "http://192.168.0.1/" }),
		desk.CodeInvalid:       change(func(n *kb.NewSource) { n.EveryHours = 9999 }),
		desk.CodeNotFound:      change(func(n *kb.NewSource) { n.Company = desk.NewID() }),
	} {
		if _, err := b.AddSource(t.Context(), b.admin, n); desk.CodeOf(err) != want {
			t.Errorf("%+v: %v, want %s", n, err, want)
		}
	}
	if _, err := b.AddSource(t.Context(), b.admin, good); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddSource(t.Context(), b.admin, good); desk.CodeOf(err) != desk.CodeSourceTaken {
		t.Errorf("twice: %v", err)
	}
	if n := b.count(t, "select count(*) from kb_sources"); n != 1 {
		t.Errorf("%d sources", n)
	}
	if due, err := b.store.DueSources(t.Context(), 10); err != nil || len(due) != 0 {
		t.Errorf("due at once, beside its own job: %+v %v", due, err)
	}
	abroad := on(t, b.store, nil)
	if list, err := b.Sources(t.Context(), abroad.admin); err != nil || len(list) != 0 {
		t.Errorf("another tenant sees %+v %v", list, err)
	}
}
