package tickets

import (
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// A ticket that is merged into another is closed and points there; what is
// written and asked from then on belongs to the other one. Nothing is copied or
// moved: replies, conversation and chain of hashes stay where they were, and
// the other's page shows them by reference. So a merge can be taken back.
//
// Only tickets of one company are merged, and only where the user of the one
// can see the other: else a transcript would reach people that it was not
// written for, or somebody's problem would vanish from their eyes.

// Merged says where a merged ticket goes on.
type Merged struct {
	ID     desk.ID   `json:"id"`
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
}

// pointer is where a ticket goes on, as far as the viewer may see that one.
func pointer(ctx context.Context, tx *store.Tx, v desk.Viewer, p sight, t Ticket) (*Merged, error) {
	if t.Merged == nil || v.Role.Staff() {
		return t.Merged, nil
	}
	row, err := tx.TicketByID(ctx, t.Merged.ID)
	if err != nil || !sees(v, p, fromRow(row)) {
		return nil, err
	}
	return t.Merged, nil
}

// goesOn refuses a change of a merged ticket and says where it goes on.
func goesOn(ctx context.Context, tx *store.Tx, v desk.Viewer, p sight, t Ticket) error {
	refusal := desk.Errorf(desk.CodeMerged, "this ticket was merged into another one, which goes on")
	to, err := pointer(ctx, tx, v, p, t)
	if err != nil {
		return err
	}
	if to != nil {
		refusal = refusal.With("ticket", to.ID).With("number", to.Number)
	}
	return refusal
}

// joined lists what was merged into a ticket, as far as the viewer sees it.
func joined(ctx context.Context, tx *store.Tx, v desk.Viewer, p sight, id desk.ID) ([]Ticket, error) {
	rows, err := tx.MergedInto(ctx, id)
	list := []Ticket{}
	for _, r := range rows {
		if t := fromRow(r); sees(v, p, t) {
			list = append(list, p.show(t))
		}
	}
	return list, err
}

// FollowTx is the ticket itself or, where it was merged, the one that it goes
// on in.
func FollowTx(ctx context.Context, tx *store.Tx, t Ticket) (Ticket, error) {
	if t.Merged == nil {
		return t, nil
	}
	row, err := tx.TicketByID(ctx, t.Merged.ID)
	return fromRow(row), err
}

// WhereTx is FollowTx by id: where to write about a ticket, and whether that is
// another one.
func WhereTx(ctx context.Context, tx *store.Tx, id desk.ID) (where desk.ID, merged bool, err error) {
	row, err := tx.TicketByID(ctx, id)
	if err != nil || row.MergedInto == nil {
		return id, false, err
	}
	return *row.MergedInto, true, nil
}

// Merge closes a ticket and lets another one go on in its place, for staff.
func (s *Service) Merge(ctx context.Context, id, into desk.ID) (t Ticket, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err = merge(ctx, tx, v, id, into)
		return err
	})
	return t, err
}

func merge(ctx context.Context, tx *store.Tx, v desk.Viewer, id, into desk.ID) (Ticket, error) {
	if id == into {
		return Ticket{}, desk.Errorf(desk.CodeInvalid, "a ticket is not merged into itself").On("into")
	}
	source, target, err := holdBoth(ctx, tx, v, id, into)
	if err != nil {
		return Ticket{}, err
	}
	if err := mayMerge(ctx, tx, source, target); err != nil {
		return Ticket{}, err
	}
	n, err := tx.MergeTicket(ctx, db.MergeTicketParams{ID: id, Target: into, By: v.User, Version: int32(source.Version)}) //nolint:gosec // from an int32 column
	if err == nil && n == 0 {
		err = desk.Errorf(desk.CodeConflict, "somebody changed the ticket meanwhile")
	}
	if err != nil {
		return Ticket{}, err
	}
	along, err := tx.FollowMerge(ctx, db.FollowMergeParams{ID: id, Target: into})
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.TouchTicket(ctx, into); err != nil {
		return Ticket{}, err
	}
	for _, e := range []store.AuditEntry{
		{Action: "ticket.merged", ObjectID: id, Detail: map[string]any{
			"number": source.Number, "merged_into": target.Number, "ticket": into, "with": along, "status": []Status{source.Status, StatusClosed}, "version": source.Version + 1,
		}},
		{Action: "ticket.joined", ObjectID: into, Detail: map[string]any{"number": target.Number, "joined": source.Number, "ticket": id}},
	} {
		e.Actor, e.Object = v.User, "ticket"
		if err := tx.Audit(ctx, e); err != nil {
			return Ticket{}, err
		}
	}
	if err := tellMerged(ctx, tx, v, source, target); err != nil {
		return Ticket{}, err
	}
	row, err := tx.TicketByID(ctx, id)
	return fromRow(row), err
}

