// Package tickets holds the rules of tickets: who sees which, who may change
// what, and how a ticket and the conversation it came from speak of each other.
//
// Who sees a ticket: its requester; the main contacts of its company; all
// staff. For everybody else it does not exist, and "absent" and "not yours" are
// the same answer. A contact sees only the statuses that the portal shows (R19)
// and, with ticketing off (R7), no ticket at all. What they see of a ticket and
// may change is their sight: the fields' modes (R21, R22).
//
// Methods of Service read the viewer from the context and open their own
// transaction. The functions that end in Tx run inside the caller's: the
// assistant's tools use them, so that an effect commits with the record of it.
package tickets

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The limits of what people write.
const (
	MaxSubject = 200
	MaxText    = 20_000
)

// Status is the key of where a ticket stands: one of the tenant's rows. The
// zero value is invalid.
type Status string

// The built-in statuses, one of each kind. They are in every portal: these are
// what the house itself sets.
const (
	StatusNew      Status = "new"
	StatusOpen     Status = "open"
	StatusPending  Status = "pending"
	StatusResolved Status = "resolved"
	StatusClosed   Status = "closed"
)

// StatusKind is what a status means to the house. The zero value is invalid.
type StatusKind string

// The kinds, in the order of a ticket's life.
const (
	KindNew      StatusKind = "new"
	KindOpen     StatusKind = "open"
	KindPending  StatusKind = "pending" // waits for the requester
	KindResolved StatusKind = "resolved"
	KindClosed   StatusKind = "closed"
)

// StatusKinds lists all of them.
func StatusKinds() []StatusKind {
	return []StatusKind{KindNew, KindOpen, KindPending, KindResolved, KindClosed}
}

// Done reports whether nobody works on a ticket of this kind any more.
func (k StatusKind) Done() bool { return k == KindResolved || k == KindClosed }

// Priority is how much a ticket presses. The zero value is invalid.
type Priority string

// Priorities lists all of them, from least to most.
func Priorities() []Priority { return []Priority{"low", "normal", "high", "urgent"} }

// Origin is where a ticket came from. The zero value is invalid.
type Origin string

// The origins.
const (
	FromChat    Origin = "chat"    // opened by a conversation (R10), or from it
	FromForm    Origin = "manual"  // opened by hand
	FromHandoff Origin = "handoff" // opened because a person was asked for
	FromAction  Origin = "action"  // records an act on a device that came from no conversation
)

// Ref is a person or a company by id and name.
type Ref struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
}

// Requester is whose ticket it is.
type Requester struct {
	ID      desk.ID `json:"id"`
	Name    string  `json:"name"`
	Company string  `json:"company,omitempty"`
}

