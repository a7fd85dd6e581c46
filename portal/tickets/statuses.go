package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/prompts"
)

// StatusInfo is a status as a reader sees it.
type StatusInfo struct {
	Key   Status     `json:"key"`
	Kind  StatusKind `json:"kind"`
	Name  string     `json:"name" doc:"In the reader's language."`
	Color string     `json:"color" enum:"grey,blue,green,yellow,orange,red,violet"`
}

// StatusRow is a status as admins see it.
type StatusRow struct {
	StatusInfo
	Names   Names `json:"names" doc:"By language; a built-in status without is called by its kind."`
	BuiltIn bool  `json:"built_in" doc:"It stays: the portal itself sets it."`
	Visible bool  `json:"visible" doc:"R19: whether users see tickets that stand here."`
	Tickets int64 `json:"tickets" doc:"How many stand here."`
}

// Colors lists the colours of statuses.
func Colors() []string {
	return []string{"grey", "blue", "green", "yellow", "orange", "red", "violet"}
}

func (r StatusRow) builtIn() bool { return string(r.Key) == string(r.Kind) }

// known reads a tenant's statuses in their order.
func known(ctx context.Context, tx *store.Tx) (statusList, error) {
	rows, err := tx.Statuses(ctx)
	if err != nil {
		return nil, err
	}
	list := make(statusList, len(rows))
	for i, r := range rows {
		list[i] = StatusRow{StatusInfo: StatusInfo{Key: Status(r.Key), Kind: StatusKind(r.Kind), Color: r.Color}, Visible: r.Visible}
		if err := json.Unmarshal(r.Names, &list[i].Names); err != nil {
			return nil, fmt.Errorf("names of status %s: %w", r.Key, err)
		}
		list[i].BuiltIn = list[i].builtIn()
	}
	return list, nil
}

type statusList []StatusRow

func (l statusList) find(key Status) (StatusRow, bool) {
	i := slices.IndexFunc(l, func(r StatusRow) bool { return r.Key == key })
	if i < 0 {
		return StatusRow{}, false
	}
	return l[i], true
}

// kindOf is the kind of a status; an unknown one is CodeInvalid.
func (l statusList) kindOf(key Status) (StatusKind, error) {
	r, ok := l.find(key)
	if !ok {
		return "", noSuchStatus().On("status")
	}
	return r.Kind, nil
}

func noSuchStatus() *desk.Error { return desk.Errorf(desk.CodeInvalid, "there is no such status") }

// nameFor is what a reader calls the status; a built-in one without names of
// its own is called by its kind.
func (r StatusRow) nameFor(v desk.Viewer) string {
	if name := r.Names.in(v.Language); name != "" {
		return name
	}
	key := "status_" + string(r.Kind)
	if r.Kind == KindPending && v.Role.Staff() {
		key += "_staff" // it waits for the user, and the user is somebody else
	}
	return prompts.Text(string(v.Language), key, nil)
}

// Statuses lists the statuses by the names that the viewer knows: all for
// staff, for contacts those that the portal shows (R19).
func (s *Service) Statuses(ctx context.Context) (list []StatusInfo, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		rows, err := known(ctx, tx)
		list = []StatusInfo{}
		for _, r := range rows {
			if v.Role.Staff() || r.Visible {
				r.Name = r.nameFor(v)
				list = append(list, r.StatusInfo)
			}
		}
		return err
	})
	return list, err
}

// asAdmin runs fn for an admin.
func (s *Service) asAdmin(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if v.Role != desk.RoleAdmin {
			return desk.Errorf(desk.CodeForbidden, "only an admin changes how tickets work")
		}
		return fn(ctx, tx, v)
	})
}

// asStaff runs fn for staff.
func (s *Service) asStaff(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may do this")
		}
		return fn(ctx, tx, v)
	})
}

// AllStatuses lists the statuses for staff, with how many tickets stand where.
func (s *Service) AllStatuses(ctx context.Context) (list []StatusRow, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = allStatuses(ctx, tx, v)
		return err
	})
	return list, err
}

