package people_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

var mailedCode = regexp.MustCompile(`\b[a-z2-9]{4}-[a-z2-9]{4}\b`)

var anywhere = people.Client{IP: "192.0.2.7"}

// forget lets everything be asked for anew.
func (b bundle) forget(t *testing.T) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "delete from limits")
		return err
	})
}

// code asks for a code and reads it in the mail.
func (b bundle) code(t *testing.T, mail *post, login string) string {
	t.Helper()
	n := mail.count()
	if err := b.people.ForgotPassword(t.Context(), b.tenant, login, anywhere); err != nil {
		t.Fatal(err)
	}
	return mail.first(t, n, mailedCode)[0]
}

func TestR4AForgottenPasswordIsSetByTheCodeOfAMail(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	token, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	code := b.code(t, mail, " Ana@ACME.test ")
	m := mail.next(t, 0)
	if m.To != "ana@acme.test" || !strings.Contains(m.Text, "contraseña") || !strings.Contains(m.Text, "ana") {
		t.Errorf("to %s, in her language: %q %q", m.To, m.Subject, m.Text)
	}
	if n := b.count(t, `select count(*) from challenges where encode(code_mac, 'escape') like '%' || $1 || '%' or digest::text like '%' || $1 || '%'`, code); n > 0 {
		t.Error("the code lies in the database")
	}
	login, err := b.people.SetByCode(t.Context(), b.tenant, "ana", strings.ToUpper(strings.ReplaceAll(code, "-", " ")), "a new password", anywhere)
	if err != nil || login != "ana" {
		t.Fatalf("%q, %v", login, err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("her session goes on: %v", err)
	}
	for p, want := range map[string]desk.Code{password: desk.CodeBadCredentials, "a new password": ""} {
		if _, _, err := b.logIn(t, "ana", p); desk.CodeOf(err) != want {
			t.Errorf("%s: %v", p, err)
		}
	}
	if m := mail.next(t, 1); m.To != "ana@acme.test" || mailedCode.MatchString(m.Text) {
		t.Errorf("no notice of the change: %+v", m)
	}
	if _, err := b.people.SetByCode(t.Context(), b.tenant, "ana", code, "another password", anywhere); desk.CodeOf(err) != desk.CodeResetCode {
		t.Errorf("the code works twice: %v", err)
	}
	if n := b.count(t, `select count(*) from audit where object_id = $1 and action in ('password.code_sent', 'password.set_by_code')`, ana.User); n != 2 {
		t.Errorf("%d entries in the audit log", n)
	}
}

// ASVS 6.3.8: whoever asks learns nothing of who has an account.
func TestR4NobodyLearnsFromAForgottenPasswordWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	off := true
	gone := b.newcomer(t, tech, people.NewUser{Login: "gone"})
	if _, err := b.people.ChangeUser(tech, gone.ID, people.AccountChange{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.AddUser(tech, people.NewUser{Name: "No Mail", Login: "nomail", Company: b.company(t, "Acme")}); err != nil {
		t.Fatal(err)
	}
	ours := b.code(t, mail, "ana")
	for _, login := range []string{"nobody", "nobody@acme.test", "gone", gone.Email, "nomail"} {
		if err := b.people.ForgotPassword(t.Context(), b.tenant, login, anywhere); err != nil {
			t.Errorf("asked for %s: %v", login, err)
		}
		_, err := b.people.SetByCode(t.Context(), b.tenant, login, ours, "a new password", anywhere)
		_, known := b.people.SetByCode(t.Context(), b.tenant, "ana", "aaaa-aaaa", "a new password", people.Client{IP: "192.0.2.8"})
		if err == nil || known == nil || err.Error() != known.Error() {
			t.Errorf("%s: %v, and for an account with a code: %v", login, err, known)
		}
	}
	for begin := time.Now(); b.count(t, "select count(*) from river.river_job where kind = 'password_code' and state <> 'completed'") > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatal("the jobs do not end")
		}
	}
	if n := mail.count(); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestR4TheCodeDiesOfGuessesAgeAndOfWhatChangesTheAccount(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	_, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	own, other := password, "ana2@acme.test"
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"five wrong ones", func() error {
			var wg sync.WaitGroup
			for range 5 { // parallel ones are counted, too
				wg.Go(func() {
					_, _ = b.people.SetByCode(t.Context(), b.tenant, "ana", "aaaa-bbbb", "a new password", anywhere)
				})
			}
			wg.Wait()
			return nil
		}},
		{"15 minutes", func() error {
			storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, "update challenges set expires_at = now()")
				return err
			})
			return nil
		}},
		{"a newer code", func() error { b.code(t, mail, "ana"); return nil }},
		{"her own change", func() error {
			_, err := b.people.UpdateMe(desk.WithViewer(t.Context(), ana), people.Change{Password: &people.PasswordChange{Old: own, New: own + "x"}})
			return err
		}},
		{"a password from staff", func() error {
			_, err := b.people.GivePassword(tech, ana.User, people.GivenPassword{})
			return err
		}},
		{"another mail address", func() error {
			_, err := b.people.ChangeUser(tech, ana.User, people.AccountChange{Email: &other})
			return err
		}},
	} {
		b.forget(t)
		code := b.code(t, mail, "ana")
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		b.forget(t)
		if _, err := b.people.SetByCode(t.Context(), b.tenant, "ana", code, "by an old code", anywhere); desk.CodeOf(err) != desk.CodeResetCode {
			t.Errorf("after %s: %v", c.name, err)
		}
	}
}

func TestR4CodesAreAskedForAndTriedInBoundsAndWorkOnce(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	code := b.code(t, mail, "ana")
	var mu sync.Mutex
	through := 0
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, err := b.people.SetByCode(t.Context(), b.tenant, "ana", code, "a new password", anywhere)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				through++
			}
		})
	}
	wg.Wait()
	if through != 1 {
		t.Errorf("%d got through", through)
	}
	for name, ask := range map[string]func(i int) error{
		"one login from everywhere": func(i int) error {
			return b.people.ForgotPassword(t.Context(), b.tenant, "ana", people.Client{IP: "198.51.100." + string(rune('0'+i%10))})
		},
		"many logins from one address": func(int) error {
			return b.people.ForgotPassword(t.Context(), b.tenant, string(desk.NewID()), anywhere)
		},
		"guesses at one login": func(i int) error {
			_, err := b.people.SetByCode(t.Context(), b.tenant, "ana", "aaaa-aaaa", "a new password", people.Client{IP: "198.51.100." + string(rune('0'+i%10))})
			return err
		},
	} {
		b.forget(t)
		refused := false
		for i := range 25 {
			refused = refused || desk.CodeOf(ask(i)) == desk.CodeRateLimited
		}
		if !refused {
			t.Errorf("%s: without bounds", name)
		}
	}
	if _, err := b.people.SetByCode(t.Context(), b.tenant, "ana", code, "short", anywhere); desk.CodeOf(err) != desk.CodeInvalid {
		t.Errorf("a short password: %v", err)
	}
}
