package tickets_test

import (
	"context"
	"errors"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

func TestAMergedTicketIsClosedAndPointsToTheOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, source := b.chat(b.ana)
	target := b.create(b.ana, "Printer")
	if _, err := b.service.Reply(as(t, b.ana), source.ID, "It is the one on the second floor.", false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.AskIfFixed(as(t, b.tess), source.ID); err != nil {
		t.Fatal(err)
	}
	merged, err := b.service.Merge(as(t, b.tess), source.ID, target.ID)
	if err != nil || merged.Status != tickets.StatusClosed || merged.Merged == nil || merged.Merged.Number != target.Number || merged.Resolution != "" || merged.FixAsked {
		t.Fatalf("%+v %v", merged, err)
	}
	for _, v := range []desk.Viewer{b.ana, b.ben, b.tess} {
		from, err := b.service.Get(as(t, v), source.ID)
		if err != nil || from.Merged == nil || from.Merged.ID != target.ID || len(from.Replies) != 1 {
			t.Errorf("%s: %+v %v", v.Name, from, err)
		}
		to, err := b.service.Get(as(t, v), target.ID)
		if err != nil || len(to.Joined) != 1 || to.Joined[0].ID != source.ID {
			t.Errorf("%s: %+v %v", v.Name, to, err)
		}
		_, err = b.service.Reply(as(t, v), source.ID, "one more thing", false)
		var e *desk.Error
		if !errors.As(err, &e) || e.Code != desk.CodeMerged || e.Params["number"] != target.Number || e.Params["ticket"] != target.ID {
			t.Errorf("%s answers the merged one: %v %+v", v.Name, err, e)
		}
	}
	open := tickets.StatusOpen
	_, err = b.service.Change(as(t, b.ana), source.ID, tickets.Change{Status: &open})
	wantCode(t, "its user opens it again", err, desk.CodeMerged)
	_, err = b.service.Change(as(t, b.tess), source.ID, tickets.Change{Status: &open})
	wantCode(t, "staff open it again", err, desk.CodeMerged)
	_, err = b.service.AnswerFixed(as(t, b.ana), source.ID, true)
	wantCode(t, "its user says that it is fixed", err, desk.CodeMerged)
	_, err = b.service.Merge(as(t, b.tess), source.ID, target.ID)
	wantCode(t, "once more", err, desk.CodeMerged)
	_, err = b.service.Merge(as(t, b.tess), target.ID, source.ID)
	wantCode(t, "into a merged one", err, desk.CodeMerged)
	tr, err := b.service.Transcript(as(t, b.tess), source.ID)
	if err != nil || !tr.Verified || len(tr.Events) == 0 {
		t.Errorf("its record: %v %v", tr.Verified, err)
	}
	if got := b.changes(conv); got[len(got)-1] != "merged closed" {
		t.Errorf("the conversation says %v", got)
	}
	edits, err := b.service.Changes(as(t, b.tess), target.ID)
	if err != nil || len(edits) != 1 || edits[0].By != "tess" {
		t.Errorf("%+v %v", edits, err)
	}

	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, "update tickets set status = 'pending' where id = $1", target.ID); err != nil {
			return err
		}
		return tx.HearTickets(ctx, conv)
	})
	if d, err := b.service.Get(as(t, b.tess), target.ID); err != nil || d.Status != tickets.StatusOpen {
		t.Errorf("who writes in the merged one's conversation is heard in the other: %s %v", d.Status, err)
	}
}

func TestAMergeShowsNothingToPeopleWhoCouldNotSeeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := storetest.User(t, b.store, b.tenant, b.ana.Company, desk.RoleContact, "carl")
	anas, carls, bens, chloes := b.create(b.ana, "a"), b.create(acme, "c"), b.create(b.ben, "b"), b.create(b.chloe, "g")
	done := b.create(b.ana, "done")
	if _, err := b.service.Change(as(t, b.tess), done.ID, tickets.Change{Status: &b.statusDone}); err != nil {
		t.Fatal(err)
	}
	foreign, err := b.service.Create(as(t, b.zara), tickets.Draft{Subject: "z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		who      desk.Viewer
		id, into desk.ID
		want     desk.Code
	}{
		{"another company's", b.tess, chloes.ID, anas.ID, desk.CodeMergeCompany},
		{"into another company's", b.adam, anas.ID, chloes.ID, desk.CodeMergeCompany},
		{"a colleague's", b.tess, carls.ID, anas.ID, desk.CodeMergePerson},
		{"a contact's into the main contact's", b.tess, anas.ID, bens.ID, desk.CodeMergePerson},
		{"itself", b.tess, anas.ID, anas.ID, desk.CodeInvalid},
		{"into one that is done", b.tess, anas.ID, done.ID, desk.CodeMergeDone},
		{"into another portal's", b.tess, anas.ID, foreign.ID, desk.CodeNotFound},
		{"another portal's", b.tess, foreign.ID, anas.ID, desk.CodeNotFound},
		{"by a contact", b.ana, anas.ID, done.ID, desk.CodeForbidden},
		{"by a main contact", b.ben, bens.ID, anas.ID, desk.CodeForbidden},
	} {
		_, err := b.service.Merge(as(t, c.who), c.id, c.into)
		wantCode(t, c.name, err, c.want)
	}
	if _, err := b.service.Merge(as(t, b.tess), bens.ID, anas.ID); err != nil {
		t.Fatal("the main contact's into a contact's, which the main contact sees:", err)
	}
	d, err := b.service.Get(as(t, b.ana), anas.ID)
	if err != nil || len(d.Joined) != 0 {
		t.Errorf("ana is told of ben's ticket: %+v %v", d.Joined, err)
	}
	if d, err := b.service.Get(as(t, b.ben), bens.ID); err != nil || d.Merged == nil {
		t.Errorf("ben is not told where his went: %+v %v", d.Merged, err)
	}
}

func TestAMergeCanBeTakenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, third := b.create(b.ana, "1"), b.create(b.ana, "2"), b.create(b.ana, "3")
	if _, err := b.service.Change(as(t, b.ana), first.ID, tickets.Change{Status: &b.statusDone}); err != nil {
		t.Fatal(err)
	}
	_, err := b.service.Unmerge(as(t, b.tess), first.ID)
	wantCode(t, "not merged", err, desk.CodeConflict)
	if _, err := b.service.Merge(as(t, b.tess), first.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.service.Merge(as(t, b.tess), second.ID, third.ID); err != nil {
		t.Fatal(err)
	}
	d, err := b.service.Get(as(t, b.ana), third.ID)
	if err != nil || len(d.Joined) != 2 {
		t.Errorf("what was merged into a merged one follows it: %+v %v", d.Joined, err)
	}
	_, err = b.service.Unmerge(as(t, b.ana), first.ID)
	wantCode(t, "a contact", err, desk.CodeForbidden)
	back, err := b.service.Unmerge(as(t, b.tess), first.ID)
	if err != nil || back.Merged != nil || back.Status != tickets.StatusResolved || back.Resolution != tickets.ResolutionConfirmed {
		t.Errorf("it does not stand as before: %+v %v", back, err)
	}
	if _, err := b.service.Reply(as(t, b.ana), first.ID, "not fixed after all", false); err != nil {
		t.Error(err)
	}
}
