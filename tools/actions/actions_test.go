package actions_test

import (
	"context"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices/wire"
)

func result(id, device desk.ID, ok bool, code string) wire.Result {
	return wire.Result{ID: string(id), Device: string(device), OK: ok, Code: code}
}

// Holds B4.
func TestRestartIsVerifiedByANewBootAndByNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart})
	list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop)
	if err != nil || len(list) != 1 || list[0].ID != string(id) || list[0].Operation != "restart" {
		t.Fatalf("%v %v", list, err)
	}
	again, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop)
	if err != nil || len(again) != 1 || again[0].ID != string(id) {
		t.Fatalf("a command that was not received goes out again: %v %v", again, err)
	}
	if err := w.service.Progress(t.Context(), w.tenant, w.laptop, id, wire.ProgressRunning, 0); err != nil {
		t.Fatal(err)
	}
	if again, _ = w.service.Deliverable(t.Context(), w.tenant, w.laptop); len(again) != 0 {
		t.Errorf("a command that was received goes out again")
	}
	lie := result(id, w.laptop, true, "")
	lie.Evidence.BootIDAfter = "boot-2"
	if err := w.service.Finish(t.Context(), w.tenant, w.laptop, lie, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if v := w.state(t, id); v.State != desk.StateRunning {
		t.Errorf("its word alone made it %s", v.State)
	}
	w.sql(t, "update devices set boot_id = 'boot-2', booted_at = now() + interval '1 minute' where id = $1", w.laptop)
	if err := w.service.Seen(t.Context(), w.tenant, w.laptop); err != nil {
		t.Fatal(err)
	}
	if v := w.state(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeDeviceVerified || v.Evidence.BootAfter != "boot-2" {
		t.Errorf("%s %s %+v", v.State, v.Outcome, v.Evidence)
	}
}

func TestLostDeviceEndsUnknownAndIsReconciledByItsReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	if _, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop); err != nil {
		t.Fatal(err)
	}
	w.step(time.Hour)
	if err := w.service.Expire(t.Context(), w.tenant, id); err != nil {
		t.Fatal(err)
	}
	if v := w.state(t, id); v.State != desk.StateUnknown {
		t.Fatal(v.State)
	}
	if list, _ := w.service.Deliverable(t.Context(), w.tenant, w.laptop); len(list) != 0 {
		t.Error("an unknown outcome was tried again")
	}
	if err := w.service.Finish(t.Context(), w.tenant, w.laptop, result(id, w.laptop, true, ""), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if v := w.state(t, id); v.State != desk.StateSucceeded || v.Outcome != desk.OutcomeAssumed {
		t.Error(v.State, v.Outcome)
	}
}

// Holds P7.
func TestOfflinePastTheDeadlineNeverFiresLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart})
	w.step(16 * time.Minute)
	if list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop); len(list) != 0 || err != nil {
		t.Error(list, err)
	}
	if v := w.state(t, id); v.State != desk.StateExpired {
		t.Error(v.State)
	}
	wantCode(t, w.service.Finish(t.Context(), w.tenant, w.laptop, result(id, w.laptop, true, ""), nil), desk.CodeNotFound)
}

