package people_test

import (
	"context"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
)

const staffPassword = "a technician's one"

// staffDesk is a technician with a password, and the clock of the apps.
type staffDesk struct {
	bundle
	verify *verify.Service
	clock  time.Time
	tess   desk.ID
	adam   context.Context //nolint:containedctx // who acts, in a test
}

func withStaff(t *testing.T) *staffDesk {
	t.Helper()
	d := &staffDesk{bundle: setup(t), clock: time.Now()}
	messages := notify.New(notify.Config{Store: d.store, Demo: true, Log: storetest.Log(t)})
	d.verify = verify.New(verify.Config{Store: d.store, Notify: messages, Log: storetest.Log(t), Now: func() time.Time { return d.clock }})
	cfg := cheap
	cfg.Notify, cfg.Verify = messages, d.verify
	var err error
	if d.people, err = people.New(d.store, storetest.Log(t), cfg); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, d.store, d.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		d.tess, err = d.people.CreateUser(ctx, tx, people.NewUser{Login: "tess", Name: "Tess", Password: staffPassword, Role: desk.RoleTechnician})
		return err
	})
	d.adam = d.as(t, desk.RoleAdmin)
	return d
}

func (d *staffDesk) enter(code string) (string, desk.Viewer, error) {
	by := people.Credentials{Login: "tess", Password: staffPassword, Code: code}
	return d.people.LogInBy(context.Background(), d.tenant, by, people.Client{IP: "192.0.2.1"})
}

// app is what the authenticator shows now, after the steps before.
func (d *staffDesk) app(t *testing.T, secret string) string {
	t.Helper()
	d.clock = d.clock.Add(time.Minute)
	code, err := totp.GenerateCode(secret, d.clock)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (d *staffDesk) enrol(t *testing.T, v desk.Viewer) (secret string) {
	t.Helper()
	ctx := desk.WithViewer(t.Context(), v)
	e, err := d.verify.BeginTOTP(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.verify.FinishTOTP(ctx, d.app(t, e.Secret), ""); err != nil {
		t.Fatal(err)
	}
	return e.Secret
}

func (d *staffDesk) require(t *testing.T, on string) {
	t.Helper()
	storetest.InTx(t, d.store, d.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, viewerOf(t, d.adam), rawPatch("staff_totp", on))
		return err
	})
}

func (d *staffDesk) sessions(t *testing.T) int {
	return d.count(t, "select count(*) from sessions where user_id = $1", d.tess)
}

func wants(t *testing.T, err error, code desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != code {
		t.Fatalf("%v, want %q", err, code)
	}
}

func TestP13StaffWithAnAuthenticatorAreAskedForItBeforeThereIsASession(t *testing.T) {
	t.Parallel()
	d := withStaff(t)
	_, v, err := d.enter("")
	wants(t, err, "") // not turned on
	secret := d.enrol(t, v)
	before := d.sessions(t)
	for range 8 { // being asked is no failure, and locks nobody out
		_, _, err := d.enter("")
		wants(t, err, desk.CodeCodeNeeded)
	}
	code := d.app(t, secret)
	_, _, err = d.people.LogInBy(t.Context(), d.tenant, people.Credentials{Login: "tess", Password: "wrong", Code: code}, people.Client{})
	wants(t, err, desk.CodeBadCredentials)
	_, _, err = d.enter("000000")
	wants(t, err, desk.CodeWrong)
	_, _, err = d.enter("12345")
	wants(t, err, desk.CodeInvalid)
	if n := d.sessions(t); n != before {
		t.Fatalf("%d sessions before the code was right", n-before)
	}
	token, _, err := d.enter(code)
	wants(t, err, "")
	if _, err := d.people.Authenticate(t.Context(), d.tenant, token); err != nil {
		t.Error(err)
	}
	_, _, err = d.enter(code) // a time step counts once
	wants(t, err, desk.CodeUsed)
	// Users are not asked: their app confirms what is done on their devices.
	_, ana, err := d.logIn(t, "ana", password)
	wants(t, err, "")
	d.enrol(t, ana)
	_, _, err = d.logIn(t, "ana", password)
	wants(t, err, "")
}

