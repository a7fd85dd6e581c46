package notify_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// fake is a provider that does as it is told and keeps what it got.
type fake struct {
	mu   sync.Mutex
	got  []notify.Outgoing
	errs []error
}

func (f *fake) Send(_ context.Context, o notify.Outgoing) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, o)
	if len(f.errs) == 0 {
		return "sid-1", nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return "", err
}

func (f *fake) sent() []notify.Outgoing {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]notify.Outgoing(nil), f.got...)
}

type world struct {
	*notify.Service
	store  *store.Store
	tenant desk.ID
	ana    desk.Viewer
}

// newWorld runs the real job queue over the given provider; without jobs
// nothing is sent by itself.
func newWorld(t *testing.T, cfg notify.Config, jobs bool) *world {
	t.Helper()
	s := storetest.New(t)
	cfg.Store, cfg.Log = s, storetest.Log(t)
	w := &world{Service: notify.New(cfg), store: s, tenant: storetest.Tenant(t, s)}
	w.ana = storetest.User(t, s, w.tenant, storetest.Company(t, s, w.tenant, "Acme"), desk.RoleContact, "ana")
	if jobs {
		workers := river.NewWorkers()
		w.AddWorkers(workers)
		j, err := s.StartJobs(t.Context(), workers, map[string]river.QueueConfig{store.QueueMail: {MaxWorkers: 4}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Stop(context.Background()) })
	}
	return w
}

const canary = "918273"

func (w *world) sms(t *testing.T, life time.Duration) desk.ID {
	t.Helper()
	id := desk.NewID()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return w.SMS(ctx, tx, notify.Message{
			ID: id, User: w.ana.User, To: "+34600111222", Template: "code_restart", Secret: canary, Life: life,
			Params: map[string]string{"device": "LAPTOP-7"},
		})
	})
	return id
}

func (w *world) row(t *testing.T, id desk.ID) (state, detail string, attempts, sealed int) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select state, detail, attempts, (select count(*) from secret_outbox s where s.id = m.id)::int from messages_out m where id = $1`, id).
			Scan(&state, &detail, &attempts, &sealed)
	})
	return state, detail, attempts, sealed
}

// ended waits for the end of a message.
func (w *world) ended(t *testing.T, id desk.ID) (state, detail string, attempts int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		s, d, n, sealed := w.row(t, id)
		if s != "queued" {
			if sealed != 0 {
				t.Error("the text is still there")
			}
			return s, d, n
		}
	}
	t.Fatal("the message never ended")
	return "", "", 0
}

// R11: once more with the same key, then a reason; the text is gone either way.
func TestAMessageEndsSentOrFailedWithItsReason(t *testing.T) {
	t.Parallel()
	down := &notify.Failure{Reason: notify.ReasonDown, Again: true}
	for _, c := range []struct {
		name          string
		errs          []error
		state, detail string
		tries         int
	}{
		{"taken", nil, "sent", "", 1},
		{"down once", []error{down}, "sent", "", 2},
		{"down twice", []error{down, down}, "failed", "provider_down", 2},
		{"refused number", []error{&notify.Failure{Reason: notify.ReasonNumber, Detail: "http 400"}}, "failed", "refused_number: http 400", 1},
		{"an error that quotes the message", []error{context.DeadlineExceeded, &quoting{}}, "failed", "provider_down", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{errs: c.errs}
			w := newWorld(t, notify.Config{SMS: f}, true)
			id := w.sms(t, time.Minute)
			state, detail, tries := w.ended(t, id)
			if state != c.state || detail != c.detail || tries != c.tries {
				t.Errorf("%s %q after %d tries", state, detail, tries)
			}
			for _, o := range f.sent() {
				if o.ID != id || o.Text != canary+" restarts LAPTOP-7. Not you? Do not share it." {
					t.Errorf("%+v", o)
				}
			}
			storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
				s, err := notify.StateOf(ctx, tx, id)
				if want, _, _ := strings.Cut(c.detail, ":"); s.State != c.state || string(s.Reason) != want {
					t.Errorf("%+v", s)
				}
				return err
			})
		})
	}
}

type quoting struct{}

func (*quoting) Error() string { return "could not send " + canary }

func TestTheJobCarriesIDsOnlyAndTheTextLiesSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{SMS: &fake{}}, false)
	id := w.sms(t, time.Minute)
	raw, err := json.Marshal(notify.SendArgs{Tenant: w.tenant, Message: id})
	if err != nil || strings.Contains(string(raw), canary) || strings.Count(string(raw), `":`) != 2 {
		t.Errorf("%s %v", raw, err)
	}
	var sealed []byte
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select sealed from secret_outbox where id = $1", id).Scan(&sealed)
	})
	if strings.Contains(string(sealed), canary) {
		t.Error("the text lies open")
	}
	if _, err := w.store.Unseal("message", string(w.tenant)+"/"+string(desk.NewID()), sealed); err == nil {
		t.Error("it opens in another row")
	}
}

