package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk/desktest"
)

// heard is what one of the twins was told.
type heard struct {
	by     *twin
	of     errand
	status int
	text   string
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyNumber = regexp.MustCompile(`(?:"number":\s?|[^&\w]#)(\d{1,5})\b`)
)

const (
	searchesOfTwins = 1000
	atATime         = 8 // requests under way, of both of them
)

// Holds B13. Two tenants on one server with the same words in everything; all
// that either is told is its own, by every id, number and word that tells them
// apart: 1,000 searches, answers of the assistant, exports, and every list.
// That it would be noticed is shown too, without the walls below.
func TestOfTwoTenantsWithTheSameTextsNeitherIsToldAnythingOfTheOther(t *testing.T) {
	desktest.Unraced(t, "thousands of requests; what is looked for is words, not accesses")
	t.Parallel()
	x := openTwins(t)
	x.pair[0] = x.born("amberline", 0)
	x.quiet()
	alone := x.lists(x.pair[0])
	x.pair[1] = x.born("birchwood", apart)
	x.quiet()
	for path, text := range x.lists(x.pair[0]) {
		if text != alone[path] {
			t.Errorf("%s says something else since there is another tenant:\n%s\n%s", path, alone[path], text)
		}
	}
	all := slices.Concat(x.searches(), x.answers(), x.exports(), x.browse())
	owners := x.owners()
	for _, h := range all {
		for _, what := range x.foreign(owners, h) {
			t.Errorf("%s to %s of %s: %s", h.of.path, h.of.who, h.by.mark, what)
		}
	}
	t.Logf("%d answers, %d ids", len(all), len(owners))
	x.withoutEachWall(owners)
}

// quiet waits until the jobs that came of it are done.
func (x *twins) quiet() {
	x.t.Helper()
	waitUntil(x.t, "the jobs", func() bool {
		return x.alone("select count(*)::text from river.river_job where state in ('available', 'running')")[0] == "0"
	})
}

// alone reads as the owner of the database, who stands above the walls.
func (x *twins) alone(query string, args ...any) (list []string) {
	x.t.Helper()
	conn, err := pgx.Connect(x.t.Context(), x.url)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(x.t.Context())) }()
	rows, err := conn.Query(x.t.Context(), query, args...)
	if err == nil {
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return list
}

// everyList is the lists that there are, with who reads them.
func everyList() []errand {
	var list []errand
	for who, paths := range map[string][]string{
		"ana":  {"/me", "/tickets", "/articles", "/articles?query=printer", "/categories", "/fields", "/statuses", "/software", "/devices", "/actions", "/conversations", "/outbox", "/portal"},
		"ben":  {"/tickets?view=company", "/articles?query=password"},
		"tess": {"/tickets", "/tickets?view=queue", "/tickets?q=printer", "/conversations?all=true", "/devices?all=true", "/macros", "/views", "/software/requests"},
		"adam": {
			"/admin/users", "/admin/users?q=lindqvist", "/admin/companies", "/admin/articles", "/admin/articles/waiting", "/admin/categories", "/admin/fields", "/admin/statuses",
			"/admin/devices", "/admin/devices/tokens", "/admin/software", "/admin/software/sources", "/admin/sources", "/admin/feedback", "/admin/unanswered", "/admin/newcomers",
			"/admin/messages", "/admin/audit", "/admin/policies", "/admin/second-factor", "/outbox",
		},
	} {
		for _, path := range paths {
			list = append(list, errand{who, path})
		}
	}
	return list
}

// lists are one of the twins' lists, as they are now.
func (x *twins) lists(w *twin) map[string]string {
	x.t.Helper()
	out := map[string]string{}
	for _, e := range everyList() {
		status, text := x.get(w, e)
		if status != http.StatusOK {
			x.t.Fatalf("%s: %d %s", e.path, status, text)
		}
		out[e.who+" "+e.path] = text
	}
	return out
}

// together has both of the twins, at the same time, ask for as many pages;
// which says for what.
func (x *twins) together(n int, which func(w *twin, i int) errand) []heard {
	x.t.Helper()
	out := make([]heard, n*len(x.pair))
	slots := make(chan struct{}, atATime)
	var all sync.WaitGroup
	for i := range out {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			h := heard{by: x.pair[i%len(x.pair)]}
			h.of = which(h.by, i/len(x.pair))
			h.status, h.text = x.get(h.by, h.of)
			out[i] = h
		})
	}
	all.Wait()
	return out
}

