package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Limits of what admins set up.
const (
	maxFields  = 100
	maxOptions = 200
)

// Fields lists all fields for staff, with how many tickets use each.
func (s *Service) Fields(ctx context.Context) (list []FieldRow, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = usedFields(ctx, tx, v)
		return err
	})
	return list, err
}

func usedFields(ctx context.Context, tx *store.Tx, v desk.Viewer) (fieldList, error) {
	list, err := fields(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	use, err := tx.FieldUse(ctx)
	for i := range list {
		for _, u := range use {
			if u.FieldID == list[i].ID {
				list[i].Tickets = u.Tickets
			}
		}
	}
	return list, err
}

// FieldDraft is a field as an admin writes it; nil leaves a part alone. Kind is
// for new ones: values do not change their type. Options are all of the
// field's, in order; one without an id is new.
type FieldDraft struct {
	Kind     FieldKind
	Names    *Names
	Mode     *Mode
	Required *bool
	Archived *bool
	Options  *[]FieldOption
}

// AddField makes a field of the admin's own (R22).
func (s *Service) AddField(ctx context.Context, d FieldDraft) (f FieldRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err := holdFields(ctx, tx, v)
		if err != nil {
			return err
		}
		if len(list) >= maxFields {
			return desk.Errorf(desk.CodeInvalid, "there are %d fields; remove one first", maxFields)
		}
		if !slices.Contains(FieldKinds(), d.Kind) {
			return desk.Errorf(desk.CodeInvalid, "there is no such kind").On("kind")
		}
		f = FieldRow{ID: desk.NewID(), Kind: d.Kind, Mode: ModeEdit, Names: Names{}, Options: []FieldOption{}}
		if f, err = d.applyTo(f, list); err != nil {
			return err
		}
		f.Name = f.nameFor(v)
		names, err := json.Marshal(f.Names)
		if err != nil {
			return err
		}
		err = tx.AddField(ctx, db.AddFieldParams{TenantID: tx.Tenant, ID: f.ID, Kind: string(f.Kind), Names: names, Mode: string(f.Mode), Required: f.Required})
		if err != nil {
			return err
		}
		if err := saveOptions(ctx, tx, f); err != nil {
			return err
		}
		return auditField(ctx, tx, v, "field.added", f.ID, map[string]any{"new": partsOf(f), "kind": f.Kind})
	})
	return f, err
}

func holdFields(ctx context.Context, tx *store.Tx, v desk.Viewer) (fieldList, error) {
	if err := tx.HoldFields(ctx); err != nil {
		return nil, err
	}
	return usedFields(ctx, tx, v)
}

// applyTo puts the draft's parts into f and checks them.
func (d FieldDraft) applyTo(f FieldRow, list fieldList) (FieldRow, error) {
	if d.Names != nil {
		f.Names = *d.Names
	}
	names, err := f.Names.check(f.Key != "")
	if err != nil {
		return f, err
	}
	f.Names = names
	for _, other := range list {
		for lang, name := range f.Names {
			if other.ID != f.ID && strings.EqualFold(other.Names[lang], name) {
				return f, desk.Errorf(desk.CodeTaken, "another field has this name").On("names").With("name", name)
			}
		}
	}
	if d.Mode != nil {
		switch {
		case *d.Mode == ModeEdit, *d.Mode == ModeHidden:
		case *d.Mode == ModeReadOnly && f.Key != "": // R22: none of the others is read-only
		default:
			return f, desk.Errorf(desk.CodeInvalid, "users edit this field or do not see it").On("mode")
		}
		f.Mode = *d.Mode
	}
	if d.Required != nil {
		f.Required = *d.Required
	}
	if d.Archived != nil {
		f.Archived = *d.Archived
	}
	if f.Key != "" && f.Archived {
		return f, desk.Errorf(desk.CodeBuiltIn, "a built-in field stays; hide it instead").With("name", f.Name)
	}
	if f.Kind == FieldColumn && f.Required {
		return f, desk.Errorf(desk.CodeInvalid, "every ticket has this anyway").On("required")
	}
	return d.applyOptions(f, list)
}

func (d FieldDraft) applyOptions(f FieldRow, list fieldList) (FieldRow, error) {
	if d.Options == nil {
		if len(f.Options) == 0 && f.Kind.chooses() && f.Key == "" {
			return f, desk.Errorf(desk.CodeInvalid, "give it something to choose from").On("options")
		}
		return f, nil
	}
	if !f.Kind.chooses() && len(*d.Options) > 0 {
		return f, desk.Errorf(desk.CodeInvalid, "this kind has no choices").On("options")
	}
	if len(*d.Options) > maxOptions || len(*d.Options) == 0 && f.Kind.chooses() && f.Key == "" {
		return f, desk.Errorf(desk.CodeInvalid, "between 1 and %d choices", maxOptions).On("options")
	}
	old, _ := list.by(string(f.ID))
	options := make([]FieldOption, len(*d.Options))
	for i, o := range *d.Options {
		names, err := o.Names.check(false)
		if err != nil {
			return f, desk.OnField("options", err)
		}
		o.Names = names
		if _, known := old.option(o.ID); o.ID != "" && !known || slices.ContainsFunc(options[:i], func(x FieldOption) bool { return o.ID != "" && x.ID == o.ID }) {
			return f, desk.Errorf(desk.CodeInvalid, "there is no such choice").On("options")
		}
		if o.ID == "" {
			o.ID = desk.NewID()
		}
		options[i] = o
	}
	f.Options = options
	return f, nil
}

