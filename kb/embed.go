package kb

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

const (
	serving = "serving"
	filling = "filling"

	embedBatch = 64 // texts in one request
)

// modelRow is the model that serves a tenant. complete says that nothing is
// left for the background: no other model fills, every passage has its vector.
type modelRow struct {
	id       desk.ID
	complete bool
}

// embedPassages gives new passages the vectors of the model that serves, and
// makes the configured model serve a tenant that has none. When the embedder
// is away the passages go in without vectors and the background fills them.
func (k *KB) embedPassages(ctx context.Context, tenant desk.ID, passages []*passage) (modelRow, error) {
	if k.embedder == nil {
		return modelRow{}, nil
	}
	models, err := k.models(ctx, tenant)
	if err != nil {
		return modelRow{}, err
	}
	wanted, _ := k.embedder.Model()
	row, e, known := db.EmbeddingModelsRow{}, k.embedder, false
	for _, m := range models {
		if m.State == serving {
			row, e, known = m, k.embedderOf(m.Name), true
		}
	}
	if e == nil {
		return modelRow{id: row.ID}, nil
	}
	var vectors [][]float32
	for batch := range slices.Chunk(passages, embedBatch) {
		some, err := k.embed(ctx, e, batch)
		if desk.CodeOf(err) == desk.CodeEmbeddingDimension {
			return modelRow{}, err
		}
		if err != nil {
			k.log.WarnContext(ctx, "passages not embedded, left to the background", "tenant", tenant, "error", err)
			return modelRow{id: row.ID}, nil
		}
		vectors = append(vectors, some...)
	}
	if !known && len(vectors) > 0 {
		if row, err = k.addModel(ctx, tenant, wanted, len(vectors[0]), serving); err != nil {
			return modelRow{}, err
		}
	}
	for i, v := range vectors {
		if len(v) != int(row.Dimensions) {
			return modelRow{}, dimensionError(int(row.Dimensions), len(v))
		}
		passages[i].vector = stored(v)
	}
	return modelRow{id: row.ID, complete: row.Name == wanted && len(models) <= 1}, nil
}

// embeddable is what of a passage is embedded: the title on the first line.
func embeddable(title, path, summary, body string) string {
	return title + "\n" + path + "\n" + summary + "\n" + body
}

// embed asks for the vectors of passages: as many as asked, all of one length.
func (k *KB) embed(ctx context.Context, e Embedder, passages []*passage) ([][]float32, error) {
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = embeddable(p.title, p.path, p.brief, p.body)
	}
	return embedTexts(ctx, e, texts)
}

func embedTexts(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	vectors, err := e.Embed(ctx, texts, false)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	_, want := e.Model()
	for _, v := range vectors {
		if want == 0 {
			want = len(v)
		}
		if len(v) != want || len(v) == 0 {
			return nil, dimensionError(want, len(v))
		}
	}
	return vectors, nil
}

func dimensionError(want, got int) *desk.Error {
	return desk.Errorf(desk.CodeEmbeddingDimension,
		"the embedding model returns vectors of length %d where %d are stored; configure it under another name", got, want).
		With("want", want).With("got", got)
}

// stored writes a passage's vector. A passage without a single word has no
// direction; it gets one, or it would be missing for ever.
func stored(v []float32) string {
	if s := halfvec(v); s != "" {
		return s
	}
	v = slices.Clone(v)
	v[0] = 1
	return halfvec(v)
}

func (k *KB) models(ctx context.Context, tenant desk.ID) (models []db.EmbeddingModelsRow, err error) {
	err = k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		models, err = tx.EmbeddingModels(ctx)
		return err
	})
	return models, err
}

// addModel records a model, or returns the row that another node has made.
func (k *KB) addModel(ctx context.Context, tenant desk.ID, name string, dimensions int, state string) (row db.EmbeddingModelsRow, err error) {
	err = k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		added := db.AddEmbeddingModelParams{TenantID: tx.Tenant, ID: desk.NewID(), Name: name, State: state}
		added.Dimensions = int32(dimensions) //nolint:gosec // a vector's length
		err := tx.AddEmbeddingModel(ctx, added)
		if err != nil {
			return err
		}
		models, err := tx.EmbeddingModels(ctx)
		for _, m := range models {
			if m.Name == name {
				row = m
			}
		}
		return err
	})
	if err == nil && row.ID == "" {
		err = desk.Errorf(desk.CodeConflict, "another embedding model is being introduced")
	}
	return row, err
}

// saveVectors stores vectors of chunks that still exist.
func saveVectors(ctx context.Context, tx *store.Tx, model desk.ID, nos []int64, vectors []string) error {
	if len(nos) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into chunk_vectors (tenant_id, model_id, chunk_no, article_no, lang, audience, dimensions, embedding)
		select c.tenant_id, $1, c.no, c.article_no, c.lang, c.audience, vector_dims(v.e::halfvec), v.e::halfvec
		from unnest($2::bigint[], $3::text[]) as v(no, e) join chunks c on c.no = v.no
		on conflict do nothing`, model, nos, vectors)
	return err
}

// EmbedArgs is the background job that gives a tenant's passages the vectors
// they lack.
type EmbedArgs struct {
	Tenant desk.ID `json:"tenant"`
}

// Kind names the job.
func (EmbedArgs) Kind() string { return "kb_embed" }

func enqueueEmbedding(ctx context.Context, tx *store.Tx) error {
	return tx.Enqueue(ctx, EmbedArgs{Tenant: tx.Tenant}, &river.InsertOpts{Queue: store.QueueIndex})
}

// Worker runs EmbedArgs.
type Worker struct {
	river.WorkerDefaults[EmbedArgs]
	KB *KB
}

// Work embeds until nothing is missing; run twice, the second finds nothing
// to do.
func (w *Worker) Work(ctx context.Context, job *river.Job[EmbedArgs]) error {
	return w.KB.Reembed(ctx, job.Args.Tenant)
}

// Timeout gives a large base the time it needs; what a broken run has done
// stays done.
func (w *Worker) Timeout(*river.Job[EmbedArgs]) time.Duration { return 30 * time.Minute }

// Refresh starts the background job of every tenant whose vectors are not
// those of the configured model. Call it at start.
func (k *KB) Refresh(ctx context.Context) error {
	if k.embedder == nil {
		return nil
	}
	wanted, _ := k.embedder.Model()
	return k.store.EachTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		models, err := tx.EmbeddingModels(ctx)
		if err != nil {
			return err
		}
		chunks, err := tx.CountChunks(ctx)
		if err != nil || chunks == 0 || len(models) == 1 && models[0].Name == wanted {
			return err
		}
		return enqueueEmbedding(ctx, tx)
	})
}
