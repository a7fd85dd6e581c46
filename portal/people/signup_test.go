package people_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

var proofLink = regexp.MustCompile(`https?://\S+/sign-up/confirm#(\S+)`)

// open switches the form for strangers on.
func (b bundle) open(t *testing.T) {
	t.Helper()
	admin := b.as(t, desk.RoleAdmin)
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, viewerOf(t, admin), rawPatch("sign_up", "true"))
		return err
	})
}

func stranger(email string) people.FirstMessage {
	return people.FirstMessage{Email: email, Name: "Nora  Núñez", Language: "es", Text: "No puedo imprimir.\nDesde ayer."}
}

// proof signs up and reads the link in the mail.
func (b bundle) proof(t *testing.T, mail *post, m people.FirstMessage) string {
	t.Helper()
	n := mail.count()
	if err := b.people.SignUp(t.Context(), b.tenant, m, anywhere); err != nil {
		t.Fatal(err)
	}
	sent := mail.next(t, n)
	link := proofLink.FindStringSubmatch(sent.Text)
	if link == nil || sent.To != strings.ToLower(m.Email) {
		t.Fatalf("no link: %+v", sent)
	}
	for _, typed := range []string{"Nora", "imprimir"} {
		if strings.Contains(sent.Subject+sent.Text, typed) {
			t.Errorf("the mail repeats %q to an address that nobody has proved", typed)
		}
	}
	return link[1]
}

func TestR6WhoComesFromACompanysDomainBecomesAUserOfItWithATicket(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	b.open(t)
	users := b.count(t, "select count(*) from users")
	token := b.proof(t, mail, stranger("Nora@ACME.test"))
	if n := b.count(t, "select count(*) from users"); n != users {
		t.Error("there is a user before the address is proved")
	}
	if n := b.count(t, `select count(*) from newcomers where encode(token_hash, 'escape') like '%' || $1 || '%'`, token); n > 0 {
		t.Error("the token lies in the database")
	}
	out, err := b.people.ConfirmSignUp(t.Context(), b.tenant, token, anywhere)
	if err != nil || out.Outcome != "account" || out.Login != "nora.nunez" || out.TicketNumber == 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	n := b.count(t, `select count(*) from tickets k join users u on u.tenant_id = k.tenant_id and u.id = k.requester_id
		join companies c on c.tenant_id = k.tenant_id and c.id = k.company_id and c.id = u.company_id
		where k.number = $1 and u.email = 'nora@acme.test' and u.name = 'Nora Núñez' and u.language = 'es' and u.role = 'contact'
		and c.name = 'Acme' and k.subject = 'No puedo imprimir.' and k.description like '%Desde ayer.'`, out.TicketNumber)
	if n != 1 {
		t.Error("the user, the company or the ticket is not as it should be")
	}
	if login, err := b.people.SetByLink(t.Context(), b.tenant, out.Token, "nora's own one", anywhere); err != nil || login != out.Login {
		t.Fatalf("%q, %v", login, err)
	}
	if _, _, err := b.logIn(t, "nora@acme.test", "nora's own one"); err != nil {
		t.Error(err)
	}
	if _, err := b.people.ConfirmSignUp(t.Context(), b.tenant, token, anywhere); desk.CodeOf(err) != desk.CodeLinkOver {
		t.Errorf("the link works twice: %v", err)
	}
}

func TestR6WhoComesFromNoCompanysDomainWaitsOnTheReviewListUntilStaffDecide(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	b.open(t)
	tech := b.as(t, desk.RoleTechnician)
	users := b.count(t, "select count(*) from users")
	for _, address := range []string{"nora@elsewhere.test", "nora@sub.acme.test"} { // a domain is one domain, as it is for companies
		out, err := b.people.ConfirmSignUp(t.Context(), b.tenant, b.proof(t, mail, stranger(address)), anywhere)
		if err != nil || out.Outcome != "review" || out.Token != "" {
			t.Fatalf("%s: %+v, %v", address, out, err)
		}
	}
	if n := b.count(t, "select count(*) from users"); n != users {
		t.Error("a user of no company was created")
	}
	list, err := b.people.Review(tech, false, time.Time{}, "", 50)
	if err != nil || len(list) != 2 || list[1].Text != "No puedo imprimir.\nDesde ayer." || list[1].Email != "nora@elsewhere.test" {
		t.Fatalf("%+v, %v", list, err)
	}
	if page, err := b.people.Review(tech, false, list[0].At, list[0].ID, 50); err != nil || len(page) != 1 || page[0].ID != list[1].ID {
		t.Errorf("the next page: %+v, %v", page, err)
	}
	sent := mail.count()
	n, err := b.people.Assign(tech, list[1].ID, b.company(t, "Acme"))
	if err != nil || n.State != people.StateAssigned || n.Ticket == nil || n.User == "" {
		t.Fatalf("%+v, %v", n, err)
	}
	if m := mail.next(t, sent); m.To != "nora@elsewhere.test" || !strings.Contains(m.Text, "nora.nunez") {
		t.Errorf("the welcome that she waits for: %+v", m)
	}
	if d, err := b.people.Dismiss(tech, list[0].ID); err != nil || d.State != people.StateDismissed {
		t.Errorf("%+v, %v", d, err)
	}
	for name, do := range map[string]func() error{
		"assigned again":    func() error { _, err := b.people.Assign(tech, list[0].ID, b.company(t, "Acme")); return err },
		"dismissed as well": func() error { _, err := b.people.Dismiss(tech, list[1].ID); return err },
	} {
		if err := do(); desk.CodeOf(err) != desk.CodeConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.count(t, "select count(*) from audit where action in ('newcomer.waits', 'newcomer.assigned', 'newcomer.dismissed')"); n != 4 {
		t.Errorf("%d entries in the audit log", n)
	}
	if _, err := b.people.Review(desk.WithViewer(t.Context(), desk.Viewer{Tenant: b.tenant, User: n.User, Role: desk.RoleContact}), false, time.Time{}, "", 50); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a user reads the list: %v", err)
	}
}

