package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

type addArgs struct {
	Number int64  `json:"number"`
	Text   string `json:"text" max:"8000"`
}

// AddToTicket writes a reply into one of the viewer's tickets: their own or,
// for staff, one that is assigned to them. That somebody may see a ticket is
// no reason to write into it on the word of a model.
func AddToTicket() Tool {
	return changing(prompts.ToolAdd, policy.RuleTicketing, func(ctx context.Context, tx *store.Tx, _ Call, a addArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		t, err := tickets.ByNumberTx(ctx, tx, v, a.Number)
		if err != nil {
			return Result{}, err
		}
		if t.Requester.ID != v.User && (t.Assignee == nil || t.Assignee.ID != v.User) {
			return Result{}, desk.Errorf(desk.CodeNotFound, "no such ticket")
		}
		if _, err := tickets.ReplyTx(ctx, tx, v, t.ID, a.Text, false); err != nil {
			return Result{}, err
		}
		return done(prompts.ToolAdd, prompts.Done{Number: t.Number}), nil
	})
}

func done(tool string, d prompts.Done) Result {
	d.OK = true
	return Result{OK: true, Content: prompts.Data(tool, d)}
}