func allStatuses(ctx context.Context, tx *store.Tx, v desk.Viewer) (statusList, error) {
	list, err := known(ctx, tx)
	if err != nil {
		return nil, err
	}
	use, err := tx.StatusUse(ctx)
	for i := range list {
		list[i].Name = list[i].nameFor(v)
		for _, u := range use {
			if u.Status == string(list[i].Key) {
				list[i].Tickets = u.Tickets
			}
		}
	}
	return list, err
}

// StatusDraft is a status as an admin writes it; nil leaves a part alone. Kind
// is for new ones: a status that changed its kind would move its tickets.
type StatusDraft struct {
	Kind    StatusKind
	Names   *Names
	Color   *string
	Visible *bool
}

// maxStatuses keeps the list one that people can read.
const maxStatuses = 40

// AddStatus makes a status of a kind.
func (s *Service) AddStatus(ctx context.Context, d StatusDraft) (r StatusRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err := holdStatuses(ctx, tx)
		if err != nil {
			return err
		}
		if len(list) >= maxStatuses {
			return desk.Errorf(desk.CodeInvalid, "there are %d statuses; remove one first", maxStatuses)
		}
		if !slices.Contains(StatusKinds(), d.Kind) {
			return desk.Errorf(desk.CodeInvalid, "there is no such kind").On("kind")
		}
		r = StatusRow{StatusInfo: StatusInfo{Kind: d.Kind, Color: "grey"}, Names: Names{}, Visible: true}
		if r, err = d.applyTo(r, list); err != nil {
			return err
		}
		r.Key = list.freeKey(r)
		r.Name = r.nameFor(v)
		names, err := json.Marshal(r.Names)
		if err != nil {
			return err
		}
		err = tx.AddStatus(ctx, db.AddStatusParams{TenantID: tx.Tenant, Key: string(r.Key), Kind: string(r.Kind), Names: names, Color: r.Color, Visible: r.Visible})
		if err != nil {
			return err
		}
		return auditStatus(ctx, tx, v, "status.added", r.Key, map[string]any{"new": r.Names, "kind": r.Kind, "visible": r.Visible})
	})
	return r, err
}

func holdStatuses(ctx context.Context, tx *store.Tx) (statusList, error) {
	if err := tx.HoldStatuses(ctx); err != nil {
		return nil, err
	}
	return known(ctx, tx)
}

// applyTo puts the draft's parts into r and checks them. Two statuses with one
// name could not be told apart.
func (d StatusDraft) applyTo(r StatusRow, list statusList) (StatusRow, error) {
	if d.Names != nil {
		r.Names = *d.Names
	}
	names, err := r.Names.check(r.builtIn())
	if err != nil {
		return r, err
	}
	r.Names = names
	for _, other := range list {
		for lang, name := range r.Names {
			if other.Key != r.Key && strings.EqualFold(other.Names[lang], name) {
				return r, desk.Errorf(desk.CodeTaken, "another status has this name").On("names").With("name", name)
			}
		}
	}
	if d.Color != nil {
		if !slices.Contains(Colors(), *d.Color) {
			return r, desk.Errorf(desk.CodeInvalid, "there is no such colour").On("color")
		}
		r.Color = *d.Color
	}
	if d.Visible != nil {
		r.Visible = *d.Visible
	}
	return r, nil
}

var notInKey = regexp.MustCompile(`[^a-z0-9]+`)

// freeKey makes a key of the name that nobody has.
func (l statusList) freeKey(r StatusRow) Status {
	base := strings.Trim(notInKey.ReplaceAllString(strings.ToLower(r.Names.in("en")), "-"), "-")
	if len(base) > 30 {
		base = strings.Trim(base[:30], "-")
	}
	if base == "" {
		base = string(r.Kind)
	}
	key := Status(base)
	for n := 2; ; n++ {
		if _, taken := l.find(key); !taken {
			return key
		}
		key = Status(fmt.Sprintf("%s-%d", base, n))
	}
}

// ChangeStatus renames a status, gives it another colour, shows or hides it.
func (s *Service) ChangeStatus(ctx context.Context, key Status, d StatusDraft) (r StatusRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		r, err = changeStatus(ctx, tx, v, key, d)
		return err
	})
	return r, err
}

// statusParts are what the audit log says of a status.
type statusParts struct {
	Names   Names  `json:"names"`
	Color   string `json:"color"`
	Visible bool   `json:"visible"`
}

