package actions_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices/wire"
)

// texts carries temporary passwords.
type texts struct {
	mu    sync.Mutex
	down  bool // there is no provider any more
	sent  []string
	mails []string
}

func (x *texts) Can(notify.Channel) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.down
}

func (x *texts) SMS(ctx context.Context, tx *store.Tx, m notify.Message) error {
	x.mu.Lock()
	x.sent = append(x.sent, m.Secret)
	x.mu.Unlock()
	return tx.CreateMessage(ctx, db.CreateMessageParams{TenantID: tx.Tenant, ID: m.ID, Channel: "sms", Template: m.Template, UserID: store.Optional(m.User), Recipient: m.To, Language: "en", Params: json.RawMessage("{}")})
}

func (x *texts) Mail(_ context.Context, _ *store.Tx, m notify.Message) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mails = append(x.mails, m.Params["action"]+": "+m.Params["state"]+" "+m.Params["detail"])
	if m.Secret != "" {
		x.mails = append(x.mails, "a secret")
	}
	return nil
}

func (x *texts) all() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.sent)
}

func (x *texts) fail(down bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.down = down
}

// reset is a new password that went out to the laptop, and what was in it.
func (w *world) reset(t testing.TB) (id desk.ID, password string) {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.sql(t, "update devices set seal_key = $2 where id = $1", w.laptop, key.PublicKey().Bytes())
	w.number(t)
	id = w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpResetPassword})
	list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	plain, err := wire.OpenSealed(key, wire.SecretOf(wire.SecretPassword, string(id), string(w.laptop)), list[0].SealedSecret)
	if err != nil {
		t.Fatal(err)
	}
	return id, string(plain)
}

func (w *world) number(t testing.TB) {
	w.sql(t, "insert into phones (tenant_id, user_id, number, verified_at) values ($1, $2, '+34600111222', now())", w.tenant, w.ana.User)
}

func (w *world) setsIt(t testing.TB, id desk.ID) {
	t.Helper()
	if err := w.service.Finish(t.Context(), w.tenant, w.laptop, result(id, w.laptop, true, ""), []byte("{}")); err != nil {
		t.Fatal(err)
	}
}

// ownView is the card as its owner has it.
func (w *world) ownView(t testing.TB, id desk.ID) actions.View {
	t.Helper()
	v, err := w.service.Get(as(t, w.ana), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// R13: nothing is sent before the device set it, and then that very password;
// its owner may ask for it again for 15 minutes, nobody else and no longer.
// Holds R13.
func TestTemporaryPasswordIsSentAfterTheDeviceSetIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, password := w.reset(t)
	if got := w.sms.all(); len(got) != 0 {
		t.Fatalf("sent before it was set: %d", len(got))
	}
	if _, err := w.service.SendPassword(as(t, w.ana), id); desk.CodeOf(err) != desk.CodeConflict {
		t.Errorf("asked for before it was set: %v", err)
	}
	w.setsIt(t, id)
	if got := w.sms.all(); !slices.Equal(got, []string{password}) {
		t.Fatalf("%d messages", len(got))
	}
	if v := w.ownView(t, id); v.State != desk.StateSucceeded || v.Code != "" || !slices.Contains(v.Next, "password") || v.Text.Buttons["password"] == "" {
		t.Errorf("%s %q %v", v.State, v.Code, v.Next)
	}
	if v := w.state(t, id); slices.Contains(v.Next, "password") {
		t.Error("staff may ask for it")
	}
	for _, v := range []desk.Viewer{w.carl, w.tess, w.adam} {
		_, err := w.service.SendPassword(as(t, v), id)
		wantCode(t, err, desk.CodeNotFound)
	}
	if _, err := w.service.SendPassword(as(t, w.ana), id); err != nil {
		t.Fatal(err)
	}
	w.step(15 * time.Minute)
	_, err := w.service.SendPassword(as(t, w.ana), id)
	wantCode(t, err, desk.CodeConflict)
	if v := w.ownView(t, id); slices.Contains(v.Next, "password") {
		t.Error("offered after 15 minutes")
	}
	if got := w.sms.all(); !slices.Equal(got, []string{password, password}) {
		t.Errorf("%d messages", len(got))
	}
}

// What the device did is done, whatever became of the number or the provider:
// the action says so, and the password can be asked for once there is a way.
func TestPasswordThatCannotBeSentIsAskedForLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lose, back func(testing.TB, *world) }{
		"number": {
			func(t testing.TB, w *world) { w.sql(t, "delete from phones where user_id = $1", w.ana.User) },
			func(t testing.TB, w *world) { w.number(t) },
		},
		"provider": {
			func(_ testing.TB, w *world) { w.sms.fail(true) },
			func(_ testing.TB, w *world) { w.sms.fail(false) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, password := w.reset(t)
			c.lose(t, w)
			w.setsIt(t, id)
			if v := w.ownView(t, id); v.State != desk.StateSucceeded || v.Code != "password_unsent" || v.Text.Detail == "" || !slices.Contains(v.Next, "password") {
				t.Fatalf("%s %q %q %v", v.State, v.Code, v.Text.Detail, v.Next)
			}
			if _, err := w.service.SendPassword(as(t, w.ana), id); err == nil {
				t.Error("sent to nobody")
			}
			c.back(t, w)
			v, err := w.service.SendPassword(as(t, w.ana), id)
			if err != nil || v.Code != "" {
				t.Fatalf("%v %q", err, v.Code)
			}
			if got := w.sms.all(); !slices.Equal(got, []string{password}) {
				t.Errorf("%d messages", len(got))
			}
		})
	}
}

