package tickets

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// A macro is a canned reply and the changes that go with it. Its text has
// variables and no logic: each is replaced once by what the ticket has, and
// what stands in the ticket is never read as a variable (SECURITY H10).

// Macro is one as staff see it.
type Macro struct {
	ID      desk.ID      `json:"id"`
	Name    string       `json:"name" doc:"In the reader's language."`
	Names   Names        `json:"names"`
	Texts   Names        `json:"texts" doc:"The reply by language, with variables such as {{contact_name}}; none: it only changes the ticket."`
	Changes MacroChanges `json:"changes"`
}

// MacroChanges are what a macro changes besides. The zero value changes nothing.
type MacroChanges struct {
	Status   Status         `json:"status,omitempty" maxLength:"40"`
	Priority Priority       `json:"priority,omitempty" enum:"low,normal,high,urgent"`
	Assignee string         `json:"assignee,omitempty" maxLength:"40" doc:"me: whoever applies it; nobody; or a technician's id."`
	Fields   map[string]any `json:"fields,omitempty" doc:"By the field's id, or the key of a built-in choice; null empties it."`
}

// Whom a macro gives a ticket to, besides somebody by id.
const (
	macroMe     = "me"
	macroNobody = "nobody"
)

// MacroVariables lists what a text may have between double braces.
func MacroVariables() []string {
	return []string{"contact_name", "contact_first_name", "company", "ticket_number", "ticket_subject", "technician_name"}
}

const (
	maxMacros    = 200
	maxMacroText = 5000
)

var variable = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// render puts a ticket's values into a text, in one pass.
func render(text string, values map[string]string) string {
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		return values[variable.FindStringSubmatch(m)[1]]
	})
}

func macroOf(v desk.Viewer, r db.MacroRow) (m Macro, err error) {
	m.ID = r.ID
	for _, part := range []struct {
		raw json.RawMessage
		to  any
	}{{r.Names, &m.Names}, {r.Texts, &m.Texts}, {r.Changes, &m.Changes}} {
		if err := json.Unmarshal(part.raw, part.to); err != nil {
			return m, err
		}
	}
	m.Name = m.Names.in(v.Language)
	return m, nil
}

// Macros lists the portal's macros for staff, by name.
func (s *Service) Macros(ctx context.Context) (list []Macro, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		rows, err := tx.Macros(ctx)
		if err != nil {
			return err
		}
		list = make([]Macro, len(rows))
		for i, r := range rows {
			if list[i], err = macroOf(v, db.MacroRow(r)); err != nil {
				return err
			}
		}
		slices.SortStableFunc(list, func(a, b Macro) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
		return nil
	})
	return list, err
}

// MacroDraft is a macro as an admin writes it; nil leaves a part alone.
type MacroDraft struct {
	Names   *Names
	Texts   *Names
	Changes *MacroChanges
}

// AddMacro makes a macro.
func (s *Service) AddMacro(ctx context.Context, d MacroDraft) (m Macro, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		m, err = AddMacroTx(ctx, tx, v, d)
		return err
	})
	return m, err
}

// AddMacroTx is AddMacro inside the caller's transaction; v is an admin.
func AddMacroTx(ctx context.Context, tx *store.Tx, v desk.Viewer, d MacroDraft) (Macro, error) {
	rows, err := tx.Macros(ctx)
	if err != nil {
		return Macro{}, err
	}
	if len(rows) >= maxMacros {
		return Macro{}, desk.Errorf(desk.CodeInvalid, "there are %d macros; remove one first", maxMacros)
	}
	return d.save(ctx, tx, v, Macro{ID: desk.NewID()}, "macro.added")
}

// ChangeMacro changes a macro; what was sent with it stays as it was sent.
func (s *Service) ChangeMacro(ctx context.Context, id desk.ID, d MacroDraft) (m Macro, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		before, err := macro(ctx, tx, v, id)
		if err != nil {
			return err
		}
		m, err = d.save(ctx, tx, v, before, "macro.changed")
		return err
	})
	return m, err
}

// RemoveMacro forgets a macro.
func (s *Service) RemoveMacro(ctx context.Context, id desk.ID) error {
	return s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		m, err := macro(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if _, err := tx.RemoveMacro(ctx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "macro.removed", Object: "macro", ObjectID: id, Detail: map[string]any{"names": m.Names}})
	})
}

func macro(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Macro, error) {
	r, err := tx.Macro(ctx, id)
	if store.NoRows(err) {
		return Macro{}, desk.Errorf(desk.CodeNotFound, "no such macro")
	}
	if err != nil {
		return Macro{}, err
	}
	return macroOf(v, r)
}

// save puts the draft into m, checks it and stores it.
func (d MacroDraft) save(ctx context.Context, tx *store.Tx, v desk.Viewer, m Macro, action string) (_ Macro, err error) {
	if d.Names != nil {
		m.Names = *d.Names
	}
	if m.Names, err = m.Names.check(false); err != nil {
		return m, err
	}
	if d.Texts != nil {
		m.Texts = *d.Texts
	}
	if m.Texts, err = checkMacroTexts(m.Texts); err != nil {
		return m, err
	}
	if d.Changes != nil {
		m.Changes = *d.Changes
	}
	c, err := m.Changes.change(v)
	if err != nil {
		return m, err
	}
	// A ticket that there is not: what the macro would change is checked as if it
	// were applied.
	if _, err := c.apply(ctx, tx, v, Ticket{}); err != nil {
		return m, err
	}
	if _, err := c.values(ctx, tx, v, sight{staff: true}); err != nil {
		return m, err
	}
	if len(m.Texts) == 0 && m.Changes.empty() {
		return m, desk.Errorf(desk.CodeEmptyText, "it says nothing and changes nothing").On("texts")
	}
	m.Name = m.Names.in(v.Language)
	p := db.SaveMacroParams{TenantID: tx.Tenant, ID: m.ID}
	for _, part := range []struct {
		from any
		to   *json.RawMessage
	}{{m.Names, &p.Names}, {m.Texts, &p.Texts}, {m.Changes, &p.Changes}} {
		if *part.to, err = json.Marshal(part.from); err != nil {
			return m, err
		}
	}
	if err := tx.SaveMacro(ctx, p); err != nil {
		return m, err
	}
	return m, tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: action, Object: "macro", ObjectID: m.ID, Detail: map[string]any{"names": m.Names, "changes": m.Changes}})
}

