package conversations

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Rate is the owner's judgement of an answer, up or down: one more event in the
// log, and what those who review see.
func (s *Service) Rate(ctx context.Context, id desk.ID, seq int64, rating, reason string) error {
	if rating != "up" && rating != "down" {
		return desk.Errorf(desk.CodeInvalid, "a rating is up or down").On("rating")
	}
	if reason != "" {
		if err := desk.CheckText(reason, maxReason); err != nil {
			return err
		}
	}
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		conv, err := holdFor(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if conv.UserID != v.User {
			return desk.Errorf(desk.CodeForbidden, "only who asked rates the answer")
		}
		rated, err := tx.EventAt(ctx, db.EventAtParams{ConversationID: conv.id, Seq: seq})
		if store.NoRows(err) || err == nil && rated.Kind != desk.KindAssistantMessage {
			return desk.Errorf(desk.CodeInvalid, "only answers of the assistant are rated").On("seq")
		}
		if err != nil {
			return err
		}
		if err := s.roomIn(conv); err != nil {
			return err
		}
		if err := s.limit(ctx, tx, v); err != nil {
			return err
		}
		if _, err := tx.MaskCodes(ctx, v.User, &reason); err != nil {
			return err
		}
		said, err := tx.Append(ctx, conv.id, desk.KindRating, desk.Rating{Seq: seq, Rating: rating, Reason: reason})
		if err != nil {
			return err
		}
		return tx.RateAnswer(ctx, db.RateAnswerParams{
			TenantID: tx.Tenant, ID: desk.NewID(), UserID: v.User, Rating: rating, ConversationID: conv.id, Seq: seq, RatingSeq: said.Seq,
		})
	})
}

// noteUnanswered puts the question of a turn on the list of those that the
// knowledge base had no answer to. seq is the answer's.
func noteUnanswered(ctx context.Context, tx *store.Tx, conversation, turn desk.ID, seq int64) error {
	t, err := tx.TurnByID(ctx, turn)
	if err != nil {
		return err
	}
	asked, err := tx.EventAt(ctx, db.EventAtParams{ConversationID: conversation, Seq: t.MessageSeq})
	if err != nil {
		return err
	}
	var m desk.UserMessage
	if len(asked.Body) == 0 || json.Unmarshal(asked.Body, &m) != nil {
		return nil //nolint:nilerr // erased meanwhile
	}
	c, err := tx.ConversationByID(ctx, conversation)
	if err != nil {
		return err
	}
	key := sha256.Sum256([]byte(plainWords(m.Text)))
	return tx.AddUnanswered(ctx, db.AddUnansweredParams{
		TenantID: tx.Tenant, ConversationID: conversation, Seq: seq, QuestionSeq: t.MessageSeq, Key: key[:], Lang: string(c.Language),
	})
}

// plainWords are the words of a text without case, accents and punctuation:
// the same question typed by two people is the same.
func plainWords(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // an accent, apart from its letter
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
