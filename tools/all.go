package tools

import (
	"context"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

// All are the assistant's tools, in the order in which a model sees them.
func All(st *store.Store, base Knowledge, service *tickets.Service, l Ledger) []Tool {
	return append([]Tool{
		SearchKnowledge(base), ListMyTickets(service), GetTicket(service),
		CreateTicket(), AddToTicket(), AskIfFixed(), TalkToAPerson(callPerson),
	}, Devices(st, l)...)
}

// Devices are the tools for devices and software. What looks stands before
// what proposes: the latter come and go with what a person asks, and a
// provider's cache holds up to there.
func Devices(st *store.Store, l Ledger) []Tool {
	return []Tool{
		ListMyDevices(st, l), ListSoftware(st, l), ActionStatus(st, l),
		ProposeDeviceAction(l), ProposeInstall(l), RequestSoftware(l),
	}
}

func callPerson(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID, reason string) (int64, error) {
	if err := conversations.HandoffTx(ctx, tx, v, conversation, reason); err != nil {
		return 0, err
	}
	list, err := tickets.OfConversationTx(ctx, tx, conversation)
	if err != nil {
		return 0, err
	}
	for _, t := range list {
		t, err := tickets.FollowTx(ctx, tx, t)
		if err != nil {
			return 0, err
		}
		if t.Kind.Done() {
			continue
		}
		seen, err := tickets.GetTx(ctx, tx, v, t.ID)
		if Refusal(err) {
			return 0, nil // it is there for staff; this person sees no tickets
		}
		return seen.Number, err
	}
	return 0, nil
}
