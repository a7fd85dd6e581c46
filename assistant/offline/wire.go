package offline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// chatRequest is the part of a chat completion request that matters here.
type chatRequest struct {
	Messages      []message       `json:"messages"`
	Tools         []toolSpec      `json:"tools"`
	ToolChoice    json.RawMessage `json:"tool_choice"`
	Stream        bool            `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens           int `json:"max_tokens"`
	MaxCompletionTokens int `json:"max_completion_tokens"`
	N                   int `json:"n"`
}

type toolSpec struct {
	Type     string `json:"type"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
}

type message struct {
	Role       string     `json:"role"`
	Content    content    `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

type toolCall struct {
	Index    *int   `json:"index,omitempty"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// content is a message's text: a string, a list of parts, or null.
type content string

// UnmarshalJSON joins the text parts of a list and ignores the others.
func (c *content) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err == nil {
		if s != nil {
			*c = content(*s)
		}
		return nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	var texts []string
	for _, p := range parts {
		if p.Type == "text" {
			texts = append(texts, p.Text)
		}
	}
	*c = content(strings.Join(texts, "\n"))
	return nil
}

func readChat(body []byte) (chatRequest, *fault) {
	var in chatRequest
	if err := json.Unmarshal(body, &in); err != nil {
		f := problem("invalid_json", "the body is not a chat completion request", "")
		return in, &f
	}
	if len(in.Messages) == 0 {
		f := problem("missing_messages", "messages must not be empty", "messages")
		return in, &f
	}
	if in.N > 1 {
		f := problem("unsupported_value", "only one choice is made", "n")
		return in, &f
	}
	for _, m := range in.Messages {
		switch m.Role {
		case "system", "developer", "user", "assistant", "tool", "function":
		default:
			f := problem("invalid_role", "a message has an unknown role", "messages")
			return in, &f
		}
	}
	return in, nil
}

// call is a decision to call a tool.
type call struct {
	name string
	args any
}

// reply is what the model says: text, or calls.
type reply struct {
	text  string
	calls []call
	cut   bool // the text was shortened to the tokens allowed
}

func (r reply) finish() string {
	switch {
	case len(r.calls) > 0:
		return "tool_calls"
	case r.cut:
		return "length"
	}
	return "stop"
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// completion is the frame around an answer.
type completion struct {
	ID      string
	Created int64
	Model   string
	Usage   usage
}

// whole is the answer that is not streamed.
func (c completion) whole(r reply) any {
	msg := map[string]any{"role": "assistant", "content": r.text, "refusal": nil}
	if len(r.calls) > 0 {
		msg["content"] = nil
		msg["tool_calls"] = c.calls(r, false)
	}
	return map[string]any{
		"id": c.ID, "object": "chat.completion", "created": c.Created, "model": c.Model, "usage": c.Usage,
		"choices": []any{map[string]any{"index": 0, "message": msg, "finish_reason": r.finish(), "logprobs": nil}},
	}
}

// calls renders the calls; ids are made from the request, so that the same
// request gets the same ids and two calls never share one.
func (c completion) calls(r reply, indexed bool) []toolCall {
	var out []toolCall
	for i, k := range r.calls {
		args, err := json.Marshal(k.args)
		if err != nil {
			args = []byte("{}")
		}
		t := toolCall{ID: "call_" + fingerprint([]byte(c.ID), []byte{byte(i)}), Type: "function"}
		t.Function.Name, t.Function.Arguments = k.name, string(args)
		if indexed {
			t.Index = &i
		}
		out = append(out, t)
	}
	return out
}

func fingerprint(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// tokensOf estimates tokens: four characters each, as a rule of thumb. There
// is no tokenizer here, and nobody is billed.
func tokensOf(s string) int { return (utf8.RuneCountInString(s) + 3) / 4 }

func tokensOfCalls(calls []call) int {
	n := 0
	for _, c := range calls {
		b, _ := json.Marshal(c.args) //nolint:errchkjson // only counted
		n += tokensOf(c.name) + tokensOf(string(b))
	}
	return n
}

// shorten keeps to the tokens that the request allows, at a word's end.
func shorten(r reply, in chatRequest) reply {
	limit := in.MaxCompletionTokens
	if limit == 0 {
		limit = in.MaxTokens
	}
	if limit <= 0 || len(r.calls) > 0 || tokensOf(r.text) <= limit {
		return r
	}
	runes := []rune(r.text)[:limit*4]
	text := string(runes)
	if i := strings.LastIndexAny(text, " \n"); i > 0 {
		text = text[:i]
	}
	return reply{text: text, cut: true}
}