// Ticket is what a viewer sees of a ticket.
type Ticket struct {
	ID           desk.ID    `json:"id"`
	Number       int64      `json:"number"`
	Subject      string     `json:"subject"`
	Description  string     `json:"description"`
	Status       Status     `json:"status"`
	Kind         StatusKind `json:"status_kind"`
	Priority     Priority   `json:"priority"`
	Origin       Origin     `json:"origin"`
	Requester    Requester  `json:"requester"`
	Assignee     *Ref       `json:"assignee,omitempty"`
	Company      *Ref       `json:"company,omitempty"`
	Conversation desk.ID    `json:"conversation_id,omitempty"`
	Handoff      string     `json:"handoff" enum:"none,requested,taken"`
	Resolution   Resolution `json:"resolution,omitempty"`
	FixAsked     bool       `json:"fix_asked"` // the requester is asked whether it is fixed
	Version      int        `json:"version"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
	Unread       bool       `json:"unread"`           // it has something new for the viewer
	Merged       *Merged    `json:"merged,omitempty"` // where it goes on, if the viewer may see that one
	IsMerged     bool       `json:"is_merged"`        // nothing of it is changed any more

	session     bool
	hidden      []string // the fields that it is shown without
	statusNames Names    // that an admin gave
}

// StatusName is what an admin calls the ticket's status, in v's language;
// empty for a built-in one that has no name but its kind's.
func (t Ticket) StatusName(v desk.Viewer) string { return t.statusNames.in(v.Language) }

// Session reports whether the ticket is the one that its conversation opened
// by itself (R10).
func (t Ticket) Session() bool { return t.session }

// Service is the one way to tickets for whoever acts in their own name.
type Service struct{ store *store.Store }

// New returns the service.
func New(s *store.Store) *Service { return &Service{store: s} }

func fromRow(r db.TicketRow) Ticket {
	t := Ticket{
		ID: r.ID, Number: r.Number, Subject: r.Subject, Description: r.Description,
		Status: Status(r.Status), Kind: StatusKind(r.StatusKind), Priority: Priority(r.Priority), Origin: Origin(r.Origin),
		Requester: Requester{ID: r.RequesterID, Name: r.RequesterName, Company: store.OrZero(r.CompanyName)},
		Assignee:  ref(r.AssigneeID, r.AssigneeName), Company: ref(r.CompanyID, r.CompanyName),
		Conversation: store.OrZero(r.ConversationID), Handoff: r.Handoff, Resolution: Resolution(store.OrZero(r.Resolution)), FixAsked: r.FixAskedAt != nil, Version: int(r.Version),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), session: r.Session,
	}
	if r.MergedInto != nil {
		t.IsMerged, t.Merged = true, &Merged{ID: *r.MergedInto, Number: store.OrZero(r.MergedNumber), At: r.MergedAt.UTC()}
	}
	if len(r.StatusNames) > len("{}") {
		_ = json.Unmarshal(r.StatusNames, &t.statusNames) // ours; without names it is called by its kind
	}
	return t
}

func ref(id *desk.ID, name *string) *Ref {
	if id == nil {
		return nil
	}
	return &Ref{ID: *id, Name: store.OrZero(name)}
}

func notFound() error { return desk.Errorf(desk.CodeNotFound, "no such ticket") }

// sees is the one rule of visibility; the list says the same in SQL.
func sees(v desk.Viewer, p sight, t Ticket) bool {
	if v.Role.Staff() {
		return true
	}
	if !p.Ticketing || !slices.Contains(p.VisibleStatuses, string(t.Status)) {
		return false
	}
	own := t.Requester.ID == v.User
	colleague := v.Role == desk.RoleMainContact && v.Company != "" && t.Company != nil && t.Company.ID == v.Company
	return own || colleague
}

// GetTx reads one ticket that v may see.
func GetTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Ticket, error) {
	t, p, err := get(ctx, tx, v, func() (db.TicketRow, error) { return tx.TicketByID(ctx, id) })
	return p.show(t), err
}

// ByNumberTx reads one ticket that v may see by its number.
func ByNumberTx(ctx context.Context, tx *store.Tx, v desk.Viewer, number int64) (Ticket, error) {
	t, p, err := get(ctx, tx, v, func() (db.TicketRow, error) { return tx.TicketByNumber(ctx, number) })
	return p.show(t), err
}

func get(ctx context.Context, tx *store.Tx, v desk.Viewer, read func() (db.TicketRow, error)) (Ticket, sight, error) {
	p, err := rules(ctx, tx, v)
	if err != nil {
		return Ticket{}, p, err
	}
	row, err := read()
	if store.NoRows(err) {
		return Ticket{}, p, notFound()
	}
	if err != nil {
		return Ticket{}, p, err
	}
	t := fromRow(row)
	if !sees(v, p, t) {
		return Ticket{}, p, notFound()
	}
	return t, p, nil
}

// Details is a ticket with what was written in it.
type Details struct {
	Ticket
	Replies []Reply      `json:"replies"` // the last of them, oldest first
	Earlier string       `json:"earlier"` // cursor of those before; empty: these are all
	Fields  []FieldValue `json:"fields" doc:"What the ticket has in its other fields."`
	Joined  []Ticket     `json:"joined"` // what was merged into it, as far as the viewer sees it

	Files []desk.Attachment `json:"attachments" doc:"What it was opened with."`
}

// Get reads one ticket with its replies.
func (s *Service) Get(ctx context.Context, id desk.ID) (d Details, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		d, err = details(ctx, tx, v, func() (db.TicketRow, error) { return tx.TicketByID(ctx, id) })
		return err
	})
	return d, err
}

// ByNumber reads one ticket with its replies by its number.
func (s *Service) ByNumber(ctx context.Context, number int64) (d Details, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		d, err = details(ctx, tx, v, func() (db.TicketRow, error) { return tx.TicketByNumber(ctx, number) })
		return err
	})
	return d, err
}

func details(ctx context.Context, tx *store.Tx, v desk.Viewer, read func() (db.TicketRow, error)) (Details, error) {
	t, p, err := get(ctx, tx, v, read)
	if err != nil {
		return Details{}, err
	}
	d := Details{Ticket: p.show(t)}
	if d.Merged, err = pointer(ctx, tx, v, p, t); err != nil {
		return Details{}, err
	}
	if d.Joined, err = joined(ctx, tx, v, p, t.ID); err != nil {
		return Details{}, err
	}
	of, err := files.OfTicketTx(ctx, tx, v, t.ID)
	if err != nil {
		return Details{}, err
	}
	d.Files = append([]desk.Attachment{}, of[""]...)
	if d.Replies, d.Earlier, err = replies(ctx, tx, v, t.ID, "", 0); err != nil {
		return Details{}, err
	}
	if d.Unread, err = unread(ctx, tx, v, t.ID); err != nil {
		return Details{}, err
	}
	d.Fields, err = p.values(ctx, tx, v, t.ID)
	return d, err
}

// Transcript is the conversation that a ticket came from, as it was.
type Transcript struct {
	Events   []desk.Event `json:"events"`
	Verified bool         `json:"verified"` // the chain of hashes holds: nothing was changed or left out
}

// Transcript reads the whole conversation of a ticket and verifies its chain
// of hashes (R25). A ticket that came from no conversation has an empty one. A
// main contact reads what a colleague was told; what was done for the
// colleague, on which device and with which tools, is not theirs, as in the
// ledger.
func (s *Service) Transcript(ctx context.Context, id desk.ID) (tr Transcript, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err := GetTx(ctx, tx, v, id)
		if err != nil {
			return err
		}
		tr = Transcript{Events: []desk.Event{}, Verified: true}
		if t.Conversation == "" {
			return nil
		}
		const page = 1000
		for {
			events, err := tx.Events(ctx, t.Conversation, int64(len(tr.Events)), page)
			if err != nil {
				return err
			}
			if tr.Events, err = appendShown(ctx, tx, v, tr.Events, events); err != nil {
				return err
			}
			if len(events) < page {
				break
			}
		}
		if !v.Role.Staff() && t.Requester.ID != v.User {
			tr.Events = slices.DeleteFunc(tr.Events, func(e desk.Event) bool { return !slices.Contains(said, e.Kind) })
		}
		broken, err := tx.VerifyChain(ctx, t.Conversation)
		tr.Verified = broken == 0
		return err
	})
	return tr, err
}

// said are the kinds of events that are words between people and the
// assistant, and what became of the ticket.
var said = []desk.Kind{
	desk.KindUserMessage, desk.KindAssistantMessage, desk.KindStaffMessage, desk.KindHandoff, desk.KindNote, desk.KindTicket, desk.KindTurnEnded,
}
