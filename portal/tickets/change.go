package tickets

import (
	"context"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Change says what to change of a ticket; nil leaves it alone. Version, when
// not 0, is the one that the viewer saw: a ticket that somebody else changed
// meanwhile is CodeConflict.
type Change struct {
	Subject     *string
	Description *string
	Status      *Status
	Priority    *Priority
	Assignee    *desk.ID // empty id: nobody
	Fields      Values
	Version     int
}

// Change changes a ticket. Staff may change all of it; a requester those fields
// of the own ticket that the portal lets users edit (R21, R22). Of statuses they
// have two: resolved and, if the portal allows (R20), open again.
func (s *Service) Change(ctx context.Context, id desk.ID, c Change) (t Ticket, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err = ChangeTx(ctx, tx, v, id, c)
		return err
	})
	return t, err
}

// ChangeTx is Change inside the caller's transaction.
func ChangeTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, c Change) (Ticket, error) {
	t, p, err := hold(ctx, tx, v, id)
	if err != nil {
		return Ticket{}, err
	}
	if c.Version != 0 && c.Version != t.Version {
		return Ticket{}, meanwhile(ctx, tx, v, t, c.Version)
	}
	if err := c.allowed(v, p, t); err != nil {
		return Ticket{}, err
	}
	after, err := c.apply(ctx, tx, v, t)
	if err != nil {
		return Ticket{}, err
	}
	if !v.Role.Staff() && after.Status != t.Status {
		if err := mayMove(p, t, after); err != nil {
			return Ticket{}, err
		}
	}
	values, err := c.values(ctx, tx, v, p)
	if err != nil {
		return Ticket{}, err
	}
	t, err = save(ctx, tx, v, t, after, values)
	return p.show(t), err
}

// values binds what the change puts into fields.
func (c Change) values(ctx context.Context, tx *store.Tx, v desk.Viewer, p sight) ([]bound, error) {
	if len(c.Fields) == 0 {
		return nil, nil
	}
	list, err := fields(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	return p.bind(ctx, tx, v, list, c.Fields)
}

// allowed refuses, before anything is looked up, what the viewer may not change.
func (c Change) allowed(v desk.Viewer, p sight, t Ticket) error {
	if v.Role.Staff() {
		return nil
	}
	if t.Requester.ID != v.User {
		return desk.Errorf(desk.CodeForbidden, "only who opened it and staff may change this")
	}
	for _, f := range []struct {
		field string
		asked bool
	}{
		{FieldSubject, c.Subject != nil},
		{FieldDescription, c.Description != nil},
		{FieldStatus, c.Status != nil},
		{FieldPriority, c.Priority != nil},
		{FieldAssignee, c.Assignee != nil},
	} {
		if !f.asked {
			continue
		}
		if err := p.mayEdit(f.field); err != nil {
			return err
		}
	}
	return nil
}

// hold locks the ticket's conversation, if it has one, before the ticket is
// read: an answer in flight takes the two in the same order. A merged ticket is
// not changed any more, and its refusal says where it goes on.
func hold(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Ticket, sight, error) {
	byID := func() (db.TicketRow, error) { return tx.TicketByID(ctx, id) }
	t, p, err := get(ctx, tx, v, byID)
	if err == nil && t.Conversation != "" {
		if _, err = tx.HoldConversation(ctx, t.Conversation); err == nil {
			t, p, err = get(ctx, tx, v, byID)
		}
	}
	if err == nil && t.Merged != nil {
		err = goesOn(ctx, tx, v, p, t)
	}
	return t, p, err
}

func (c Change) apply(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket) (Ticket, error) {
	if c.Subject != nil {
		if err := desk.CheckText(*c.Subject, MaxSubject); err != nil {
			return t, desk.OnField("subject", err)
		}
		t.Subject = desk.FirstLine(*c.Subject, MaxSubject)
	}
	if c.Description != nil {
		if *c.Description != "" {
			if err := desk.CheckText(*c.Description, MaxText); err != nil {
				return t, desk.OnField("description", err)
			}
		}
		t.Description = *c.Description
	}
	if _, err := tx.MaskCodes(ctx, v.User, &t.Subject, &t.Description); err != nil {
		return t, err
	}
	if c.Status != nil {
		list, err := known(ctx, tx)
		if err != nil {
			return t, err
		}
		if t.Kind, err = list.kindOf(*c.Status); err != nil {
			return t, err
		}
		t.Status = *c.Status
	}
	if c.Priority != nil {
		if !slices.Contains(Priorities(), *c.Priority) {
			return t, desk.Errorf(desk.CodeInvalid, "there is no such priority").On("priority")
		}
		t.Priority = *c.Priority
	}
	if c.Assignee == nil {
		return t, nil
	}
	t.Assignee = nil
	if *c.Assignee == "" {
		return t, nil
	}
	who, err := person(ctx, tx, *c.Assignee)
	if err != nil || !who.Role.Staff() {
		return t, desk.Errorf(desk.CodeInvalid, "only staff can be given a ticket").On("assignee_id")
	}
	t.Assignee = &Ref{ID: who.User, Name: who.Name}
	return t, nil
}

// mayMove allows a requester two statuses: resolved, and open again.
func mayMove(p sight, before, after Ticket) error {
	switch {
	case after.Status == StatusResolved && !before.Kind.Done():
		return nil
	case after.Status == StatusOpen && before.Kind.Done():
		if !p.Reopen {
			return policy.Refuse(policy.RuleReopen)
		}
		return nil
	}
	return desk.Errorf(desk.CodeForbidden, "you may resolve your ticket or open it again").On("status")
}

func same(a, b *Ref) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID
}

