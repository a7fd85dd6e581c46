package conversations

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
)

// Turn is one turn in the hands of its owner: all that an Engine may do to the
// outside. Delta, Restart and Step are for one goroutine at a time. Every write
// proves that the turn is still this owner's and was not stopped; one that
// comes too late returns ErrLeaseLost, ErrStopped or ErrHandoff, and the engine
// returns that error.
type Turn struct {
	ID           desk.ID
	Conversation desk.ID
	Viewer       desk.Viewer // the person whose conversation it is, as they are now
	MessageSeq   int64       // the user_message to answer
	Attempt      int         // which owner this is: 1, or more after a crash

	service *Service
	fence   int64
	cancel  context.CancelCauseFunc
	nudge   chan struct{}

	mu       sync.Mutex
	restarts int
	text     strings.Builder
	step     *Step
	ended    bool
}

// Step is what the assistant is doing while no text comes, for the client to
// put into words. It is shown and not stored.
type Step struct {
	Code   string         `json:"code"`
	Params map[string]any `json:"params,omitempty"`
}

type turnKey struct{}

// turnFrom returns the turn in whose name ctx acts, or "".
func turnFrom(ctx context.Context) desk.ID {
	id, _ := ctx.Value(turnKey{}).(desk.ID)
	return id
}

// attemptsPerOwner keeps the attempt numbers of owners apart: a client never
// mixes the text of two attempts, and takes the higher number for the newer.
const attemptsPerOwner = 1000

func (t *Turn) attempt() int { return int(t.fence-1)*attemptsPerOwner + 1 + t.restarts }

// hold proves that this owner still has the turn and may go on, prolongs the
// lease and keeps the turn's row locked.
func (t *Turn) hold(ctx context.Context, tx *store.Tx) error {
	row, err := tx.HoldTurn(ctx, db.HoldTurnParams{ID: t.ID, Fence: t.fence, LeaseSeconds: t.service.cfg.Lease.Seconds()})
	switch {
	case store.NoRows(err):
		return ErrLeaseLost
	case err != nil:
		return err
	case row.Stopping && reasonOf(row.Reason) == desk.TurnHandoff:
		return ErrHandoff
	case row.Stopping:
		return ErrStopped
	case row.Disabled:
		return errDisabled
	}
	return nil
}

// inTx runs fn with the conversation and the turn held.
func (t *Turn) inTx(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, conv conversation) error) error {
	return t.service.store.Tenant(t.Viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		conv, err := hold(ctx, tx, t.Conversation)
		if err != nil {
			return err
		}
		if err := t.hold(ctx, tx); err != nil {
			return err
		}
		return fn(ctx, tx, conv)
	})
}

// History reads the whole log up to now, with what this turn appended before a
// crash.
func (t *Turn) History(ctx context.Context) (events []desk.Event, err error) {
	const page = 1000
	err = t.service.store.Tenant(t.Viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		events = nil
		for {
			more, err := tx.Events(ctx, t.Conversation, int64(len(events)), page)
			if err != nil {
				return err
			}
			events = append(events, more...)
			if len(more) < page {
				return nil
			}
		}
	})
	return events, err
}

// wireDelta is a piece of the answer in flight. Offset counts bytes of UTF-8
// from the start of the attempt.
type wireDelta struct {
	Turn    desk.ID `json:"turn"`
	Attempt int     `json:"attempt"`
	Offset  int     `json:"offset"`
	Text    string  `json:"text"`
}

type wireStep struct {
	Turn    desk.ID `json:"turn"`
	Attempt int     `json:"attempt"`
	Step
}

// Delta streams a piece of the answer to every open client. It never blocks:
// a client that missed it gets the whole text from the snapshot or the log.
func (t *Turn) Delta(text string) {
	if text == "" {
		return
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d := wireDelta{Turn: t.ID, Attempt: t.attempt(), Offset: t.text.Len(), Text: text}
	t.text.WriteString(text)
	t.step = nil
	t.publish("delta", d)
	failpoint.Hit("turn.delta")
}

// Restart begins the answer anew: clients drop what they have of it.
func (t *Turn) Restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restarts++
	t.text.Reset()
	t.step = nil
	t.publish("delta", wireDelta{Turn: t.ID, Attempt: t.attempt()})
}

