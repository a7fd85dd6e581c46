package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	ws "github.com/coder/websocket"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
)

// stammer answers in many pieces of odd lengths, in its own time, and now and
// then begins anew as a second model would.
func stammer(ctx context.Context, t *conversations.Turn) error {
	asked, err := question(ctx, t)
	if err != nil {
		return err
	}
	text := strings.Repeat(asked+" – «déjà vu» 🙂 ", 4)
	if rand.IntN(3) == 0 {
		t.Delta(text[:len(asked)])
		t.Restart()
	}
	for runes := []rune(text); len(runes) > 0; {
		n := min(len(runes), 1+rand.IntN(12))
		t.Delta(string(runes[:n]))
		runes = runes[n:]
		time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
	}
	return t.Finish(ctx, desk.AssistantMessage{Turn: t.ID, Text: text, Model: "stammer"})
}

// cutter is a client whose line breaks all the time.
type cutter struct {
	h            *house
	nodes        []*node
	who          visitor
	conversation desk.ID
	view         *view
	said         int
	turns        int
	cuts         int
}

func (c *cutter) done() bool {
	n := len(c.view.events)
	return len(c.view.ended) == c.turns && c.view.events[n-1].Kind == desk.KindTurnEnded
}

func (c *cutter) run(ctx context.Context) error {
	for !c.done() {
		if err := c.stretch(ctx); err != nil {
			return err
		}
		c.cuts++
	}
	return nil
}

// stretch is one connection, cut after a random number of frames and bytes of
// time.
func (c *cutter) stretch(ctx context.Context) error {
	sock, _, err := dialWith(ctx, c.nodes[rand.IntN(len(c.nodes))], c.who, header(c.who))
	if err != nil {
		return err
	}
	defer func() { _ = sock.CloseNow() }()
	life, cancel := context.WithTimeout(ctx, time.Duration(1+rand.IntN(60))*time.Millisecond)
	defer cancel()
	write := func(frame string, args ...any) {
		_ = sock.Write(life, ws.MessageText, fmt.Appendf(nil, frame, args...))
	}
	write(`{"type":"open","conversation":%q,"after":%d}`, c.conversation, c.view.last())
	for !c.done() {
		if len(c.view.ended) == c.said && c.said < c.turns {
			c.said++
		}
		if id := fmt.Sprint("m", c.said); c.said > len(c.view.ended) && c.view.acks[id] == 0 {
			write(`{"type":"say","id":%q,"text":"question %d"}`, id, c.said)
			c.view.acks[id] = -1 // once a connection
		}
		_, data, err := sock.Read(life)
		if err != nil {
			break
		}
		var m msg
		if err := json.Unmarshal(data, &m); err != nil {
			return err
		}
		if m.Type == "ack" {
			delete(c.view.acks, m.ID)
		}
		c.view.apply(m)
	}
	for id, seq := range c.view.acks {
		if seq < 0 {
			delete(c.view.acks, id) // say it again
		}
	}
	return nil
}

// Promise 4 (SECURITY 5).
// Holds P1.
func TestClientsCutAtRandomPointsOfTwoHundredTurnsEndWithTheLog(t *testing.T) {
	h := newHouse(t)
	nodes := []*node{h.node(stammer, nil), h.nodeOn(storetest.OpenOn(t, h.url, h.bus, 0), stammer, nil)}
	const clients, turns = 20, 10
	var group sync.WaitGroup
	cutters := make([]*cutter, clients)
	for i := range cutters {
		c := &cutter{h: h, nodes: nodes, who: h.visitor(fmt.Sprint("user", i), desk.RoleContact), view: newView(), turns: turns}
		conv, err := nodes[0].convs.Create(desk.WithViewer(t.Context(), c.who.Viewer), "")
		if err != nil {
			t.Fatal(err)
		}
		c.conversation = conv.ID
		cutters[i] = c
		group.Go(func() {
			if err := c.run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	cuts, whole := 0, 0
	for _, c := range cutters {
		log := h.log(c.conversation)
		if len(c.view.faults) > 0 || !sameLog(c.view.events, log) {
			t.Errorf("faults %v\nclient\n%s\nlog\n%s", c.view.faults, short(c.view.events), short(log))
		}
		checkTurns(t, log, turns)
		cuts += c.cuts
		whole += c.view.replaced
	}
	t.Logf("%d turns, %d cuts, %d answers were complete on the screen before their message came", clients*turns, cuts, whole)
	if cuts < clients*turns {
		t.Errorf("only %d cuts", cuts)
	}
}

// checkTurns holds promise 2: one answer and one end for each message.
func checkTurns(t *testing.T, log []desk.Event, turns int) {
	t.Helper()
	count := map[desk.Kind]int{}
	for _, e := range log {
		count[e.Kind]++
	}
	for _, k := range []desk.Kind{desk.KindUserMessage, desk.KindAssistantMessage, desk.KindTurnEnded} {
		if count[k] != turns {
			t.Errorf("%d × %s, want %d", count[k], k, turns)
		}
	}
}

func TestWithoutTheBusEventsArriveByThePoll(t *testing.T) {
	h := newHouse(t)
	deaf, err := bus.Start("nats://127.0.0.1:1", storetest.Log(t)) // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deaf.Close)
	n := h.nodeOn(storetest.OpenOn(t, h.url, deaf, 0), echo, func(c *chat.Config, _ *conversations.Config) { c.PollEvery = 100 * time.Millisecond })
	v := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, v)
	id := c.open("", 0)
	begin := time.Now()
	c.send(`{"type":"say","id":"m1","text":"anybody there?"}`)
	c.until("turn_ended")
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("took %s", d)
	}
	again := n.dial(t, v)
	again.open(id, 2)
	if m := again.next(); m.Type != "event" || m.Seq != 3 {
		t.Errorf("%+v", m)
	}
}

func TestWakeUpThatWasLostIsMadeGoodByTheSweep(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, func(c *chat.Config, _ *conversations.Config) {
		c.PollEvery, c.SweepEvery = 50*time.Millisecond, 100*time.Millisecond
	})
	other, err := bus.Start("", storetest.Log(t)) // a node that was started without the common bus
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	apart := h.nodeOn(storetest.OpenOn(t, h.url, other, 0), echo, nil)
	v := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, v)
	id := c.open("", 0)
	d := apart.dial(t, v)
	d.open(id, 0)
	d.send(`{"type":"say","id":"m1","text":"from afar"}`)
	c.until("turn_ended")
}