// searches are those of people and of staff, in each room that has one. Each
// finds something.
func (x *twins) searches() []heard {
	x.t.Helper()
	found := x.together(searchesOfTwins/len(x.pair), func(_ *twin, i int) errand {
		c := topics[i/10%topicsOf]
		who, word := contacts[i/10%len(contacts)], url.QueryEscape(c[0])
		return []errand{
			{who, "/articles?query=" + word},
			{who, "/articles?query=" + url.QueryEscape(c[1]+", what do I do?")},
			{"tess", "/articles?query=" + word},
			{contacts[i/10%topicsOf%len(contacts)], "/tickets?q=" + word},
			{"tess", "/tickets?q=" + word},
			{"ben", "/tickets?view=company&q=" + word},
			{"tess", "/admin/users?q=" + who},
			{"adam", "/admin/audit?group=ticket&limit=200"},
			{"adam", "/admin/articles?q=" + word},
			{"tess", "/admin/companies?q=acme"},
		}[i%10]
	})
	for _, h := range found {
		if h.status != http.StatusOK || !anyID.MatchString(h.text) {
			x.t.Errorf("%s to %s: %d, and finds nothing: %s", h.of.path, h.of.who, h.status, h.text)
		}
	}
	return found
}

// answers are the assistant's, with what it read for them, as people and staff
// see them.
func (x *twins) answers() (list []heard) {
	x.t.Helper()
	for _, c := range topics[:6] {
		for _, text := range []string{c[1] + ". What should I do?", "Show me my open tickets"} {
			for i, w := range x.pair {
				x.asks(w, contacts[i], text)
			}
		}
	}
	for _, w := range x.pair {
		x.asks(w, "cem", "Which quokka repairs the flux capacitor?")
		waitUntil(x.t, "the answers", func() bool { return len(x.ids(w, "select id::text from turns where state <> 'ended'")) == 0 })
	}
	x.quiet()
	cited := map[*twin]int{}
	list = x.together(len(x.pair[0].own), func(w *twin, i int) errand { return w.own[i] })
	for _, h := range list {
		if h.status != http.StatusOK {
			x.t.Errorf("%s to %s: %d %s", h.of.path, h.of.who, h.status, h.text)
		}
		if strings.HasSuffix(h.of.path, "/events") && strings.Contains(h.text, `"article":`) && strings.Contains(h.text, h.by.mark) {
			cited[h.by]++
		}
	}
	for _, w := range x.pair {
		if cited[w] < 6 {
			x.t.Errorf("%s: only %d answers stand on an article", w.mark, cited[w])
		}
	}
	return list
}

// exports are whole: as many people and tickets as there are, and every file's
// bytes.
func (x *twins) exports() (list []heard) {
	x.t.Helper()
	keep := func(w *twin, e errand) string {
		h := heard{by: w, of: e}
		if h.status, h.text = x.get(w, e); h.status != http.StatusOK {
			x.t.Errorf("%s: %d %s", e.path, h.status, h.text)
		}
		list = append(list, h)
		return h.text
	}
	for _, w := range x.pair {
		log := keep(w, errand{"adam", "/admin/audit/export?format=csv"})
		if lines, entries := strings.Count(log, "\n")-1, strings.Count(keep(w, errand{"adam", "/admin/audit/export?format=jsonl"}), "\n"); lines < topicsOf || entries < lines {
			x.t.Errorf("%d lines and %d entries of the log", lines, entries)
		}
		if n := strings.Count(keep(w, errand{"adam", "/admin/users/export"}), "Lindqvist "+w.mark); n != peopleOf {
			x.t.Errorf("%d people in the file", n)
		}
		seen, cursor := map[string]bool{}, ""
		for {
			page := decode([]byte(keep(w, errand{"tess", "/tickets?limit=5&cursor=" + cursor})))
			items, _ := page["items"].([]any)
			for _, item := range items {
				seen[fmt.Sprint(item.(map[string]any)["id"])] = true
			}
			if cursor, _ = page["next"].(string); cursor == "" {
				break
			}
		}
		if n, want := len(seen), len(x.ids(w, "select id::text from tickets")); n != want {
			x.t.Errorf("%d tickets in the list, %d wanted", n, want)
		}
		for i, f := range w.files {
			if text := keep(w, errand{"tess", "/files/" + f}); i%2 == 0 && text != inTheFile+" "+w.mark {
				x.t.Errorf("a file says %q", text)
			}
		}
	}
	return list
}

