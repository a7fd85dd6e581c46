package model

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Chain returns a Client that asks the first model, tries again what may pass,
// and then asks the next, the built-in one last. It has the default Policy.
func Chain(first Client, more ...Client) Client {
	return NewChain(Policy{}, append([]Client{first}, more...)...)
}

// NewChain is Chain with a policy of its own.
func NewChain(policy Policy, models ...Client) Client {
	c := &chain{policy: withPolicyDefaults(policy)}
	for _, m := range models {
		name := "model"
		if n, ok := m.(interface{ Name() string }); ok {
			name = n.Name()
		}
		c.links = append(c.links, link{Client: m, name: name, breaker: newBreaker(name, c.policy, c.policy.Log)})
	}
	return c
}

type chain struct {
	policy Policy
	links  []link
}

type link struct {
	Client
	name    string
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// Stream implements Client. It ends within the policy's budget, or ctx's
// deadline if that is sooner. ClassRejected is handed on at once: the next
// step is the engine's, which tells the model what was wrong.
func (c *chain) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		ctx, cancel := context.WithTimeout(ctx, c.policy.Budget)
		defer cancel()
		r := &relay{req: req, yield: yield}
		var failures []*Error
		for i := range c.links {
			e := c.ask(ctx, i, r)
			if e == nil {
				return
			}
			failures = append(failures, e)
			if e.Class == ClassRejected || ctx.Err() != nil {
				break
			}
		}
		yield(Delta{}, summary(ctx, failures))
	}
}

// ask tries one model as often as the policy allows. It returns nil when the
// answer is complete or the reader stopped.
func (c *chain) ask(ctx context.Context, i int, r *relay) *Error {
	l, rest := &c.links[i], len(c.links)-1-i
	if deadline, ok := ctx.Deadline(); ok && rest > 0 {
		// A model that only drips must leave time for the next one.
		left := time.Until(deadline)
		keep := min(time.Duration(rest)*c.policy.Reserve, left/4)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, left-keep, errIdle)
		defer cancel()
	}
	for attempt := 1; ; attempt++ {
		e := c.try(ctx, l, r)
		if e == nil {
			return nil
		}
		if e.Class == ClassRejected || e.Class == ClassStopped || e.Reason == ReasonOpen {
			return e
		}
		report(ctx, c.policy.Log, e, attempt)
		if e.Class != ClassRetryable || attempt >= c.policy.Attempts || rest > 0 && e.Reason == ReasonIdle {
			return e
		}
		wait := c.policy.wait(attempt, e.After)
		if rest > 0 && wait > c.policy.MaxWait || !affords(ctx, wait) || !sleep(ctx, wait) {
			return e
		}
	}
}

// affords says whether time is left for an attempt after the wait.
func affords(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// try runs one attempt under the breaker.
func (c *chain) try(ctx context.Context, l *link, r *relay) *Error {
	done, err := l.breaker.Allow()
	if err != nil {
		e := failure(ClassRetryable, ReasonOpen, err)
		e.Model = l.name
		return e
	}
	err = errStopReading // what the breaker hears if the reader panics
	defer func() { done(outcome(err)) }()
	err = r.run(ctx, l)
	if err == nil || errors.Is(err, errStopReading) {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = classify(ctx, err)
		e.Model = l.name
	}
	if e.Class == ClassStopped && errors.Is(context.Cause(ctx), errIdle) {
		// Its share of the budget is over, not the reader's patience.
		e = failure(ClassRetryable, ReasonIdle, errors.New("its share of the time is over"))
		e.Model = l.name
	}
	return e
}

// relay hands deltas on and marks where a new attempt begins.
type relay struct {
	req   Request
	yield func(Delta, error) bool
	began bool // an earlier attempt was made
}

func (r *relay) run(ctx context.Context, l *link) error {
	restart := r.began
	r.began = true
	complete := false
	for d, err := range l.Stream(ctx, r.req) {
		if err != nil {
			return err
		}
		if d.Model == "" {
			d.Model = l.name
		}
		d.Restart = d.Restart || restart
		restart = false
		if !r.yield(d, nil) {
			return errStopReading
		}
		complete = d.Finish != ""
	}
	if !complete {
		return failure(ClassRetryable, ReasonTruncated, errors.New("the stream ended without its last delta"))
	}
	return nil
}

// summary chooses the error of the whole: unusable calls and an ended context
// as they are, otherwise what an administrator can act on before what is only
// bad luck.
func summary(ctx context.Context, failures []*Error) *Error {
	if len(failures) == 0 {
		return failure(ClassFinal, ReasonUnsupported, errors.New("a chain without models"))
	}
	last := failures[len(failures)-1]
	if last.Class == ClassRejected {
		return last
	}
	if ctx.Err() != nil {
		e := failure(ClassStopped, ReasonStopped, context.Cause(ctx))
		e.Model = last.Model
		return e
	}
	for _, e := range failures {
		if e.Class == ClassFinal {
			return e
		}
	}
	return last
}
