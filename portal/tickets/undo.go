package tickets

import (
	"context"
	"encoding/json"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
)

// UndoTx takes a change of a status, a field or their order back, as the audit
// log has it: old is what there was, now what it became. What has changed since
// is CodeChangedMeanwhile and stays as it is. v is an admin.
func UndoTx(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, status Status, field desk.ID, old, now json.RawMessage) error {
	switch action {
	case "status.changed":
		return undoStatus(ctx, tx, v, status, old, now)
	case "status.ordered":
		list, err := holdStatuses(ctx, tx)
		if err != nil {
			return err
		}
		return undoOrder(list, func(r StatusRow) Status { return r.Key }, old, now, func(keys []Status) error { return orderStatuses(ctx, tx, v, keys) })
	case "field.changed":
		return undoField(ctx, tx, v, field, old, now)
	case "field.ordered":
		list, err := holdFields(ctx, tx, v)
		if err != nil {
			return err
		}
		return undoOrder(list, func(f FieldRow) desk.ID { return f.ID }, old, now, func(ids []desk.ID) error { return orderFields(ctx, tx, v, ids) })
	}
	return desk.Errorf(desk.CodeNoUndo, "this cannot be undone")
}

func changedMeanwhile() error {
	return desk.Errorf(desk.CodeChangedMeanwhile, "this has been changed since, and stays as it is now")
}

func undoStatus(ctx context.Context, tx *store.Tx, v desk.Viewer, key Status, old, now json.RawMessage) error {
	var before statusParts
	if err := json.Unmarshal(old, &before); err != nil {
		return err
	}
	list, err := holdStatuses(ctx, tx)
	if err != nil {
		return err
	}
	r, ok := list.find(key)
	if !ok || !policy.SameJSON(statusParts{r.Names, r.Color, r.Visible}, now) {
		return changedMeanwhile()
	}
	_, err = changeStatus(ctx, tx, v, key, StatusDraft{Names: &before.Names, Color: &before.Color, Visible: &before.Visible})
	return err
}

func undoField(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, old, now json.RawMessage) error {
	var before fieldParts
	if err := json.Unmarshal(old, &before); err != nil {
		return err
	}
	list, err := holdFields(ctx, tx, v)
	if err != nil {
		return err
	}
	f, ok := list.by(string(id))
	if !ok || !policy.SameJSON(partsOf(f), now) {
		return changedMeanwhile()
	}
	d := FieldDraft{Names: &before.Names, Mode: &before.Mode, Required: &before.Required, Archived: &before.Archived}
	if len(before.Options) > 0 || len(f.Options) > 0 {
		options := make([]FieldOption, len(before.Options))
		for i, o := range before.Options {
			if _, there := f.option(o.ID); !there {
				o.ID = "" // removed since: a new choice of the same name
			}
			options[i] = o
		}
		d.Options = &options
	}
	_, err = changeField(ctx, tx, v, id, d)
	return err
}

// undoOrder puts a list back into its order. What was added or removed since is
// a change like any other.
func undoOrder[R any, K comparable](list []R, key func(R) K, old, now json.RawMessage, order func([]K) error) error {
	var before []K
	if err := json.Unmarshal(old, &before); err != nil {
		return err
	}
	keys := make([]K, len(list))
	for i, r := range list {
		keys[i] = key(r)
	}
	if !policy.SameJSON(keys, now) {
		return changedMeanwhile()
	}
	return order(before)
}
