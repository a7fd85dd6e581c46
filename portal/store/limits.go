package store

import (
	"context"
	"math"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/db"
)

// Hit counts one attempt under key and refuses it with refusal, completed by
// retry_after_seconds, once more than atMost fell into the window. The count
// lives in the database: it holds over restarts and for all nodes together,
// and parallel attempts are each counted.
//
// A transaction that rolls back takes its hit with it. Who guards a secret
// therefore commits the hit before looking at the secret.
func (tx *Tx) Hit(ctx context.Context, key string, window time.Duration, atMost int, refusal *desk.Error) error {
	r, err := tx.HitLimit(ctx, db.HitLimitParams{TenantID: tx.Tenant, Key: key, WindowSeconds: window.Seconds()})
	if err != nil {
		return err
	}
	if int(r.Hits) > atMost {
		return refusal.With("retry_after_seconds", r.RetryAfterSeconds)
	}
	return nil
}

// Spend counts n at once under key, unless more than atMost would fall into
// the window; it reports whether it did. A negative n gives some back.
func (tx *Tx) Spend(ctx context.Context, key string, window time.Duration, n, atMost int) (bool, error) {
	done, err := tx.SpendLimit(ctx, db.SpendLimitParams{
		TenantID: tx.Tenant, Key: key, Hits: int32(n), AtMost: int32(min(atMost, math.MaxInt32)), WindowSeconds: window.Seconds(), //nolint:gosec // a turn's tokens
	})
	return done == 1, err
}

// Full tells until when Hit would refuse, without counting; zero while it
// would not.
func (tx *Tx) Full(ctx context.Context, key string, window time.Duration, atMost int) (time.Time, error) {
	until, err := tx.FullUntil(ctx, db.FullUntilParams{Key: key, WindowSeconds: window.Seconds(), AtMost: int64(atMost)})
	if NoRows(err) {
		return time.Time{}, nil
	}
	return until, err
}
