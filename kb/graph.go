package kb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// EnsureVectorIndexes builds the graph index for each length of vectors of
// which some tenant has more than can be compared one by one. A small
// installation never needs one. It logs in as the database's owner, since the
// application's role owns nothing; searches and writes go on meanwhile.
func (k *KB) EnsureVectorIndexes(ctx context.Context, ownerURL string) error {
	tenants, err := k.store.TenantIDs(ctx)
	if err != nil {
		return err
	}
	needed := map[int]bool{}
	for _, id := range tenants {
		if err := k.neededIndexes(ctx, id, needed); err != nil {
			return err
		}
	}
	if len(needed) == 0 {
		return nil
	}
	owner, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return desk.Wrap(desk.CodeUnavailable, err, "the database does not answer; try again")
	}
	defer owner.Close(context.WithoutCancel(ctx))
	for dimensions := range needed {
		if err := ensureVectorIndex(ctx, owner, dimensions); err != nil {
			return fmt.Errorf("vector index of %d dimensions: %w", dimensions, err)
		}
	}
	return nil
}

func (k *KB) neededIndexes(ctx context.Context, tenant desk.ID, needed map[int]bool) error {
	return k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		chunks, err := tx.CountChunks(ctx)
		if err != nil || chunks < exactBelow {
			return err
		}
		models, err := tx.EmbeddingModels(ctx)
		for _, m := range models {
			needed[int(m.Dimensions)] = true
		}
		return err
	})
}

// ensureVectorIndex builds one index unless it is there. An index that a
// crash left half built is dropped first. Before pgvector 0.8.4 parallel
// workers can build a faulty graph, so there are none.
func ensureVectorIndex(ctx context.Context, owner *pgx.Conn, dimensions int) error {
	name := "chunk_vectors_graph_" + strconv.Itoa(dimensions)
	var version string
	var valid, there bool
	err := owner.QueryRow(ctx, `select e.extversion, i.indexrelid is not null, coalesce(i.indisvalid, false)
		from pg_extension e left join pg_index i on i.indexrelid = to_regclass('public.' || $1) where e.extname = 'vector'`, name).
		Scan(&version, &there, &valid)
	if err != nil || valid {
		return err
	}
	steps := []string{"set maintenance_work_mem = '512MB'"}
	if older(version, "0.8.4") {
		steps = append(steps, "set max_parallel_maintenance_workers = 0")
	}
	if there {
		steps = append(steps, "drop index concurrently "+name)
	}
	steps = append(steps, fmt.Sprintf(`create index concurrently %s on chunk_vectors
		using hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops) with (m = 16, ef_construction = 64) where dimensions = %d`, name, dimensions, dimensions))
	for _, sql := range steps {
		if _, err := owner.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// older compares two versions part by part.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		have := 0
		if i < len(a) {
			have, _ = strconv.Atoi(a[i])
		}
		want, _ := strconv.Atoi(b[i])
		if have != want {
			return have < want
		}
	}
	return false
}

// Nearest runs the vector half of a search alone, as a search of this viewer
// would or comparing every vector: it is how the graph's recall is measured.
// The numbers are those of chunks, the nearest first.
func (k *KB) Nearest(ctx context.Context, viewer desk.Viewer, vector []float32, exact bool) (chunks []int64, err error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var f facts
		var iterative string
		if err := tx.QueryRow(ctx, factsSQL, true, staff, company).Scan(&f.chunks, &f.visible, &f.serving, &f.dimensions, &iterative); err != nil {
			return err
		}
		sql, settings := nearExact, "select set_config('enable_indexscan', 'off', true)"
		if !exact && f.throughGraph() {
			sql, settings = graphOf(len(vector)), graphSettings
		}
		if _, err := tx.Exec(ctx, settings); err != nil {
			return err
		}
		sql = strings.NewReplacer("$3", "$1", "$4", "$2", "$9", "$3", "$10", "$4").Replace(sql)
		rows, err := tx.Query(ctx, "select chunk_no from ("+sql+") n order by likeness desc", staff, company, halfvec(vector), f.serving)
		if err != nil {
			return err
		}
		chunks, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	return chunks, err
}
