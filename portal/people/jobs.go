package people

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// WelcomeArgs is the job that queues the welcome mails of people who were
// imported.
type WelcomeArgs struct {
	Tenant desk.ID   `json:"tenant"`
	Users  []desk.ID `json:"users"`
}

// Kind names the job.
func (WelcomeArgs) Kind() string { return "welcome_mails" }

func enqueueWelcome(ctx context.Context, tx *store.Tx, a WelcomeArgs) error {
	return tx.Enqueue(ctx, a, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 3, Priority: 4})
}

type welcomer struct {
	river.WorkerDefaults[WelcomeArgs]

	service *Service
}

// Work queues the mails, each in a transaction of its own. Whoever has one
// already gets no second when the job runs again.
func (w *welcomer) Work(ctx context.Context, job *river.Job[WelcomeArgs]) error {
	for _, id := range job.Args.Users {
		err := w.service.store.Tenant(job.Args.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			u, err := tx.HoldUser(ctx, id)
			if store.NoRows(err) || err == nil && (u.Email == nil || u.DisabledAt != nil) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := tx.LastWelcome(ctx, id); !store.NoRows(err) {
				return err
			}
			return w.service.welcome(ctx, tx, &u)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AddWorkers registers the jobs; they work store.QueueMail.
func (s *Service) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &welcomer{service: s})
	river.AddWorker(workers, &forgetful{service: s})
	river.AddWorker(workers, &prover{service: s})
}
