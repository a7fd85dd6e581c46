package policy

import (
	"context"
	"encoding/json"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// UndoTx takes the change of a switch back, as the audit log has it: old is what
// it was, now what it became. A switch that has changed since is
// CodeChangedMeanwhile and stays as it is.
func UndoTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name string, old, now json.RawMessage) error {
	if err := tx.LockTenant(ctx); err != nil {
		return err
	}
	s, err := Load(ctx, tx)
	if err != nil {
		return err
	}
	field, known := s.fields()[name]
	if !known {
		return desk.Errorf(desk.CodeNoUndo, "there is no such switch any more")
	}
	if !SameJSON(field, now) {
		return desk.Errorf(desk.CodeChangedMeanwhile, "this has been changed since, and stays as it is now")
	}
	_, err = Change(ctx, tx, v, map[string]json.RawMessage{name: old})
	return err
}

// SameJSON reports whether a value is written like the text.
func SameJSON(value any, raw json.RawMessage) bool {
	var want, have any
	written, err := json.Marshal(value)
	if err != nil || json.Unmarshal(written, &have) != nil || json.Unmarshal(raw, &want) != nil {
		return false
	}
	return equal(have, want)
}

// equal takes an empty list or map for none, as the switches do.
func equal(a, b any) bool {
	if empty(a) && empty(b) {
		return true
	}
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if _, there := b[k]; !there || !equal(a[k], b[k]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	_, isMap := b.(map[string]any)
	_, isList := b.([]any)
	return !isMap && !isList && a == b
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