// SECURITY A1, A2, A3, F3: no effect, a clear code, a line in the audit.
// Holds R12, R14, R15.
func TestWhatMayNotBeProposedIsRefusedAndAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	suspect, revoked := w.device(t, w.ana, "windows"), w.device(t, w.ana, "windows")
	w.sql(t, "update devices set suspect_at = now() where id = $1", suspect)
	w.sql(t, "update devices set revoked_at = now() where id = $1", revoked)
	for _, c := range []struct {
		p    actions.Proposal
		want desk.Code
	}{
		{actions.Proposal{Device: w.foreign, Operation: desk.OpRestart}, desk.CodeNotFound},
		{actions.Proposal{Device: desk.NewID(), Operation: desk.OpRestart}, desk.CodeNotFound},
		{actions.Proposal{Device: "../x", Operation: desk.OpRestart}, desk.CodeNotFound},
		{actions.Proposal{Device: w.laptop, Operation: "format"}, desk.CodeInvalid},
		{actions.Proposal{Device: w.laptop, Operation: desk.OpInstallSoftware, Software: "vlc; rm"}, desk.CodePolicy},
		{actions.Proposal{Device: w.linux, Operation: desk.OpInstallSoftware, Software: w.software}, desk.CodePolicy},
		{actions.Proposal{Device: suspect, Operation: desk.OpRestart}, desk.CodePolicy},
		{actions.Proposal{Device: revoked, Operation: desk.OpRestart}, desk.CodePolicy},
		{actions.Proposal{Device: w.laptop, Operation: desk.OpRestart, Conversation: desk.NewID()}, desk.CodeNotFound},
	} {
		before := w.count(t, "select count(*) from audit where action = 'action.not_proposed'")
		c.p.Source = actions.SourceSelfService
		_, err := w.service.Propose(as(t, w.ana), c.p)
		wantCode(t, err, c.want)
		if after := w.count(t, "select count(*) from audit where action = 'action.not_proposed'"); after != before+1 {
			t.Errorf("%+v: %d lines in the audit", c.p, after-before)
		}
	}
	if n := w.count(t, "select count(*) from actions"); n != 0 {
		t.Errorf("%d actions", n)
	}
}

// R12 to R15 are asked at each step: whatever is switched off between two of
// them ends the action there.
// Holds R12, R13, R14, R15.
func TestRulesChangedBetweenTheStepsEndTheAction(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(testing.TB, *world){
		"self_service": func(t testing.TB, w *world) { w.set(t, "self_service", `{"mode":"off","users":[]}`) },
		"operation": func(t testing.TB, w *world) {
			w.set(t, "operations", `{"install_software":false}`)
		},
		"assigned": func(t testing.TB, w *world) {
			w.sql(t, "delete from device_assignments where device_id = $1", w.laptop)
		},
		"assignment_new": func(t testing.TB, w *world) {
			w.sql(t, "update device_assignments set acts_from = now() + interval '1 hour' where device_id = $1", w.laptop)
		},
		"device_trusted": func(t testing.TB, w *world) {
			w.sql(t, "update devices set revoked_at = now() where id = $1", w.laptop)
		},
		"person": func(t testing.TB, w *world) {
			w.sql(t, "update users set disabled_at = now() where id = $1", w.ana.User)
		},
		"": func(_ testing.TB, w *world) { w.shelf.repoint() },
	} {
		for step := range 3 {
			t.Run(name+string(rune('0'+step)), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				v := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpInstallSoftware, Software: w.software})
				var err error
				if step == 0 {
					change(t, w)
				}
				_, err = w.service.Confirm(as(t, w.ana), v.ID)
				if step >= 1 {
					_ = w.codes.SendCode(t.Context(), w.ana, verify.Act{}, "")
					_, _ = w.service.SendCode(as(t, w.ana), v.ID, "")
					if step == 1 {
						change(t, w)
					}
					_, err = w.service.Verify(as(t, w.ana), v.ID, w.codes.of(v.ID))
				}
				if step == 2 {
					if err != nil {
						t.Fatal(err)
					}
					change(t, w)
				}
				list, deliverErr := w.service.Deliverable(t.Context(), w.tenant, w.laptop)
				if len(list) != 0 || deliverErr != nil {
					t.Fatalf("went out: %v %v", list, deliverErr)
				}
				if step < 2 && err == nil {
					t.Error("not refused")
				}
				got := w.state(t, v.ID)
				held := name == "device_trusted" && step == 2 // nothing goes to such a device; the deadline ends it
				if got.Rule != name && !held || !held && got.State != desk.StateRefused || name == "" && got.Code != string(desk.CodeActionChanged) {
					t.Errorf("%s %q %q", got.State, got.Rule, got.Code)
				}
			})
		}
	}
}

