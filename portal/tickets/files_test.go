package tickets_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// sees asks for a file's bytes; whoever may not have them learns nothing else.
func sees(t *testing.T, s *files.Service, v desk.Viewer, id desk.ID) bool {
	t.Helper()
	f, err := s.Open(as(t, v), id)
	if err == nil {
		return f.Close() == nil
	}
	if desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("%s: %v", v.Name, err)
	}
	return false
}

// Holds R24.
func TestFilesOfATicketAreSeenByWhoSeesIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	service, _ := filestest.New(t, b.store, tickets.SeesFileTx)
	send := func(v desk.Viewer, name string) desk.ID {
		return filestest.Send(t, service, v, name, []byte(name)).ID
	}
	opening := send(b.ana, "opening.txt")
	ticket, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "Printer", Description: "It jams.", Attachments: []desk.ID{opening}})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(v desk.Viewer, a tickets.Answer) tickets.Reply {
		t.Helper()
		r, err := b.service.Answer(as(t, v), ticket.ID, a)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	reply, note := send(b.ana, "reply.txt"), send(b.tess, "note.txt")
	if r := answer(b.ana, tickets.Answer{Attachments: []desk.ID{reply}}); len(r.Files) != 1 || r.Text != "" {
		t.Errorf("%+v", r)
	}
	answer(b.tess, tickets.Answer{Text: "He shouts.", Internal: true, Attachments: []desk.ID{note}})
	for _, c := range []struct {
		who           desk.Viewer
		public, inner bool
	}{{b.ana, true, false}, {b.ben, true, false}, {b.tess, true, true}, {b.adam, true, true}, {b.chloe, false, false}, {b.gus, false, false}, {b.zara, false, false}} {
		for id, want := range map[desk.ID]bool{opening: c.public, reply: c.public, note: c.inner} {
			if sees(t, service, c.who, id) != want {
				t.Errorf("%s sees a file of it: %v", c.who.Name, !want)
			}
		}
		d, err := b.service.Get(as(t, c.who), ticket.ID)
		if !c.public {
			wantCode(t, c.who.Name, err, desk.CodeNotFound)
			continue
		}
		listed := len(d.Files)
		for _, r := range d.Replies {
			listed += len(r.Files)
		}
		if want := map[bool]int{false: 2, true: 3}[c.inner]; err != nil || listed != want {
			t.Errorf("%s is told of %d files, want %d: %v", c.who.Name, listed, want, err)
		}
	}
	b.set("visible_statuses", `["resolved"]`)
	if sees(t, service, b.ana, opening) || sees(t, service, b.ben, reply) || !sees(t, service, b.tess, reply) {
		t.Error("R19: files of a ticket whose status is hidden")
	}
	b.set("visible_statuses", `["new","open","pending","resolved","closed"]`)
	b.set("ticketing", `{"mode":"off","users":[]}`)
	if sees(t, service, b.ana, opening) || !sees(t, service, b.tess, opening) {
		t.Error("R7: files with ticketing off")
	}
}

func TestARefusedReplyTakesNoFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	service, _ := filestest.New(t, b.store, tickets.SeesFileTx)
	ticket := b.create(b.ana, "Printer")
	f := filestest.Send(t, service, b.ana, "a.txt", []byte("x"))
	_, err := b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: "x", Internal: true, Attachments: []desk.ID{f.ID}})
	wantCode(t, "an internal note by a user", err, desk.CodeForbidden)
	_, err = b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: " ", Attachments: []desk.ID{f.ID}})
	wantCode(t, "blank words", err, desk.CodeEmptyText)
	_, err = b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: "x", Attachments: []desk.ID{f.ID, desk.NewID()}})
	wantCode(t, "a file that is not there", err, desk.CodeFileGone)
	if _, err := b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: "x", Attachments: []desk.ID{f.ID}}); err != nil {
		t.Errorf("the file is not loose any more: %v", err)
	}
}

func TestFilesOfAConversationAreSeenByItsOwnerStaffAndReadersOfItsTranscript(t *testing.T) {
	t.Parallel()
	b := setup(t)
	service, _ := filestest.New(t, b.store, tickets.SeesFileTx)
	conversation, ticket := b.chat(b.ana)
	f := filestest.Send(t, service, b.ana, "screen.png", filestest.PNG(t, 20, 10))
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := files.AttachTx(ctx, tx, b.ana, []desk.ID{f.ID}, files.Place{Conversation: conversation})
		return err
	})
	all := map[*desk.Viewer]bool{&b.ana: true, &b.ben: true, &b.tess: true, &b.chloe: false, &b.gus: false, &b.zara: false}
	for v, want := range all {
		if sees(t, service, *v, f.ID) != want {
			t.Errorf("%s sees it: %v", v.Name, !want)
		}
	}
	b.set("visible_statuses", `["resolved"]`) // the ticket is new
	all[&b.ben] = false                       // and its transcript with it; the conversation is still ana's
	for v, want := range all {
		if sees(t, service, *v, f.ID) != want {
			t.Errorf("with ticket %d hidden: %s sees it: %v", ticket.Number, v.Name, !want)
		}
	}
}
