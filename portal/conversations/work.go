package conversations

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
)

// The states of a turn's row.
const (
	stateWaiting = "waiting"
	stateRunning = "running"
	stateEnded   = "ended"
)

// work claims the turn and runs it: lets the engine answer it under a
// heartbeat, and sees to its end.
func (s *Service) work(ref store.TurnRef, seat *seat) {
	t, err := s.claim(s.base, ref)
	if err != nil {
		s.log.Warn("turn not claimed", "tenant", ref.Tenant, "turn", ref.Turn, "error", err)
		return
	}
	if t != nil {
		s.runTurn(t, seat)
	}
}

// runTurn runs a turn that this node owns.
func (s *Service) runTurn(t *Turn, seat *seat) {
	failpoint.Hit("turn.claimed")
	ctx, cancel := context.WithCancelCause(s.base)
	t.cancel = cancel
	s.seats.sit(seat, t)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		s.beat(ctx, t)
	}()
	err := s.answer(context.WithValue(desk.WithViewer(ctx, t.Viewer), turnKey{}, t.ID), t)
	if !t.finished() {
		s.conclude(ctx, t, err)
	}
	cancel(nil)
	<-beating
}

// answer calls the engine; its panic is a failed turn and not a dead node.
func (s *Service) answer(ctx context.Context, t *Turn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("engine panicked", "tenant", t.Viewer.Tenant, "turn", t.ID, "panic", p, "stack", string(debug.Stack()))
			err = desk.Wrap(desk.CodeInternal, fmt.Errorf("panic: %v", p), "the assistant failed")
		}
	}()
	return s.cfg.Engine.Run(ctx, t)
}

// claim makes this node the owner of the turn, if it is the turn of its
// conversation to run and nobody has it. nil without an error means that there
// is nothing to run here.
func (s *Service) claim(ctx context.Context, ref store.TurnRef) (claimed *Turn, err error) {
	err = s.store.Tenant(ref.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		claimed = nil
		turn, err := tx.TurnByID(ctx, ref.Turn)
		if store.NoRows(err) || err == nil && turn.State == stateEnded {
			return nil
		}
		if err != nil {
			return err
		}
		conv, err := hold(ctx, tx, turn.ConversationID)
		if err != nil {
			return err
		}
		open, err := tx.OpenTurns(ctx, conv.id)
		if err != nil || len(open) == 0 {
			return err
		}
		head := open[0]
		free := head.State == stateWaiting || head.Lapsed
		if head.ID != ref.Turn && free {
			tx.AfterCommit(func(context.Context) { s.seats.kick(store.TurnRef{Tenant: ref.Tenant, Turn: head.ID}) })
		}
		if head.ID != ref.Turn || !free {
			return nil
		}
		claimed, err = s.claimHead(ctx, tx, conv, head)
		return err
	})
	return claimed, err
}