// The verifier was asked about one act. If the row binds another one by the
// time it consents, even one that every rule allows, the consent is for nothing.
func TestConsentIsForTheDigestThatTheVerifierWasAskedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpInstallSoftware, Software: w.software})
	if _, err := w.service.Confirm(as(t, w.ana), v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.SendCode(as(t, w.ana), v.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.codes.between = func() {
		w.shelf.repoint()
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error { return w.service.Rebind(ctx, tx, v.ID) })
	}
	_, err := w.service.Verify(as(t, w.ana), v.ID, w.codes.of(v.ID))
	wantCode(t, err, desk.CodeActionChanged)
	if got := w.state(t, v.ID); got.State != desk.StateConfirmed {
		t.Errorf("it is %s", got.State)
	}
	if list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop); len(list) != 0 || err != nil {
		t.Errorf("went out: %v %v", list, err)
	}
	if _, used := w.codes.good[v.ID]; used {
		t.Error("the code was used up for an act that it is not for")
	}
}

func TestParallelConfirmationsAndVerificationsSucceedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpRestart})
	race := func(do func() error) (won int32) {
		var all sync.WaitGroup
		var n atomic.Int32
		for range 40 {
			all.Go(func() {
				if do() == nil {
					n.Add(1)
				}
			})
		}
		all.Wait()
		return n.Load()
	}
	if n := race(func() error { _, err := w.service.Confirm(as(t, w.ana), v.ID); return err }); n != 1 {
		t.Errorf("%d confirmations", n)
	}
	if _, err := w.service.SendCode(as(t, w.ana), v.ID, ""); err != nil {
		t.Fatal(err)
	}
	code := w.codes.of(v.ID)
	if n := race(func() error { _, err := w.service.Verify(as(t, w.ana), v.ID, code); return err }); n != 1 {
		t.Errorf("%d verifications", n)
	}
	if n := w.count(t, "select count(*) from action_history where state = 'queued'"); n != 1 {
		t.Errorf("queued %d times", n)
	}
}

// No sequence of proposals, buttons, codes, reports and time reaches the
// device's queue but by the owner's confirmation and a fresh verification by
// the owner for that very digest.
// Holds B2.
func TestNothingIsQueuedThatItsOwnerDidNotConfirmAndVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	queued := 0
	rapid.Check(t, func(r *rapid.T) {
		var ids []desk.ID
		w.forget(t)
		people := []desk.Viewer{w.ana, w.carl, w.tess, w.adam}
		for range rapid.IntRange(8, 25).Draw(r, "steps") {
			who := rapid.SampledFrom(people).Draw(r, "who")
			if rapid.Bool().Draw(r, "owner") {
				who = w.ana
			}
			me := desk.WithViewer(ctx, who)
			if len(ids) == 0 || rapid.IntRange(0, 9).Draw(r, "new") == 0 {
				op := rapid.SampledFrom(desk.Operations()).Draw(r, "op")
				p := actions.Proposal{Device: rapid.SampledFrom([]desk.ID{w.laptop, w.linux, w.foreign}).Draw(r, "device"), Operation: op, Source: actions.SourceAssistant}
				if op == desk.OpInstallSoftware {
					p.Software = w.software
				}
				if v, err := w.service.Propose(me, p); err == nil {
					ids = append(ids, v.ID)
				}
				continue
			}
			id := rapid.SampledFrom(ids).Draw(r, "action")
			other := rapid.SampledFrom(ids).Draw(r, "other")
			device := rapid.SampledFrom([]desk.ID{w.laptop, w.linux, w.foreign}).Draw(r, "of")
			switch rapid.SampledFrom([]string{"confirm", "way", "way", "decline", "cancel", "code", "code", "verify", "verify", "wrong", "swap", "progress", "finish", "seen", "deliver", "time", "repoint", "expire", "confirm", "code", "verify"}).Draw(r, "do") {
			case "way": // the owner's honest way, as far as it goes
				own := desk.WithViewer(ctx, w.ana)
				_, _ = w.service.Confirm(own, id)
				_, _ = w.service.SendCode(own, id, "")
				_, _ = w.service.Verify(own, id, w.codes.of(id))
			case "confirm":
				_, _ = w.service.Confirm(me, id)
			case "decline":
				_, _ = w.service.Decline(me, id)
			case "cancel":
				_, _ = w.service.Cancel(me, id)
			case "code":
				_, _ = w.service.SendCode(me, id, "+34600000000")
			case "verify":
				_, _ = w.service.Verify(me, id, w.codes.of(id))
			case "wrong":
				_, _ = w.service.Verify(me, id, "00000000")
			case "swap":
				_, _ = w.service.Verify(me, id, w.codes.of(other))
			case "progress":
				_ = w.service.Progress(ctx, w.tenant, device, id, rapid.SampledFrom([]string{"delivered", "running", "postponed", "queued"}).Draw(r, "progress"), time.Duration(rapid.IntRange(0, 90).Draw(r, "put off"))*time.Minute)
			case "finish":
				_ = w.service.Finish(ctx, w.tenant, device, result(id, device, rapid.Bool().Draw(r, "ok"), ""), []byte("{}"))
			case "seen":
				_ = w.service.Seen(ctx, w.tenant, device)
			case "deliver":
				_, _ = w.service.Deliverable(ctx, w.tenant, device)
			case "time":
				w.step(time.Duration(rapid.IntRange(1, 20).Draw(r, "minutes")) * time.Minute)
			case "repoint":
				w.shelf.repoint()
			case "expire":
				_ = w.service.Expire(ctx, w.tenant, id)
			}
		}
		queued += w.check(t, r, ids)
	})
	if queued == 0 {
		t.Error("no run reached the queue: the test shows nothing")
	}
	t.Logf("%d actions were queued, each by its owner", queued)
}

