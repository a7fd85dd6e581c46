package tickets

import (
	"context"
	"encoding/json"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// PresenceState is what a technician does with a ticket. The zero value is
// invalid.
type PresenceState string

// The states of presence.
const (
	PresenceLooking PresenceState = "looking"
	PresenceReply   PresenceState = "reply" // writes a reply
	PresenceNote    PresenceState = "note"  // writes an internal note
	PresenceLeft    PresenceState = "left"
)

// presenceLasts is how long one word of a client counts; it repeats it before.
const presenceLasts = 15 * time.Second

// Present is a colleague who has the ticket in front of them.
type Present struct {
	ID    desk.ID       `json:"id"`
	Name  string        `json:"name"`
	State PresenceState `json:"state" enum:"looking,reply,note"`
}

// Presence is who else is at a ticket, and what saying where one is has done.
type Presence struct {
	Others  []Present `json:"others"`
	Claimed bool      `json:"claimed" doc:"The ticket was nobody's and is now yours."`
	Version int       `json:"version"`
}

// Attend says what a technician does with a ticket, and who else is there. With
// claim, the first letter of a reply takes a ticket that is nobody's: two people
// who answer at once see it, and the queue does.
func (s *Service) Attend(ctx context.Context, id desk.ID, state PresenceState, claim bool) (p Presence, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err := GetTx(ctx, tx, v, id)
		if err != nil {
			return err
		}
		p = Presence{Others: []Present{}}
		if claim && state == PresenceReply && t.Assignee == nil && !t.Kind.Done() {
			after, err := ChangeTx(ctx, tx, v, id, Change{Assignee: &v.User, Version: t.Version})
			switch desk.CodeOf(err) {
			case "":
				t, p.Claimed = after, true
			case desk.CodeConflict: // somebody was faster; their change is on its way to the screen
			default:
				return err
			}
		}
		p.Version = t.Version
		news, err := attend(ctx, tx, v, id, state)
		if err != nil {
			return err
		}
		if (news || p.Claimed) && t.Conversation != "" {
			announce(tx, v, t.Conversation, id, state)
		}
		rows, err := tx.PresentAt(ctx, db.PresentAtParams{TicketID: id, But: v.User, Seconds: presenceLasts.Seconds()})
		for _, r := range rows {
			p.Others = append(p.Others, Present{ID: r.UserID, Name: r.Name, State: PresenceState(r.State)})
		}
		return err
	})
	return p, err
}

// attend stores the state and reports whether it is another one than before.
func attend(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, state PresenceState) (news bool, err error) {
	switch state {
	case PresenceLeft:
		n, err := tx.LeaveTicket(ctx, db.LeaveTicketParams{TicketID: id, UserID: v.User})
		return n > 0, err
	case PresenceLooking, PresenceReply, PresenceNote:
		return tx.BePresent(ctx, db.BePresentParams{
			TenantID: tx.Tenant, TicketID: id, UserID: v.User, State: string(state), Seconds: presenceLasts.Seconds(),
		})
	}
	return false, desk.Errorf(desk.CodeInvalid, "there is no such state").On("state")
}

// announce tells colleagues who have the ticket's conversation open, at once.
// Losing it costs them the seconds until they ask again.
func announce(tx *store.Tx, v desk.Viewer, conversation, ticket desk.ID, state PresenceState) {
	raw, err := json.Marshal(map[string]any{"presence": map[string]any{
		"user": v.User, "name": v.Name, "staff": true, "state": state, "ticket": ticket,
	}})
	if err == nil {
		tx.Publish(store.ConversationSubject(tx.Tenant, conversation), raw)
	}
}
