package tickets

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Resolution is how a ticket came to its end (B4, P5); empty while it is worked
// on.
type Resolution string

// The resolutions.
const (
	ResolutionConfirmed Resolution = "confirmed"    // its user said so; nobody else can
	ResolutionVerified  Resolution = "verified"     // the device showed it
	ResolutionAssumed   Resolution = "assumed"      // staff resolved it
	ResolutionNone      Resolution = "not_resolved" // closed without a solution
)

// Resolutions lists all of them.
func Resolutions() []Resolution {
	return []Resolution{ResolutionConfirmed, ResolutionVerified, ResolutionAssumed, ResolutionNone}
}

// resolved is the resolution after a change by v. One who only closes what is
// resolved keeps it, and what somebody works on again has none.
func resolved(v desk.Viewer, before, after Ticket) Resolution {
	switch {
	case !after.Kind.Done():
		return ""
	case after.Kind == before.Kind, before.Kind == KindResolved:
		return after.Resolution
	case v.User == before.Requester.ID:
		return ResolutionConfirmed
	case after.Kind == KindResolved:
		return ResolutionAssumed
	}
	return ResolutionNone
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// The question in the conversation, by who asks.
const (
	noteIsItFixed          = "is_it_fixed"
	noteAssistantAsksFixed = "is_it_fixed_assistant"
)

// AskIfFixed asks the requester whether it is fixed (P5): in the ticket, and in
// the conversation that it came from. Nothing is resolved by asking.
func (s *Service) AskIfFixed(ctx context.Context, id desk.ID) (t Ticket, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		before, p, err := hold(ctx, tx, v, id)
		if err != nil {
			return err
		}
		t, err = askIfFixed(ctx, tx, v, before, noteIsItFixed)
		t = p.show(t)
		return err
	})
	return t, err
}

func askIfFixed(ctx context.Context, tx *store.Tx, v desk.Viewer, before Ticket, note string) (Ticket, error) {
	if before.Kind == KindClosed {
		return Ticket{}, desk.Errorf(desk.CodeInvalid, "the ticket is closed")
	}
	requester, err := person(ctx, tx, before.Requester.ID)
	if err != nil {
		return Ticket{}, err
	}
	sight, err := rules(ctx, tx, requester)
	if err != nil {
		return Ticket{}, err
	}
	if !sees(requester, sight, before) {
		return Ticket{}, desk.Errorf(desk.CodeInvalid, "its user does not see this ticket and cannot answer")
	}
	if before.Kind == KindResolved {
		return Ticket{}, desk.Errorf(desk.CodeInvalid, "the ticket is resolved")
	}
	after := before
	after.FixAsked = true
	if before.Conversation != "" && !before.FixAsked {
		body := desk.Note{Code: note, Params: map[string]any{"ticket": before.ID, "number": before.Number}}
		if _, err := tx.Append(ctx, before.Conversation, desk.KindNote, body); err != nil {
			return Ticket{}, err
		}
	}
	return save(ctx, tx, v, before, after, nil)
}

// AskInConversationTx lets the assistant ask whether it is fixed, about the
// ticket that its conversation is about: the one that it opened by itself, else
// the newest, as long as somebody works on it. Without one, or where its owner
// would not see the question, it is CodeNotFound. Whatever a model says, only
// the owner's own answer resolves the ticket.
func AskInConversationTx(ctx context.Context, tx *store.Tx, conversation desk.ID) (Ticket, error) {
	none := desk.Errorf(desk.CodeNotFound, "there is no open ticket to ask about")
	held, err := tx.HoldConversation(ctx, conversation)
	if store.NoRows(err) {
		return Ticket{}, none
	}
	if err != nil {
		return Ticket{}, err
	}
	list, err := OfConversationTx(ctx, tx, conversation)
	if err != nil {
		return Ticket{}, err
	}
	for _, t := range list {
		if t.Kind.Done() || t.Requester.ID != held.UserID {
			continue
		}
		asked, err := askIfFixed(ctx, tx, desk.Viewer{Tenant: tx.Tenant}, t, noteAssistantAsksFixed)
		switch desk.CodeOf(err) {
		case desk.CodePolicy, desk.CodeInvalid: // its owner sees no tickets, or not this one
			return Ticket{}, none
		}
		return asked, err
	}
	return Ticket{}, none
}

