package conversations_test

import (
	"context"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

// Holds P3.
func TestHandoffSilencesTheAssistantUntilReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	conv := desk.NewID()
	running := w.say(t, s, w.ana, conv, "my screen is black")
	g.turn(t)
	waiting := w.say(t, s, w.ana, conv, "hello?")
	for range 2 { // asking again changes nothing
		if err := s.Handoff(as(t, w.ana), conv, "I want a person"); err != nil {
			t.Fatal(err)
		}
	}
	for _, turn := range []desk.ID{running.Turn, waiting.Turn} {
		if end := w.ended(t, conv, turn); end.Reason != desk.TurnHandoff {
			t.Errorf("ended as %+v", end)
		}
	}
	if text, n := w.answerOf(t, conv, running.Turn); text != "Half an " || n != 1 {
		t.Errorf("%d answers, %q", n, text)
	}
	g.release()
	for _, text := range []string{"anybody?", "somebody?"} {
		if ack := w.say(t, s, w.ana, conv, text); ack.Turn != "" {
			t.Error("the assistant answers while a person is waited for")
		}
	}
	if _, err := s.StaffMessage(as(t, w.tess), conv, "I am here"); err != nil {
		t.Fatal(err)
	}
	if ack := w.say(t, s, w.ana, conv, "thank you"); ack.Turn != "" {
		t.Error("the assistant answers while a technician has the conversation")
	}
	got, err := s.Get(as(t, w.tess), conv)
	if err != nil || got.Handoff != "taken" || got.Taken == nil || got.Taken.ID != w.tess.User || got.Ticket.Status != tickets.StatusOpen {
		t.Errorf("%+v %v", got, err)
	}
	if err := s.Release(as(t, w.tess), conv); err != nil {
		t.Fatal(err)
	}
	ack := w.say(t, s, w.ana, conv, "one more thing")
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("after release: %+v", end)
	}
	var states []string
	var notes []string
	for _, e := range w.log(t, conv) {
		switch e.Kind {
		case desk.KindHandoff:
			states = append(states, body[desk.Handoff](t, e).State)
		case desk.KindNote:
			notes = append(notes, body[desk.Note](t, e).Code)
		}
	}
	if !slices.Equal(states, []string{"requested", "taken", "released"}) || !slices.Equal(notes, []string{"waits_for_person"}) {
		t.Errorf("states %v, notes %v", states, notes)
	}
	if n := w.count(t, `select count(*) from tickets`); n != 1 {
		t.Errorf("%d tickets", n)
	}
}

func TestTechniciansWordEndsTheRunningTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	turn := g.turn(t)
	if _, err := s.StaffMessage(as(t, w.tess), conv, "Let me take this one."); err != nil {
		t.Fatal(err)
	}
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnHandoff {
		t.Errorf("ended as %+v", end)
	}
	if err := turn.Finish(t.Context(), desk.AssistantMessage{Text: "Too late."}); err == nil {
		t.Error("the assistant spoke after the technician")
	}
	if err := s.Take(as(t, w.tom), conv); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(as(t, w.tess), conv)
	if err != nil || got.Taken.ID != w.tom.User {
		t.Errorf("%+v %v", got, err)
	}
	if n := w.count(t, `select count(*) from tickets where assignee_id = $1`, w.tess.User); n != 1 {
		t.Error("the ticket has not the technician who took it first")
	}
}

func TestAssistantsOwnHandoffLetsItSaySo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		_, err := turn.Effect(ctx, desk.ToolCall{Call: desk.NewID(), Name: "talk_to_a_person"}, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
			return desk.ToolResult{OK: true}, conversations.HandoffTx(ctx, tx, turn.Viewer, turn.Conversation, "asked for it")
		})
		if err != nil {
			return err
		}
		return turn.Finish(ctx, desk.AssistantMessage{Text: "A person will answer."})
	}))
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "a person please")
	if end := w.ended(t, conv, ack.Turn); end.Reason != desk.TurnHandoff {
		t.Errorf("ended as %+v", end)
	}
	if text, n := w.answerOf(t, conv, ack.Turn); text != "A person will answer." || n != 1 {
		t.Errorf("%d answers, %q", n, text)
	}
}

