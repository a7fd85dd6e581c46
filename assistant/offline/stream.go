package offline

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"
	"unicode/utf8"
)

// frames renders an answer as the events of a stream: the role, the text in
// small groups of words or the calls with their arguments in pieces, the
// finish reason, the usage if it was asked for, and the end.
func (c completion) frames(r reply, withUsage bool) [][]byte {
	var out [][]byte
	chunk := func(choices []any, u any) {
		m := map[string]any{"id": c.ID, "object": "chat.completion.chunk", "created": c.Created, "model": c.Model, "choices": choices}
		if withUsage {
			m["usage"] = u
		}
		b, err := json.Marshal(m)
		if err != nil {
			return // plain maps and strings always encode
		}
		out = append(out, append(append([]byte("data: "), b...), "\n\n"...))
	}
	delta := func(d map[string]any, finish any) {
		chunk([]any{map[string]any{"index": 0, "delta": d, "finish_reason": finish, "logprobs": nil}}, nil)
	}
	if len(r.calls) == 0 {
		delta(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil)
	} else {
		delta(map[string]any{"role": "assistant", "content": nil, "refusal": nil}, nil)
	}
	for _, piece := range pieces(r.text, 14) {
		delta(map[string]any{"content": piece}, nil)
	}
	for _, k := range c.calls(r, true) {
		args := k.Function.Arguments
		k.Function.Arguments = ""
		delta(map[string]any{"tool_calls": []toolCall{k}}, nil)
		for _, piece := range pieces(args, 24) {
			more := toolCall{Index: k.Index}
			more.Function.Arguments = piece
			delta(map[string]any{"tool_calls": []toolCall{more}}, nil)
		}
	}
	delta(map[string]any{}, r.finish())
	if withUsage {
		chunk([]any{}, c.Usage)
	}
	return append(out, []byte("data: [DONE]\n\n"))
}

// pieces cuts text after spaces into groups of about size bytes; their
// concatenation is the text.
func pieces(text string, size int) []string {
	var out []string
	start := 0
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		if (r == ' ' || r == '\n') && end-start >= size || end-start >= 4*size {
			out = append(out, text[start:end])
			start = end
		}
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// stream is the body of a streamed answer. It makes no goroutine: each Read
// hands out one frame, after the pace has passed. Read ends with the context
// or with Close, whichever comes first.
type stream struct {
	ctx    context.Context //nolint:containedctx // a response body lives as long as its request
	frames [][]byte
	rest   []byte
	pace   time.Duration
	begun  bool
	once   sync.Once
	closed chan struct{}
}

func newStream(ctx context.Context, frames [][]byte, pace time.Duration) *stream {
	return &stream{ctx: ctx, frames: frames, pace: pace, closed: make(chan struct{})}
}

// Read hands out the next frame or the rest of it.
func (s *stream) Read(p []byte) (int, error) {
	select {
	case <-s.closed:
		return 0, errClosed
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	default:
	}
	if len(s.rest) == 0 {
		if len(s.frames) == 0 {
			return 0, io.EOF
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
		s.rest, s.frames = s.frames[0], s.frames[1:]
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) wait() error {
	if !s.begun || s.pace <= 0 {
		s.begun = true
		return nil
	}
	t := time.NewTimer(s.pace)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.closed:
		return errClosed
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// Close ends the answer; a waiting Read returns.
func (s *stream) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
