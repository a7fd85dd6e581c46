package tickets

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
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

	Files []desk.Attachment `json:"attachments,omitempty"`
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
	p := db.RepliesOfParams{TicketID: id, Staff: v.Role.Staff(), AtMost: int32(limit) + 1}
	if cursor != "" {
		if p.Before, p.BeforeID, err = desk.ReadCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	rows, err := tx.RepliesOf(ctx, p)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		earlier = desk.Cursor(rows[limit-1].CreatedAt, rows[limit-1].ID)
	}
	of, err := files.OfTicketTx(ctx, tx, v, id)
	if err != nil {
		return nil, "", err
	}
	list = make([]Reply, len(rows))
	for i, r := range rows {
		list[len(rows)-1-i] = Reply{
			ID: r.ID, Author: Author{ID: r.AuthorID, Name: r.AuthorName, Staff: r.AuthorRole.Staff()},
			Text: r.Text, Internal: r.Internal, At: r.CreatedAt.UTC(), Files: of[r.ID],
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

// Answer is what somebody writes into a ticket.
type Answer struct {
	Text        string // may be empty where there are files
	Internal    bool   // for staff, by staff
	Change      Change // that comes with it, by staff
	Attachments []desk.ID
}

func (a Answer) check(v desk.Viewer) error {
	if a.Internal && !v.Role.Staff() {
		return desk.Errorf(desk.CodeForbidden, "only staff write internal notes").On("internal")
	}
	if a.Text == "" && len(a.Attachments) > 0 {
		return nil
	}
	return desk.OnField("text", desk.CheckText(a.Text, MaxText))
}

// Reply writes into a ticket. Internal replies are for staff, by staff.
func (s *Service) Reply(ctx context.Context, id desk.ID, text string, internal bool) (Reply, error) {
	return s.Answer(ctx, id, Answer{Text: text, Internal: internal})
}

// Answer is Reply with files and, by staff, a change: all of it or nothing.
func (s *Service) Answer(ctx context.Context, id desk.ID, a Answer) (r Reply, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !a.Change.nothing() && !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff change a ticket with a reply").On("status")
		}
		if r, err = answerTx(ctx, tx, v, id, a); err != nil {
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
	return answerTx(ctx, tx, v, id, Answer{Text: text, Internal: internal})
}

func answerTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, a Answer) (Reply, error) {
	if err := a.check(v); err != nil {
		return Reply{}, err
	}
	t, p, err := hold(ctx, tx, v, id)
	if err != nil {
		return Reply{}, err
	}
	after, err := a.moves(v, p, t)
	if err != nil {
		return Reply{}, err
	}
	if after, err = a.Change.apply(ctx, tx, v, after); err != nil {
		return Reply{}, err
	}
	values, err := a.Change.values(ctx, tx, v, p)
	if err != nil {
		return Reply{}, err
	}
	r, err := a.write(ctx, tx, v, t)
	if err != nil {
		return Reply{}, err
	}
	touch := tx.TouchTicket
	if !a.Internal {
		touch = tx.HearTicket
		if err := tell(ctx, tx, t, desk.TicketChange{Change: "replied", Status: string(after.Status)}); err != nil {
			return Reply{}, err
		}
		if err := mailReply(ctx, tx, v, t, after, r); err != nil {
			return Reply{}, err
		}
		ctx = WithoutMail(ctx) // the reply tells of its status too
	}
	if err := touch(ctx, id); err != nil {
		return Reply{}, err
	}
	if _, err := save(ctx, tx, v, t, after, values); err != nil {
		return Reply{}, err
	}
	return r, see(ctx, tx, v, id) // who answers has read it
}

// moves is the ticket with the status that follows from the answer itself.
func (a Answer) moves(v desk.Viewer, p sight, t Ticket) (Ticket, error) {
	staff := v.Role.Staff()
	switch {
	case a.Internal:
	case staff && t.Kind == KindNew:
		t.Status, t.Kind = StatusOpen, KindOpen
	case !staff && t.Kind.Done():
		if !p.Reopen {
			return t, policy.Refuse(policy.RuleReopen)
		}
		t.Status, t.Kind = StatusOpen, KindOpen
	case !staff && t.Kind == KindPending:
		t.Status, t.Kind = StatusOpen, KindOpen
	}
	return t, nil
}

// write stores the answer with its files, in the place of its draft.
func (a Answer) write(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket) (Reply, error) {
	if _, err := tx.MaskCodes(ctx, v.User, &a.Text); err != nil {
		return Reply{}, err
	}
	r := Reply{ID: desk.NewID(), Author: Author{ID: v.User, Name: v.Name, Staff: v.Role.Staff()}, Text: a.Text, Internal: a.Internal}
	at, err := tx.InsertReply(ctx, db.InsertReplyParams{TenantID: tx.Tenant, ID: r.ID, TicketID: t.ID, AuthorID: v.User, Text: a.Text, Internal: a.Internal})
	if err != nil {
		return Reply{}, err
	}
	r.At = at.UTC()
	if r.Files, err = files.AttachTx(ctx, tx, v, a.Attachments, files.Place{Ticket: t.ID, Reply: r.ID}); err != nil {
		return Reply{}, err
	}
	if err := tx.DropDraft(ctx, db.DropDraftParams{UserID: v.User, TicketID: t.ID, Kind: string(kindOfReply(a.Internal))}); err != nil {
		return Reply{}, err
	}
	detail := map[string]any{"number": t.Number, "internal": a.Internal}
	if n := len(r.Files); n > 0 {
		detail["files"] = n
	}
	return r, tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "ticket.replied", Object: "ticket", ObjectID: t.ID, Detail: detail})
}
