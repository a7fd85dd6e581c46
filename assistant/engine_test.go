package assistant

import (
	"fmt"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// Holds P2.
func TestAnAnswerStandsOnWhatWasFoundAndCitesOnlyThat(t *testing.T) {
	b := newBench(t)
	b.passages = func(string) []kb.Hit { return vpn() }
	b.fake.Add(modeltest.Text("Press **Connect** [1]. Else", " restart it[2, 9]. Never mind [7]. `a[3]` stays."))
	o := b.ask(b.ana, "How do I connect to the VPN?")
	if want := "Press **Connect** [1]. Else restart it[2]. Never mind. `a[3]` stays."; o.message.Text != want {
		t.Errorf("got  %q\nwant %q", o.message.Text, want)
	}
	if len(o.message.Citations) != 2 || o.message.Citations[0].Anchor != "connect" || o.message.Citations[1].N != 2 {
		t.Errorf("citations %+v", o.message.Citations)
	}
	if len(o.calls) != 1 || o.calls[0].Step != 0 || len(o.results[0].Citations) != 2 || !o.results[0].OK {
		t.Errorf("the search is not in the log: %+v %+v", o.calls, o.results)
	}
	if o.end.Reason != desk.TurnAnswered || o.message.Model != "fake" || o.message.Usage.Input != 10 || o.message.Offline {
		t.Errorf("%+v %+v", o.end, o.message)
	}
	request := b.fake.Requests()[0]
	if request.LastUser() != "How do I connect to the VPN?" || !strings.Contains(string(request.Body), "press Connect") {
		t.Errorf("request %s", request.Body)
	}
	b.validate()
}

func TestCitationsAreNumberedAsTheReaderMeetsThem(t *testing.T) {
	b := newBench(t)
	b.passages = func(string) []kb.Hit { return vpn() }
	b.fake.Add(modeltest.Text("First restart [2]. `a[2]` stays. Then connect [1], or restart again [2][9]."))
	o := b.ask(b.ana, "How do I connect to the VPN?")
	if want := "First restart [1]. `a[2]` stays. Then connect [2], or restart again [1]."; o.message.Text != want {
		t.Errorf("got  %q\nwant %q", o.message.Text, want)
	}
	c := o.message.Citations
	if len(c) != 2 || c[0].N != 1 || c[0].Anchor != vpn()[1].Anchor || c[1].N != 2 || c[1].Anchor != vpn()[0].Anchor {
		t.Errorf("citations %+v", c)
	}
}

func TestToolsOfOneStepRunAndTheirResultsReachTheModel(t *testing.T) {
	b := newBench(t)
	own := b.ticket(b.ana, "Printer", "It jams")
	b.passages = func(string) []kb.Hit { return vpn() }
	b.fake.Add(
		modeltest.TextAndCalls("Let me look.", modeltest.Call{Name: prompts.ToolList, Arguments: `{"status":null}`},
			modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, own.Number)},
			modeltest.Call{Name: prompts.ToolSearch, Arguments: `{"query":"vpn"}`}),
		modeltest.Text("It is new. See [2]."))
	o := b.ask(b.ana, "What about my printer?")
	if o.message.Text != "It is new. See [1]." || len(o.message.Citations) != 1 || o.message.Usage.Input != 20 {
		t.Errorf("%+v", o.message)
	}
	if len(o.calls) != 4 || o.calls[1].Step != 1 || o.calls[3].Step != 1 {
		t.Errorf("calls %+v", o.calls)
	}
	second := b.fake.Requests()[1]
	results := second.ToolResults()
	if len(results) != 3 || !strings.Contains(results[1].Content, "It jams") || !strings.Contains(results[0].Content, "Printer") {
		t.Errorf("results %+v", results)
	}
	b.validate()
}

func TestAnEffectIsMadeOnceAndTheAnswerKnowsItsNumber(t *testing.T) {
	b := newBench(t)
	b.fake.Add(
		modeltest.Calls(modeltest.Call{Name: prompts.ToolCreate, Arguments: `{"subject":"Printer jams","description":"Since Monday"}`}),
		modeltest.Text("Ticket 1 is open."))
	o := b.ask(b.ana, "Please open a ticket: my printer jams since Monday")
	page, err := b.tickets.List(desk.WithViewer(t.Context(), b.ana), tickets.Filter{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Subject != "Printer jams" || !page.Items[0].Session() {
		t.Errorf("%+v %v", page.Items, err)
	}
	if !strings.Contains(b.fake.Requests()[1].ToolResults()[0].Content, fmt.Sprintf(`"number":%d`, page.Items[0].Number)) {
		t.Error("the model does not learn the number")
	}
	if o.end.Reason != desk.TurnAnswered {
		t.Errorf("%+v", o.end)
	}
	b.validate()
}

func TestCallingAPersonEndsTheTurnWithATrueSentence(t *testing.T) {
	b := newBench(t)
	b.fake.Add(modeltest.TextAndCalls("One moment.", modeltest.Call{Name: prompts.ToolPerson, Arguments: `{"reason":"wants one"}`}))
	o := b.ask(b.ana, "I want to talk to a human")
	if o.end.Reason != desk.TurnHandoff || o.message.Text != prompts.Text("en", "handoff_requested", nil) {
		t.Errorf("%+v %q", o.end, o.message.Text)
	}
	if !strings.Contains(kinds(o.events), string(desk.KindHandoff)) {
		t.Errorf("no handoff in %s", kinds(o.events))
	}
}
