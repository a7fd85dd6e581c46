package model_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
)

const done = "data: [DONE]\n\n"

func say(text string) string { return modeltest.Event(map[string]any{"content": text}, "") }

func finish(reason string) string { return modeltest.Event(map[string]any{}, reason) }

// call is a piece of a tool call; index and id may be left out.
func call(index, id, name, args string) string {
	var f []string
	if index != "" {
		f = append(f, `"index":`+index)
	}
	if id != "" {
		f = append(f, fmt.Sprintf(`"id":%q`, id))
	}
	fn := fmt.Sprintf(`"arguments":%q`, args)
	if name != "" {
		fn = fmt.Sprintf(`"name":%q,`, name) + fn
	}
	f = append(f, `"type":"function","function":{`+fn+`}`)
	return `data: {"choices":[{"index":0,"delta":{"tool_calls":[{` + strings.Join(f, ",") + `}]},"finish_reason":null}]}` + "\n\n"
}

// oddStreams are streams that the shared data does not show. The outcome of
// each is a decision: what ends on purpose and holds an answer is one; what
// was cut, damaged or is no answer is tried again; what will not change is
// final; calls that are not whole are never handed over.
var oddStreams = []struct {
	name    string
	body    string
	outcome string
	text    string
	calls   []model.ToolCall
	reason  model.Reason
}{
	// Forms that the standard of server-sent events allows.
	{name: "one event in several data lines", body: "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"x\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n" + done, outcome: "complete", text: "x"},
	{name: "lone CR line ends", body: strings.ReplaceAll(say("x")+finish("stop")+done, "\n", "\r"), outcome: "complete", text: "x"},
	{name: "byte order mark", body: "\xef\xbb\xbf" + say("x") + finish("stop") + done, outcome: "complete", text: "x"},
	{name: "comments and pings between events", body: ": ping\n\n" + say("x") + strings.Repeat(": keep-alive\n\n", 1000) + finish("stop") + ":\n" + done, outcome: "complete", text: "x"},
	{name: "event, id and retry fields", body: "event: message\nid: 7\nretry: 10\n" + say("x") + "event: ping\ndata: {\"type\":\"ping\"}\n\n" + finish("stop") + done, outcome: "complete", text: "x"},
	{name: "no empty line between events", body: strings.ReplaceAll(say("x")+say("y")+finish("stop")+done, "\n\n", "\n"), outcome: "complete", text: "xy"},
	{name: "last line without its end", body: say("x") + finish("stop") + "data: [DONE]", outcome: "complete", text: "x"},
	{name: "empty data", body: strings.Repeat("data:\n\n", 2) + "data: \n\n" + say("x") + finish("stop") + done, outcome: "complete", text: "x"},
	// Ends.
	{name: "no [DONE] after a finish_reason", body: say("x") + finish("stop"), outcome: "complete", text: "x"},
	{name: "no finish_reason before [DONE]", body: say("x") + done, outcome: "complete", text: "x"},
	{name: "neither finish_reason nor [DONE]", body: say("x"), outcome: "retryable_error", reason: model.ReasonTruncated},
	{name: "only [DONE]", body: done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "only comments", body: ": hello\n\n: bye\n\n", outcome: "retryable_error", reason: model.ReasonTruncated},
	{name: "finished without a word", body: finish("stop") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "only white space", body: say(" \n") + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "events after [DONE]", body: say("x") + finish("stop") + done + say("more") + finish("stop"), outcome: "complete", text: "x"},
	{name: "two finish_reasons and text after the first", body: say("x") + finish("stop") + say("more") + finish("length") + done, outcome: "complete", text: "x"},
	{name: "cut at the token limit", body: say("x") + finish("length") + done, outcome: "complete", text: "x"},
	{name: "token limit before the first word", body: finish("length") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "content filter", body: say("x") + finish("content_filter") + done, outcome: "final_error", reason: model.ReasonFiltered},
	{name: "unknown finish_reason", body: say("x") + finish("eos") + done, outcome: "complete", text: "x"},
	{name: "finish_reason written null in a string", body: strings.Replace(say("x"), `"finish_reason":null`, `"finish_reason":"null"`, 1) + say("y") + finish("stop") + done, outcome: "complete", text: "xy"},
	// Errors inside a stream.
	{name: "error object", body: say("x") + `data: {"error":{"message":"overloaded","type":"server_error","code":null}}` + "\n\n", outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "error object and the connection stays open to [DONE]", body: `data: {"error":{"message":"m","type":"overloaded_error"}}` + "\n\n" + done, outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "error object with a key refused", body: `data: {"error":{"message":"m","type":"invalid_request_error","code":"invalid_api_key"}}` + "\n\n" + done, outcome: "final_error", reason: model.ReasonKey},
	{name: "error object with a numeric code", body: `data: {"choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"message":"m","code":502}}` + "\n\n" + done, outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "error object about this request", body: `data: {"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}` + "\n\n", outcome: "final_error", reason: model.ReasonBadRequest},
	{name: "error as text", body: `data: {"error":"out of memory"}` + "\n\n", outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "error null in every event", body: strings.ReplaceAll(say("x")+finish("stop"), "data: {", `data: {"error":null,`) + done, outcome: "complete", text: "x"},
	{name: "event of type error", body: say("x") + "event: error\ndata: {\"message\":\"overloaded\"}\n\n" + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "event of type error without JSON", body: "event: error\ndata: boom\n\n", outcome: "retryable_error", reason: model.ReasonProvider},
	{name: "finish_reason error", body: say("x") + finish("error") + done, outcome: "retryable_error", reason: model.ReasonProvider},
	// Damage.
	{name: "data that is no JSON", body: say("x") + "data: hello\n\n" + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonBadEvent},
	{name: "a string broken over two data lines", body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\ndata: b\"}}]}\n\n" + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonBadEvent},
	{name: "a number for text", body: "data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n" + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonBadEvent},
	{name: "half a character at the end of a line", body: "data: {\"choices\":[{\"delta\":{\"content\":\"\xe2\x82\"}}]}\n\n" + done, outcome: "retryable_error", reason: model.ReasonBadUTF8},
	{name: "page instead of a stream, two lines", body: "<html>\n<body>502</body></html>\n", outcome: "retryable_error", reason: model.ReasonTruncated},
	{name: "a line of 10 MiB", body: "data: {\"choices\":[{\"delta\":{\"content\":\"" + strings.Repeat("a", 10<<20) + "\"}}]}\n\n" + done, outcome: "retryable_error", reason: model.ReasonTooLarge},
	{name: "an event of a million data lines", body: strings.Repeat("data: [\n", 1<<20) + "\n", outcome: "retryable_error", reason: model.ReasonTooLarge},
	{name: "text of 2 MiB in small events", body: strings.Repeat(say(strings.Repeat("a", 4<<10)), 512) + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonTooLarge},
	{name: "100,000 empty deltas, then an answer", body: strings.Repeat(say(""), 100_000) + say("x") + finish("stop") + done, outcome: "complete", text: "x"},
	{name: "10,000 empty deltas and no answer", body: strings.Repeat(say(""), 10_000) + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	// Content.
	{name: "NUL in the text", body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\\u0000b\"}}]}\n\n" + finish("stop") + done, outcome: "complete", text: "ab"},
	{name: "half a surrogate pair", body: "data: {\"choices\":[{\"delta\":{\"content\":\"a\\ud800b\"}}]}\n\n" + finish("stop") + done, outcome: "complete", text: "a\ufffdb"},
	{name: "content as a list of parts", body: `data: {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"x"}]}}]}` + "\n\n" + finish("stop") + done, outcome: "complete", text: "x"},
	{name: "only reasoning", body: `data: {"choices":[{"delta":{"reasoning_content":"hm","reasoning":"hm"}}]}` + "\n\n" + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "reasoning as text at the beginning", body: say("\n<thi") + say("nk>hm <b>") + say("</thi") + say("nk>\n\n") + say("x <think>") + finish("stop") + done, outcome: "complete", text: "x <think>"},
	{name: "reasoning as text that never ends", body: say("<think>hm") + finish("stop") + done, outcome: "retryable_error", reason: model.ReasonEmpty},
	{name: "text that begins like reasoning", body: say(" <th") + say("e>") + say("x") + finish("stop") + done, outcome: "complete", text: " <the>x"},
	{name: "text that is the beginning of a mark", body: say("<th") + finish("stop") + done, outcome: "complete", text: "<th"},
	{name: "usage null, then usage", body: strings.ReplaceAll(say("x")+finish("stop"), `"choices"`, `"usage":null,"choices"`) + done, outcome: "complete", text: "x"},
	// Calls.
	{
		name: "index 2e9", body: call("2e9", "c", "search_kb", `{"query":`) + call("2000000000", "", "", `"x"}`) + finish("tool_calls") + done, outcome: "tool_call",
		calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{"query":"x"}`}},
	},
	{name: "negative index", body: call("-1", "c", "search_kb", `{}`) + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{}`}}},
	{name: "index null", body: call("null", "c", "search_kb", `{"a":`) + call("null", "", "", `1}`) + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{"a":1}`}}},
	{
		name: "index missing, two ids", body: call("", "a", "search_kb", `{"q":`) + call("", "b", "search_kb", `{"r":`) + call("", "a", "", `1}`) + call("", "b", "", `2}`) + finish("tool_calls") + done, outcome: "tool_call",
		calls: []model.ToolCall{{ID: "a", Name: "search_kb", Arguments: `{"q":1}`}, {Index: 1, ID: "b", Name: "search_kb", Arguments: `{"r":2}`}},
	},
	{
		name: "index 0 for all, two ids", body: call("0", "a", "search_kb", `{"q":1}`) + call("0", "b", "search_kb", `{"q":2}`) + finish("tool_calls") + done, outcome: "tool_call",
		calls: []model.ToolCall{{ID: "a", Name: "search_kb", Arguments: `{"q":1}`}, {Index: 1, ID: "b", Name: "search_kb", Arguments: `{"q":2}`}},
	},
	{
		name: "neither index nor id, two whole calls", body: call("", "", "search_kb", `{"q":1}`) + call("", "", "search_kb", `{"q":2}`) + finish("tool_calls") + done, outcome: "tool_call",
		calls: []model.ToolCall{{ID: "call_1", Name: "search_kb", Arguments: `{"q":1}`}, {Index: 1, ID: "call_2", Name: "search_kb", Arguments: `{"q":2}`}},
	},
	{
		name: "index skips one", body: call("0", "a", "search_kb", `{}`) + call("5", "b", "search_kb", `{}`) + finish("tool_calls") + done, outcome: "tool_call",
		calls: []model.ToolCall{{ID: "a", Name: "search_kb", Arguments: `{}`}, {Index: 1, ID: "b", Name: "search_kb", Arguments: `{}`}},
	},
	{name: "name over two events", body: call("0", "c", "search_", "") + call("0", "", "kb", "") + call("0", "", "", `{}`) + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{}`}}},
	{name: "name and id repeated in every event", body: call("0", "c", "search_kb", `{"q":`) + call("0", "c", "search_kb", `1}`) + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{"q":1}`}}},
	{name: "no arguments", body: call("0", "c", "search_kb", "") + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{}`}}},
	{name: "arguments as an object", body: `data: {"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"search_kb","arguments":{"query": "x"}}}]}}]}` + "\n\n" + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{"query":"x"}`}}},
	{name: "legacy function_call", body: `data: {"choices":[{"delta":{"function_call":{"name":"search_kb","arguments":"{\"q\":"}}}]}` + "\n\n" + `data: {"choices":[{"delta":{"function_call":{"arguments":"1}"}}}]}` + "\n\n" + finish("function_call") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "call_1", Name: "search_kb", Arguments: `{"q":1}`}}},
	{name: "strange id", body: call("0", "a b\n"+strings.Repeat("x", 100), "search_kb", `{}`) + finish("tool_calls") + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "call_1", Name: "search_kb", Arguments: `{}`}}},
	{name: "text and a call", body: say("One moment.") + call("0", "c", "search_kb", `{}`) + finish("tool_calls") + done, outcome: "tool_call", text: "One moment.", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{}`}}},
	{name: "whole call without finish_reason", body: call("0", "c", "search_kb", `{}`) + done, outcome: "tool_call", calls: []model.ToolCall{{ID: "c", Name: "search_kb", Arguments: `{}`}}},
	{name: "token limit inside a call", body: call("0", "c", "search_kb", `{"query":"x`) + finish("length") + done, outcome: "reject_tool_call", reason: model.ReasonCutCall},
	{name: "token limit after a whole call", body: call("0", "c", "search_kb", `{}`) + finish("length") + done, outcome: "reject_tool_call", reason: model.ReasonCutCall},
	{name: "content filter inside a call", body: call("0", "c", "search_kb", `{}`) + finish("content_filter") + done, outcome: "reject_tool_call", reason: model.ReasonCutCall},
	{name: "connection lost inside a call", body: call("0", "c", "search_kb", `{"query":`), outcome: "retryable_error", reason: model.ReasonTruncated},
	{name: "one whole call and one cut", body: call("0", "a", "search_kb", `{}`) + call("1", "b", "search_kb", `{"q`) + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonCutCall},
	{name: "arguments are a list", body: call("0", "c", "search_kb", `[1]`) + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonBadCall},
	{name: "arguments with something behind them", body: call("0", "c", "search_kb", `{}{}`) + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonCutCall},
	{name: "call without a name", body: call("0", "c", "", `{}`) + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonBadCall},
	{name: "arguments of 100 KiB", body: strings.Repeat(call("0", "c", "search_kb", strings.Repeat(" ", 1<<10)), 100) + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonTooLarge},
	{name: "1,000 calls", body: thousandCalls() + finish("tool_calls") + done, outcome: "reject_tool_call", reason: model.ReasonManyCalls},
}

