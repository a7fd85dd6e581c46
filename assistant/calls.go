package assistant

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools"
)

// Bounds of the calls of one answer and of one turn.
const (
	maxCalls   = 8 // of one answer; further ones are not even written down
	maxEffects = 1 // of one turn; calling a person is not counted (SECURITY A9)
	maxSame    = 3 // the same call this often ends the loop
)

// propose turns an answer with calls into a step whose calls wait to be run.
func (j *job) propose(s said) {
	if strings.TrimSpace(s.text) != "" {
		// What the model said before its calls is no part of the answer.
		j.turn.Restart()
	}
	next := step{number: j.nextStep(), text: s.text}
	for _, c := range s.calls[:min(len(s.calls), maxCalls)] {
		next.calls = append(next.calls, record{ToolCall: desk.ToolCall{
			Turn: j.id, Step: next.number, ModelID: clean(c.ID), Name: clean(c.Name), Arguments: arguments(c.Arguments),
		}})
	}
	j.past.steps = append(j.past.steps, next)
}

func (j *job) nextStep() int {
	n := 1
	for _, s := range j.past.steps {
		n = max(n, s.number+1)
	}
	return n
}

// clean keeps what a model invents as a name from being long or unreadable in
// the log.
func clean(s string) string {
	s = prompts.Neutral(s)
	if r := []rune(s); len(r) > 64 {
		s = string(r[:64])
	}
	return s
}

// arguments are what the model wrote, as JSON that the log can hold: a text
// that is none is kept as a string.
func arguments(raw string) json.RawMessage {
	if json.Valid([]byte(raw)) {
		return json.RawMessage(raw)
	}
	b, err := json.Marshal(strings.ToValidUTF8(raw, "\uFFFD"))
	if err != nil {
		return json.RawMessage(`""`)
	}
	return b
}

// perform runs the calls of the last step that have no result yet. done says
// that the turn was finished here.
func (j *job) perform(ctx context.Context) (done bool, err error) {
	if len(j.past.steps) == 0 {
		return false, nil
	}
	s := &j.past.steps[len(j.past.steps)-1]
	if s.number > 0 {
		if err := j.intend(ctx, s); err != nil {
			return false, err
		}
		if err := j.read(ctx, s); err != nil {
			return false, err
		}
		if err := j.change(ctx, s); err != nil {
			return false, err
		}
	}
	for _, s := range j.past.steps {
		for _, r := range s.calls {
			if r.Name == prompts.ToolPerson && r.result != nil && r.result.OK {
				return true, j.close(ctx, j.say("handoff_requested"))
			}
		}
	}
	return false, nil
}

// intend writes down what is about to be run. A call that has an id is in the
// log already.
func (j *job) intend(ctx context.Context, s *step) error {
	for i := range s.calls {
		r := &s.calls[i]
		if r.Call != "" {
			continue
		}
		r.Call = desk.NewID()
		if _, err := j.turn.Append(ctx, desk.KindToolCall, r.ToolCall); err != nil {
			return err
		}
		j.counts[fingerprint(r.Name, string(r.Arguments))]++
	}
	return nil
}

// fingerprint is equal for calls that mean the same.
func fingerprint(name, args string) string {
	var v map[string]any
	if json.Unmarshal([]byte(args), &v) != nil {
		return name + " " + args
	}
	return name + " " + fmt.Sprint(v) // maps print in the order of their keys
}