// AnswerFixed is the requester's answer, and nobody else's (P5). Yes resolves
// the ticket as confirmed; no puts it back on the desk.
func (s *Service) AnswerFixed(ctx context.Context, id desk.ID, yes bool) (t Ticket, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		before, p, err := hold(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if before.Requester.ID != v.User {
			return desk.Errorf(desk.CodeForbidden, "only who had the problem can say whether it is fixed")
		}
		if !before.FixAsked {
			return desk.Errorf(desk.CodeConflict, "nobody is asking any more")
		}
		after := before
		after.FixAsked = false
		after.Status, after.Kind = StatusOpen, KindOpen
		if yes {
			after.Status, after.Kind = StatusResolved, KindResolved
		}
		t, err = save(ctx, tx, v, before, after, nil)
		t = p.show(t)
		return err
	})
	return t, err
}

// TicketEdit is one change of a ticket, as the audit log has it: which fields,
// never the words in them.
type TicketEdit struct {
	At      time.Time       `json:"at"`
	By      string          `json:"by" doc:"Empty: the portal itself."`
	Changed json.RawMessage `json:"changed" doc:"Old and new of status, priority, technician, resolution and choices; of texts only that they changed."`
}

// Changes is what was changed of a ticket, oldest first, for staff.
func (s *Service) Changes(ctx context.Context, id desk.ID) (list []TicketEdit, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := GetTx(ctx, tx, v, id); err != nil {
			return err
		}
		rows, err := tx.ChangesOf(ctx, db.ChangesOfParams{TicketID: &id, After: -1})
		list = make([]TicketEdit, len(rows))
		for i, r := range rows {
			list[i] = TicketEdit{At: r.At.UTC(), By: r.ActorName, Changed: r.Detail}
		}
		return err
	})
	return list, err
}

// meanwhile refuses a change of a ticket that somebody changed after its viewer
// had read it, and says what: staff by whom, too.
func meanwhile(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket, seen int) error {
	refusal := desk.Errorf(desk.CodeConflict, "somebody changed the ticket meanwhile").With("version", t.Version)
	if !v.Role.Staff() {
		return refusal
	}
	rows, err := tx.ChangesOf(ctx, db.ChangesOfParams{TicketID: &t.ID, After: int32(seen)}) //nolint:gosec // from the client, compared only
	if err != nil {
		return err
	}
	changed, by := []string{}, []string{}
	for _, r := range rows {
		var detail map[string]json.RawMessage
		if err := json.Unmarshal(r.Detail, &detail); err != nil {
			return err
		}
		for _, name := range []string{"status", "priority", "assignee", "subject", "description", "fields"} {
			if _, ok := detail[name]; ok && !slices.Contains(changed, name) {
				changed = append(changed, name)
			}
		}
		if r.ActorName != "" && !slices.Contains(by, r.ActorName) {
			by = append(by, r.ActorName)
		}
	}
	return refusal.With("changed", changed).With("by", by)
}

// BulkResult is what became of one ticket of many.
type BulkResult struct {
	ID    desk.ID   `json:"id"`
	OK    bool      `json:"ok"`
	Code  desk.Code `json:"code,omitempty"`
	Error string    `json:"error,omitempty"`
}

// MaxBulk is how many tickets are changed at once.
const MaxBulk = 100

// ChangeMany changes tickets one by one, for staff: what fails says so by itself
// and holds nothing else up.
func (s *Service) ChangeMany(ctx context.Context, ids []desk.ID, c Change) ([]BulkResult, error) {
	return s.many(ctx, ids, func(ctx context.Context, id desk.ID) error {
		_, err := s.Change(ctx, id, c)
		return err
	})
}

func (s *Service) many(ctx context.Context, ids []desk.ID, each func(ctx context.Context, id desk.ID) error) ([]BulkResult, error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !v.Role.Staff() {
		return nil, desk.Errorf(desk.CodeForbidden, "only staff may do this")
	}
	if len(ids) == 0 || len(ids) > MaxBulk {
		return nil, desk.Errorf(desk.CodeInvalid, "between 1 and %d tickets at once", MaxBulk).On("ids")
	}
	out := make([]BulkResult, len(ids))
	for i, id := range ids {
		out[i].ID = id
		err := each(ctx, id)
		switch code := desk.CodeOf(err); code {
		case "":
			out[i].OK = true
		case desk.CodeInternal, desk.CodeUnavailable:
			return out, err
		default:
			out[i].Code, out[i].Error = code, err.Error()
		}
	}
	return out, nil
}