// forget lets everything that an earlier run left behind run out.
func (w *world) forget(t testing.TB) {
	for range 2 { // what was waiting expires, what was out becomes unknown
		w.step(72 * time.Hour)
		var open []desk.ID
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.QueryRow(ctx, "select coalesce(array_agg(id::text), '{}') from actions where ended_at is null").Scan(&open)
		})
		for _, id := range open {
			if err := w.service.Expire(t.Context(), w.tenant, id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (w *world) check(t testing.TB, r *rapid.T, ids []desk.ID) (queued int) {
	for _, id := range ids {
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.ActionByID(ctx, id)
			if err != nil {
				return err
			}
			var confirmed, verified int
			err = tx.QueryRow(ctx, `select count(*) filter (where state = 'confirmed' and by = 'user' and actor = $2),
				count(*) filter (where state = 'verified' and by = 'user' and actor = $2) from action_history where action_id = $1`, id, a.UserID).Scan(&confirmed, &verified)
			if a.QueuedAt == nil && a.DeliveredAt == nil {
				return err
			}
			queued++
			if confirmed != 1 || verified != 1 || w.codes.good[id] != string(a.UserID)+" "+hex.EncodeToString(a.Digest) {
				r.Errorf("%s %s: confirmed %d, verified %d, proof %q", a.Operation, a.State, confirmed, verified, w.codes.good[id])
			}
			return err
		})
	}
	return queued
}

// The installation says how long an action waits for its device, from the code
// on; it never happens after that.
func TestAnActionWaitsAsLongAsTheInstallationSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.service = actions.New(actions.Config{
		Store: w.store, Verify: w.codes, Catalogue: w.shelf, SMS: w.sms, Log: storetest.Log(t), Now: w.clock,
		QueueFor: 5 * time.Second, InstallFor: time.Minute,
	})
	for op, wait := range map[desk.Operation]time.Duration{desk.OpLock: 5 * time.Second, desk.OpInstallSoftware: time.Minute} {
		p := actions.Proposal{Device: w.laptop, Operation: op}
		if op == desk.OpInstallSoftware {
			p.Software = w.software
		}
		id := w.queued(t, p)
		if at := w.state(t, id).Deadline; at == nil || at.Sub(w.clock().Truncate(time.Microsecond)) != wait {
			t.Errorf("%s waits until %v, now is %s", op, at, w.clock())
		}
		w.step(wait)
		if list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop); err != nil || len(list) != 0 {
			t.Errorf("%s went out after its time: %v %v", op, list, err)
		}
		if got := w.state(t, id).State; got != desk.StateExpired {
			t.Errorf("%s is %s", op, got)
		}
	}
}
