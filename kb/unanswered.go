package kb

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// UnansweredQuestion is a question that the knowledge base had no answer to,
// however often it was asked in the same words. Question is as it was asked
// last, and empty when that was erased.
type UnansweredQuestion struct {
	Key          string        `json:"key" doc:"Names the question."`
	Question     string        `json:"question"`
	Lang         desk.Language `json:"lang"`
	Times        int64         `json:"times"`
	People       int64         `json:"people"`
	LastAt       time.Time     `json:"last_at"`
	Conversation desk.ID       `json:"conversation_id" doc:"Where it was asked last."`
	Ticket       *ReviewTicket `json:"ticket,omitempty"`
	State        string        `json:"state" enum:"open,done"`
	Note         string        `json:"note"`
	DoneBy       string        `json:"done_by,omitempty"`
}

// Unanswered pages through the questions, the most frequent first.
func (k *KB) Unanswered(ctx context.Context, viewer desk.Viewer, state, cursor string, limit int) (items []UnansweredQuestion, next string, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, "", err
	}
	from := 0
	if cursor != "" {
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 || from > 1_000_000 {
			return nil, "", desk.Errorf(desk.CodeInvalid, "not a cursor of this list").On("cursor")
		}
	}
	limit = max(1, min(limit, 100))
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		p := db.UnansweredQuestionsParams{State: state}
		p.AtMost, p.FromRow = int32(limit+1), int32(from) //nolint:gosec // both bounded
		items, err = unansweredIn(ctx, tx, p)
		return err
	})
	if len(items) > limit {
		items, next = items[:limit], strconv.Itoa(from+limit)
	}
	return items, next, err
}

func unansweredIn(ctx context.Context, tx *store.Tx, p db.UnansweredQuestionsParams) ([]UnansweredQuestion, error) {
	rows, err := tx.UnansweredQuestions(ctx, p)
	if err != nil {
		return nil, err
	}
	items := make([]UnansweredQuestion, len(rows))
	conversations := make([]desk.ID, len(rows))
	for i, r := range rows {
		conversations[i] = r.ConversationID
		items[i] = UnansweredQuestion{
			Key: hex.EncodeToString(r.Key), Lang: desk.Language(r.Lang), Times: r.Times, People: r.People, LastAt: r.LastAt.UTC(),
			Conversation: r.ConversationID, State: p.State, Note: r.Note, DoneBy: r.DoneBy,
		}
		var asked desk.UserMessage
		if len(r.Question) > 0 && json.Unmarshal(r.Question, &asked) == nil {
			items[i].Question = asked.Text
		}
	}
	tickets, err := ticketsOf(ctx, tx, conversations)
	for i := range items {
		items[i].Ticket = tickets[items[i].Conversation]
	}
	return items, err
}

// SetUnanswered closes a question or opens it again. Asked once more after
// that, it is on the list again.
func (k *KB) SetUnanswered(ctx context.Context, viewer desk.Viewer, key string, v Verdict) (q UnansweredQuestion, err error) {
	if err := staffOnly(viewer); err != nil {
		return q, err
	}
	if err := v.check(); err != nil {
		return q, err
	}
	none := desk.Errorf(desk.CodeNotFound, "no such question")
	raw, err := hex.DecodeString(key)
	if err != nil {
		return q, none
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.SetUnanswered(ctx, db.SetUnansweredParams{Key: raw, State: v.State, Note: strings.TrimSpace(v.Note), ByUser: viewer.User})
		if err != nil {
			return err
		}
		if n == 0 {
			return none
		}
		err = tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "unanswered." + v.State, Object: "unanswered", Detail: map[string]string{"key": key}})
		if err != nil {
			return err
		}
		list, err := unansweredIn(ctx, tx, db.UnansweredQuestionsParams{State: v.State, One: raw, AtMost: 1})
		if err == nil && len(list) == 1 {
			q = list[0]
		}
		return err
	})
	return q, err
}
