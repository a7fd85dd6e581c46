package actions_test

import (
	"context"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices/wire"
)

// sent is an action whose command went out.
func (w *world) sent(t testing.TB, p actions.Proposal) desk.ID {
	t.Helper()
	id := w.queued(t, p)
	if list, err := w.service.Deliverable(t.Context(), w.tenant, p.Device); err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	return id
}

func (w *world) report(t testing.TB, r wire.Result) {
	t.Helper()
	if err := w.service.Finish(t.Context(), w.tenant, desk.ID(r.Device), r, []byte("{}")); err != nil {
		t.Fatal(err)
	}
}

func (w *world) progress(t testing.TB, id desk.ID, state string, putOff time.Duration) {
	t.Helper()
	if err := w.service.Progress(t.Context(), w.tenant, w.laptop, id, state, putOff); err != nil {
		t.Fatal(err)
	}
}

func (w *world) seen(t testing.TB) {
	t.Helper()
	if err := w.service.Seen(t.Context(), w.tenant, w.laptop); err != nil {
		t.Fatal(err)
	}
}

// timesUp lets the action's deadline pass.
func (w *world) timesUp(t testing.TB, id desk.ID) actions.View {
	t.Helper()
	if at := w.state(t, id).Deadline; at != nil {
		w.step(max(0, at.Sub(w.clock())) + time.Second)
	}
	if err := w.service.Expire(t.Context(), w.tenant, id); err != nil {
		t.Fatal(err)
	}
	return w.state(t, id)
}

func steps(v actions.View) (list []string) {
	for _, h := range v.History {
		list = append(list, string(h.State)+" "+h.Code)
	}
	return list
}

// P6: what is installed is told by the inventory and by nothing else.
func TestAnInstallationIsVerifiedByTheInventoryAndByNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpInstallSoftware, Software: w.software})
	lie := result(id, w.laptop, true, wire.CodeRestartNeeded)
	lie.Evidence.Packages = []wire.Package{{Manager: wire.Chocolatey, ID: "vlc", Version: "3.0"}}
	w.report(t, lie)
	if v := w.state(t, id); v.State != desk.StateRunning || v.Outcome != "" {
		t.Fatalf("its word alone made it %s, %s", v.State, v.Outcome)
	}
	w.sql(t, "insert into device_packages (tenant_id, device_id, manager, package, version) values ($1, $2, 'chocolatey', 'vlc', '2.9')", w.tenant, w.laptop)
	w.seen(t)
	if v := w.state(t, id); v.State != desk.StateRunning {
		t.Fatalf("another version made it %s", v.State)
	}
	if v := w.timesUp(t, id); v.State != desk.StateUnknown || v.Code != "not_shown" || v.Text.Detail == "" {
		t.Fatalf("%s %q %q", v.State, v.Code, v.Text.Detail)
	}
	w.sql(t, "update device_packages set version = '3.0' where device_id = $1", w.laptop)
	w.seen(t)
	if v := w.state(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeDeviceVerified || v.Code != wire.CodeRestartNeeded || v.Evidence.VersionAfter != "3.0" {
		t.Errorf("%s %s %q %+v", v.State, v.Outcome, v.Code, v.Evidence)
	}
}

// A shut-down has happened when the link is lost and stays lost.
func TestAShutdownIsALinkThatStaysLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	online := func(is bool) {
		w.sql(t, "update devices set online_node = case when $2 then 'node' else '' end, last_seen_at = now() + $3::interval where id = $1",
			w.laptop, is, w.clock().Sub(time.Now().UTC()).String())
	}
	online(true)
	id := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpShutdown})
	w.report(t, result(id, w.laptop, true, ""))
	if v := w.timesUp(t, id); v.State != desk.StateRunning {
		t.Fatalf("with its link up it is %s", v.State)
	}
	w.step(time.Minute)
	online(false) // just now: it may be back in a moment
	if v := w.timesUp(t, id); v.State != desk.StateRunning {
		t.Fatalf("a link that broke a moment ago made it %s", v.State)
	}
	if v := w.timesUp(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeAssumed || v.Evidence.LinkLost == nil {
		t.Fatalf("%s %s %+v", v.State, v.Outcome, v.Evidence)
	}
	w.sql(t, "update devices set boot_id = 'boot-2', booted_at = now() + interval '1 hour' where id = $1", w.laptop)
	w.seen(t)
	if v := w.state(t, id); v.Outcome != desk.OutcomeDeviceVerified {
		t.Errorf("back under a new boot: %s", v.Outcome)
	}

	online(true)
	id = w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpShutdown})
	w.report(t, result(id, w.laptop, true, ""))
	for range 40 {
		online(true)
		if w.timesUp(t, id).State != desk.StateRunning {
			break
		}
	}
	if v := w.state(t, id); v.State != desk.StateUnknown || v.Code != "still_on" {
		t.Errorf("a device that says it went down and never did: %s %q", v.State, v.Code)
	}
}

