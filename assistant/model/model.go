// Package model speaks to language models over the OpenAI protocol. It is the
// only package that knows go-openai; everybody else knows Client and Embedder.
//
// The contract of a stream:
//
//   - Text comes in deltas, in order. The last delta of a successful stream
//     carries Finish, Usage and all tool calls, each with complete arguments,
//     and perhaps a last piece of text; nothing follows it. A stream that fails
//     ends with exactly one error and a zero Delta; text that came before it
//     is incomplete.
//   - Tool calls are never handed over half: cut, oversized or unparsable
//     arguments end the stream with an Error of ClassRejected, and no call of
//     that answer may run. A delta never holds a call that was only text.
//   - Stopping the iteration, or ending ctx, cancels the request.
//   - Only choice 0 is read. A refusal is text. Reasoning is never handed
//     over. Text is valid UTF-8 without NUL.
//   - Every error is an *Error: its class says what may be done about it, and
//     desk.CodeOf says what to tell people. It never holds the key or content.
//
// A Provider makes one attempt a stream. Chain adds what makes it dependable:
// retries with backoff, a circuit breaker for each provider, the next model,
// and a bound on the whole. Text of two attempts is never mixed: the first
// delta of a new attempt has Restart set, and the reader drops what it has.
package model

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/conserje/conserje/portal/desk"
)

// Client is the seam of every model: one method that streams.
type Client interface {
	Stream(ctx context.Context, req Request) iter.Seq2[Delta, error]
}

// Embedder turns texts into unit vectors of one length.
type Embedder interface {
	Embed(ctx context.Context, texts []string, purpose Purpose) ([][]float32, error)
	Model() EmbeddingModel
}

// EmbeddingModel names the model behind vectors. Vectors of two models are
// never compared. Dimensions is 0 until the first answer when nobody said it.
type EmbeddingModel struct {
	Name       string
	Dimensions int
}

// Purpose says what a text is embedded for; some models want to know.
type Purpose string

// The purposes.
const (
	PurposeQuery   Purpose = "query"
	PurposePassage Purpose = "passage"
)

// Role says who speaks in a message.
type Role string

// The roles.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// Request is one call of a model. User is an opaque hash, never a name.
type Request struct {
	Messages    []Message
	Tools       []ToolSpec
	ToolChoice  string // "auto" or "none"; empty is auto
	MaxTokens   int    // of the answer; 0 takes the provider's bound
	Temperature *float32
	User        string
}

// Message is one message of the conversation as the model reads it.
type Message struct {
	Role       Role
	Text       string
	ToolCalls  []ToolCall // of an assistant's message
	ToolCallID string     // of a tool's message: the call that it answers
	Name       string
	Pictures   [][]byte // of a user's message, as JPEG; only a model that sees gets them
}

// ToolSpec describes a tool to the model. Schema is a JSON schema of an object.
type ToolSpec struct {
	Name        string
	Description string
	Schema      json.RawMessage
}

// ToolCall is a call that the model asks for. Arguments are the raw text as
// the model wrote it: complete JSON of an object, otherwise unchecked. ID is
// unique within one answer and is not an idempotency key: the model chose it.
type ToolCall struct {
	Index     int
	ID        string
	Name      string
	Arguments string
}

// Delta is one piece of an answer.
type Delta struct {
	Text      string
	ToolCalls []ToolCall  // only on the last delta
	Usage     *desk.Usage // only on the last delta; Estimated when the provider did not say
	Finish    string      // only on the last delta: one of the Finish constants
	Model     string      // the model that speaks
	Offline   bool        // the built-in model speaks
	Restart   bool        // a new attempt or another model begins: drop the text so far
}

// How an answer finished.
const (
	FinishStop      = "stop"
	FinishLength    = "length" // cut at the token limit
	FinishToolCalls = "tool_calls"
)
