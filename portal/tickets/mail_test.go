package tickets_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// post is a mail server that takes everything, unless it is told to wait.
type post struct {
	mu   sync.Mutex
	got  []notify.Outgoing
	down int // so many are refused for now
}

func (p *post) Send(_ context.Context, o notify.Outgoing) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down > 0 {
		p.down--
		return "", &notify.Failure{Reason: notify.ReasonBusy, Again: true}
	}
	p.got = append(p.got, o)
	return "1", nil
}

func (p *post) to(address string) (list []notify.Outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.got {
		if o.To == address {
			list = append(list, o)
		}
	}
	return list
}

// mailed is setup with the real queue over the post. Nothing is worked before
// work is called; then everything is, once.
type mailed struct {
	*bundle
	post *post
	work func()
}

func setupMail(t *testing.T) *mailed {
	t.Helper()
	m := &mailed{bundle: setup(t), post: &post{}}
	messages := notify.New(notify.Config{Store: m.store, Mail: m.post, Log: storetest.Log(t), Wait: func(notify.Channel, int) (time.Duration, bool) {
		return 10 * time.Millisecond, true
	}})
	mails := tickets.NewMails(m.store, messages, func(context.Context, *store.Tx) (string, error) { return "https://help.test", nil })
	messages.PlugTickets(mails)
	workers := river.NewWorkers()
	messages.AddWorkers(workers)
	mails.AddWorkers(workers)
	m.work = func() {
		t.Helper()
		jobs, err := m.store.StartJobs(t.Context(), workers, map[string]river.QueueConfig{store.QueueMail: {MaxWorkers: 1}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = jobs.Stop(context.Background()) }()
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if m.open() == 0 {
				return
			}
		}
		t.Fatal("the queue never ended")
	}
	return m
}

// open is how many jobs are not over.
func (m *mailed) open() (n int) {
	m.t.Helper()
	storetest.InTx(m.t, m.store, m.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from river.river_job where finalized_at is null").Scan(&n)
	})
	return n
}

func (m *mailed) change(v desk.Viewer, id desk.ID, status tickets.Status) {
	m.t.Helper()
	if _, err := m.service.Change(as(m.t, v), id, tickets.Change{Status: &status}); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mailed) reply(v desk.Viewer, id desk.ID, text string, internal bool) {
	m.t.Helper()
	if _, err := m.service.Reply(as(m.t, v), id, text, internal); err != nil {
		m.t.Fatal(err)
	}
}

func TestWhatHappensInATicketIsMailedToWhoDidNotDoIt(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	ticket := m.create(m.ana, "The printer is on fire")
	if _, err := m.service.Change(as(t, m.tess), ticket.ID, tickets.Change{Assignee: &m.tess.User}); err != nil {
		t.Fatal(err)
	}
	m.work()
	opened := m.post.to("ana@example.test")
	if len(opened) != 1 || !strings.Contains(opened[0].Subject, "The printer is on fire") || opened[0].Thread != "ticket-"+string(ticket.ID) ||
		!strings.Contains(opened[0].Text, "https://help.test/tickets/"+string(ticket.ID)) {
		t.Fatalf("%+v", opened)
	}
	m.reply(m.tess, ticket.ID, "Use the extinguisher.", false)
	m.reply(m.tess, ticket.ID, "She always does this.", true)
	m.reply(m.ana, ticket.ID, "It is out now.", false)
	m.work()
	ana, tess := m.post.to("ana@example.test")[1:], m.post.to("tess@example.test")
	if len(ana) != 1 || !strings.Contains(ana[0].Text, "Use the extinguisher.") || strings.Contains(ana[0].Text, "always") {
		t.Errorf("ana: %+v", ana)
	}
	if len(tess) != 1 || !strings.Contains(tess[0].Text, "It is out now.") || !strings.Contains(tess[0].Text, "/queue/") {
		t.Errorf("tess: %+v", tess)
	}
	m.change(m.tess, ticket.ID, "pending")
	m.work()
	m.change(m.tess, ticket.ID, "resolved")
	m.work()
	ana = m.post.to("ana@example.test")[2:]
	if len(ana) != 2 || !strings.Contains(ana[0].Text, "Waiting for you") || !strings.Contains(ana[1].Text, "Is it fixed?") {
		t.Errorf("ana: %+v", ana)
	}
	m.change(m.ana, ticket.ID, "open")
	m.work()
	if n := len(m.post.to("ana@example.test")); n != 4 {
		t.Errorf("what she did herself made %d mails", n)
	}
	if _, err := m.service.AskIfFixed(as(t, m.tess), ticket.ID); err != nil {
		t.Fatal(err)
	}
	m.work()
	if last := m.post.to("ana@example.test"); len(last) != 5 || !strings.Contains(last[4].Text, "is it fixed?") {
		t.Errorf("%+v", last)
	}
}