func thousandCalls() string {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(call(fmt.Sprint(i), fmt.Sprintf("c%d", i), "search_kb", `{}`))
	}
	return b.String()
}

func TestEveryOddStreamHasItsDecidedEnd(t *testing.T) {
	t.Parallel()
	for _, c := range oddStreams {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := modeltest.New(t, modeltest.Raw(c.body))
			got := read(t, provider(t, fake.URL, func(c *model.Config) { c.Idle = time.Minute }), ask("hi"))
			if got.outcome() != c.outcome {
				t.Fatalf("got %s (text %.80q, error %v), want %s", got.outcome(), got.text, got.err, c.outcome)
			}
			if c.reason != "" && reasonOf(got.err) != c.reason {
				t.Fatalf("reason %q, want %q", reasonOf(got.err), c.reason)
			}
			if got.err == nil {
				if got.text != c.text {
					t.Fatalf("text %.80q, want %q", got.text, c.text)
				}
				checkCalls(t, c.name, got.last.ToolCalls, c.calls)
			}
		})
	}
}

func TestAStreamCutAtAnyByteIsWholeOrAnError(t *testing.T) {
	body := say("Größe ") + say("passt") + finish("stop") + done
	fake := modeltest.New(t)
	p := provider(t, fake.URL, nil)
	finished := strings.Index(body, done)
	for at := range len(body) {
		fake.Add(modeltest.Raw(body[:at]))
		got := read(t, p, ask("hi"))
		switch {
		case got.err == nil && (got.text != "Größe passt" || at < finished-2):
			t.Fatalf("cut at byte %d taken for the answer %q", at, got.text)
		case got.err != nil && (at >= finished || got.outcome() != "retryable_error"):
			t.Fatalf("cut at byte %d of %d: %v", at, len(body), got.err)
		}
	}
}

