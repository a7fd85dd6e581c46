package assistant

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/prompts"
)

// endless answers every request that may call tools with calls, and the last
// one with a text.
func endless(calls func(n int) []modeltest.Call) func(modeltest.Captured) modeltest.Reply {
	var n atomic.Int64
	return func(c modeltest.Captured) modeltest.Reply {
		if c.Chat.ToolChoice == "none" {
			return modeltest.Text("That is what I found.")
		}
		return modeltest.Calls(calls(int(n.Add(1)))...)
	}
}

func TestAnEndlessLoopEndsAfterEightCallsWithAnAnswer(t *testing.T) {
	b := newBench(t)
	b.fake.Handle(endless(func(n int) []modeltest.Call {
		return []modeltest.Call{{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, n)}}
	}))
	start := time.Now()
	o := b.ask(b.ana, "loop")
	if n := b.fake.Count(); n != 8 || o.message.Text != "That is what I found." || o.end.Reason != desk.TurnAnswered {
		t.Errorf("%d calls, %q, %+v", n, o.message.Text, o.end)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	last := b.fake.Requests()[7].Chat
	if m := last.Messages[len(last.Messages)-1]; m.Role != "system" || m.Content != prompts.LastStep() {
		t.Errorf("the last request ends with %+v", m)
	}
	b.validate()
}

func TestTheSameCallThreeTimesEndsTheLoop(t *testing.T) {
	b := newBench(t)
	spellings := []string{`{"number":1}`, `{ "number" : 1 }`, "{\"number\":\n1}"}
	b.fake.Handle(endless(func(n int) []modeltest.Call {
		return []modeltest.Call{{Name: prompts.ToolGet, Arguments: spellings[n%3]}}
	}))
	o := b.ask(b.ana, "loop")
	if n := b.fake.Count(); n != 4 || o.message.Text != "That is what I found." {
		t.Errorf("%d calls, %q", n, o.message.Text)
	}
}

func TestAThousandCallsAtOnceRunAFewAndFourAtATime(t *testing.T) {
	b := newBench(t)
	var now, most atomic.Int64
	gate := make(chan struct{})
	b.passages = func(string) []kb.Hit {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		<-gate
		return nil
	}
	go func() {
		for now.Load() < 4 { // all seats are taken; nobody else may sit down
			time.Sleep(time.Millisecond)
		}
		close(gate)
	}()
	b.fake.Handle(func(c modeltest.Captured) modeltest.Reply {
		if len(c.ToolResults()) > 0 || c.Chat.ToolChoice == "none" {
			return modeltest.Text("done")
		}
		var calls []modeltest.Call
		for i := range 60 {
			calls = append(calls, modeltest.Call{Name: prompts.ToolSearch, Arguments: fmt.Sprintf(`{"query":"q %d"}`, i)})
		}
		return modeltest.Calls(calls...)
	})
	o := b.ask(b.ana, "hello")
	if len(o.calls) != maxCalls || most.Load() > 4 {
		t.Errorf("%d calls, %d at a time", len(o.calls), most.Load())
	}
	// More than the client collects: none is run, and there is an answer.
	b.fake.Handle(func(c modeltest.Captured) modeltest.Reply {
		if c.Chat.ToolChoice == "none" {
			return modeltest.Text("done")
		}
		var calls []modeltest.Call
		for range 1000 {
			calls = append(calls, modeltest.Call{Name: prompts.ToolCreate, Arguments: `{"subject":"s","description":"d"}`})
		}
		return modeltest.Calls(calls...)
	})
	o = b.ask(b.ana, "hello, hello")
	if len(o.calls) != 0 || o.message.Text != "done" {
		t.Errorf("%d calls, %q", len(o.calls), o.message.Text)
	}
}

func TestOneEffectIsMadeInATurn(t *testing.T) {
	b := newBench(t)
	b.set(`{"assistant_tickets":false}`)
	create := func(i int) modeltest.Call {
		return modeltest.Call{ID: "same-id", Name: prompts.ToolCreate, Arguments: fmt.Sprintf(`{"subject":"s%d","description":"d"}`, i)}
	}
	b.fake.Add(modeltest.Calls(create(1), create(2), create(3)), modeltest.Calls(create(4)), modeltest.Text("One is open."))
	o := b.ask(b.ana, "Open four tickets")
	ok := 0
	for _, r := range o.results {
		if r.Name == prompts.ToolCreate && r.OK {
			ok++
		}
	}
	if n := b.count("tickets"); n != 1 || ok != 1 {
		t.Errorf("%d tickets, %d results are well", n, ok)
	}
	b.validate()
}