// A report that comes when the sealed row is gone ends the action all the same.
func TestPasswordThatIsNotKeptAnyMoreSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.reset(t)
	w.sql(t, "delete from secret_outbox where purpose = 'temporary password'")
	w.setsIt(t, id)
	if v := w.ownView(t, id); v.State != desk.StateSucceeded || v.Code != "password_gone" || slices.Contains(v.Next, "password") || len(w.sms.all()) != 0 {
		t.Errorf("%s %q %v", v.State, v.Code, v.Next)
	}
}

// Without a way to send it no password is set: at the code, and at delivery.
func TestPasswordThatWouldReachNobodyIsNotSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.number(t)
	id := w.queued(t, actions.Proposal{Device: w.laptop, Operation: desk.OpResetPassword})
	w.sms.fail(true)
	if list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if v := w.state(t, id); v.State != desk.StateRefused || v.Rule != "sms" || v.Text.Detail == "" {
		t.Errorf("%s %q", v.State, v.Code)
	}
}

// A password that the device did not set is forgotten at once.
func TestPasswordThatWasNotSetIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.reset(t)
	if err := w.service.Finish(t.Context(), w.tenant, w.laptop, result(id, w.laptop, false, wire.CodeFailed), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if n := w.count(t, "select count(*) from secret_outbox"); n != 0 || len(w.sms.all()) != 0 {
		t.Errorf("%d sealed rows, %d messages", n, len(w.sms.all()))
	}
}

// A temporary password whose message reached nobody: its owner is told, can ask
// for it again while it is kept, and reads what to do when it is not any more.
func TestPasswordThatDidNotArriveIsToldToItsOwner(t *testing.T) {
	t.Parallel()
	for _, state := range []string{notify.StateFailed, notify.StateUndelivered} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, _ := w.reset(t)
			w.setsIt(t, id)
			if v := w.ownView(t, id); v.Text.Detail == "" || v.Text.Detail == actions.CodeText("en", "password_undelivered") {
				t.Fatalf("before anything is known of the message: %q", v.Text.Detail)
			}
			storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
				var message desk.ID
				if err := tx.QueryRow(ctx, "update messages_out set state = $1 where template = 'temporary_password' returning id", state).Scan(&message); err != nil {
					return err
				}
				return w.service.MessageLostTx(ctx, tx, message)
			})
			v := w.ownView(t, id)
			if v.State != desk.StateSucceeded || v.Text.Detail != actions.CodeText("en", "password_undelivered") || !slices.Contains(v.Next, "password") {
				t.Errorf("%s %q %v", v.State, v.Text.Detail, v.Next)
			}
			if list := steps(v); list[len(list)-1] != "succeeded password_undelivered" {
				t.Errorf("its history: %v", list)
			}
			w.step(15 * time.Minute)
			if v := w.ownView(t, id); v.Text.Detail != actions.CodeText("en", "password_lost") || slices.Contains(v.Next, "password") {
				t.Errorf("when it is not kept any more: %q %v", v.Text.Detail, v.Next)
			}
			if _, err := w.service.SendPassword(as(t, w.ana), id); desk.CodeOf(err) != desk.CodeConflict {
				t.Errorf("sent again: %v", err)
			}
		})
	}
}
