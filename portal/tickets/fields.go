package tickets

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// FieldKind is what a field holds. The zero value is invalid.
type FieldKind string

// The kinds of fields.
const (
	FieldColumn   FieldKind = "column" // a built-in one that is a part of the ticket itself
	FieldText     FieldKind = "text"
	FieldLongText FieldKind = "long_text"
	FieldNumber   FieldKind = "number"
	FieldDate     FieldKind = "date"
	FieldYesNo    FieldKind = "yes_no"
	FieldChoice   FieldKind = "choice"
	FieldChoices  FieldKind = "choices"
)

// FieldKinds lists those that an admin can add.
func FieldKinds() []FieldKind {
	return []FieldKind{FieldText, FieldLongText, FieldNumber, FieldDate, FieldYesNo, FieldChoice, FieldChoices}
}

func (k FieldKind) chooses() bool { return k == FieldChoice || k == FieldChoices }

// FieldInfo is a field of a form as its viewer sees it.
type FieldInfo struct {
	ID       desk.ID   `json:"id"`
	Key      string    `json:"key,omitempty" doc:"Of a built-in field."`
	Kind     FieldKind `json:"kind"`
	Name     string    `json:"name" doc:"In the reader's language."`
	Mode     Mode      `json:"mode" enum:"edit,read_only" doc:"What the viewer may do with it."`
	Required bool      `json:"required" doc:"Whether a ticket by a form needs it."`
	Options  []Ref     `json:"options" doc:"What can be chosen."`
}

// FieldRow is a field as admins see it.
type FieldRow struct {
	ID       desk.ID       `json:"id"`
	Key      string        `json:"key,omitempty" doc:"Of a built-in field, which stays."`
	Kind     FieldKind     `json:"kind"`
	Name     string        `json:"name" doc:"In the reader's language."`
	Names    Names         `json:"names" doc:"By language; a built-in field without has its usual name."`
	Mode     Mode          `json:"mode" enum:"edit,read_only,hidden" doc:"What users may do with it; read-only is for built-in fields."`
	Required bool          `json:"required" doc:"Whether a ticket by a form needs it."`
	Archived bool          `json:"archived" doc:"Not in forms any more; tickets keep their values."`
	Options  []FieldOption `json:"options"`
	Tickets  int64         `json:"tickets" doc:"How many tickets have a value."`
}

// FieldOption is one of a field's choices.
type FieldOption struct {
	ID       desk.ID `json:"id"`
	Names    Names   `json:"names"`
	Archived bool    `json:"archived" doc:"Not offered any more; tickets keep it."`
}

// fieldList is a tenant's fields in their order.
type fieldList []FieldRow

// fields reads a tenant's fields with their options.
func fields(ctx context.Context, tx *store.Tx, v desk.Viewer) (fieldList, error) {
	rows, err := tx.Fields(ctx)
	if err != nil {
		return nil, err
	}
	options, err := tx.FieldOptions(ctx)
	if err != nil {
		return nil, err
	}
	list := make(fieldList, len(rows))
	for i, r := range rows {
		f := FieldRow{
			ID: r.ID, Key: store.OrZero(r.Key), Kind: FieldKind(r.Kind), Mode: Mode(r.Mode), Required: r.Required,
			Archived: r.ArchivedAt != nil, Options: []FieldOption{},
		}
		if err := json.Unmarshal(r.Names, &f.Names); err != nil {
			return nil, err
		}
		f.Name = f.nameFor(v)
		for _, o := range options {
			if o.FieldID != r.ID {
				continue
			}
			option := FieldOption{ID: o.ID, Archived: o.ArchivedAt != nil}
			if err := json.Unmarshal(o.Names, &option.Names); err != nil {
				return nil, err
			}
			f.Options = append(f.Options, option)
		}
		list[i] = f
	}
	return list, nil
}

func (f FieldRow) nameFor(v desk.Viewer) string {
	if name := f.Names.in(v.Language); name != "" || f.Key == "" {
		return name
	}
	return prompts.Text(string(v.Language), "field_"+f.Key, nil)
}

