package kb

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/kb/words"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

//go:embed sql/save_chunks.sql
var saveChunksSQL string

// What a word counts by where it stands.
const (
	inTitle   float32 = 2
	inSummary float32 = 1
	inHeading float32 = 2
	inBody    float32 = 1
)

// rows are the chunks of a batch, column by column as Postgres takes them.
type rows struct {
	ids, articles                             []desk.ID
	numbers                                   []int64
	ord, starts, ends                         []int32
	langs, titles, summaries                  []string
	headings, paths, anchors, bodies, vectors []string
	places                                    []int32
	terms                                     []string
	weights                                   []float32
}

//nolint:gosec // places and offsets are bounded by the size of a document
func (r *rows) add(a db.SaveArticleRow, v *changedVersion) {
	for i, p := range v.passages {
		r.ids, r.articles, r.numbers = append(r.ids, p.id), append(r.articles, a.ID), append(r.numbers, a.No)
		r.ord, r.starts, r.ends = append(r.ord, int32(i)), append(r.starts, int32(p.start)), append(r.ends, int32(p.end))
		r.langs, r.titles, r.summaries = append(r.langs, string(v.lang)), append(r.titles, v.title), append(r.summaries, v.summary)
		r.headings, r.paths, r.anchors = append(r.headings, p.heading), append(r.paths, p.path), append(r.anchors, p.anchor)
		r.bodies, r.vectors = append(r.bodies, p.body), append(r.vectors, p.vector)
		for _, t := range extraTermsOf(v.lang, p) {
			r.places = append(r.places, int32(len(r.ids)))
			r.terms, r.weights = append(r.terms, t.term), append(r.weights, t.weight)
		}
	}
}

// save writes the chunks with postings and statistics, then their vectors.
func (r *rows) save(ctx context.Context, tx *store.Tx, audience desk.ID, model desk.ID) error {
	if len(r.ids) == 0 {
		return nil
	}
	made, err := tx.Query(ctx, saveChunksSQL, tx.Tenant, store.Optional(audience), r.ids, r.articles, r.numbers, r.langs, r.ord,
		r.titles, r.summaries, r.headings, r.paths, r.anchors, r.starts, r.ends, r.bodies,
		emptyIfNil(r.places), emptyIfNil(r.terms), emptyIfNil(r.weights), []float32{inTitle, inSummary, inHeading, inBody})
	if err != nil {
		return err
	}
	numbers := map[desk.ID]int64{}
	var id desk.ID
	var no int64
	if _, err := pgx.ForEachRow(made, []any{&id, &no}, func() error { numbers[id] = no; return nil }); err != nil {
		return err
	}
	var nos []int64
	var vectors []string
	for i, v := range r.vectors {
		if v != "" && model != "" {
			nos, vectors = append(nos, numbers[r.ids[i]]), append(vectors, v)
		}
	}
	return saveVectors(ctx, tx, model, nos, vectors)
}

type weightedTerm struct {
	term   string
	weight float32
}

// extraTermsOf is what a passage means beyond its lexemes: concepts of the
// glossary and the parts of compounds.
func extraTermsOf(lang desk.Language, p *passage) []weightedTerm {
	var out []weightedTerm
	for _, f := range []struct {
		text   string
		weight float32
	}{{p.title, inTitle}, {p.brief, inSummary}, {p.path, inHeading}, {p.body, inBody}} {
		said := words.Split(f.text)
		for _, m := range words.Meanings(lang, said) {
			out = append(out, weightedTerm{"#" + m.Name, f.weight * float32(m.Counts()/m.Weight)})
		}
		for _, w := range said {
			for _, part := range words.Parts(lang, w) {
				out = append(out, weightedTerm{part, f.weight})
			}
		}
	}
	return out
}
