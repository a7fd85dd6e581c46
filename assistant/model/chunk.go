package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// chunk is one event of a stream. go-openai's own type drops a missing index
// into 0 silently, fails the whole stream on a number written 2e9 or on
// arguments written as an object, and hides an error object beside choices;
// so the events are read raw and decoded here.
type chunk struct {
	Choices []choice        `json:"choices"`
	Usage   *usage          `json:"usage"`
	Error   json.RawMessage `json:"error"`
}

type choice struct {
	Index        number `json:"index"`
	Delta        part   `json:"delta"`
	FinishReason string `json:"finish_reason"`
}

type part struct {
	Content      content   `json:"content"`
	Refusal      content   `json:"refusal"`
	Reasoning    content   `json:"reasoning"`
	Thinking     content   `json:"reasoning_content"`
	ToolCalls    []piece   `json:"tool_calls"`
	FunctionCall *function `json:"function_call"` // what came before tool_calls
}

// piece is a part of a tool call.
type piece struct {
	Index    number   `json:"index"`
	ID       string   `json:"id"`
	Function function `json:"function"`
}

type function struct {
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

type usage struct {
	Input  int `json:"prompt_tokens"`
	Output int `json:"completion_tokens"`
}

func (c *chunk) failed() bool {
	return len(c.Error) > 0 && string(c.Error) != "null"
}

// number is an index as servers write it: 0, "0", 2e9, null or absent.
type number struct {
	set bool
	n   int64
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	s := strings.Trim(string(data), `"`)
	if s == "null" || s == "" {
		return nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number{set: true, n: i}
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f > 1e15 || f < -1e15 {
		return fmt.Errorf("an index that is no number")
	}
	*n = number{set: true, n: int64(f)}
	return nil
}

// content is text, null, or a list of parts of which only text counts.
type content string

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case 'n':
		return nil
	case '[':
		var parts []struct {
			Type string  `json:"type"`
			Text content `json:"text"`
		}
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		for _, p := range parts {
			if p.Type == "text" {
				*c += p.Text
			}
		}
		return nil
	case '{':
		return nil // a structure that we did not ask for, such as reasoning details
	}
	return json.Unmarshal(data, (*string)(c))
}

// arguments is a piece of JSON in a string, or, from some servers, the object.
type arguments string

// UnmarshalJSON implements json.Unmarshaler.
func (a *arguments) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case 'n':
		return nil
	case '{':
		var b bytes.Buffer
		if err := json.Compact(&b, data); err != nil {
			return err
		}
		*a = arguments(b.String())
		return nil
	}
	return json.Unmarshal(data, (*string)(a))
}