// Step shows what the assistant is doing now.
func (t *Turn) Step(code string, params map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.step = &Step{Code: code, Params: params}
	t.publish("step", wireStep{Turn: t.ID, Attempt: t.attempt(), Step: *t.step})
}

// publish keeps the order of what it sends: it is called under the lock.
func (t *Turn) publish(key string, value any) {
	raw, err := json.Marshal(map[string]any{key: value})
	if err == nil {
		err = t.service.store.Bus().Publish(store.ConversationSubject(t.Viewer.Tenant, t.Conversation), raw)
	}
	if err != nil {
		t.service.log.Debug("delta not sent", "turn", t.ID, "error", err)
	}
}

// Append adds an event to the log.
func (t *Turn) Append(ctx context.Context, kind desk.Kind, body any) (e desk.Event, err error) {
	err = t.inTx(ctx, func(ctx context.Context, tx *store.Tx, _ conversation) error {
		e, err = tx.Append(ctx, t.Conversation, kind, body)
		return err
	})
	return e, err
}

// Effect makes the effect of a tool call once, whatever crashes: fn's writes,
// the proof of the lease and the tool_result commit together, and a result that
// is in the log already is returned without running fn. The key is the call's
// own id, never the model's. fn fills OK, Code, Content and Citations. An error
// of fn rolls everything back and is returned as it is.
func (t *Turn) Effect(ctx context.Context, call desk.ToolCall, fn func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error)) (result desk.ToolResult, err error) {
	if call.Call == "" {
		return result, fmt.Errorf("effect of %s without an id", call.Name)
	}
	failpoint.Hit("turn.before_effect")
	err = t.inTx(ctx, func(ctx context.Context, tx *store.Tx, _ conversation) error {
		before, err := tx.ResultOfCall(ctx, db.ResultOfCallParams{ConversationID: t.Conversation, After: t.MessageSeq, Call: string(call.Call)})
		if err == nil {
			return json.Unmarshal(before, &result)
		}
		if !store.NoRows(err) {
			return err
		}
		if result, err = fn(ctx, tx); err != nil {
			return err
		}
		result.Turn, result.Call, result.ModelID, result.Name = t.ID, call.Call, call.ModelID, call.Name
		_, err = tx.Append(ctx, t.Conversation, desk.KindToolResult, result)
		failpoint.Hit("turn.effect_in_tx")
		return err
	})
	if err == nil {
		failpoint.Hit("turn.after_effect")
	}
	return result, err
}

// Finish ends the turn with its answer: assistant_message, turn_ended and the
// usage, together. In a conversation that was handed to a person during this
// turn the reason says so.
func (t *Turn) Finish(ctx context.Context, msg desk.AssistantMessage) error {
	if msg.Citations == nil {
		msg.Citations = []desk.Citation{}
	}
	err := t.inTx(ctx, func(ctx context.Context, tx *store.Tx, conv conversation) error {
		e := ending{turn: t.ID, reason: desk.TurnAnswered, message: &msg}
		if conv.Handoff != handoffNone {
			e.reason = desk.TurnHandoff
		}
		return t.service.end(ctx, tx, t.Conversation, e)
	})
	if err != nil {
		return err
	}
	failpoint.Hit("turn.finished")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	return nil
}

func (t *Turn) finished() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// shown is what clients have seen of the answer.
func (t *Turn) shown() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// handOver gives the turn back before its lease runs out.
func (t *Turn) handOver(ctx context.Context, tx *store.Tx) error {
	n, err := tx.HandOverTurn(ctx, db.HandOverTurnParams{ID: t.ID, Fence: t.fence})
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLeaseLost
	}
	tx.Publish(dueSubject, []byte("{}"))
	return nil
}
