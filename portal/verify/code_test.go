package verify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
)

// D1: two nodes, two hundred requests at once.
func TestOfTwoHundredGuessesAtOnceFiveAreLookedAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	code := w.send(t, w.ana, a, mobile)
	var right, looked atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range 200 {
		all.Go(func() {
			guess := other(code, i)
			if i%20 == 7 {
				guess = code
			}
			<-start
			switch err := w.nodes[i%2].Check(context.Background(), w.ana, a, guess, done); desk.CodeOf(err) {
			case "":
				right.Add(1)
				looked.Add(1)
			case desk.CodeWrong:
				looked.Add(1)
			case desk.CodeAttempts, desk.CodeUsed, desk.CodeRateLimited:
			default:
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	charged := one[int](t, w, "select attempts from challenges where action_id = $1", a.Action)
	if right.Load() > 1 || looked.Load() > 5 || charged > 5 {
		t.Fatalf("%d were right, %d looked at, %d charged", right.Load(), looked.Load(), charged)
	}
	t.Logf("200 at once on two nodes: %d right, %d charged", right.Load(), charged)
}

// D2.
func TestARightCodeGivenTwiceAtOnceAllowsOneAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		a := act("LAPTOP")
		w.later(t, "2 hours")
		code := w.send(t, w.ana, a, mobile)
		var ran atomic.Int64
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range 4 {
			all.Go(func() {
				<-start
				err := w.nodes[i%2].Check(context.Background(), w.ana, a, code, done)
				if err == nil {
					ran.Add(1)
				} else if desk.CodeOf(err) != desk.CodeUsed {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		if ran.Load() != 1 {
			t.Fatalf("%d ran", ran.Load())
		}
	}
	if n := one[int](t, w, "select deadlocks from pg_stat_database where datname = current_database()"); n != 0 {
		t.Errorf("%d times they waited for each other until Postgres ended one", n)
	}
}

// D3, D4: each wrong use has its own answer and no effect.
// Holds R17.
func TestACodeWorksOnceInTimeForItsOwnPersonAndAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	w.enrol(t, w.ben, another)
	never := func(context.Context, *store.Tx, string) error {
		t.Error("it ran")
		return nil
	}
	a, b := act("LAPTOP"), act("MAC")
	code := w.send(t, w.ana, a, "")
	check := func(v desk.Viewer, x verify.Act, code string) error {
		return w.nodes[1].Check(t.Context(), v, x, code, never)
	}
	wants(t, check(w.ben, a, code), desk.CodeExpired) // another person has none for it
	wants(t, check(w.ana, b, code), desk.CodeExpired) // another act
	if n := one[int](t, w, "select attempts from challenges where action_id = $1", a.Action); n != 1 {
		t.Errorf("the right code for another act cost its own act %d attempts, want 1", n)
	}
	changed := a
	changed.Digest = []byte("the device was exchanged")
	wants(t, check(w.ana, changed, code), desk.CodeExpired)
	w.later(t, "2 hours")
	wants(t, check(w.ana, a, code), desk.CodeExpired)

	code = w.send(t, w.ana, a, "")
	failing := errors.New("refused by policy")
	err := w.nodes[0].Check(t.Context(), w.ana, a, code, func(context.Context, *store.Tx, string) error { return failing })
	if !errors.Is(err, failing) {
		t.Fatal(err)
	}
	if err := w.nodes[0].Check(t.Context(), w.ana, a, code, done); err != nil {
		t.Fatalf("the code was used up by an act that did not happen: %v", err)
	}
	wants(t, check(w.ana, a, code), desk.CodeUsed)
}

func TestWhatIsNoCodeCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	code := w.send(t, w.ana, a, mobile)
	for _, bad := range []string{"", code[:5], code + "0", strings.Repeat("1", 1_000_000), " " + code, code + "\n", "+" + code[:5], code[:3] + " " + code[3:], "１２３４５６", "١٢٣٤٥٦"} {
		wants(t, w.nodes[0].Check(t.Context(), w.ana, a, bad, done), desk.CodeInvalid)
	}
	if n := one[int](t, w, "select attempts from challenges"); n != 0 {
		t.Errorf("%d attempts charged", n)
	}
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, code, done), "")
}

// D7, and the sixth attempt.
func TestAResendVoidsTheOldCodeAndKeepsTheCountOfGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	first := w.send(t, w.ana, a, mobile)
	for i := range 5 {
		err := w.nodes[0].Check(t.Context(), w.ana, a, other(first, i), done)
		wants(t, err, [...]desk.Code{desk.CodeWrong, desk.CodeWrong, desk.CodeWrong, desk.CodeWrong, desk.CodeAttempts}[i])
	}
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, first, done), desk.CodeAttempts)
	wants(t, w.nodes[0].SendCode(t.Context(), w.ana, a, mobile), desk.CodeRateLimited)
	w.sql(t, "update limits set window_start = window_start - interval '61 seconds' where key like 'sms-gap:%'")
	second := w.send(t, w.ana, a, mobile)
	if second != first { // one in a million
		wants(t, w.nodes[0].Check(t.Context(), w.ana, a, first, done), desk.CodeWrong)
	}
	for i := range 3 {
		wants(t, w.nodes[0].Check(t.Context(), w.ana, a, other(second, i), done), desk.CodeWrong)
	}
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, second, done), desk.CodeRateLimited) // the eleventh guess of the hour
	w.sql(t, "update limits set window_start = window_start - interval '61 minutes' where key like 'code-guess:%'")
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, second, done), "")
}