func TestEveryKindOfBrokenConnectionIsRetryable(t *testing.T) {
	t.Parallel()
	gzipLie := modeltest.Text("x")
	gzipLie.Header = http.Header{"Content-Encoding": {"gzip"}}
	page := modeltest.Raw("<html><body>502 Bad Gateway</body></html>")
	page.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	late := modeltest.Text("x")
	late.Frames[0].Hold = make(chan struct{})
	cases := []struct {
		name   string
		reply  modeltest.Reply
		reason model.Reason
	}{
		{"connection closed inside the body", modeltest.Cut("x"), model.ReasonTruncated},
		{"connection reset", modeltest.Reset("x"), model.ReasonNetwork},
		{"stall after the first words", modeltest.Stall("x"), model.ReasonIdle},
		{"no first byte", late, model.ReasonIdle},
		{"pings for ever", modeltest.Reply{Frames: drip(": ping\n\n")}, model.ReasonIdle},
		{"empty deltas for ever", modeltest.Reply{Frames: drip(say(""))}, model.ReasonIdle},
		{"compressed by its header only", gzipLie, model.ReasonEncoded},
		{"a page with status 200", page, model.ReasonNotStream},
		{"a document instead of a stream", modeltest.JSON(200, `{"object":"chat.completion","choices":[]}`), model.ReasonNotStream},
		{"an error object with status 200", modeltest.JSON(200, `{"error":{"message":"m","type":"server_error"}}`), model.ReasonProvider},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := modeltest.New(t, c.reply)
			got := read(t, provider(t, fake.URL, func(c *model.Config) { c.Idle = 300 * time.Millisecond }), ask("hi"))
			if got.outcome() != "retryable_error" || reasonOf(got.err) != c.reason {
				t.Fatalf("got %s: %v", got.outcome(), got.err)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		got := read(t, provider(t, "http://127.0.0.1:1/v1", nil), ask("hi"))
		if got.outcome() != "retryable_error" || reasonOf(got.err) != model.ReasonNetwork {
			t.Fatalf("got %s: %v", got.outcome(), got.err)
		}
	})
}

