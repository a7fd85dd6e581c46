package offline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/prompts"
)

// chat is a request of the tests.
type chat struct {
	system   string
	messages []map[string]any
	tools    []string // nil: all
	choice   any
	max      int
	plain    bool // not streamed
	options  []Option
}

// spoken is an answer as a client puts it together.
type spoken struct {
	text   string
	calls  []toolCall
	finish string
	usage  *usage
	chunks int
}

var everyTool = []string{
	prompts.ToolSearch, prompts.ToolList, prompts.ToolGet, prompts.ToolCreate, prompts.ToolAdd, prompts.ToolPerson,
	prompts.ToolDevices, prompts.ToolSoftware, prompts.ToolStatus, prompts.ToolAct, prompts.ToolInstall, prompts.ToolRequest,
}

func system(lang string) string {
	return prompts.System(prompts.SystemData{Language: lang, Tools: everyTool})
}

func user(text string) map[string]any { return map[string]any{"role": "user", "content": text} }

func assistant(text string) map[string]any {
	return map[string]any{"role": "assistant", "content": text}
}

func called(id, tool, args string) map[string]any {
	return map[string]any{"role": "assistant", "content": nil, "tool_calls": []any{map[string]any{
		"id": id, "type": "function", "function": map[string]any{"name": tool, "arguments": args},
	}}}
}

func toolSays(id, text string) map[string]any {
	return map[string]any{"role": "tool", "tool_call_id": id, "content": text}
}

func (c chat) body(t testing.TB) []byte {
	t.Helper()
	tools := c.tools
	if tools == nil {
		tools = everyTool
	}
	ms := append([]map[string]any{{"role": "system", "content": c.system}}, c.messages...)
	m := map[string]any{"model": "any", "messages": ms, "stream": !c.plain}
	if !c.plain {
		m["stream_options"] = map[string]any{"include_usage": true}
	}
	var specs []any
	for _, name := range tools {
		specs = append(specs, map[string]any{"type": "function", "function": map[string]any{"name": name, "parameters": map[string]any{"type": "object"}}})
	}
	if len(specs) > 0 {
		m["tools"] = specs
	}
	if c.choice != nil {
		m["tool_choice"] = c.choice
	}
	if c.max > 0 {
		m["max_completion_tokens"] = c.max
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func post(t testing.TB, path string, body []byte, options ...Option) *http.Response {
	t.Helper()
	options = append([]Option{Clock(func() time.Time { return time.Unix(1_790_000_000, 0) })}, options...)
	client := http.Client{Transport: Transport(options...)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://offline/v1"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// ask sends a request and puts the answer together as a client does.
func ask(t testing.TB, c chat) spoken {
	t.Helper()
	res := post(t, "/chat/completions", c.body(t), c.options...)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("status %s: %s", res.Status, b)
	}
	if c.plain {
		return readWhole(t, res.Body)
	}
	return readStream(t, res.Body)
}

func readWhole(t testing.TB, r io.Reader) spoken {
	t.Helper()
	var whole struct {
		Usage   usage `json:"usage"`
		Choices []struct {
			Message struct {
				Content   content    `json:"content"`
				ToolCalls []toolCall `json:"tool_calls"`
			} `json:"message"`
			Finish string `json:"finish_reason"`
		} `json:"choices"`
	}
	if err := json.NewDecoder(r).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Choices) != 1 {
		t.Fatalf("choices: %d", len(whole.Choices))
	}
	k := whole.Choices[0]
	return spoken{text: string(k.Message.Content), calls: k.Message.ToolCalls, finish: k.Finish, usage: &whole.Usage}
}

func readStream(t testing.TB, r io.Reader) spoken {
	t.Helper()
	var out spoken
	var text strings.Builder
	done := false
	for s := bufio.NewScanner(r); s.Scan(); {
		data, ok := strings.CutPrefix(s.Text(), "data: ")
		if !ok {
			if s.Text() != "" {
				t.Fatalf("line %q", s.Text())
			}
			continue
		}
		if done {
			t.Fatalf("after the end: %q", data)
		}
		if data == "[DONE]" {
			done = true
			continue
		}
		out.chunk(t, data, &text)
	}
	if !done {
		t.Fatal("no end")
	}
	out.text = text.String()
	return out
}

func (out *spoken) chunk(t testing.TB, data string, text *strings.Builder) {
	t.Helper()
	var chunk struct {
		Usage   *usage `json:"usage"`
		Choices []struct {
			Delta struct {
				Content   *string    `json:"content"`
				ToolCalls []toolCall `json:"tool_calls"`
			} `json:"delta"`
			Finish *string `json:"finish_reason"`
		} `json:"choices"`
	}
	if err := json.Unmarshal([]byte(data), &chunk); err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	if chunk.Usage != nil {
		out.usage = chunk.Usage
	}
	for _, k := range chunk.Choices {
		out.chunks++
		if k.Delta.Content != nil {
			text.WriteString(*k.Delta.Content)
		}
		for _, d := range k.Delta.ToolCalls {
			if d.ID != "" {
				out.calls = append(out.calls, d)
				continue
			}
			out.calls[*d.Index].Function.Arguments += d.Function.Arguments
		}
		if k.Finish != nil {
			out.finish = *k.Finish
		}
	}
}
