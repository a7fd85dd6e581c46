package tickets

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Reply is one reply; Internal ones are for staff only.
type Reply struct {
	ID       desk.ID   `json:"id"`
	Author   Author    `json:"author"`
	Text     string    `json:"text"`
	Internal bool      `json:"internal"`
	At       time.Time `json:"at"`
}

// Author is who wrote a reply.
type Author struct {
	ID    desk.ID `json:"id"`
	Name  string  `json:"name"`
	Staff bool    `json:"staff"`
}

// pageOfReplies is how many replies come with a ticket, and at most with a page.
const pageOfReplies = 100

// replies reads the last replies before a cursor, oldest first, and the cursor
// of those before them.
func replies(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, cursor string, limit int) (list []Reply, earlier string, err error) {
	if limit <= 0 || limit > pageOfReplies {
		limit = pageOfReplies
	}
	p := db.RepliesOfParams{TicketID: id, Staff: v.Role.Staff(), AtMost: int32(limit) + 1} //nolint:gosec // bounded beside it
	if cursor != "" {
		at, before, err := decodeCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		p.Before, p.BeforeID = &at, &before
	}
	rows, err := tx.RepliesOf(ctx, p)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		earlier = encodeCursor(rows[limit-1].CreatedAt, rows[limit-1].ID)
	}
	list = make([]Reply, len(rows))
	for i, r := range rows {
		list[len(rows)-1-i] = Reply{
			ID: r.ID, Author: Author{ID: r.AuthorID, Name: r.AuthorName, Staff: r.AuthorRole.Staff()},
			Text: r.Text, Internal: r.Internal, At: r.CreatedAt.UTC(),
		}
	}
	return list, earlier, nil
}

// Replies reads a page of a ticket's replies, oldest first, that ends before a
// cursor, and the cursor of the page before it.
func (s *Service) Replies(ctx context.Context, id desk.ID, cursor string, limit int) (list []Reply, earlier string, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := GetTx(ctx, tx, v, id); err != nil {
			return err
		}
		list, earlier, err = replies(ctx, tx, v, id, cursor, limit)
		return err
	})
	return list, earlier, err
}

// Reply writes into a ticket. Internal replies are for staff, by staff.
func (s *Service) Reply(ctx context.Context, id desk.ID, text string, internal bool) (Reply, error) {
	return s.ReplyAndSet(ctx, id, text, internal, "")
}

// ReplyAndSet is Reply and, by staff, a status with it: both or neither.
func (s *Service) ReplyAndSet(ctx context.Context, id desk.ID, text string, internal bool, status Status) (Reply, error) {
	c := Change{}
	if status != "" {
		c.Status = &status
	}
	return s.ReplyAndChange(ctx, id, text, internal, c)
}

// ReplyAndChange is Reply and, by staff, a change with it: both or neither.
func (s *Service) ReplyAndChange(ctx context.Context, id desk.ID, text string, internal bool, c Change) (r Reply, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !c.nothing() && !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff change a ticket with a reply").On("status")
		}
		if r, err = replyTx(ctx, tx, v, id, text, internal, c); err != nil {
			return err
		}
		return bounded(ctx, tx, v, "replies:", repliesAnHour, repliesAnHourOfStaff)
	})
	return r, err
}

func (c Change) nothing() bool {
	return c.Subject == nil && c.Description == nil && c.Status == nil && c.Priority == nil && c.Assignee == nil && len(c.Fields) == 0
}

// ReplyTx is Reply inside the caller's transaction. A contact's reply to a
// ticket that waits for them or is done opens it again; where the portal does
// not allow that (R20) it is refused, since nobody would look at it.
func ReplyTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, text string, internal bool) (Reply, error) {
	return replyTx(ctx, tx, v, id, text, internal, Change{})
}

func replyTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, text string, internal bool, c Change) (Reply, error) {
	if err := desk.CheckText(text, MaxText); err != nil {
		return Reply{}, on("text", err)
	}
	t, p, err := hold(ctx, tx, v, id)
	if err != nil {
		return Reply{}, err
	}
	if _, err := tx.MaskCodes(ctx, v.User, &text); err != nil {
		return Reply{}, err
	}
	staff := v.Role.Staff()
	if internal && !staff {
		return Reply{}, desk.Errorf(desk.CodeForbidden, "only staff write internal notes").On("internal")
	}
	after := t
	switch {
	case internal:
	case staff && t.Kind == KindNew:
		after.Status, after.Kind = StatusOpen, KindOpen
	case !staff && t.Kind.Done():
		if !p.Reopen {
			return Reply{}, policy.Refuse(policy.RuleReopen)
		}
		after.Status, after.Kind = StatusOpen, KindOpen
	case !staff && t.Kind == KindPending:
		after.Status, after.Kind = StatusOpen, KindOpen
	}
	if after, err = c.apply(ctx, tx, v, after); err != nil {
		return Reply{}, err
	}
	values, err := c.values(ctx, tx, v, p)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{ID: desk.NewID(), Author: Author{ID: v.User, Name: v.Name, Staff: staff}, Text: text, Internal: internal}
	at, err := tx.InsertReply(ctx, db.InsertReplyParams{TenantID: tx.Tenant, ID: r.ID, TicketID: id, AuthorID: v.User, Text: text, Internal: internal})
	if err != nil {
		return Reply{}, err
	}
	r.At = at.UTC()
	if err := tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: "ticket.replied", Object: "ticket", ObjectID: id,
		Detail: map[string]any{"number": t.Number, "internal": internal},
	}); err != nil {
		return Reply{}, err
	}
	if !internal {
		if err := tell(ctx, tx, t, desk.TicketChange{Change: "replied", Status: string(after.Status)}); err != nil {
			return Reply{}, err
		}
	}
	if err := tx.DropDraft(ctx, db.DropDraftParams{UserID: v.User, TicketID: id, Kind: string(kindOfReply(internal))}); err != nil {
		return Reply{}, err
	}
	touch := tx.HearTicket
	if internal {
		touch = tx.TouchTicket
	}
	if err := touch(ctx, id); err != nil {
		return Reply{}, err
	}
	if _, err := save(ctx, tx, v, t, after, values); err != nil {
		return Reply{}, err
	}
	return r, see(ctx, tx, v, id) // who answers has read it
}
