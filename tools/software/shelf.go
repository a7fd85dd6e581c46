package software

import (
	"context"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// State is how a piece of software stands on one device (P6). The zero value
// is invalid.
type State string

// The states. Installed is what the device's inventory says, whatever the last
// command did; failed carries the reason and the action to retry.
const (
	Available   State = "available"
	Pending     State = "pending"    // proposed, or waits for confirmation, code or device
	Installing  State = "installing" // the device has it
	Installed   State = "installed"
	Failed      State = "failed"
	Unsupported State = "unsupported" // not for this device's system
)

// OnDevice is the state on one device.
type OnDevice struct {
	Device           desk.ID   `json:"device_id"`
	State            State     `json:"state" enum:"available,pending,installing,installed,failed,unsupported"`
	InstalledVersion string    `json:"installed_version,omitempty"`
	Code             desk.Code `json:"code,omitempty" doc:"Why it failed."`
	Action           desk.ID   `json:"action_id,omitempty" doc:"The action that the state comes from."`
}

// Shelved is a piece of software with its states on the viewer's devices.
type Shelved struct {
	ID          desk.ID    `json:"id"`
	Name        string     `json:"name"`
	Publisher   string     `json:"publisher"`
	Description string     `json:"description"`
	Icon        string     `json:"icon"`
	Version     string     `json:"version" doc:"The version that would be installed; empty for the newest."`
	States      []OnDevice `json:"states"`
}

// Shelf is what the viewer may install, with the states on each of the own
// devices, or on the one.
func (s *Service) Shelf(ctx context.Context, device desk.ID) (list []Shelved, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = s.ShelfTx(ctx, tx, v, device)
		return err
	})
	return list, err
}

// ShelfTx is Shelf inside the caller's transaction.
func (s *Service) ShelfTx(ctx context.Context, tx *store.Tx, v desk.Viewer, device desk.ID) ([]Shelved, error) {
	if err := mayInstall(ctx, tx, v); err != nil {
		return nil, err
	}
	devices, err := devicesOf(ctx, tx, v.User, device)
	if err != nil {
		return nil, err
	}
	facts, err := gather(ctx, tx, v, devices)
	if err != nil {
		return nil, err
	}
	list := []Shelved{}
	at := map[desk.ID]int{}
	for _, system := range []string{Windows, MacOS} {
		rows, err := tx.SoftwareFor(ctx, db.SoftwareForParams{System: system, Viewer: &v.User, Company: store.Optional(v.Company)})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			i, seen := at[r.ID]
			if !seen {
				i = len(list)
				at[r.ID] = i
				list = append(list, Shelved{ID: r.ID, Name: r.Name, Publisher: r.Publisher, Description: r.Description, Icon: r.Icon, States: facts.unsupported()})
			}
			facts.fill(list[i].States, system, r)
			if r.Version != "" {
				list[i].Version = r.Version
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Shelved) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list, nil
}

// shelfFacts is what is known of the devices at once.
type shelfFacts struct {
	devices  []db.ShelfDevicesRow
	packages map[[3]string]string // device, manager, package in lower case: version
	actions  map[[2]desk.ID]db.ShelfActionsRow
}

func gather(ctx context.Context, tx *store.Tx, v desk.Viewer, devices []db.ShelfDevicesRow) (f shelfFacts, err error) {
	f = shelfFacts{devices: devices, packages: map[[3]string]string{}, actions: map[[2]desk.ID]db.ShelfActionsRow{}}
	ids := make([]desk.ID, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	packages, err := tx.ShelfPackages(ctx, ids)
	if err != nil {
		return f, err
	}
	for _, p := range packages {
		f.packages[[3]string{string(p.DeviceID), p.Manager, strings.ToLower(p.Package)}] = p.Version
	}
	actions, err := tx.ShelfActions(ctx, db.ShelfActionsParams{Viewer: v.User, Devices: ids})
	for _, a := range actions {
		f.actions[[2]desk.ID{a.DeviceID, a.SoftwareID}] = a
	}
	return f, err
}

// unsupported is the state of a row before a package for a device was seen.
func (f shelfFacts) unsupported() []OnDevice {
	states := make([]OnDevice, len(f.devices))
	for i, d := range f.devices {
		states[i] = OnDevice{Device: d.ID, State: Unsupported}
	}
	return states
}

// fill works out the states on the devices of one system.
func (f shelfFacts) fill(states []OnDevice, system string, r db.SoftwareForRow) {
	for i, d := range f.devices {
		if d.System != system {
			continue
		}
		have, installed := f.installed(d.ID, r.Manager, r.Package)
		last := f.actions[[2]desk.ID{d.ID, r.ID}]
		states[i] = stateOf(last, installed, have, r.Version)
		states[i].Device = d.ID
	}
}

// installed looks a package up in a device's inventory.
func (f shelfFacts) installed(device desk.ID, manager, id string) (version string, ok bool) {
	version, ok = f.packages[[3]string{string(device), manager, strings.ToLower(id)}]
	return version, ok
}

// stateOf is the one rule: what is under way shows; else the inventory speaks;
// else a failure does. A failure is over as soon as the device has the version
// that the catalogue wants.
func stateOf(last db.ShelfActionsRow, installed bool, have, want string) OnDevice {
	out := OnDevice{State: Available, Action: last.ID}
	if installed {
		out.InstalledVersion = have
	}
	switch desk.ActionState(last.State) {
	case desk.StateProposed, desk.StateConfirmed, desk.StateVerified, desk.StateQueued:
		out.State = Pending
		return out
	case desk.StateDelivered, desk.StateRunning:
		out.State = Installing
		return out
	case desk.StateFailed, desk.StateUnknown, desk.StateExpired, desk.StateRefused:
		if !installed || want != "" && have != want {
			out.State, out.Code = Failed, desk.Code(last.Code)
			if out.Code == "" { // the state itself is the reason
				out.Code = desk.Code(last.State)
			}
			return out
		}
	}
	out.Action = ""
	if installed {
		out.State = Installed
	}
	return out
}
