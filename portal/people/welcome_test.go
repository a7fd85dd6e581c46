package people_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
)

// post is a mail server that keeps what it is given, or refuses all of it.
type post struct {
	mu      sync.Mutex
	sent    []notify.Outgoing
	refuses error
}

func (p *post) Send(_ context.Context, o notify.Outgoing) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses != nil {
		return "", p.refuses
	}
	p.sent = append(p.sent, o)
	return "kept", nil
}

// next waits for the mail after the first n.
func (p *post) next(t *testing.T, n int) notify.Outgoing {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		if len(p.sent) > n {
			defer p.mu.Unlock()
			return p.sent[n]
		}
		p.mu.Unlock()
	}
	t.Fatal("no mail came")
	return notify.Outgoing{}
}

// first waits for what looks like this in a mail after the first n: other
// mails may come between.
func (p *post) first(t *testing.T, n int, what *regexp.Regexp) []string {
	t.Helper()
	for ; ; n++ {
		if found := what.FindStringSubmatch(p.next(t, n).Text); found != nil {
			return found
		}
	}
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent)
}

// withMail is the bundle with a mail server, working jobs, and the rooms that
// people need besides.
func withMail(t *testing.T) (bundle, *post) {
	t.Helper()
	b, p := setup(t), &post{}
	n := notify.New(notify.Config{Store: b.store, Mail: p, Log: storetest.Log(t)})
	cfg := cheap
	cfg.Notify, cfg.Tickets = n, tickets.New(b.store)
	cfg.Verify = verify.New(verify.Config{Store: b.store, Notify: n, Log: storetest.Log(t)})
	var err error
	if b.people, err = people.New(b.store, storetest.Log(t), cfg); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	n.AddWorkers(workers)
	b.people.AddWorkers(workers)
	jobs, err := b.store.StartJobs(t.Context(), workers, map[string]river.QueueConfig{store.QueueMail: {MaxWorkers: 4, FetchCooldown: 10 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = jobs.Stop(ctx)
	})
	return b, p
}

var linkText = regexp.MustCompile(`(https?://\S+)/set-password#(\S+)`)

func TestR5WelcomeMailBringsTheFirstPasswordAndLaterAOneTimeLink(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	p := b.newcomer(t, tech, people.NewUser{Name: "Nora Núñez", Email: "nora@acme.test", Language: "es"})
	if mail.count() != 0 {
		t.Error("a mail went out by itself, though that is switched off")
	}
	first, err := b.people.FirstPassword(tech, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = b.people.SendWelcome(tech, p.ID); err != nil || p.Welcome == nil {
		t.Fatalf("%+v, %v", p.Welcome, err)
	}
	m := mail.next(t, 0)
	for _, want := range []string{first, p.Login, ".test\n", "https://", "Contraseña"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the mail has no %q:\n%s", want, m.Text)
		}
	}
	if m.To != "nora@acme.test" || !strings.HasPrefix(m.Subject, "Su acceso a Tenant") {
		t.Errorf("to %q: %q", m.To, m.Subject)
	}
	if _, _, err := b.logIn(t, "nora@acme.test", first); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.SendWelcome(tech, p.ID); err != nil {
		t.Fatal(err)
	}
	m = mail.next(t, 1)
	link := linkText.FindStringSubmatch(m.Text)
	if link == nil || strings.Contains(m.Text, first) {
		t.Fatalf("after the first log-in:\n%s", m.Text)
	}
	token := link[2]
	if n := b.count(t, `select count(*) from password_links where encode(token_hash, 'escape') like '%' || $1 || '%'`, token); n > 0 {
		t.Error("the token lies in the database")
	}
	by := people.Client{IP: "192.0.2.9"}
	if login, err := b.people.LinkOwner(t.Context(), b.tenant, token, by); err != nil || login != p.Login {
		t.Errorf("whose link: %q, %v", login, err)
	}
	if _, err := b.people.SetByLink(t.Context(), b.tenant, token, "short", by); desk.CodeOf(err) != desk.CodeInvalid {
		t.Errorf("a short password: %v", err)
	}
	if login, err := b.people.SetByLink(t.Context(), b.tenant, token, "nora's own one", by); err != nil || login != p.Login {
		t.Fatalf("%q, %v", login, err)
	}
	for password, want := range map[string]desk.Code{first: desk.CodeBadCredentials, "nora's own one": ""} {
		if _, _, err := b.logIn(t, p.Login, password); desk.CodeOf(err) != want {
			t.Errorf("%s: %v", password, err)
		}
	}
	if _, err := b.people.SetByLink(t.Context(), b.tenant, token, "another password", by); desk.CodeOf(err) != desk.CodeLinkOver {
		t.Errorf("the link works twice: %v", err)
	}
}

// link sends somebody who has logged in a link and returns its token.
func (b bundle) link(t *testing.T, tech context.Context, mail *post, user desk.ID) string {
	t.Helper()
	n := mail.count()
	if _, err := b.people.SendWelcome(tech, user); err != nil {
		t.Fatal(err)
	}
	m := mail.first(t, n, linkText)
	return m[2]
}

func TestR5TheLinkIsVoidAfterEveryOtherChangeOfThePassword(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	_, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	own, off := password, true
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"her own change", func() error {
			_, err := b.people.UpdateMe(desk.WithViewer(t.Context(), ana), people.Change{Password: &people.PasswordChange{Old: own, New: own + "x"}})
			own += "x"
			return err
		}},
		{"a password from staff", func() error {
			_, err := b.people.GivePassword(tech, ana.User, people.GivenPassword{Password: "given by staff"})
			if err == nil {
				_, ana, err = b.logIn(t, "ana", "given by staff")
			}
			return err
		}},
		{"another mail address", func() error {
			other := "ana.two@acme.test"
			_, err := b.people.ChangeUser(tech, ana.User, people.AccountChange{Email: &other})
			return err
		}},
		{"becoming staff", func() error {
			role, back, acme := desk.RoleTechnician, desk.RoleContact, ana.Company
			if _, err := b.people.ChangeUser(b.as(t, desk.RoleAdmin), ana.User, people.AccountChange{Role: &role}); err != nil {
				return err
			}
			_, err := b.people.ChangeUser(b.as(t, desk.RoleAdmin), ana.User, people.AccountChange{Role: &back, Company: &acme})
			return err
		}},
		{"a newer link", func() error { b.link(t, tech, mail, ana.User); return nil }},
		{"24 hours", func() error {
			storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, "update password_links set expires_at = now()")
				return err
			})
			return nil
		}},
		{"disabling", func() error {
			_, err := b.people.ChangeUser(tech, ana.User, people.AccountChange{Disabled: &off})
			return err
		}},
	} {
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "delete from limits")
			return err
		})
		token := b.link(t, tech, mail, ana.User)
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := b.people.SetByLink(t.Context(), b.tenant, token, "by an old link", people.Client{}); desk.CodeOf(err) != desk.CodeLinkOver {
			t.Errorf("after %s: %v", c.name, err)
		}
	}
}

