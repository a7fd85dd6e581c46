//go:build eval || bench

package evaltest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// shared is the folder of test data beside the repository.
func shared(t testing.TB) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("CONSERJE_SHARED"), "../../../shared", "../../../../shared"} {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "data", "kb")); err == nil {
			return filepath.Join(dir, "data")
		}
	}
	t.Skip("no test data beside the repository")
	return ""
}

func admin(tenant desk.ID) desk.Viewer {
	return desk.Viewer{Tenant: tenant, Role: desk.RoleAdmin, Language: "en"}
}

func imported(t *testing.T, s *store.Store, k *kb.KB, dir string) desk.ID {
	t.Helper()
	docs, err := kb.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	tenant := storetest.Tenant(t, s)
	begin := time.Now()
	report, err := k.Import(t.Context(), admin(tenant), docs, kb.ImportOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("import: %v %v", err, report.Problems)
	}
	fmt.Printf("imported %d files in %.1f s (must: 60)\n", len(docs), time.Since(begin).Seconds())
	if time.Since(begin) > time.Minute {
		t.Error("the import took more than a minute")
	}
	return tenant
}

// answers runs a question set and returns ranks and how long each took.
func answers(t *testing.T, questions []Question, search func(q Question) ([]string, error)) (ranks Ranks, times []time.Duration) {
	t.Helper()
	for _, q := range questions {
		begin := time.Now()
		keys, err := search(q)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(begin))
		ranks = append(ranks, 1+slices.IndexFunc(keys, func(k string) bool { return slices.Contains(q.IDs, k) }))
	}
	return ranks, times
}

// questionSet is a file of questions and the recall at 5 that it must reach.
type questionSet struct {
	name, file string
	want       float64
}

func TestSearchFindsTheArticleThatAnswers(t *testing.T) {
	data := shared(t)
	s := storetest.New(t)
	k := kb.New(kb.Config{Store: s, Embedder: Offline{}, Log: storetest.Log(t)})
	wordsOnly := kb.New(kb.Config{Store: s, Log: storetest.Log(t)})
	tenant := imported(t, s, k, filepath.Join(data, "kb", "gnome-help"))
	sets := []questionSet{
		{"the shown questions", filepath.Join(data, "kb", "questions.jsonl"), 0.80},
		{"ours, written before the search", "../testdata/questions.jsonl", 0.80},
		{"ours, harder", "../testdata/questions-heldout.jsonl", 0},
	}
	if os.Getenv("FRESH") != "" { // it measures and chooses nothing, so it is not looked at every day
		sets = append(sets, questionSet{"fresh, by somebody else", "../testdata/questions-fresh.jsonl", 0.80})
	}
	for _, set := range sets {
		questions, err := Questions(set.file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\n%s\n%s\n", set.name, Header)
		ranks, _ := answers(t, questions, func(q Question) ([]string, error) { return fullText(t.Context(), s, tenant, q) })
		fmt.Println(Line("Postgres full text alone", questions, ranks))
		for _, c := range []struct {
			name string
			kb   *kb.KB
			mode kb.Mode
		}{
			{"words alone (BM25)", k, kb.Lexical},
			{"vectors alone", k, kb.Vector},
			{"words and concepts, no embedder", wordsOnly, kb.Hybrid},
			{"hybrid", k, kb.Hybrid},
		} {
			ranks, times := answers(t, questions, func(q Question) ([]string, error) {
				hits, err := c.kb.Search(t.Context(), admin(tenant), kb.Query{Text: q.Query, Lang: q.Lang, Limit: 10, Mode: c.mode})
				return keysOf(hits), err
			})
			fmt.Println(Line(c.name, questions, ranks))
			if c.name == "hybrid" {
				fmt.Printf("one search, embedding included: p50 %.1f ms, p95 %.1f ms\n", percentile(times, 50), percentile(times, 95))
				if got := ranks.Score().At5; got < set.want {
					t.Errorf("%s: recall at 5 is %.3f, want %.2f", set.name, got, set.want)
				}
			}
		}
	}
}

func keysOf(hits []kb.Hit) []string {
	keys := make([]string, len(hits))
	for i, h := range hits {
		keys[i] = h.Key
	}
	return keys
}

func percentile(times []time.Duration, p int) float64 {
	slices.Sort(times)
	return float64(times[min(len(times)-1, len(times)*p/100)].Microseconds()) / 1000
}

// fullText is the baseline: any word, ts_rank, title weighted, no index of ours.
func fullText(ctx context.Context, s *store.Store, tenant desk.ID, q Question) (keys []string, err error) {
	err = s.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `
			with o as (select string_agg(quote_literal(lexeme), '|')::tsquery as q from unnest(to_tsvector(kb_config($1), $2)))
			select a.key from article_versions v join articles a on a.id = v.article_id, o,
				lateral (select setweight(to_tsvector(kb_config($1), v.title), 'A') || to_tsvector(kb_config($1), v.markdown) as t) d
			where v.lang = $1 and d.t @@ o.q order by ts_rank(d.t, o.q) desc, a.key limit 10`, string(q.Lang), q.Query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	return keys, err
}
