package kb

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// ArticleRating is what a reader thinks of a published text.
type ArticleRating struct {
	Rating string `json:"rating" enum:"up,down" doc:"Whether it helped."`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"What was wrong or missing, in the reader's words."`
}

const (
	maxReason      = 500
	maxNote        = 2_000
	ratingsAMinute = 30
)

func ownRating(ctx context.Context, tx *store.Tx, viewer desk.Viewer, a Article) (*ArticleRating, error) {
	row, err := tx.OwnArticleRating(ctx, db.OwnArticleRatingParams{ArticleID: a.ID, Lang: string(a.Lang), Change: a.Change, UserID: viewer.User})
	if store.NoRows(err) {
		return nil, nil //nolint:nilnil // not rated is no error
	}
	return &ArticleRating{row.Rating, row.Reason}, err
}

// Rate is a reader's judgement of the text that was published as change: one
// of each person and text, and the last counts.
func (k *KB) Rate(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, change int64, r ArticleRating) error {
	staff, company, err := reader(viewer)
	if err != nil {
		return err
	}
	if r.Rating != "up" && r.Rating != "down" {
		return desk.Errorf(desk.CodeInvalid, "a rating is up or down").On("rating")
	}
	if r.Reason = strings.TrimSpace(r.Reason); r.Reason != "" {
		if err := desk.CheckText(r.Reason, maxReason); err != nil {
			return err
		}
	}
	return k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		there, err := tx.LiveArticle(ctx, db.LiveArticleParams{ID: id, Lang: string(lang), Change: change, Staff: staff, Company: company})
		if err != nil {
			return err
		}
		if !there {
			return noArticle()
		}
		err = tx.Hit(ctx, "rate:"+string(viewer.User), time.Minute, ratingsAMinute, desk.Errorf(desk.CodeRateLimited, "too many ratings; wait a moment"))
		if err != nil {
			return err
		}
		if _, err := tx.MaskCodes(ctx, viewer.User, &r.Reason); err != nil {
			return err
		}
		return tx.RateArticle(ctx, db.RateArticleParams{
			TenantID: tx.Tenant, ID: desk.NewID(), UserID: viewer.User, Rating: r.Rating,
			ArticleID: id, Lang: string(lang), Change: change, Reason: r.Reason,
		})
	})
}

// Review is a bad judgement as those who review see it. Of an answer it has
// what was asked, what was answered and what that rested on; of an article, its
// text's title. What was erased is empty.
type Review struct {
	ID       desk.ID   `json:"id"`
	Kind     string    `json:"kind" enum:"answer,article"`
	Person   PersonRef `json:"person"`
	Reason   string    `json:"reason"`
	RatedAt  time.Time `json:"rated_at"`
	State    string    `json:"state" enum:"open,done"`
	Note     string    `json:"note"`
	DoneBy   string    `json:"done_by,omitempty"`
	Question string    `json:"question,omitempty"`
	Answer   string    `json:"answer,omitempty"`

	Citations    []desk.Citation `json:"citations"`
	Conversation desk.ID         `json:"conversation_id,omitempty"`
	Ticket       *ReviewTicket   `json:"ticket,omitempty"`
	Article      *RatedArticle   `json:"article,omitempty"`
}

// PersonRef is who judged.
type PersonRef struct {
	ID      desk.ID `json:"id"`
	Name    string  `json:"name"`
	Company string  `json:"company,omitempty"`
}

// ReviewTicket is the ticket of a conversation.
type ReviewTicket struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// RatedArticle is the text that was judged. Changed says that readers see
// another one by now.
type RatedArticle struct {
	ID      desk.ID       `json:"id"`
	Lang    desk.Language `json:"lang"`
	Title   string        `json:"title"`
	Changed bool          `json:"changed"`
}

// ReviewFilter chooses among the reviews; the empty fields choose nothing.
type ReviewFilter struct {
	State   string // open or done
	Kind    string // answer or article
	Person  desk.ID
	Company desk.ID
	Closed  desk.ID // by whom
	Cursor  string
	Limit   int
}

// Reviews pages through the bad judgements, the newest first.
func (k *KB) Reviews(ctx context.Context, viewer desk.Viewer, f ReviewFilter) (items []Review, next string, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, "", err
	}
	limit := max(1, min(f.Limit, 100))
	p := db.ReviewsParams{State: f.State, Kind: f.Kind, Person: store.Optional(f.Person), Company: store.Optional(f.Company), ClosedBy: store.Optional(f.Closed), AtMost: int32(limit + 1)}
	if f.Cursor != "" {
		if p.Before, p.BeforeID, err = desk.ReadCursor(f.Cursor); err != nil {
			return nil, "", err
		}
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		items, err = reviews(ctx, tx, p)
		return err
	})
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = desk.Cursor(last.RatedAt, last.ID)
	}
	return items, next, err
}

func reviews(ctx context.Context, tx *store.Tx, p db.ReviewsParams) ([]Review, error) {
	rows, err := tx.Reviews(ctx, p)
	if err != nil {
		return nil, err
	}
	items := make([]Review, len(rows))
	var answers, conversations []desk.ID
	for i, r := range rows {
		items[i] = Review{
			ID: r.ID, Kind: "answer", Person: PersonRef{r.UserID, r.UserName, r.Company}, Reason: r.Reason, RatedAt: r.RatedAt.UTC(),
			State: r.State, Note: r.Note, DoneBy: r.DoneBy, Citations: []desk.Citation{}, Conversation: store.OrZero(r.ConversationID),
		}
		if r.ArticleID != nil {
			items[i].Kind = "article"
			items[i].Article = &RatedArticle{*r.ArticleID, desk.Language(store.OrZero(r.Lang)), r.Title, !r.Current}
			continue
		}
		answers, conversations = append(answers, r.ID), append(conversations, items[i].Conversation)
	}
	if len(answers) == 0 {
		return items, nil
	}
	said, err := tx.RatedEvents(ctx, answers)
	if err != nil {
		return nil, err
	}
	tickets, err := ticketsOf(ctx, tx, conversations)
	if err != nil {
		return nil, err
	}
	for i := range items {
		for _, s := range said {
			if s.ID == items[i].ID {
				items[i].tell(s)
			}
		}
		items[i].Ticket = tickets[items[i].Conversation]
	}
	return items, nil
}

// tell fills in what the log says.
func (r *Review) tell(s db.RatedEventsRow) {
	var answer desk.AssistantMessage
	var question desk.UserMessage
	var rating desk.Rating
	for _, part := range []struct {
		body []byte
		into any
	}{{s.Answer, &answer}, {s.Question, &question}, {s.Rating, &rating}} {
		if len(part.body) > 0 {
			_ = json.Unmarshal(part.body, part.into) // a body that cannot be read shows as one that was erased
		}
	}
	r.Question, r.Answer, r.Reason = question.Text, answer.Text, rating.Reason
	if answer.Citations != nil {
		r.Citations = answer.Citations
	}
}

// ticketsOf finds the ticket of each conversation: its own, else the newest.
func ticketsOf(ctx context.Context, tx *store.Tx, conversations []desk.ID) (map[desk.ID]*ReviewTicket, error) {
	rows, err := tx.TicketsOfConversations(ctx, conversations)
	out := map[desk.ID]*ReviewTicket{}
	for _, r := range rows {
		if c := store.OrZero(r.ConversationID); out[c] == nil {
			out[c] = &ReviewTicket{r.ID, r.Number}
		}
	}
	return out, err
}

// Verdict is what whoever reviews makes of it.
type Verdict struct {
	State string `json:"state" enum:"open,done"`
	Note  string `json:"note" maxLength:"2000" doc:"For colleagues: what was done about it."`
}

func (v Verdict) check() error {
	if v.State != "open" && v.State != "done" {
		return desk.Errorf(desk.CodeInvalid, "a review is open or done").On("state")
	}
	if strings.TrimSpace(v.Note) == "" {
		return nil
	}
	return desk.CheckText(v.Note, maxNote)
}

// SetReview closes a review, or opens it again, with a note for colleagues.
func (k *KB) SetReview(ctx context.Context, viewer desk.Viewer, id desk.ID, v Verdict) (r Review, err error) {
	if err := staffOnly(viewer); err != nil {
		return r, err
	}
	if err := v.check(); err != nil {
		return r, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.SetReview(ctx, db.SetReviewParams{ID: id, State: v.State, Note: strings.TrimSpace(v.Note), ByUser: viewer.User})
		if err != nil {
			return err
		}
		if n == 0 {
			return desk.Errorf(desk.CodeNotFound, "no such review")
		}
		err = tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "review." + v.State, Object: "feedback", ObjectID: id})
		if err != nil {
			return err
		}
		list, err := reviews(ctx, tx, db.ReviewsParams{One: &id, AtMost: 1})
		if err == nil && len(list) == 1 {
			r = list[0]
		}
		return err
	})
	return r, err
}