func checkMacroTexts(texts Names) (Names, error) {
	out := Names{}
	for lang, text := range texts {
		if !lang.Valid() {
			return nil, desk.Errorf(desk.CodeInvalid, "there is no language %q", lang).On("texts")
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := desk.CheckText(text, maxMacroText); err != nil {
			return nil, desk.OnField("texts", err)
		}
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(MacroVariables(), m[1]) {
				return nil, desk.Errorf(desk.CodeUnknownVariable, "there is no variable %q", m[1]).On("texts").With("name", m[1])
			}
		}
		out[lang] = text
	}
	return out, nil
}

func (c MacroChanges) empty() bool {
	return c.Status == "" && c.Priority == "" && c.Assignee == "" && len(c.Fields) == 0
}

// change is what a macro changes, by whoever applies it.
func (c MacroChanges) change(v desk.Viewer) (Change, error) {
	out := Change{}
	if c.Status != "" {
		out.Status = &c.Status
	}
	if c.Priority != "" {
		out.Priority = &c.Priority
	}
	switch c.Assignee {
	case "":
	case macroMe:
		out.Assignee = &v.User
	case macroNobody:
		out.Assignee = new(desk.ID(""))
	default:
		id, err := desk.ParseID(c.Assignee)
		if err != nil {
			return out, desk.Errorf(desk.CodeInvalid, "only staff can be given a ticket").On("changes")
		}
		out.Assignee = &id
	}
	for name, value := range c.Fields { // each by itself: their order does not matter
		raw, err := json.Marshal(value)
		if err != nil {
			return out, err
		}
		if out.Fields == nil {
			out.Fields = Values{}
		}
		out.Fields[name] = raw
	}
	return out, nil
}

// Prepared is a macro for one ticket: the reply as it would be sent, in the
// language of whom it goes to, and what would change with it.
type Prepared struct {
	Text     string        `json:"text"`
	Language desk.Language `json:"language"`
	Changes  MacroChanges  `json:"changes" doc:"me and nobody are ids here; nobody is empty."`
	Assignee *Ref          `json:"assignee,omitempty" doc:"Who would have the ticket; absent where that does not change."`
}

// Prepare shows what a macro would do to a ticket. Nothing happens.
func (s *Service) Prepare(ctx context.Context, ticket, id desk.ID) (p Prepared, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err := GetTx(ctx, tx, v, ticket)
		if err != nil {
			return err
		}
		m, err := macro(ctx, tx, v, id)
		if err != nil {
			return err
		}
		p = Prepared{Changes: m.Changes}
		if p.Text, p.Language, err = m.textFor(ctx, tx, v, t); err != nil {
			return err
		}
		c, err := m.Changes.change(v)
		if err != nil || c.Assignee == nil {
			return err
		}
		p.Assignee = &Ref{ID: *c.Assignee}
		if *c.Assignee != "" {
			who, err := person(ctx, tx, *c.Assignee)
			if err != nil {
				return err
			}
			p.Assignee.Name = who.Name
		}
		return nil
	})
	return p, err
}

// textFor is the macro's text for a ticket, in its requester's language, else
// in one that the macro has.
func (m Macro) textFor(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket) (string, desk.Language, error) {
	who, err := person(ctx, tx, t.Requester.ID)
	if err != nil {
		return "", "", err
	}
	first, _, _ := strings.Cut(who.Name, " ")
	text := m.Texts.in(who.Language)
	return render(text, map[string]string{
		"contact_name": who.Name, "contact_first_name": first, "company": store.OrZero(t.Company).Name,
		"ticket_number": strconv.FormatInt(t.Number, 10), "ticket_subject": t.Subject, "technician_name": v.Name,
	}), who.Language, nil
}

// ApplyMacro applies a macro to tickets one by one, for staff: each gets the
// reply in its requester's language and the changes, or neither.
func (s *Service) ApplyMacro(ctx context.Context, ids []desk.ID, id desk.ID) ([]BulkResult, error) {
	return s.many(ctx, ids, func(ctx context.Context, ticket desk.ID) error {
		return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
			m, err := macro(ctx, tx, v, id)
			if err != nil {
				return err
			}
			c, err := m.Changes.change(v)
			if err != nil {
				return err
			}
			t, err := GetTx(ctx, tx, v, ticket)
			if err != nil {
				return err
			}
			text, _, err := m.textFor(ctx, tx, v, t)
			if err != nil {
				return err
			}
			if text == "" {
				_, err = ChangeTx(ctx, tx, v, ticket, c)
				return err
			}
			if _, err = answerTx(ctx, tx, v, ticket, Answer{Text: text, Change: c}); err != nil {
				return err
			}
			return bounded(ctx, tx, v, "replies:", repliesAnHour, repliesAnHourOfStaff)
		})
	})
}
