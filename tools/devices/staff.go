package devices

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Managed is a device as staff see it. The last three lists are there for one
// device only.
type Managed struct {
	Device
	AgentVersion string       `json:"agent_version"`
	BootedAt     *time.Time   `json:"booted_at,omitempty"`
	SuspectAt    *time.Time   `json:"suspect_at,omitempty"`
	RevokedAt    *time.Time   `json:"revoked_at,omitempty"`
	CreatedAt    time.Time    `json:"created_at"`
	Assignments  []Assignment `json:"assignments"`
	Accounts     []Account    `json:"accounts,omitempty"`
	Packages     []Installed  `json:"packages,omitempty"`
}

// Assignment is a person who may act on a device, as a local account.
type Assignment struct {
	User    people.Named `json:"user"`
	Account string       `json:"account"`
	At      time.Time    `json:"at"`
	Waits   *time.Time   `json:"waits_until,omitempty" doc:"The person may not act on it before: it was somebody else's, and a technician assigned it. An admin who assigns it again lets them."`
}

// Account is an account of a device, from its inventory.
type Account struct {
	Name     string `json:"name"`
	Kind     string `json:"kind" enum:"local,domain,cloud"`
	LoggedIn bool   `json:"logged_in"`
}

// Installed is an installed package, from a device's inventory.
type Installed struct {
	Manager string `json:"manager"`
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Cursor is where a list goes on; the zero value is its start.
type Cursor struct {
	Name string  `json:"name"`
	ID   desk.ID `json:"id"`
}

// All lists the tenant's devices by name, for staff.
func (s *Service) All(ctx context.Context, after Cursor, atMost int) (list []Managed, err error) {
	if after.ID == "" {
		after.ID = nilID
	}
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = s.managed(ctx, tx, db.DeviceRowsParams{AfterName: after.Name, AfterID: after.ID, AtMost: int32(min(max(atMost, 1), 200))})
		return err
	})
	return list, err
}

// One returns all that is known of a device, for staff.
func (s *Service) One(ctx context.Context, id desk.ID) (m Managed, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		m, err = s.one(ctx, tx, id)
		return err
	})
	return m, err
}

func (s *Service) one(ctx context.Context, tx *store.Tx, id desk.ID) (Managed, error) {
	list, err := s.managed(ctx, tx, db.DeviceRowsParams{DeviceID: &id, AfterID: nilID, AtMost: 1})
	if err != nil {
		return Managed{}, err
	}
	if len(list) == 0 {
		return Managed{}, errNoDevice
	}
	m := list[0]
	accounts, err := tx.DeviceAccounts(ctx, id)
	if err != nil {
		return Managed{}, err
	}
	for _, a := range accounts {
		m.Accounts = append(m.Accounts, Account{Name: a.Name, Kind: a.Kind, LoggedIn: a.LoggedIn})
	}
	packages, err := tx.DevicePackages(ctx, id)
	for _, p := range packages {
		m.Packages = append(m.Packages, Installed{Manager: p.Manager, ID: p.Package, Version: p.Version})
	}
	return m, err
}

func (s *Service) managed(ctx context.Context, tx *store.Tx, which db.DeviceRowsParams) ([]Managed, error) {
	rows, err := tx.DeviceRows(ctx, which)
	if err != nil {
		return nil, err
	}
	ids := make([]desk.ID, len(rows))
	at := make(map[desk.ID]int, len(rows))
	list := make([]Managed, len(rows))
	for i, r := range rows {
		ids[i], at[r.ID] = r.ID, i
		list[i] = Managed{
			Device: deviceOf(r), AgentVersion: r.AgentVersion, BootedAt: r.BootedAt, SuspectAt: r.SuspectAt,
			RevokedAt: r.RevokedAt, CreatedAt: r.CreatedAt, Assignments: []Assignment{},
		}
		list[i].Operations = []actions.May{}
	}
	assigned, err := tx.DeviceAssignments(ctx, ids)
	for _, a := range assigned {
		m := &list[at[a.DeviceID]]
		as := Assignment{User: people.Named{ID: a.UserID, Name: a.UserName}, Account: a.Account, At: a.CreatedAt}
		if a.ActsFrom != nil && a.ActsFrom.After(time.Now()) {
			as.Waits = a.ActsFrom
		}
		m.Assignments = append(m.Assignments, as)
	}
	return list, err
}