// tellMerged tells the conversation and the requester of a merge. Whoever did
// it has read both tickets.
func tellMerged(ctx context.Context, tx *store.Tx, v desk.Viewer, source, target Ticket) error {
	err := tell(ctx, tx, source, desk.TicketChange{Change: "merged", Status: string(StatusClosed), Into: target.ID, IntoNo: target.Number})
	if err != nil {
		return err
	}
	if err := mailMerge(ctx, tx, v, source, mailMerged); err != nil {
		return err
	}
	for _, seen := range []desk.ID{source.ID, target.ID} {
		if err := see(ctx, tx, v, seen); err != nil {
			return err
		}
	}
	return nil
}

// holdBoth reads two tickets with their conversations locked, in one order for
// all: two merges at once do not wait for each other.
func holdBoth(ctx context.Context, tx *store.Tx, v desk.Viewer, id, into desk.ID) (source, target Ticket, err error) {
	var talks []desk.ID
	for _, x := range []desk.ID{id, into} {
		t, err := GetTx(ctx, tx, v, x)
		if err != nil {
			return source, target, err
		}
		if t.Conversation != "" && !slices.Contains(talks, t.Conversation) {
			talks = append(talks, t.Conversation)
		}
	}
	slices.Sort(talks)
	for _, c := range talks {
		if _, err := tx.HoldConversation(ctx, c); err != nil {
			return source, target, err
		}
	}
	if source, _, err = hold(ctx, tx, v, id); err != nil {
		return source, target, err
	}
	target, _, err = hold(ctx, tx, v, into)
	return source, target, err
}

// mayMerge refuses, by its reason, what would show a ticket to the wrong people
// or hide it from the right ones.
func mayMerge(ctx context.Context, tx *store.Tx, source, target Ticket) error {
	if store.OrZero(source.Company).ID != store.OrZero(target.Company).ID {
		return desk.Errorf(desk.CodeMergeCompany, "the tickets belong to two companies; what was written for the one is not shown to the other").On("into")
	}
	if target.Kind.Done() {
		return desk.Errorf(desk.CodeMergeDone, "nobody works on ticket %d any more; open it again first", target.Number).On("into").With("number", target.Number)
	}
	if source.Requester.ID == target.Requester.ID {
		return nil
	}
	who, err := person(ctx, tx, source.Requester.ID)
	if err != nil {
		return err
	}
	if who.Role.Staff() || who.Role == desk.RoleMainContact && target.Company != nil && who.Company == target.Company.ID {
		return nil
	}
	return desk.Errorf(desk.CodeMergePerson, "%s opened this ticket and could not see ticket %d", who.Name, target.Number).
		On("into").With("name", who.Name).With("number", target.Number)
}

// Unmerge takes a merge back: the ticket stands again as it stood before. What
// was written into the other one meanwhile stays there.
func (s *Service) Unmerge(ctx context.Context, id desk.ID) (t Ticket, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		before, _, err := hold(ctx, tx, v, id)
		switch {
		case err == nil:
			return desk.Errorf(desk.CodeConflict, "the ticket is not merged")
		case desk.CodeOf(err) != desk.CodeMerged:
			return err
		}
		if _, err := tx.UnmergeTicket(ctx, id); err != nil {
			return err
		}
		row, err := tx.TicketByID(ctx, id)
		if err != nil {
			return err
		}
		t = fromRow(row)
		for _, e := range []store.AuditEntry{
			{Action: "ticket.unmerged", ObjectID: id, Detail: map[string]any{
				"number": t.Number, "unmerged_from": before.Merged.Number, "ticket": before.Merged.ID, "status": []Status{before.Status, t.Status}, "version": t.Version,
			}},
			{Action: "ticket.parted", ObjectID: before.Merged.ID, Detail: map[string]any{"number": before.Merged.Number, "parted": t.Number, "ticket": id}},
		} {
			e.Actor, e.Object = v.User, "ticket"
			if err := tx.Audit(ctx, e); err != nil {
				return err
			}
		}
		if err := tell(ctx, tx, t, desk.TicketChange{Change: "unmerged", Status: string(t.Status)}); err != nil {
			return err
		}
		if err := mailMerge(ctx, tx, v, t, mailStatus); err != nil {
			return err
		}
		return see(ctx, tx, v, id)
	})
	return t, err
}
