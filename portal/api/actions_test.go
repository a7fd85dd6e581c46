package api_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
)

// rightCode takes one code. The tests of the ledger and of the second factor
// are elsewhere; here it is about who may call.
type rightCode struct{ store *store.Store }

func (rightCode) Status(context.Context, *store.Tx, desk.ID) (verify.Factors, error) {
	return verify.Factors{PhoneMasked: "••• 000", PhoneVerified: true}, nil
}

func (rightCode) SentFor(context.Context, *store.Tx, desk.ID, desk.ID) (verify.Sent, error) {
	return verify.Sent{}, nil
}

func (rightCode) SendCode(context.Context, desk.Viewer, verify.Act, string) error { return nil }

func (r rightCode) Check(ctx context.Context, v desk.Viewer, _ verify.Act, code string, then func(context.Context, *store.Tx, string) error) error {
	if code != "123456" {
		return desk.Errorf(desk.CodeInvalid, "wrong")
	}
	return r.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return then(ctx, tx, "sms") })
}

// laptop is a fresh device that is assigned to the person.
func (w *world) laptop(t testing.TB, login string) desk.ID {
	t.Helper()
	id := desk.NewID()
	v := w.viewers[login]
	sum := sha256.Sum256([]byte(id))
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key)
			values ($1, $2, $3, 'LAPTOP-7', 'windows', $4, $4)`, w.tenant, id, v.Company, sum[:])
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into device_assignments (tenant_id, device_id, user_id, account) values ($1, $2, $3, 'ana')`, w.tenant, id, v.User)
		return err
	})
	return id
}

// action is a fresh action of the person's, proposed, confirmed or declined.
func (w *world) action(t testing.TB, login, state string) desk.ID {
	t.Helper()
	ctx := desk.WithViewer(t.Context(), w.viewers[login])
	a, err := w.actions.Propose(ctx, actions.Proposal{Device: w.laptop(t, login), Operation: desk.OpRestart, Source: actions.SourceSelfService})
	switch {
	case err != nil:
	case state == "confirmed":
		_, err = w.actions.Confirm(ctx, a.ID)
	case state == "declined":
		_, err = w.actions.Decline(ctx, a.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}
