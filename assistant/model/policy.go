package model

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Policy bounds what is done about failures. The zero value of each field
// takes its default.
type Policy struct {
	Budget   time.Duration // the whole of a stream, all attempts and models; default 60 s
	Reserve  time.Duration // of it kept for each later model; default 5 s
	Attempts int           // of one model; default 3
	Wait     time.Duration // before the second attempt, doubled for each further; default 300 ms
	MaxWait  time.Duration // also for what Retry-After asks, while another model could answer; default 4 s

	OpenAfter uint32        // failures in a row that open the breaker; default 5
	OpenFor   time.Duration // how long it stays open; default 30 s

	Jitter func() float64 // in [0, 1)
	Log    *slog.Logger
}

func withPolicyDefaults(p Policy) Policy {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&p.Budget, 60*time.Second)
	def(&p.Reserve, 5*time.Second)
	def(&p.Wait, 300*time.Millisecond)
	def(&p.MaxWait, 4*time.Second)
	def(&p.OpenFor, 30*time.Second)
	if p.Attempts <= 0 {
		p.Attempts = 3
	}
	if p.OpenAfter == 0 {
		p.OpenAfter = 5
	}
	if p.Jitter == nil {
		p.Jitter = rand.Float64
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	return p
}

// wait returns the pause before the attempt after the given one: doubled each
// time, half of it random, and never shorter than what the server asked for.
func (p *Policy) wait(attempt int, asked time.Duration) time.Duration {
	d := p.Wait << min(attempt-1, 10)
	d = min(d, p.MaxWait)
	d = d/2 + time.Duration(p.Jitter()*float64(d/2))
	return max(d, asked)
}

// sleep waits, or returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newBreaker makes the circuit breaker of one provider. A request that this
// caller or this conversation spoiled says nothing about the provider.
func newBreaker(name string, p Policy, log *slog.Logger) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		Timeout:     p.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= p.OpenAfter },
		IsExcluded:  aboutTheRequest,
		OnStateChange: func(name string, from, to gobreaker.State) {
			log.Warn("model breaker changed", "model", name, "from", from.String(), "to", to.String())
		},
	})
}

func aboutTheRequest(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return errors.Is(err, errStopReading)
	}
	switch e.Reason {
	case ReasonBadRequest, ReasonFiltered, ReasonUnsupported, ReasonStopped:
		return true
	default:
		return false
	}
}

// outcome is what a breaker is told: unusable calls are an answer.
func outcome(err error) error {
	if ClassOf(err) == ClassRejected {
		return nil
	}
	return err
}

// report logs a failed attempt: loudly where an administrator must act.
func report(ctx context.Context, log *slog.Logger, e *Error, attempt int) {
	attrs := []any{"model", e.Model, "reason", string(e.Reason), "class", e.Class.String(), "status", e.Status, "attempt", attempt}
	switch e.Reason {
	case ReasonKey:
		log.ErrorContext(ctx, "model provider refuses the key", append(attrs, "error", e)...)
	case ReasonNoModel:
		log.ErrorContext(ctx, "model provider does not have the model", append(attrs, "error", e)...)
	case ReasonQuota:
		log.ErrorContext(ctx, "model provider's quota is used up", append(attrs, "error", e)...)
	default:
		log.WarnContext(ctx, "model attempt failed", append(attrs, "error", e)...)
	}
}
