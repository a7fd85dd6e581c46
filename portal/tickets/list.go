package tickets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// View is a ready-made selection of tickets.
type View string

// The views. Contacts may use ViewMine and, as main contacts, ViewCompany.
const (
	ViewAll     View = ""        // everything that the viewer may see
	ViewMine    View = "mine"    // own tickets; for staff, those assigned to them
	ViewCompany View = "company" // those of the viewer's company
	ViewQueue   View = "queue"   // what is not done, for staff
	ViewHandoff View = "handoff" // conversations that wait for a person or have one, for staff
)

// Filter says which tickets to list. Query is the number, a part of the
// requester's name, or words that subject and description have, or that words
// of theirs begin with.
type Filter struct {
	View   View
	Status []Status     // empty: all
	Kinds  []StatusKind // empty: all
	Query  string
	Narrow Narrow // staff only
	Cursor string // of the page before
	Limit  int    // 0: 50; at most 100
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Items []Ticket `json:"items"`
	Next  string   `json:"next"`
}

// List finds tickets that the viewer may see, the last changed first.
func (s *Service) List(ctx context.Context, f Filter) (page Page, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		page, err = ListTx(ctx, tx, v, f)
		return err
	})
	return page, err
}

// ListTx is List inside the caller's transaction.
func ListTx(ctx context.Context, tx *store.Tx, v desk.Viewer, f Filter) (Page, error) {
	p, err := rules(ctx, tx, v)
	if err != nil {
		return Page{}, err
	}
	if len(f.Status)+len(f.Kinds) > 0 {
		if err := p.maySee(FieldStatus); err != nil {
			return Page{}, err
		}
	}
	list, err := known(ctx, tx)
	if err != nil {
		return Page{}, err
	}
	if !f.Narrow.empty() && !v.Role.Staff() {
		return Page{}, desk.Errorf(desk.CodeForbidden, "only staff narrow lists down like this")
	}
	if err := f.Narrow.check(ctx, tx, v); err != nil {
		return Page{}, err
	}
	w, err := f.wanted(v, list)
	if err != nil {
		return Page{}, err
	}
	w.noSubject, w.noDescription = !p.shows(FieldSubject), !p.shows(FieldDescription)
	rows, err := w.find(ctx, tx, v)
	if err != nil {
		return Page{}, err
	}
	limit := int(w.atMost) - 1
	page := Page{Items: make([]Ticket, 0, min(len(rows), limit))}
	for _, r := range rows[:min(len(rows), limit)] {
		page.Items = append(page.Items, p.show(fromRow(r)))
	}
	if err := markUnread(ctx, tx, v, page.Items); err != nil {
		return Page{}, err
	}
	if len(rows) > limit {
		last := rows[limit-1]
		page.Next = desk.Cursor(last.UpdatedAt, last.ID)
	}
	return page, nil
}

// wanted is a filter together with what its viewer may see.
type wanted struct {
	// Of these, all that are set; none of them is every ticket, for staff.
	requester, company, assignee *desk.ID
	handedOff                    bool

	narrow Narrow // staff only

	noSubject, noDescription bool // R21: words of a hidden field find nothing

	statuses []string
	q        string
	number   *int64 // that q is
	before   *time.Time
	beforeID *desk.ID
	atMost   int32
}

