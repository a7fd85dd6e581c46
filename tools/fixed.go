package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// AskIfFixed puts the question whether it is fixed into the conversation (P5),
// as a card. It resolves nothing: only the user's own Yes on the card does.
func AskIfFixed() Tool {
	return changing(prompts.ToolFixed, policy.RuleTicketing, func(ctx context.Context, tx *store.Tx, c Call, _ struct{}) (Result, error) {
		t, err := tickets.AskInConversationTx(ctx, tx, c.Conversation)
		if err != nil && desk.CodeOf(err) != desk.CodeNotFound { // without a ticket there is no card, and no harm
			return Result{}, err
		}
		return done(prompts.ToolFixed, prompts.Done{Number: t.Number}), nil
	})
}
