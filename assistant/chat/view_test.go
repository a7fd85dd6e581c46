package chat_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// view is what a well-made client knows: the log without gaps or repetitions,
// and the answer in flight (DESIGN 7).
type view struct {
	events   []desk.Event
	turn     desk.ID
	attempt  int
	text     string
	acks     map[string]int64
	faults   []string
	ended    map[desk.ID]string // turn: the text shown when its message came
	replaced int                // answers whose deltas were complete when the message came
}

func (v *view) last() int64 { return int64(len(v.events)) }

func (v *view) faultf(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

func (v *view) apply(m msg) {
	switch m.Type {
	case "opened":
		v.turn, v.attempt, v.text = "", 0, ""
	case "ack":
		if seq, twice := v.acks[m.ID]; twice && seq != m.Seq {
			v.faultf("message %s acknowledged as %d and %d", m.ID, seq, m.Seq)
		}
		v.acks[m.ID] = m.Seq
	case "event":
		if m.Seq != v.last()+1 {
			v.faultf("event %d after %d", m.Seq, v.last())
			return
		}
		v.events = append(v.events, desk.Event{Seq: m.Seq, Kind: m.Kind, Body: m.Body})
		if m.Kind == desk.KindAssistantMessage {
			var a desk.AssistantMessage
			_ = json.Unmarshal(m.Body, &a)
			if v.turn == a.Turn && v.text == a.Text {
				v.replaced++
			}
			if v.turn == a.Turn && !strings.HasPrefix(a.Text, v.text) {
				v.faultf("shown %q, said %q", v.text, a.Text)
			}
			if _, twice := v.ended[a.Turn]; twice {
				v.faultf("two answers in one turn")
			}
			v.ended[a.Turn] = v.text
			if v.turn == a.Turn {
				v.turn, v.text = "", ""
			}
		}
	case "delta":
		v.delta(m)
	case "error":
		v.faultf("error %s", m.Code)
	}
}

func (v *view) delta(m msg) {
	if _, over := v.ended[m.Turn]; over {
		return
	}
	if m.Turn != v.turn || m.Attempt > v.attempt {
		v.turn, v.attempt, v.text = m.Turn, m.Attempt, ""
	}
	if m.Attempt < v.attempt {
		v.faultf("attempt %d after %d", m.Attempt, v.attempt)
		return
	}
	if m.Offset > len(v.text) {
		v.faultf("a hole: offset %d after %d bytes", m.Offset, len(v.text))
		return
	}
	if known := len(v.text) - m.Offset; known < len(m.Text) {
		v.text += m.Text[known:]
	}
}

func newView() *view { return &view{acks: map[string]int64{}, ended: map[desk.ID]string{}} }
