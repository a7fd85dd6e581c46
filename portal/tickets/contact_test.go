package tickets_test

import (
	"context"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

func TestWhatAContactWritesInAnHourIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "first")
	for what, write := range map[string]func(v desk.Viewer) error{
		"tickets": func(v desk.Viewer) error {
			_, err := b.service.Create(as(t, v), tickets.Draft{Subject: "more", Description: "d"})
			return err
		},
		"replies": func(v desk.Viewer) error {
			_, err := b.service.Reply(as(t, v), ticket.ID, "more", false)
			return err
		},
	} {
		if err := write(b.ana); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, v := range []desk.Viewer{b.ana, b.tess} { // as if both had written all hour
			storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, `insert into limits (tenant_id, key, window_start, hits) values ($1, $2, now(), 300)
					on conflict (tenant_id, key) do update set hits = 300`, b.tenant, what+":"+string(v.User))
				return err
			})
		}
		before := b.texts()
		wantCode(t, what, write(b.ana), desk.CodeRateLimited)
		if b.texts() != before {
			t.Errorf("%s: the refused one is there", what)
		}
		if err := write(b.tess); err != nil {
			t.Errorf("%s by staff: %v", what, err)
		}
	}
}

func (b *bundle) texts() (n int) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select (select count(*) from tickets) + (select count(*) from ticket_replies)`).Scan(&n)
	})
	return n
}

func TestAMainContactReadsWhatWasSaidAndNotWhatWasDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conv, ticket := b.chat(b.ana)
	for _, e := range []struct {
		kind desk.Kind
		body any
	}{
		{desk.KindToolCall, desk.ToolCall{Name: "list_my_devices"}},
		{desk.KindToolResult, desk.ToolResult{Name: "list_my_devices", Content: "LAPTOP-OF-ANA"}},
		{desk.KindAction, desk.ActionChange{Action: desk.NewID(), Operation: desk.OpRestart, Device: desk.NewID(), State: desk.StateProposed}},
		{desk.KindRating, desk.Rating{Seq: 1, Rating: "down", Reason: "no"}},
		{desk.KindAssistantMessage, desk.AssistantMessage{Text: "Try this."}},
		{desk.KindStaffMessage, desk.StaffMessage{Text: "I am here.", Author: b.tess.User}},
	} {
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Append(ctx, conv, e.kind, e.body)
			return err
		})
	}
	kinds := func(who desk.Viewer) (list []desk.Kind) {
		tr, err := b.service.Transcript(as(t, who), ticket.ID)
		if err != nil || !tr.Verified {
			t.Errorf("%s: %v", who.Name, err)
		}
		for _, e := range tr.Events {
			list = append(list, e.Kind)
		}
		return list
	}
	if got := kinds(b.ben); !slices.Equal(got, []desk.Kind{desk.KindUserMessage, desk.KindTicket, desk.KindAssistantMessage, desk.KindStaffMessage}) {
		t.Errorf("ben reads %v", got)
	}
	for _, who := range []desk.Viewer{b.ana, b.tess} {
		if got := kinds(who); len(got) != 8 {
			t.Errorf("%s reads %v", who.Name, got)
		}
	}
}
