package conversations_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestStoppedTurnKeepsWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	other, _ := w.node(t, echo) // Stop may reach any node
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	g.turn(t)
	if err := other.Stop(as(t, w.ana), ack.Turn); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnStopped {
		t.Errorf("ended as %+v", end)
	}
	if text, n := w.answerOf(t, conv, ack.Turn); text != "Half an " || n != 1 {
		t.Errorf("%d answers, %q", n, text)
	}
	before := len(w.log(t, conv))
	if err := s.Stop(as(t, w.ana), ack.Turn); err != nil {
		t.Errorf("stopping what has ended: %v", err)
	}
	if after := len(w.log(t, conv)); after != before {
		t.Error("a second stop wrote something")
	}
}

func TestTurnStoppedBeforeItsStartNeverRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	var runs atomic.Int32
	s, _ := w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		runs.Add(1)
		return g.slow()(ctx, turn)
	}))
	conv := desk.NewID()
	first := w.say(t, s, w.ana, conv, "first")
	g.turn(t)
	second, third := w.say(t, s, w.ana, conv, "second"), w.say(t, s, w.ana, conv, "third")
	if err := s.Stop(as(t, w.ana), second.Turn); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, conv, second.Turn); end.Reason != desk.TurnStopped {
		t.Errorf("ended as %+v", end)
	}
	g.release()
	for _, a := range []conversations.Ack{first, third} {
		if end := w.ended(t, conv, a.Turn); end.Reason != desk.TurnAnswered {
			t.Errorf("turn of message %d ended as %+v", a.Seq, end)
		}
	}
	if runs.Load() != 2 {
		t.Errorf("%d turns ran", runs.Load())
	}
}

func TestPausedOwnerCannotWriteAfterATakeover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	late := make(chan []error, 1)
	// The first owner neither hears nor is heard: no heartbeat reaches the row.
	s1, _ := w.node(t, engineFunc(func(_ context.Context, turn *conversations.Turn) error {
		turn.Delta("Old ")
		g.reached <- turn
		<-g.open
		ctx := context.WithoutCancel(t.Context())
		_, appended := turn.Append(ctx, desk.KindToolCall, desk.ToolCall{Turn: turn.ID, Call: desk.NewID(), Name: "x", Arguments: json.RawMessage("{}")})
		ran := false
		_, effect := turn.Effect(ctx, desk.ToolCall{Call: desk.NewID()}, func(context.Context, *store.Tx) (desk.ToolResult, error) {
			ran = true
			return desk.ToolResult{}, nil
		})
		if ran {
			effect = errors.New("the effect ran")
		}
		finished := turn.Finish(ctx, desk.AssistantMessage{Text: "Old answer."})
		late <- []error{appended, effect, finished}
		return finished
	}), func(c *conversations.Config) { c.Heartbeat = time.Hour })
	conv := desk.NewID()
	ack := w.say(t, s1, w.ana, conv, "hello")
	old := g.turn(t)
	var attempt atomic.Int32
	_, _ = w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		attempt.Store(int32(turn.Attempt))
		return echo(ctx, turn)
	}))
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("ended as %+v", end)
	}
	g.release()
	for i, err := range <-late {
		if !errors.Is(err, conversations.ErrLeaseLost) {
			t.Errorf("late write %d: %v", i, err)
		}
	}
	if text, n := w.answerOf(t, conv, old.ID); text != "An answer." || n != 1 || attempt.Load() != 2 {
		t.Errorf("%d answers, %q, attempt %d", n, text, attempt.Load())
	}
}

func TestDeadNodesTurnIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"by the poller", "by the job"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := newGate()
			s1, db1 := w.node(t, g.slow())
			conv := desk.NewID()
			ack := w.say(t, s1, w.ana, conv, "hello")
			g.turn(t)
			waiting := w.say(t, s1, w.ana, conv, "and another")
			db1.Close() // what this node writes from now on fails
			s2, db2 := w.node(t, echo, func(c *conversations.Config) {
				if how == "by the job" {
					c.Poll = time.Hour
				}
			})
			if how == "by the job" {
				workers := river.NewWorkers()
				s2.AddWorkers(workers)
				jobs, err := db2.StartJobs(t.Context(), workers, map[string]river.QueueConfig{store.QueueTurns: {MaxWorkers: 4}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = jobs.Stop(context.WithoutCancel(t.Context())) })
			}
			for _, turn := range []desk.ID{ack.Turn, waiting.Turn} {
				if end := w.ended(t, conv, turn); end.Reason != desk.TurnAnswered {
					t.Errorf("ended as %+v", end)
				}
				if text, n := w.answerOf(t, conv, turn); text != "An answer." || n != 1 {
					t.Errorf("%d answers, %q", n, text)
				}
			}
		})
	}
}

