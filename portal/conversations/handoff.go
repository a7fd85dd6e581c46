package conversations

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
)

// Where a conversation stands between the assistant and a person. As long as
// it is not none, the assistant is silent.
const (
	handoffNone      = "none"
	handoffRequested = "requested"
	handoffTaken     = "taken"
	handoffReleased  = "released" // in the log only
)

// Notes that explain, by their code, why nobody answers at once.
const (
	noteAssistantOff = "assistant_off"     // R9: a person will
	noteWaiting      = "waits_for_person"  // handed off, nobody has taken it yet
	noteTaken        = "person_will_reply" // a technician has it
	noteCodeMasked   = "code_masked"       // a code was typed into the chat; it belongs on the card
)

const (
	reasonAssistantOff = "assistant_off"
	maxReason          = 1000
)

// conversation is a conversation whose row this transaction holds.
type conversation struct {
	id desk.ID
	db.HoldConversationRow
}

// hold locks a conversation's row. Without one it is CodeNotFound.
func hold(ctx context.Context, tx *store.Tx, id desk.ID) (conversation, error) {
	row, err := tx.HoldConversation(ctx, id)
	if store.NoRows(err) {
		return conversation{}, notFound()
	}
	return conversation{id: id, HoldConversationRow: row}, err
}

// holdFor locks a conversation that v may act in: the own one, any for staff.
func holdFor(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (conversation, error) {
	id, err := desk.ParseID(string(id))
	if err != nil {
		return conversation{}, notFound()
	}
	conv, err := hold(ctx, tx, id)
	if err == nil && conv.UserID != v.User && !v.Role.Staff() {
		return conversation{}, notFound()
	}
	return conv, err
}

// Handoff asks for a person. The assistant falls silent, its running turn ends,
// the ticket says so, and a conversation without a ticket gets one. Asking
// again changes nothing.
func (s *Service) Handoff(ctx context.Context, id desk.ID, reason string) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		return HandoffTx(ctx, tx, v, id, reason)
	})
}

// HandoffTx is Handoff inside the caller's transaction. In the name of a turn,
// as the assistant's own tool calls it, that turn may still say so and finish.
func HandoffTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, reason string) error {
	if reason != "" {
		if err := desk.CheckText(reason, maxReason); err != nil {
			return err
		}
	}
	if _, err := tx.MaskCodes(ctx, v.User, &reason); err != nil {
		return err
	}
	conv, err := holdFor(ctx, tx, v, id)
	if err != nil {
		return err
	}
	return requestHandoff(ctx, tx, v, conv, reason)
}

func requestHandoff(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation, reason string) error {
	if conv.Handoff != handoffNone {
		return nil
	}
	if err := silence(ctx, tx, conv.id); err != nil {
		return err
	}
	if err := tx.SetHandoff(ctx, db.SetHandoffParams{ID: conv.id, Handoff: handoffRequested}); err != nil {
		return err
	}
	if _, err := tx.Append(ctx, conv.id, desk.KindHandoff, desk.Handoff{State: handoffRequested, Reason: reason, By: v.User, Name: v.Name}); err != nil {
		return err
	}
	if reason == reasonAssistantOff {
		if _, err := tx.Append(ctx, conv.id, desk.KindNote, desk.Note{Code: noteAssistantOff}); err != nil {
			return err
		}
	}
	_, err := ticketOf(ctx, tx, v, conv)
	if err != nil {
		return err
	}
	if err := tx.HearTickets(ctx, conv.id); err != nil {
		return err
	}
	return audit(ctx, tx, v, "conversation.handed_off", conv.id)
}

