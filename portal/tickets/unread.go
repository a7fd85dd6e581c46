package tickets

import (
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// What is new for a person: for staff any change or note since they saw the
// ticket last; for contacts what they can see of it, a reply or another status.

// markUnread says of each ticket whether it has something new for v.
func markUnread(ctx context.Context, tx *store.Tx, v desk.Viewer, list []Ticket) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]desk.ID, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	unread, err := tx.UnreadOf(ctx, db.UnreadOfParams{UserID: v.User, Ids: ids, Staff: v.Role.Staff()})
	for i := range list {
		list[i].Unread = slices.Contains(unread, list[i].ID)
	}
	return err
}

// unread reports whether one ticket has something new for v.
func unread(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (bool, error) {
	list, err := tx.UnreadOf(ctx, db.UnreadOfParams{UserID: v.User, Ids: []desk.ID{id}, Staff: v.Role.Staff()})
	return len(list) > 0, err
}

// see notes that v has seen the ticket as it is now.
func see(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) error {
	return tx.SeeTicket(ctx, db.SeeTicketParams{TenantID: tx.Tenant, UserID: v.User, TicketID: id})
}

// Seen notes that the viewer has seen a ticket as it was at a moment: what
// changed after it is still new.
func (s *Service) Seen(ctx context.Context, id desk.ID, until time.Time) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := GetTx(ctx, tx, v, id); err != nil {
			return err
		}
		return tx.SeeTicket(ctx, db.SeeTicketParams{TenantID: tx.Tenant, UserID: v.User, TicketID: id, Until: &until})
	})
}
