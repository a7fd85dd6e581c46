package assistant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools"
)

// job is one turn in work.
type job struct {
	cfg          *Config
	turn         turn
	id           desk.ID
	conversation desk.ID
	viewer       desk.Viewer
	seq          int64 // of the message to answer

	past     past
	pictures [][]byte // of the question, that the model is shown
	facts    prompts.Facts
	summary  string
	recent   []utterance // what of the past is told word by word
	asked    []string    // acts on devices that the person asks for now
	offered  []tools.Spec
	sources  tools.Sources

	model   model.Client
	spared  bool // the day's tokens are spent: the spare model answers
	name    string
	offline bool
	spent   budget

	effects int            // made in this turn
	counts  map[string]int // of each call, to see a loop
	refused int            // answers whose calls could not even be read
	looping bool           // the same call too often
}

var (
	errModelTime = errors.New("the turn's model time is spent")
	errDaySpent  = errors.New("the tenant's tokens of the day are spent")
)

// maxRefused is how many answers with unreadable calls a turn takes before it
// asks for one without tools.
const maxRefused = 2

// answer is the whole turn.
func (j *job) answer(ctx context.Context) error {
	events, err := j.turn.History(ctx)
	if err != nil {
		return err
	}
	j.past = readLog(events, j.id, j.seq)
	if j.past.answered {
		// An earlier owner said why it failed and went down before it could end
		// the turn.
		return desk.Errorf(desk.CodeModelUnavailable, "the turn failed before")
	}
	if err := j.prepare(ctx); err != nil {
		if errors.Is(err, errDaySpent) {
			return j.fail(ctx, "", "budget_spent", desk.Errorf(desk.CodeRateLimited, "the tokens of the day are spent"))
		}
		return err
	}
	j.restore()
	j.look(ctx)
	if err := j.ground(ctx); err != nil {
		return err
	}
	if err := j.remember(ctx); err != nil {
		return err
	}
	return j.loop(ctx)
}

// loop asks the model until it answers without calling a tool, or until a
// bound asks for its last word.
func (j *job) loop(ctx context.Context) error {
	for {
		if done, err := j.perform(ctx); done || err != nil {
			return err
		}
		req := j.request(false)
		need := size(req)
		last := j.looping || j.refused >= maxRefused || !j.spendable(need)
		if last {
			req = j.request(true)
		}
		if ok, err := j.afford(ctx, need+answerTokens); err != nil {
			return err
		} else if !ok {
			return j.fail(ctx, "", "budget_spent", desk.Errorf(desk.CodeRateLimited, "the tokens of the day are spent"))
		}
		said, err := j.ask(ctx, req, need)
		switch rejected, unreadable := unreadable(err); {
		case unreadable && !last && ctx.Err() == nil:
			j.refused++
			if err := j.correct(ctx, said.text, rejected); err != nil {
				return err
			}
		case err != nil:
			return j.trouble(ctx, said.text, err, last)
		case len(said.calls) == 0 || last:
			return j.finish(ctx, said)
		default:
			j.propose(said)
		}
	}
}

// said is one answer of the model.
type said struct {
	text   string
	calls  []model.ToolCall
	finish string
}

// ask makes one call of the model and streams its text. On an error the text
// is what was shown before it.
func (j *job) ask(ctx context.Context, req model.Request, need int) (out said, err error) {
	limit, cancel := context.WithTimeoutCause(ctx, max(j.cfg.ModelTime-j.spent.time, time.Second), errModelTime)
	defer cancel()
	start := time.Now()
	j.spent.asked++
	j.spent.pending = need
	screen := j.cfg.Filter.Begin(j.viewer, j.results())
	var text strings.Builder
	show := func(piece string) {
		text.WriteString(piece)
		j.turn.Delta(piece)
	}
	for d, streamErr := range j.model.Stream(limit, req) {
		if streamErr != nil {
			err = streamErr
			break
		}
		if d.Restart {
			screen = j.cfg.Filter.Begin(j.viewer, j.results())
			text.Reset()
			j.turn.Restart()
		}
		if d.Text != "" {
			show(screen.Next(d.Text))
		}
		j.name, j.offline = d.Model, d.Offline
		if d.Usage != nil {
			j.spent.add(*d.Usage)
		}
		if d.Finish != "" {
			out.calls, out.finish = d.ToolCalls, d.Finish
		}
	}
	if rest := screen.Rest(); rest != "" && err == nil {
		show(rest)
	}
	j.spent.time += time.Since(start)
	if err != nil && errors.Is(context.Cause(limit), errModelTime) {
		err = errModelTime
	}
	out.text = text.String()
	return out, err
}

// unreadable reports whether the model answered with calls that nobody can
// read, and which.
func unreadable(err error) ([]model.ToolCall, bool) {
	e, ok := errors.AsType[*model.Error](err)
	if !ok || e.Class != model.ClassRejected {
		return nil, false
	}
	return e.Calls, true
}

// prepare reads what holds for the viewer now and charges the first call.
func (j *job) prepare(ctx context.Context) error {
	guess := 3_500 + len(j.past.question)/3 + answerTokens
	for _, u := range j.past.earlier {
		guess += len(u.text) / 4
	}
	guess = min(guess, j.cfg.HistoryTokens+3_500+answerTokens)
	affordable := true
	err := j.cfg.Store.Tenant(j.viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		p, err := policy.For(ctx, tx, j.viewer)
		if err != nil {
			return err
		}
		j.asked = j.wishes()
		j.offered = j.cfg.Tools.Offered(p, j.asked)
		if j.facts, err = j.viewerFacts(ctx, tx, p); err != nil {
			return err
		}
		if j.summary, j.recent, err = j.known(ctx, tx); err != nil {
			return err
		}
		affordable, err = j.hold(ctx, tx, guess)
		return err
	})
	switch {
	case err != nil:
		return err
	case affordable:
		if j.cfg.DayTokens >= 0 {
			j.spent.held = guess
		}
	case j.cfg.Spare != nil:
		j.model, j.spared = j.cfg.Spare, true
	default:
		return errDaySpent
	}
	return nil
}

// restore takes over what an earlier owner of the turn did.
func (j *job) restore() {
	for _, s := range j.past.steps {
		if s.number > 0 {
			j.spent.asked++
		}
		for _, r := range s.calls {
			if s.number > 0 {
				j.counts[fingerprint(r.Name, string(r.Arguments))]++
			}
			if r.result == nil {
				continue
			}
			j.sources.Restore(r.result.Citations)
			if r.result.OK && j.cfg.Tools.IsEffect(r.Name) {
				j.effects++
			}
		}
	}
}

// results are what the tools of this turn came to.
func (j *job) results() []desk.ToolResult {
	var list []desk.ToolResult
	for _, s := range j.past.steps {
		for _, r := range s.calls {
			if r.result != nil {
				list = append(list, *r.result)
			}
		}
	}
	return list
}

// offers reports whether a tool is offered to this viewer.
func (j *job) offers(name string) bool {
	return slices.ContainsFunc(j.offered, func(s tools.Spec) bool { return s.Name == name })
}