func changeStatus(ctx context.Context, tx *store.Tx, v desk.Viewer, key Status, d StatusDraft) (r StatusRow, err error) {
	list, err := holdStatuses(ctx, tx)
	if err != nil {
		return r, err
	}
	old, ok := list.find(key)
	if !ok {
		return r, desk.Errorf(desk.CodeNotFound, "no such status")
	}
	if r, err = d.applyTo(old, list); err != nil {
		return r, err
	}
	r.Name = r.nameFor(v)
	names, err := json.Marshal(r.Names)
	if err != nil {
		return r, err
	}
	if err := tx.ChangeStatus(ctx, db.ChangeStatusParams{Key: string(key), Names: names, Color: r.Color, Visible: r.Visible}); err != nil {
		return r, err
	}
	return r, auditStatus(ctx, tx, v, "status.changed", key, map[string]any{
		"old": statusParts{old.Names, old.Color, old.Visible}, "new": statusParts{r.Names, r.Color, r.Visible},
	})
}

// OrderStatuses puts the statuses into an order, which names each once.
func (s *Service) OrderStatuses(ctx context.Context, keys []Status) (list []StatusRow, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := orderStatuses(ctx, tx, v, keys); err != nil {
			return err
		}
		list, err = allStatuses(ctx, tx, v)
		return err
	})
	return list, err
}

func orderStatuses(ctx context.Context, tx *store.Tx, v desk.Viewer, keys []Status) error {
	old, err := holdStatuses(ctx, tx)
	if err != nil {
		return err
	}
	before, after := make([]string, len(old)), make([]string, len(keys))
	for i, r := range old {
		before[i] = string(r.Key)
	}
	for i, k := range keys {
		after[i] = string(k)
	}
	if !slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(after))) {
		return desk.Errorf(desk.CodeConflict, "the order names each status once; load them again").On("keys")
	}
	if err := tx.OrderStatuses(ctx, after); err != nil {
		return err
	}
	return auditStatus(ctx, tx, v, "status.ordered", "", map[string]any{"old": before, "new": after})
}

// RemoveStatus removes a status that is not built in. Where tickets stand
// there, they go to the replacement; without one it is CodeInUse with their
// number, and nothing happens.
func (s *Service) RemoveStatus(ctx context.Context, key, replacement Status) error {
	err := s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := holdStatuses(ctx, tx); err != nil {
			return err
		}
		list, err := allStatuses(ctx, tx, v)
		if err != nil {
			return err
		}
		r, ok := list.find(key)
		if !ok {
			return desk.Errorf(desk.CodeNotFound, "no such status")
		}
		if r.BuiltIn {
			return desk.Errorf(desk.CodeBuiltIn, "the portal itself sets this status; rename or hide it instead").With("name", r.Name)
		}
		if replacement != "" {
			if _, ok := list.find(replacement); !ok || replacement == key {
				return noSuchStatus().On("replacement")
			}
		}
		moved, err := moveTickets(ctx, tx, v, r, replacement)
		if err != nil {
			return err
		}
		if err := tx.RemoveStatus(ctx, string(key)); err != nil {
			return err
		}
		return auditStatus(ctx, tx, v, "status.removed", key, map[string]any{"old": r.Names, "kind": r.Kind, "tickets": moved, "replacement": replacement})
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" { // a ticket came here between the count and now
		return inUse("status", string(key), 1)
	}
	return err
}

func moveTickets(ctx context.Context, tx *store.Tx, v desk.Viewer, r StatusRow, replacement Status) (int64, error) {
	if replacement == "" {
		if r.Tickets > 0 {
			return 0, inUse("status", r.Name, r.Tickets)
		}
		return 0, nil
	}
	return tx.MoveTickets(ctx, db.MoveTicketsParams{TenantID: tx.Tenant, Actor: v.User, Key: string(r.Key), Replacement: string(replacement)})
}

// inUse refuses to remove what tickets have; what is the kind of thing.
func inUse(what, name string, n int64) *desk.Error {
	return desk.Errorf(desk.CodeInUse, "tickets have this %s: %d", what, n).With("what", what).With("name", name).With("tickets", n)
}

func auditStatus(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, key Status, detail map[string]any) error {
	if key != "" {
		detail["key"] = key
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: action, Object: strings.TrimSpace("status " + string(key)), Detail: detail})
}
