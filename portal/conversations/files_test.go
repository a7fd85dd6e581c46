package conversations_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/tickets"
)

// Holds P11.
func TestAScreenshotStandsInTheLogAndUnderItsTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	kept, _ := filestest.New(t, w.store, tickets.SeesFileTx)
	conv := desk.NewID()
	shot := filestest.Send(t, kept, w.ana, "Screenshot.png", filestest.PNG(t, 40, 30))
	m := conversations.Message{Conversation: conv, ID: "m1", Attachments: []desk.ID{shot.ID}}
	ack, err := s.Say(as(t, w.ana), m)
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, conv, ack.Turn)
	var said desk.UserMessage
	if err := json.Unmarshal(w.log(t, conv)[0].Body, &said); err != nil {
		t.Fatal(err)
	}
	if len(said.Attachments) != 1 || said.Attachments[0] != shot || said.Text != "" {
		t.Errorf("%+v", said)
	}
	if got, err := s.Get(as(t, w.ana), conv); err != nil || got.Title != "Screenshot.png" || got.Ticket == nil {
		t.Errorf("%+v %v", got, err)
	}
	if n := w.count(t, `select count(*) from tickets where subject = 'Screenshot.png'`); n != 1 {
		t.Errorf("%d tickets of that name", n)
	}
	again, err := s.Say(as(t, w.ana), m)
	if err != nil || !again.Repeated || again.Seq != ack.Seq {
		t.Errorf("the same message again: %+v %v", again, err)
	}
	m.Attachments = nil
	m.Text = "x"
	if _, err := s.Say(as(t, w.ana), m); desk.CodeOf(err) != desk.CodeIDReused {
		t.Errorf("the same id without the file: %v", err)
	}
	events, _, err := s.Events(as(t, w.tess), conv, 0, 10)
	if err != nil || !slices.Equal(kinds(events[:2]), []desk.Kind{desk.KindUserMessage, desk.KindTicket}) {
		t.Errorf("the technician reads %v %v", kinds(events), err)
	}
}

func TestAMessageWhoseFileIsGoneIsNotSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	kept, _ := filestest.New(t, w.store, tickets.SeesFileTx)
	conv := desk.NewID()
	foreign := filestest.Send(t, kept, w.chloe, "a.txt", []byte("x"))
	m := conversations.Message{Conversation: conv, ID: "m1", Text: "look", Attachments: []desk.ID{foreign.ID}}
	if _, err := s.Say(as(t, w.ana), m); desk.CodeOf(err) != desk.CodeFileGone {
		t.Fatal(err)
	}
	if n := w.count(t, `select (select count(*) from conversation_events) + (select count(*) from said) + (select count(*) from tickets)`); n != 0 {
		t.Errorf("%d rows of a refused message", n)
	}
	m.Attachments = nil // the words can go without it, and under the same id
	if _, err := s.Say(as(t, w.ana), m); err != nil {
		t.Error(err)
	}
}

func TestATechnicianSendsAFileIntoTheChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.node(t, echo)
	kept, _ := filestest.New(t, w.store, tickets.SeesFileTx)
	conv := desk.NewID()
	ack := w.say(t, s, w.ana, conv, "hello")
	w.ended(t, conv, ack.Turn)
	f := filestest.Send(t, kept, w.tess, "steps.pdf", []byte("%PDF-1.7\n"))
	e, err := s.StaffMessage(as(t, w.tess), conv, "", f.ID)
	if err != nil {
		t.Fatal(err)
	}
	var said desk.StaffMessage
	if err := json.Unmarshal(e.Body, &said); err != nil || len(said.Attachments) != 1 || said.Attachments[0].Name != "steps.pdf" {
		t.Errorf("%+v %v", said, err)
	}
	c, err := kept.Open(as(t, w.ana), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}
