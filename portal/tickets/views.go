package tickets

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// SavedFilter is what a saved view keeps: everything that a list is asked for
// but its page.
type SavedFilter struct {
	View   View     `json:"view,omitempty" enum:"mine,queue,handoff"`
	Status []Status `json:"status,omitempty"`
	Query  string   `json:"q,omitempty" maxLength:"200"`
	Narrow
}

func (f SavedFilter) filter() Filter {
	return Filter{View: f.View, Status: f.Status, Query: f.Query, Narrow: f.Narrow}
}

// SavedView is a list that staff keep under a name.
type SavedView struct {
	ID     desk.ID     `json:"id"`
	Name   string      `json:"name"`
	Shared bool        `json:"shared" doc:"All staff have it; admins keep it."`
	Filter SavedFilter `json:"filter"`
	Count  int         `json:"count" doc:"How many tickets are in it; 1000 stands for more."`
	Broken bool        `json:"broken,omitempty" doc:"It asks for a status, a field or a choice that is gone."`
}

// ViewDraft is a saved view as it is written; nil leaves a part alone.
type ViewDraft struct {
	Name   *string
	Shared *bool
	Filter *SavedFilter
}

const (
	maxViews = 30 // of one person, and shared ones
	maxCount = 1000
)

// Views lists the viewer's saved views and the shared ones, with how many
// tickets are in each.
func (s *Service) Views(ctx context.Context) (list []SavedView, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		rows, err := tx.SavedViews(ctx, &v.User)
		if err != nil {
			return err
		}
		statuses, err := known(ctx, tx)
		if err != nil {
			return err
		}
		list = make([]SavedView, len(rows))
		for i, r := range rows {
			view := SavedView{ID: r.ID, Name: r.Name, Shared: r.OwnerID == nil}
			if err := json.Unmarshal(r.Filter, &view.Filter); err != nil {
				return err
			}
			if view.Count, err = count(ctx, tx, v, statuses, view.Filter); desk.CodeOf(err) == desk.CodeInvalid {
				view.Broken, err = true, nil
			}
			if err != nil {
				return err
			}
			list[i] = view
		}
		return nil
	})
	return list, err
}

func count(ctx context.Context, tx *store.Tx, v desk.Viewer, statuses statusList, saved SavedFilter) (int, error) {
	f := saved.filter()
	if err := f.Narrow.check(ctx, tx, v); err != nil {
		return 0, err
	}
	w, err := f.wanted(v, statuses)
	if err != nil {
		return 0, err
	}
	w.atMost = maxCount
	ids, err := w.ids(ctx, tx, v)
	return len(ids), err
}

// AddView saves a view. Sharing one is for admins.
func (s *Service) AddView(ctx context.Context, d ViewDraft) (view SavedView, err error) {
	view.ID = desk.NewID()
	err = s.saveView(ctx, d, &view, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		rows, err := tx.SavedViews(ctx, &v.User)
		if err != nil {
			return err
		}
		alike := slices.DeleteFunc(rows, func(r db.SavedViewsRow) bool { return (r.OwnerID == nil) != view.Shared })
		if len(alike) >= maxViews {
			return desk.Errorf(desk.CodeInvalid, "there are %d views; remove one first", maxViews)
		}
		return nil
	})
	return view, err
}

// ChangeView renames a view, gives it another filter, shares it or takes it
// back to the admin who does so.
func (s *Service) ChangeView(ctx context.Context, id desk.ID, d ViewDraft) (view SavedView, err error) {
	err = s.saveView(ctx, d, &view, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		view, err = ownView(ctx, tx, v, id)
		return err
	})
	return view, err
}

// saveView reads what is there by begin, puts the draft into it and stores it.
func (s *Service) saveView(ctx context.Context, d ViewDraft, view *SavedView, begin func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if d.Shared != nil {
			view.Shared = *d.Shared
		}
		if err := begin(ctx, tx, v); err != nil {
			return err
		}
		was := view.Shared
		if d.Shared != nil {
			view.Shared = *d.Shared
		}
		if (view.Shared || was) && v.Role != desk.RoleAdmin {
			return desk.Errorf(desk.CodeForbidden, "only an admin keeps views for everybody").On("shared")
		}
		if d.Name != nil {
			if err := desk.CheckText(*d.Name, MaxName); err != nil {
				return desk.OnField("name", err)
			}
			view.Name = desk.FirstLine(*d.Name, MaxName)
		}
		if d.Filter != nil {
			view.Filter = *d.Filter
			view.Filter.Query = strings.TrimSpace(view.Filter.Query)
		}
		statuses, err := known(ctx, tx)
		if err != nil {
			return err
		}
		if view.Count, err = count(ctx, tx, v, statuses, view.Filter); err != nil {
			return err
		}
		raw, err := json.Marshal(view.Filter)
		if err != nil {
			return err
		}
		p := db.SaveViewParams{TenantID: tx.Tenant, ID: view.ID, Name: view.Name, Filter: raw}
		if !view.Shared {
			p.OwnerID = &v.User
		}
		if err := tx.SaveView(ctx, p); err != nil || !view.Shared && !was {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "view.saved", Object: "view", ObjectID: view.ID, Detail: map[string]any{"name": view.Name, "shared": view.Shared}})
	})
}

// ownView reads a view that v may change: the own, and shared ones for admins.
func ownView(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (SavedView, error) {
	r, err := tx.SavedView(ctx, id)
	if store.NoRows(err) || err == nil && r.OwnerID != nil && *r.OwnerID != v.User {
		return SavedView{}, desk.Errorf(desk.CodeNotFound, "no such view")
	}
	if err != nil {
		return SavedView{}, err
	}
	view := SavedView{ID: r.ID, Name: r.Name, Shared: r.OwnerID == nil}
	if view.Shared && v.Role != desk.RoleAdmin {
		return view, desk.Errorf(desk.CodeForbidden, "only an admin keeps views for everybody")
	}
	return view, json.Unmarshal(r.Filter, &view.Filter)
}

// RemoveView forgets a view. The tickets stay.
func (s *Service) RemoveView(ctx context.Context, id desk.ID) error {
	return s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		view, err := ownView(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if err := tx.RemoveView(ctx, id); err != nil || !view.Shared {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "view.removed", Object: "view", ObjectID: id, Detail: map[string]any{"name": view.Name}})
	})
}
