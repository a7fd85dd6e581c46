package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

type createArgs struct {
	Subject     string `json:"subject" max:"200"`
	Description string `json:"description" max:"8000"`
}

// CreateTicket opens a ticket from the conversation. A conversation that
// opened its own ticket by itself (R10) gives it away first: that ticket gets
// the subject and the description, and no second one appears in the queue.
func CreateTicket() Tool {
	return changing(prompts.ToolCreate, policy.RuleTicketing, func(ctx context.Context, tx *store.Tx, c Call, a createArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		t, existing, err := tickets.DescribeSessionTx(ctx, tx, v, c.Conversation, a.Subject, a.Description)
		if err == nil && !existing {
			t, err = tickets.FromConversationTx(ctx, tx, v, c.Conversation, a.Subject, a.Description)
		}
		if err != nil {
			return Result{}, err
		}
		return done(prompts.ToolCreate, prompts.Done{Number: t.Number, Subject: t.Subject, Status: string(t.Kind), Existing: existing}), nil
	})
}
