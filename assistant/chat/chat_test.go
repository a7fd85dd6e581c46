package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	ws "github.com/coder/websocket"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestAQuestionIsAcknowledgedStreamedAndAnsweredOnce(t *testing.T) {
	h := newHouse(t)
	shown := make(chan struct{}) // the answer, word by word: only then does it end
	n := h.node(func(ctx context.Context, t *conversations.Turn) error {
		text, err := question(ctx, t)
		if err != nil {
			return err
		}
		for _, w := range strings.SplitAfter(text, " ") {
			t.Delta(w)
		}
		select {
		case <-shown:
		case <-ctx.Done():
			return ctx.Err()
		}
		return t.Finish(ctx, desk.AssistantMessage{Turn: t.ID, Text: text, Model: "echo"})
	}, nil)
	ana := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, ana)
	id := c.open("", 0)
	c.send(`{"type":"say","id":"m1","text":"¿Por qué no va la VPN?"}`)
	v := newView()
	for seen := false; len(v.ended) == 0 || v.events[len(v.events)-1].Kind != desk.KindTurnEnded; {
		v.apply(c.next())
		if !seen && v.text == "¿Por qué no va la VPN?" {
			close(shown)
			seen = true
		}
	}
	if len(v.faults) > 0 || v.acks["m1"] != 1 || v.replaced != 1 {
		t.Errorf("faults %v, acks %v, %d answers complete before their message", v.faults, v.acks, v.replaced)
	}
	if !sameLog(v.events, h.log(id)) {
		t.Errorf("the client has\n%s\nthe log\n%s", short(v.events), short(h.log(id)))
	}
}

// SECURITY C1, C5.
func TestOnlyPagesOfThisHostWithASessionMayOpenASocket(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	ana := h.visitor("ana", desk.RoleContact)
	otherTenant, otherHost, company := h.newTenant()
	foreign := h.visitorOf(otherTenant, otherHost, company, "eve", desk.RoleContact)
	for _, c := range []struct {
		name, host, origin, token, protocol string
		want                                int
		code                                desk.Code
	}{
		{"null origin", ana.host, "null", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"no origin with a cookie", ana.host, "", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"another site", ana.host, "http://evil.example", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"look-alike in front", ana.host, "http://evil-" + ana.host, ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"look-alike behind", ana.host, "http://" + ana.host + ".evil.example", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"user part", ana.host, "http://" + ana.host + "@evil.example", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"another port", ana.host, "http://" + ana.host + ":8443", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"a path", ana.host, "http://" + ana.host + "/x", ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"another scheme", ana.host, "ftp://" + ana.host, ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"subdomain", ana.host, "http://www." + ana.host, ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"another tenant's page", ana.host, "http://" + otherHost, ana.token, chat.Subprotocol, 403, desk.CodeForbidden},
		{"unknown host", "nobody.test", "http://nobody.test", ana.token, chat.Subprotocol, 404, desk.CodeNotFound},
		{"no session", ana.host, "http://" + ana.host, "", chat.Subprotocol, 401, desk.CodeUnauthenticated},
		{"made-up session", ana.host, "http://" + ana.host, "AAAA", chat.Subprotocol, 401, desk.CodeUnauthenticated},
		{"another tenant's session", ana.host, "http://" + ana.host, foreign.token, chat.Subprotocol, 401, desk.CodeUnauthenticated},
		{"another protocol", ana.host, "http://" + ana.host, ana.token, "conserje.v9", 400, desk.CodeUnsupported},
		{"by the book", ana.host, "http://" + ana.host, ana.token, chat.Subprotocol, 101, ""},
		{"https in front of a proxy", ana.host, "https://" + ana.host, ana.token, chat.Subprotocol, 101, ""},
		{"port named in both", ana.host + ":8080", "http://" + ana.host + ":8080", ana.token, chat.Subprotocol, 101, ""},
		{"default port named", ana.host, "http://" + ana.host + ":80", ana.token, chat.Subprotocol, 101, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := http.Header{}
			if c.origin != "" {
				head.Set("Origin", c.origin)
			}
			if c.token != "" {
				head.Set("Cookie", cookie+"="+c.token)
			}
			conn, res, err := ws.Dial(t.Context(), "ws://"+n.addr+"/api/v1/chat", &ws.DialOptions{Subprotocols: []string{c.protocol}, Host: c.host, HTTPHeader: head})
			if res == nil || res.StatusCode != c.want {
				t.Fatalf("%v %v, want %d", res, err, c.want)
			}
			if c.want == http.StatusSwitchingProtocols {
				_ = conn.CloseNow()
				return
			}
			var problem struct {
				Status int
				Code   desk.Code
			}
			if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || problem.Code != c.code || problem.Status != c.want {
				t.Errorf("%+v %v, want %s", problem, err, c.code)
			}
			if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("content type %q", ct)
			}
		})
	}
	if n.Len() > 4 {
		t.Errorf("%d sockets", n.Len())
	}
}

