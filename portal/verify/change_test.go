package verify_test

import (
	"crypto/rand"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
)

// D6: a stolen session changes the number and then acts.
// Holds R18.
func TestAChangedNumberCountsAfterADayUnlessTheOldOneAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	thief := w.as(t, w.ana)
	a := act("LAPTOP")
	wants(t, w.nodes[0].SendCode(t.Context(), w.ana, a, another), desk.CodeOldFactor)
	pending := w.send(t, w.ana, a, "")
	w.sql(t, "delete from limits where key like 'sms-gap:%'")
	if _, err := w.nodes[0].SendPhoneCode(thief, another); err != nil {
		t.Fatal(err)
	}
	text, agreement := w.sms(t, mobile, "code_change")
	if !contains(text, agreement, "44") {
		t.Errorf("the old number is not told what changes: %s", text)
	}
	_, code := w.sms(t, another, "code_phone")
	f, err := w.nodes[0].VerifyPhone(thief, code, "")
	if err != nil || f.PhoneVerified || f.WaitsUntil == nil {
		t.Fatalf("%+v %v", f, err)
	}
	if n := one[int](t, w, "select count(*) from messages_out where channel = 'sms' and template = 'notice_phone_changed' and recipient = $1", mobile); n != 1 {
		t.Errorf("the old number was told %d times", n)
	}
	if n := one[int](t, w, "select count(*) from messages_out where channel = 'mail' and template = 'mail_phone_changed' and recipient = 'ana@example.test'"); n != 1 {
		t.Errorf("%d mails", n)
	}
	// The pending code is void, and the thief gets no other, nor a deletion.
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, pending, done), desk.CodeFactorWaits)
	wants(t, w.nodes[0].SendCode(t.Context(), w.ana, a, ""), desk.CodeFactorWaits)
	_, err = w.nodes[0].VerifyPhone(thief, code, agreement)
	wants(t, err, desk.CodeUsed)
	d, err := w.nodes[0].DeletePhone(thief, "")
	if err != nil || d.DeleteAfter == nil || d.OldCode {
		t.Fatalf("%+v %v", d, err)
	}
	e, err := w.nodes[0].BeginTOTP(thief)
	if err != nil {
		t.Fatal(err)
	}
	if f, err = w.nodes[0].FinishTOTP(thief, app(t, e.Secret, w.clock), ""); err != nil || f.TOTP {
		t.Fatalf("an app counts at once during the wait: %+v %v", f, err)
	}
}

func TestTheOldNumbersCodeMakesTheChangeCountAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	if _, err := w.nodes[0].SendPhoneCode(w.as(t, w.ana), another); err != nil {
		t.Fatal(err)
	}
	_, agreement := w.sms(t, mobile, "code_change")
	_, code := w.sms(t, another, "code_phone")
	_, err := w.nodes[0].VerifyPhone(w.as(t, w.ana), code, other(agreement, 1))
	wants(t, err, desk.CodeWrong)
	f, err := w.nodes[0].VerifyPhone(w.as(t, w.ana), code, agreement)
	if err != nil || !f.PhoneVerified {
		t.Fatalf("%+v %v", f, err)
	}
	w.later(t, "2 hours")
	w.send(t, w.ana, act("LAPTOP"), "")
	if to := one[string](t, w, "select number from challenges order by created_at desc limit 1"); to != another {
		t.Errorf("the code went to %s", to)
	}
}

// Holds R18.
func TestADeletedNumberGoesAtOnceWithItsCodeAndElseAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	w.enrol(t, w.ben, another)
	d, err := w.nodes[0].DeletePhone(w.as(t, w.ana), "")
	if err != nil || d.DeleteAfter == nil || !d.OldCode || !d.PhoneVerified {
		t.Fatalf("%+v %v", d, err)
	}
	_, code := w.sms(t, mobile, "code_delete")
	if d, err = w.nodes[0].DeletePhone(w.as(t, w.ana), code); err != nil || d.PhoneMasked != "" {
		t.Fatalf("%+v %v", d, err)
	}

	if _, err := w.nodes[0].DeletePhone(w.as(t, w.ben), ""); err != nil {
		t.Fatal(err)
	}
	phones := func() int { return one[int](t, w, "select count(*) from phones") }
	w.later(t, "23 hours")
	if err := w.nodes[1].Sweep(t.Context()); err != nil || phones() != 1 {
		t.Fatalf("gone too soon: %v", err)
	}
	w.later(t, "2 hours")
	wants(t, w.nodes[0].SendCode(t.Context(), w.ben, act("MAC"), ""), desk.CodeFactorWaits) // due, and not yet swept
	if err := w.nodes[1].Sweep(t.Context()); err != nil || phones() != 0 {
		t.Fatalf("not gone: %v", err)
	}
	if n := one[int](t, w, "select count(*) from messages_out where template in ('mail_phone_delete_soon', 'notice_phone_delete_soon', 'mail_phone_deleted', 'notice_phone_deleted') and user_id = $1", w.ben.User); n != 4 {
		t.Errorf("%d notices, want 4", n)
	}
	w.send(t, w.ben, act("MAC"), another) // he begins anew
}

func TestAProvedAgainNumberIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	if _, err := w.nodes[0].DeletePhone(w.as(t, w.ana), ""); err != nil {
		t.Fatal(err)
	}
	w.later(t, "2 hours")
	if _, err := w.nodes[0].SendPhoneCode(w.as(t, w.ana), mobile); err != nil {
		t.Fatal(err)
	}
	_, code := w.sms(t, mobile, "code_phone")
	f, err := w.nodes[0].VerifyPhone(w.as(t, w.ana), code, "")
	if err != nil || f.DeleteAfter != nil || !f.PhoneVerified {
		t.Fatalf("%+v %v", f, err)
	}
}

// Holds R18.
func TestStaffRecoverFactorsOfOthersAndItIsAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	w.enrolApp(t, w.ana)
	w.enrol(t, w.tess, another)
	tess := w.as(t, w.tess)
	a := act("LAPTOP")
	code := w.send(t, w.ana, a, "")
	wants(t, w.nodes[0].RemovePhone(w.as(t, w.ana), w.tess.User), desk.CodeForbidden)
	wants(t, w.nodes[0].RemovePhone(tess, w.tess.User), desk.CodeForbidden) // not her own
	wants(t, w.nodes[0].RemovePhone(tess, desk.NewID()), desk.CodeNotFound)
	wants(t, w.nodes[0].RemoveTOTP(tess, w.ana.User), "")
	wants(t, w.nodes[0].RemovePhone(tess, w.ana.User), "")
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, code, done), desk.CodeExpired)
	if n := one[int](t, w, "select count(*) from audit where actor = $1 and action in ('phone.deleted_by_staff', 'totp.removed_by_staff')", w.tess.User); n != 2 {
		t.Errorf("%d entries", n)
	}
	c, err := w.nodes[0].SetContactPhone(tess, w.ana.User, "+34 611 000 111")
	if err != nil || c.Verified || c.Number != "+34611000111" {
		t.Fatalf("%+v %v", c, err)
	}
	w.later(t, "2 hours")
	// Contact data is where the first code may go, and a factor once it comes back.
	if err := w.nodes[0].Check(t.Context(), w.ana, a, w.send(t, w.ana, a, ""), done); err != nil {
		t.Fatal(err)
	}
	if c, err = w.nodes[0].ContactOf(tess, w.ana.User); err != nil || !c.Verified {
		t.Fatalf("%+v %v", c, err)
	}
}

func TestWithoutAProviderTheAppIsOfferedAndWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nodes[0] = verify.New(verify.Config{Store: w.stores[0], Notify: notify.New(notify.Config{Store: w.stores[0], Log: storetest.Log(t)}), Log: storetest.Log(t)})
	err := w.nodes[0].SendCode(t.Context(), w.ana, act("LAPTOP"), mobile)
	wants(t, err, desk.CodeSMSUnavailable)
	_, err = w.nodes[0].SendPhoneCode(w.as(t, w.ana), mobile)
	wants(t, err, desk.CodeSMSUnavailable)
	f, err := w.nodes[0].Mine(w.as(t, w.ana))
	if err != nil || f.SMS {
		t.Fatalf("%+v %v", f, err)
	}
}

// ASVS 6.5.3: six digits, each value as likely as any other.
func TestCodesAreUniform(t *testing.T) {
	t.Parallel()
	const n = 60_000
	var digits [6][10]int
	for range n {
		c, err := verify.CodeFrom(rand.Reader)
		if err != nil || len(c) != 6 {
			t.Fatal(c, err)
		}
		for i := range 6 {
			digits[i][c[i]-'0']++
		}
	}
	for i, counts := range digits {
		chi := 0.0
		for _, k := range counts {
			d := float64(k) - n/10
			chi += d * d / (n / 10)
		}
		if chi > 40 { // nine degrees of freedom: once in a hundred thousand runs
			t.Errorf("position %d: %v", i, counts)
		}
	}
}
