package model

import "strings"

const (
	thinkOpen  = "<think>"
	thinkClose = "</think>"
)

// thinking takes the reasoning out of an answer that begins with it. Servers
// of open models often hand it over as text between <think> and </think>
// instead of in a field of its own; only at the very beginning does it mean
// that.
type thinking struct {
	state thinkState
	held  string // text that may be the beginning of a mark
}

type thinkState uint8

const (
	thinkUndecided thinkState = iota
	thinkInside
	thinkOver
)

// pass returns what of the next piece may be shown now.
func (t *thinking) pass(text string) string {
	switch t.state {
	case thinkOver:
		return text
	case thinkInside:
	case thinkUndecided:
		t.held += text
		begin := strings.TrimLeft(t.held, " \r\n\t")
		if begin == "" || len(begin) < len(thinkOpen) && strings.HasPrefix(thinkOpen, begin) {
			return ""
		}
		if !strings.HasPrefix(begin, thinkOpen) {
			return t.release()
		}
		t.state, text, t.held = thinkInside, begin[len(thinkOpen):], ""
	}
	t.held += text
	_, rest, found := strings.Cut(t.held, thinkClose)
	if !found {
		// Only the end of it can belong to the mark.
		t.held = t.held[max(0, len(t.held)-len(thinkClose)+1):]
		return ""
	}
	t.state, t.held = thinkOver, ""
	return strings.TrimLeft(rest, " \r\n\t")
}

// release ends the wait for a mark and returns what was held for it.
func (t *thinking) release() string {
	if t.state == thinkInside {
		return ""
	}
	held := t.held
	t.state, t.held = thinkOver, ""
	return held
}