func TestR6AnAddressThatHasAnAccountGetsTheSameAnswerAndAMailThatSaysSo(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	b.open(t)
	if err := b.people.SignUp(t.Context(), b.tenant, stranger("ana@acme.test"), anywhere); err != nil {
		t.Fatal(err)
	}
	m := mail.next(t, 0)
	if m.To != "ana@acme.test" || proofLink.MatchString(m.Text) || !strings.Contains(m.Text, "ana") {
		t.Errorf("%+v", m)
	}
	if n := b.count(t, "select count(*) from newcomers") + b.count(t, "select count(*) from tickets"); n != 0 {
		t.Errorf("%d rows of it", n)
	}
	// Whoever signs up twice and proves both has one account and two tickets.
	first, second := b.proof(t, mail, stranger("nora@acme.test")), b.proof(t, mail, stranger("nora@acme.test"))
	if out, err := b.people.ConfirmSignUp(t.Context(), b.tenant, first, anywhere); err != nil || out.Outcome != "account" {
		t.Fatalf("%+v, %v", out, err)
	}
	out, err := b.people.ConfirmSignUp(t.Context(), b.tenant, second, anywhere)
	if err != nil || out.Outcome != "known" || out.Token != "" || out.TicketNumber == 0 {
		t.Fatalf("%+v, %v", out, err)
	}
}

func TestR6TheFormIsOffUntilItIsSwitchedOnAndHasBounds(t *testing.T) {
	t.Parallel()
	b, _ := withMail(t)
	if err := b.people.SignUp(t.Context(), b.tenant, stranger("nora@acme.test"), anywhere); desk.CodeOf(err) != desk.CodePolicy {
		t.Errorf("switched off: %v", err)
	}
	b.open(t)
	for name, m := range map[string]people.FirstMessage{
		"no address": {Name: "N", Text: "x"}, "no address at all": {Email: "nora", Name: "N", Text: "x"},
		"no name": {Email: "nora@acme.test", Text: "x"}, "no text": {Email: "nora@acme.test", Name: "N", Text: " "},
		"no language of ours": {Email: "nora@acme.test", Name: "N", Text: "x", Language: "xx"},
		"far too long":        {Email: "nora@acme.test", Name: "N", Text: strings.Repeat("x", 5001)},
	} {
		if err := b.people.SignUp(t.Context(), b.tenant, m, anywhere); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, sign := range map[string]func() error{
		"one address": func() error {
			return b.people.SignUp(t.Context(), b.tenant, stranger("nora@acme.test"), people.Client{IP: string(desk.NewID())})
		},
		"one network": func() error {
			return b.people.SignUp(t.Context(), b.tenant, stranger(string(desk.NewID())+"@acme.test"), anywhere)
		},
	} {
		b.forget(t)
		refused := false
		for range 12 {
			refused = refused || desk.CodeOf(sign()) == desk.CodeRateLimited
		}
		if !refused {
			t.Errorf("%s: without bounds", name)
		}
	}
	if n := b.count(t, "select count(*) from users where email like '%@acme.test' and login <> 'ana' and role = 'contact'"); n != 0 {
		t.Errorf("%d users of addresses that nobody proved", n)
	}
}

func TestR6WhatNobodyProvedCountsForADayAndGoes(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	b.open(t)
	token := b.proof(t, mail, stranger("nora@acme.test"))
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update newcomers set created_at = now() - interval '49 hours'")
		return err
	})
	if _, err := b.people.ConfirmSignUp(t.Context(), b.tenant, token, anywhere); desk.CodeOf(err) != desk.CodeLinkOver {
		t.Errorf("after two days: %v", err)
	}
	if err := b.store.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "select count(*) from newcomers"); n != 0 {
		t.Error("it is still there")
	}
}

// The seam for mail that comes in: the sender is proved by the caller.
func TestR6TheFirstTicketOfAnUnknownSenderTakesTheSameWay(t *testing.T) {
	t.Parallel()
	b, _ := withMail(t)
	contact := func(email string) (p people.Placed) {
		m := stranger(email)
		m.Subject, m.Source = "Impresora", people.FromMail
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
			p, err = b.people.FirstContact(ctx, tx, m)
			return err
		})
		return p
	}
	if p := contact("nora@acme.test"); p.Known || p.Number == 0 || p.Login == "" {
		t.Errorf("from a known domain: %+v", p)
	}
	if p := contact("ana@acme.test"); !p.Known || p.Number == 0 {
		t.Errorf("from somebody known: %+v", p)
	}
	if p := contact("nora@elsewhere.test"); p.User != "" || p.Ticket != "" {
		t.Errorf("from nowhere: %+v", p)
	}
	if n := b.count(t, "select count(*) from newcomers where state = 'waiting' and source = 'mail' and subject = 'Impresora'"); n != 1 {
		t.Errorf("%d on the review list", n)
	}
}
