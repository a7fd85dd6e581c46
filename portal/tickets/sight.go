package tickets

import (
	"context"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
)

// Mode is what users may do with a field in the portal (R21, R22). The zero
// value allows nothing.
type Mode string

// The modes.
const (
	ModeEdit     Mode = "edit"
	ModeReadOnly Mode = "read_only" // built-in fields only
	ModeHidden   Mode = "hidden"
)

// The built-in fields that are columns of a ticket.
const (
	FieldSubject     = "subject"
	FieldDescription = "description"
	FieldStatus      = "status"
	FieldPriority    = "priority"
	FieldAssignee    = "assignee"
)

// sight is what holds for one viewer of tickets, worked out anew in each
// transaction (R26). Everything that leaves this room goes through show.
type sight struct {
	policy.Effective
	staff bool
	modes map[string]Mode // of the built-in fields, for contacts
}

// rules works out what holds for v, and refuses a contact without ticketing
// (R7) before anything is looked up.
func rules(ctx context.Context, tx *store.Tx, v desk.Viewer) (sight, error) {
	p, err := policy.For(ctx, tx, v)
	s := sight{Effective: p, staff: v.Role.Staff()}
	if err != nil {
		return s, err
	}
	if !p.Ticketing {
		return s, policy.Refuse(policy.RuleTicketing)
	}
	s.modes, err = modesFor(ctx, tx, v)
	return s, err
}

func modesFor(ctx context.Context, tx *store.Tx, v desk.Viewer) (map[string]Mode, error) {
	if v.Role.Staff() {
		return map[string]Mode{}, nil
	}
	rows, err := tx.FieldModes(ctx)
	modes := map[string]Mode{}
	for _, r := range rows {
		modes[*r.Key] = Mode(r.Mode)
	}
	return modes, err
}

// shows and edits say what the viewer may do with a built-in field. A field
// without a row is hidden: what nobody knows is not shown.
func (s sight) shows(field string) bool {
	return s.staff || s.modes[field] == ModeEdit || s.modes[field] == ModeReadOnly
}

func (s sight) edits(field string) bool { return s.staff || s.modes[field] == ModeEdit }

// mayEdit refuses, by its rule, what the viewer may not change.
func (s sight) mayEdit(field string) error {
	switch {
	case s.edits(field):
		return nil
	case s.shows(field):
		return policy.Refuse(policy.RuleFieldReadOnly).On(field).With("field", field)
	}
	return policy.Refuse(policy.RuleFieldHidden).On(field).With("field", field)
}

// maySee refuses questions about what the viewer does not see.
func (s sight) maySee(field string) error {
	if s.shows(field) {
		return nil
	}
	return policy.Refuse(policy.RuleFieldHidden).On(field).With("field", field)
}

// show is the ticket without what the viewer must not see.
func (s sight) show(t Ticket) Ticket {
	if s.staff {
		return t
	}
	t.Merged = nil // who may see where it went is told on its page
	for field, forget := range map[string]func(){
		FieldSubject:     func() { t.Subject = "" },
		FieldDescription: func() { t.Description = "" },
		FieldStatus:      func() { t.Status, t.Kind, t.statusNames, t.Resolution = "", "", nil, "" },
		FieldPriority:    func() { t.Priority = "" },
		FieldAssignee:    func() { t.Assignee = nil },
	} {
		if !s.shows(field) {
			forget()
			t.hidden = append(slices.Clip(t.hidden), field)
		}
	}
	return t
}

// Hides reports whether the ticket was shown without a field.
func (t Ticket) Hides(field string) bool { return slices.Contains(t.hidden, field) }

// HidesTx reports whether the portal hides a built-in field from v, for those
// who tell of tickets elsewhere.
func HidesTx(ctx context.Context, tx *store.Tx, v desk.Viewer, field string) (bool, error) {
	modes, err := modesFor(ctx, tx, v)
	s := sight{staff: v.Role.Staff(), modes: modes}
	return !s.shows(field), err
}

// SeenAmongTx is which of some tickets v may see, for those who tell of tickets
// elsewhere.
func SeenAmongTx(ctx context.Context, tx *store.Tx, v desk.Viewer, ids []desk.ID) ([]desk.ID, error) {
	p, err := policy.For(ctx, tx, v)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err := tx.TicketsByIDs(ctx, ids)
	var seen []desk.ID
	for _, r := range rows {
		if sees(v, sight{Effective: p}, fromRow(r)) {
			seen = append(seen, r.ID)
		}
	}
	return seen, err
}