// ChangeField changes a field; what is left out of its options is removed, and
// one that tickets have is CodeInUse: archive it instead.
func (s *Service) ChangeField(ctx context.Context, id desk.ID, d FieldDraft) (f FieldRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		f, err = changeField(ctx, tx, v, id, d)
		return err
	})
	return f, err
}

func changeField(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, d FieldDraft) (f FieldRow, err error) {
	list, err := holdFields(ctx, tx, v)
	if err != nil {
		return f, err
	}
	old, ok := list.by(string(id))
	if !ok {
		return f, desk.Errorf(desk.CodeNotFound, "no such field")
	}
	if f, err = d.applyTo(old, list); err != nil {
		return f, err
	}
	f.Name = f.nameFor(v)
	if err := oneToWrite(list, f); err != nil {
		return f, err
	}
	names, err := json.Marshal(f.Names)
	if err != nil {
		return f, err
	}
	err = tx.ChangeField(ctx, db.ChangeFieldParams{ID: id, Names: names, Mode: string(f.Mode), Required: f.Required, Archived: f.Archived})
	if err != nil {
		return f, err
	}
	if d.Options != nil {
		if err := removeOptions(ctx, tx, v, old, f); err != nil {
			return f, err
		}
		if err := saveOptions(ctx, tx, f); err != nil {
			return f, err
		}
	}
	return f, auditField(ctx, tx, v, "field.changed", id, map[string]any{"old": partsOf(old), "new": partsOf(f)})
}

// oneToWrite keeps users able to open a ticket: of subject and description one
// is not hidden.
func oneToWrite(list fieldList, changed FieldRow) error {
	if changed.Mode != ModeHidden || changed.Key != FieldSubject && changed.Key != FieldDescription {
		return nil
	}
	other := FieldSubject
	if changed.Key == FieldSubject {
		other = FieldDescription
	}
	if f, ok := list.by(other); ok && f.Mode == ModeHidden {
		return desk.Errorf(desk.CodeInvalid, "users need one of subject and description to open a ticket").On("mode")
	}
	return nil
}

func removeOptions(ctx context.Context, tx *store.Tx, v desk.Viewer, old, now FieldRow) error {
	use, err := tx.OptionUse(ctx, old.ID)
	if err != nil {
		return err
	}
	for _, o := range old.Options {
		if _, kept := now.option(o.ID); kept {
			continue
		}
		for _, u := range use {
			if u.OptionID == o.ID {
				return inUse("choice", o.Names.in(v.Language), u.Tickets).On("options")
			}
		}
		if err := tx.RemoveOption(ctx, db.RemoveOptionParams{ID: o.ID, FieldID: old.ID}); err != nil {
			return inUseMeanwhile(err, "choice", o.Names.in(v.Language))
		}
	}
	return nil
}

// inUseMeanwhile is a refusal by the database: a ticket came between the count
// and now.
func inUseMeanwhile(err error, what, name string) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return inUse(what, name, 1)
	}
	return err
}

func saveOptions(ctx context.Context, tx *store.Tx, f FieldRow) error {
	for i, o := range f.Options {
		names, err := json.Marshal(o.Names)
		if err != nil {
			return err
		}
		err = tx.SaveOption(ctx, db.SaveOptionParams{
			TenantID: tx.Tenant, ID: o.ID, FieldID: f.ID, Names: names, Position: int32(i), Archived: o.Archived,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// OrderFields puts the fields into an order, which names each once.
func (s *Service) OrderFields(ctx context.Context, ids []desk.ID) (list []FieldRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := orderFields(ctx, tx, v, ids); err != nil {
			return err
		}
		list, err = usedFields(ctx, tx, v)
		return err
	})
	return list, err
}

func orderFields(ctx context.Context, tx *store.Tx, v desk.Viewer, ids []desk.ID) error {
	old, err := holdFields(ctx, tx, v)
	if err != nil {
		return err
	}
	before := make([]desk.ID, len(old))
	for i, f := range old {
		before[i] = f.ID
	}
	if !slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(ids))) {
		return desk.Errorf(desk.CodeConflict, "the order names each field once; load them again").On("ids")
	}
	if err := tx.OrderFields(ctx, ids); err != nil {
		return err
	}
	return auditField(ctx, tx, v, "field.ordered", "", map[string]any{"old": before, "new": ids})
}

// RemoveField removes a field of the admin's own. One that tickets have a value
// in is CodeInUse with their number: archived, it keeps the values.
func (s *Service) RemoveField(ctx context.Context, id desk.ID) error {
	return s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err := holdFields(ctx, tx, v)
		if err != nil {
			return err
		}
		f, ok := list.by(string(id))
		switch {
		case !ok:
			return desk.Errorf(desk.CodeNotFound, "no such field")
		case f.Key != "":
			return desk.Errorf(desk.CodeBuiltIn, "a built-in field stays; hide it instead").With("name", f.Name)
		case f.Tickets > 0:
			return inUse("field", f.Name, f.Tickets)
		}
		if err := tx.RemoveField(ctx, id); err != nil {
			return inUseMeanwhile(err, "field", f.Name)
		}
		return auditField(ctx, tx, v, "field.removed", id, map[string]any{"old": partsOf(f), "kind": f.Kind})
	})
}

// fieldParts are what the audit log says of a field.
type fieldParts struct {
	Names    Names         `json:"names"`
	Mode     Mode          `json:"mode"`
	Required bool          `json:"required"`
	Archived bool          `json:"archived"`
	Options  []FieldOption `json:"options,omitempty"`
}

func partsOf(f FieldRow) fieldParts {
	return fieldParts{f.Names, f.Mode, f.Required, f.Archived, f.Options}
}

func auditField(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, id desk.ID, detail map[string]any) error {
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: action, Object: "field", ObjectID: id, Detail: detail})
}
