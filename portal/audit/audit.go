// Package audit reads the log of who did what: page by page with filters, as a
// file, and back: a change of a setting is undone from its own entry. Only
// admins may; the log itself is only ever added to.
package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Service reads the log.
type Service struct{ store *store.Store }

// New returns the service.
func New(s *store.Store) *Service { return &Service{store: s} }

// LogActor is the person who did it.
type LogActor struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name" doc:"Empty: the account is gone."`
}

// LogEntry is one line of the log.
type LogEntry struct {
	ID         desk.ID         `json:"id"`
	At         time.Time       `json:"at"`
	Actor      *LogActor       `json:"actor,omitempty" doc:"Absent: the portal itself."`
	Action     string          `json:"action" doc:"What was done: the kind of object, a dot and a verb."`
	Object     string          `json:"object"`
	ObjectID   desk.ID         `json:"object_id,omitempty"`
	ObjectName string          `json:"object_name,omitempty" doc:"What it is called now."`
	Detail     json.RawMessage `json:"detail" doc:"The particulars; of a change, old and new."`
	Undo       bool            `json:"undo" doc:"Whether it is a change of a setting, which can be taken back."`
}

// Filter narrows the log; zero values narrow nothing.
type Filter struct {
	Actor    desk.ID
	Actions  []string
	Group    string // the kind of object, before the dot of an action
	Object   desk.ID
	From, To time.Time // To itself is not included
	Cursor   string    // of the page before
	Limit    int       // 0: 50; at most 200
}

func (s *Service) admin(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if v.Role != desk.RoleAdmin {
			return desk.Errorf(desk.CodeForbidden, "only an admin reads the audit log")
		}
		return fn(ctx, tx, v)
	})
}

// List reads a page of the log, newest first, and the cursor of the next.
func (s *Service) List(ctx context.Context, f Filter) (list []LogEntry, next string, err error) {
	if f.Limit < 1 || f.Limit > 200 {
		f.Limit = 50
	}
	p, err := f.params()
	if err != nil {
		return nil, "", err
	}
	err = s.admin(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = entries(ctx, tx, p, f.Limit+1)
		return err
	})
	if len(list) > f.Limit {
		list = list[:f.Limit]
		last := list[f.Limit-1]
		next = desk.Cursor(last.At, last.ID)
	}
	return list, next, err
}

func (f Filter) params() (p db.AuditEntriesParams, err error) {
	p = db.AuditEntriesParams{Actor: store.Optional(f.Actor), ObjectID: store.Optional(f.Object), Actions: slices.Clone(f.Actions), Since: moment(f.From), Until: moment(f.To)}
	if f.Group != "" {
		for _, a := range Actions() {
			if strings.HasPrefix(a, f.Group+".") && (len(f.Actions) == 0 || slices.Contains(f.Actions, a)) {
				p.Actions = append(p.Actions, a)
			}
		}
		if len(p.Actions) == 0 {
			return p, desk.Errorf(desk.CodeInvalid, "there is no such kind of object").On("group")
		}
	}
	if p.Actions == nil {
		p.Actions = []string{}
	}
	if f.Cursor != "" {
		p.Before, p.BeforeID, err = desk.ReadCursor(f.Cursor)
	}
	return p, err
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func entries(ctx context.Context, tx *store.Tx, p db.AuditEntriesParams, atMost int) ([]LogEntry, error) {
	if err := tx.CustomPlans(ctx); err != nil {
		return nil, err
	}
	p.Page = int32(atMost) //nolint:gosec // bounded by the callers
	rows, err := tx.AuditEntries(ctx, p)
	list := make([]LogEntry, len(rows))
	for i, r := range rows {
		list[i] = LogEntry{
			ID: r.ID, At: r.At.UTC(), Action: r.Action, Object: r.Object, ObjectID: store.OrZero(r.ObjectID), ObjectName: r.ObjectName,
			Detail: r.Detail, Undo: undoable(r.Action),
		}
		if r.Actor != nil {
			list[i].Actor = &LogActor{ID: *r.Actor, Name: r.ActorName}
		}
	}
	return list, err
}