// Holds R19, R21 and R26 for mails: what the portal does not show, no mail says,
// whatever it was when the mail was queued.
func TestAMailSaysNothingThatItsReaderDoesNotSee(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	ticket := m.create(m.ana, "A secret subject")
	m.work()
	m.reply(m.tess, ticket.ID, "Have you tried?", false)
	m.change(m.tess, ticket.ID, "pending")
	hidden := tickets.ModeHidden
	for _, key := range []string{tickets.FieldSubject, tickets.FieldStatus} {
		if _, err := m.service.ChangeField(as(t, m.adam), m.fieldID(key), tickets.FieldDraft{Mode: &hidden}); err != nil {
			t.Fatal(err)
		}
	}
	m.work()
	got := m.post.to("ana@example.test")[1:]
	if len(got) != 1 || !strings.Contains(got[0].Text, "Have you tried?") {
		t.Fatalf("%+v", got)
	}
	for _, secret := range []string{"A secret subject", "Status", "Waiting"} {
		if strings.Contains(got[0].Subject+got[0].Text+got[0].HTML, secret) {
			t.Errorf("the mail says %q: %s", secret, got[0].Text)
		}
	}
	m.reply(m.tess, ticket.ID, "And now?", false)
	m.set("visible_statuses", `["new"]`)
	m.work()
	if n := len(m.post.to("ana@example.test")); n != 2 {
		t.Errorf("%d mails about a ticket that she does not see", n)
	}

	// Refused for now, and sent at the next try.
	m.set("visible_statuses", `["new","open","pending","resolved","closed"]`)
	m.post.down = 1
	m.reply(m.tess, ticket.ID, "Hello?", false)
	m.work()
	if n := len(m.post.to("ana@example.test")); n != 3 {
		t.Errorf("%d mails after a server that was busy once", n)
	}
	m.set("ticketing", `{"mode":"off","users":[]}`)
	m.reply(m.tess, ticket.ID, "Still there?", false)
	m.work()
	if n := len(m.post.to("ana@example.test")); n != 3 {
		t.Errorf("%d mails with ticketing off", n)
	}
}