// Assign lets a person act on a device, as the account that staff name: one
// that the device itself has reported. Without an account the password of
// nobody can be reset on it. A person of another company is refused. Whoever
// gets another's device from a technician waits a day with acts on it, unless
// they have confirmed acts for longer than that: the technician could have made
// the account. An admin's assignment counts at once.
func (s *Service) Assign(ctx context.Context, device, user desk.ID, account string) (m Managed, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if m, err = s.one(ctx, tx, device); err != nil {
			return err
		}
		if m.RevokedAt != nil {
			return desk.Errorf(desk.CodeConflict, "the device was revoked")
		}
		if err := s.mayHave(ctx, tx, m, user); err != nil {
			return err
		}
		row := db.AssignDeviceParams{TenantID: tx.Tenant, DeviceID: device, UserID: user, Account: account, CreatedBy: &v.User, ByAdmin: v.Role == desk.RoleAdmin}
		if !row.ByAdmin {
			if row.Waits, err = tx.TakesFromAnother(ctx, db.TakesFromAnotherParams{DeviceID: device, UserID: user}); err != nil {
				return err
			}
		}
		if account != "" {
			a, err := tx.DeviceAccount(ctx, db.DeviceAccountParams{DeviceID: device, Name: account})
			if store.NoRows(err) {
				return desk.Errorf(desk.CodeInvalid, "the device has no such account").On("account")
			}
			if err != nil {
				return err
			}
			if a.Kind != wire.AccountLocal {
				return desk.Errorf(desk.CodeInvalid, "this is no local account").On("account")
			}
			row.AccountSid = a.Sid
		}
		if err := tx.AssignDevice(ctx, row); err != nil {
			return err
		}
		if err := tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "device.assigned", Object: "device", ObjectID: device, Detail: map[string]any{"user": user}}); err != nil {
			return err
		}
		m, err = s.one(ctx, tx, device)
		return err
	})
	return m, err
}

func (s *Service) mayHave(ctx context.Context, tx *store.Tx, m Managed, user desk.ID) error {
	company, err := tx.CompanyOfUser(ctx, user)
	if store.NoRows(err) {
		return desk.Errorf(desk.CodeNotFound, "no such person").On("user_id")
	}
	if err != nil {
		return err
	}
	if m.Company != nil && (company == nil || *company != m.Company.ID) {
		return desk.Errorf(desk.CodeInvalid, "the device is another company's").On("user_id")
	}
	return nil
}

// Unassign takes a device from a person. What waits in the ledger meets this
// at its delivery.
func (s *Service) Unassign(ctx context.Context, device, user desk.ID) error {
	return s.change(ctx, device, "device.unassigned", map[string]any{"user": user}, func(ctx context.Context, tx *store.Tx) (int64, error) {
		return tx.UnassignDevice(ctx, db.UnassignDeviceParams{DeviceID: device, UserID: user})
	})
}

// Revoke takes a device out of the portal for good: its link closes within
// seconds on every node, its key opens nothing any more, and what waited for it
// is refused.
func (s *Service) Revoke(ctx context.Context, device desk.ID) error {
	return s.change(ctx, device, "device.revoked", nil, func(ctx context.Context, tx *store.Tx) (int64, error) {
		n, err := tx.RevokeDevice(ctx, device)
		if err == nil && n > 0 && s.ledger != nil {
			err = s.ledger.DeviceGoneTx(ctx, tx, device)
		}
		return n, err
	})
}

// Trust lets commands go to a device again whose key was seen twice.
func (s *Service) Trust(ctx context.Context, device desk.ID) error {
	return s.change(ctx, device, "device.trusted", nil, func(ctx context.Context, tx *store.Tx) (int64, error) {
		return tx.TrustDevice(ctx, device)
	})
}

// change runs one update, which must meet a row, with its audit entry and the
// wake-up of whoever holds the link.
func (s *Service) change(ctx context.Context, device desk.ID, action string, detail any, update func(context.Context, *store.Tx) (int64, error)) error {
	return s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		n, err := update(ctx, tx)
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoDevice
		}
		tx.Publish(Subject(tx.Tenant, device), nil)
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: action, Object: "device", ObjectID: device, Detail: detail})
	})
}
