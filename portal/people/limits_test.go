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
