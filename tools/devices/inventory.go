package devices

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// bootPrecision is how exactly devices tell the time of their boot.
const bootPrecision = 2 * time.Second

// maxPackages bounds what is kept of one device.
const maxPackages = 5000

// clean keeps of a device's words what can be shown: no control characters, no
// invisible ones (zero width, bidirectional overrides, tags), nothing without
// a meaning; every space a plain one.
func clean(s string, maxChars int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs), !unicode.IsGraphic(r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxChars {
		s = strings.TrimSpace(string([]rune(s)[:maxChars]))
	}
	return s
}

func nameOf(f wire.Facts, device desk.ID) string {
	if name := clean(f.Name, 64); name != "" {
		return name
	}
	return f.System + "-" + string(device[len(device)-6:])
}

// setFacts writes what a device says about itself. The time of its boot is by
// its own clock, which may be hours off; how long it has been up by that clock
// is right all the same, and is what is taken. A boot that no clock was told
// for, or that lies ahead of it, has no time: it verifies nothing.
func setFacts(ctx context.Context, tx *store.Tx, device desk.ID, f wire.Facts, clock time.Time) error {
	row := db.SetDeviceFactsParams{
		ID: device, Name: nameOf(f, device), SystemVersion: clean(f.SystemVersion, 64),
		AgentVersion: clean(f.AgentVersion, 64), BootID: clean(f.BootID, 128),
	}
	if up := clock.Sub(f.BootedAt); !f.BootedAt.IsZero() && !clock.IsZero() && up > -bootPrecision {
		seconds := max(up, 0).Seconds()
		row.UpSeconds = &seconds
	}
	if err := tx.SetDeviceFacts(ctx, row); err != nil {
		return err
	}
	in := db.UpsertDeviceAccountsParams{TenantID: tx.Tenant, DeviceID: device, Names: []string{}}
	for _, a := range f.Accounts {
		// A name is sent back in commands: one that would have to be changed is
		// no account that anybody can mean.
		if clean(a.Name, 256) != a.Name || clean(a.SID, 256) != a.SID {
			continue
		}
		in.Names, in.Sids = append(in.Names, a.Name), append(in.Sids, a.SID)
		in.Kinds, in.LoggedIn = append(in.Kinds, a.Kind), append(in.LoggedIn, a.LoggedIn)
	}
	if err := tx.DeleteDeviceAccounts(ctx, db.DeleteDeviceAccountsParams{DeviceID: device, Keep: in.Names}); err != nil || len(in.Names) == 0 {
		return err
	}
	return tx.UpsertDeviceAccounts(ctx, in)
}

type packageKey struct{ manager, id string }

// setPackages applies an inventory frame: all that is installed, or what
// changed.
func setPackages(ctx context.Context, tx *store.Tx, device desk.ID, inv *wire.Inventory) error {
	gone := db.DeleteDevicePackagesParams{DeviceID: device, Every: inv.Full, Managers: []string{}, Packages: []string{}}
	for _, p := range inv.Removed {
		gone.Managers, gone.Packages = append(gone.Managers, p.Manager), append(gone.Packages, p.ID)
	}
	if inv.Full || len(gone.Packages) > 0 {
		if err := tx.DeleteDevicePackages(ctx, gone); err != nil {
			return err
		}
	}
	in := db.UpsertDevicePackagesParams{TenantID: tx.Tenant, DeviceID: device}
	seen := map[packageKey]bool{}
	for _, p := range inv.Packages {
		key := packageKey{p.Manager, p.ID}
		if seen[key] || clean(p.ID, 256) != p.ID {
			continue
		}
		seen[key] = true
		in.Managers, in.Packages, in.Versions = append(in.Managers, p.Manager), append(in.Packages, p.ID), append(in.Versions, clean(p.Version, 128))
	}
	if len(in.Packages) == 0 {
		return nil
	}
	if err := tx.UpsertDevicePackages(ctx, in); err != nil {
		return err
	}
	n, err := tx.CountDevicePackages(ctx, device)
	if err == nil && n > maxPackages {
		return desk.Errorf(desk.CodeTooLarge, "more than %d packages on one device", maxPackages)
	}
	return err
}