// save writes what differs, with its audit entry and, for a new status, the
// event in the conversation.
func save(ctx context.Context, tx *store.Tx, v desk.Viewer, before, after Ticket, values []bound) (Ticket, error) {
	values, filled, err := differing(ctx, tx, before.ID, values)
	if err != nil {
		return Ticket{}, err
	}
	after.Resolution = resolved(v, before, after)
	after.FixAsked = after.FixAsked && !after.Kind.Done()
	changed := differences(before, after)
	if len(filled) > 0 {
		changed["fields"] = filled
	}
	if len(changed) == 0 {
		return before, nil
	}
	isNew := true // to the house itself nothing is
	if v.User != "" {
		if isNew, err = unread(ctx, tx, v, before.ID); err != nil {
			return Ticket{}, err
		}
	}
	changed["number"], changed["version"] = before.Number, before.Version+1
	var assignee *desk.ID
	if after.Assignee != nil {
		assignee = &after.Assignee.ID
	}
	n, err := tx.ChangeTicket(ctx, db.ChangeTicketParams{
		ID: before.ID, Version: int32(before.Version), //nolint:gosec // from an int32 column
		Status: string(after.Status), Priority: string(after.Priority), AssigneeID: assignee,
		Resolution: optionalText(string(after.Resolution)), Asked: after.FixAsked, Heard: after.Status != before.Status || after.FixAsked && !before.FixAsked,
	})
	if err != nil {
		return Ticket{}, err
	}
	if n == 0 {
		return Ticket{}, desk.Errorf(desk.CodeConflict, "somebody changed the ticket meanwhile")
	}
	if after.Subject != before.Subject || after.Description != before.Description {
		if err := tx.RewordTicket(ctx, db.RewordTicketParams{ID: before.ID, Subject: after.Subject, Description: after.Description}); err != nil {
			return Ticket{}, err
		}
	}
	if err := storeValues(ctx, tx, before.ID, values); err != nil {
		return Ticket{}, err
	}
	if err := tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "ticket.changed", Object: "ticket", ObjectID: before.ID, Detail: changed}); err != nil {
		return Ticket{}, err
	}
	if after.Status != before.Status {
		if err := tell(ctx, tx, after, desk.TicketChange{Change: "status", Status: string(after.Status)}); err != nil {
			return Ticket{}, err
		}
	}
	if !isNew { // one's own change is no news; what others did before it still is
		if err := see(ctx, tx, v, before.ID); err != nil {
			return Ticket{}, err
		}
	}
	if err := mailChange(ctx, tx, v, before, after); err != nil {
		return Ticket{}, err
	}
	row, err := tx.TicketByID(ctx, before.ID)
	return fromRow(row), err
}

// differences are what the audit log says of a change: never the words.
func differences(before, after Ticket) map[string]any {
	changed := map[string]any{}
	if after.Status != before.Status {
		changed["status"] = []Status{before.Status, after.Status}
	}
	if after.Priority != before.Priority {
		changed["priority"] = []Priority{before.Priority, after.Priority}
	}
	if !same(after.Assignee, before.Assignee) {
		changed["assignee"] = []desk.ID{store.OrZero(before.Assignee).ID, store.OrZero(after.Assignee).ID}
	}
	if after.Subject != before.Subject {
		changed["subject"] = true
	}
	if after.Description != before.Description {
		changed["description"] = true
	}
	if after.Resolution != before.Resolution {
		changed["resolution"] = []Resolution{before.Resolution, after.Resolution}
	}
	if after.FixAsked != before.FixAsked {
		changed["fix_asked"] = after.FixAsked
	}
	return changed
}
