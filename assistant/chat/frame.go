package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

// clientFrame is any frame that a client may send. Which fields belong to
// which type stands in frameFields; a frame with another one is refused.
type clientFrame struct {
	Type         string    `json:"type"`
	Conversation desk.ID   `json:"conversation"`
	After        int64     `json:"after"`
	ID           string    `json:"id"`
	Text         string    `json:"text"`
	Attachments  []desk.ID `json:"attachments"`
	Turn         desk.ID   `json:"turn"`
	Action       desk.ID   `json:"action"`
	Seq          int64     `json:"seq"`
	Rating       string    `json:"rating"`
	Reason       string    `json:"reason"`
}

// maxMessageID is the length of a client's own id of a message.
const maxMessageID = 64

var (
	errBadFrame     = desk.Errorf(desk.CodeBadFrame, "the frame is not the JSON object that it should be")
	errUnknownFrame = desk.Errorf(desk.CodeUnknownFrame, "a client does not send frames of this type")
)

// frameFields lists what each type of frame may carry. A type that is not
// here, such as those of the server, is unknown (SECURITY C10).
var frameFields = map[string][]string{
	"open":    {"conversation", "after"},
	"say":     {"id", "text", "attachments"},
	"stop":    {"turn"},
	"confirm": {"action"},
	"decline": {"action"},
	"rate":    {"seq", "rating", "reason"},
	"typing":  {},
	"ping":    {},
}

// parseFrame reads one frame strictly: one object, no key twice, no key that
// its type does not have, names in their exact case (encoding/json alone
// would take any case, and the last of two).
func parseFrame(data []byte) (clientFrame, error) {
	var f clientFrame
	keys, err := topLevelKeys(data)
	if err != nil {
		return f, err
	}
	if json.Unmarshal(data, &f) != nil || f.Type == "" {
		return f, errBadFrame
	}
	allowed, known := frameFields[f.Type]
	if !known {
		return f, errUnknownFrame
	}
	for key := range keys {
		if key != "type" && !contains(allowed, key) {
			return f, errBadFrame
		}
	}
	return f, f.check()
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

// topLevelKeys walks the object once, without building anything, and refuses
// a repeated key.
func topLevelKeys(data []byte) (map[string]struct{}, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errBadFrame
	}
	keys := map[string]struct{}{}
	var skip json.RawMessage
	for dec.More() {
		t, err := dec.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, errBadFrame
		}
		if _, twice := keys[key]; twice {
			return nil, errBadFrame
		}
		keys[key] = struct{}{}
		if dec.Decode(&skip) != nil {
			return nil, errBadFrame
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errBadFrame
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errBadFrame
	}
	return keys, nil
}

func (f *clientFrame) check() error {
	switch f.Type {
	case "open":
		if f.After < 0 {
			return desk.Errorf(desk.CodeInvalid, "a sequence number is not negative").On("after")
		}
		return optionalID(&f.Conversation, "conversation")
	case "say":
		if f.ID == "" || len(f.ID) > maxMessageID || !printable(f.ID) {
			return desk.Errorf(desk.CodeInvalid, "a message has an id of 1 to %d characters", maxMessageID).On("id")
		}
	case "stop":
		return requiredID(&f.Turn, "turn")
	case "confirm", "decline":
		return requiredID(&f.Action, "action")
	case "rate":
		if f.Seq < 1 {
			return desk.Errorf(desk.CodeInvalid, "which message?").On("seq")
		}
	}
	return nil
}

// printable keeps control characters out of an id that is echoed and logged.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return false
		}
	}
	return true
}

func optionalID(id *desk.ID, field string) error {
	if *id == "" {
		return nil
	}
	return requiredID(id, field)
}

func requiredID(id *desk.ID, field string) (err error) {
	if *id, err = desk.ParseID(string(*id)); err != nil {
		return desk.Errorf(desk.CodeInvalid, "not an id").On(field)
	}
	return nil
}

// The server's frames. They are written by hand where they are hot, by
// encoding/json where they are not.

func frame(typ string, fields any) []byte {
	body, err := json.Marshal(fields)
	if err != nil {
		return []byte(`{"type":"error","code":"internal","message":"a frame could not be written"}`)
	}
	return tagged(typ, body)
}

// tagged puts the type in front of the fields of a JSON object.
func tagged(typ string, object []byte) []byte {
	out := make([]byte, 0, len(object)+len(typ)+12)
	out = append(out, `{"type":"`...)
	out = append(out, typ...)
	out = append(out, '"')
	if len(object) > 2 {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}

func errorFrame(err error, id string) []byte {
	var coded *desk.Error
	if !errors.As(err, &coded) {
		coded = desk.Errorf(desk.CodeInternal, "something went wrong on our side; try again")
	}
	return frame("error", struct {
		Code    desk.Code      `json:"code"`
		Message string         `json:"message"`
		ID      string         `json:"id,omitempty"`
		Field   string         `json:"field,omitempty"`
		Params  map[string]any `json:"params,omitempty"`
	}{coded.Code, coded.Message, id, coded.Field, coded.Params})
}

func openedFrame(conversation desk.ID, last int64) []byte {
	return frame("opened", struct {
		Conversation desk.ID `json:"conversation"`
		Last         int64   `json:"last"`
	}{conversation, last})
}

func ackFrame(id string, seq int64) []byte {
	return frame("ack", struct {
		ID  string `json:"id"`
		Seq int64  `json:"seq"`
	}{id, seq})
}

func numberFrame(typ, name string, n int64) []byte {
	return []byte(`{"type":"` + typ + `","` + name + `":` + strconv.FormatInt(n, 10) + `}`)
}

func eventFrame(e desk.Event) []byte { return frame("event", e) }

var pongFrame = []byte(`{"type":"pong"}`)

// delta is a stretch of the answer in flight. Offset counts UTF-8 bytes.
type delta struct {
	Turn    desk.ID `json:"turn"`
	Attempt int     `json:"attempt"`
	Offset  int     `json:"offset"`
	Text    string  `json:"text"`
}

func deltaFrame(d delta) []byte { return frame("delta", d) }

// step is what the assistant is doing while no text comes.
type step struct {
	Turn    desk.ID `json:"turn"`
	Attempt int     `json:"attempt"`
	conversations.Step
}

func stepOf(s conversations.Snapshot) step {
	return step{Turn: s.Turn, Attempt: s.Attempt, Step: *s.Step}
}

// wake is a message on a conversation's subject: exactly one of its keys.
// exactly one of its keys is set.
type wake struct {
	Seq      int64           `json:"seq,omitempty"`
	Delta    *delta          `json:"delta,omitempty"`
	Step     json.RawMessage `json:"step,omitempty"`
	Presence *presence       `json:"presence,omitempty"`
}

// presence tells the other participants that somebody writes. With a ticket it
// tells colleagues, and nobody else, what somebody does with the ticket.
type presence struct {
	User   desk.ID `json:"user"`
	Name   string  `json:"name"`
	Staff  bool    `json:"staff,omitempty"`
	State  string  `json:"state"` // typing; of a ticket: looking, reply, note, left
	Ticket desk.ID `json:"ticket,omitempty"`
}

// tells reports whether a viewer is told.
func (p *presence) tells(v desk.Viewer) bool {
	return v.User != p.User && (p.Ticket == "" || v.Role.Staff())
}