func TestP13GuessesAtTheCodeOfALogInAreBounded(t *testing.T) {
	t.Parallel()
	d := withStaff(t)
	_, v, err := d.enter("")
	wants(t, err, "")
	d.enrol(t, v)
	codes := map[desk.Code]int{}
	for range 14 {
		_, _, err := d.enter("000000")
		codes[desk.CodeOf(err)]++
		storetest.InTx(t, d.store, d.tenant, func(ctx context.Context, tx *store.Tx) error { // as if from elsewhere, and later
			_, err := tx.Exec(ctx, "delete from limits where key like 'login%'")
			return err
		})
	}
	if codes[desk.CodeWrong] > 10 || codes[desk.CodeRateLimited] < 4 {
		t.Errorf("%v", codes)
	}
}

func TestP13WhereItIsRequiredStaffWithoutAnAppGetNothingElseFirst(t *testing.T) {
	t.Parallel()
	d := withStaff(t)
	earlier, _, err := d.enter("")
	wants(t, err, "")
	d.require(t, "true")
	for range 2 { // the session from before, and a new one
		v, err := d.people.Authenticate(t.Context(), d.tenant, earlier)
		wants(t, err, "")
		ctx := desk.WithViewer(t.Context(), v)
		_, err = d.people.Users(ctx, people.PeopleFilter{AtMost: 1})
		wants(t, err, desk.CodeFactorNeeded)
		_, err = d.verify.SendPhoneCode(ctx, "+34600000000")
		wants(t, err, desk.CodeFactorNeeded)
		me, err := d.people.Me(ctx)
		if err != nil || !me.MustEnrol {
			t.Fatalf("%+v %v", me, err)
		}
		var entered desk.Viewer
		earlier, entered, err = d.enter("")
		if err != nil || !entered.NewFactor {
			t.Fatalf("%+v %v", entered, err)
		}
	}
	v, err := d.people.Authenticate(t.Context(), d.tenant, earlier)
	wants(t, err, "")
	secret := d.enrol(t, v)
	if v, err = d.people.Authenticate(t.Context(), d.tenant, earlier); err != nil || v.NewFactor {
		t.Fatalf("%+v %v", v, err)
	}
	_, err = d.people.Users(desk.WithViewer(t.Context(), v), people.PeopleFilter{AtMost: 1})
	wants(t, err, "")
	_, _, err = d.enter(d.app(t, secret))
	wants(t, err, "")
	if _, ana, err := d.logIn(t, "ana", password); err != nil || ana.NewFactor {
		t.Errorf("it binds users: %v", err)
	}
	// An admin who takes the lost app away is the way back in.
	wants(t, d.verify.RemoveTOTP(d.adam, d.tess), "")
	_, v, err = d.enter("")
	if err != nil || !v.NewFactor {
		t.Errorf("after the app is lost: %+v %v", v, err)
	}
}

// Holds R4.
func TestAForgottenPasswordDoesNotTakeTheAuthenticatorAway(t *testing.T) {
	t.Parallel()
	d := withStaff(t)
	_, v, err := d.enter("")
	wants(t, err, "")
	d.enrol(t, v)
	storetest.InTx(t, d.store, d.tenant, func(ctx context.Context, tx *store.Tx) error {
		u, err := tx.UserByID(ctx, d.tess)
		if err != nil {
			return err
		}
		address := "tess@desk.test"
		if _, err := tx.Exec(ctx, "update users set email = $2 where id = $1", d.tess, address); err != nil {
			return err
		}
		return d.verify.MailPasswordCode(ctx, tx, &u, address, "abcdefgh", "abcd-efgh")
	})
	if _, err := d.people.SetByCode(t.Context(), d.tenant, "tess", "ABCD-EFGH", staffPassword, anywhere); err != nil {
		t.Fatal(err)
	}
	_, _, err = d.enter("")
	wants(t, err, desk.CodeCodeNeeded)
}
