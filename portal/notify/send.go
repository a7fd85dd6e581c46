package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Reason says why a message was not sent. The web interface has words for
// each.
type Reason string

// The reasons.
const (
	ReasonDown     Reason = "provider_down"  // cannot be reached, or says that it is out of order
	ReasonSlow     Reason = "provider_slow"  // did not answer in time
	ReasonBusy     Reason = "provider_busy"  // takes no more at the moment
	ReasonNumber   Reason = "refused_number" // takes no message for this recipient
	ReasonRejected Reason = "rejected"       // our account or our settings are not right
	ReasonExpired  Reason = "expired"        // its life ended before it could be sent
	ReasonNone     Reason = "no_provider"    // the installation lost the channel meanwhile
)

// Failure is why a provider did not take a message. Detail is for the
// technician who looks at the row: a status or a code of the provider, never
// what was sent.
type Failure struct { //nolint:errname // it is what happened to a message, and reads so
	Reason Reason
	Detail string
	Again  bool // whether a second try may go better
}

// Error returns the reason and the detail.
func (f *Failure) Error() string {
	if f.Detail == "" {
		return string(f.Reason)
	}
	return string(f.Reason) + ": " + f.Detail
}

// asFailure gives any error of a provider a reason. What it says itself is
// not passed on: it could quote the message.
func asFailure(err error) *Failure {
	var f *Failure
	var network net.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &Failure{Reason: ReasonSlow, Again: true}
	}
	return &Failure{Reason: ReasonDown, Again: true}
}

const (
	tries       = 2 // R11: once more with the same key
	sendTimeout = 20 * time.Second
)

// SendArgs is the job that sends one message.
type SendArgs struct {
	Tenant  desk.ID `json:"tenant"`
	Message desk.ID `json:"message"`
}

// Kind names the job.
func (SendArgs) Kind() string { return "message_send" }

type sender struct {
	river.WorkerDefaults[SendArgs]
	service *Service
}

// NextRetry comes soon: somebody waits for the code.
func (w *sender) NextRetry(*river.Job[SendArgs]) time.Time { return time.Now().Add(2 * time.Second) }

// Work sends the message of the job.
func (w *sender) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	return w.service.send(ctx, job.Args, job.Attempt >= job.MaxAttempts)
}

// send hands one message over. The row is counted and committed before, and
// told how it went after; in between no transaction is open.
func (s *Service) send(ctx context.Context, a SendArgs, last bool) error {
	o, channel, err := s.take(ctx, a)
	if err != nil || o == nil {
		return err
	}
	p := s.providers[channel]
	if p == nil {
		return s.end(ctx, a, "", &Failure{Reason: ReasonNone})
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	id, err := p.Send(sending, *o)
	cancel()
	if err == nil {
		return s.end(ctx, a, id, nil)
	}
	f := asFailure(err)
	s.log.WarnContext(ctx, "message not sent", "tenant", string(a.Tenant), "message", string(a.Message), "channel", string(channel), "reason", f.Error(), "last_try", last || !f.Again)
	if f.Again && !last {
		return f
	}
	return s.end(ctx, a, "", f)
}

// take reads what is to be sent; nil when nothing is.
func (s *Service) take(ctx context.Context, a SendArgs) (o *Outgoing, channel Channel, err error) {
	err = s.store.Tenant(a.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		o = nil
		m, err := tx.TakeMessage(ctx, a.Message)
		if store.NoRows(err) {
			return nil // sent before, or its person is gone
		}
		if err != nil {
			return err
		}
		channel = Channel(m.Channel)
		sealed, err := tx.SecretByID(ctx, db.SecretByIDParams{ID: a.Message, Purpose: sealing})
		if store.NoRows(err) {
			return s.finish(ctx, tx, a.Message, "", &Failure{Reason: ReasonExpired})
		}
		if err != nil {
			return err
		}
		plain, err := s.store.Unseal(sealing, bound(a.Tenant, a.Message), sealed)
		if err != nil {
			return err
		}
		var c content
		if err := json.Unmarshal(plain, &c); err != nil {
			return fmt.Errorf("message %s cannot be read", a.Message) // the cause could quote it
		}
		o = &Outgoing{Tenant: a.Tenant, ID: a.Message, To: m.Recipient, Subject: c.Subject, Text: c.Text}
		if m.UserID != nil {
			o.User = *m.UserID
		}
		return nil
	})
	return o, channel, err
}

func (s *Service) end(ctx context.Context, a SendArgs, providerID string, f *Failure) error {
	// The message is out: a signal to stop must not make it go out again.
	return s.store.Tenant(a.Tenant).Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return s.finish(ctx, tx, a.Message, providerID, f)
	})
}

// finish writes the end of a message and deletes its text.
func (s *Service) finish(ctx context.Context, tx *store.Tx, id desk.ID, providerID string, f *Failure) error {
	p := db.EndMessageParams{ID: id, State: "sent", ProviderID: clip(providerID, 120)}
	if f != nil {
		p.State, p.Detail = StateFailed, clip(f.Error(), 200)
	}
	if err := tx.EndMessage(ctx, p); err != nil {
		return err
	}
	if _, err := tx.DeleteSecret(ctx, id); err != nil || f == nil {
		return err
	}
	return s.tellLost(ctx, tx, id, StateFailed, f.Error())
}

// SweepArgs is the periodic job that clears texts whose life is over.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "message_sweep" }

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	service *Service
}

func (w *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	return w.service.Sweep(ctx)
}

// Sweep fails messages that were never sent and deletes what was sealed for
// longer than its life, in every tenant.
func (s *Service) Sweep(ctx context.Context) error {
	tenants, err := s.store.TenantIDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range tenants {
		err := s.store.Tenant(id).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			expired, err := tx.ExpireMessages(ctx)
			for _, id := range expired {
				if err == nil {
					err = s.tellLost(ctx, tx, id, StateFailed, string(ReasonExpired))
				}
			}
			if err != nil {
				return err
			}
			if err := tx.SweepDemo(ctx); err != nil {
				return err
			}
			_, err = tx.SweepSecrets(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AddWorkers registers the jobs; they work store.QueueMail.
func (s *Service) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &sender{service: s})
	river.AddWorker(workers, &sweeper{service: s})
}

// Periodic is what has to run by itself.
func (s *Service) Periodic() []*river.PeriodicJob {
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return SweepArgs{}, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}
