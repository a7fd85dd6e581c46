package conversations_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

const typedCode = "493817"

// awaited puts an action of somebody's in the ledger that waits for a code.
func (w *world) awaited(t testing.TB, v desk.Viewer, state string) desk.ID {
	t.Helper()
	device, action := desk.NewID(), desk.NewID()
	w.sql(t, `insert into devices (tenant_id, id, name, system, sign_key, seal_key)
		values ($1, $2::uuid, 'LAPTOP', 'windows', decode(replace($2::uuid::text || $2::uuid::text, '-', ''), 'hex'), decode(repeat('00', 32), 'hex'))`, w.tenant, device)
	w.sql(t, `insert into actions (tenant_id, id, user_id, device_id, operation, source, state, digest, confirmed_at, deadline, expires_at)
		values ($1, $2, $3, $4, 'restart', 'self_service', $5::text, '\x00', case when $5::text = 'confirmed' then now() end, now() + interval '10 minutes', now() + interval '1 hour')`,
		w.tenant, action, v.User, device, state)
	return action
}

// holds names the tables of the tenant in which any spelling of the text stands.
func (w *world) holds(t testing.TB, text string) (where []string) {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, `select format('%I', tablename) from pg_tables where schemaname = 'public' and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')`)
		if err != nil {
			return err
		}
		var names []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, name := range names {
			for _, needle := range []string{text, hex.EncodeToString([]byte(text)), hex.EncodeToString(sum[:])} {
				var n int
				if err := tx.QueryRow(ctx, `select count(*) from `+name+` t where t::text like $1`, "%"+needle+"%").Scan(&n); err != nil {
					return err
				}
				if n > 0 {
					where = append(where, name)
				}
			}
		}
		return nil
	})
	return where
}

func TestACodeTypedIntoTheChatIsStoredNowhereAndReachesNoEngine(t *testing.T) {
	w := newWorld(t)
	var heard []string
	s, _ := w.node(t, engineFunc(func(ctx context.Context, turn *conversations.Turn) error {
		events, err := turn.History(ctx)
		for _, e := range events {
			heard = append(heard, string(e.Body))
		}
		if err != nil {
			return err
		}
		return turn.Finish(ctx, desk.AssistantMessage{Text: "Please enter it on the card."})
	}))
	w.set(t, "assistant_tickets", "true")
	for i, state := range []string{"proposed", "confirmed"} {
		action := w.awaited(t, w.ana, state)
		m := conversations.Message{Conversation: desk.NewID(), ID: string(desk.NewID()), Text: []string{typedCode, "the code is 493 817, ok?"}[i]}
		ack, err := s.Say(as(t, w.ana), m)
		if err != nil {
			t.Fatal(err)
		}
		w.ended(t, m.Conversation, ack.Turn)
		events := w.log(t, m.Conversation)
		if got := body[desk.UserMessage](t, events[0]).Text; !strings.Contains(got, desk.CodeMask) {
			t.Errorf("%s: stored as %q", state, got)
		}
		notes := 0
		for _, e := range events {
			if e.Kind == desk.KindNote && body[desk.Note](t, e).Code == "code_masked" {
				notes++
			}
		}
		if notes != 1 {
			t.Errorf("%s: %d notes", state, notes)
		}
		w.sql(t, `update actions set state = 'declined', ended_at = now() where id = $1`, action)
		again, err := s.Say(as(t, w.ana), m) // the reply was lost; meanwhile nothing is open any more
		if err != nil || !again.Repeated || again.Seq != ack.Seq {
			t.Errorf("%s: said again: %+v %v", state, again, err)
		}
	}
	for _, text := range []string{typedCode, "493 817", "493\u00a0817"} {
		if where := w.holds(t, text); len(where) > 0 {
			t.Errorf("%q stands in %v", text, where)
		}
	}
	if all := strings.Join(heard, "\n"); len(heard) == 0 || strings.Contains(all, typedCode) || strings.Contains(all, "493 817") {
		t.Errorf("the engine heard: %s", all)
	}
}

func TestDigitsAreLeftAloneWhileNoCodeIsAwaited(t *testing.T) {
	w := newWorld(t)
	s, _ := w.node(t, echo)
	w.awaited(t, w.ben, "proposed") // somebody else's
	conv := desk.NewID()
	w.say(t, s, w.ana, conv, "error 493817 in SAP")
	if got := body[desk.UserMessage](t, w.log(t, conv)[0]).Text; got != "error 493817 in SAP" {
		t.Errorf("stored as %q", got)
	}
	if len(w.holds(t, typedCode)) == 0 {
		t.Error("the search for codes finds none where one stands")
	}
}

func TestACodeInATicketOrAReplyIsMaskedToo(t *testing.T) {
	w := newWorld(t)
	s, st := w.node(t, echo)
	w.awaited(t, w.ana, "confirmed")
	svc := tickets.New(st)
	ticket, err := svc.Create(as(t, w.ana), tickets.Draft{Subject: "code 493817", Description: "it says 493-817"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Reply(as(t, w.ana), ticket.ID, "493 817", false); err != nil {
		t.Fatal(err)
	}
	conv := desk.NewID()
	w.ended(t, conv, w.say(t, s, w.ana, conv, "hello").Turn)
	if err := s.Handoff(as(t, w.ana), conv, "the code is 493817"); err != nil {
		t.Fatal(err)
	}
	var answer int64
	for _, e := range w.log(t, conv) {
		if e.Kind == desk.KindAssistantMessage {
			answer = e.Seq
		}
	}
	if err := s.Rate(as(t, w.ana), conv, answer, "down", "it did not take 493817"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{typedCode, "493-817", "493 817"} {
		if where := w.holds(t, text); len(where) > 0 {
			t.Errorf("%q stands in %v", text, where)
		}
	}
	w.say(t, s, w.ana, conv, typedCode) // a person answers now
	if where := w.holds(t, typedCode); len(where) > 0 {
		t.Errorf("said to a person, it stands in %v", where)
	}
}
