package model_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
)

// step is one attempt of a scripted model: text, then an error or the end.
type step struct {
	text  string
	err   *model.Error
	after time.Duration // before each word
	hang  bool          // until ctx ends
}

// scripted is a Client without a network, so that its time can be virtual.
type scripted struct {
	name    string
	offline bool
	steps   []step
	asked   []time.Time
}

func (s *scripted) Name() string { return s.name }

func (s *scripted) Stream(ctx context.Context, _ model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		st := s.steps[min(len(s.asked), len(s.steps)-1)]
		s.asked = append(s.asked, time.Now())
		for word := range strings.FieldsSeq(st.text) {
			if !wait(ctx, st.after) {
				yield(model.Delta{}, context.Cause(ctx))
				return
			}
			if !yield(model.Delta{Text: word + " ", Model: s.name, Offline: s.offline}, nil) {
				return
			}
		}
		if st.hang {
			<-ctx.Done()
			yield(model.Delta{}, context.Cause(ctx))
			return
		}
		if st.err != nil {
			e := *st.err
			e.Model = s.name
			yield(model.Delta{}, &e)
			return
		}
		yield(model.Delta{Model: s.name, Offline: s.offline, Finish: model.FinishStop, Usage: &desk.Usage{}}, nil)
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func retryable(after time.Duration) *model.Error {
	return &model.Error{Class: model.ClassRetryable, Reason: model.ReasonRateLimited, After: after}
}

var (
	errKey      = &model.Error{Class: model.ClassFinal, Reason: model.ReasonKey}
	errRequest  = &model.Error{Class: model.ClassFinal, Reason: model.ReasonBadRequest}
	errRejected = &model.Error{Class: model.ClassRejected, Reason: model.ReasonCutCall}
)

func quiet(p model.Policy) model.Policy {
	p.Log = slog.New(slog.DiscardHandler)
	p.Jitter = func() float64 { return 1 }
	return p
}

func TestAChainAnswersWhateverItsModelsDo(t *testing.T) {
	cases := []struct {
		name            string
		first, second   []step
		text            string
		from            string
		restarts        int
		asked1, asked2  int
		class           model.Class
		atMost, atLeast time.Duration
	}{
		{name: "the first answers", first: []step{{text: "one"}}, second: []step{{}}, text: "one ", from: "first", asked1: 1},
		{name: "a failure before the first word is tried again", first: []step{{err: retryable(0)}, {text: "one"}}, second: []step{{}}, text: "one ", from: "first", restarts: 1, asked1: 2, atLeast: 300 * time.Millisecond, atMost: 300 * time.Millisecond},
		{name: "a failure after words begins again without mixing", first: []step{{text: "half of", err: retryable(0)}, {text: "the whole"}}, second: []step{{}}, text: "the whole ", from: "first", restarts: 1, asked1: 2},
		{name: "three failures go to the next", first: []step{{text: "half", err: retryable(0)}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 3, asked1: 3, asked2: 1, atLeast: 900 * time.Millisecond, atMost: 900 * time.Millisecond},
		{name: "a refused key goes to the next at once", first: []step{{err: errKey}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 1, atMost: 1},
		{name: "a refused request goes to the next at once", first: []step{{err: errRequest}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 1, atMost: 1},
		{name: "Retry-After is honoured", first: []step{{err: retryable(3 * time.Second)}, {text: "one"}}, second: []step{{}}, text: "one ", from: "first", restarts: 1, asked1: 2, atLeast: 3 * time.Second, atMost: 3 * time.Second},
		{name: "a long Retry-After is not waited for while another can answer", first: []step{{err: retryable(20 * time.Second)}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 1, atMost: 1},
		{name: "the last honours a long Retry-After within the budget", first: []step{{err: errKey}}, second: []step{{err: retryable(20 * time.Second)}, {text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 2, atLeast: 20 * time.Second, atMost: 20 * time.Second},
		{name: "the last does not wait beyond the budget", first: []step{{err: errKey}}, second: []step{{err: retryable(time.Hour)}}, asked1: 1, asked2: 1, class: model.ClassFinal, atMost: 1},
		{name: "a stalled model is not asked twice", first: []step{{err: &model.Error{Class: model.ClassRetryable, Reason: model.ReasonIdle}}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 1},
		{name: "a model that drips leaves time for the next", first: []step{{text: strings.Repeat("x ", 1000), after: time.Second}}, second: []step{{text: "two"}}, text: "two ", from: "second", restarts: 1, asked1: 1, asked2: 1, atLeast: 50 * time.Second, atMost: 56 * time.Second},
		{name: "nothing lasts longer than the budget", first: []step{{hang: true}}, second: []step{{hang: true}}, asked1: 1, asked2: 1, class: model.ClassStopped, atLeast: 60 * time.Second, atMost: 60 * time.Second},
		{name: "unusable calls are the engine's matter", first: []step{{text: "let me", err: errRejected}}, second: []step{{}}, asked1: 1, class: model.ClassRejected},
		{name: "all fail", first: []step{{err: errKey}}, second: []step{{err: retryable(0)}}, asked1: 1, asked2: 3, class: model.ClassFinal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &scripted{name: "first", steps: c.first}
				second := &scripted{name: "second", offline: true, steps: c.second}
				start := time.Now()
				got := read(t, model.NewChain(quiet(model.Policy{}), first, second), ask("hi"))
				took := time.Since(start)
				if len(first.asked) != c.asked1 || len(second.asked) != c.asked2 {
					t.Fatalf("asked %d and %d times", len(first.asked), len(second.asked))
				}
				if took < c.atLeast || c.atMost > 0 && took > c.atMost {
					t.Fatalf("took %s", took)
				}
				if c.class != 0 {
					if model.ClassOf(got.err) != c.class {
						t.Fatalf("error %v", got.err)
					}
					return
				}
				if got.err != nil || got.text != c.text || got.last.Model != c.from || got.last.Offline != (c.from == "second") {
					t.Fatalf("got %q of %s, %v", got.text, got.last.Model, got.err)
				}
				if got.restarts != c.restarts {
					t.Fatalf("%d restarts, want %d", got.restarts, c.restarts)
				}
			})
		})
	}
}

func TestADripKeepsFlowingUntilItsShareIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		only := &scripted{name: "only", steps: []step{{text: strings.Repeat("x ", 50), after: time.Second}}}
		if got := read(t, model.Chain(only), ask("hi")); got.err != nil || len(got.text) != 100 {
			t.Fatalf("%q %v", got.text, got.err)
		}
	})
}

func TestABreakerOpensAndClosesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &scripted{name: "first", steps: []step{{err: retryable(0)}}}
		second := &scripted{name: "second", steps: []step{{text: "two"}}}
		chain := model.NewChain(quiet(model.Policy{}), first, second)
		for range 10 {
			if got := read(t, chain, ask("hi")); got.text != "two " {
				t.Fatalf("%q %v", got.text, got.err)
			}
		}
		if len(first.asked) != 5 {
			t.Fatalf("a broken model was asked %d times", len(first.asked))
		}
		time.Sleep(31 * time.Second)
		first.steps = []step{{text: "one"}}
		if got := read(t, chain, ask("hi")); got.text != "one " {
			t.Fatalf("%q %v", got.text, got.err)
		}
	})
}

