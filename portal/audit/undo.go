package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
)

// undoable reports a change of a setting.
func undoable(action string) bool {
	return slices.Contains([]string{
		"policy.changed", "status.changed", "status.ordered", "field.changed", "field.ordered", "template.changed", "template.restored",
	}, action)
}

// change is what the entry of such a change holds.
type change struct {
	Name     string          `json:"name"`     // of a switch or a template
	Language desk.Language   `json:"language"` // of a template
	Old      json.RawMessage `json:"old"`
	New      json.RawMessage `json:"new"`
}

// Undo takes a change of a setting back. It is a change like any other, with an
// entry of its own. What has changed again since stays as it is:
// CodeChangedMeanwhile. Any other entry is CodeNoUndo.
func (s *Service) Undo(ctx context.Context, id desk.ID) error {
	return s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		e, err := tx.AuditEntry(ctx, id)
		if store.NoRows(err) {
			return desk.Errorf(desk.CodeNotFound, "no such entry")
		}
		if err != nil {
			return err
		}
		if !undoable(e.Action) {
			return desk.Errorf(desk.CodeNoUndo, "this cannot be undone")
		}
		if err := undo(ctx, tx, v, e); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "audit.undone", Object: e.Object, ObjectID: id, Detail: map[string]any{"action": e.Action}})
	})
}

func undo(ctx context.Context, tx *store.Tx, v desk.Viewer, e db.AuditEntryRow) error {
	var c change
	if err := json.Unmarshal(e.Detail, &c); err != nil || c.Old == nil || c.New == nil {
		return desk.Errorf(desk.CodeNoUndo, "the entry does not say what there was before")
	}
	switch {
	case e.Action == "policy.changed" && c.Name == verify.RulesPolicy:
		return verify.UndoRulesTx(ctx, tx, v, c.Old, c.New)
	case e.Action == "policy.changed":
		return policy.UndoTx(ctx, tx, v, c.Name, c.Old, c.New)
	case strings.HasPrefix(e.Action, "template."):
		return notify.UndoTemplateTx(ctx, tx, v, c.Name, c.Language, c.Old, c.New)
	}
	return tickets.UndoTx(ctx, tx, v, e.Action, tickets.Status(strings.TrimPrefix(e.Object, "status ")), store.OrZero(e.ObjectID), c.Old, c.New)
}