// SECURITY C10.
func TestFramesThatAreNotAClientsAreRefusedAndTheSocketGoesOn(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	c := n.dial(t, h.visitor("ana", desk.RoleContact))
	id := c.open("", 0)
	for _, f := range []struct {
		frame string
		code  desk.Code
	}{
		{`{"type":"event","seq":1,"kind":"assistant_message","body":{}}`, desk.CodeUnknownFrame},
		{`{"type":"assistant_message","text":"x"}`, desk.CodeUnknownFrame},
		{`{"type":"tool_result","ok":true}`, desk.CodeUnknownFrame},
		{`{"type":"verified"}`, desk.CodeUnknownFrame},
		{`{"type":"ack","id":"x","seq":1}`, desk.CodeUnknownFrame},
		{`{"type":"delta","turn":"x"}`, desk.CodeUnknownFrame},
		{`{"type":"Say","id":"x","text":"x"}`, desk.CodeUnknownFrame},
		{`{"type":""}`, desk.CodeBadFrame},
		{`{}`, desk.CodeBadFrame},
		{`[]`, desk.CodeBadFrame},
		{`null`, desk.CodeBadFrame},
		{`"say"`, desk.CodeBadFrame},
		{``, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":"x"`, desk.CodeBadFrame},
		{`{"type":"ping"} {"type":"ping"}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":7}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":"x","text":"y"}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":"x","user":"y"}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","Text":"x"}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":"x","role":"assistant"}`, desk.CodeBadFrame},
		{`{"type":"say","id":"","text":"x"}`, desk.CodeInvalid},
		{`{"type":"say","id":"` + strings.Repeat("x", 65) + `","text":"x"}`, desk.CodeInvalid},
		{`{"type":"say","id":"a\u0000b","text":"x"}`, desk.CodeInvalid},
		{`{"type":"say","id":"x","text":""}`, desk.CodeEmptyText},
		{`{"type":"say","id":"x","text":" \n "}`, desk.CodeEmptyText},
		{`{"type":"say","id":"x","text":"a\u0000b"}`, desk.CodeInvalidUTF8},
		{`{"type":"say","id":"x","text":"` + strings.Repeat("é", 8001) + `"}`, desk.CodeTextTooLong},
		{`{"type":"say","id":"x","text":"x","attachments":[{"id":"f"}]}`, desk.CodeBadFrame},
		{`{"type":"say","id":"x","text":"x","attachments":["f"]}`, desk.CodeInvalid},
		{`{"type":"open","after":-1}`, desk.CodeInvalid},
		{`{"type":"open","after":1.5}`, desk.CodeBadFrame},
		{`{"type":"open","conversation":"x"}`, desk.CodeInvalid},
		{`{"type":"stop","turn":"` + string(desk.NewID()) + `"}`, desk.CodeNotFound},
		{`{"type":"stop"}`, desk.CodeInvalid},
		{`{"type":"rate","seq":1,"rating":"up"}`, desk.CodeInvalid},
		{`{"type":"rate","seq":0,"rating":"up"}`, desk.CodeInvalid},
		{`{"type":"confirm","action":"` + string(desk.NewID()) + `"}`, desk.CodeUnsupported},
		{`{"type":"decline","action":"` + string(desk.NewID()) + `"}`, desk.CodeUnsupported},
	} {
		c.send("%s", f.frame)
		if m := c.next(); m.Type != "error" || m.Code != string(f.code) {
			t.Errorf("%.80s: %+v, want %s", f.frame, m, f.code)
		}
	}
	c.send(`{"type":"ping"}`)
	if m := c.next(); m.Type != "pong" {
		t.Errorf("%+v", m)
	}
	if log := h.log(id); len(log) != 0 {
		t.Errorf("the log has %v", log)
	}
}

func TestTheSameMessageIDIsSaidOnceAndAnotherTextIsRefused(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	c := n.dial(t, h.visitor("ana", desk.RoleContact))
	id := c.open("", 0)
	for range 3 {
		c.send(`{"type":"say","id":"m1","text":"hello"}`)
		if m := c.until("ack"); m.ID != "m1" || m.Seq != 1 {
			t.Errorf("%+v", m)
		}
	}
	c.send(`{"type":"say","id":"m1","text":"other"}`)
	if m := c.until("error"); m.Code != string(desk.CodeIDReused) || m.ID != "m1" {
		t.Errorf("%+v", m)
	}
	said := 0
	for _, e := range h.log(id) {
		if e.Kind == desk.KindUserMessage {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}

// SECURITY C8.
func TestForeignConversationLooksLikeOneThatDoesNotExist(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	ana := n.dial(t, h.visitor("ana", desk.RoleContact))
	id := ana.open("", 0)
	ana.send(`{"type":"say","id":"m1","text":"secret"}`)
	ana.until("turn_ended")

	tenant, host, company := h.newTenant()
	for _, v := range []visitor{
		h.visitor("ben", desk.RoleMainContact),
		h.visitorOf(tenant, host, company, "eve", desk.RoleContact),
		h.visitorOf(tenant, host, "", "tom", desk.RoleAdmin),
	} {
		c := n.dial(t, v)
		answers := map[desk.ID]string{}
		for _, wanted := range []desk.ID{id, desk.NewID()} {
			c.send(`{"type":"open","conversation":%q,"after":1}`, wanted)
			m := c.next()
			answers[wanted] = fmt.Sprintf("%+v", m)
			if m.Type != "error" || m.Code != string(desk.CodeNotFound) {
				t.Errorf("%s opens %s: %+v", v.Name, wanted, m)
			}
			answers[""] = answers[wanted]
		}
		if answers[id] != answers[""] {
			t.Errorf("foreign: %s; absent: %s", answers[id], answers[""])
		}
		c.send(`{"type":"say","id":"x","text":"x"}`)
		if m := c.next(); m.Code != string(desk.CodeInvalid) {
			t.Errorf("said into nothing: %+v", m)
		}
	}
}

func TestAClientBeginsAConversationUnderAnIDOfItsOwn(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	ana, ben := n.dial(t, h.visitor("ana", desk.RoleContact)), n.dial(t, h.visitor("ben", desk.RoleContact))
	id := desk.NewID()
	if got := ana.open(id, 0); got != id {
		t.Fatalf("opened %s instead of %s", got, id)
	}
	ana.send(`{"type":"say","id":"m1","text":"hello"}`)
	ana.until("turn_ended")
	ben.send(`{"type":"open","conversation":%q,"after":0}`, id)
	if m := ben.next(); m.Code != string(desk.CodeNotFound) {
		t.Errorf("somebody else opened it: %+v", m)
	}
}

func TestTwoTabsAndATechnicianSeeTheSame(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	v := h.visitor("ana", desk.RoleContact)
	tabs := []conn{n.dial(t, v), n.dial(t, v), n.dial(t, h.visitor("tess", desk.RoleTechnician))}
	id := tabs[0].open("", 0)
	for _, c := range tabs[1:] {
		c.open(id, 0)
	}
	tabs[1].send(`{"type":"typing"}`)
	if m := tabs[2].until("presence"); m.Name != "ana" || m.State != "typing" {
		t.Errorf("%+v", m)
	}
	for i := range 5 {
		tabs[i%2].send(`{"type":"say","id":"m%d","text":"question number %d"}`, i, i)
	}
	log := []desk.Event(nil)
	for i, c := range tabs {
		view := newView()
		for len(view.ended) < 5 || view.events[len(view.events)-1].Kind != desk.KindTurnEnded {
			m := c.next()
			if m.Type == "presence" {
				t.Errorf("tab %d hears of its own typing", i)
			}
			view.apply(m)
		}
		if log == nil {
			log = h.log(id)
		}
		if len(view.faults) > 0 || !sameLog(view.events, log) {
			t.Errorf("tab %d: %v\n%s\n%s", i, view.faults, short(view.events), short(log))
		}
	}
}

func TestOpeningInTheMiddleOfAnAnswerShowsItFromItsBeginning(t *testing.T) {
	h := newHouse(t)
	half, rest := make(chan struct{}), make(chan struct{})
	n := h.node(func(ctx context.Context, turn *conversations.Turn) error {
		turn.Delta("abandoned")
		turn.Restart()
		turn.Step("searching", nil)
		turn.Delta("one ")
		turn.Delta("two ")
		close(half)
		<-rest
		turn.Delta("three")
		return turn.Finish(ctx, desk.AssistantMessage{Turn: turn.ID, Text: "one two three"})
	}, nil)
	v := h.visitor("ana", desk.RoleContact)
	first := n.dial(t, v)
	id := first.open("", 0)
	first.send(`{"type":"say","id":"m1","text":"count"}`)
	<-half
	other := h.nodeOn(storetest.OpenOn(t, h.url, h.bus, 0), echo, nil) // another node, same bus
	late := []conn{n.dial(t, v), other.dial(t, v)}
	for _, c := range late {
		c.open(id, 0)
		if m := c.until("delta"); m.Offset != 0 || m.Text != "one two " || m.Attempt != 2 {
			t.Errorf("%+v", m)
		}
	}
	close(rest)
	for _, c := range append(late, first) {
		view := newView()
		view.turn, view.attempt, view.text = "", 0, ""
		m := c.until("assistant_message")
		var a desk.AssistantMessage
		if m.body(t, &a); a.Text != "one two three" {
			t.Errorf("%+v", a)
		}
	}
}

// Holds P1.
func TestStopEndsTheAnswerAndKeepsWhatWasShown(t *testing.T) {
	h := newHouse(t)
	n := h.node(func(ctx context.Context, turn *conversations.Turn) error {
		turn.Delta("this much")
		<-ctx.Done()
		return context.Cause(ctx)
	}, nil)
	c := n.dial(t, h.visitor("ana", desk.RoleContact))
	c.open("", 0)
	c.send(`{"type":"say","id":"m1","text":"go on for ever"}`)
	c.send(`{"type":"stop","turn":%q}`, c.until("delta").Turn)
	var ended desk.TurnEnded
	c.until("turn_ended").body(t, &ended)
	if ended.Reason != desk.TurnStopped {
		t.Errorf("%+v", ended)
	}
}

// SECURITY C6.
func TestSocketOfAnEndedSessionIsClosedAtOnceOnEveryNode(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	other := h.nodeOn(storetest.OpenOn(t, h.url, h.bus, 0), echo, nil)
	ana := h.visitor("ana", desk.RoleContact)
	ben := h.visitor("ben", desk.RoleContact)
	socks := []conn{n.dial(t, ana), n.dial(t, ana), other.dial(t, ana)}
	bystander := n.dial(t, ben)
	bystander.open("", 0)
	for _, c := range socks {
		c.open("", 0)
	}
	begin := time.Now()
	if err := h.people.LogOut(desk.WithViewer(t.Context(), ana.Viewer)); err != nil {
		t.Fatal(err)
	}
	for _, c := range socks {
		if code := c.closed(); code != socket.CloseSessionEnded {
			t.Errorf("closed with %d", code)
		}
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("took %s", d)
	}
	bystander.send(`{"type":"ping"}`)
	bystander.until("pong")
}

// SECURITY C6: nothing announces it, and no check has run yet.
func TestFrameOnADeadSessionHasNoEffect(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, func(c *chat.Config, _ *conversations.Config) { c.CheckEvery = time.Hour })
	ana := h.visitor("ana", desk.RoleContact)
	c := n.dial(t, ana)
	id := c.open("", 0)
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update users set disabled_at = now() where id = $1", ana.User)
		return err
	})
	c.send(`{"type":"say","id":"m1","text":"too late"}`)
	if m := c.next(); m.Type != "error" || m.Code != string(desk.CodeSessionExpired) || m.ID != "m1" {
		t.Errorf("%+v", m)
	}
	if code := c.closed(); code != socket.CloseSessionEnded {
		t.Errorf("closed with %d", code)
	}
	if log := h.log(id); len(log) != 0 {
		t.Errorf("the log has %v", log)
	}
}