func TestTurnThatKillsEveryOwnerFailsHonestly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var runs atomic.Int32
	s, _ := w.node(t, engineFunc(func(_ context.Context, turn *conversations.Turn) error {
		runs.Add(1)
		w.sql(t, `update turns set lease_until = now() - interval '1 second' where id = $1`, turn.ID)
		return conversations.ErrLeaseLost // as if this node had died here
	}))
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnFailed || end.Code != desk.CodeInternal {
		t.Errorf("ended as %+v", end)
	}
	if runs.Load() != 4 {
		t.Errorf("ran %d times", runs.Load())
	}
}

func TestFailureOfTheEngineEndsTheTurnWithItsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		engine engineFunc
		want   desk.Code
	}{
		{"coded", func(context.Context, *conversations.Turn) error {
			return fmt.Errorf("x: %w", desk.Errorf(desk.CodeModelUnavailable, "gone"))
		}, desk.CodeModelUnavailable},
		{"any", func(context.Context, *conversations.Turn) error { return errors.New("x") }, desk.CodeInternal},
		{"no answer", func(context.Context, *conversations.Turn) error { return nil }, desk.CodeInternal},
		{"panic", func(context.Context, *conversations.Turn) error { panic("poison") }, desk.CodeInternal},
	} {
		s, _ := w.node(t, c.engine)
		conv := desk.NewID()
		ack := w.say(t, s, w.ana, conv, "hello")
		if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnFailed || end.Code != c.want {
			t.Errorf("%s: ended as %+v", c.name, end)
		}
		s.Drain(t.Context())
	}
}

func TestNothingIsDoneInTheNameOfADisabledPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	conv := desk.NewID()
	running := w.say(t, s, w.ana, conv, "first")
	turn := g.turn(t)
	waiting := w.say(t, s, w.ana, conv, "second")
	w.sql(t, `update users set disabled_at = now() where id = $1`, w.ana.User)
	_, err := turn.Effect(t.Context(), desk.ToolCall{Call: desk.NewID()}, func(context.Context, *store.Tx) (desk.ToolResult, error) {
		t.Error("an effect ran")
		return desk.ToolResult{}, nil
	})
	wantCode(t, err, desk.CodeForbidden)
	for _, id := range []desk.ID{running.Turn, waiting.Turn} { // the heartbeat finds it without the gate being opened
		if end := w.ended(t, conv, id); end.Reason != desk.TurnFailed || end.Code != desk.CodeForbidden {
			t.Errorf("ended as %+v", end)
		}
	}
	_, err = s.Say(as(t, w.ana), conversations.Message{Conversation: conv, ID: "x", Text: "third"})
	wantCode(t, err, desk.CodeSessionExpired)
}

// A lost wake-up costs a heartbeat, and a snapshot that nobody answers is empty.
func TestStopArrivesWithoutTheBus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	deaf, err := bus.Start("", storetest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deaf.Close)
	away := *w
	away.bus = deaf
	other, _ := away.node(t, echo)
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	g.turn(t)
	if snap, err := other.Snapshot(as(t, w.ana), conv); err != nil || snap.Turn != "" {
		t.Errorf("%+v %v", snap, err)
	}
	if err := other.Stop(as(t, w.ana), ack.Turn); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnStopped {
		t.Errorf("ended as %+v", end)
	}
	if text, n := w.answerOf(t, conv, ack.Turn); text != "Half an " || n != 1 {
		t.Errorf("%d answers, %q", n, text)
	}
}

// A12: the key is our step's id, never the model's.
func TestEffectHappensOnceForItsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	call := desk.ToolCall{Call: desk.NewID(), ModelID: "call_1", Name: "create_ticket"}
	var results []desk.ToolResult
	effect := func(ctx context.Context, turn *conversations.Turn, c desk.ToolCall) error {
		r, err := turn.Effect(ctx, c, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
			_, err := tx.Exec(ctx, `insert into company_domains (tenant_id, company_id, domain) values ($1, $2, $3)`,
				tx.Tenant, turn.Viewer.Company, fmt.Sprint("d", time.Now().UnixNano()))
			return desk.ToolResult{OK: true, Content: "done"}, err
		})
		results = append(results, r)
		return err
	}
	var runs atomic.Int32
	engine := engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		if err := effect(ctx, turn, call); err != nil {
			return err
		}
		if runs.Add(1) == 1 { // the owner dies after the effect, before the answer
			w.sql(t, `update turns set lease_until = now() - interval '1 second' where id = $1`, turn.ID)
			return conversations.ErrLeaseLost
		}
		twin := call
		twin.Call = desk.NewID() // the model repeats its id in another step: another effect
		if err := effect(ctx, turn, twin); err != nil {
			return err
		}
		return turn.Finish(ctx, desk.AssistantMessage{Text: "Done."})
	})
	s, _ := w.node(t, engine)
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	w.ended(t, conv, ack.Turn)
	g.release()
	if n := w.count(t, `select count(*) from company_domains`); n != 2 {
		t.Errorf("%d effects", n)
	}
	if len(results) != 3 || results[0].Content != results[1].Content || results[0].Call != call.Call || results[1].Call != call.Call || results[1].Turn != ack.Turn {
		t.Errorf("results %+v", results)
	}
}

func TestEffectThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refusal := desk.Errorf(desk.CodePolicy, "no")
	s, _ := w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		_, err := turn.Effect(ctx, desk.ToolCall{Call: desk.NewID()}, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
			_, _ = tx.Exec(ctx, `insert into company_domains (tenant_id, company_id, domain) values ($1, $2, 'x')`, tx.Tenant, turn.Viewer.Company)
			return desk.ToolResult{}, refusal
		})
		wantErr(t, err, refusal)
		return turn.Finish(ctx, desk.AssistantMessage{Text: "No."})
	}))
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	w.ended(t, conv, ack.Turn)
	if n := w.count(t, `select count(*) from company_domains`); n != 0 {
		t.Error("the effect stayed")
	}
	if got := kinds(w.log(t, conv)); slices.Contains(got, desk.KindToolResult) {
		t.Errorf("log %v", got)
	}
}

func TestNodeThatStopsFinishesOrHandsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	conv := desk.NewID()
	finishes := w.say(t, s, w.ana, conv, "hello")
	g.turn(t)
	drained := make(chan struct{})
	go func() { s.Drain(t.Context()); close(drained) }()
	later := w.say(t, s, w.ana, conv, "while it stops") // still accepted
	g.release()
	s.Drain(t.Context()) // a second SIGTERM
	<-drained
	if end := w.ended(t, conv, finishes.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("the running turn ended as %+v", end)
	}

	g = newGate()
	s2, _ := w.node(t, g.slow())
	g.turn(t) // what the first node left behind
	hurry, cancel := context.WithCancel(t.Context())
	cancel()
	s2.Drain(hurry)
	if n := w.count(t, `select count(*) from turns where id = $1 and state = 'running' and lease_until < clock_timestamp() and attempts = 0`, later.Turn); n != 1 {
		t.Error("the turn was not handed over")
	}
	w.node(t, echo)
	if end := w.ended(t, conv, later.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("the turn handed over ended as %+v", end)
	}
}

func TestAnswerInFlightIsServedByEveryNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		turn.Delta("Wrong")
		turn.Restart()
		turn.Delta("Grüß ")
		turn.Delta("Gott\xff")
		turn.Step("searching", nil)
		return g.slow()(ctx, turn)
	}))
	other, _ := w.node(t, echo)
	conv := desk.NewID()
	type delta struct {
		Delta *struct {
			Turn            desk.ID
			Attempt, Offset int
			Text            string
		}
		Seq int64
	}
	seen := make(chan delta, 64)
	cancel, err := w.bus.Subscribe(store.ConversationSubject(w.tenant, conv), func(raw []byte) {
		var d delta
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Error(err)
		}
		seen <- d
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	ack := w.say(t, s, w.ana, conv, "hello")
	g.turn(t)
	for name, node := range map[string]*conversations.Service{"owner": s, "other": other} {
		snap, err := node.Snapshot(as(t, w.ana), conv)
		if err != nil || snap.Turn != ack.Turn || snap.Attempt != 2 || snap.Text != "Grüß Gott\uFFFDHalf an " {
			t.Errorf("%s: %+v %v", name, snap, err)
		}
	}
	g.release()
	w.ended(t, conv, ack.Turn)
	if snap, err := other.Snapshot(as(t, w.ana), conv); err != nil || snap.Turn != "" {
		t.Errorf("after the end: %+v %v", snap, err)
	}
	var text string
	attempt, last := 0, int64(0)
	for last < 4 {
		select {
		case d := <-seen:
			last = max(last, d.Seq)
			if d.Delta == nil {
				continue
			}
			if d.Delta.Attempt > attempt {
				attempt, text = d.Delta.Attempt, ""
			}
			if d.Delta.Offset != len(text) {
				t.Errorf("offset %d at %d bytes", d.Delta.Offset, len(text))
			}
			text += d.Delta.Text
		case <-time.After(10 * time.Second):
			t.Fatal("events missing on the bus")
		}
	}
	if text != "Grüß Gott\uFFFDHalf an answer." {
		t.Errorf("client saw %q", text)
	}
}

func TestSeatsAreLeftForOtherTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow(), func(c *conversations.Config) { c.MaxTurns, c.Poll = 4, time.Hour })
	var turns []conversations.Ack
	for range 6 {
		turns = append(turns, w.say(t, s, w.ana, desk.NewID(), "flood"))
	}
	for range 3 {
		g.turn(t)
	}
	ack := w.say(t, s, w.zara, desk.NewID(), "from another tenant")
	if got := g.turn(t); got.ID != ack.Turn {
		t.Errorf("%s ran, want %s", got.ID, ack.Turn)
	}
	g.release()
	for _, a := range turns {
		if end := w.ended(t, a.Conversation, a.Turn); end.Reason != desk.TurnAnswered {
			t.Errorf("ended as %+v", end)
		}
	}
}
