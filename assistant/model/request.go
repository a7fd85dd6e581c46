package model

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// chatRequest says req in the protocol's words. Whatever a conversation holds
// (an empty tool result, an invented tool name, a call without id), the request
// stays one that a provider accepts: a refusal here would repeat for ever,
// because the conversation does not change.
func (p *Provider) chatRequest(req Request) openai.ChatCompletionRequest {
	out := openai.ChatCompletionRequest{
		Model:         p.cfg.Model,
		Messages:      make([]openai.ChatCompletionMessage, 0, len(req.Messages)),
		User:          req.User,
		StreamOptions: &openai.StreamOptions{IncludeUsage: true},
	}
	for i := range req.Messages {
		m, ok := chatMessage(&req.Messages[i])
		if !ok {
			continue
		}
		if p.cfg.Vision && m.Role == string(RoleUser) {
			withPictures(&m, req.Messages[i].Pictures)
		}
		out.Messages = append(out.Messages, m)
	}
	if len(out.Messages) == 0 {
		out.Messages = append(out.Messages, openai.ChatCompletionMessage{Role: string(RoleUser), Content: blank})
	}
	for i := range req.Tools {
		out.Tools = append(out.Tools, chatTool(&req.Tools[i]))
	}
	if len(out.Tools) > 0 && req.ToolChoice == "none" {
		out.ToolChoice = "none"
	}
	tokens := req.MaxTokens
	if tokens <= 0 {
		tokens = p.cfg.MaxTokens
	}
	if p.newer || p.openai {
		out.MaxCompletionTokens = tokens
	} else {
		out.MaxTokens = tokens //nolint:staticcheck // deprecated at OpenAI, and the only name that other servers know
	}
	if req.Temperature != nil && !p.newer {
		// go-openai leaves a zero out, and the protocol's default is 1.
		out.Temperature = max(*req.Temperature, 1e-6)
	}
	return out
}

// blank stands for a text that must not be empty.
const blank = " "

func chatMessage(m *Message) (openai.ChatCompletionMessage, bool) {
	out := openai.ChatCompletionMessage{Role: string(m.Role), Content: m.Text, Name: safeName(m.Name)}
	switch m.Role {
	case RoleSystem:
		return out, m.Text != ""
	case RoleAssistant:
		for i, call := range m.ToolCalls {
			out.ToolCalls = append(out.ToolCalls, chatCall(call, i))
		}
		return out, m.Text != "" || len(out.ToolCalls) > 0
	case RoleTool:
		out.Name = "" // not in the protocol for a tool's message
		out.ToolCallID = safeID(m.ToolCallID, 0)
	case RoleUser:
	}
	if out.Content == "" {
		out.Content = blank
	}
	return out, true
}

// withPictures says a message in parts: the text, then what goes with it.
func withPictures(m *openai.ChatCompletionMessage, pictures [][]byte) {
	if len(pictures) == 0 {
		return
	}
	m.MultiContent = []openai.ChatMessagePart{{Type: openai.ChatMessagePartTypeText, Text: m.Content}}
	m.Content = "" // the two exclude each other
	for _, p := range pictures {
		m.MultiContent = append(m.MultiContent, openai.ChatMessagePart{
			Type:     openai.ChatMessagePartTypeImageURL,
			ImageURL: &openai.ChatMessageImageURL{URL: "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(p), Detail: openai.ImageURLDetailAuto},
		})
	}
}

func chatCall(call ToolCall, i int) openai.ToolCall {
	args := call.Arguments
	if !json.Valid([]byte(args)) {
		args = "{}"
	}
	name := safeName(call.Name)
	if name == "" {
		name = "unknown"
	}
	return openai.ToolCall{
		ID:       safeID(call.ID, i),
		Type:     openai.ToolTypeFunction,
		Function: openai.FunctionCall{Name: name, Arguments: args},
	}
}

func safeID(id string, i int) string {
	if id == "" {
		return uniqueID("", i, map[string]bool{})
	}
	return id
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// safeName makes a name that the protocol allows; a model may have invented it.
func safeName(name string) string {
	return cutTo(notInName.ReplaceAllString(name, "_"), 64)
}

func chatTool(t *ToolSpec) openai.Tool {
	schema := t.Schema
	if len(schema) == 0 {
		schema = json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`)
	}
	return openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
		Name:        t.Name,
		Description: t.Description,
		Strict:      isStrict(schema),
		Parameters:  schema,
	}}
}

// isStrict says whether a schema may be sent as strict: every object closed
// and every property required. A provider refuses the request otherwise.
func isStrict(schema json.RawMessage) bool {
	var node any
	if json.Unmarshal(schema, &node) != nil {
		return false
	}
	return strictNode(node)
}

// keywords that strict mode does not know.
var notStrict = []string{
	"allOf", "not", "if", "then", "else", "oneOf", "patternProperties", "dependentRequired", "minLength", "maxLength",
}

func strictNode(node any) bool {
	switch n := node.(type) {
	case []any:
		return !slices.ContainsFunc(n, func(v any) bool { return !strictNode(v) })
	case map[string]any:
		for _, word := range notStrict {
			if _, ok := n[word]; ok {
				return false
			}
		}
		if props, ok := n["properties"].(map[string]any); ok {
			if !strictObject(n, props) {
				return false
			}
		} else if isObjectType(n["type"]) {
			return false
		}
		for key, v := range n {
			if key == "properties" || strings.HasPrefix(key, "$") {
				continue
			}
			if !strictNode(v) {
				return false
			}
		}
	}
	return true
}

func strictObject(n, props map[string]any) bool {
	if open, ok := n["additionalProperties"].(bool); !ok || open {
		return false
	}
	required, _ := n["required"].([]any)
	for name, v := range props {
		if !slices.Contains(required, any(name)) || !strictNode(v) {
			return false
		}
	}
	return true
}

func isObjectType(t any) bool {
	if list, ok := t.([]any); ok {
		return slices.Contains(list, any("object"))
	}
	return t == "object"
}
