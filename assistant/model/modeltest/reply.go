package modeltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Reply is one answer over the wire. Its constructors cover the usual cases;
// the fields allow any other.
type Reply struct {
	Status int         // 0 is 200
	Header http.Header // over Content-Type text/event-stream
	Frames []Frame
	End    End
	Before func(r *http.Request) // runs before the first byte; may block
	Pace   *Pace                 // open-loop stream instead of Frames
}

// Frame is one write with its flush.
type Frame struct {
	After time.Duration // since the request came, not since the last frame
	Data  string
	Hold  <-chan struct{} // waits for it first
}

// End says how the connection ends after the last frame.
type End uint8

// The ends.
const (
	EndClean End = iota // the body ends as it should
	EndCut              // the connection closes inside the body
	EndReset            // the connection is reset
	EndStall            // nothing more comes until the client goes away
)

// Pace is an open-loop stream: event i leaves at i × Over/Events after the
// request whatever became of the events before, so a slow reader cannot slow
// the source. Text makes the event's text from its number and the moment at
// which it is written, to the nanosecond before the write.
type Pace struct {
	Events int
	Over   time.Duration
	Text   func(i int, at time.Time) string // default: "word " and the number
	Sent   func(i int, at time.Time)        // after the flush, with the moment before the write
}

// Call is a tool call in a reply.
type Call struct {
	ID        string // empty: call_N
	Name      string
	Arguments string
}

// Text is an answer of these pieces of text.
func Text(parts ...string) Reply { return stream(textFrames(parts), "stop") }

// Calls is an answer of tool calls.
func Calls(calls ...Call) Reply { return TextAndCalls("", calls...) }

// TextAndCalls is an answer of text and tool calls.
func TextAndCalls(text string, calls ...Call) Reply {
	var frames []Frame
	if text != "" {
		frames = textFrames([]string{text})
	}
	for i, c := range calls {
		if c.ID == "" {
			c.ID = fmt.Sprintf("call_%d", i+1)
		}
		half := len(c.Arguments) / 2
		for half > 0 && !utf8.RuneStart(c.Arguments[half]) {
			half--
		}
		frames = append(frames,
			Frame{Data: Event(map[string]any{"tool_calls": []any{map[string]any{
				"index": i, "id": c.ID, "type": "function",
				"function": map[string]any{"name": c.Name, "arguments": c.Arguments[:half]},
			}}}, "")},
			Frame{Data: Event(map[string]any{"tool_calls": []any{map[string]any{
				"index":    i,
				"function": map[string]any{"arguments": c.Arguments[half:]},
			}}}, "")})
	}
	return stream(frames, "tool_calls")
}

// Raw is a body as it stands, with the content type of a stream.
func Raw(body string) Reply { return Reply{Frames: []Frame{{Data: body}}} }

// JSON is a body with the content type of JSON.
func JSON(status int, body string) Reply {
	return Reply{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Frames: []Frame{{Data: body}}}
}

// Fail is a refusal with OpenAI's error object.
func Fail(status int, code string) Reply {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": http.StatusText(status), "type": "", "param": nil, "code": code}})
	return JSON(status, string(body))
}

// RetryAfter adds the header, in seconds.
func (r Reply) RetryAfter(seconds int) Reply {
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Retry-After", strconv.Itoa(seconds))
	return r
}

// Cut is text after which the connection breaks.
func Cut(parts ...string) Reply { return Reply{Frames: textFrames(parts), End: EndCut} }

// Reset is text after which the connection is reset.
func Reset(parts ...string) Reply { return Reply{Frames: textFrames(parts), End: EndReset} }

// Stall is text after which nothing comes any more.
func Stall(parts ...string) Reply { return Reply{Frames: textFrames(parts), End: EndStall} }

// Until is text that waits for hold before its last piece.
func Until(hold <-chan struct{}, parts ...string) Reply {
	r := Text(parts...)
	r.Frames[len(parts)-1].Hold = hold
	return r
}