// count counts the rows of a table in the tenant.
func (b *bench) count(table string) (n int) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from "+table).Scan(&n)
	})
	return n
}

func TestModelTimeIsBoundedAndWhatWasShownStays(t *testing.T) {
	b := newBench(t, func(c *Config) { c.ModelTime = 300 * time.Millisecond })
	b.fake.Add(modeltest.Stall("The first half"))
	start := time.Now()
	o := b.ask(b.ana, "hello there")
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	if !strings.HasPrefix(o.message.Text, "The first half") || !strings.HasSuffix(o.message.Text, prompts.Text("en", "interrupted", nil)) {
		t.Errorf("%q", o.message.Text)
	}
	if o.end.Reason != desk.TurnFailed || o.end.Code != desk.CodeModelUnavailable {
		t.Errorf("%+v", o.end)
	}
}

func TestEveryTroubleOfTheModelEndsInAPlainSentence(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply []modeltest.Reply
		key   string
		code  desk.Code
	}{
		{"wrong key", []modeltest.Reply{modeltest.Fail(401, "invalid_api_key")}, "model_key", desk.CodeModelKey},
		{"gone", []modeltest.Reply{modeltest.Fail(503, "")}, "model_gone", desk.CodeModelUnavailable},
		{"cut before the first word", []modeltest.Reply{modeltest.Cut()}, "model_gone", desk.CodeModelUnavailable},
		{"unknown model", []modeltest.Reply{modeltest.Fail(404, "model_not_found")}, "model_gone", desk.CodeModelUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.ana.Language = "de"
			storetest.InTx(t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, "update users set language = 'de'")
				return err
			})
			b.fake.Add(c.reply...)
			o := b.ask(b.ana, "Mein Drucker druckt nicht")
			if o.message.Text != prompts.Text("de", c.key, nil) || o.end.Reason != desk.TurnFailed || o.end.Code != c.code {
				t.Errorf("%q %+v", o.message.Text, o.end)
			}
			if !strings.Contains(kinds(o.events), string(desk.KindUserMessage)) {
				t.Error("the message is lost")
			}
		})
	}
}

func TestBrokenCallsAreToldToTheModelOnceOrTwiceAndThenEnd(t *testing.T) {
	b := newBench(t)
	b.set(`{"assistant_tickets":false}`)
	cut := `{"subject":"s","descr`
	b.fake.Handle(func(c modeltest.Captured) modeltest.Reply {
		if c.Chat.ToolChoice == "none" {
			return modeltest.Text("I could not do that.")
		}
		return modeltest.Calls(modeltest.Call{Name: prompts.ToolCreate, Arguments: cut})
	})
	o := b.ask(b.ana, "Open a ticket")
	if n := b.fake.Count(); n != 3 || o.message.Text != "I could not do that." || b.count("tickets") != 0 {
		t.Errorf("%d requests, %q", n, o.message.Text)
	}
	b.validate()
}

func TestAStoppedTurnReturnsAtOnceAndKeepsWhatWasShown(t *testing.T) {
	b := newBench(t)
	b.fake.Add(modeltest.Stall("So far so"))
	shown := make(chan struct{})
	conversation := desk.NewID()
	cancel, err := b.store.Bus().Subscribe(store.ConversationSubject(b.ana.Tenant, conversation), func(data []byte) {
		if strings.Contains(string(data), "So far so") {
			close(shown)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	ctx := desk.WithViewer(t.Context(), b.ana)
	ack, err := b.service.Say(ctx, conversations.Message{Conversation: conversation, ID: "1", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	<-shown
	start := time.Now()
	if err := b.service.Stop(ctx, ack.Turn); err != nil {
		t.Fatal(err)
	}
	o := outcomeOf(t, b.ended(b.ana, conversation, ack.Turn), ack.Turn)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if o.end.Reason != desk.TurnStopped || o.message.Text != "So far so" {
		t.Errorf("%+v %q", o.end, o.message.Text)
	}
}