// silence ends every open turn of a conversation except the one in whose name
// ctx acts.
func silence(ctx context.Context, tx *store.Tx, id desk.ID) error {
	open, err := tx.OpenTurns(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range open {
		if t.ID == turnFrom(ctx) {
			continue
		}
		if _, err := stopTurn(ctx, tx, id, t, desk.TurnHandoff); err != nil {
			return err
		}
	}
	return nil
}

// ticketOf finds the ticket under which staff see the conversation: its own or
// the newest that is not done, else a new one.
func ticketOf(ctx context.Context, tx *store.Tx, actor desk.Viewer, conv conversation) (tickets.Ticket, error) {
	list, err := tickets.OfConversationTx(ctx, tx, conv.id)
	if err != nil {
		return tickets.Ticket{}, err
	}
	for _, t := range list {
		t, err := tickets.FollowTx(ctx, tx, t) // a merged one goes on in another
		if err != nil || !t.Kind.Done() {
			return t, err
		}
	}
	owner, _, err := viewerOf(ctx, tx, conv.UserID)
	if err != nil {
		return tickets.Ticket{}, err
	}
	subject := conv.Title
	if subject == "" {
		subject = owner.Name
	}
	return tickets.OpenTx(ctx, tx, actor.User, tickets.Opening{
		Requester: owner, Origin: tickets.FromHandoff, Conversation: conv.id, Subject: subject,
	})
}

func audit(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, id desk.ID) error {
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: action, Object: "conversation", ObjectID: id})
}

// staffOnly runs fn with the conversation held, for staff.
func (s *Service) staffOnly(ctx context.Context, id desk.ID, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may do this")
		}
		conv, err := holdFor(ctx, tx, v, id)
		if err != nil {
			return err
		}
		return fn(ctx, tx, v, conv)
	})
}

// Take gives the conversation to the technician who asks: the assistant is
// silent until Release. Another technician may take it over.
func (s *Service) Take(ctx context.Context, id desk.ID) error {
	return s.staffOnly(ctx, id, take)
}

// Types is a technician's first keystroke in somebody's conversation: it takes
// it (P4), so that the assistant is silent before the first word is there. In
// their own conversation everybody types as they like.
func (s *Service) Types(ctx context.Context, id desk.ID) error {
	return s.staffOnly(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation) error {
		if conv.UserID == v.User {
			return nil
		}
		return take(ctx, tx, v, conv)
	})
}

func take(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation) error {
	if conv.Handoff == handoffTaken && conv.HandoffBy != nil && *conv.HandoffBy == v.User {
		return nil
	}
	if err := silence(ctx, tx, conv.id); err != nil {
		return err
	}
	if err := tx.SetHandoff(ctx, db.SetHandoffParams{ID: conv.id, Handoff: handoffTaken, HandoffBy: &v.User}); err != nil {
		return err
	}
	if _, err := tx.Append(ctx, conv.id, desk.KindHandoff, desk.Handoff{State: handoffTaken, By: v.User, Name: v.Name}); err != nil {
		return err
	}
	t, err := ticketOf(ctx, tx, v, conv)
	if err != nil {
		return err
	}
	change := tickets.Change{}
	if t.Assignee == nil {
		change.Assignee = &v.User
	}
	if t.Kind == tickets.KindNew {
		open := tickets.StatusOpen
		change.Status = &open
	}
	if _, err := tickets.ChangeTx(ctx, tx, v, t.ID, change); err != nil {
		return err
	}
	return audit(ctx, tx, v, "conversation.taken", conv.id)
}

// Release gives the conversation back to the assistant: it answers from the
// next message on.
func (s *Service) Release(ctx context.Context, id desk.ID) error {
	return s.staffOnly(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation) error {
		if conv.Handoff == handoffNone {
			return nil
		}
		if err := tx.SetHandoff(ctx, db.SetHandoffParams{ID: conv.id, Handoff: handoffNone}); err != nil {
			return err
		}
		if _, err := tx.Append(ctx, conv.id, desk.KindHandoff, desk.Handoff{State: handoffReleased, By: v.User, Name: v.Name}); err != nil {
			return err
		}
		return audit(ctx, tx, v, "conversation.released", conv.id)
	})
}

// StaffMessage is a technician's word in the conversation. Who writes takes it:
// a running turn ends, and the assistant is silent until Release. It may be
// nothing but files.
func (s *Service) StaffMessage(ctx context.Context, id desk.ID, text string, attachments ...desk.ID) (e desk.Event, err error) {
	if err := checkWords(text, len(attachments)); err != nil {
		return e, err
	}
	err = s.staffOnly(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, conv conversation) error {
		if err := take(ctx, tx, v, conv); err != nil {
			return err
		}
		sent, err := files.AttachTx(ctx, tx, v, attachments, files.Place{Conversation: conv.id})
		if err != nil {
			return err
		}
		e, err = tx.Append(ctx, conv.id, desk.KindStaffMessage, desk.StaffMessage{Text: text, Author: v.User, Name: v.Name, Attachments: sent})
		return err
	})
	return e, err
}