// browse looks into every list, and at the address of everything that the other
// one has.
func (x *twins) browse() []heard {
	x.t.Helper()
	lists := everyList()
	others := map[*twin][]errand{x.pair[0]: x.pair[1].own, x.pair[1]: x.pair[0].own}
	n := len(lists) + min(len(x.pair[0].own), len(x.pair[1].own))
	return x.together(n, func(w *twin, i int) errand {
		if i < len(lists) {
			return lists[i]
		}
		return others[w][i-len(lists)]
	})
}

// owners says whose each id is that any row of the database has.
func (x *twins) owners() map[string]*twin {
	x.t.Helper()
	out := map[string]*twin{}
	for _, table := range x.alone("select table_name::text from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id'") {
		text := "(to_jsonb(t) - 'node')::text" // which node has a turn is of no tenant
		if table == "conversation_events" {
			text += " || coalesce(encode(t.body, 'escape'), '')"
		}
		for _, w := range x.pair {
			for _, row := range x.alone("select "+text+" from "+table+" t where tenant_id = $1", w.tenant) {
				for _, id := range anyID.FindAllString(row, -1) {
					if other := out[id]; other != nil && other != w {
						x.t.Errorf("%s: %s is of both", table, id)
					}
					out[id] = w
				}
			}
		}
	}
	return out
}

// foreign is what an answer has that is not its reader's.
func (x *twins) foreign(owners map[string]*twin, h heard) (list []string) {
	for _, id := range anyID.FindAllString(h.text, -1) {
		if owners[id] != h.by {
			list = append(list, "the id "+id)
		}
	}
	for _, n := range anyNumber.FindAllStringSubmatch(h.text, -1) {
		if number, _ := strconv.Atoi(n[1]); (number > apart) != (h.by == x.pair[1]) {
			list = append(list, "the number "+n[1])
		}
	}
	for _, w := range x.pair {
		if w != h.by && strings.Contains(h.text, w.mark) {
			list = append(list, "the word "+w.mark)
		}
	}
	return list
}

// walls are tables whose row-level security is taken away, and the addresses
// that tell of the other one then. Where there are several tables, one holds
// when the others fall: they are read together.
var walls = []struct{ tables, tells string }{
	{"users", "/admin/users"},
	{"companies", "/admin/companies"},
	{"tickets users ticket_statuses", "/tickets"},
	{"ticket_fields", "/fields"},
	{"ticket_statuses", "/admin/statuses"},
	{"ticket_macros", "/macros"},
	{"ticket_views", "/views"},
	{"files", "/files/"},
	{"conversations users", "/conversations?all=true"},
	{"conversations users conversation_events", "/conversations/"},
	{"articles article_versions", "/articles"},
	{"articles article_versions chunks postings", "/articles?query="},
	{"categories", "/admin/categories"},
	{"kb_sources", "/admin/sources"},
	{"feedback users", "/admin/feedback"},
	{"unanswered conversations", "/admin/unanswered"},
	{"newcomers", "/admin/newcomers"},
	{"messages_out", "/admin/messages"},
	{"audit", "/admin/audit"},
	{"devices", "/admin/devices"},
	{"software", "/admin/software"},
	{"software_requests users", "/software/requests"},
}

// withoutEachWall shows that the proof is one.
func (x *twins) withoutEachWall(owners map[string]*twin) {
	x.t.Helper()
	row := func(table, to string) { x.alone("alter table " + table + " " + to + " row level security") }
	for _, wall := range walls {
		for table := range strings.FieldsSeq(wall.tables) {
			row(table, "disable")
		}
		told := 0
		for _, h := range x.browse() {
			if strings.HasPrefix(h.of.path, wall.tells) && len(x.foreign(owners, h)) > 0 {
				told++
			}
		}
		for table := range strings.FieldsSeq(wall.tables) {
			row(table, "enable")
		}
		if told == 0 {
			x.t.Errorf("without the walls of %s nobody notices anything at %s", wall.tables, wall.tells)
		}
	}
}
