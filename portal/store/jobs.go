package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// The queues. A flood of imports never delays a takeover (SECURITY J2).
const (
	QueueTurns = "turns" // takeover of abandoned turns
	QueueIndex = "index" // embeddings
	QueueMail  = "mail"
	QueueWeb   = "web" // pages of the knowledge base's sources
)

// jobTimeout bounds a job whose worker says nothing else. A dead node's jobs go
// on elsewhere after it; River's own hour is longer than a code, or a temporary
// password, lives (SECURITY 0.5).
const jobTimeout = time.Minute

// Jobs works the queue until Stop: River's client under its own role and pool.
type Jobs struct {
	client *river.Client[pgx.Tx]
	close  func()
}

// StartJobs starts working the given queues with the registered workers.
func (s *Store) StartJobs(ctx context.Context, workers *river.Workers, queues map[string]river.QueueConfig, periodic []*river.PeriodicJob) (*Jobs, error) {
	pool, err := connect(ctx, s.cfg, roleRiver, 8)
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: riverSchema, Workers: workers, Queues: queues, PeriodicJobs: periodic, Logger: s.log,
		JobTimeout: jobTimeout, RescueStuckJobsAfter: jobTimeout,
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("job queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return &Jobs{client: client, close: pool.Close}, nil
}

// Stop lets running jobs finish until ctx ends, then gives up on them; they
// run again elsewhere.
func (j *Jobs) Stop(ctx context.Context) error {
	err := j.client.Stop(ctx)
	if err != nil {
		err = j.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	j.close()
	return err
}