// read runs the read tools of a step side by side, and writes their results
// in the order of the calls.
func (j *job) read(ctx context.Context, s *step) error {
	type outcome struct {
		res tools.Result
		err error
	}
	outcomes := make([]*outcome, len(s.calls))
	seats := make(chan struct{}, j.cfg.Parallel)
	var wg sync.WaitGroup
	for i := range s.calls {
		r := &s.calls[i]
		if r.result != nil || j.cfg.Tools.IsEffect(r.Name) {
			continue
		}
		outcomes[i] = &outcome{}
		if j.counts[fingerprint(r.Name, string(r.Arguments))] >= maxSame {
			j.looping = true
			outcomes[i].res = tools.Refused(r.Name, desk.Errorf(desk.CodeRateLimited, "this call was made before; its result stands above"))
			continue
		}
		if j.offers(r.Name) {
			j.turn.Step(r.Name, nil)
		}
		wg.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			outcomes[i].res, outcomes[i].err = j.cfg.Tools.Read(ctx, j.toolCall(r.ToolCall))
		})
	}
	wg.Wait()
	for i, o := range outcomes {
		if o == nil {
			continue
		}
		if o.err != nil {
			return o.err
		}
		if err := j.note(ctx, &s.calls[i], o.res); err != nil {
			return err
		}
	}
	return nil
}

// change makes the effects of a step, one after the other, each with its
// result in one transaction.
func (j *job) change(ctx context.Context, s *step) error {
	for i := range s.calls {
		r := &s.calls[i]
		if r.result != nil {
			continue
		}
		if j.effects >= maxEffects && r.Name != prompts.ToolPerson {
			err := j.note(ctx, r, tools.Refused(r.Name, desk.Errorf(desk.CodeRateLimited,
				"only one change can be made in one answer; tell the user what is left to do")))
			if err != nil {
				return err
			}
			continue
		}
		j.turn.Step(r.Name, nil)
		result, err := j.turn.Effect(ctx, r.ToolCall, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
			res, err := j.cfg.Tools.Effect(ctx, tx, j.toolCall(r.ToolCall))
			return desk.ToolResult{OK: res.OK, Code: res.Code, Content: res.Content, Citations: res.Citations}, err
		})
		switch {
		case err == nil:
			r.result = &result
			j.effects++
		case tools.Refusal(err) && ctx.Err() == nil:
			if err := j.audit(ctx, r.Name, err); err != nil {
				return err
			}
			if err := j.note(ctx, r, tools.Refused(r.Name, err)); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// audit leaves a line of a change that was refused: its own transaction is
// rolled back (SECURITY A1).
func (j *job) audit(ctx context.Context, tool string, refusal error) error {
	return j.cfg.Store.Tenant(j.viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Audit(ctx, store.AuditEntry{
			Actor: j.viewer.User, Action: "tool.refused", Object: "conversation", ObjectID: j.conversation,
			Detail: map[string]any{"tool": tool, "code": desk.CodeOf(refusal)},
		})
	})
}

func (j *job) toolCall(c desk.ToolCall) tools.Call {
	return tools.Call{ID: c.Call, Conversation: j.conversation, Name: c.Name, Arguments: string(c.Arguments), Sources: &j.sources, Asked: j.asked}
}

// note writes the result of a call that changed nothing.
func (j *job) note(ctx context.Context, r *record, res tools.Result) error {
	result := desk.ToolResult{
		Turn: j.id, Call: r.Call, ModelID: r.ModelID, Name: r.Name,
		OK: res.OK, Code: res.Code, Content: res.Content, Citations: res.Citations,
	}
	if _, err := j.turn.Append(ctx, desk.KindToolResult, result); err != nil {
		return err
	}
	r.result = &result
	return nil
}

// correct tells the model that its calls could not be read. None of them ran.
func (j *job) correct(ctx context.Context, text string, calls []model.ToolCall) error {
	if len(calls) == 0 {
		// Too many to tell them apart: the next answer is without tools.
		j.refused = maxRefused
		if strings.TrimSpace(text) != "" {
			j.turn.Restart()
		}
		return nil
	}
	j.propose(said{text: text, calls: calls})
	s := &j.past.steps[len(j.past.steps)-1]
	if err := j.intend(ctx, s); err != nil {
		return err
	}
	for i := range s.calls {
		refusal := desk.Errorf(desk.CodeInvalid, "the arguments were incomplete or no JSON object; nothing was done")
		if err := j.note(ctx, &s.calls[i], tools.Refused(s.calls[i].Name, refusal)); err != nil {
			return err
		}
	}
	return nil
}
