package tickets

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/prompts"
)

// DescribeSessionTx gives the ticket that a conversation opened by itself
// (R10) the subject and the description that its person settled on with the
// assistant. found is false when there is no such ticket of v's that is still
// worked on, or when it was described before: then the matter is another one
// and wants a ticket of its own.
func DescribeSessionTx(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID, subject, description string) (t Ticket, found bool, err error) {
	p, err := rules(ctx, tx, v)
	if err != nil {
		return Ticket{}, false, err
	}
	o := Opening{Origin: FromChat, Subject: subject, Description: description}
	if err := checkOpening(&o); err != nil {
		return Ticket{}, false, err
	}
	if _, err := tx.HoldConversation(ctx, conversation); err != nil {
		if store.NoRows(err) {
			err = desk.Errorf(desk.CodeNotFound, "no such conversation")
		}
		return Ticket{}, false, err
	}
	list, err := OfConversationTx(ctx, tx, conversation)
	if err != nil || len(list) == 0 {
		return Ticket{}, false, err
	}
	t = list[0]
	if !t.Session() || t.Requester.ID != v.User || t.Kind.Done() {
		return Ticket{}, false, nil
	}
	described, err := tx.ToolWasDone(ctx, db.ToolWasDoneParams{ConversationID: conversation, Name: prompts.ToolCreate})
	if err != nil || described {
		return Ticket{}, false, err
	}
	if err := tx.DescribeTicket(ctx, db.DescribeTicketParams{ID: t.ID, Subject: o.Subject, Description: o.Description}); err != nil {
		return Ticket{}, false, err
	}
	err = tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: "ticket.described", Object: "ticket", ObjectID: t.ID, Detail: map[string]any{"number": t.Number},
	})
	t.Subject, t.Description = o.Subject, o.Description
	return p.show(t), true, err
}
