package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/store/db"
)

// Batch sends every write that fn makes through its argument in one round
// trip, in their order; each fails or succeeds with the transaction as ever.
// It is for queries that return nothing, not even how many rows they changed:
// reading in a batch is an error.
func (tx *Tx) Batch(ctx context.Context, fn func(b *Tx) error) error {
	var queue writes
	b := *tx
	b.Queries = db.New(&queue)
	if err := fn(&b); err != nil {
		return err
	}
	tx.after = b.after
	return tx.SendBatch(ctx, &queue.Batch).Close()
}

// writes collects queries instead of running them.
type writes struct{ pgx.Batch }

var errReads = errors.New("a batch of writes cannot read")

func (w *writes) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	w.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

func (w *writes) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errReads }

func (w *writes) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return errReads }
