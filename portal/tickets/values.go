package tickets

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Values are what somebody wants in fields, by the field's id or the key of a
// built-in choice. A JSON null empties the field.
type Values map[string]json.RawMessage

// Limits of values.
const (
	maxShortText = 500
	maxLongText  = 8_000
	maxChoices   = 50
)

// bound is a value that fits its field: the rows to store, none to empty it.
type bound struct {
	field FieldRow
	rows  []db.InsertValueParams
}

// bind checks values against the fields and what the viewer may do with them.
// Nothing is stored yet.
func (s sight) bind(ctx context.Context, tx *store.Tx, v desk.Viewer, list fieldList, values Values) ([]bound, error) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []bound
	for _, name := range names {
		f, ok := list.by(name)
		if !ok || f.Kind == FieldColumn {
			return nil, desk.Errorf(desk.CodeInvalid, "there is no such field").On("fields." + name)
		}
		if err := s.mayFill(f); err != nil {
			return nil, err
		}
		b := bound{field: f}
		if raw := values[name]; !bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			rows, err := f.read(raw)
			if err != nil {
				return nil, fieldError(f, err)
			}
			b.rows = rows
		}
		for i := range b.rows {
			if text := b.rows[i].Text; text != nil {
				if _, err := tx.MaskCodes(ctx, v.User, text); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// fieldError says which field it was, by the name that its reader knows.
func fieldError(f FieldRow, err error) error {
	if e, ok := err.(*desk.Error); ok { //nolint:errorlint // ours, wrapped by nothing
		return e.On("fields."+string(f.ID)).With("name", f.Name)
	}
	return err
}

// mayFill refuses a field that the viewer may not fill in, by its rule. For
// contacts a hidden field is one that exists for others.
func (s sight) mayFill(f FieldRow) error {
	if f.Archived {
		return desk.Errorf(desk.CodeInvalid, "this field is not in use any more").On("fields."+string(f.ID)).With("name", f.Name)
	}
	switch {
	case s.staff || f.Mode == ModeEdit:
		return nil
	case f.Mode == ModeReadOnly:
		return policy.Refuse(policy.RuleFieldReadOnly).On("fields."+string(f.ID)).With("field", f.Key)
	}
	return policy.Refuse(policy.RuleFieldHidden).On("fields."+string(f.ID)).With("field", f.Key)
}

// read makes the rows of a value of the field's kind.
func (f FieldRow) read(raw json.RawMessage) ([]db.InsertValueParams, error) {
	row := db.InsertValueParams{FieldID: f.ID, Kind: string(f.Kind)}
	switch f.Kind {
	case FieldText, FieldLongText:
		text, err := readAs[string](raw)
		if err != nil || text == "" {
			return nil, err
		}
		limit := maxShortText
		if f.Kind == FieldLongText {
			limit = maxLongText
		}
		row.Text = &text
		return []db.InsertValueParams{row}, desk.CheckText(text, limit)
	case FieldNumber:
		n, err := readAs[float64](raw)
		if math.Abs(n) > 1e15 {
			err = desk.Errorf(desk.CodeInvalid, "the number is too large")
		}
		row.Number = &n
		return []db.InsertValueParams{row}, err
	case FieldDate:
		text, err := readAs[string](raw)
		if err != nil || text == "" {
			return nil, err
		}
		date, err := time.Parse(time.DateOnly, text)
		if err != nil || date.Year() < 1900 || date.Year() > 2200 {
			return nil, desk.Errorf(desk.CodeInvalid, "a date is written as 2026-11-30, between 1900 and 2200")
		}
		row.Date = &date
		return []db.InsertValueParams{row}, nil
	case FieldYesNo:
		yes, err := readAs[bool](raw)
		row.Yes = &yes
		return []db.InsertValueParams{row}, err
	case FieldChoice:
		id, err := readAs[desk.ID](raw)
		if err != nil || id == "" {
			return nil, err
		}
		return f.choose(row, []desk.ID{id})
	case FieldChoices:
		ids, err := readAs[[]desk.ID](raw)
		if err != nil {
			return nil, err
		}
		return f.choose(row, ids)
	default:
		return nil, desk.Errorf(desk.CodeInvalid, "this field takes no value")
	}
}

func readAs[T any](raw json.RawMessage) (x T, err error) {
	if json.Unmarshal(raw, &x) != nil {
		return x, desk.Errorf(desk.CodeInvalid, "this is not a value of the field")
	}
	return x, nil
}

func (f FieldRow) choose(row db.InsertValueParams, ids []desk.ID) ([]db.InsertValueParams, error) {
	if len(ids) > maxChoices {
		return nil, desk.Errorf(desk.CodeInvalid, "at most %d choices", maxChoices)
	}
	var rows []db.InsertValueParams
	for i, id := range ids {
		o, ok := f.option(id)
		if !ok || o.Archived {
			return nil, desk.Errorf(desk.CodeInvalid, "there is no such choice")
		}
		if slices.Contains(ids[:i], id) {
			continue
		}
		row.OptionID, row.Position = &o.ID, int32(len(rows)) //nolint:gosec // at most 50
		rows = append(rows, row)
	}
	return rows, nil
}

// missing refuses a form without a field that it needs. Users are asked for
// what they see; what staff fill in is asked of staff.
func (s sight) missing(list fieldList, filled []bound) error {
	for _, f := range list {
		if !f.Required || f.Archived || f.Kind == FieldColumn || !s.staff && f.Mode != ModeEdit {
			continue
		}
		i := slices.IndexFunc(filled, func(b bound) bool { return b.field.ID == f.ID })
		if i < 0 || len(filled[i].rows) == 0 {
			return desk.Errorf(desk.CodeFieldRequired, "a field is missing: %s", f.Name).On("fields."+string(f.ID)).With("name", f.Name)
		}
	}
	return nil
}

// storeValues writes bound values into a ticket.
func storeValues(ctx context.Context, tx *store.Tx, ticket desk.ID, values []bound) error {
	for _, b := range values {
		if err := tx.ClearValue(ctx, db.ClearValueParams{TicketID: ticket, FieldID: b.field.ID}); err != nil {
			return err
		}
		for _, row := range b.rows {
			row.TenantID, row.TicketID = tx.Tenant, ticket
			if err := tx.InsertValue(ctx, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// differing keeps of bound values those that are not in the ticket already,
// with what the audit log may say of each: choices by id, never words.
func differing(ctx context.Context, tx *store.Tx, ticket desk.ID, values []bound) (changed []bound, detail []map[string]any, err error) {
	if len(values) == 0 {
		return nil, nil, nil
	}
	rows, err := tx.ValuesOf(ctx, []desk.ID{ticket})
	if err != nil {
		return nil, nil, err
	}
	for _, b := range values {
		var now []db.ValuesOfRow
		for _, r := range rows {
			if r.FieldID == b.field.ID {
				now = append(now, r)
			}
		}
		if slices.EqualFunc(now, b.rows, sameValue) {
			continue
		}
		changed = append(changed, b)
		line := map[string]any{"field": b.field.ID}
		if b.field.Kind.chooses() {
			from, to := []desk.ID{}, []desk.ID{}
			for _, r := range now {
				from = append(from, *r.OptionID)
			}
			for _, r := range b.rows {
				to = append(to, *r.OptionID)
			}
			line["old"], line["new"] = from, to
		}
		detail = append(detail, line)
	}
	return changed, detail, nil
}

func sameValue(a db.ValuesOfRow, b db.InsertValueParams) bool {
	return store.OrZero(a.Text) == store.OrZero(b.Text) && store.OrZero(a.Number) == store.OrZero(b.Number) &&
		store.OrZero(a.Yes) == store.OrZero(b.Yes) && store.OrZero(a.OptionID) == store.OrZero(b.OptionID) &&
		(a.Date == nil) == (b.Date == nil) && (a.Date == nil || a.Date.Equal(*b.Date))
}