// Paced is an open-loop stream.
func Paced(p Pace) Reply { return Reply{Pace: &p} }

// Event is one server-sent event with a delta of choice 0.
func Event(delta map[string]any, finish string) string {
	choice := map[string]any{"index": 0, "delta": delta, "finish_reason": nil}
	if finish != "" {
		choice["finish_reason"] = finish
	}
	return chunkEvent(map[string]any{"choices": []any{choice}})
}

func chunkEvent(fields map[string]any) string {
	fields["id"], fields["object"], fields["created"], fields["model"] = "chatcmpl-1", "chat.completion.chunk", 1, "fake"
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err) // only strings and numbers come here
	}
	return "data: " + string(body) + "\n\n"
}

func textFrames(parts []string) []Frame {
	frames := make([]Frame, len(parts))
	for i, p := range parts {
		frames[i].Data = Event(map[string]any{"content": p}, "")
	}
	return frames
}

// stream completes frames as OpenAI does with include_usage.
func stream(frames []Frame, finish string) Reply {
	tail := Event(map[string]any{}, finish) + usageEvent(len(frames)) + "data: [DONE]\n\n"
	return Reply{Frames: append(frames, Frame{Data: tail})}
}

func usageEvent(output int) string {
	return chunkEvent(map[string]any{"choices": []any{}, "usage": map[string]any{
		"prompt_tokens": 10, "completion_tokens": output, "total_tokens": 10 + output,
	}})
}

func (r Reply) write(w http.ResponseWriter, req *http.Request) {
	start := time.Now()
	if r.Before != nil {
		r.Before(req)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	maps.Copy(w.Header(), r.Header)
	if r.Status != 0 {
		w.WriteHeader(r.Status)
	}
	out := http.NewResponseController(w)
	if r.Pace != nil {
		r.Pace.run(w, out, req, start)
		return
	}
	for _, f := range r.Frames {
		if !pause(req, time.Until(start.Add(f.After)), f.Hold) {
			return
		}
		if _, err := w.Write([]byte(f.Data)); err != nil {
			return
		}
		_ = out.Flush() // the next write says if the client is gone
	}
	r.End.run(out, req)
}

func (e End) run(out *http.ResponseController, req *http.Request) {
	switch e {
	case EndStall:
		_ = out.Flush()
		<-req.Context().Done()
	case EndCut, EndReset:
		_ = out.Flush()
		conn, _, err := out.Hijack()
		if err != nil {
			return
		}
		if tcp, ok := conn.(*net.TCPConn); ok && e == EndReset {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// pause waits, or returns false when the client went away.
func pause(req *http.Request, d time.Duration, hold <-chan struct{}) bool {
	if hold != nil {
		select {
		case <-hold:
		case <-req.Context().Done():
			return false
		}
	}
	if d <= 0 {
		return req.Context().Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-req.Context().Done():
		return false
	}
}

func (p *Pace) run(w http.ResponseWriter, out *http.ResponseController, req *http.Request, start time.Time) {
	for i := range p.Events {
		due := start.Add(p.Over * time.Duration(i) / time.Duration(p.Events))
		if !pause(req, time.Until(due), nil) {
			return
		}
		at := time.Now()
		text := "word " + strconv.Itoa(i) + " "
		if p.Text != nil {
			text = p.Text(i, at)
		}
		if _, err := w.Write([]byte(paceEvent(text))); err != nil {
			return
		}
		_ = out.Flush()
		if p.Sent != nil {
			p.Sent(i, at)
		}
	}
	_, _ = w.Write([]byte(Event(map[string]any{}, "stop") + usageEvent(p.Events) + "data: [DONE]\n\n"))
}

// paceEvent is Event without its cost, which would count against the reader.
func paceEvent(text string) string {
	var b strings.Builder
	b.Grow(160 + len(text))
	b.WriteString(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{"content":`)
	quoted, _ := json.Marshal(text) // a string always has a form
	b.Write(quoted)
	b.WriteString("},\"finish_reason\":null}]}\n\n")
	return b.String()
}
