package tickets_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

func TestADraftIsItsAuthorsAndGoesWithTheReply(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	keep := func(v desk.Viewer, kind tickets.DraftKind, text string) {
		t.Helper()
		if _, err := b.service.KeepDraft(as(t, v), ticket.ID, kind, text); err != nil {
			t.Fatal(err)
		}
	}
	texts := func(v desk.Viewer) (s string) {
		t.Helper()
		list, err := b.service.Drafts(as(t, v), ticket.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			s += string(d.Kind) + ":" + d.Text + " "
		}
		return s
	}
	keep(b.tess, tickets.DraftReply, "Please")
	keep(b.tess, tickets.DraftReply, "Please try")
	keep(b.tess, tickets.DraftNote, "odd")
	keep(b.ana, tickets.DraftReply, "It")
	for _, c := range []struct {
		who  desk.Viewer
		want string
	}{{b.tess, "note:odd reply:Please try "}, {b.ana, "reply:It "}, {b.adam, ""}, {b.ben, ""}} {
		if got := texts(c.who); got != c.want {
			t.Errorf("%s has %q, want %q", c.who.Name, got, c.want)
		}
	}
	_, err := b.service.KeepDraft(as(t, b.ana), ticket.ID, tickets.DraftNote, "x")
	wantCode(t, "a contact's note", err, desk.CodeForbidden)
	_, err = b.service.KeepDraft(as(t, b.chloe), ticket.ID, tickets.DraftReply, "x")
	wantCode(t, "somebody else's ticket", err, desk.CodeNotFound)
	_, err = b.service.Drafts(as(t, b.zara), ticket.ID)
	wantCode(t, "another portal", err, desk.CodeNotFound)
	if _, err := b.service.Reply(as(t, b.tess), ticket.ID, "Please try again.", false); err != nil {
		t.Fatal(err)
	}
	keep(b.ana, tickets.DraftReply, "  ")
	if got := texts(b.tess) + texts(b.ana); got != "note:odd " {
		t.Errorf("left: %q", got)
	}
}

func TestPresenceShowsColleaguesAndExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Printer")
	attend := func(v desk.Viewer, state tickets.PresenceState) []tickets.Present {
		t.Helper()
		p, err := b.service.Attend(as(t, v), ticket.ID, state, false)
		if err != nil {
			t.Fatal(err)
		}
		return p.Others
	}
	if got := attend(b.tess, tickets.PresenceLooking); len(got) != 0 {
		t.Errorf("tess sees %v", got)
	}
	if got := attend(b.adam, tickets.PresenceNote); len(got) != 1 || got[0].Name != "tess" || got[0].State != tickets.PresenceLooking {
		t.Errorf("adam sees %v", got)
	}
	if got := attend(b.tess, tickets.PresenceReply); len(got) != 1 || got[0].State != tickets.PresenceNote {
		t.Errorf("tess sees %v", got)
	}
	attend(b.adam, tickets.PresenceLeft)
	if got := attend(b.tess, tickets.PresenceReply); len(got) != 0 {
		t.Errorf("adam has left, tess sees %v", got)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update ticket_presence set at = at - interval '16 seconds'")
		return err
	})
	if got := attend(b.adam, tickets.PresenceLooking); len(got) != 0 {
		t.Errorf("tess says nothing any more, adam sees %v", got)
	}
	_, err := b.service.Attend(as(t, b.ben), ticket.ID, tickets.PresenceLooking, false)
	wantCode(t, "a contact", err, desk.CodeForbidden)
	_, err = b.service.Attend(as(t, b.tess), ticket.ID, "asleep", false)
	wantCode(t, "no state", err, desk.CodeInvalid)
	_, err = b.service.Attend(as(t, b.zara), ticket.ID, tickets.PresenceLooking, false)
	wantCode(t, "another portal", err, desk.CodeNotFound)
}

func TestTheFirstLetterOfAReplyTakesATicketThatIsNobodys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	free, adams, done := b.create(b.ana, "free"), b.create(b.ana, "adam's"), b.create(b.ana, "done")
	if _, err := b.service.Change(as(t, b.adam), adams.ID, tickets.Change{Assignee: &b.adam.User}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Change(as(t, b.adam), done.ID, tickets.Change{Status: &b.statusDone}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		id      desk.ID
		state   tickets.PresenceState
		claim   bool
		claimed bool
	}{
		{"a look", free.ID, tickets.PresenceLooking, true, false},
		{"a note", free.ID, tickets.PresenceNote, true, false},
		{"a letter that is not the first", free.ID, tickets.PresenceReply, false, false},
		{"a colleague's", adams.ID, tickets.PresenceReply, true, false},
		{"done", done.ID, tickets.PresenceReply, true, false},
		{"the first letter", free.ID, tickets.PresenceReply, true, true},
		{"once more", free.ID, tickets.PresenceReply, true, false},
	} {
		p, err := b.service.Attend(as(t, b.tess), c.id, c.state, c.claim)
		if err != nil || p.Claimed != c.claimed {
			t.Errorf("%s: claimed %v, want %v (%v)", c.name, p.Claimed, c.claimed, err)
		}
	}
	d, err := b.service.Get(as(t, b.adam), free.ID)
	if err != nil || d.Assignee == nil || d.Assignee.ID != b.tess.User {
		t.Errorf("%+v %v", d.Assignee, err)
	}
	if edits, err := b.service.Changes(as(t, b.adam), free.ID); err != nil || len(edits) != 1 || edits[0].By != "tess" {
		t.Errorf("it is not said who took it: %+v %v", edits, err)
	}
	nobody := desk.ID("")
	if undone, err := b.service.Change(as(t, b.tess), free.ID, tickets.Change{Assignee: &nobody, Version: d.Version}); err != nil || undone.Assignee != nil {
		t.Errorf("it cannot be given back: %+v %v", undone, err)
	}
}