func TestWhatTheRequestIsToBlameForDoesNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &scripted{name: "first", steps: []step{{err: errRequest}}}
		chain := model.NewChain(quiet(model.Policy{}), first, &scripted{name: "second", steps: []step{{text: "two"}}})
		for range 10 {
			read(t, chain, ask("hi"))
		}
		for range 10 {
			for range chain.Stream(t.Context(), ask("hi")) {
				break // a reader who leaves
			}
		}
		if len(first.asked) != 20 {
			t.Fatalf("asked %d times", len(first.asked))
		}
	})
}

func TestTheReadersContextEndsAChainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &scripted{name: "first", steps: []step{{hang: true}}}
		second := &scripted{name: "second", steps: []step{{text: "two"}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := readCtx(t, ctx, model.NewChain(quiet(model.Policy{}), first), ask("hi"))
		if model.ClassOf(got.err) != model.ClassStopped || !errors.Is(got.err, context.DeadlineExceeded) {
			t.Fatal(got.err)
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		got = readCtx(t, ctx, model.NewChain(quiet(model.Policy{}), first, second), ask("hi"))
		if model.ClassOf(got.err) != model.ClassStopped || len(second.asked) != 0 {
			t.Fatalf("%v, the next was asked %d times", got.err, len(second.asked))
		}
	})
}

// plainly fails and calls without any of this package's errors.
type careless struct{ err error }

func (c careless) Stream(context.Context, model.Request) iter.Seq2[model.Delta, error] {
	return func(yield func(model.Delta, error) bool) {
		if yield(model.Delta{Text: "x"}, nil) && c.err != nil {
			yield(model.Delta{}, c.err)
		}
	}
}

func TestAClientThatBreaksTheContractIsAFailureLikeAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := &scripted{name: "last", steps: []step{{text: "safe"}}}
		for _, c := range []model.Client{careless{}, careless{err: errors.New("plain")}} {
			if got := read(t, model.NewChain(quiet(model.Policy{}), c, last), ask("hi")); got.text != "safe " || got.last.Model != "last" {
				t.Fatalf("%q %v", got.text, got.err)
			}
		}
	})
}

func TestOverHTTPABrokenStreamBeginsAgainAndTheKeyIsTheAdministratorsMatter(t *testing.T) {
	fake := modeltest.New(t, modeltest.Cut("half of "), modeltest.Fail(429, "").RetryAfter(1), modeltest.Text("the ", "whole"))
	spare := modeltest.New(t, modeltest.Text("spare"))
	var log strings.Builder
	policy := quiet(model.Policy{Wait: time.Millisecond})
	policy.Log = slog.New(slog.NewTextHandler(&log, nil))
	chain := model.NewChain(policy, provider(t, fake.URL, nil), provider(t, spare.URL, func(c *model.Config) { c.Model = "s" }))
	start := time.Now()
	got := read(t, chain, ask("hi"))
	if got.err != nil || got.text != "the whole" || got.restarts != 1 || got.last.Model != "m" || time.Since(start) < time.Second {
		t.Fatalf("%+v after %s", got, time.Since(start))
	}
	fake.Add(modeltest.Fail(401, "invalid_api_key"))
	if got := read(t, chain, ask("hi")); got.text != "spare" || got.last.Model != "s" {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(log.String(), `level=ERROR msg="model provider refuses the key"`) || strings.Contains(log.String(), "sk-secret") || strings.Contains(log.String(), "half of") {
		t.Fatal(log.String())
	}
	alone := model.NewChain(policy, provider(t, fake.URL, nil))
	fake.Add(modeltest.Fail(403, ""))
	if got := read(t, alone, ask("hi")); desk.CodeOf(got.err) != desk.CodeModelKey {
		t.Fatal(got.err)
	}
}
