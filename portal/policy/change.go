package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Change sets the named switches and leaves the others alone. Only an admin
// may; every change is audited with the value before and after, so that it can
// be undone. An unknown name, a wrong type or an invalid mode is CodeInvalid
// and changes nothing.
func Change(ctx context.Context, tx *store.Tx, v desk.Viewer, patch map[string]json.RawMessage) (Switches, error) {
	if v.Role != desk.RoleAdmin {
		return Switches{}, desk.Errorf(desk.CodeForbidden, "only an admin changes policies")
	}
	if err := tx.LockTenant(ctx); err != nil { // two who add to one list: both stay
		return Switches{}, err
	}
	before, err := Load(ctx, tx)
	if err != nil {
		return Switches{}, err
	}
	after, err := Load(ctx, tx) // a second copy: maps and slices are not shared
	if err != nil {
		return Switches{}, err
	}
	rows, err := tx.Statuses(ctx)
	if err != nil {
		return Switches{}, err
	}
	statuses := make([]string, len(rows))
	for i, r := range rows {
		statuses[i] = r.Key
	}
	old, now := before.fields(), after.fields()
	for _, name := range sortedKeys(patch) {
		field, known := now[name]
		if !known {
			return Switches{}, desk.Errorf(desk.CodeInvalid, "there is no policy %q", name).On(name)
		}
		if err := strict(patch[name], field); err != nil {
			return Switches{}, desk.Wrap(desk.CodeInvalid, err, "this is not a value of the policy").On(name)
		}
		if err := check(name, &after, statuses); err != nil {
			return Switches{}, err
		}
		if reflect.DeepEqual(old[name], field) {
			continue
		}
		if err := save(ctx, tx, v, name, old[name], field); err != nil {
			return Switches{}, err
		}
	}
	return after, nil
}

func save(ctx context.Context, tx *store.Tx, v desk.Viewer, name string, old, now any) error {
	value, err := json.Marshal(now)
	if err != nil {
		return err
	}
	by := v.User
	if name == visibleStatuses {
		err = tx.ShowStatuses(ctx, *now.(*[]string)) //nolint:forcetypeassert // a field of Switches
	} else {
		err = tx.SetPolicy(ctx, db.SetPolicyParams{TenantID: tx.Tenant, Name: name, Value: value, UpdatedBy: &by})
	}
	if err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: "policy.changed", Object: "policy " + name,
		Detail: map[string]any{"name": name, "old": old, "new": now},
	})
}

func strict(raw json.RawMessage, into any) error {
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return errors.New("null") // would quietly empty the switch
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func check(name string, s *Switches, statuses []string) error {
	audiences := map[string]*Audience{"ticketing": &s.Ticketing, "knowledge_base": &s.KnowledgeBase, "self_service": &s.SelfService}
	if a, ok := audiences[name]; ok {
		if a.Mode != Off && a.Mode != Everyone && a.Mode != Selected {
			return desk.Errorf(desk.CodeInvalid, "mode is off, everyone or selected").On(name)
		}
		if a.Users == nil {
			a.Users = []desk.ID{}
		}
		for i, id := range a.Users {
			parsed, err := desk.ParseID(string(id))
			if err != nil {
				return desk.Errorf(desk.CodeInvalid, "users holds ids of users").On(name)
			}
			a.Users[i] = parsed
		}
	}
	known := Defaults()
	for op := range s.Operations {
		if _, ok := known.Operations[op]; !ok {
			return desk.Errorf(desk.CodeInvalid, "there is no operation %q", op).On(name)
		}
	}
	for _, status := range s.VisibleStatuses {
		if !slices.Contains(statuses, status) {
			return desk.Errorf(desk.CodeInvalid, "there is no status %q", status).On(name)
		}
	}
	return nil
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
