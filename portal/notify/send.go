package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
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

	// ReasonHidden and ReasonOutdated are why a mail about a ticket was withheld.
	ReasonHidden   Reason = "not_visible" // its reader may not see it any more
	ReasonOutdated Reason = "outdated"    // what it was to tell is no longer so
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

// ReasonOf takes apart what a row keeps of a Failure.
func ReasonOf(kept string) (reason Reason, detail string) {
	word, detail, _ := strings.Cut(kept, ": ")
	return Reason(word), detail
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
	jobTries    = 25 // of the job; how often a message is tried, waitFor says
	smsTries    = 2  // R11: once more with the same key
	sendTimeout = 20 * time.Second
)

// mailWaits are the times between the tries of a mail: a server that is busy,
// or wants to see it twice (greylisting), is asked soon, one that is down later.
var mailWaits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

func waitFor(c Channel, tries int) (wait time.Duration, again bool) {
	if c == SMS {
		return 2 * time.Second, tries < smsTries // somebody waits for the code
	}
	if tries > len(mailWaits) {
		return 0, false
	}
	return mailWaits[tries-1], true
}

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

// NextRetry is for what went wrong on our side, such as a database that was
// away.
func (w *sender) NextRetry(*river.Job[SendArgs]) time.Time { return time.Now().Add(2 * time.Second) }

// Work sends the message of the job.
func (w *sender) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	return w.service.send(ctx, job.Args)
}

// taken is a message that this node sends now.
type taken struct {
	Outgoing
	channel Channel
	tries   int
	expires time.Time
}

// send hands one message over. The row is counted and committed before, and
// told how it went after; in between no transaction is open.
func (s *Service) send(ctx context.Context, a SendArgs) error {
	o, err := s.take(ctx, a)
	if err != nil || o == nil {
		return err
	}
	p := s.providers[o.channel]
	if p == nil {
		return s.end(ctx, a, "", &Failure{Reason: ReasonNone})
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	id, err := p.Send(sending, o.Outgoing)
	cancel()
	if err == nil {
		return s.end(ctx, a, id, nil)
	}
	f := asFailure(err)
	wait, again := s.wait(o.channel, o.tries)
	next := time.Now().Add(wait)
	again = again && f.Again && next.Before(o.expires)
	s.log.WarnContext(ctx, "message not sent", "tenant", string(a.Tenant), "message", string(a.Message), "channel", string(o.channel), "reason", f.Error(), "last_try", !again)
	if !again {
		return s.end(ctx, a, "", f)
	}
	err = s.store.Tenant(a.Tenant).Tx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		return tx.RetryMessage(ctx, db.RetryMessageParams{ID: a.Message, Detail: clip(f.Error(), 200), NextTryAt: &next})
	})
	if err != nil {
		return err
	}
	return river.JobSnooze(wait)
}

// take reads what is to be sent; nil when nothing is.
func (s *Service) take(ctx context.Context, a SendArgs) (o *taken, err error) {
	err = s.store.Tenant(a.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		o = nil
		r, err := tx.TakeMessage(ctx, a.Message)
		if store.NoRows(err) {
			return busy(ctx, tx, a.Message)
		}
		if err != nil {
			return err
		}
		c, withheld, err := s.contentOf(ctx, tx, a.Message, r)
		if err != nil {
			return err
		}
		if withheld == ReasonExpired {
			return s.finish(ctx, tx, a.Message, "", &Failure{Reason: withheld})
		}
		if withheld != "" {
			return tx.EndMessage(ctx, db.EndMessageParams{ID: a.Message, State: StateWithheld, Detail: string(withheld)})
		}
		o = &taken{channel: Channel(r.Channel), tries: int(r.Attempts), expires: r.ExpiresAt}
		o.Outgoing = Outgoing{Tenant: a.Tenant, ID: a.Message, User: store.OrZero(r.UserID), To: r.Recipient, Subject: c.Subject, Text: c.Text, HTML: c.HTML}
		if r.TicketID != nil {
			o.Thread = "ticket-" + string(*r.TicketID)
		}
		return nil
	})
	return o, err
}

// busy waits for another node that sends the message at this moment. One that
// was sent before, or whose person is gone, is nobody's.
func busy(ctx context.Context, tx *store.Tx, id desk.ID) error {
	r, err := tx.MessageState(ctx, id)
	if store.NoRows(err) {
		return nil
	}
	if err == nil && r.State == stateQueued {
		return river.JobSnooze(15 * time.Second)
	}
	return err
}

// contentOf is what a message says, or why it says nothing.
func (s *Service) contentOf(ctx context.Context, tx *store.Tx, id desk.ID, r db.TakeMessageRow) (c content, withheld Reason, err error) {
	if r.Sealed {
		return s.unsealed(ctx, tx, id)
	}
	if r.ExpiresAt.Before(time.Now()) {
		return c, ReasonExpired, nil
	}
	m := Message{ID: id, User: store.OrZero(r.UserID), To: r.Recipient, Template: r.Template, Ticket: store.OrZero(r.TicketID), Reply: store.OrZero(r.ReplyID)}
	if err := json.Unmarshal(r.Params, &m.Params); err != nil {
		return c, "", fmt.Errorf("message %s cannot be read", id)
	}
	if m.Ticket != "" {
		if s.composer == nil {
			return c, ReasonHidden, nil
		}
		more, withheld, err := s.composer.ComposeTx(ctx, tx, m)
		if err != nil || withheld != "" {
			return c, withheld, err
		}
		if m.Params == nil {
			m.Params = map[string]string{}
		}
		maps.Copy(m.Params, more)
	}
	c, err = s.write(ctx, tx, m, desk.Language(r.Language))
	return c, "", err
}

func (s *Service) unsealed(ctx context.Context, tx *store.Tx, id desk.ID) (c content, withheld Reason, err error) {
	sealed, err := tx.SecretByID(ctx, db.SecretByIDParams{ID: id, Purpose: sealing})
	if store.NoRows(err) {
		return c, ReasonExpired, nil
	}
	if err != nil {
		return c, "", err
	}
	plain, err := s.store.Unseal(sealing, bound(tx.Tenant, id), sealed)
	if err != nil {
		return c, "", err
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, "", fmt.Errorf("message %s cannot be read", id) // the cause could quote it
	}
	return c, "", nil
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

// sweepAtOnce bounds one tenant's part of a sweep; the next one goes on.
const sweepAtOnce = 5000

// Sweep fails messages that were never sent, deletes what was sealed for longer
// than its life, and forgets what was sent longer ago than is kept, in every
// tenant.
func (s *Service) Sweep(ctx context.Context) error {
	return s.store.EachTx(ctx, func(ctx context.Context, tx *store.Tx) error {
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
		if _, err := tx.SweepSecrets(ctx); err != nil {
			return err
		}
		_, err = tx.SweepMessages(ctx, db.SweepMessagesParams{AgeSeconds: s.keepFor.Seconds(), AtMost: sweepAtOnce})
		return err
	})
}

// AddWorkers registers the jobs; they work store.QueueMail.
func (s *Service) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &sender{service: s})
	river.AddWorker(workers, &sweeper{service: s})
}

// Periodic is what has to run by itself.
func (s *Service) Periodic() []*river.PeriodicJob {
	return store.Every(time.Minute, store.QueueMail, SweepArgs{})
}