func TestAStallAfterTheFinishReasonDoesNotHoldTheAnswerBack(t *testing.T) {
	reply := modeltest.Raw(say("x") + finish("stop"))
	reply.End = modeltest.EndStall
	fake := modeltest.New(t, reply)
	got := read(t, provider(t, fake.URL, func(c *model.Config) { c.Idle = 300 * time.Millisecond }), ask("hi"))
	if got.outcome() != "complete" || !got.last.Usage.Estimated {
		t.Fatalf("got %s: %v", got.outcome(), got.err)
	}
}

// drip is a stream that never stops sending the same.
func drip(data string) []modeltest.Frame {
	frames := make([]modeltest.Frame, 200)
	for i := range frames {
		frames[i] = modeltest.Frame{After: time.Duration(i) * 20 * time.Millisecond, Data: data}
	}
	return frames
}

func TestARefusalIsClassedByWhatItMeans(t *testing.T) {
	cases := []struct {
		status int
		body   string
		class  model.Class
		reason model.Reason
		code   desk.Code
	}{
		{401, `{"error":{"message":"Incorrect API key provided: sk-secret","type":"invalid_request_error","code":"invalid_api_key"}}`, model.ClassFinal, model.ReasonKey, desk.CodeModelKey},
		{401, ``, model.ClassFinal, model.ReasonKey, desk.CodeModelKey},
		{403, `<html>`, model.ClassFinal, model.ReasonKey, desk.CodeModelKey},
		{404, `{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}`, model.ClassFinal, model.ReasonNoModel, desk.CodeModelUnavailable},
		{404, `{"error":{"message":"model not found, try pulling it first","type":"api_error"}}`, model.ClassFinal, model.ReasonNoModel, desk.CodeModelUnavailable},
		{400, `{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}`, model.ClassFinal, model.ReasonBadRequest, desk.CodeModelUnavailable},
		{400, `{"error":{"message":"filtered","code":"content_filter"}}`, model.ClassFinal, model.ReasonFiltered, desk.CodeModelUnavailable},
		{429, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`, model.ClassRetryable, model.ReasonRateLimited, desk.CodeModelUnavailable},
		{429, `{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}`, model.ClassFinal, model.ReasonQuota, desk.CodeModelUnavailable},
		{500, `{"error":{"message":"oops","type":"invalid_request_error"}}`, model.ClassRetryable, model.ReasonProvider, desk.CodeModelUnavailable},
		{502, `<html>`, model.ClassRetryable, model.ReasonProvider, desk.CodeModelUnavailable},
		{503, ``, model.ClassRetryable, model.ReasonProvider, desk.CodeModelUnavailable},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, model.ClassRetryable, model.ReasonProvider, desk.CodeModelUnavailable},
		{302, ``, model.ClassFinal, model.ReasonBadRequest, desk.CodeModelUnavailable},
		{500, strings.Repeat("x", 1<<20), model.ClassRetryable, model.ReasonProvider, desk.CodeModelUnavailable},
	}
	for _, c := range cases {
		reply := modeltest.JSON(c.status, c.body)
		reply.Header.Set("Location", "http://127.0.0.1:1/elsewhere")
		fake := modeltest.New(t, reply.RetryAfter(7))
		err := read(t, provider(t, fake.URL, nil), ask("hi")).err
		e := asError(t, err)
		if e.Class != c.class || e.Reason != c.reason || desk.CodeOf(err) != c.code || e.Status != c.status || e.After != 7*time.Second {
			t.Errorf("%d %.60s: got %v, code %s, status %d, after %s", c.status, c.body, err, desk.CodeOf(err), e.Status, e.After)
		}
		if strings.Contains(err.Error(), "sk-secret") {
			t.Errorf("the key stands in the error: %v", err)
		}
	}
}