func TestSocketOfWhoMayNotUseItAnyMoreIsFoundWithoutTheBus(t *testing.T) {
	for name, statement := range map[string]string{
		"the session has expired": "update sessions set expires_at = now() where user_id = $1",
		"the person is disabled":  "update users set disabled_at = now() where id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			n := h.node(echo, func(c *chat.Config, _ *conversations.Config) { c.CheckEvery = 50 * time.Millisecond })
			ana := h.visitor("ana", desk.RoleContact)
			ben := n.dial(t, h.visitor("ben", desk.RoleContact))
			c := n.dial(t, ana)
			c.open("", 0)
			ben.open("", 0)
			storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, statement, ana.User)
				return err
			})
			if code := c.closed(); code != socket.CloseSessionEnded {
				t.Errorf("closed with %d", code)
			}
			ben.send(`{"type":"ping"}`)
			ben.until("pong")
		})
	}
}

// SECURITY C7.
func TestFloodIsRefusedWithoutLosingTheSocket(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, func(c *chat.Config, _ *conversations.Config) {
		c.Limits = chat.Limits{SocketsPerUser: 2, FramesPerSec: chat.Rate{PerSecond: 1, Burst: 30}, SaysPerUser: chat.Rate{PerSecond: 1, Burst: 3}}
	})
	v := h.visitor("ana", desk.RoleContact)
	a, b := n.dial(t, v), n.dial(t, v)
	if _, res, err := dialWith(t.Context(), n, v, header(v)); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third socket: %v %v", res, err)
	}
	id := a.open("", 0)
	b.open(id, 0)
	for i := range 4 {
		a.send(`{"type":"say","id":"m%d","text":"again"}`, i)
	}
	if m := a.until("error"); m.Code != string(desk.CodeRateLimited) || m.ID != "m3" {
		t.Errorf("%+v", m)
	}
	b.send(`{"type":"say","id":"m9","text":"in the other window"}`)
	if m := b.until("error"); m.Code != string(desk.CodeRateLimited) || m.ID != "m9" {
		t.Errorf("%+v", m)
	}
	for range 40 {
		b.send(`{"type":"ping"}`)
	}
	if m := b.until("error"); m.Code != string(desk.CodeRateLimited) {
		t.Errorf("%+v", m)
	}
}

func TestPanicInAFrameEndsItsSocketAndNothingElse(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, func(c *chat.Config, _ *conversations.Config) {
		c.Conversations = struct{ chat.Conversations }{} // every call of it panics
	})
	v := h.visitor("ana", desk.RoleContact)
	bystander, c := n.dial(t, v), n.dial(t, v)
	c.send(`{"type":"open"}`)
	if code := c.closed(); code == ws.StatusNormalClosure {
		t.Errorf("closed with %d", code)
	}
	bystander.send(`{"type":"ping"}`)
	bystander.until("pong")
}
