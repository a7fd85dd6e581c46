package model

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/conserje/conserje/portal/desk"
)

const (
	maxText = 1 << 20 // of one answer
	// After a finish_reason only usage and [DONE] are due; a server that
	// holds them back must not hold the answer back.
	graceAfterFinish = 2 * time.Second
	// After [DONE] only the end of the body is due, and it decides whether
	// the connection goes back to the pool.
	graceAfterDone = 50 * time.Millisecond
)

var errStopReading = errors.New("the reader stopped")

// Stream implements Client: one attempt, no retry.
func (p *Provider) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		err := p.attempt(ctx, req, yield)
		if err == nil || errors.Is(err, errStopReading) {
			p.health.saw(p.cfg.Model, nil)
			return
		}
		e := classify(ctx, err)
		e.Model = p.cfg.Model
		p.health.saw(p.cfg.Model, e)
		yield(Delta{}, e)
	}
}

// attempt runs one request and yields its deltas. It returns nil after the
// last delta, errStopReading when the reader stopped, or what went wrong.
func (p *Provider) attempt(ctx context.Context, req Request, yield func(Delta, error) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(p.cfg.Idle, func() { cancel(errIdle) })
	defer watch.Stop()

	stream, err := p.api.CreateChatCompletionStream(ctx, p.chatRequest(req))
	if err != nil {
		return classify(ctx, unsendable(err))
	}
	defer func() {
		watch.Reset(graceAfterDone)
		_ = stream.Close() // nothing is left to lose
	}()

	a := answer{model: p.cfg.Model, offline: p.cfg.Offline, tools: len(req.Tools) > 0 && req.ToolChoice != "none"}
	for {
		raw, err := stream.RecvRaw()
		if err != nil {
			if err = a.end(ctx, err); err != nil {
				return err
			}
			break
		}
		text, progress, err := a.take(raw)
		if err != nil {
			return err
		}
		switch {
		case a.finish != "":
			watch.Reset(min(graceAfterFinish, p.cfg.Idle))
		case progress:
			watch.Reset(p.cfg.Idle)
		}
		if text != "" && !yield(Delta{Text: text, Model: a.model, Offline: a.offline}, nil) {
			return errStopReading
		}
	}
	last, err := a.last()
	if err != nil {
		return err
	}
	last.Usage = p.usage(req, &a)
	if !yield(last, nil) {
		return errStopReading
	}
	return nil
}

// unsendable classes the refusals of go-openai itself, which come before any
// request: an unsupported pair of model and parameter.
func unsendable(err error) error {
	for _, own := range []error{
		openai.ErrChatCompletionInvalidModel,
		openai.ErrReasoningModelMaxTokensDeprecated,
		openai.ErrReasoningModelLimitationsOther,
		openai.ErrReasoningToolsRequireResponses,
		openai.ErrReasoningSamplingUnsupported,
	} {
		if errors.Is(err, own) {
			return failure(ClassFinal, ReasonUnsupported, err)
		}
	}
	return err
}

// answer is the state of one stream.
type answer struct {
	model   string
	offline bool
	tools   bool // tools were offered; a call without an offer is dropped

	text   strings.Builder
	think  thinking
	calls  collector
	finish string
	usage  *usage
}

// take reads one event. progress says that it held something of the answer:
// only that keeps the idle clock from running out.
func (a *answer) take(raw []byte) (text string, progress bool, err error) {
	var c chunk
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", false, failure(ClassRetryable, ReasonBadEvent, errors.New("an event that is no chunk"))
	}
	if c.failed() {
		return "", false, providerError(raw)
	}
	if c.Usage != nil {
		a.usage = c.Usage
	}
	if a.finish != "" {
		return "", false, nil
	}
	for i := range c.Choices {
		if c.Choices[i].Index.n != 0 {
			continue
		}
		t, moved, err := a.choice(&c.Choices[i])
		if err != nil {
			return "", false, err
		}
		text, progress = text+t, progress || moved
	}
	return text, progress, nil
}

func (a *answer) choice(c *choice) (text string, progress bool, err error) {
	d := &c.Delta
	text = string(d.Content) + string(d.Refusal)
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "") // Postgres stores no NUL
	}
	if a.text.Len()+len(text) > maxText {
		return "", false, failure(ClassRetryable, ReasonTooLarge, errors.New("the text is above its limit"))
	}
	arrived := text != ""
	text = a.think.pass(text)
	a.text.WriteString(text)
	pieces := d.ToolCalls
	if d.FunctionCall != nil {
		pieces = append(pieces, piece{Function: *d.FunctionCall})
	}
	if a.tools {
		for _, p := range pieces {
			if err := a.calls.add(p); err != nil {
				return "", false, rejectedWhole(err)
			}
		}
	}
	switch c.FinishReason {
	case "", "null":
	case "error":
		return "", false, failure(ClassRetryable, ReasonProvider, errors.New("finish_reason error"))
	default:
		a.finish = c.FinishReason
	}
	return text, arrived || len(pieces) > 0 || d.Reasoning != "" || d.Thinking != "", nil
}

// rejectedWhole refuses an answer whose calls are not even collected.
func rejectedWhole(err error) *Error {
	if errors.Is(err, errManyCalls) {
		return failure(ClassRejected, ReasonManyCalls, err)
	}
	return failure(ClassRejected, ReasonTooLarge, err)
}

// end judges how the stream ended: [DONE], or a lost end after a
// finish_reason, when nothing of the answer was still due.
func (a *answer) end(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	e := classify(ctx, err)
	if a.finish != "" && (e.Reason == ReasonTruncated || e.Reason == ReasonIdle || e.Reason == ReasonNetwork) {
		return nil
	}
	return e
}

// last makes the last delta, or says why the answer is none.
func (a *answer) last() (Delta, error) {
	d := Delta{Model: a.model, Offline: a.offline, Finish: FinishStop, Text: a.think.release()}
	a.text.WriteString(d.Text)
	if a.finish == FinishLength {
		d.Finish = FinishLength
	}
	filtered := a.finish == "content_filter"
	if len(a.calls.calls) > 0 {
		calls, rejected := a.calls.finish(filtered || d.Finish == FinishLength)
		if rejected != nil {
			return Delta{}, rejected
		}
		d.ToolCalls, d.Finish = calls, FinishToolCalls
		return d, nil
	}
	if filtered {
		return Delta{}, failure(ClassFinal, ReasonFiltered, errors.New("finish_reason content_filter"))
	}
	if strings.TrimSpace(a.text.String()) == "" {
		return Delta{}, failure(ClassRetryable, ReasonEmpty, errors.New("neither text nor call"))
	}
	return d, nil
}

// usage returns what the provider billed, or counts.
func (p *Provider) usage(req Request, a *answer) *desk.Usage {
	if u := a.usage; u != nil && u.Input > 0 && u.Output > 0 {
		return &desk.Usage{Input: u.Input, Output: u.Output}
	}
	return estimate(req, a)
}