func TestR5OneOfManyWhoUseALinkAtATimeGetsThrough(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	_, ana, _ := b.logIn(t, "ana", password)
	token := b.link(t, tech, mail, ana.User)
	var mu sync.Mutex
	through := 0
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			_, err := b.people.SetByLink(t.Context(), b.tenant, token, "a new password", people.Client{})
			mu.Lock()
			defer mu.Unlock()
			switch desk.CodeOf(err) {
			case "":
				through++
			case desk.CodeLinkOver:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if through != 1 {
		t.Errorf("%d got through", through)
	}
	other := storetest.Tenant(t, b.store)
	token = b.link(t, tech, mail, ana.User)
	if _, err := b.people.SetByLink(t.Context(), other, token, "a new password", people.Client{}); desk.CodeOf(err) != desk.CodeLinkOver {
		t.Errorf("at another tenant's address: %v", err)
	}
}

func TestR5WelcomeMailGoesOutByItselfWhenSwitchedOn(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	admin := b.as(t, desk.RoleAdmin)
	set := func(on string) {
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := policy.Change(ctx, tx, viewerOf(t, admin), rawPatch("welcome_mail", on))
			return err
		})
	}
	set("true")
	p := b.newcomer(t, admin, people.NewUser{Email: "nora@acme.test"})
	if m := mail.next(t, 0); m.To != "nora@acme.test" || !strings.Contains(m.Text, p.Login) {
		t.Errorf("%+v", m)
	}
	// Somebody without an address is created all the same.
	if _, err := b.people.AddUser(admin, people.NewUser{Name: "No Mail", Company: b.company(t, "Acme")}); err != nil {
		t.Error(err)
	}
	if _, err := b.people.Import(admin, []byte("name,email\nIda Imported,ida@acme.test\n"), people.ImportOptions{Commit: true}); err != nil {
		t.Fatal(err)
	}
	if m := mail.next(t, 1); m.To != "ida@acme.test" {
		t.Errorf("after the import: %+v", m)
	}
	set("false")
	b.newcomer(t, admin, people.NewUser{Email: "late@acme.test"})
	if n := b.count(t, `select count(*) from messages_out where recipient = 'late@acme.test'`); n != 0 {
		t.Error("a mail though it is switched off")
	}
}

func TestAWelcomeMailThatFailedSaysWhyOnThePersonsPage(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	mail.refuses = &notify.Failure{Reason: notify.ReasonNumber, Detail: "smtp 550"}
	tech := b.as(t, desk.RoleTechnician)
	p := b.newcomer(t, tech, people.NewUser{})
	if _, err := b.people.SendWelcome(tech, p.ID); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); p.Welcome == nil || p.Welcome.State != notify.StateFailed; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%+v", p.Welcome)
		}
		var err error
		if p, err = b.people.User(tech, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if p.Welcome.Reason != string(notify.ReasonNumber) || p.Welcome.Detail != "smtp 550" {
		t.Errorf("%+v", p.Welcome)
	}
}

func TestWelcomeIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	b, _ := withMail(t)
	admin, tech := b.as(t, desk.RoleAdmin), b.as(t, desk.RoleTechnician)
	plain := service(t, b.store) // no mail server
	nobody, err := b.people.AddUser(tech, people.NewUser{Name: "No Mail", Company: b.company(t, "Acme")})
	if err != nil {
		t.Fatal(err)
	}
	off := true
	gone := b.newcomer(t, tech, people.NewUser{})
	if _, err := b.people.ChangeUser(tech, gone.ID, people.AccountChange{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	busy := b.newcomer(t, tech, people.NewUser{})
	for range 5 {
		if _, err := b.people.SendWelcome(tech, busy.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		s    *people.Service
		id   desk.ID
		want desk.Code
	}{
		{"no mail server", plain, gone.ID, desk.CodeNoMail},
		{"no address", b.people, nobody.ID, desk.CodeNoAddress},
		{"disabled", b.people, gone.ID, desk.CodePolicy},
		{"too often", b.people, busy.ID, desk.CodeRateLimited},
		{"an admin, by a technician", b.people, viewerOf(t, admin).User, desk.CodeForbidden},
	} {
		if _, err := c.s.SendWelcome(tech, c.id); desk.CodeOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
