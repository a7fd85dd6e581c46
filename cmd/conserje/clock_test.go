package main

import (
	"testing"
	"time"

	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// SECURITY R12: a device's clock that is off neither hides a new boot nor makes
// one of the old.
func TestARestartIsVerifiedWhateverTheDevicesClockSays(t *testing.T) { //nolint:tparallel // its rows share a yard
	t.Parallel()
	x := openYard(t)
	for name, off := range map[string]time.Duration{"right": 0, "three hours fast": 3 * time.Hour, "two days slow": -48 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			x.t = t
			d := x.newPuppet("CLOCK", "ana")
			d.off = off
			id := x.queuedOn(d, "restart")
			d.come(t)
			x.until("the command", func() bool { return d.has(id) })
			d.say(link.Progress{ID: id, State: link.ProgressRunning})
			x.until("its word", func() bool { return x.get("ana", "/actions/"+id)["state"] == "running" })
			d.leave()

			d.come(t) // the link broke; the boot is the one before
			d.say(d.report(id, d.id))
			x.until("its report", func() bool {
				return x.count("select count(*) from actions where id = $1 and result is not null", id) == 1
			})
			if v := x.get("ana", "/actions/"+id); v["state"] != "running" {
				t.Errorf("without a new boot it is %v", v["state"])
			}
			d.leave()

			d.boot, d.bootID = time.Now().UTC(), "boot-2"
			d.come(t)
			defer d.leave()
			x.until("the new boot to count", func() bool { return x.get("ana", "/actions/"+id)["state"] == "succeeded" })
			if v := x.get("ana", "/actions/"+id); v["outcome"] != "device_verified" {
				t.Errorf("outcome %v", v["outcome"])
			}
			if n := d.got(); n != 1 {
				t.Errorf("%d commands", n)
			}
		})
	}
}
