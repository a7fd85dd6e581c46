package tools

import (
	"context"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

// All are the assistant's tools, in the order in which a model sees them.
func All(find Find, service *tickets.Service) []Tool {
	return []Tool{
		SearchKnowledge(find), ListMyTickets(service), GetTicket(service),
		CreateTicket(), AddToTicket(), TalkToAPerson(callPerson),
	}
}

func callPerson(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID, reason string) (int64, error) {
	if err := conversations.HandoffTx(ctx, tx, v, conversation, reason); err != nil {
		return 0, err
	}
	return 0, nil
}
