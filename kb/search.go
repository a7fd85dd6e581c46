package kb

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/kb/words"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Mode says which halves of the search answer.
type Mode string

// The modes. The zero value is Hybrid: words, the concepts of the glossary,
// and vectors. Lexical is BM25 over words alone, Vector the vectors alone;
// both are for measuring and for those who know what they look for.
const (
	Hybrid  Mode = "hybrid"
	Lexical Mode = "lexical"
	Vector  Mode = "vector"
)

// Query is a question. Lang is the reader's language; Limit counts articles.
type Query struct {
	Text  string
	Lang  desk.Language
	Limit int
	Mode  Mode
}

// Hit is the best passage of one article, in the reader's language when the
// article has it. Hits come best first; Score is another thing: how much of
// the question the passage covers, from 0 to 1, comparable between questions.
type Hit struct {
	Article desk.ID
	Key     string
	Lang    desk.Language
	Title   string
	Heading string
	Anchor  string
	Text    string
	Chunk   desk.ID
	Score   float64
	Summary string // of the article; empty in Passages
}

// Result is what a search found. Degraded says that the vectors did not take
// part although they should have: the embedder is away.
type Result struct {
	Hits     []Hit
	Degraded bool
}

const (
	maxQuery     = 2_000 // characters of a question that are read
	defaultLimit = 8
	maxLimit     = 50
	// Vectors are searched through the graph when a viewer sees at least this
	// many chunks and they are not too thin among the others; else exactly
	// (DESIGN 5).
	exactBelow = 20_000
	thinnest   = 20 // one in so many
	// countAgain is how long a count of what an audience sees is good enough.
	countAgain = 10 * time.Minute
	// vectorShare is what the vector half weighs beside the lexical half, both
	// scaled to 1. Measured, flat between 0.3 and 1: see evaltest.
	vectorShare = 0.6
)

var (
	//go:embed sql/search.sql
	searchSQL string
	//go:embed sql/near_exact.sql
	nearExact string
	//go:embed sql/near_graph.sql
	nearGraph string
	//go:embed sql/near_none.sql
	nearNone string
)

// Search finds the articles that answer a question, best first.
func (k *KB) Search(ctx context.Context, viewer desk.Viewer, q Query) ([]Hit, error) {
	r, err := k.Find(ctx, viewer, q)
	return r.Hits, err
}

// Find is Search that also says whether it had to do without vectors.
func (k *KB) Find(ctx context.Context, viewer desk.Viewer, q Query) (Result, error) {
	if _, _, err := reader(viewer); err != nil {
		return Result{}, err
	}
	q, err := tidy(q)
	if err != nil || q.Text == "" {
		return Result{}, err
	}
	before := k.facts(audienceOf(viewer))
	vector, model, down := k.question(ctx, q, before.serving)
	hits, now, err := k.search(ctx, viewer, q, vector, model, before)
	if err != nil {
		return Result{}, err
	}
	if q.Mode != Lexical && now.serving != "" && now.serving != model {
		// Another model's vectors serve than was guessed: ask again in its terms.
		vector, model, down = k.question(ctx, q, now.serving)
		if model == now.serving && vector != "" {
			hits, now, err = k.search(ctx, viewer, q, vector, model, now)
		} else {
			down = true
		}
	}
	k.learn(audienceOf(viewer), now)
	if vector != "" && now.serving == model && dimensions(vector) != now.dimensions {
		k.log.WarnContext(ctx, "the embedding model changed the length of its vectors, searching words only", "model", model, "stored", now.dimensions)
		down = true
	}
	return Result{Hits: hits, Degraded: down && q.Mode != Lexical}, err
}

func tidy(q Query) (Query, error) {
	if !utf8.ValidString(q.Text) || strings.ContainsRune(q.Text, 0) {
		return q, desk.Errorf(desk.CodeInvalidUTF8, "the question is not valid text")
	}
	q.Text = strings.TrimSpace(q.Text)
	if utf8.RuneCountInString(q.Text) > maxQuery {
		q.Text = string([]rune(q.Text)[:maxQuery])
	}
	q.Lang = language(q.Lang)
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	return q, nil
}

// question embeds the text with the model that serves the tenant, or names
// the model that it tried in vain: down says that the search has to do
// without.
func (k *KB) question(ctx context.Context, q Query, serving string) (vector, model string, down bool) {
	if q.Mode == Lexical {
		return "", "", false
	}
	e := k.embedderOf(serving)
	if e == nil {
		return "", "", serving != "" || k.embedder != nil
	}
	name, _ := e.Model()
	vectors, err := e.Embed(ctx, []string{q.Text}, true)
	if err != nil || len(vectors) != 1 {
		k.log.WarnContext(ctx, "question not embedded, searching words only", "model", name, "error", err)
		return "", name, true
	}
	return halfvec(vectors[0]), name, false
}

