package conversations

import (
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
)

// Conversation is what its owner and staff see of a conversation.
type Conversation struct {
	ID        desk.ID       `json:"id"`
	Title     string        `json:"title"`
	User      tickets.Ref   `json:"user"`
	Language  desk.Language `json:"language"`
	Handoff   string        `json:"handoff" enum:"none,requested,taken"`
	Taken     *tickets.Ref  `json:"taken_by,omitempty"`
	Ticket    *TicketRef    `json:"ticket,omitempty"`
	Last      int64         `json:"last"` // sequence number of the newest event
	CreatedAt time.Time     `json:"created_at"`
	LastAt    time.Time     `json:"last_at"`
}

// TicketRef is the ticket of a conversation, if the viewer sees tickets.
type TicketRef struct {
	ID     desk.ID        `json:"id"`
	Number int64          `json:"number"`
	Status tickets.Status `json:"status,omitempty"` // R21: not where the portal hides it
}

func fromRow(r db.ConversationByIDRow) Conversation {
	c := Conversation{
		ID: r.ID, Title: r.Title, User: tickets.Ref{ID: r.UserID, Name: r.UserName}, Language: r.Language,
		Handoff: r.Handoff, Last: r.LastSeq, CreatedAt: r.CreatedAt.UTC(), LastAt: r.LastAt.UTC(),
	}
	if r.HandoffBy != nil && r.HandoffName != nil {
		c.Taken = &tickets.Ref{ID: *r.HandoffBy, Name: *r.HandoffName}
	}
	return c
}

// see reads a conversation that v may see: the own one, any for staff. Others'
// conversations do not exist, not even for a main contact.
func see(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Conversation, error) {
	id, err := desk.ParseID(string(id))
	if err != nil {
		return Conversation{}, notFound()
	}
	row, err := tx.ConversationByID(ctx, id)
	if store.NoRows(err) || err == nil && row.UserID != v.User && !v.Role.Staff() {
		return Conversation{}, notFound()
	}
	return fromRow(row), err
}

// Create makes an empty conversation. An empty id makes one up; the own
// conversation again is no error.
func (s *Service) Create(ctx context.Context, id desk.ID) (c Conversation, err error) {
	if id == "" {
		id = desk.NewID()
	} else if id, err = desk.ParseID(string(id)); err != nil {
		return c, desk.Errorf(desk.CodeInvalid, "the conversation's id is no UUID").On("id")
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := s.create(ctx, tx, v, id, ""); err != nil {
			return err
		}
		row, err := tx.ConversationByID(ctx, id)
		if err != nil {
			return err
		}
		if row.UserID != v.User {
			return notFound()
		}
		c = fromRow(row)
		return nil
	})
	return c, err
}

// Open is what a client asks first: may it follow this conversation, and up to
// where does its log go?
func (s *Service) Open(ctx context.Context, id desk.ID) (c Conversation, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		c, err = see(ctx, tx, v, id)
		return err
	})
	return c, err
}

// Get is Open with the conversation's ticket.
func (s *Service) Get(ctx context.Context, id desk.ID) (c Conversation, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if c, err = see(ctx, tx, v, id); err != nil {
			return err
		}
		list := []Conversation{c}
		if err := addTickets(ctx, tx, v, list); err != nil {
			return err
		}
		c = list[0]
		return nil
	})
	return c, err
}

// Events reads the log after a sequence number, oldest first, at most limit of
// them (0: 500, at most 1,000), and the newest sequence number there is.
func (s *Service) Events(ctx context.Context, id desk.ID, after int64, limit int) (events []desk.Event, last int64, err error) {
	if limit <= 0 {
		limit = 500
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		c, err := see(ctx, tx, v, id)
		if err != nil {
			return err
		}
		last = c.Last
		events, err = tx.Events(ctx, c.ID, max(0, after), min(limit, 1000))
		if n := len(events); n > 0 {
			last = max(last, events[n-1].Seq) // appended between the two reads
		}
		if err == nil {
			events, err = tickets.ShownEventsTx(ctx, tx, v, events)
		}
		return err
	})
	return events, last, err
}

// Filter says which conversations to list: the viewer's own, or, for staff,
// those of one person or of everybody.
type Filter struct {
	User   desk.ID // staff only; empty: own
	All    bool    // staff only: everybody's
	Cursor string
	Limit  int // 0: 50; at most 100
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Items []Conversation `json:"items"`
	Next  string         `json:"next"`
}

// List finds conversations, the last used first.
func (s *Service) List(ctx context.Context, f Filter) (page Page, err error) {
	limit := min(f.Limit, 100)
	if limit <= 0 {
		limit = 50
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		p, err := f.params(v, limit)
		if err != nil {
			return err
		}
		rows, err := tx.ListConversations(ctx, p)
		if err != nil {
			return err
		}
		page = Page{Items: make([]Conversation, 0, limit)}
		for _, r := range rows[:min(len(rows), limit)] {
			page.Items = append(page.Items, fromRow(db.ConversationByIDRow(r)))
		}
		if len(rows) > limit {
			last := rows[limit-1]
			page.Next = desk.Cursor(last.LastAt, last.ID)
		}
		return addTickets(ctx, tx, v, page.Items)
	})
	return page, err
}

func (f Filter) params(v desk.Viewer, limit int) (p db.ListConversationsParams, err error) {
	p = db.ListConversationsParams{Owner: &v.User, AtMost: int32(limit) + 1} //nolint:gosec // at most 101
	if (f.All || f.User != "" && f.User != v.User) && !v.Role.Staff() {
		return p, desk.Errorf(desk.CodeForbidden, "only staff see others' conversations")
	}
	if f.User != "" {
		id, err := desk.ParseID(string(f.User))
		if err != nil {
			return p, desk.Errorf(desk.CodeInvalid, "not an id").On("user")
		}
		p.Owner = &id
	} else if f.All {
		p.Owner = nil
	}
	if f.Cursor == "" {
		return p, nil
	}
	p.Before, p.BeforeID, err = desk.ReadCursor(f.Cursor)
	return p, err
}

// addTickets names each conversation's ticket, its own first, else the newest,
// unless the viewer sees no tickets (R7) or none of that status (R19).
func addTickets(ctx context.Context, tx *store.Tx, v desk.Viewer, list []Conversation) error {
	p, err := policy.For(ctx, tx, v)
	if err != nil || !p.Ticketing || len(list) == 0 {
		return err
	}
	ids := make([]desk.ID, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	rows, err := tx.TicketsOfConversations(ctx, ids)
	if err != nil {
		return err
	}
	hidden, err := tickets.HidesTx(ctx, tx, v, tickets.FieldStatus)
	if err != nil {
		return err
	}
	for _, r := range rows {
		i := slices.Index(ids, *r.ConversationID)
		if list[i].Ticket == nil && (v.Role.Staff() || slices.Contains(p.VisibleStatuses, r.Status)) {
			list[i].Ticket = &TicketRef{ID: r.ID, Number: r.Number, Status: tickets.Status(r.Status)}
			if hidden {
				list[i].Ticket.Status = ""
			}
		}
	}
	return nil
}
