package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	ws "github.com/coder/websocket"
	"github.com/gofiber/fiber/v2"
	"go.uber.org/goleak"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestMain(m *testing.M) {
	if playRole() {
		return
	}
	goleak.VerifyTestMain(m, append(storetest.Leaks(),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/nats-io/nats%2ego.(*Conn).spinUpSocketWatchers"))...)
}

const cookie = "session"

func cookieToken(c *fiber.Ctx) string { return strings.Clone(c.Cookies(cookie)) }

// engineFunc is an engine of the tests.
type engineFunc func(ctx context.Context, t *conversations.Turn) error

func (f engineFunc) Run(ctx context.Context, t *conversations.Turn) error { return f(ctx, t) }

// echo answers with the words of the question, one delta each.
func echo(ctx context.Context, t *conversations.Turn) error {
	text, err := question(ctx, t)
	if err != nil {
		return err
	}
	for _, w := range strings.SplitAfter(text, " ") {
		t.Delta(w)
	}
	return t.Finish(ctx, desk.AssistantMessage{Turn: t.ID, Text: text, Model: "echo"})
}

func question(ctx context.Context, t *conversations.Turn) (string, error) {
	events, err := t.History(ctx)
	if err != nil {
		return "", err
	}
	var m desk.UserMessage
	err = json.Unmarshal(events[t.MessageSeq-1].Body, &m)
	return m.Text, err
}

// house is one installation: a database, a tenant with people, and nodes.
type house struct {
	t       *testing.T
	url     string
	bus     *bus.Bus
	store   *store.Store
	people  *people.Service
	tenant  desk.ID
	host    string
	company desk.ID
}

func newHouse(t *testing.T) *house {
	t.Helper()
	b, err := bus.Start("", storetest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	h := &house{t: t, url: storetest.URL(t), bus: b}
	h.store = storetest.OpenOn(t, h.url, b, 0)
	h.people = newPeople(t, h.store)
	h.tenant, h.host, h.company = h.newTenant()
	return h
}

func (h *house) newTenant() (tenant desk.ID, host string, company desk.ID) {
	tenant = storetest.Tenant(h.t, h.store)
	return tenant, "t" + string(tenant[24:]) + ".test", storetest.Company(h.t, h.store, tenant, "Acme")
}

// set changes policies, as an admin of that name.
func (h *house) set(admin, patch string) {
	h.t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(patch), &m); err != nil {
		h.t.Fatal(err)
	}
	v := h.visitor(admin, desk.RoleAdmin).Viewer
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, v, m)
		return err
	})
}

func newPeople(t *testing.T, s *store.Store) *people.Service {
	t.Helper()
	p, err := people.New(s, storetest.Log(t), people.Config{Hash: &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visitor is a person with a session, at one host.
type visitor struct {
	desk.Viewer
	token, host string
}

func (h *house) visitor(name string, role desk.Role) visitor {
	h.t.Helper()
	company := h.company
	if role.Staff() {
		company = ""
	}
	return h.visitorOf(h.tenant, h.host, company, name, role)
}

func (h *house) visitorOf(tenant desk.ID, host string, company desk.ID, name string, role desk.Role) visitor {
	h.t.Helper()
	v := storetest.User(h.t, h.store, tenant, company, role, name)
	hash, err := argon2id.CreateHash("password", &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16})
	if err != nil {
		h.t.Fatal(err)
	}
	storetest.InTx(h.t, h.store, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update users set password_hash = $1 where id = $2", hash, v.User)
		return err
	})
	token, viewer, err := h.people.LogIn(h.t.Context(), tenant, name, "password", people.Client{})
	if err != nil {
		h.t.Fatal(err)
	}
	return visitor{viewer, token, host}
}

// node is one server of the house.
type node struct {
	*chat.Server
	addr  string
	convs *conversations.Service
	stop  func()
}

// node starts one on the house's bus. change may be nil.
func (h *house) node(engine engineFunc, change func(*chat.Config, *conversations.Config)) *node {
	return h.nodeOn(h.store, engine, change)
}

func (h *house) nodeOn(s *store.Store, engine engineFunc, change func(*chat.Config, *conversations.Config)) *node {
	t := h.t
	t.Helper()
	log := storetest.Log(t)
	cc := conversations.Config{Store: s, Engine: engine, Log: log, UserPerMinute: 100_000, ConversationsPerHour: 100_000, MaxEvents: 100_000}
	cfg := chat.Config{
		Store: s, People: h.people, Token: cookieToken, SessionEnds: people.SessionsSubject, Log: log,
		Status: statusOf,
		Limits: chat.Limits{FramesPerSec: chat.Rate{PerSecond: 1000, Burst: 1000}, SaysPerUser: chat.Rate{PerSecond: 1000, Burst: 1000}},
	}
	if change != nil {
		change(&cfg, &cc)
	}
	n := &node{convs: conversations.New(cc)}
	if err := n.convs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cfg.Conversations == nil {
		cfg.Conversations = n.convs
	}
	n.Server = chat.New(context.WithoutCancel(t.Context()), cfg)
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/api/v1/chat", n.Handler())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.addr = ln.Addr().String()
	served := make(chan struct{})
	go func() { defer close(served); _ = app.Listener(ln) }()
	n.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		n.Close()
		n.convs.Drain(ctx)
		_ = app.ShutdownWithTimeout(time.Second)
		<-served
	})
	t.Cleanup(n.stop)
	return n
}