// claimHead decides with what holds now: a turn that was stopped, has failed
// too often, or whose person or assistant was switched off meanwhile ends
// instead of running.
func (s *Service) claimHead(ctx context.Context, tx *store.Tx, conv conversation, turn db.OpenTurnsRow) (*Turn, error) {
	v, disabled, err := viewerOf(ctx, tx, conv.UserID)
	if err != nil {
		return nil, err
	}
	p, err := policy.For(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	end := ending{turn: turn.ID}
	switch {
	case turn.Stopping:
		end.reason = reasonOf(turn.Reason)
	case disabled:
		end.reason, end.code = desk.TurnFailed, desk.CodeForbidden
	case int(turn.Attempts) >= s.cfg.MaxAttempts:
		s.log.Error("turn failed with every owner", "tenant", tx.Tenant, "turn", turn.ID, "attempts", turn.Attempts)
		end.reason, end.code = desk.TurnFailed, desk.CodeInternal
	case conv.Handoff == handoffTaken, conv.Handoff == handoffRequested && turn.State == stateWaiting:
		end.reason = desk.TurnHandoff
	case !p.Assistant:
		return nil, requestHandoff(ctx, tx, v, conv, reasonAssistantOff)
	default:
		return s.own(ctx, tx, conv, turn, v)
	}
	return nil, s.end(ctx, tx, conv.id, end)
}

func (s *Service) own(ctx context.Context, tx *store.Tx, conv conversation, turn db.OpenTurnsRow, v desk.Viewer) (*Turn, error) {
	own, err := tx.ClaimTurn(ctx, db.ClaimTurnParams{ID: turn.ID, Node: s.node, LeaseSeconds: s.cfg.Lease.Seconds()})
	if err != nil {
		return nil, err
	}
	t := s.turn(turn.ID, conv.id, v, turn.MessageSeq, own.Fence)
	t.Attempt = int(own.Attempts)
	return t, nil
}

func (s *Service) turn(id, conversation desk.ID, v desk.Viewer, messageSeq, fence int64) *Turn {
	return &Turn{
		ID: id, Conversation: conversation, Viewer: v, MessageSeq: messageSeq, Attempt: 1,
		service: s, fence: fence, nudge: make(chan struct{}, 1),
	}
}

// viewerOf is a person as they are now, for work without a session.
func viewerOf(ctx context.Context, tx *store.Tx, user desk.ID) (v desk.Viewer, disabled bool, err error) {
	u, err := tx.UserByID(ctx, user)
	if err != nil {
		return v, false, err
	}
	v = desk.Viewer{Tenant: tx.Tenant, User: u.ID, Role: u.Role, Name: u.Name, Language: u.Language}
	if u.CompanyID != nil {
		v.Company = *u.CompanyID
	}
	return v, u.DisabledAt != nil, nil
}

// beat prolongs the lease and looks whether the turn is to stop, every
// heartbeat and at every wake-up, so that a lost wake-up costs one heartbeat.
func (s *Service) beat(ctx context.Context, t *Turn) {
	tick := time.NewTicker(s.cfg.Heartbeat)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.nudge:
		case <-tick.C:
		}
		asked := time.Now()
		err := s.store.Tenant(t.Viewer.Tenant).Tx(ctx, t.hold)
		switch {
		case err == nil:
			last = asked
		case tooLate(err) != nil, errors.Is(err, errDisabled):
			t.cancel(err)
			return
		case ctx.Err() != nil:
			return
		case time.Since(last) > s.cfg.Lease:
			t.cancel(ErrLeaseLost)
			return
		default:
			s.log.Warn("heartbeat missed", "tenant", t.Viewer.Tenant, "turn", t.ID, "error", err)
		}
	}
}

// tooLate returns which of the causes err is, or nil.
func tooLate(err error) error {
	for _, cause := range []error{ErrStopped, ErrHandoff, ErrLeaseLost, ErrDraining} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// conclude ends a turn that the engine did not finish, or hands it over when
// this node stops. It goes on trying while the lease may still hold; after
// that the turn is due, and whoever takes it over ends it.
func (s *Service) conclude(ctx context.Context, t *Turn, err error) {
	cause := tooLate(err)
	if cause == nil {
		cause = tooLate(context.Cause(ctx))
	}
	if errors.Is(cause, ErrLeaseLost) {
		return
	}
	if errors.Is(context.Cause(ctx), errDisabled) {
		err = errDisabled
	}
	end := ending{turn: t.ID, reason: desk.TurnFailed, code: desk.CodeOf(err)}
	if end.code == "" {
		end.code = desk.CodeInternal // the engine returned without an answer
	}
	if cause == nil {
		s.log.Error("turn failed", "tenant", t.Viewer.Tenant, "turn", t.ID, "error", err)
	}
	write := func(ctx context.Context, tx *store.Tx) error { return s.conclusion(ctx, tx, t, end) }
	if errors.Is(cause, ErrDraining) {
		write = t.handOver
	}
	deadline := time.Now().Add(s.cfg.Lease)
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		// ctx is cancelled by now; what is written here must not be.
		limited, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
		err := s.store.Tenant(t.Viewer.Tenant).Tx(limited, write)
		cancel()
		if err == nil || tooLate(err) != nil {
			return
		}
		s.log.Warn("end of turn not written", "tenant", t.Viewer.Tenant, "turn", t.ID, "error", err)
		if time.Now().Add(wait).After(deadline) {
			return
		}
		time.Sleep(wait)
	}
}

// conclusion writes the end of a turn by its owner. A stop or handoff that was
// asked for meanwhile decides the reason, and what the person had seen by then
// stays as the message.
func (s *Service) conclusion(ctx context.Context, tx *store.Tx, t *Turn, end ending) error {
	if _, err := hold(ctx, tx, t.Conversation); err != nil {
		return err
	}
	switch err := t.hold(ctx, tx); {
	case errors.Is(err, ErrStopped):
		end = ending{turn: t.ID, reason: desk.TurnStopped, shown: t.shown()}
	case errors.Is(err, ErrHandoff):
		end = ending{turn: t.ID, reason: desk.TurnHandoff, shown: t.shown()}
	case errors.Is(err, errDisabled):
		end.code = desk.CodeForbidden
	case err != nil:
		return err
	}
	return s.end(ctx, tx, t.Conversation, end)
}
