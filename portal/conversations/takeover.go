package conversations

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// dueSubject tells every node that a turn was handed over.
const dueSubject = "turns.due"

// poll finds turns that nobody cares for: after a crash, a lost wake-up, or
// when every node was busy.
func (s *Service) poll(wake <-chan struct{}) {
	tick := time.NewTicker(s.cfg.Poll)
	defer tick.Stop()
	for {
		if room := s.seats.room(); room > 0 {
			refs, err := s.store.DueTurns(s.base, room)
			if err != nil && s.base.Err() == nil {
				s.log.Warn("due turns not read", "error", err)
			}
			for _, ref := range refs {
				s.seats.kick(ref)
			}
		}
		select {
		case <-s.base.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// TakeoverArgs is the job that is inserted with every message: should the node
// that took the message die, the job sees to the turn.
type TakeoverArgs struct {
	Tenant desk.ID `json:"tenant"`
	Turn   desk.ID `json:"turn"`
}

// Kind names the job.
func (TakeoverArgs) Kind() string { return "turn_takeover" }

type takeover struct {
	river.WorkerDefaults[TakeoverArgs]
	service *Service
}

// Work looks at the turn and comes back until it has ended. It never runs the
// turn itself: a job has a time limit of its own, a turn has its lease.
func (w *takeover) Work(ctx context.Context, job *river.Job[TakeoverArgs]) error {
	ended := false
	err := w.service.store.Tenant(job.Args.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		t, err := tx.TurnByID(ctx, job.Args.Turn)
		if store.NoRows(err) {
			ended = true
			return nil
		}
		ended = t.State == stateEnded
		return err
	})
	if err != nil || ended {
		return err
	}
	w.service.seats.kick(store.TurnRef(job.Args))
	return river.JobSnooze(w.service.cfg.Takeover)
}

// AddWorkers registers the takeover job; it works store.QueueTurns.
func (s *Service) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &takeover{service: s})
}
