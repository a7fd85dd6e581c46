package tickets

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Narrow is what staff narrow a list down to, besides view, status and words.
// Every part that is set must fit. It is also what a saved view keeps.
type Narrow struct {
	Companies   []desk.ID    `json:"company,omitempty"`
	Priorities  []Priority   `json:"priority,omitempty"`
	Assignees   []desk.ID    `json:"assignee,omitempty"`
	Unassigned  bool         `json:"unassigned,omitempty"`
	Unread      bool         `json:"unread,omitempty"`
	Fields      []FieldMatch `json:"fields,omitempty"`
	UpdatedFrom *time.Time   `json:"updated_from,omitempty"`
	UpdatedTo   *time.Time   `json:"updated_to,omitempty"`
	CreatedFrom *time.Time   `json:"created_from,omitempty"`
	CreatedTo   *time.Time   `json:"created_to,omitempty"`
}

// FieldMatch is one field and what it must have: a choice by its id, true or
// false, a date, a number, or words that a text holds.
type FieldMatch struct {
	Field string `json:"field" doc:"Its id, or the key of a built-in one."`
	Value string `json:"value"`
}

// Limits of a filter.
const (
	maxFilterIDs    = 50
	maxFilterFields = 10
)

func (n *Narrow) empty() bool {
	return len(n.Companies)+len(n.Priorities)+len(n.Assignees)+len(n.Fields) == 0 && !n.Unassigned && !n.Unread &&
		n.UpdatedFrom == nil && n.UpdatedTo == nil && n.CreatedFrom == nil && n.CreatedTo == nil
}

// check refuses what cannot be looked for, and names each field by its id.
func (n *Narrow) check(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
	for name, ids := range map[string][]desk.ID{"company": n.Companies, "assignee": n.Assignees} {
		if len(ids) > maxFilterIDs {
			return desk.Errorf(desk.CodeInvalid, "at most %d at once", maxFilterIDs).On(name)
		}
		for i, id := range ids {
			parsed, err := desk.ParseID(string(id))
			if err != nil {
				return desk.Errorf(desk.CodeInvalid, "not an id").On(name)
			}
			ids[i] = parsed
		}
	}
	for _, p := range n.Priorities {
		if !slices.Contains(Priorities(), p) {
			return desk.Errorf(desk.CodeInvalid, "there is no such priority").On("priority")
		}
	}
	if len(n.Assignees) > 0 && n.Unassigned {
		return desk.Errorf(desk.CodeInvalid, "somebody's tickets or nobody's, not both").On("assignee")
	}
	if len(n.Fields) == 0 {
		return nil
	}
	if len(n.Fields) > maxFilterFields {
		return desk.Errorf(desk.CodeInvalid, "at most %d fields at once", maxFilterFields).On("field")
	}
	list, err := fields(ctx, tx, v)
	if err != nil {
		return err
	}
	for i := range n.Fields {
		if err := n.Fields[i].check(list); err != nil {
			return err
		}
	}
	return nil
}

func (m *FieldMatch) check(list fieldList) error {
	f, ok := list.by(m.Field)
	if !ok || f.Kind == FieldColumn {
		return desk.Errorf(desk.CodeInvalid, "there is no such field").On("field")
	}
	m.Field = string(f.ID)
	m.Value = strings.TrimSpace(m.Value)
	bad := desk.Errorf(desk.CodeInvalid, "this is not a value of the field").On("field").With("name", f.Name)
	switch f.Kind {
	case FieldChoice, FieldChoices:
		id, err := desk.ParseID(m.Value)
		if _, known := f.option(id); err != nil || !known {
			return bad
		}
		m.Value = string(id)
	case FieldYesNo:
		if m.Value != "true" && m.Value != "false" {
			return bad
		}
	case FieldNumber:
		x, err := strconv.ParseFloat(m.Value, 64)
		if err != nil {
			return bad
		}
		m.Value = strconv.FormatFloat(x, 'g', -1, 64)
	case FieldDate:
		if _, err := time.Parse(time.DateOnly, m.Value); err != nil {
			return bad
		}
	default:
		if err := desk.CheckText(m.Value, maxShortText); err != nil {
			return desk.OnField("field", err)
		}
	}
	return nil
}