func (f Filter) wanted(v desk.Viewer, statuses statusList) (w wanted, err error) {
	staff := v.Role.Staff()
	w.narrow = f.Narrow
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	q := strings.TrimSpace(f.Query)
	if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return w, desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8").On("q")
	}
	w.q, w.atMost = desk.FirstLine(q, 200), int32(min(limit, 100))+1
	if n, err := strconv.ParseInt(strings.TrimLeft(w.q, "#"), 10, 64); err == nil {
		w.number = &n
	}
	if !staff {
		w.requester = &v.User
	}
	if v.Role == desk.RoleMainContact && f.View != ViewMine {
		w.company = store.Optional(v.Company)
	}
	kinds := f.Kinds
	switch f.View {
	case ViewAll:
	case ViewMine:
		if staff {
			w.assignee = &v.User
		}
	case ViewCompany:
		if v.Role != desk.RoleMainContact {
			return w, desk.Errorf(desk.CodeForbidden, "only main contacts see their company's tickets").On("view")
		}
	case ViewQueue, ViewHandoff:
		if !staff {
			return w, desk.Errorf(desk.CodeForbidden, "only staff see this list").On("view")
		}
		w.handedOff = f.View == ViewHandoff
		if f.View == ViewQueue && len(f.Status) == 0 && len(kinds) == 0 {
			kinds = []StatusKind{KindNew, KindOpen, KindPending}
		}
	default:
		return w, desk.Errorf(desk.CodeInvalid, "there is no such list").On("view")
	}
	if w.statuses, err = statuses.among(f.Status, kinds, staff); err != nil || f.Cursor == "" {
		return w, err
	}
	w.before, w.beforeID, err = desk.ReadCursor(f.Cursor)
	return w, err
}

// among is what was asked for by keys and by kinds, all by default, of what may
// be seen (R19).
func (l statusList) among(keys []Status, kinds []StatusKind, staff bool) ([]string, error) {
	for _, k := range keys {
		if _, err := l.kindOf(k); err != nil {
			return nil, err
		}
	}
	list := []string{}
	for _, r := range l {
		asked := (len(keys) == 0 || slices.Contains(keys, r.Key)) && (len(kinds) == 0 || slices.Contains(kinds, r.Kind))
		if asked && (staff || r.Visible) {
			list = append(list, string(r.Key))
		}
	}
	return list, nil
}

// amongNewest is how many of the last changed tickets a search for a frequent
// word walks through before it looks up every ticket that has it.
const amongNewest = 2000

// find asks the query that is fast for what is wanted: one that walks through
// few tickets, or stops as soon as the page is full.
func (w wanted) find(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]db.TicketRow, error) {
	if !w.narrow.empty() {
		return w.narrowed(ctx, tx, v)
	}
	if w.requester != nil || w.company != nil || w.assignee != nil || w.handedOff {
		rows, err := tx.ListTicketsAmong(ctx, db.ListTicketsAmongParams{
			Q: w.q, Requester: w.requester, Statuses: w.statuses, Company: w.company, Assignee: w.assignee, HandedOff: w.handedOff,
			Before: w.before, BeforeID: w.beforeID, Number: w.number, NoSubject: w.noSubject, NoDescription: w.noDescription, AtMost: w.atMost,
		})
		return rowsOf(rows, func(r db.ListTicketsAmongRow) db.TicketRow { return r.TicketRow }), err
	}
	if w.q == "" {
		rows, err := tx.ListTickets(ctx, db.ListTicketsParams{Statuses: w.statuses, Before: w.before, BeforeID: w.beforeID, AtMost: w.atMost})
		return rowsOf(rows, func(r db.ListTicketsRow) db.TicketRow { return r.TicketRow }), err
	}
	n, err := tx.TicketsWithWord(ctx, db.TicketsWithWordParams{Q: w.q, AtMost: amongNewest})
	if err != nil {
		return nil, err
	}
	if n == amongNewest {
		newest, err := tx.SearchNewestTickets(ctx, db.SearchNewestTicketsParams{
			Q: w.q, Statuses: w.statuses, Before: w.before, BeforeID: w.beforeID, Among: amongNewest, Number: w.number, AtMost: w.atMost,
		})
		if err != nil || len(newest) == int(w.atMost) {
			return rowsOf(newest, func(r db.SearchNewestTicketsRow) db.TicketRow { return r.TicketRow }), err
		}
	}
	rows, err := tx.SearchTickets(ctx, db.SearchTicketsParams{
		Q: w.q, Number: w.number, Statuses: w.statuses, Before: w.before, BeforeID: w.beforeID, AtMost: w.atMost,
	})
	return rowsOf(rows, func(r db.SearchTicketsRow) db.TicketRow { return r.TicketRow }), err
}

func rowsOf[R any](rows []R, of func(R) db.TicketRow) []db.TicketRow {
	list := make([]db.TicketRow, len(rows))
	for i, r := range rows {
		list[i] = of(r)
	}
	return list
}
