package software_test

import (
	"encoding/json"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/tools/software"
)

// act puts an install into the ledger's table as the ledger would have.
func (b *bundle) act(v desk.Viewer, device, row desk.ID, state desk.ActionState, code string) desk.ID {
	b.t.Helper()
	id := desk.NewID()
	b.exec(`insert into actions (tenant_id, id, user_id, device_id, operation, software_id, source, state, code, digest, deadline, expires_at, confirmed_at, verified_at)
		values ($1, $2, $3, $4, 'install_software', $5, 'self_service', $6, $7, '\x00', now(), now() + interval '1 hour', clock_timestamp(), now())`, b.tenant, id, v.User, device, row, string(state), code)
	return id
}

func (b *bundle) shelf(v desk.Viewer, device desk.ID) []software.Shelved {
	b.t.Helper()
	list, err := b.service.Shelf(as(b.t, v), device)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// Holds P6.
func TestAStateIsWhatTheInventorySaysAndElseWhatTheLedgerDoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	row := b.create(draft("Firefox")) // wants 145.0 on Windows
	for _, c := range []struct {
		action    desk.ActionState
		code      string
		inventory string
		want      software.State
		wantCode  desk.Code
		named     bool // the action is named, for its card or for Retry
	}{
		{"", "", "", software.Available, "", false},
		{"", "", "145.0", software.Installed, "", false},
		{"", "", "144.0", software.Installed, "", false}, // by other hands; the page shows both versions
		{desk.StateProposed, "", "", software.Pending, "", true},
		{desk.StateConfirmed, "", "", software.Pending, "", true},
		{desk.StateQueued, "", "", software.Pending, "", true},
		{desk.StateQueued, "", "144.0", software.Pending, "", true},
		{desk.StateDelivered, "", "", software.Installing, "", true},
		{desk.StateRunning, "", "", software.Installing, "", true},
		{desk.StateSucceeded, "", "", software.Available, "", false}, // the command said yes, the device shows nothing
		{desk.StateSucceeded, "", "145.0", software.Installed, "", false},
		{desk.StateFailed, "exit", "", software.Failed, "exit", true},
		{desk.StateFailed, "exit", "144.0", software.Failed, "exit", true},
		{desk.StateFailed, "timeout", "145.0", software.Installed, "", false}, // it came to an end after all
		{desk.StateUnknown, "", "", software.Failed, "unknown", true},
		{desk.StateUnknown, "", "145.0", software.Installed, "", false},
		{desk.StateExpired, "", "", software.Failed, "expired", true},
		{desk.StateRefused, "policy", "", software.Failed, "policy", true},
		{desk.StateDeclined, "", "", software.Available, "", false},
		{desk.StateCancelled, "", "", software.Available, "", false},
	} {
		device := b.device(b.ana, software.Windows)
		var action desk.ID
		if c.action != "" {
			b.act(b.ana, device, row.ID, desk.StateFailed, "older")
			action = b.act(b.ana, device, row.ID, c.action, c.code)
		}
		if c.inventory != "" { // as Chocolatey spells it
			b.exec(`insert into device_packages (tenant_id, device_id, manager, package, version) values ($1, $2, 'chocolatey', 'Firefox', $3)`, b.tenant, device, c.inventory)
		}
		got := b.shelf(b.ana, device)[0].States
		want := software.OnDevice{Device: device, State: c.want, InstalledVersion: c.inventory, Code: c.wantCode}
		if c.named {
			want.Action = action
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s %q, inventory %q: %+v, want %+v", c.action, c.code, c.inventory, got, want)
		}
	}
}

func TestAShelfShowsTheOwnDevicesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	windowsOnly := draft("7-Zip")
	windowsOnly.Packages = windowsOnly.Packages[:1]
	b.create(windowsOnly)
	b.create(draft("Firefox"))
	win, mac, linux := b.device(b.ana, software.Windows), b.device(b.ana, software.MacOS), b.device(b.ana, software.Linux)
	foreign := b.device(b.chloe, software.Windows)
	list := b.shelf(b.ana, "")
	states := map[string]map[desk.ID]software.State{}
	for _, s := range list {
		states[s.Name] = map[desk.ID]software.State{}
		for _, d := range s.States {
			states[s.Name][d.Device] = d.State
		}
	}
	got, _ := json.Marshal(states)
	want, _ := json.Marshal(map[string]map[desk.ID]software.State{
		"7-Zip":   {win: software.Available, mac: software.Unsupported, linux: software.Unsupported},
		"Firefox": {win: software.Available, mac: software.Available, linux: software.Unsupported},
	})
	if string(got) != string(want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	revoked := b.device(b.ana, software.Windows)
	b.exec(`update devices set revoked_at = now() where id = $1`, revoked)
	for name, id := range map[string]desk.ID{"another's": foreign, "revoked": revoked, "absent": desk.NewID(), "no id": "x"} {
		_, err := b.service.Shelf(as(t, b.ana), id)
		wantCode(t, name, err, desk.CodeNotFound)
	}
	_, err := b.service.Shelf(as(t, b.zara), win)
	wantCode(t, "another tenant's", err, desk.CodeNotFound)
}

// Holds R12.
func TestWithoutSelfServiceThereIsNoShelfAndNoRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.switchOff("self_service", `{"mode":"selected","users":["`+string(b.chloe.User)+`"]}`)
	_, err := b.service.Shelf(as(t, b.ana), "")
	wantRule(t, "shelf", err, policy.RuleSelfService)
	_, err = b.service.Request(as(t, b.ana), software.Wish{Name: "Inkscape"})
	wantRule(t, "request", err, policy.RuleSelfService)
	if _, err := b.service.Shelf(as(t, b.chloe), ""); err != nil {
		t.Error(err)
	}
	if n := b.count(b.tenant, "select (select count(*) from tickets) + (select count(*) from software_requests)"); n != 0 {
		t.Errorf("%d rows of a refused request", n)
	}
}
