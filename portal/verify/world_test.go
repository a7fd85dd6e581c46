package verify_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
)

const (
	mobile  = "+34600111222"
	another = "+34600333444"
)

// world is one tenant on two nodes.
type world struct {
	stores   [2]*store.Store
	nodes    [2]*verify.Service
	tenant   desk.ID
	company  desk.ID
	ana, ben desk.Viewer
	tess     desk.Viewer
	adam     desk.Viewer
	clock    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	url := storetest.URL(t)
	w := &world{clock: time.Now()}
	for i := range w.stores {
		w.stores[i] = storetest.Open(t, url, 0)
		messages := notify.New(notify.Config{Store: w.stores[i], Demo: true, Log: storetest.Log(t)})
		w.nodes[i] = verify.New(verify.Config{Store: w.stores[i], Notify: messages, Log: storetest.Log(t), Now: func() time.Time { return w.clock }})
	}
	w.tenant = storetest.Tenant(t, w.stores[0])
	w.company = storetest.Company(t, w.stores[0], w.tenant, "Acme")
	w.ana = storetest.User(t, w.stores[0], w.tenant, w.company, desk.RoleContact, "ana")
	w.ben = storetest.User(t, w.stores[0], w.tenant, w.company, desk.RoleContact, "ben")
	w.tess = storetest.User(t, w.stores[0], w.tenant, "", desk.RoleTechnician, "tess")
	w.adam = storetest.User(t, w.stores[0], w.tenant, "", desk.RoleAdmin, "adam")
	return w
}

func (w *world) sql(t *testing.T, sql string, args ...any) {
	t.Helper()
	storetest.InTx(t, w.stores[0], w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

func one[T any](t *testing.T, w *world, sql string, args ...any) (v T) {
	t.Helper()
	storetest.InTx(t, w.stores[0], w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, sql, args...).Scan(&v)
	})
	return v
}

// later moves the past further away: the database's clock cannot be set.
func (w *world) later(t *testing.T, by string) {
	t.Helper()
	for _, set := range []string{
		"limits set window_start = window_start - $1::interval",
		"challenges set created_at = created_at - $1::interval, expires_at = expires_at - $1::interval",
		"phones set factor_from = factor_from - $1::interval, delete_after = delete_after - $1::interval",
		"totp_factors set factor_from = factor_from - $1::interval",
		"users set staff_access_at = staff_access_at - $1::interval",
		"secret_outbox set expires_at = expires_at - $1::interval, created_at = created_at - $1::interval",
	} {
		w.sql(t, "update "+set, by)
	}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// sms is the newest text message of a template to the number, and the code
// in it.
func (w *world) sms(t *testing.T, to, template string) (text, code string) {
	t.Helper()
	storetest.InTx(t, w.stores[0], w.tenant, func(ctx context.Context, tx *store.Tx) error {
		var id desk.ID
		var sealed []byte
		err := tx.QueryRow(ctx, `select m.id, s.sealed from messages_out m join secret_outbox s using (tenant_id, id)
			where m.recipient = $1 and m.template = $2 order by m.created_at desc, m.id desc limit 1`, to, template).Scan(&id, &sealed)
		if err != nil {
			return err
		}
		plain, err := w.stores[0].Unseal("message", string(w.tenant)+"/"+string(id), sealed)
		if err != nil {
			return err
		}
		var c struct{ Text string }
		err = json.Unmarshal(plain, &c)
		text = c.Text
		return err
	})
	return text, sixDigits.FindString(text)
}

func act(device string) verify.Act {
	id := desk.NewID()
	return verify.Act{Action: id, Digest: []byte("digest of " + id), Operation: desk.OpRestart, Device: device}
}

func done(context.Context, *store.Tx, string) error { return nil }

// send asks for a code for an act of ana's and returns it.
func (w *world) send(t *testing.T, v desk.Viewer, a verify.Act, phone string) string {
	t.Helper()
	if err := w.nodes[0].SendCode(t.Context(), v, a, phone); err != nil {
		t.Fatal(err)
	}
	to := phone
	if to == "" {
		to = one[string](t, w, "select number from phones where user_id = $1", v.User)
	}
	_, code := w.sms(t, to, "code_"+string(a.Operation))
	return code
}

// enrol gives somebody a verified number.
func (w *world) enrol(t *testing.T, v desk.Viewer, number string) {
	t.Helper()
	a := act("LAPTOP")
	if err := w.nodes[0].Check(t.Context(), v, a, w.send(t, v, a, number), done); err != nil {
		t.Fatal(err)
	}
	w.later(t, "2 hours")
}

func (w *world) as(t *testing.T, v desk.Viewer) context.Context {
	return desk.WithViewer(t.Context(), v)
}

func wants(t *testing.T, err error, code desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != code {
		t.Fatalf("%v, want %q", err, code)
	}
}

// other is a wrong code.
func other(code string, n int) string {
	b := []byte(code)
	for i := range b {
		b[i] = '0' + (b[i]-'0'+byte(n)+1)%10
		n /= 9
	}
	return string(b)
}

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