// by finds a field by its id or the key of a built-in one.
func (l fieldList) by(name string) (FieldRow, bool) {
	i := slices.IndexFunc(l, func(f FieldRow) bool { return string(f.ID) == name || f.Key != "" && f.Key == name })
	if i < 0 {
		return FieldRow{}, false
	}
	return l[i], true
}

// option finds one of a field's choices.
func (f FieldRow) option(id desk.ID) (FieldOption, bool) {
	i := slices.IndexFunc(f.Options, func(o FieldOption) bool { return o.ID == id })
	if i < 0 {
		return FieldOption{}, false
	}
	return f.Options[i], true
}

// Form lists the fields that the viewer meets in the portal: staff all of
// them, contacts those that are not hidden (R21, R22).
func (s *Service) Form(ctx context.Context) (form []FieldInfo, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := rules(ctx, tx, v); err != nil {
			return err
		}
		list, err := fields(ctx, tx, v)
		if err != nil {
			return err
		}
		form = []FieldInfo{}
		for _, f := range list {
			if f.Archived || !v.Role.Staff() && f.Mode == ModeHidden {
				continue
			}
			info := FieldInfo{ID: f.ID, Key: f.Key, Kind: f.Kind, Name: f.Name, Mode: f.Mode, Required: f.Required, Options: []Ref{}}
			if v.Role.Staff() {
				info.Mode = ModeEdit
			}
			for _, o := range f.Options {
				if !o.Archived {
					info.Options = append(info.Options, Ref{ID: o.ID, Name: o.Names.in(v.Language)})
				}
			}
			if f.Key == FieldAssignee && info.Mode == ModeEdit {
				if info.Options, err = staffToAssign(ctx, tx); err != nil {
					return err
				}
			}
			form = append(form, info)
		}
		return nil
	})
	return form, err
}

func staffToAssign(ctx context.Context, tx *store.Tx) ([]Ref, error) {
	rows, err := tx.StaffToAssign(ctx)
	list := make([]Ref, len(rows))
	for i, r := range rows {
		list[i] = Ref{ID: r.ID, Name: r.Name}
	}
	return list, err
}

// FieldValue is what a ticket has in a field; which part is set depends on the
// field's kind.
type FieldValue struct {
	Field   desk.ID   `json:"field_id"`
	Key     string    `json:"key,omitempty"`
	Kind    FieldKind `json:"kind"`
	Name    string    `json:"name"`
	Text    string    `json:"text,omitempty"`
	Number  *float64  `json:"number,omitempty"`
	Date    string    `json:"date,omitempty" format:"date"`
	Yes     *bool     `json:"yes,omitempty"`
	Options []Ref     `json:"options,omitempty"`
}

// values reads what a ticket has in its fields, in the fields' order; for
// contacts only what is not hidden.
func (s sight) values(ctx context.Context, tx *store.Tx, v desk.Viewer, ticket desk.ID) ([]FieldValue, error) {
	list, err := fields(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	rows, err := tx.ValuesOf(ctx, []desk.ID{ticket})
	out := []FieldValue{}
	for _, f := range list {
		if !s.staff && f.Mode == ModeHidden {
			continue
		}
		value := FieldValue{Field: f.ID, Key: f.Key, Kind: f.Kind, Name: f.Name}
		found := false
		for _, r := range rows {
			if r.FieldID != f.ID {
				continue
			}
			found = true
			value.Text, value.Number, value.Yes = store.OrZero(r.Text), r.Number, r.Yes
			if r.Date != nil {
				value.Date = r.Date.Format(time.DateOnly)
			}
			if r.OptionID != nil {
				o, _ := f.option(*r.OptionID)
				value.Options = append(value.Options, Ref{ID: *r.OptionID, Name: o.Names.in(v.Language)})
			}
		}
		if found {
			out = append(out, value)
		}
	}
	return out, err
}
