package people_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

var cheap = people.Config{Hash: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}}

const password = "demo-ana"

type bundle struct {
	store  *store.Store
	people *people.Service
	tenant desk.ID
	url    string
}

func setup(t *testing.T) bundle {
	t.Helper()
	b := bundle{url: storetest.URL(t)}
	b.store = storetest.Open(t, b.url, 0)
	b.people = service(t, b.store)
	b.tenant = storetest.Tenant(t, b.store)
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		acme, err := b.people.CreateCompany(ctx, tx, "Acme", "acme.test")
		if err != nil {
			return err
		}
		_, err = b.people.CreateUser(ctx, tx, people.NewUser{Login: "ana", Email: "Ana@acme.test", Name: "Ana", Password: password, Role: desk.RoleContact, Language: "es", Company: acme})
		return err
	})
	return b
}

func service(t *testing.T, s *store.Store) *people.Service {
	t.Helper()
	p, err := people.New(s, storetest.Log(t), cheap)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b bundle) logIn(t *testing.T, login, password string) (string, desk.Viewer, error) {
	t.Helper()
	return b.people.LogIn(t.Context(), b.tenant, login, password, people.Client{IP: "192.0.2.1", UserAgent: "test"})
}

func TestLogInByNameOrAddressAndNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		login, password string
		want            desk.Code
	}{
		{"ana", password, ""},
		{" ANA ", password, ""},
		{"ana@acme.test", password, ""},
		{"ana", "Demo-ana", desk.CodeBadCredentials},
		{"ana", "", desk.CodeBadCredentials},
		{"", password, desk.CodeBadCredentials},
		{"nobody", password, desk.CodeBadCredentials},
		{"ana\x00", password, desk.CodeBadCredentials},
	} {
		token, v, err := b.logIn(t, c.login, c.password)
		if desk.CodeOf(err) != c.want {
			t.Errorf("%q %q: %v, want %q", c.login, c.password, err, c.want)
		}
		if c.want != "" {
			continue
		}
		got, err := b.people.Authenticate(t.Context(), b.tenant, token)
		if err != nil || got != v || got.Role != desk.RoleContact || got.Language != "es" {
			t.Errorf("%q: session stands for %+v, %v", c.login, got, err)
		}
	}
}

func TestParallelGuessesOverTwoNodesAreLockedOutAfterFive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nodes := []*people.Service{b.people, service(t, storetest.Open(t, b.url, 0))}
	for _, login := range []string{"ana", "nobody"} { // a lock tells nothing about who exists
		var looked, locked atomic.Int32
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				_, _, err := nodes[i%2].LogIn(t.Context(), b.tenant, login, "wrong password", people.Client{IP: "192.0.2.1"})
				switch desk.CodeOf(err) {
				case desk.CodeBadCredentials:
					looked.Add(1)
				case desk.CodeAccountLocked:
					locked.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if looked.Load() != 5 || locked.Load() != 35 {
			t.Errorf("%s: %d passwords were looked at, %d refused", login, looked.Load(), locked.Load())
		}
	}
	if _, _, err := b.logIn(t, "ana", password); desk.CodeOf(err) != desk.CodeAccountLocked {
		t.Errorf("the right password opened a locked account: %v", err)
	}
}

func TestSuccessfulLogInClearsTheCountOfFailures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		for range 4 {
			if _, _, err := b.logIn(t, "ana", "wrong password"); desk.CodeOf(err) != desk.CodeBadCredentials {
				t.Fatal(err)
			}
		}
		if _, _, err := b.logIn(t, "ana", password); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{
		"revoked":       `update sessions set revoked_at = now()`,
		"idle too long": `update sessions set last_seen_at = now() - interval '8 days'`,
		"too old":       `update sessions set expires_at = now()`,
		"user disabled": `update users set disabled_at = now()`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			token, _, err := b.logIn(t, "ana", password)
			if err != nil {
				t.Fatal(err)
			}
			storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, end)
				return err
			})
			if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSessionOfOneTenantIsNothingToAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, _, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	other := storetest.Tenant(t, b.store)
	if _, err := b.people.Authenticate(t.Context(), other, token); desk.CodeOf(err) != desk.CodeUnauthenticated {
		t.Errorf("%v", err)
	}
}

func TestRevokingListsAndEndsOnlyOwnSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first, _ := b.logIn(t, "ana", password)
	_, second, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	tess := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	if err := b.people.Revoke(desk.WithViewer(t.Context(), tess), first.Session); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("a foreign session was revoked: %v", err)
	}
	ctx := desk.WithViewer(t.Context(), second)
	if err := b.people.Revoke(ctx, first.Session); err != nil {
		t.Fatal(err)
	}
	list, err := b.people.Sessions(ctx)
	if err != nil || len(list) != 1 || !list[0].Current || list[0].IP != "192.0.2.1" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestNewPasswordNeedsTheOldOneAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, _, _ := b.logIn(t, "ana", password)
	mine, v, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	ctx := desk.WithViewer(t.Context(), v)
	change := func(from, to string) error {
		_, err := b.people.UpdateMe(ctx, people.Change{Password: &people.PasswordChange{Old: from, New: to}})
		return err
	}
	if err := change("wrong one", "a new password"); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Error(err)
	}
	if err := change(password, "short"); desk.CodeOf(err) != desk.CodeInvalid {
		t.Error(err)
	}
	if err := change(password, "a new password"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, other); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("the other session goes on: %v", err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, mine); err != nil {
		t.Error(err)
	}
	if _, _, err := b.logIn(t, "ana", "a new password"); err != nil {
		t.Error(err)
	}
}

func TestDirectoryIsForStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	tess := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	for _, c := range []struct {
		who   desk.Viewer
		users int
		want  desk.Code
	}{{ana, 0, desk.CodeForbidden}, {desk.Viewer{}, 0, desk.CodeUnauthenticated}, {tess, 2, ""}} {
		ctx := desk.WithViewer(t.Context(), c.who)
		users, err := b.people.Users(ctx, people.PeopleFilter{AtMost: 50})
		if desk.CodeOf(err) != c.want || len(users) != c.users {
			t.Errorf("%s: %d users, %v", c.who.Name, len(users), err)
		}
		if companies, err := b.people.Companies(ctx, "", people.Cursor{}, 50); desk.CodeOf(err) != c.want || err == nil && companies[0].Domains[0] != "acme.test" {
			t.Errorf("%s: %v, %v", c.who.Name, companies, err)
		}
	}
}

func TestLanguageIsTheUsersOwnChoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, v, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	ctx := desk.WithViewer(t.Context(), v)
	for _, c := range []struct {
		language desk.Language
		want     desk.Code
	}{{"de", ""}, {"xx", desk.CodeInvalid}} {
		p, err := b.people.UpdateMe(ctx, people.Change{Language: &c.language})
		if desk.CodeOf(err) != c.want || err == nil && (p.Language != c.language || p.Company.Name != "Acme" || !p.Policies.Assistant) {
			t.Errorf("%s: %+v, %v", c.language, p, err)
		}
	}
}
