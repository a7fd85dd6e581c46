package assistant

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// past is a conversation's log as the engine needs it.
type past struct {
	question string            // the message to answer
	files    []desk.Attachment // … and what was sent with it
	earlier  []utterance       // what was said before it, oldest first
	steps    []step            // what this turn did already, by step
	answered bool              // this turn has said something final already
}

// utterance is one thing that was said or done before this turn.
type utterance struct {
	seq     int64 // of the event; of its turn's message when it belongs to an earlier turn
	own     int64 // of the event
	kind    desk.Kind
	text    string
	files   []desk.Attachment // that were sent with it
	author  string            // of a technician's message
	call    desk.ToolCall     // of a tool_call …
	outcome desk.ToolResult   // … and what it came to
}

// step is one answer of the model that called tools. Step 0 is the engine's
// own search.
type step struct {
	number int
	text   string // what the model said beside its calls; lost in a crash
	calls  []record
}

// record is one call with its result, once there is one.
type record struct {
	desk.ToolCall
	result *desk.ToolResult
}

// readLog sorts a log for the turn that answers message seq. Messages that
// came later wait for turns of their own. An event whose body was erased, or
// that is of no interest to a model, is left out.
func readLog(events []desk.Event, id desk.ID, seq int64) past {
	var p past
	began := map[desk.ID]int64{} // turn → its message
	results := map[desk.ID]*desk.ToolResult{}
	for _, e := range events {
		if e.Kind == desk.KindToolResult {
			if r, ok := body[desk.ToolResult](e); ok {
				results[r.Call] = &r
			}
		}
	}
	for _, e := range events {
		switch e.Kind {
		case desk.KindUserMessage:
			if m, ok := body[desk.UserMessage](e); ok {
				p.said(e, m, seq, began)
			}
		case desk.KindStaffMessage:
			if m, ok := body[desk.StaffMessage](e); ok {
				p.earlier = append(p.earlier, utterance{seq: e.Seq, own: e.Seq, kind: e.Kind, text: m.Text, files: m.Attachments, author: m.Name})
			}
		case desk.KindAssistantMessage:
			if m, ok := body[desk.AssistantMessage](e); ok {
				p.answered = p.answered || m.Turn == id
				p.earlier = append(p.earlier, utterance{seq: cmp.Or(began[m.Turn], e.Seq), own: e.Seq, kind: e.Kind, text: withoutMarks(m.Text)})
			}
		case desk.KindToolCall:
			if c, ok := body[desk.ToolCall](e); ok {
				p.called(e, c, results[c.Call], id, began)
			}
		default: // of no interest to a model
		}
	}
	slices.SortStableFunc(p.earlier, func(a, b utterance) int { return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.own, b.own)) })
	p.earlier = slices.DeleteFunc(p.earlier, func(u utterance) bool { return u.seq >= seq })
	return p
}

func (p *past) said(e desk.Event, m desk.UserMessage, seq int64, began map[desk.ID]int64) {
	if m.Turn != "" {
		began[m.Turn] = e.Seq
	}
	if e.Seq == seq {
		p.question, p.files = m.Text, m.Attachments
		return
	}
	p.earlier = append(p.earlier, utterance{seq: e.Seq, own: e.Seq, kind: e.Kind, text: m.Text, files: m.Attachments})
}

func (p *past) called(e desk.Event, c desk.ToolCall, result *desk.ToolResult, id desk.ID, began map[desk.ID]int64) {
	if c.Turn != id {
		if result != nil {
			p.earlier = append(p.earlier, utterance{seq: cmp.Or(began[c.Turn], e.Seq), own: e.Seq, kind: e.Kind, call: c, outcome: *result})
		}
		return
	}
	i := slices.IndexFunc(p.steps, func(s step) bool { return s.number == c.Step })
	if i < 0 {
		i = len(p.steps)
		p.steps = append(p.steps, step{number: c.Step})
	}
	p.steps[i].calls = append(p.steps[i].calls, record{ToolCall: c, result: result})
}

func body[T any](e desk.Event) (v T, ok bool) {
	return v, len(e.Body) > 0 && json.Unmarshal(e.Body, &v) == nil
}

// withoutMarks takes the numbers of an earlier turn's citations out of its
// answer: the same numbers mean other passages now.
func withoutMarks(text string) string {
	return strings.TrimSpace(cite(text, func(int) (int, bool) { return 0, false }))
}
