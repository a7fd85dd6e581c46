package desk

import (
	"encoding/json"
	"time"
)

// Kind is the kind of an event in a conversation's log.
type Kind string

// The kinds of events (DESIGN 7). A client may send none of them; it sends
// frames, and the server appends events.
const (
	KindUserMessage      Kind = "user_message"
	KindAssistantMessage Kind = "assistant_message"
	KindStaffMessage     Kind = "staff_message"
	KindToolCall         Kind = "tool_call"
	KindToolResult       Kind = "tool_result"
	KindAction           Kind = "action"
	KindTicket           Kind = "ticket"
	KindHandoff          Kind = "handoff"
	KindRating           Kind = "rating"
	KindNote             Kind = "note"
	KindTurnEnded        Kind = "turn_ended"
)

// Event is one entry of a conversation's append-only log. Seq starts at 1 and
// has no gaps. Body is the canonical JSON that was hashed; it is null after
// the person was erased.
type Event struct {
	Conversation ID              `json:"-"`
	Seq          int64           `json:"seq"`
	At           time.Time       `json:"at"`
	Kind         Kind            `json:"kind"`
	Body         json.RawMessage `json:"body"`
}

// UserMessage is the body of KindUserMessage. ID is the client's message id.
type UserMessage struct {
	ID          string       `json:"id"`
	Text        string       `json:"text"`
	Author      ID           `json:"author"`
	Turn        ID           `json:"turn,omitempty"` // empty while a technician has the conversation
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Attachment is a file where it was sent: what people are told of it. Its bytes
// are asked for by its id, and whoever asks has to see that place.
type Attachment struct {
	ID      ID     `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type" doc:"By content, and not by name."`
	Size    int64  `json:"size" doc:"In bytes."`
	Picture bool   `json:"picture" doc:"Whether it can be shown in a page."`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Deleted bool   `json:"deleted,omitempty" doc:"Whether it was deleted since."`
}

// Citation points at a passage that was retrieved in the same turn. N is the
// number in the text: [1].
type Citation struct {
	N       int      `json:"n"`
	Article ID       `json:"article"`
	Lang    Language `json:"lang"`
	Title   string   `json:"title"`
	Heading string   `json:"heading,omitempty"`
	Anchor  string   `json:"anchor"` // fragment of the passage in the reader
	Quote   string   `json:"quote"`
}

// AssistantMessage is the body of KindAssistantMessage: the final text that
// replaces every delta of its turn.
type AssistantMessage struct {
	Turn      ID         `json:"turn"`
	Text      string     `json:"text"`
	Citations []Citation `json:"citations"`
	Model     string     `json:"model"`
	Offline   bool       `json:"offline,omitempty"`
	// Unanswered says that a question for the knowledge base found no answer
	// there.
	Unanswered bool  `json:"unanswered,omitempty"`
	Usage      Usage `json:"usage"`
}

// Usage counts tokens as the provider billed them, or as we counted them
// ourselves when it did not say.
type Usage struct {
	Input     int  `json:"input"`
	Output    int  `json:"output"`
	Estimated bool `json:"estimated,omitempty"`
}

// StaffMessage is the body of KindStaffMessage.
type StaffMessage struct {
	Text        string       `json:"text"`
	Author      ID           `json:"author"`
	Name        string       `json:"name"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// ToolCall is the body of KindToolCall. Call is our own id of the step, never
// the model's: it is the idempotency key of an effect.
type ToolCall struct {
	Turn      ID              `json:"turn"`
	Call      ID              `json:"call"`
	Step      int             `json:"step"`
	ModelID   string          `json:"model_id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// ToolResult is the body of KindToolResult. Content is what the model reads.
type ToolResult struct {
	Turn      ID         `json:"turn"`
	Call      ID         `json:"call"`
	ModelID   string     `json:"model_id"`
	Name      string     `json:"name"`
	OK        bool       `json:"ok"`
	Code      Code       `json:"code,omitempty"`
	Content   string     `json:"content"`
	Citations []Citation `json:"citations,omitempty"` // passages found, numbered as the model may cite them
}

// TicketChange is the body of KindTicket.
type TicketChange struct {
	Ticket ID     `json:"ticket_id"`
	Number int64  `json:"number"`
	Change string `json:"change"` // opened, replied, status, merged, unmerged
	Status string `json:"status,omitempty"`
	Into   ID     `json:"into,omitempty"` // where it was merged into
	IntoNo int64  `json:"into_number,omitempty"`
}

// Handoff is the body of KindHandoff. State is requested, taken or released.
type Handoff struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	By     ID     `json:"by,omitempty"`
	Name   string `json:"name,omitempty"`
}

// Rating is the body of KindRating. Seq is the rated assistant_message.
type Rating struct {
	Seq    int64  `json:"rated"`
	Rating string `json:"rating"` // up or down
	Reason string `json:"reason,omitempty"`
}

// Note is the body of KindNote: a true statement of the system in the log,
// rendered by Code in the reader's language.
type Note struct {
	Code   string         `json:"code"`
	Params map[string]any `json:"params,omitempty"`
}

// TurnEnded is the body of KindTurnEnded: exactly one a turn, whatever
// happened.
type TurnEnded struct {
	Turn   ID         `json:"turn"`
	Reason TurnReason `json:"reason"`
	Code   Code       `json:"code,omitempty"` // why it failed
}

// TurnReason says how a turn ended.
type TurnReason string

// The reasons.
const (
	TurnAnswered TurnReason = "answered"
	TurnStopped  TurnReason = "stopped" // the user pressed Stop
	TurnHandoff  TurnReason = "handoff" // a person was asked for, or a technician writes
	TurnFailed   TurnReason = "failed"  // Code says why
)
