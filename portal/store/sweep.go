package store

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// SweepArgs is the periodic job that forgets what mattered for a while only:
// counts of attempts, answers kept for a lost reply, sessions long over, sign-ups that nobody proved. Anybody
// may make such rows, some without a log-in, so they must not pile up.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "store_sweep" }

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	store *Store
}

func (w *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	return w.store.Sweep(ctx)
}

// AddWorkers registers the job; it works QueueMail.
func (s *Store) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &sweeper{store: s})
}

// Periodic is what has to run by itself.
func (s *Store) Periodic() []*river.PeriodicJob {
	return Every(time.Hour, QueueMail, SweepArgs{})
}

// Every is a job that runs by itself: at the start and again after each
// interval. One that fails is not tried again before that.
func Every(interval time.Duration, queue string, job river.JobArgs) []*river.PeriodicJob {
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(interval), func() (river.JobArgs, *river.InsertOpts) {
		return job, &river.InsertOpts{Queue: queue, MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}

// Sweep does it in every tenant.
func (s *Store) Sweep(ctx context.Context) error {
	return s.EachTx(ctx, func(ctx context.Context, tx *Tx) error {
		for _, sweep := range []func(context.Context) (int64, error){tx.SweepLimits, tx.SweepIdempotent, tx.SweepSessions, tx.SweepNewcomers, tx.SweepPresence} {
			if _, err := sweep(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