func TestWhatWasNotSentInTimeIsFailedAndGone(t *testing.T) {
	t.Parallel()
	f := &fake{}
	w := newWorld(t, notify.Config{SMS: f}, false)
	id := w.sms(t, time.Minute)
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update secret_outbox set expires_at = now() - interval '1 second'")
		if err == nil {
			_, err = tx.Exec(ctx, "update messages_out set created_at = now() - interval '2 minutes'")
		}
		return err
	})
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state, detail, _, sealed := w.row(t, id); state != "failed" || detail != "expired" || sealed != 0 || len(f.sent()) > 0 {
		t.Errorf("%s %s, %d sealed", state, detail, sealed)
	}
}

// P18: after its time nothing tells to whom a message went; what still waits to
// be sent stays.
func TestWhatWasSentIsForgottenAfterItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{SMS: &fake{}, KeepFor: 10 * 24 * time.Hour}, false)
	ids := map[string]desk.ID{}
	for name, c := range map[string]struct{ state, age string }{
		"sent, old": {"sent", "11 days"}, "failed, old": {"failed", "11 days"}, "waits, old": {"queued", "11 days"}, "sent, new": {"sent", "9 days"},
	} {
		ids[name] = w.sms(t, 30*24*time.Hour)
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "update messages_out set state = $2, created_at = now() - $3::interval where id = $1", ids[name], c.state, c.age)
			return err
		})
	}
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		for name, id := range ids {
			var there bool
			if err := tx.QueryRow(ctx, "select exists (select 1 from messages_out where id = $1)", id).Scan(&there); err != nil {
				return err
			}
			if want := name == "waits, old" || name == "sent, new"; there != want {
				t.Errorf("%s is kept: %v", name, there)
			}
		}
		return nil
	})
}

func TestWithoutAProviderSMSIsRefusedAndMailIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{}, false)
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		if err := w.SMS(ctx, tx, notify.Message{User: w.ana.User, To: "+34600111222", Template: "code_phone"}); desk.CodeOf(err) != desk.CodeSMSUnavailable {
			t.Error(err)
		}
		return w.Mail(ctx, tx, notify.Message{User: w.ana.User, Template: "mail_totp_added"})
	})
	if _, err := w.Outbox(desk.WithViewer(t.Context(), w.ana)); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("an outbox outside the demo: %v", err)
	}
}

// B6: whoever looks, a code is for its own person only.
func TestTheDemosOutboxShowsOnesOwnAndNobodyElsesCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{Demo: true}, true)
	w.ended(t, w.sms(t, time.Minute))
	ben := storetest.User(t, w.store, w.tenant, w.ana.Company, desk.RoleContact, "ben")
	tess := storetest.User(t, w.store, w.tenant, "", desk.RoleTechnician, "tess")
	for _, c := range []struct {
		v    desk.Viewer
		want int
	}{{w.ana, 1}, {ben, 0}, {tess, 1}} {
		list, err := w.Outbox(desk.WithViewer(t.Context(), c.v))
		if err != nil || len(list) != c.want {
			t.Fatalf("%s sees %d: %v", c.v.Name, len(list), err)
		}
		own := c.v.User == w.ana.User
		if c.want == 1 && (strings.HasPrefix(list[0].Text, canary) != own || list[0].Secret == own) {
			t.Errorf("%s: %+v", c.v.Name, list[0])
		}
	}
}

// Every language has every message, with the same holes, and no other
// construct than a hole.
func TestTheTextsAreComplete(t *testing.T) {
	t.Parallel()
	type text struct{ Subject, Text string }
	read := func(l desk.Language) map[string]text {
		raw, err := os.ReadFile(filepath.Join("texts", string(l)+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]text
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	hole := regexp.MustCompile(`\{\{[a-z_]+\}\}`)
	holes := func(x text) string {
		list := hole.FindAllString(x.Subject+x.Text, -1)
		slices.Sort(list)
		return strings.Join(slices.Compact(list), " ")
	}
	english := read("en")
	for _, op := range desk.Operations() {
		if _, ok := english["code_"+string(op)]; !ok {
			t.Errorf("no text for %s", op)
		}
	}
	for _, l := range desk.Languages() {
		here := read(l)
		for name, e := range english {
			x, ok := here[name]
			if !ok || x.Text == "" || (x.Subject == "") != (e.Subject == "") || holes(x) != holes(e) {
				t.Errorf("%s: %s is missing or has other holes", l, name)
			}
			if l != "en" && x.Text == e.Text {
				t.Errorf("%s: %s is not translated", l, name)
			}
			if strings.Contains(hole.ReplaceAllString(x.Subject+x.Text, ""), "{{") {
				t.Errorf("%s: %s has more than holes", l, name)
			}
		}
		if len(here) != len(english) {
			t.Errorf("%s has %d texts, English %d", l, len(here), len(english))
		}
	}
}