func TestLogThatIsShorterThanTheClientsIsSentAnew(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	v := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, v)
	id := c.open("", 0)
	c.send(`{"type":"say","id":"m1","text":"hello"}`)
	last := c.until("turn_ended").Seq
	c.open(id, last+40)
	if m := c.next(); m.Type != "resync" || m.After != 0 {
		t.Errorf("%+v", m)
	}
	if m := c.next(); m.Seq != 1 {
		t.Errorf("%+v", m)
	}
}

// Promise 7: a client that does not read is closed, and comes back for the
// rest.
func TestClientThatDoesNotTakeItsEventsIsClosedAndResumes(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, func(c *chat.Config, _ *conversations.Config) {
		c.StalledAfter = 100 * time.Millisecond
		c.Socket = socket.Config{WriteWithin: 20 * time.Second}
	})
	v := h.visitor("ana", desk.RoleContact)
	conv, err := n.convs.Create(desk.WithViewer(t.Context(), v.Viewer), "")
	if err != nil {
		t.Fatal(err)
	}
	const notes = 1500
	note := desk.Note{Code: "long", Params: map[string]any{"x": strings.Repeat("x", 6000)}}
	for range 5 {
		storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
			for range notes / 5 {
				if _, err := tx.Append(ctx, conv.ID, desk.KindNote, note); err != nil {
					return err
				}
			}
			return nil
		})
	}
	view, closes := newView(), 0
	for view.last() < notes {
		c := n.dial(t, v)
		c.send(`{"type":"open","conversation":%q,"after":%d}`, conv.ID, view.last())
		if closes == 0 {
			time.Sleep(time.Second) // does not read
		}
		for view.last() < notes {
			_, data, err := c.Read(t.Context())
			if err != nil {
				if ws.CloseStatus(err) != ws.StatusTryAgainLater {
					t.Fatal(err)
				}
				closes++
				break
			}
			var m msg
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatal(err)
			}
			view.apply(m)
		}
	}
	if closes != 1 || len(view.faults) > 0 {
		t.Errorf("closed %d times, faults %v", closes, view.faults)
	}
}

// Promise 6.
func TestDrainingServerTellsEverybodyWhenToComeBack(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	v := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, v)
	c.open("", 0)
	drained := make(chan struct{})
	go func() { defer close(drained); n.Drain(t.Context(), 10*time.Second) }()
	if m := c.next(); m.Type != "reconnect" || m.InMS < 0 || m.InMS >= 5000 {
		t.Errorf("%+v", m)
	}
	if _, res, err := dialWith(t.Context(), n, v, header(v)); err == nil || res.StatusCode != 503 {
		t.Errorf("a draining server answered %v %v", res, err)
	}
	_ = c.Close(ws.StatusNormalClosure, "")
	<-drained
}

// meanwhile lets something happen between the look at a conversation and the
// client's place in its room.
type meanwhile struct {
	*conversations.Service
	happens func()
}

func (m meanwhile) Open(ctx context.Context, id desk.ID) (conversations.Conversation, error) {
	found, err := m.Service.Open(ctx, id)
	m.happens()
	return found, err
}

func TestEventBetweenTheLookAndTheSubscriptionIsNotMissed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node(echo, nil)
	ana := h.visitor("ana", desk.RoleContact)
	first := n.dial(t, ana)
	conversation := first.open("", 0)
	late := h.node(echo, func(c *chat.Config, _ *conversations.Config) {
		c.SweepEvery, c.PollEvery = time.Hour, time.Hour
		c.Conversations = meanwhile{n.convs, func() {
			first.send(`{"type":"say","id":"1","text":"hello"}`)
			first.until("turn_ended")
		}}
	})
	c := late.dial(t, ana)
	c.open(conversation, 0)
	c.until("turn_ended")
}
