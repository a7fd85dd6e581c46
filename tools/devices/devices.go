// Package devices knows the computers that have an agent: who may act on
// which, what is installed on them, and the link by which signed commands
// reach them (DESIGN 4 and 7).
//
// Where a device is let in: enrol.go, once, by a token; link.go, at each
// connection, by a signature over the server's nonce. A device is nobody in
// the portal: its key opens no route of people, and no cookie opens its link.
//
// Delivery rules of the link.
//   - Commands come from the ledger, asked for by device, after a wake-up on the
//     bus, at the start of a link, and by a sweep: every 2 s while the bus is
//     away, every 4 s while it is not. A lost wake-up costs seconds and no command.
//   - A command may be sent twice, on two links: the agent remembers ids.
//   - Two live links with one key are a copied key. Both are flagged, and no
//     command goes to the device until staff trust it again.
//   - Every word of a device is data. It is bounded, cleaned, and touches rows of
//     that device only.
//
// What an idle agent costs: its reader goroutine and one link here. No timer,
// no goroutine, no subscription, no connection to the database.
package devices

import (
	"context"
	"log/slog"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/actions"
)

// Rules is the ledger as the registry needs it: what somebody may have done on
// a device, and that nothing waits any more for one that is gone, by the same
// commit.
type Rules interface {
	MayTx(ctx context.Context, tx *store.Tx, v desk.Viewer, device desk.ID) ([]actions.May, error)
	DeviceGoneTx(ctx context.Context, tx *store.Tx, device desk.ID) error
}

// Service is the registry.
type Service struct {
	store  *store.Store
	log    *slog.Logger
	ledger Rules
}

// Plug connects the registry with the ledger, before it serves.
func (s *Service) Plug(r Rules) { s.ledger = r }

// New returns the registry of all tenants.
func New(s *store.Store, log *slog.Logger) *Service { return &Service{store: s, log: log} }

// Subject is where a device is woken: a command waits, or its standing has
// changed.
func Subject(tenant, device desk.ID) string { return "device." + string(tenant) + "." + string(device) }

// Device is a row as its user, or staff, sees it.
type Device struct {
	ID            desk.ID       `json:"id"`
	Name          string        `json:"name"`
	System        string        `json:"system" enum:"windows,macos,linux"`
	SystemVersion string        `json:"system_version"`
	Online        bool          `json:"online"`
	LastSeenAt    *time.Time    `json:"last_seen_at,omitempty"`
	Account       string        `json:"account,omitempty" doc:"The viewer's local account on it."`
	Company       *people.Named `json:"company,omitempty"`
	Simulated     bool          `json:"simulated"`
	Suspect       bool          `json:"suspect" doc:"Its key was seen twice; nothing runs on it until staff trust it again."`
	Operations    []actions.May `json:"operations" doc:"What the viewer may have done on it, and why not; empty for a device that is not the viewer's."`
}

// Mine lists the viewer's own devices: those assigned to this very person.
func (s *Service) Mine(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]Device, error) {
	return s.list(ctx, tx, v, db.DeviceRowsParams{UserID: &v.User, AfterID: nilID, AtMost: maxOwn})
}

// maxOwn bounds the devices of one person.
const maxOwn = 200

const nilID = desk.ID("00000000-0000-0000-0000-000000000000")

// MyDevices is Mine for the viewer of ctx.
func (s *Service) MyDevices(ctx context.Context) (list []Device, err error) {
	err = s.viewer(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = s.Mine(ctx, tx, v)
		return err
	})
	return list, err
}

// Get returns one device of the viewer's. Absent, revoked and somebody else's
// are one answer: CodeNotFound.
func (s *Service) Get(ctx context.Context, id desk.ID) (d Device, err error) {
	err = s.viewer(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		d, err = s.GetTx(ctx, tx, v, id)
		return err
	})
	return d, err
}

// GetTx is Get in the caller's transaction.
func (s *Service) GetTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Device, error) {
	list, err := s.list(ctx, tx, v, db.DeviceRowsParams{UserID: &v.User, DeviceID: &id, AfterID: nilID, AtMost: 1})
	if err != nil {
		return Device{}, err
	}
	if len(list) == 0 {
		return Device{}, errNoDevice
	}
	return list[0], nil
}

var errNoDevice = desk.Errorf(desk.CodeNotFound, "no such device")

func (s *Service) list(ctx context.Context, tx *store.Tx, v desk.Viewer, which db.DeviceRowsParams) ([]Device, error) {
	rows, err := tx.DeviceRows(ctx, which)
	if err != nil {
		return nil, err
	}
	list := make([]Device, len(rows))
	for i, r := range rows {
		list[i] = deviceOf(r)
		list[i].Operations = []actions.May{}
		if which.UserID == nil || s.ledger == nil {
			continue // staff see it; only its user acts on it
		}
		if list[i].Operations, err = s.ledger.MayTx(ctx, tx, v, r.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func deviceOf(r db.DeviceRowsRow) Device {
	d := Device{
		ID: r.ID, Name: r.Name, System: r.System, SystemVersion: r.SystemVersion, Online: r.Online && r.RevokedAt == nil,
		LastSeenAt: r.LastSeenAt, Account: r.Account, Simulated: r.Simulated, Suspect: r.SuspectAt != nil,
	}
	if r.CompanyID != nil && r.CompanyName != nil {
		d.Company = &people.Named{ID: *r.CompanyID, Name: *r.CompanyName}
	}
	return d
}

// viewer runs fn in the viewer's tenant.
func (s *Service) viewer(ctx context.Context, fn func(context.Context, *store.Tx, desk.Viewer) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	return s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return fn(ctx, tx, v) })
}

// staff runs fn in the viewer's tenant if the viewer works there.
func (s *Service) staff(ctx context.Context, fn func(context.Context, *store.Tx, desk.Viewer) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	if !v.Role.Staff() {
		return desk.Errorf(desk.CodeForbidden, "only staff may do this")
	}
	return s.viewer(ctx, fn)
}
