package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// CallPerson asks for a person to take over a conversation, inside the
// caller's transaction, and returns the number of the ticket that the viewer
// may see for it; 0 is none.
type CallPerson func(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID, reason string) (number int64, err error)

type personArgs struct {
	Reason *string `json:"reason" max:"500"`
}

// TalkToAPerson hands the conversation to a person. No policy can refuse it:
// the way to a person is always open.
func TalkToAPerson(call CallPerson) Tool {
	return changing(prompts.ToolPerson, "", func(ctx context.Context, tx *store.Tx, c Call, a personArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		reason := ""
		if a.Reason != nil {
			reason = *a.Reason
		}
		number, err := call(ctx, tx, v, c.Conversation, reason)
		if err != nil {
			return Result{}, err
		}
		res := done(prompts.ToolPerson, prompts.Done{Number: number})
		res.Handoff = true
		return res, nil
	})
}