func TestSendsAreLimitedPerPersonNumberAndDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	minute := func() {
		w.sql(t, "update limits set window_start = window_start - interval '61 seconds' where key like 'sms-gap:%'")
	}
	for range 3 {
		w.send(t, w.ana, a, mobile)
		minute()
	}
	err := w.nodes[0].SendCode(t.Context(), w.ana, a, mobile)
	wants(t, err, desk.CodeRateLimited)
	var e *desk.Error
	if !errors.As(err, &e) || e.Params["retry_after_seconds"] == nil {
		t.Error("it does not say how long to wait")
	}
	for _, login := range []string{"carl", "dora"} { // the number's own limit holds over people
		w.send(t, storetest.User(t, w.stores[0], w.tenant, w.company, desk.RoleContact, login), a, mobile)
	}
	wants(t, w.nodes[0].SendCode(t.Context(), w.ben, act("MAC"), mobile), desk.CodeRateLimited)

	w.sql(t, "delete from limits where key not like 'sms-budget%'")
	w.sql(t, `insert into policies (tenant_id, name, value) values ($1, 'second_factor', '{"sms":true,"countries":["ES"],"per_day":5}')`, w.tenant)
	wants(t, w.nodes[0].SendCode(t.Context(), w.ben, act("MAC"), another), desk.CodeRateLimited)
	if n := one[int](t, w, "select count(*) from audit where action = 'sms.budget_spent'"); n != 1 {
		t.Errorf("the spent budget stands %d times in the audit log", n)
	}
}

func TestOnePersonCannotSpendThePortalsDayOfMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	w.send(t, w.ana, a, mobile)
	w.sql(t, "update limits set window_start = window_start - interval '61 seconds' where key like 'sms-gap:%'")
	w.sql(t, "update limits set hits = 30 where key = 'sms-day:' || $1::text", w.ana.User)
	before := one[int](t, w, "select hits from limits where key = 'sms-budget'")
	wants(t, w.nodes[0].SendCode(t.Context(), w.ana, a, mobile), desk.CodeRateLimited)
	if n := one[int](t, w, "select hits from limits where key = 'sms-budget'"); n != before {
		t.Errorf("the portal's day has %d, before %d", n, before)
	}
	w.send(t, w.ben, act("MAC"), another)
}

// What the card counts down to is when the next request is answered, whatever
// the code before was for.
func TestAPersonIsToldWhenTheNextCodeCanBeSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next := func() time.Duration {
		f, err := w.nodes[1].Mine(w.as(t, w.ana))
		if err != nil {
			t.Fatal(err)
		}
		if f.ResendAt == nil {
			return 0
		}
		return time.Until(*f.ResendAt)
	}
	if next() != 0 {
		t.Error("nothing was sent yet")
	}
	for range 2 {
		w.send(t, w.ana, act("LAPTOP"), mobile)
		if d := next(); d < 50*time.Second || d > time.Minute {
			t.Errorf("after a code: %s", d)
		}
		w.sql(t, "update limits set window_start = window_start - interval '61 seconds' where key like 'sms-gap:%'")
		if d := next(); d != 0 {
			t.Errorf("a minute later: %s", d)
		}
	}
	w.send(t, w.ana, act("LAPTOP"), mobile)
	if d := next(); d < 9*time.Minute || d > 10*time.Minute {
		t.Errorf("after the third in ten minutes: %s", d)
	}
}

// Holds R17, R23.
func TestTheSMSNamesTheActInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sql(t, "update users set language = 'es' where id = $1", w.ana.User)
	a := act("LAPTOP-7 {{secret}}\r\nX")
	code := w.send(t, w.ana, a, mobile)
	text, _ := w.sms(t, mobile, "code_restart")
	if !contains(text, code+" reinicia LAPTOP-7 {{secret}} X.", "No lo comparta") {
		t.Error(text)
	}
}

// D9, this room's part: the code stands in nothing that the database holds
// open, jobs included.
func TestTheCodeIsNowhereInTheOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := act("LAPTOP")
	code := w.send(t, w.ana, a, mobile)
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, other(code, 1), done), desk.CodeWrong)
	for _, table := range []string{"challenges", "messages_out", "limits", "audit", "phones", "secret_outbox", "policies"} {
		all := one[string](t, w, fmt.Sprintf("select coalesce(string_agg(x::text, '|'), '') from %s x", table))
		// The bytes of sealed rows are random; a code of six digits may stand in
		// their ids by chance, but not between two that are no digits and hex.
		if strings.Contains(all, `"`+code) || strings.Contains(all, " "+code+" ") || strings.Contains(all, ","+code+",") {
			t.Errorf("%s holds the code: %s", table, all)
		}
	}
}