// halfvec writes a vector as Postgres reads it; a zero vector has no
// direction and is written as none.
func halfvec(v []float32) string {
	var b strings.Builder
	b.Grow(len(v) * 10)
	zero := true
	for i, x := range v {
		if x != 0 {
			zero = false
		}
		b.WriteByte("[,"[min(i, 1)])
		b.WriteString(strconv.FormatFloat(float64(x), 'g', 6, 32))
	}
	if zero {
		return ""
	}
	b.WriteByte(']')
	return b.String()
}

// statement puts the vector half that fits the tenant's size into the search.
func statement(vector string, f facts) (sql string, throughGraph bool) {
	switch {
	case vector == "":
		return strings.Replace(searchSQL, "/*near*/", nearNone, 1), false
	case !f.throughGraph():
		return strings.Replace(searchSQL, "/*near*/", nearExact, 1), false
	}
	return strings.Replace(searchSQL, "/*near*/", graphOf(dimensions(vector)), 1), true
}

func (f facts) throughGraph() bool { return f.visible >= exactBelow && f.visible*thinnest >= f.chunks }

// graphOf is the vector half through the index of vectors of this length.
func graphOf(dimensions int) string {
	return strings.ReplaceAll(nearGraph, "DIMENSIONS", strconv.Itoa(dimensions))
}

func dimensions(vector string) int { return strings.Count(vector, ",") + 1 }

// planSettings spare a short query the compiler, and let each be planned for
// its own words and its own filter.
const planSettings = `select set_config('jit', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)`

// graphSettings hold for this transaction only. A mistyped setting would
// silently act as off, so what the server made of them is read back. The list
// of candidates is three times what is asked for: with twice, between 0.94 and
// 0.96 of the exact ten were found at 50,000 chunks, as the graph had it.
const graphSettings = `select set_config('hnsw.ef_search', '600', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
	set_config('hnsw.max_scan_tuples', '200000', true)`

// factsSQL counts what the audience sees ($1: only when asked, and only of a
// base that is large at all).
const factsSQL = `with size as (select coalesce(sum(chunks), 0)::int as chunks from language_stats)
	select chunks, case when not $1 then -1 when chunks < 20000 then chunks else (select count(*) from chunk_vectors v
		where v.model_id = (select id from embedding_models where state = 'serving') and ($2 or v.audience is null or v.audience = $3))::int end,
	coalesce((select name from embedding_models where state = 'serving'), ''),
	coalesce((select dimensions from embedding_models where state = 'serving'), 0), coalesce(current_setting('hnsw.iterative_scan', true), '')
	from size`

func (k *KB) search(ctx context.Context, viewer desk.Viewer, q Query, vector, model string, f facts) ([]Hit, facts, error) {
	args := arguments(viewer, q, vector, model)
	sql, graph := statement(vector, f)
	staff, company, _ := reader(viewer) // checked before
	var hits []Hit
	now, count := f, time.Since(f.counted) > countAgain
	err := k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var iterative string
		var visible int
		batch := &pgx.Batch{}
		batch.Queue(planSettings)
		if graph {
			batch.Queue(graphSettings)
		}
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
			hits, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Hit])
			return err
		})
		batch.Queue(factsSQL, count, staff, company).QueryRow(func(row pgx.Row) error {
			return row.Scan(&now.chunks, &visible, &now.serving, &now.dimensions, &iterative)
		})
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		if graph && iterative != "relaxed_order" {
			return errors.New("search: the vector index ignores its settings: pgvector is older than 0.8")
		}
		if count {
			now.visible, now.counted = visible, time.Now()
		}
		return nil
	})
	return hits, now, err
}

func arguments(viewer desk.Viewer, q Query, vector, model string) []any {
	staff, company, _ := reader(viewer) // checked before
	said := words.Split(q.Text)
	weights := map[string]float32{}
	var concepts []string
	for _, m := range words.Meanings(q.Lang, said) {
		if _, ok := weights[m.Name]; !ok {
			concepts = append(concepts, m.Name)
		}
		counts := float32(m.Counts())
		weights[m.Name] = min(weights[m.Name]+counts, 2*counts)
	}
	values := make([]float32, len(concepts))
	for i, c := range concepts {
		values[i] = weights[c]
	}
	parts := []string{}
	for _, w := range said {
		parts = append(parts, words.Parts(q.Lang, w)...)
	}
	text, share := q.Text, float32(vectorShare)
	switch q.Mode {
	case Vector:
		text, concepts, values, parts = "", nil, nil, []string{}
	case Lexical:
		concepts, values = nil, nil
	}
	var v *string
	if vector != "" {
		v = &vector
	}
	return []any{text, string(q.Lang), staff, company, q.Limit, emptyIfNil(concepts), emptyIfNil(values), parts, v, model, share}
}

func emptyIfNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
