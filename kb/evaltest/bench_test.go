//go:build eval || bench

package evaltest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

// remembered is an embedder that answers a question the second time at once,
// so that a search is timed without it.
type remembered struct {
	Offline
	mu    sync.Mutex
	known map[string][]float32
}

func (r *remembered) Embed(ctx context.Context, texts []string, query bool) ([][]float32, error) {
	if !query {
		return r.Offline.Embed(ctx, texts, query)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.known[texts[0]]; ok {
		return [][]float32{v}, nil
	}
	v, err := r.Offline.Embed(ctx, texts, query)
	r.known[texts[0]] = v[0]
	return v, err
}

// sentences are the building blocks of made-up articles, per language.
type sentences struct{ titles, bodies map[desk.Language][]string }

func readSentences(t *testing.T, dir string) sentences {
	t.Helper()
	docs, err := kb.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := sentences{map[desk.Language][]string{}, map[desk.Language][]string{}}
	for _, d := range docs {
		lang := desk.Language(d.Name[:2])
		_, rest, _ := strings.Cut(string(d.Data), "\ntitle: \"")
		title, _, _ := strings.Cut(rest, "\"")
		_, body, _ := strings.Cut(string(d.Data), "\n# ")
		s.titles[lang] = append(s.titles[lang], title)
		for line := range strings.Lines(body) {
			if line = strings.TrimSpace(line); len(line) > 60 && !strings.HasPrefix(line, "#") {
				s.bodies[lang] = append(s.bodies[lang], line)
			}
		}
	}
	return s
}

func (s sentences) article(r *rand.Rand, lang desk.Language, key string) kb.Document {
	titles, bodies := s.titles[lang], s.bodies[lang]
	var b strings.Builder
	fmt.Fprintf(&b, "---\nid: %s\nlang: %s\ntitle: %q\n---\n", key, lang, titles[r.IntN(len(titles))]+" "+strconv.Itoa(r.IntN(1000)))
	for b.Len() < 900 {
		b.WriteString(strings.ReplaceAll(bodies[r.IntN(len(bodies))], "\n", " ") + "\n\n")
	}
	text := b.String()
	return kb.Document{Name: key + ".md", Data: []byte(text[:min(len(text), 1900)])}
}

// audiences are the companies that articles of the bench are for: a filter
// leaves this share of the chunks.
var audiences = []struct {
	name  string
	share float64
}{{"1 %", 0.01}, {"9 %", 0.09}, {"90 %", 0.90}}

func TestBenchSearchAtFiftyThousandChunks(t *testing.T) {
	const perLanguage = 10_000
	data := shared(t)
	parts := readSentences(t, filepath.Join(data, "kb", "gnome-help"))
	url := storetest.URL(t)
	s := storetest.Open(t, url, 0)
	k := kb.New(kb.Config{Store: s, Embedder: &remembered{known: map[string][]float32{}}, Log: storetest.Log(t)})
	tenant := storetest.Tenant(t, s)
	r := rand.New(rand.NewPCG(7, 7))
	companies := make([]desk.ID, len(audiences))
	begin := time.Now()
	next := 0
	for i, a := range audiences {
		companies[i] = storetest.Company(t, s, tenant, a.name)
		for left := int(a.share * perLanguage); left > 0; left -= 500 {
			var docs []kb.Document
			for range min(left, 500) {
				next++
				for _, lang := range desk.Languages() {
					docs = append(docs, parts.article(r, lang, fmt.Sprintf("a%d", next)))
				}
			}
			report, err := k.Import(t.Context(), admin(tenant), docs, kb.ImportOptions{Audience: companies[i]})
			if err != nil || len(report.Problems) > 0 {
				t.Fatal(err, report.Problems)
			}
		}
	}
	fmt.Printf("imported %d articles in five languages in %.0f s\n", next, time.Since(begin).Seconds())
	owner, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.Background())
	begin = time.Now()
	if err := k.EnsureVectorIndexes(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("vector index built in %.0f s\n", time.Since(begin).Seconds())
	for _, sql := range []string{"vacuum analyze postings", "vacuum analyze chunks", "vacuum analyze chunk_vectors", "analyze"} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	b := bench{k: k, owner: owner, tenant: tenant, companies: companies}
	b.questions, err = Questions(filepath.Join(data, "kb", "questions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	b.latency(t)
	b.filters(t)
}

type bench struct {
	k         *kb.KB
	owner     *pgx.Conn
	tenant    desk.ID
	companies []desk.ID
	questions []Question
}

func (b bench) viewer(i int) desk.Viewer {
	if i < 0 {
		return admin(b.tenant)
	}
	return desk.Viewer{Tenant: b.tenant, User: desk.NewID(), Company: b.companies[i], Role: desk.RoleContact}
}

// latency times searches of every kind beside plain full text with its own
// table, its own index and no filter at all.
func (b bench) latency(t *testing.T) {
	var chunks int
	if err := b.owner.QueryRow(t.Context(), "select count(*) from chunks").Scan(&chunks); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%d chunks; one search, embedding excluded        p50 ms   p95 ms\n", chunks)
	for _, mode := range []kb.Mode{kb.Hybrid, kb.Lexical, kb.Vector} {
		for i := -1; i < len(b.companies); i++ {
			name := "staff"
			if i >= 0 {
				name = "a company with " + audiences[i].name
			}
			var times []time.Duration
			for round := range 3 {
				for _, q := range b.questions {
					begin := time.Now()
					hits, err := b.k.Search(t.Context(), b.viewer(i), kb.Query{Text: q.Query, Lang: q.Lang, Limit: 10, Mode: mode})
					if err != nil {
						t.Fatal(err)
					}
					if round > 0 {
						times = append(times, time.Since(begin))
					}
					if len(hits) < 10 && mode != kb.Lexical {
						t.Errorf("%s, %s: %d hits for %q", mode, name, len(hits), q.Query)
					}
				}
			}
			p95 := percentile(times, 95)
			fmt.Printf("%-12s %-35s %8.1f %8.1f\n", mode, name, percentile(times, 50), p95)
			if mode == kb.Hybrid && p95 > 80 {
				t.Errorf("p95 of %s is %.1f ms, must be 80", name, p95)
			}
		}
	}
	b.baseline(t)
}

func (b bench) baseline(t *testing.T) {
	for _, sql := range []string{
		`create schema bench`,
		`create table bench.texts as select no, lang, setweight(to_tsvector(kb_config(lang), title), 'A') || to_tsvector(kb_config(lang), body) as t from chunks`,
		`create index on bench.texts using gin (t)`, `analyze bench.texts`,
	} {
		if _, err := b.owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var times []time.Duration
	for round := range 2 {
		for _, q := range b.questions {
			begin := time.Now()
			if _, err := b.owner.Exec(t.Context(), `with o as materialized (select string_agg(quote_literal(lexeme), '|')::tsquery as q from unnest(to_tsvector(kb_config($1), $2)))
				select no from bench.texts, o where lang = $1 and t @@ o.q order by ts_rank(t, o.q) desc limit 10`, string(q.Lang), q.Query); err != nil {
				t.Fatal(err)
			}
			if round > 0 {
				times = append(times, time.Since(begin))
			}
		}
	}
	fmt.Printf("%-48s %8.1f %8.1f\n", "plain full text, any word, GIN, ts_rank", percentile(times, 50), percentile(times, 95))
}

// filters compares the vector half through the index with the exact answer.
func (b bench) filters(t *testing.T) {
	fmt.Printf("\nfiltered vectors against exact                 recall@10   fewest rows\n")
	for i := -1; i < len(b.companies); i++ {
		name, viewer := "staff", b.viewer(i)
		if i >= 0 {
			name = audiences[i].name
		}
		found, wanted, fewest := 0, 0, 10
		for _, q := range b.questions {
			v, _ := Offline{}.Embed(t.Context(), []string{q.Query}, true)
			exact := b.nearest(t, viewer, v[0], true)
			got := b.nearest(t, viewer, v[0], false)
			fewest = min(fewest, len(got))
			wanted += len(exact)
			for _, e := range exact {
				for _, g := range got {
					if e == g {
						found++
					}
				}
			}
		}
		recall := float64(found) / float64(wanted)
		fmt.Printf("%-48s %8.3f %8d\n", name, recall, fewest)
		if recall < 0.95 || fewest < 10 {
			t.Errorf("%s: recall %.3f, fewest rows %d", name, recall, fewest)
		}
	}
}

// nearest is the ten nearest passages, as a search finds them or exactly.
func (b bench) nearest(t *testing.T, viewer desk.Viewer, v []float32, exact bool) []int64 {
	t.Helper()
	chunks, err := b.k.Nearest(t.Context(), viewer, v, exact)
	if err != nil {
		t.Fatal(err)
	}
	return chunks[:min(10, len(chunks))]
}
