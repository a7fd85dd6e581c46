package devices_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices/wire"
)

// SECURITY F5.
func TestOneDeviceCannotKeepTheDatabaseBusyWithItsInventory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	bad, good := h.newDevice(n), h.newDevice(n)
	write := func(a *agent, round int) {
		inv := wire.Inventory{Full: true}
		for i := range 2000 {
			inv.Packages = append(inv.Packages, wire.Package{Manager: wire.Dpkg, ID: "p" + strconv.Itoa(i), Version: strconv.Itoa(round)})
		}
		a.send(inv)
	}
	a := h.come(n, bad)
	for round := range 12 {
		write(a, round)
	}
	if code := a.ends(); code != 1013 {
		t.Errorf("the flood ends with %d", code)
	}
	again := h.come(n, bad) // a new link is no new allowance
	write(again, 99)
	if code := again.ends(); code != 1013 {
		t.Errorf("on its next link it ends with %d", code)
	}
	kept := func(d desk.ID) (version string) {
		storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.QueryRow(ctx, "select coalesce(max(version), '') from device_packages where device_id = $1", d).Scan(&version)
		})
		return version
	}
	if v := kept(bad.id); v != "8" {
		t.Errorf("the last that was written is %q", v)
	}
	write(h.come(n, good), 7)
	eventually(t, "the honest device's inventory", func() bool { return kept(good.id) == "7" })
}