// A ticket that a chat opened by itself, and one without anybody's address,
// mail nobody.
func TestNoMailWhereNobodyWaitsForOne(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	conv := desk.NewID()
	storetest.InTx(t, m.store, m.tenant, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `insert into conversations (tenant_id, id, user_id, company_id) values ($1, $2, $3, $4)`, m.tenant, conv, m.ana.User, m.ana.Company); err != nil {
			return err
		}
		_, err := tickets.OpenTx(ctx, tx, "", tickets.Opening{Requester: m.ana, Origin: tickets.FromChat, Conversation: conv, Session: true, Subject: "hello"})
		if err == nil {
			_, err = tickets.OpenTx(ctx, tx, "", tickets.Opening{Requester: m.ana, Origin: tickets.FromAction, Subject: "restart"})
		}
		return err
	})
	m.work()
	if got := m.post.to("ana@example.test"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// SECURITY H4: machines that answer each other end at the cap.
func TestMailsAboutOneTicketAreBounded(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	ticket := m.create(m.ana, "Loop")
	for range 40 {
		m.reply(m.tess, ticket.ID, "again", false)
	}
	m.work()
	if n := len(m.post.to("ana@example.test")); n != 30 {
		t.Errorf("%d mails", n)
	}
}

// Whoever opened a ticket that is merged gets one mail that says where it goes
// on, and none when that is not so by the time that it goes out.
func TestAMergeTellsItsRequesterOnceWhereItGoesOn(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	first, second, third, bens := m.create(m.ana, "Printer"), m.create(m.ana, "Printer again"), m.create(m.ana, "Printers"), m.create(m.ben, "The same")
	m.work()
	merge := func(id, into desk.ID) {
		t.Helper()
		if _, err := m.service.Merge(as(t, m.tess), id, into); err != nil {
			t.Fatal(err)
		}
	}
	unmerge := func(id desk.ID) {
		t.Helper()
		if _, err := m.service.Unmerge(as(t, m.tess), id); err != nil {
			t.Fatal(err)
		}
	}
	before := len(m.post.to("ana@example.test"))
	since := func(address string, n int) []notify.Outgoing { return m.post.to(address)[n:] }
	merge(first.ID, second.ID)
	m.work()
	got := since("ana@example.test", before)
	if len(got) != 1 || !strings.Contains(got[0].Text, fmt.Sprintf("#%d,", second.Number)) || !strings.Contains(got[0].Text, "https://help.test/tickets/"+string(second.ID)) ||
		got[0].Thread != "ticket-"+string(first.ID) {
		t.Fatalf("%+v", got)
	}
	merge(second.ID, third.ID) // the first one follows, and is not told of again
	merge(bens.ID, third.ID)   // ben is a main contact: he sees where it goes on
	m.work()
	if got := since("ana@example.test", before); len(got) != 2 || !strings.Contains(got[1].Text, fmt.Sprintf("#%d,", third.Number)) {
		t.Errorf("%+v", got)
	}
	if got := since("ben@example.test", 1); len(got) != 1 || !strings.Contains(got[0].Text, "/tickets/"+string(third.ID)) {
		t.Errorf("%+v", got)
	}
	unmerge(bens.ID)
	m.work()
	if got := since("ben@example.test", 2); len(got) != 1 || !strings.Contains(got[0].Text, "new status: New") {
		t.Errorf("taken back: %+v", got)
	}
	merge(bens.ID, third.ID)
	unmerge(bens.ID)
	m.work()
	for _, o := range since("ben@example.test", 3) {
		if strings.Contains(o.Text, "merged") {
			t.Errorf("told of a merge that is none any more: %s", o.Text)
		}
	}
	if n := len(m.post.to("tess@example.test")); n != 0 {
		t.Errorf("%d mails to who did it", n)
	}
}

// A change of many tickets tells each requester as a change of one does, within
// bounds, and what was said already is not said again.
func TestAChangeOfManyTicketsIsToldWithinBounds(t *testing.T) {
	t.Parallel()
	m := setupMail(t)
	var ids []desk.ID
	for i := range 25 {
		ids = append(ids, m.create(m.ana, fmt.Sprintf("Problem %d", i)).ID)
	}
	ids = append(ids, m.create(m.ben, "Another one").ID)
	m.work()
	storetest.InTx(t, m.store, m.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "delete from messages_out")
		return err
	})
	ana, ben := len(m.post.to("ana@example.test")), len(m.post.to("ben@example.test"))
	pending := tickets.Status("pending")
	for range 2 {
		done, err := m.service.ChangeMany(as(t, m.tess), ids, tickets.Change{Status: &pending})
		if err != nil || !done[0].OK || !done[25].OK {
			t.Fatalf("%+v %v", done, err)
		}
		m.work()
	}
	if n := len(m.post.to("ana@example.test")) - ana; n != 20 {
		t.Errorf("ana got %d mails", n)
	}
	if got := m.post.to("ben@example.test")[ben:]; len(got) != 1 || !strings.Contains(got[0].Text, "Waiting for you") {
		t.Errorf("ben got %+v", got)
	}
	m.reply(m.tess, ids[0], "What somebody wrote comes all the same.", false)
	m.work()
	if got := m.post.to("ana@example.test"); len(got)-ana != 21 {
		t.Errorf("ana got %d mails", len(got)-ana)
	}
}

func (m *mailed) fieldID(key string) desk.ID {
	m.t.Helper()
	list, err := m.service.Fields(as(m.t, m.adam))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, f := range list {
		if f.Key == key {
			return f.ID
		}
	}
	m.t.Fatalf("no field %s", key)
	return ""
}
