package devices_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/coder/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
)

// ledger is the one that the link meets here: commands by device, each handed
// out until it is reported on, and what devices said.
type ledger struct {
	mu       sync.Mutex
	waiting  map[desk.ID][]wire.Command
	owner    map[desk.ID]desk.ID // whose action it is
	said     []string
	finished []wire.Result
	seen     map[desk.ID]int
}

func newLedger() *ledger {
	return &ledger{waiting: map[desk.ID][]wire.Command{}, owner: map[desk.ID]desk.ID{}, seen: map[desk.ID]int{}}
}

func (l *ledger) Deliverable(_ context.Context, _, device desk.ID) ([]wire.Command, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.waiting[device]), nil
}

func (l *ledger) own(device, action desk.ID) error {
	if l.owner[action] != device {
		return desk.Errorf(desk.CodeNotFound, "no such action")
	}
	return nil
}

func (l *ledger) Progress(_ context.Context, _, device, action desk.ID, state string, _ time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.own(device, action); err != nil {
		return err
	}
	l.said = append(l.said, string(action)+" "+state)
	return nil
}

func (l *ledger) Finish(_ context.Context, _, device desk.ID, r wire.Result, _ []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.own(device, desk.ID(r.ID)); err != nil {
		return err
	}
	l.finished = append(l.finished, r)
	delete(l.waiting, device)
	return nil
}

func (l *ledger) Seen(_ context.Context, _, device desk.ID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[device]++
	return nil
}

// queue puts a command in; the caller wakes the device.
func (l *ledger) queue(device desk.ID) desk.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, now := desk.NewID(), time.Now().UTC()
	l.owner[id] = device
	l.waiting[device] = append(l.waiting[device], wire.Command{
		ID: string(id), Device: string(device), Operation: wire.Lock, IssuedAt: now, ExpiresAt: now.Add(time.Minute), Nonce: "n",
	})
	return id
}

func (l *ledger) results() []wire.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.finished)
}

// house is one installation with a tenant and its nodes.
type house struct {
	t       *testing.T
	url     string
	bus     *bus.Bus
	store   *store.Store
	tenant  desk.ID
	host    string
	company desk.ID
	ana     desk.ID
	tess    desk.Viewer
	ledger  *ledger
}

func newHouse(t *testing.T) *house {
	t.Helper()
	b, err := bus.Start("", storetest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	h := &house{t: t, url: storetest.URL(t), bus: b, ledger: newLedger()}
	h.store = storetest.OpenOn(t, h.url, b, 0)
	h.tenant = storetest.Tenant(t, h.store)
	h.host = "t" + string(h.tenant[24:]) + ".test"
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddHost(ctx, db.AddHostParams{TenantID: h.tenant, Host: h.host})
	})
	h.company = storetest.Company(t, h.store, h.tenant, "Acme")
	h.ana = h.person("ana", desk.RoleContact, h.company)
	h.tess = desk.Viewer{Tenant: h.tenant, User: h.person("tess", desk.RoleTechnician, ""), Role: desk.RoleTechnician, Name: "tess", Language: "en"}
	return h
}

func (h *house) person(login string, role desk.Role, company desk.ID) (id desk.ID) {
	id = desk.NewID()
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.CreateUser(ctx, db.CreateUserParams{TenantID: h.tenant, ID: id, CompanyID: store.Optional(company), Login: login, Name: login, Role: role, Language: "en"})
	})
	return id
}

func (h *house) asTess() context.Context { return desk.WithViewer(h.t.Context(), h.tess) }

// node is one server on a listener of its own.
type node struct {
	h        *house
	store    *store.Store
	registry *devices.Service
	links    *devices.LinkServer
	address  string
	stop     func()
}

func (h *house) node(set ...func(*devices.LinkConfig)) *node {
	return h.nodeOn(storetest.OpenOn(h.t, h.url, h.bus, 8), set...)
}

