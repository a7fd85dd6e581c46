package people_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestAnAddressThatMayNotTryLocksNobodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tries := func(ip, login, pw string) desk.Code {
		_, _, err := b.people.LogIn(t.Context(), b.tenant, login, pw, people.Client{IP: ip})
		return desk.CodeOf(err)
	}
	b.hits(t, "login-ip:198.51.100.7", 100)
	for range 10 {
		if got := tries("198.51.100.7", "ana", "wrong password"); got != desk.CodeRateLimited {
			t.Fatal(got)
		}
	}
	if got := tries("192.0.2.1", "ana", password); got != "" {
		t.Errorf("locked out from afar: %s", got)
	}
}

// Who guesses somebody's password from afar locks that login for strangers, and
// not for its person, in a browser in which they have logged in before.
func TestAStrangerLocksNobodyOutOfABrowserThatTheyUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	far, here := people.Client{IP: "198.51.100.7"}, people.Client{IP: "192.0.2.1"}
	try := func(login, pw string, c people.Client) (desk.Viewer, desk.Code) {
		_, v, err := b.people.LogIn(t.Context(), b.tenant, login, pw, c)
		return v, desk.CodeOf(err)
	}
	ana, code := try("ana", password, here)
	known := here
	known.Known = b.people.KnownMark(ana, here)
	if code != "" || known.Known == "" || b.people.KnownMark(ana, known) != "" {
		t.Fatalf("%s %q", code, known.Known)
	}
	for range 6 {
		_, code = try("ana", "a guess", far)
	}
	if code != desk.CodeAccountLocked {
		t.Fatalf("the stranger: %s", code)
	}
	other, foreign, forged := here, here, here
	other.Known = b.people.KnownMark(desk.Viewer{Tenant: b.tenant, User: desk.NewID()}, here)
	foreign.Known = b.people.KnownMark(desk.Viewer{Tenant: desk.NewID(), User: ana.User}, here)
	forged.Known = known.Known[:len(known.Known)-4] + "AAAA"
	for name, c := range map[string]people.Client{"no mark": here, "another person's": other, "another portal's": foreign, "a forged one": forged} {
		if _, code := try("ana", password, c); code != desk.CodeAccountLocked {
			t.Errorf("with %s: %s", name, code)
		}
	}
	if _, code := try("ana", password, known); code != "" {
		t.Errorf("locked out from afar: %s", code)
	}
	if _, code := try("ana", "a guess", far); code != desk.CodeAccountLocked {
		t.Errorf("her log-in gives the stranger new tries: %s", code)
	}
	for range 5 {
		if _, code := try("ana", "a guess", known); code != desk.CodeBadCredentials {
			t.Fatalf("a guess in her own browser: %s", code)
		}
	}
	if _, code := try("ana", password, known); code != desk.CodeAccountLocked {
		t.Errorf("guesses in a known browser are without bounds: %s", code)
	}
}

func TestAnOfficeBehindOneAddressLogsIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hits(t, "login-ip:192.0.2.1", 98)
	for i := range 5 {
		if _, _, err := b.logIn(t, "ana", password); err != nil {
			t.Fatalf("the %dth right one: %v", i+1, err)
		}
	}
	_, who, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	b.hits(t, "log-ins:"+string(who.User), 100) // sessions without end are none of the office's
	if _, _, err := b.logIn(t, "ana", password); desk.CodeOf(err) != desk.CodeRateLimited {
		t.Errorf("%v", err)
	}
}

func TestAllAddressesOfAnIPv6NetworkCountAsOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.hits(t, "login-ip:2001:db8:1:2::/64", 100)
	for ip, want := range map[string]desk.Code{
		"2001:db8:1:2::1": desk.CodeRateLimited, "2001:db8:1:2:ffff::9": desk.CodeRateLimited, "2001:db8:1:3::1": "", "::ffff:192.0.2.9": "",
	} {
		if _, _, err := b.people.LogIn(t.Context(), b.tenant, "ana", password, people.Client{IP: ip}); desk.CodeOf(err) != want {
			t.Errorf("%s: %v", ip, err)
		}
	}
}

// hits sets how often something was counted just now.
func (b bundle) hits(t *testing.T, key string, n int) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into limits (tenant_id, key, window_start, hits) values ($1, $2, now(), $3)
			on conflict (tenant_id, key) do update set hits = excluded.hits`, b.tenant, key, n)
		return err
	})
}
