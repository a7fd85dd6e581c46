package kb

import (
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

//go:embed sql/related.sql
var relatedSQL string

const (
	maxRelated = 4
	// An article is related while it is at least so near as the nearest of all,
	// in parts of it: models differ in what they call near.
	relatedShare = 0.7
)

// middleSQL is the mean of an article's vectors in one language, by the model
// that serves.
const middleSQL = `select coalesce(avg(v.embedding)::text, ''), coalesce(max(m.name), ''), coalesce(max(v.dimensions), 0)
	from chunks c join chunk_vectors v on v.chunk_no = c.no
	join embedding_models m on m.id = v.model_id and m.state = 'serving'
	where c.article_id = $1 and c.lang = $2 and ($3 or c.audience is null or c.audience = $4)`

// Related finds the articles that are about the same as one, in the same
// language, the nearest first. Without vectors there are none.
func (k *KB) Related(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language) ([]Summary, error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return nil, err
	}
	items := []Summary{}
	large := k.facts(audienceOf(viewer)).throughGraph()
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var middle, model string
		var length int
		if err := tx.QueryRow(ctx, middleSQL, id, string(language(lang)), staff, company).Scan(&middle, &model, &length); err != nil || middle == "" {
			return err
		}
		near := nearExact
		if large {
			near = graphOf(length)
			if _, err := tx.Exec(ctx, graphSettings); err != nil {
				return err
			}
		}
		// One statement has numbers without gaps.
		sql := strings.NewReplacer("$9", "$6", "$10", "$7").Replace(strings.Replace(relatedSQL, "/*near*/", near, 1))
		rows, err := tx.Query(ctx, sql, id, string(language(lang)), staff, company, maxRelated, middle, model)
		if err != nil {
			return err
		}
		var s Summary
		var likeness, nearest float32
		_, err = pgx.ForEachRow(rows, []any{&s.ID, &s.Key, &s.Lang, &s.Title, &s.Summary, &likeness}, func() error {
			nearest = max(nearest, likeness)
			if likeness > 0 && likeness >= relatedShare*nearest {
				items = append(items, s)
			}
			return nil
		})
		return err
	})
	return items, err
}