// few is up to how many tickets a part of a filter is worth being looked up
// first. More of them, and a page fills soon from the last changed ones.
const few = 2000

// narrowed runs a filter: what leads to few tickets is looked up first, the
// rest is planned by Postgres with what is really asked for.
func (w wanted) narrowed(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]db.TicketRow, error) {
	ids, err := w.ids(ctx, tx, v)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return tx.TicketsByIDs(ctx, ids)
}

// ids are the tickets that fit, the last changed first.
func (w wanted) ids(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]desk.ID, error) {
	p := db.FilterTicketsParams{
		Q: w.q, Number: w.number, Statuses: w.statuses, Companies: orNil(w.narrow.Companies), Unassigned: w.narrow.Unassigned,
		Assignees: orNil(w.narrow.Assignees), UpdatedFrom: w.narrow.UpdatedFrom, UpdatedTo: w.narrow.UpdatedTo,
		CreatedFrom: w.narrow.CreatedFrom, CreatedTo: w.narrow.CreatedTo, Before: w.before, BeforeID: w.beforeID, AtMost: w.atMost,
	}
	if w.assignee != nil {
		own := []desk.ID{}
		if p.Assignees == nil || slices.Contains(p.Assignees, *w.assignee) {
			own = append(own, *w.assignee)
		}
		p.Assignees = own
	}
	for _, x := range w.narrow.Priorities {
		p.Priorities = append(p.Priorities, string(x))
	}
	if w.narrow.Unread {
		p.UnreadOf = &v.User
	}
	for _, m := range w.narrow.Fields {
		p.Fields, p.Wants = append(p.Fields, desk.ID(m.Field)), append(p.Wants, m.Value)
	}
	var err error
	if p.Ids, err = w.candidates(ctx, tx); err != nil {
		return nil, err
	}
	if w.q != "" {
		found, err := tx.FewNumbers(ctx, db.FewNumbersParams{Q: w.q, AtMost: few, Number: w.number})
		if err != nil {
			return nil, err
		}
		if len(found.Numbers) < few && found.People < maxPeopleFound {
			p.Numbers = found.Numbers
		}
	}
	if err := tx.PlanEachTime(ctx); err != nil {
		return nil, err
	}
	return tx.FilterTickets(ctx, p)
}

// maxPeopleFound is how many people of a name FewNumbers looks at.
const maxPeopleFound = 200

// candidates are the tickets that fit the rarest part of a filter that has no
// column of its own; nil when none of its parts is rare.
func (w wanted) candidates(ctx context.Context, tx *store.Tx) ([]desk.ID, error) {
	var best []desk.ID
	take := func(ids []desk.ID) {
		if len(ids) < few && (best == nil || len(ids) < len(best)) {
			best = append([]desk.ID{}, ids...)
		}
	}
	if w.handedOff {
		ids, err := tx.HandedOffTickets(ctx, maxHandedOff)
		if err != nil {
			return nil, err
		}
		best = append([]desk.ID{}, ids...) // no filter of the query: it must be among them
	}
	for _, m := range w.narrow.Fields {
		option, err := desk.ParseID(m.Value)
		if err != nil {
			continue // no choice
		}
		ids, err := tx.FewWithOption(ctx, db.FewWithOptionParams{FieldID: desk.ID(m.Field), OptionID: option, AtMost: few})
		if err != nil {
			return nil, err
		}
		if !w.handedOff {
			take(ids)
		}
	}
	return best, nil
}

// maxHandedOff bounds a list that people empty by hand.
const maxHandedOff = 20_000

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
