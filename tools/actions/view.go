package actions

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Filter says which actions to list: the viewer's own, or, for staff, anybody's.
type Filter struct {
	Device desk.ID
	User   desk.ID // staff only
	Own    bool    // staff: only the own ones
	States []desk.ActionState
	Cursor string
	Limit  int // 0: 50; at most 100
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Items []View
	Next  string
}

// Get reads one action: its owner's, any for staff. For everybody else, main
// contacts too, it does not exist.
func (s *Service) Get(ctx context.Context, id desk.ID) (view View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if id, err = desk.ParseID(string(id)); err != nil {
			return notFound()
		}
		view, err = s.view(ctx, tx, v, id)
		return err
	})
	return view, err
}

func (s *Service) view(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (View, error) {
	p := db.ActionRowParams{ID: id}
	if !v.Role.Staff() {
		p.UserID = &v.User
	}
	row, err := tx.ActionRow(ctx, p)
	if store.NoRows(err) {
		err = notFound()
	}
	if err != nil {
		return View{}, err
	}
	list, err := s.views(ctx, tx, v, []db.ListActionsRow{db.ListActionsRow(row)})
	if err != nil {
		return View{}, err
	}
	return list[0], nil
}

// List reads actions, the newest first.
func (s *Service) List(ctx context.Context, f Filter) (page Page, err error) {
	limit := min(f.Limit, 100)
	if limit <= 0 {
		limit = 50
	}
	p := db.ListActionsParams{DeviceID: store.Optional(f.Device), UserID: store.Optional(f.User), States: []string{}, AtMost: int32(limit + 1)}
	for _, state := range f.States {
		p.States = append(p.States, string(state))
	}
	if f.Cursor != "" {
		if p.Before, p.BeforeID, err = desk.ReadCursor(f.Cursor); err != nil {
			return page, err
		}
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() || f.Own {
			p.UserID = &v.User
		}
		rows, err := tx.ListActions(ctx, p)
		if err != nil {
			return err
		}
		page.Items, err = s.views(ctx, tx, v, rows)
		return err
	})
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = desk.Cursor(last.ProposedAt, last.ID)
	}
	return page, err
}

// OfTicketTx lists the actions of a ticket, those of its conversation among
// them, for the time line. Only staff and the actions' owners see them.
func (s *Service) OfTicketTx(ctx context.Context, tx *store.Tx, v desk.Viewer, ticket, conversation desk.ID) ([]View, error) {
	p := db.ActionsOfTicketParams{Ticket: ticket, Conversation: store.Optional(conversation), AtMost: 200}
	if !v.Role.Staff() {
		p.UserID = &v.User
	}
	found, err := tx.ActionsOfTicket(ctx, p)
	if err != nil {
		return nil, err
	}
	rows := make([]db.ListActionsRow, len(found))
	for i, r := range found {
		rows[len(rows)-1-i] = db.ListActionsRow(r) // a time line begins with the oldest
	}
	return s.views(ctx, tx, v, rows)
}

// OfTicket is OfTicketTx for whoever asks in their own name; the caller has
// found that they may see the ticket.
func (s *Service) OfTicket(ctx context.Context, ticket, conversation desk.ID) (list []View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = s.OfTicketTx(ctx, tx, v, ticket, conversation)
		return err
	})
	return list, err
}

func (s *Service) namesOf(ctx context.Context, tx *store.Tx, a *db.Action) (names, error) {
	r, err := tx.ActionRow(ctx, db.ActionRowParams{ID: a.ID})
	if err != nil {
		return names{}, err
	}
	return names{device: r.DeviceName, software: r.SoftwareName, account: parametersOf(a).Account}, nil
}