// P8: who puts a restart off sees so on the card, and until when.
func TestAPostponementIsShownUntilTheDeviceGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart})
	w.progress(t, id, wire.ProgressDelivered, 0)
	w.progress(t, id, wire.ProgressPostponed, 10*time.Minute)
	until := w.clock().Add(10 * time.Minute).Truncate(time.Microsecond)
	v := w.state(t, id)
	if v.State != desk.StateRunning || v.Code != "postponed" || v.PostponedTo == nil || v.PostponedTo.Sub(until).Abs() > time.Millisecond || v.Text.Detail == "" {
		t.Fatalf("%s %q %v %q", v.State, v.Code, v.PostponedTo, v.Text.Detail)
	}
	if v.Deadline == nil || v.Deadline.Before(until) {
		t.Errorf("its deadline is %v, before the end of the postponement", v.Deadline)
	}
	for range 50 { // a device that does not stop saying so
		w.progress(t, id, wire.ProgressPostponed, 10*time.Minute)
	}
	if got := len(w.state(t, id).History); got != len(v.History) {
		t.Errorf("%d lines more in the history", got-len(v.History))
	}
	w.step(10 * time.Minute)
	w.progress(t, id, wire.ProgressPostponed, 24*time.Hour)
	if v := w.state(t, id); v.Deadline.After(v.History[0].At.Add(9*time.Hour)) || v.PostponedTo.After(v.History[0].At.Add(9*time.Hour)) {
		t.Errorf("put off until %v, deadline %v", v.PostponedTo, v.Deadline)
	}
	w.progress(t, id, wire.ProgressRunning, 0)
	if v := w.state(t, id); v.State != desk.StateRunning || v.Code != "" || v.PostponedTo != nil {
		t.Errorf("it goes on: %s %q %v", v.State, v.Code, v.PostponedTo)
	}
	w.sql(t, "update devices set boot_id = 'boot-2', booted_at = now() + interval '2 hours' where id = $1", w.laptop)
	w.seen(t)
	w.report(t, result(id, w.laptop, true, ""))
	if v := w.state(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeDeviceVerified {
		t.Errorf("%s %s", v.State, v.Outcome)
	}
}

// Reports that come late, twice, or about what is none of the device's.
func TestAReportCountsOnceAndWhereItBelongs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	// The new boot is faster than the word: nothing stands after the end.
	id := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart})
	w.progress(t, id, wire.ProgressRunning, 0)
	w.sql(t, "update devices set boot_id = 'boot-2', booted_at = now() + interval '1 minute' where id = $1", w.laptop)
	w.seen(t)
	end := steps(w.state(t, id))
	for range 3 {
		w.report(t, result(id, w.laptop, true, ""))
	}
	if v := w.state(t, id); v.Outcome != desk.OutcomeDeviceVerified || len(steps(v)) != len(end) || !v.Evidence.Signed {
		t.Errorf("after an honest restart: %s %v", v.Outcome, steps(v))
	}
	// That it failed, said after it was verified, is written down and changes nothing.
	w.report(t, result(id, w.laptop, false, wire.CodeFailed))
	if v := w.state(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeDeviceVerified {
		t.Errorf("%s %s", v.State, v.Outcome)
	}

	// A failure is not talked away.
	failed := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	w.report(t, result(failed, w.laptop, false, wire.CodeDenied))
	w.report(t, result(failed, w.laptop, true, ""))
	if v := w.state(t, failed); v.State != desk.StateFailed || v.Code != wire.CodeDenied {
		t.Errorf("%s %q", v.State, v.Code)
	}

	// Unknown is settled by the word that comes at last, once.
	late := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	if v := w.timesUp(t, late); v.State != desk.StateUnknown {
		t.Fatal(v.State)
	}
	w.report(t, result(late, w.laptop, true, ""))
	w.report(t, result(late, w.laptop, false, wire.CodeFailed))
	if v := w.state(t, late); v.State != desk.StateSucceeded {
		t.Errorf("%s %v", v.State, steps(v))
	}

	// What the device was never given, what is another device's, and what has
	// another device's name on it.
	waiting := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLogout})
	proposed := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart}).ID
	foreign := w.sent(t, actions.Proposal{Device: w.linux, Operation: desk.OpLock})
	for name, r := range map[string]wire.Result{
		"waiting": result(waiting, w.laptop, true, ""), "proposed": result(proposed, w.laptop, true, ""), "another device's": result(foreign, w.laptop, true, ""),
		"nobody's": result(desk.NewID(), w.laptop, true, ""), "no id": {ID: "x", Device: string(w.laptop), OK: true}, "in another's name": result(late, w.linux, true, ""),
	} {
		if err := w.service.Finish(t.Context(), w.tenant, w.laptop, r, nil); desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.service.Progress(t.Context(), w.tenant, w.laptop, desk.ID(r.ID), wire.ProgressRunning, 0); name != "in another's name" && desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("progress of %s: %v", name, err)
		}
	}
	for id, want := range map[desk.ID]desk.ActionState{waiting: desk.StateQueued, proposed: desk.StateProposed, foreign: desk.StateDelivered} {
		if v := w.state(t, id); v.State != want {
			t.Errorf("it is %s, want %s", v.State, want)
		}
	}
	// Its time ran out before the device came: its word about it is nobody's.
	if v := w.timesUp(t, waiting); v.State != desk.StateExpired {
		t.Fatal(v.State)
	}
	if err := w.service.Finish(t.Context(), w.tenant, w.laptop, result(waiting, w.laptop, true, ""), nil); desk.CodeOf(err) != desk.CodeNotFound {
		t.Error(err)
	}
}

// A device that staff took away: what waited for it ends there and then.
func TestWhatWaitsForADeviceThatIsTakenAwayIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	proposed := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart}).ID
	out := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLogout})
	queued := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	other := w.queued(t, actions.Proposal{Device: w.linux, Operation: desk.OpLock})
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error { return w.service.DeviceGoneTx(ctx, tx, w.laptop) })
	for id, want := range map[desk.ID]desk.ActionState{proposed: desk.StateRefused, queued: desk.StateRefused, out: desk.StateDelivered, other: desk.StateQueued} {
		if v := w.state(t, id); v.State != want || want == desk.StateRefused && (v.Rule != "device_trusted" || v.Text.Detail == "") {
			t.Errorf("%s on %s is %s, rule %q; want %s", v.Operation, v.Device.Name, v.State, v.Rule, want)
		}
	}
}
