package tickets

import (
	"context"
	"encoding/base64"
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

// Filter says which tickets to list.
type Filter struct {
	View   View
	Status []Status // empty: all
	Query  string   // in subject, description, requester or number
	Cursor string   // of the page before
	Limit  int      // 0: 50; at most 100
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Items []Ticket `json:"items"`
	Next  string   `json:"next"`
}

// List finds tickets that the viewer may see, the last changed first.
func (s *Service) List(ctx context.Context, f Filter) (page Page, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
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
	params, err := f.params(v, p.VisibleStatuses)
	if err != nil {
		return Page{}, err
	}
	rows, err := tx.ListTickets(ctx, params)
	if err != nil {
		return Page{}, err
	}
	limit := int(params.AtMost) - 1
	page := Page{Items: make([]Ticket, 0, min(len(rows), limit))}
	for _, r := range rows[:min(len(rows), limit)] {
		page.Items = append(page.Items, fromRow(r))
	}
	if len(rows) > limit {
		last := rows[limit-1]
		page.Next = encodeCursor(last.UpdatedAt, last.ID)
	}
	return page, nil
}

func (f Filter) params(v desk.Viewer, visible []string) (db.ListTicketsParams, error) {
	staff := v.Role.Staff()
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	q := strings.TrimSpace(f.Query)
	if !utf8.ValidString(q) || strings.ContainsRune(q, 0) {
		return db.ListTicketsParams{}, desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8").On("q")
	}
	p := db.ListTicketsParams{AllTickets: staff, Viewer: v.User, Q: desk.FirstLine(q, 200), AtMost: int32(min(limit, 100)) + 1}
	if v.Role == desk.RoleMainContact && f.View != ViewMine {
		p.Company = store.Optional(v.Company)
	}
	wanted := f.Status
	switch f.View {
	case ViewAll:
	case ViewMine:
		if staff {
			p.Assignee = &v.User
		} else {
			p.Requester = &v.User
		}
	case ViewCompany:
		if v.Role != desk.RoleMainContact {
			return p, desk.Errorf(desk.CodeForbidden, "only main contacts see their company's tickets").On("view")
		}
	case ViewQueue, ViewHandoff:
		if !staff {
			return p, desk.Errorf(desk.CodeForbidden, "only staff see this list").On("view")
		}
		p.HandedOff = f.View == ViewHandoff
		if f.View == ViewQueue && len(wanted) == 0 {
			wanted = []Status{StatusNew, StatusOpen, StatusPending}
		}
	default:
		return p, desk.Errorf(desk.CodeInvalid, "there is no such list").On("view")
	}
	if len(wanted) == 0 {
		wanted = Statuses()
	}
	p.Statuses = []string{}
	for _, s := range wanted {
		if !slices.Contains(Statuses(), s) {
			return p, desk.Errorf(desk.CodeInvalid, "there is no such status").On("status")
		}
		if staff || slices.Contains(visible, string(s)) {
			p.Statuses = append(p.Statuses, string(s))
		}
	}
	if f.Cursor == "" {
		return p, nil
	}
	at, id, err := decodeCursor(f.Cursor)
	p.Before, p.BeforeID = &at, &id
	return p, err
}

func encodeCursor(at time.Time, id desk.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + string(id)))
}

func decodeCursor(s string) (time.Time, desk.ID, error) {
	bad := desk.Errorf(desk.CodeInvalid, "not a cursor of this list").On("cursor")
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, "", bad
	}
	micros, rest, _ := strings.Cut(string(raw), " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || n < 0 || n > 1<<55 { // beyond Postgres' timestamps there are no tickets
		return time.Time{}, "", bad
	}
	id, err := desk.ParseID(rest)
	if err != nil {
		return time.Time{}, "", bad
	}
	return time.UnixMicro(n).UTC(), id, nil
}
