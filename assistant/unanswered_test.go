package assistant

import (
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/prompts"
)

// A question is on the list of those without an answer by what happened in its
// turn, whatever the model says about it.
func TestAQuestionWithoutAnAnswerIsNoted(t *testing.T) {
	scored := func(score float64) []kb.Hit {
		hits := vpn()
		for i := range hits {
			hits[i].Score = score
		}
		return hits
	}
	person := modeltest.Calls(modeltest.Call{Name: prompts.ToolPerson, Arguments: `{"reason":"no article"}`})
	ticket := modeltest.Calls(modeltest.Call{Name: prompts.ToolCreate, Arguments: `{"subject":"s","description":"d"}`})
	for _, c := range []struct {
		name, question string
		found          []kb.Hit
		replies        []modeltest.Reply
		want           bool
	}{
		{"nothing is found", "Why does the quokka printer blink?", nil, []modeltest.Reply{modeltest.Text("I do not know.")}, true},
		{"what is found is not used", "Why does the quokka printer blink?", scored(0.9), []modeltest.Reply{modeltest.Text("I do not know.")}, true},
		{"what is cited lies under the floor", "Why does the quokka printer blink?", scored(0.1), []modeltest.Reply{modeltest.Text("Perhaps this [1].")}, true},
		{"the model calls a person by itself", "Why does the quokka printer blink?", nil, []modeltest.Reply{person}, true},
		{"it is answered", "How do I connect to the VPN?", scored(0.9), []modeltest.Reply{modeltest.Text("Press Connect [1].")}, false},
		{"a citation that was never found", "How do I connect to the VPN?", nil, []modeltest.Reply{modeltest.Text("Press Connect [1].")}, true},
		{"a greeting", "Hello there", nil, []modeltest.Reply{modeltest.Text("Hello.")}, false},
		{"the person asks for a person", "I want to talk to a human", nil, []modeltest.Reply{person}, false},
		{"the person asks for a ticket", "Please open a ticket: my printer jams since Monday", nil, []modeltest.Reply{ticket, modeltest.Text("It is open.")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.passages = func(string) []kb.Hit { return c.found }
			b.fake.Add(c.replies...)
			o := b.ask(b.ana, c.question)
			rows := b.count("unanswered")
			if o.message.Unanswered != c.want || (rows == 1) != c.want {
				t.Errorf("noted %v with %d rows, want %v: %q", o.message.Unanswered, rows, c.want, o.message.Text)
			}
		})
	}
}
