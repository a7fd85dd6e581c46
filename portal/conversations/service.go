// Package conversations holds the life of a conversation: what a person says,
// the turn that answers it, the handoff to a person. Chat and REST only carry
// it.
//
// Where a turn runs: Say opens it in one transaction with the message; work
// (work.go) claims it under a lease and calls the Engine; Turn (turn.go) is
// all that the engine may do to the outside. Whoever ends a turn does so in
// one transaction that holds the conversation's row, so each turn has exactly
// one turn_ended.
//
// The lease: the owner prolongs it by every write and every heartbeat. Each
// claim moves the fence on, and every write of an owner proves its fence in the
// same transaction, so a node that was paused cannot write after another took
// over. A turn whose lease ran out is found by the poller of any node, and by a
// River job that was inserted with the message.
//
// Stop, handoff and a technician's message are rows first and wake-ups second:
// from their commit on, no write of the running turn is accepted but its end.
//
// Every transaction takes its locks in this order: conversation, turn, limits,
// tickets.
package conversations

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// MaxText is how long a message may be, in characters.
const MaxText = 8000

// Engine answers one turn. It returns nil when the turn was finished through
// Turn.Finish, or an error; the runner then ends the turn as failed with the
// error's code. ctx carries the viewer and is cancelled with one of the causes
// below. Run may be called again for the same turn after a crash: what it
// appended is in the history.
type Engine interface {
	Run(ctx context.Context, t *Turn) error
}

// The causes with which a turn's context is cancelled, and the errors of a
// Turn's writes that come too late.
var (
	ErrStopped   = errors.New("the user stopped the turn")
	ErrHandoff   = errors.New("the conversation was handed to a person")
	ErrLeaseLost = errors.New("another node has the turn")
	ErrDraining  = errors.New("this node is stopping")
)

// errDisabled ends the turns of a person whose account was disabled: nothing
// more is done in their name (SECURITY C6).
var errDisabled = desk.Errorf(desk.CodeForbidden, "the account is disabled")

// Config sets up the service. Store, Engine and Log are required; the zero
// values of the rest are the production settings.
type Config struct {
	Store  *store.Store
	Engine Engine
	Log    *slog.Logger

	Lease     time.Duration // how long an owner may be silent; 12 s
	Heartbeat time.Duration // how often it speaks, and looks whether to stop; 3 s
	Poll      time.Duration // how often due turns are looked for; 2 s
	Takeover  time.Duration // when the job inserted with a message first looks; 15 s

	MaxTurns    int // turns at once on this node; 256
	MaxAttempts int // owners that a turn may have before it fails; 4

	UserPerMinute        int // messages of one person; 100
	TenantPerMinute      int // messages of one tenant; 12,000
	ConversationsPerHour int // that one person begins; 200
	MaxEvents            int // after which a conversation takes no more messages; 3,000
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		of    *time.Duration
		value time.Duration
	}{{&c.Lease, 12 * time.Second}, {&c.Heartbeat, 3 * time.Second}, {&c.Poll, 2 * time.Second}, {&c.Takeover, 15 * time.Second}} {
		if *d.of == 0 {
			*d.of = d.value
		}
	}
	for _, n := range []struct {
		of    *int
		value int
	}{{&c.MaxTurns, 256}, {&c.MaxAttempts, 4}, {&c.UserPerMinute, 100}, {&c.TenantPerMinute, 12_000}, {&c.ConversationsPerHour, 200}, {&c.MaxEvents, 3000}} {
		if *n.of == 0 {
			*n.of = n.value
		}
	}
	return c
}

// Service is one node's part in all conversations.
type Service struct {
	cfg   Config
	store *store.Store
	log   *slog.Logger
	node  string
	seats seats

	base   context.Context //nolint:containedctx // the life of a node, not of a request: every turn here ends with it
	cancel context.CancelFunc
	loops  sync.WaitGroup
	unsub  []func()
}

// New returns the service. It accepts messages at once and answers them from
// Start on.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg.withDefaults(), store: cfg.Store, log: cfg.Log, node: string(desk.NewID())}
	s.seats.init(s.cfg.MaxTurns)
	return s
}

// Start listens for wake-ups and begins to run turns, those first that a node
// before left behind. Turns end by Drain and not by the end of ctx.
func (s *Service) Start(ctx context.Context) error {
	s.base, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	wake := make(chan struct{}, 1)
	answers, err := s.store.Bus().Answer("turn.>", s.hear)
	if err != nil {
		return err
	}
	due, err := s.store.Bus().Subscribe(dueSubject, func([]byte) {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		answers()
		return err
	}
	s.unsub = []func(){answers, due}
	s.seats.open(s.work)
	s.loops.Go(func() { s.poll(wake) })
	return nil
}

// Drain takes no new turn, lets the running ones finish until ctx ends, and
// hands over those that did not. Messages are still accepted: another node, or
// this one after its restart, answers them.
func (s *Service) Drain(ctx context.Context) {
	if s.cancel == nil {
		return
	}
	idle := s.seats.close()
	select {
	case <-idle:
	case <-ctx.Done():
		s.seats.interrupt(ErrDraining)
		select {
		case <-idle:
		case <-time.After(5 * time.Second): // an engine that ignores its context: its lease runs out
			s.log.Warn("a turn did not stop; another node will take it over")
		}
	}
	s.cancel()
	for _, f := range s.unsub {
		f()
	}
	s.loops.Wait()
}

func notFound() error { return desk.Errorf(desk.CodeNotFound, "no such conversation") }
