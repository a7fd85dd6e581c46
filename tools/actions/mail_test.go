package actions_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Who let an action go hears by mail how it ended, once, in words and without a
// secret; who ended it knows.
func TestAnOutcomeIsMailedToItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mailed := func(want int, what string) {
		t.Helper()
		w.sms.mu.Lock()
		defer w.sms.mu.Unlock()
		if len(w.sms.mails) != want {
			t.Errorf("%s: %q", what, w.sms.mails)
		}
		w.sms.mails = nil
	}
	declined := w.propose(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLogout})
	if _, err := w.service.Decline(as(t, w.ana), declined.ID); err != nil {
		t.Fatal(err)
	}
	own := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLogout})
	if _, err := w.service.Cancel(as(t, w.ana), own); err != nil {
		t.Fatal(err)
	}
	mailed(0, "what she ended herself")
	byStaff := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLogout})
	if _, err := w.service.Cancel(as(t, w.tess), byStaff); err != nil {
		t.Fatal(err)
	}
	mailed(1, "cancelled by staff")
	done := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	for range 2 {
		w.report(t, result(done, w.laptop, true, ""))
	}
	mailed(1, "done")
	failed := w.sent(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	w.report(t, result(failed, w.laptop, false, wire.CodeDenied))
	mailed(1, "failed")
	late := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpLock})
	w.step(time.Hour)
	w.timesUp(t, late)
	mailed(1, "expired")
	id, _ := w.reset(t)
	w.report(t, result(id, w.laptop, true, ""))
	mailed(1, "a new password")
}

// R13: without text messages a temporary password reaches nobody, so it is not
// even proposed; and the list of what may be done says the same.
func TestWithSMSOffNoPasswordIsProposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	may := func() (m actions.May) {
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			list, err := w.service.MayTx(ctx, tx, w.ana, w.laptop)
			for _, x := range list {
				if x.Operation == desk.OpResetPassword {
					m = x
				} else if !x.Allowed {
					t.Errorf("%+v", x)
				}
			}
			return err
		})
		return m
	}
	if m := may(); !m.Allowed || m.Rule != "" {
		t.Errorf("%+v", m)
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		rules := verify.DefaultRules()
		rules.SMS = false
		_, err := verify.SetRules(ctx, tx, w.adam, rules)
		return err
	})
	if m := may(); m.Allowed || m.Rule != "sms" || m.Text == "" {
		t.Errorf("%+v", m)
	}
	_, err := w.service.Propose(as(t, w.ana), actions.Proposal{Device: w.laptop, Operation: desk.OpResetPassword, Source: actions.SourceSelfService})
	var refused *desk.Error
	if !errors.As(err, &refused) || refused.Code != desk.CodePolicy || refused.Params["rule"] != "sms" {
		t.Error(err)
	}
}
