package conversations_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

func TestSaidMessageIsAnsweredOnceAndUnderItsTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "My VPN is down\nsince this morning")
	if ack.Seq != 1 || ack.Turn == "" || ack.Repeated {
		t.Fatalf("%+v", ack)
	}
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("ended as %+v", end)
	}
	want := []desk.Kind{desk.KindUserMessage, desk.KindTicket, desk.KindAssistantMessage, desk.KindTurnEnded}
	if got := kinds(w.log(t, conv)); !slices.Equal(got, want) {
		t.Errorf("log %v, want %v", got, want)
	}
	got, err := s.Get(as(t, w.ana), conv)
	if err != nil || got.Title != "My VPN is down" || got.Ticket == nil || got.Ticket.Number != 1 || got.Last != 4 {
		t.Errorf("%+v %v", got, err)
	}
	if n := w.count(t, `select input_tokens + output_tokens from token_usage`); n != 5 {
		t.Errorf("usage counted as %d", n)
	}
	second := w.say(t, s, w.ana, conv, "Still down")
	w.ended(t, conv, second.Turn)
	if n := w.count(t, `select count(*) from tickets`); n != 1 {
		t.Errorf("%d tickets", n)
	}
}

func TestSameMessageIDGetsTheSameAck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	m := conversations.Message{Conversation: conv, ID: "m1", Text: "hello"}
	first, err := s.Say(as(t, w.ana), m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Say(as(t, w.ana), m)
	if err != nil || again.Seq != first.Seq || again.Turn != first.Turn || !again.Repeated {
		t.Errorf("%+v %v, want %+v", again, err, first)
	}
	m.Text = "something else"
	_, err = s.Say(as(t, w.ana), m)
	wantCode(t, err, desk.CodeIDReused)
	m.Text, m.Conversation = "hello", desk.NewID()
	_, err = s.Say(as(t, w.ana), m)
	wantCode(t, err, desk.CodeIDReused)
	other, err := s.Say(as(t, w.chloe), m)
	if err != nil || other.Repeated {
		t.Errorf("another person's id was taken for this one: %+v %v", other, err)
	}
	if n := w.count(t, `select count(*) from turns`); n != 2 {
		t.Errorf("%d turns", n)
	}
}

func TestSameMessageFromManyTabsAtOnceIsStoredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := make([]*conversations.Service, 2)
	for i := range nodes {
		nodes[i], _ = w.node(t, echo)
	}
	for round := range 5 {
		conv, id := desk.NewID(), fmt.Sprint("m", round)
		acks := make([]conversations.Ack, 8)
		var wg sync.WaitGroup
		for i := range acks {
			wg.Go(func() {
				var err error
				acks[i], err = nodes[i%2].Say(as(t, w.ana), conversations.Message{Conversation: conv, ID: id, Text: "hello"})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		fresh := 0
		for _, a := range acks {
			if a.Seq != acks[0].Seq || a.Turn != acks[0].Turn {
				t.Errorf("two acks for one message: %+v and %+v", a, acks[0])
			}
			if !a.Repeated {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d of them were the first", fresh)
		}
		w.ended(t, conv, acks[0].Turn)
		if got := kinds(w.log(t, conv)); len(got) != 4 {
			t.Errorf("log %v", got)
		}
	}
}

func TestOneTurnRunsAtATimeAndEachMessageIsAnsweredInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mu sync.Mutex
	running, most := 0, 0
	count := engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		err := echo(ctx, turn)
		mu.Lock()
		running--
		mu.Unlock()
		return err
	})
	nodes := make([]*conversations.Service, 2)
	for i := range nodes {
		nodes[i], _ = w.node(t, count)
	}
	conv := desk.NewID()
	var wg sync.WaitGroup
	acks := make([]conversations.Ack, 20)
	for i := range acks {
		wg.Go(func() { acks[i] = w.say(t, nodes[i%2], w.ana, conv, fmt.Sprint("message ", i)) })
	}
	wg.Wait()
	for _, a := range acks {
		w.ended(t, conv, a.Turn)
	}
	var asked, answered []desk.ID
	for _, e := range w.log(t, conv) {
		switch e.Kind {
		case desk.KindUserMessage:
			asked = append(asked, body[desk.UserMessage](t, e).Turn)
		case desk.KindTurnEnded:
			answered = append(answered, body[desk.TurnEnded](t, e).Turn)
		}
	}
	if !slices.Equal(asked, answered) || len(asked) != len(acks) {
		t.Errorf("asked %v, answered %v", asked, answered)
	}
	// The engine's count lags behind the commit that ends a turn, so the next
	// one may begin a moment before this one has returned: never three.
	if most > 2 {
		t.Errorf("%d turns ran at once", most)
	}
}

func TestBadMessageChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	for _, c := range []struct {
		name string
		m    conversations.Message
		want desk.Code
	}{
		{"empty", conversations.Message{Conversation: conv, ID: "a", Text: ""}, desk.CodeEmptyText},
		{"blank", conversations.Message{Conversation: conv, ID: "a", Text: " \n\t"}, desk.CodeEmptyText},
		{"too long", conversations.Message{Conversation: conv, ID: "a", Text: strings.Repeat("é", 8001)}, desk.CodeTextTooLong},
		{"not UTF-8", conversations.Message{Conversation: conv, ID: "a", Text: "a\xffb"}, desk.CodeInvalidUTF8},
		{"NUL", conversations.Message{Conversation: conv, ID: "a", Text: "a\x00b"}, desk.CodeInvalidUTF8},
		{"no message id", conversations.Message{Conversation: conv, Text: "a"}, desk.CodeInvalid},
		{"long message id", conversations.Message{Conversation: conv, ID: strings.Repeat("x", 65), Text: "a"}, desk.CodeInvalid},
		{"no conversation", conversations.Message{ID: "a", Text: "a"}, desk.CodeInvalid},
		{"conversation that is no id", conversations.Message{Conversation: "x'; --", ID: "a", Text: "a"}, desk.CodeInvalid},
	} {
		_, err := s.Say(as(t, w.ana), c.m)
		if got := desk.CodeOf(err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := s.Say(t.Context(), conversations.Message{Conversation: conv, ID: "a", Text: "a"}); desk.CodeOf(err) != desk.CodeUnauthenticated {
		t.Errorf("without a viewer: %v", err)
	}
	if n := w.count(t, `select (select count(*) from conversations) + (select count(*) from said) + (select count(*) from turns)`); n != 0 {
		t.Errorf("%d rows were left", n)
	}
	if ack := w.say(t, s, w.ana, conv, strings.Repeat("é", 8000)); ack.Seq != 1 {
		t.Errorf("the longest allowed message: %+v", ack)
	}
}

func TestForeignConversationDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	w.ended(t, conv, ack.Turn)
	before := len(w.log(t, conv))
	for _, who := range []desk.Viewer{w.ben, w.chloe, w.zara} {
		ctx := as(t, who)
		calls := map[string]func(id, turn desk.ID) error{
			"open":     func(id, _ desk.ID) error { _, err := s.Open(ctx, id); return err },
			"get":      func(id, _ desk.ID) error { _, err := s.Get(ctx, id); return err },
			"events":   func(id, _ desk.ID) error { _, _, err := s.Events(ctx, id, 0, 0); return err },
			"snapshot": func(id, _ desk.ID) error { _, err := s.Snapshot(ctx, id); return err },
			"handoff":  func(id, _ desk.ID) error { return s.Handoff(ctx, id, "") },
			"rate":     func(id, _ desk.ID) error { return s.Rate(ctx, id, 3, "up", "") },
			"stop":     func(_, turn desk.ID) error { return s.Stop(ctx, turn) },
		}
		for name, call := range calls {
			foreign, absent := call(conv, ack.Turn), call(desk.NewID(), desk.NewID())
			if desk.CodeOf(foreign) != desk.CodeNotFound || foreign.Error() != absent.Error() {
				t.Errorf("%s as %s: %v, and %v where nothing is", name, who.Name, foreign, absent)
			}
		}
		if who.Tenant == w.tenant {
			_, err := s.Say(ctx, conversations.Message{Conversation: conv, ID: "x", Text: "let me in"})
			wantCode(t, err, desk.CodeNotFound)
			_, err = s.Create(ctx, conv)
			wantCode(t, err, desk.CodeNotFound)
			wantCode(t, s.Release(ctx, conv), desk.CodeForbidden)
			_, err = s.StaffMessage(ctx, conv, "hi")
			wantCode(t, err, desk.CodeForbidden)
			page, err := s.List(ctx, conversations.Filter{})
			if err != nil || len(page.Items) != 0 {
				t.Errorf("%s lists %v %v", who.Name, page, err)
			}
			_, err = s.List(ctx, conversations.Filter{User: w.ana.User})
			wantCode(t, err, desk.CodeForbidden)
		}
	}
	if after := len(w.log(t, conv)); after != before {
		t.Errorf("%d events were added", after-before)
	}
	if _, err := s.Open(as(t, w.tess), conv); err != nil {
		t.Errorf("staff: %v", err)
	}
}

func TestFloodIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo, func(c *conversations.Config) { c.UserPerMinute, c.TenantPerMinute = 5, 8 })
	conv := desk.NewID()
	flood := func(v desk.Viewer, conv desk.ID) (accepted int) {
		for i := range 10 {
			_, err := s.Say(as(t, v), conversations.Message{Conversation: conv, ID: fmt.Sprint("f", i), Text: "hi"})
			if err == nil {
				accepted++
				continue
			}
			var e *desk.Error
			if desk.CodeOf(err) != desk.CodeRateLimited || !asDesk(err, &e) || e.Params["retry_after_seconds"].(int) < 1 {
				t.Errorf("%v", err)
			}
		}
		return accepted
	}
	if n := flood(w.ana, conv); n != 5 {
		t.Errorf("%d messages of one person", n)
	}
	if n := flood(w.chloe, desk.NewID()); n != 3 {
		t.Errorf("%d messages beyond the tenant's share", n)
	}
	again, err := s.Say(as(t, w.ana), conversations.Message{Conversation: conv, ID: "f0", Text: "hi"})
	if err != nil || !again.Repeated {
		t.Errorf("a repeated message was refused: %+v %v", again, err)
	}
}

func TestSoManyConversationsAndNoMoreAreBegunInAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo, func(c *conversations.Config) { c.ConversationsPerHour = 3 })
	first := desk.NewID()
	w.say(t, s, w.ana, first, "hello")
	for range 5 { // the same one again is none more
		if _, err := s.Create(as(t, w.ana), first); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := s.Create(as(t, w.ana), ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Create(as(t, w.ana), "")
	wantCode(t, err, desk.CodeRateLimited)
	_, err = s.Say(as(t, w.ana), conversations.Message{Conversation: desk.NewID(), ID: "m", Text: "hello"})
	wantCode(t, err, desk.CodeRateLimited)
	w.say(t, s, w.ana, first, "the one that there is goes on")
	if page, err := s.List(as(t, w.ana), conversations.Filter{}); err != nil || len(page.Items) != 3 {
		t.Errorf("%d conversations, %v", len(page.Items), err)
	}
	w.say(t, s, w.chloe, desk.NewID(), "hello")
}

func TestAConversationThatIsTooLongTakesNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo, func(c *conversations.Config) { c.MaxEvents = 8 })
	conv := desk.NewID()
	w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
	for i := 0; ; i++ {
		_, err := s.Say(as(t, w.ana), conversations.Message{Conversation: conv, ID: fmt.Sprint("m", i), Text: "more"})
		if err == nil && i < 8 {
			continue
		}
		wantCode(t, err, desk.CodeConversationFull)
		break
	}
	again, err := s.Say(as(t, w.ana), conversations.Message{Conversation: conv, ID: "m0", Text: "more"})
	if err != nil || !again.Repeated {
		t.Errorf("a reply that was lost: %+v %v", again, err)
	}
	for _, e := range w.log(t, conv) {
		if e.Kind == desk.KindAssistantMessage {
			wantCode(t, s.Rate(as(t, w.ana), conv, e.Seq, "up", ""), desk.CodeConversationFull)
		}
	}
	if err := s.Handoff(as(t, w.ana), conv, ""); err != nil { // the way to a person is always open
		t.Error(err)
	}
	if _, err := s.StaffMessage(as(t, w.tess), conv, "Let us go on in a new one."); err != nil {
		t.Error(err)
	}
}

func TestConversationsAreListedNewestFirstPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	var want []desk.ID
	for range 5 {
		conv := desk.NewID()
		w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
		want = append([]desk.ID{conv}, want...)
	}
	w.say(t, s, w.chloe, desk.NewID(), "not ana's")
	for _, f := range []conversations.Filter{{Limit: 2}, {Limit: 2, User: w.ana.User}} {
		who := w.ana
		if f.User != "" {
			who = w.tess
		}
		var got []desk.ID
		for {
			page, err := s.List(as(t, who), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Items {
				got = append(got, c.ID)
				if c.Ticket == nil {
					t.Error("no ticket")
				}
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s sees %v, want %v", who.Name, got, want)
		}
	}
	for _, cursor := range []string{"x", "%%%", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5IHg"} {
		_, err := s.List(as(t, w.ana), conversations.Filter{Cursor: cursor})
		wantCode(t, err, desk.CodeInvalid)
	}
}