func (h *house) nodeOn(s *store.Store, set ...func(*devices.LinkConfig)) *node {
	t := h.t
	t.Helper()
	log := storetest.Log(t)
	n := &node{h: h, store: s, registry: devices.New(s, log)}
	cfg := devices.LinkConfig{Store: s, Registry: n.registry, Ledger: h.ledger, Log: log, AskWithin: 500 * time.Millisecond}
	for _, f := range set {
		f(&cfg)
	}
	var err error
	if n.links, err = devices.NewLinkServer(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	app, _ := api.NewApp(api.Config{
		Store: s, Log: log, AgentLink: n.links.Handler(), AgentEnrol: n.links.EnrolHandler(), Draining: func() bool { return false },
		Metrics: func(*fiber.Ctx) error { return nil },
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.address = ln.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = app.Listener(ln) }()
	n.stop = sync.OnceFunc(func() { n.links.Close(); _ = app.ShutdownWithTimeout(time.Second); <-done })
	t.Cleanup(n.stop)
	return n
}

// device is what lies on one computer.
type device struct {
	id   desk.ID
	priv ed25519.PrivateKey
	seal *ecdh.PrivateKey
}

func newKeys(t *testing.T) *device {
	t.Helper()
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{priv: priv, seal: seal}
}

func (d *device) public() []byte { return d.priv[ed25519.SeedSize:] }

func (h *house) newDevice(n *node) *device {
	h.t.Helper()
	d := newKeys(h.t)
	token, err := n.registry.NewToken(h.asTess(), "", h.ana)
	if err != nil {
		h.t.Fatal(err)
	}
	d.id, err = n.registry.Enrol(h.t.Context(), h.tenant, string(desk.NewID()), wire.Enrol{Token: token.Token, SignKey: d.public(), SealKey: d.seal.PublicKey().Bytes(), Facts: facts("boot-1")})
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func facts(boot string) wire.Facts {
	return wire.Facts{Name: "LAPTOP-7", System: wire.Windows, BootID: boot, Accounts: []wire.Account{{Name: "ana", SID: "S-1", Kind: wire.AccountLocal, LoggedIn: true}}}
}

// agent is one connection of a device; it answers checks unless it is mute.
type agent struct {
	t    *testing.T
	conn *client.Conn
	in   chan wire.Frame // closed at the end
	err  error           // why it ended; after in is closed
	mu   sync.Mutex
}

func (h *house) dial(n *node, header map[string][]string) (*client.Conn, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	conn, res, err := client.Dial(ctx, "ws://"+n.address+wire.LinkPath, &client.DialOptions{Host: h.host, Subprotocols: []string{wire.Subprotocol}, HTTPHeader: header})
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	h.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn, nil
}

// come connects a device up to its hello.
func (h *house) come(n *node, d *device) *agent { return h.comeAs(n, d, false) }

func (h *house) comeAs(n *node, d *device, mute bool) *agent {
	h.t.Helper()
	conn, err := h.dial(n, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	a := &agent{t: h.t, conn: conn, in: make(chan wire.Frame, 100)}
	go a.read(mute)
	c := expect[*wire.Challenge](a)
	nonce := bytes.Repeat([]byte{9}, wire.NonceSize)
	a.send(wire.Prove{Device: string(d.id), Signature: wire.SignProof(d.priv, c.Nonce, string(d.id), h.host), Nonce: nonce})
	w := expect[*wire.Welcome](a)
	if !wire.CheckClock(w.ServerKey, nonce, string(d.id), w.ServerTime, w.Signature) {
		h.t.Error("the server did not sign its clock")
	}
	a.send(wire.Hello{Facts: facts("boot-1")})
	return a
}

func (a *agent) read(mute bool) {
	defer close(a.in)
	ctx := context.WithoutCancel(a.t.Context())
	for {
		_, data, err := a.conn.Read(ctx)
		if err != nil {
			a.err = err
			return
		}
		f, err := wire.ParseServer(data)
		if err != nil {
			a.err = err
			return
		}
		if c, ok := f.(*wire.Check); ok {
			if !mute {
				a.send(wire.Beat{Nonce: c.Nonce})
			}
			continue
		}
		a.in <- f
	}
}

func (a *agent) send(f wire.Frame) {
	data, err := wire.Encode(f)
	if err != nil {
		a.t.Error(err)
	}
	a.raw(string(data))
}

func (a *agent) raw(data string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.conn.Write(context.WithoutCancel(a.t.Context()), client.MessageText, []byte(data))
}

// expect waits for the next frame, which must be of this type.
func expect[T wire.Frame](a *agent) T {
	a.t.Helper()
	select {
	case f, ok := <-a.in:
		v, right := f.(T)
		if !ok || !right {
			a.t.Fatalf("got %#v (open %v, %v), want %T", f, ok, a.err, v)
		}
		return v
	case <-time.After(15 * time.Second):
		var v T
		a.t.Fatalf("no %T", v)
		return v
	}
}

// command waits for a command and opens it with the server's key.
func (h *house) command(a *agent) wire.Command {
	h.t.Helper()
	key := devices.CommandKey(h.store)
	c, err := wire.OpenCommand(key.Public().(ed25519.PublicKey), expect[*wire.Do](a).Envelope)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// quiet holds that nothing comes for a while.
func (a *agent) quiet(d time.Duration) {
	a.t.Helper()
	select {
	case f, ok := <-a.in:
		if ok {
			a.t.Errorf("got %#v", f)
		} else {
			a.t.Errorf("closed: %v", a.err)
		}
	case <-time.After(d):
	}
}

// ends waits for the close and returns its code.
func (a *agent) ends() client.StatusCode {
	a.t.Helper()
	limit := time.After(15 * time.Second)
	for {
		select {
		case _, ok := <-a.in:
			if !ok {
				return client.CloseStatus(a.err)
			}
		case <-limit:
			a.t.Fatal("the link stays open")
		}
	}
}

func (h *house) wake(d desk.ID) {
	if err := h.bus.Publish(devices.Subject(h.tenant, d), nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) row(id desk.ID) (r db.Device) {
	h.t.Helper()
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select name, boot_id, booted_at, online_node, link, suspect_at, revoked_at from devices where id = $1", id).
			Scan(&r.Name, &r.BootID, &r.BootedAt, &r.OnlineNode, &r.Link, &r.SuspectAt, &r.RevokedAt)
	})
	return r
}

func (h *house) audited(action string) (n int) {
	h.t.Helper()
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from audit where action = $1", action).Scan(&n)
	})
	return n
}

func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for begin := time.Now(); !fn(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 15*time.Second {
			t.Fatal("never: " + what)
		}
	}
}

func long(s string, n int) string { return strings.Repeat(s, n) }