// R7, R9, R10 and R11 as one table: what a first message leads to.
// Holds R7, R9, R10, R11.
func TestPoliciesDecideWhatAMessageLeadsTo(t *testing.T) {
	t.Parallel()
	const on, off = `true`, `false`
	for _, c := range []struct {
		name                                          string
		assistant, assistantTickets, manual, ticketed string
		turn                                          bool
		tickets                                       int
		origin                                        string
		handoff                                       string
		told                                          bool // the log speaks of the ticket
	}{
		{"everything on", on, on, on, "everyone", true, 1, "chat", "none", true},
		{"no manual tickets", on, on, off, "everyone", true, 1, "chat", "none", true},
		{"no session tickets", on, off, on, "everyone", true, 0, "", "none", false},
		{"no ticketing", on, on, on, "off", true, 1, "chat", "none", false},
		{"no ticketing, no session tickets", on, off, on, "off", true, 0, "", "none", false},
		{"assistant off", off, on, on, "everyone", false, 1, "chat", "requested", true},
		{"assistant off, no session tickets", off, off, on, "everyone", false, 1, "handoff", "requested", true},
		{"assistant off, no manual tickets", off, off, off, "everyone", false, 1, "handoff", "requested", true},
		{"assistant off, no ticketing", off, off, off, "off", false, 1, "handoff", "requested", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s, _ := w.node(t, echo)
			w.set(t, "assistant", c.assistant)
			w.set(t, "assistant_tickets", c.assistantTickets)
			w.set(t, "manual_tickets", c.manual)
			w.set(t, "ticketing", `{"mode":"`+c.ticketed+`","users":[]}`)
			conv := desk.NewID()
			ack := w.say(t, s, w.ana, conv, "My printer is on fire")
			if (ack.Turn != "") != c.turn {
				t.Errorf("turn %q", ack.Turn)
			}
			if c.turn {
				w.ended(t, conv, ack.Turn)
			}
			if n := w.count(t, `select count(*) from tickets where requester_id = $1 and subject = 'My printer is on fire'`, w.ana.User); n != c.tickets {
				t.Errorf("%d tickets, want %d", n, c.tickets)
			}
			if c.tickets > 0 && w.count(t, `select count(*) from tickets where origin = $1`, c.origin) != 1 {
				t.Errorf("the ticket's origin is not %s", c.origin)
			}
			log := kinds(w.log(t, conv))
			if slices.Contains(log, desk.KindTicket) != c.told {
				t.Errorf("log %v", log)
			}
			if slices.Contains(log, desk.KindNote) == c.turn {
				t.Errorf("without the assistant the log says why, and only then: %v", log)
			}
			got, err := s.Get(as(t, w.ana), conv)
			if err != nil || got.Handoff != c.handoff || (got.Ticket != nil) != (c.ticketed == "everyone" && c.tickets > 0) {
				t.Errorf("%+v %v", got, err)
			}
			staff, err := s.Get(as(t, w.tess), conv)
			if err != nil || (staff.Ticket != nil) != (c.tickets > 0) {
				t.Errorf("staff: %+v %v", staff, err)
			}
		})
	}
}

func TestAssistantSwitchedOffSendsWaitingTurnsToAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := newGate()
	s, _ := w.node(t, g.slow())
	conv := desk.NewID()
	first := w.say(t, s, w.ana, conv, "first")
	g.turn(t)
	second := w.say(t, s, w.ana, conv, "second")
	w.set(t, "assistant", "false")
	g.release()
	if end := w.ended(t, conv, first.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("the running turn ended as %+v", end)
	}
	if end := w.ended(t, conv, second.Turn); end.Reason != desk.TurnHandoff {
		t.Errorf("the waiting turn ended as %+v", end)
	}
}

func TestHandoffAfterTheTicketWasDoneOpensAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
	w.sql(t, `update tickets set status = 'closed'`)
	if err := s.Handoff(as(t, w.ana), conv, ""); err != nil {
		t.Fatal(err)
	}
	if n := w.count(t, `select count(*) from tickets where origin = 'handoff' and status = 'new'`); n != 1 {
		t.Errorf("%d open tickets", n)
	}
}

// Holds P10.
func TestOnlyAnswersAreRatedAndOnlyByWhoAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
	for _, c := range []struct {
		who    desk.Viewer
		seq    int64
		rating string
		want   desk.Code
	}{
		{w.ana, 3, "up", ""},
		{w.ana, 3, "down", ""},
		{w.ana, 3, "sideways", desk.CodeInvalid},
		{w.ana, 1, "up", desk.CodeInvalid},
		{w.ana, 99, "up", desk.CodeInvalid},
		{w.ben, 3, "up", desk.CodeNotFound},
		{w.tess, 3, "up", desk.CodeForbidden},
	} {
		wantCode(t, s.Rate(as(t, c.who), conv, c.seq, c.rating, "because"), c.want)
	}
	log := w.log(t, conv)
	if r := body[desk.Rating](t, log[len(log)-1]); r.Seq != 3 || r.Rating != "down" || r.Reason != "because" {
		t.Errorf("%+v", r)
	}
}

// Holds P10.
func TestTheNewestJudgementOfAnAnswerIsWhatIsReviewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	conv := desk.NewID()
	w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
	for _, rating := range []string{"up", "down", "down"} {
		wantCode(t, s.Rate(as(t, w.ana), conv, 3, rating, "because"), "")
	}
	if n := w.count(t, "select count(*) from feedback f join conversation_events e on e.conversation_id = f.conversation_id and e.seq = f.rating_seq and e.kind = 'rating' where f.rating = 'down' and f.reason = ''"); n != 1 {
		t.Errorf("%d judgements to review", n)
	}
	w.sql(t, "update feedback set state = 'done'")
	wantCode(t, s.Rate(as(t, w.ana), conv, 3, "up", ""), "")
	if n := w.count(t, "select count(*) from feedback where rating = 'up' and state = 'done'"); n != 1 {
		t.Error("good news opened the matter again")
	}
}

func TestTheSameQuestionInOtherLettersIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, engineFunc(func(ctx context.Context, t *conversations.Turn) error {
		return t.Finish(ctx, desk.AssistantMessage{Text: "I found nothing.", Model: "fake", Unanswered: true})
	}))
	for _, text := range []string{"Wo ist das Fax?", "wo ist das FAX", "  wo - ist das fax!!", "¿Dónde está el fax?", "donde esta el fax"} {
		conv := desk.NewID()
		w.ended(t, conv, w.say(t, s, w.ana, conv, text).Turn)
	}
	if n := w.count(t, "select count(distinct key) from unanswered"); n != 2 {
		t.Errorf("%d different questions, want 2", n)
	}
	if n := w.count(t, "select count(*) from unanswered u join conversation_events e on e.conversation_id = u.conversation_id and e.seq = u.question_seq and e.kind = 'user_message'"); n != 5 {
		t.Errorf("%d lead to their question, want 5", n)
	}
}
