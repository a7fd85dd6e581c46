package assistant

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/prompts"
)

// Bounds of what of a conversation's past is told.
const (
	maxOldText     = 4_000 // characters of one message
	maxOldResult   = 1_500
	maxSummary     = 2_000
	summaryTokens  = 400
	summaryTimeout = 12 * time.Second
)

// known reads the stored summary and picks what it does not cover.
func (j *job) known(ctx context.Context, tx *store.Tx) (string, []utterance, error) {
	recent := slices.DeleteFunc(slices.Clone(j.past.earlier), func(u utterance) bool {
		// A search of an earlier turn is made again when it matters.
		return u.kind == desk.KindToolCall && u.call.Name == prompts.ToolSearch
	})
	for i := range recent {
		recent[i].text = middle(recent[i].text, maxOldText)
		if label, text, ok := prompts.Unwrap(recent[i].outcome.Content); ok && len(text) > maxOldResult {
			recent[i].outcome.Content = prompts.Untrusted(label, firstRunes(text, maxOldResult))
		}
	}
	if tokens(recent) <= j.cfg.HistoryTokens/2 {
		return "", recent, nil // short: no summary was ever made
	}
	s, err := tx.SummaryOf(ctx, j.conversation)
	if store.NoRows(err) {
		return "", recent, nil
	}
	if err != nil {
		return "", nil, err
	}
	return s.Text, slices.DeleteFunc(recent, func(u utterance) bool { return u.seq <= s.UptoSeq }), nil
}

// remember keeps the past within its budget: when what is not summarised yet
// has outgrown it, the older part is, and only half the budget is told word by
// word, so that this happens once in many turns. Without a summary the older
// part is left out.
func (j *job) remember(ctx context.Context) error {
	if tokens(j.recent) <= j.cfg.HistoryTokens {
		return nil
	}
	cut := j.cut(j.cfg.HistoryTokens / 2)
	older, newer := j.recent[:cut], j.recent[cut:]
	text, err := j.summarise(ctx, older)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		j.cfg.Log.WarnContext(ctx, "older turns not summarised", "tenant", j.viewer.Tenant, "turn", j.id, "error", err)
		j.recent = j.recent[j.cut(j.cfg.HistoryTokens):]
		return nil
	}
	j.summary, j.recent = text, newer
	return j.cfg.Store.Tenant(j.viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.KeepSummary(ctx, db.KeepSummaryParams{
			TenantID: tx.Tenant, ConversationID: j.conversation, UptoSeq: older[len(older)-1].seq, Text: text,
		})
	})
}

// cut returns where the newest part begins that fits the tokens; it never
// divides a turn.
func (j *job) cut(budget int) int {
	cut, sum := len(j.recent), 0
	for i, u := range slices.Backward(j.recent) {
		sum += u.tokens()
		if sum > budget {
			break
		}
		if i == 0 || j.recent[i-1].seq != u.seq {
			cut = i
		}
	}
	return cut
}

// summarise asks the model what older turns came to.
func (j *job) summarise(ctx context.Context, older []utterance) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, summaryTimeout)
	defer cancel()
	req := model.Request{User: opaque(j.viewer), MaxTokens: summaryTokens, Messages: []model.Message{
		{Role: model.RoleSystem, Text: prompts.Summarise(string(j.viewer.Language))},
	}}
	if j.summary != "" {
		req.Messages = append(req.Messages, model.Message{Role: model.RoleUser, Text: prompts.Untrusted(prompts.SummaryLabel, j.summary)})
	}
	sum := 0
	for _, u := range slices.Backward(older) { // the newest of it, should it be more than a model reads
		if u.kind == desk.KindToolCall {
			continue
		}
		if sum += u.tokens(); sum > 4*j.cfg.HistoryTokens {
			break
		}
		at := min(len(req.Messages), 1)
		if j.summary != "" {
			at = 2
		}
		req.Messages = slices.Insert(req.Messages, at, u.messages(identities{})...)
	}
	need := size(req)
	if ok, err := j.afford(ctx, need+summaryTokens); err != nil || !ok {
		return "", errDaySpent
	}
	start := time.Now()
	defer func() { j.spent.time += time.Since(start) }()
	j.spent.pending = need
	var text strings.Builder
	for d, err := range j.model.Stream(ctx, req) {
		if err != nil {
			return "", err
		}
		if d.Restart {
			text.Reset()
		}
		text.WriteString(d.Text)
		if d.Usage != nil {
			j.spent.add(*d.Usage)
		}
	}
	return firstRunes(strings.TrimSpace(text.String()), maxSummary), nil
}

func tokens(list []utterance) int {
	n := 0
	for _, u := range list {
		n += u.tokens()
	}
	return n
}

func (u utterance) tokens() int {
	n := 6 + model.CountTokens(u.text)
	if u.kind == desk.KindToolCall {
		n += 8 + model.CountTokens(string(u.call.Arguments)) + model.CountTokens(u.outcome.Content)
	}
	return n
}

// middle shortens a long text by its middle: problems are told at the start,
// error messages are pasted at the end.
func middle(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	return string(r[:n*3/4]) + " […] " + string(r[len(r)-n/4:])
}

func firstRunes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	r := []rune(text)
	return string(r[:min(len(r), n)])
}
