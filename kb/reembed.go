package kb

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Reembed gives every passage of a tenant a vector of the configured model.
// Until the last is there the vectors of the model before serve; then the new
// ones take their place in one transaction and the old are gone.
func (k *KB) Reembed(ctx context.Context, tenant desk.ID) error {
	if k.embedder == nil {
		return nil
	}
	for {
		target, missing, err := k.missing(ctx, tenant)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			finished, err := k.promote(ctx, tenant, target)
			if err != nil || finished {
				return err
			}
			continue // a passage came in between
		}
		if err := k.fill(ctx, tenant, target, missing); err != nil {
			return err
		}
	}
}

// missing finds the configured model's row, if any, and the next passages
// that lack its vector. A model that was filling and is no longer wanted goes.
func (k *KB) missing(ctx context.Context, tenant desk.ID) (target db.EmbeddingModelsRow, chunks []db.ChunksWithoutVectorRow, err error) {
	wanted, _ := k.embedder.Model()
	err = k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		models, err := tx.EmbeddingModels(ctx)
		if err != nil {
			return err
		}
		for _, m := range models {
			switch {
			case m.Name == wanted:
				target = m
			case m.State == filling:
				if err := tx.DropEmbeddingModel(ctx, m.ID); err != nil {
					return err
				}
			}
		}
		id := target.ID
		if id == "" {
			id = desk.NewID() // no row has it: every passage lacks a vector
		}
		chunks, err = tx.ChunksWithoutVector(ctx, db.ChunksWithoutVectorParams{ModelID: id, AtMost: embedBatch})
		return err
	})
	return target, chunks, err
}

// fill embeds passages and stores the vectors, recording the model with the
// first of them.
func (k *KB) fill(ctx context.Context, tenant desk.ID, target db.EmbeddingModelsRow, chunks []db.ChunksWithoutVectorRow) error {
	texts, nos := make([]string, len(chunks)), make([]int64, len(chunks))
	for i, c := range chunks {
		texts[i], nos[i] = embeddable(c.Title, c.Path, c.Summary, c.Body), c.No
	}
	vectors, err := embedTexts(ctx, k.embedder, texts)
	if err != nil {
		return err
	}
	if target.ID == "" {
		if target, err = k.introduce(ctx, tenant, len(vectors[0])); err != nil {
			return err
		}
	}
	written := make([]string, len(vectors))
	for i, v := range vectors {
		if len(v) != int(target.Dimensions) {
			return dimensionError(int(target.Dimensions), len(v))
		}
		written[i] = stored(v)
	}
	return k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return saveVectors(ctx, tx, target.ID, nos, written)
	})
}

func (k *KB) introduce(ctx context.Context, tenant desk.ID, dimensions int) (db.EmbeddingModelsRow, error) {
	models, err := k.models(ctx, tenant)
	if err != nil {
		return db.EmbeddingModelsRow{}, err
	}
	state := serving
	for _, m := range models {
		if m.State == serving {
			state = filling
		}
	}
	wanted, _ := k.embedder.Model()
	return k.addModel(ctx, tenant, wanted, dimensions, state)
}

// promote makes a complete model serve. It looks again under the lock that
// every writer holds: false means that a passage was added meanwhile.
func (k *KB) promote(ctx context.Context, tenant desk.ID, target db.EmbeddingModelsRow) (done bool, err error) {
	err = k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		if done = target.ID == "" || target.State == serving; done {
			return nil
		}
		left, err := tx.ChunksWithoutVector(ctx, db.ChunksWithoutVectorParams{ModelID: target.ID, AtMost: 1})
		if err != nil || len(left) > 0 {
			return err
		}
		models, err := tx.EmbeddingModels(ctx)
		if err != nil {
			return err
		}
		for _, m := range models {
			if m.ID != target.ID {
				if err := tx.DropEmbeddingModel(ctx, m.ID); err != nil {
					return err
				}
			}
		}
		done = true
		return tx.PromoteEmbeddingModel(ctx, target.ID)
	})
	return done, err
}