func statusOf(c desk.Code) int {
	switch c {
	case desk.CodeForbidden:
		return http.StatusForbidden
	case desk.CodeUnauthenticated, desk.CodeSessionExpired:
		return http.StatusUnauthorized
	case desk.CodeNotFound:
		return http.StatusNotFound
	case desk.CodeRateLimited:
		return http.StatusTooManyRequests
	case desk.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// conn is a client's socket. Its methods end the test on an error.
type conn struct {
	t *testing.T
	*ws.Conn
}

func header(v visitor) http.Header {
	return http.Header{"Origin": {"http://" + v.host}, "Cookie": {cookie + "=" + v.token}}
}

func dialWith(ctx context.Context, n *node, v visitor, h http.Header) (*ws.Conn, *http.Response, error) {
	c, res, err := ws.Dial(ctx, "ws://"+n.addr+"/api/v1/chat", &ws.DialOptions{Subprotocols: []string{chat.Subprotocol}, Host: v.host, HTTPHeader: h})
	if err == nil {
		c.SetReadLimit(4 << 20)
	}
	return c, res, err
}

func (n *node) dial(t *testing.T, v visitor) conn {
	t.Helper()
	c, _, err := dialWith(t.Context(), n, v, header(v))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return conn{t, c}
}

// msg is any frame of the server.
type msg struct {
	Type         string          `json:"type"`
	Conversation desk.ID         `json:"conversation"`
	Last         int64           `json:"last"`
	Seq          int64           `json:"seq"`
	Kind         desk.Kind       `json:"kind"`
	Body         json.RawMessage `json:"body"`
	ID           string          `json:"id"`
	Turn         desk.ID         `json:"turn"`
	Attempt      int             `json:"attempt"`
	Offset       int             `json:"offset"`
	Text         string          `json:"text"`
	After        int64           `json:"after"`
	InMS         int64           `json:"in_ms"`
	Code         string          `json:"code"`
	Field        string          `json:"field"`
	Name         string          `json:"name"`
	State        string          `json:"state"`
}

func (m msg) body(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(m.Body, into); err != nil {
		t.Fatal(err)
	}
}

func (c conn) send(frame string, args ...any) {
	c.t.Helper()
	if len(args) > 0 {
		frame = fmt.Sprintf(frame, args...)
	}
	if err := c.Write(c.t.Context(), ws.MessageText, []byte(frame)); err != nil {
		c.t.Fatal(err)
	}
}

func (c conn) open(conversation desk.ID, after int64) desk.ID {
	c.t.Helper()
	c.send(`{"type":"open","conversation":%q,"after":%d}`, conversation, after)
	return c.until("opened").Conversation
}

func (c conn) next() msg {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	_, data, err := c.Read(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	var m msg
	if err := json.Unmarshal(data, &m); err != nil {
		c.t.Fatalf("%v: %s", err, data)
	}
	return m
}

// until reads up to the first frame of a type, or event of a kind.
func (c conn) until(what string) msg {
	c.t.Helper()
	for {
		if m := c.next(); m.Type == what || m.Kind == desk.Kind(what) {
			return m
		}
	}
}

// closed reads until the end and returns the close code.
func (c conn) closed() ws.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 15*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return ws.CloseStatus(err)
		}
	}
}

// log is the truth.
func (h *house) log(conversation desk.ID) (events []desk.Event) {
	h.t.Helper()
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		events, err = tx.Events(ctx, conversation, 0, 10_000)
		return err
	})
	return events
}

// short is a log for people.
func short(events []desk.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s %s\n", e.Seq, e.Kind, e.Body)
	}
	return b.String()
}

func sameLog(a, b []desk.Event) bool {
	return slices.EqualFunc(a, b, func(x, y desk.Event) bool {
		return x.Seq == y.Seq && x.Kind == y.Kind && string(x.Body) == string(y.Body)
	})
}
