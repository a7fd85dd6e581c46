package main

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// yard is a whole portal with devices that say what the test has them say.
type yard struct {
	*lane
	devices map[string]*puppet
	all     []*puppet
	macOnly any // a row of the catalogue
}

func openYard(t *testing.T) *yard {
	t.Helper()
	x := &yard{lane: openLane(t), devices: map[string]*puppet{}}
	x.people["ben"] = storetest.User(t, x.portal.database.Store, x.people["ana"].Tenant, x.people["ana"].Company, desk.RoleContact, "ben")
	x.phone()
	x.devices["laptop"], x.devices["foreign"], x.devices["spare"] = x.newPuppet("LAPTOP-7", "ana"), x.newPuppet("LAPTOP-8", "ben"), x.newPuppet("LAPTOP-9", "")
	x.macOnly = x.post("adam", "/admin/software", map[string]any{
		"name": "Figaro", "audience": map[string]any{"mode": "everyone"},
		"packages": []any{map[string]any{"system": "macos", "manager": "homebrew_cask", "package": "figaro"}},
	})["id"]
	return x
}

// phone gives ana a verified number.
func (x *yard) phone() {
	x.run("insert into phones (tenant_id, user_id, number, verified_at) values ($1, $2, $3, now()) on conflict do nothing", x.people["ana"].Tenant, x.people["ana"].User, x.number)
}

func (x *yard) run(statement string, args ...any) {
	x.t.Helper()
	if err := x.admin(statement, args...); err != nil {
		x.t.Fatal(err)
	}
}

// pass makes the action's time go by.
func (x *yard) pass(action string) {
	x.t.Helper()
	x.run("update actions set deadline = now() - interval '1 second' where id = $1", action)
}

func (x *yard) count(query string, args ...any) (n int) {
	x.t.Helper()
	storetest.InTx(x.t, x.portal.database.Store, x.people["ana"].Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, query, args...).Scan(&n)
	})
	return n
}

func (x *yard) audited(action string) int {
	x.t.Helper()
	return x.count("select count(*) from audit where action = $1", action)
}

func (x *yard) commands() (n int) {
	for _, d := range x.all {
		n += d.got()
	}
	return n
}

// try posts what may be refused.
func (x *yard) try(who, path string, in any) map[string]any {
	x.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		x.t.Error(err)
		return nil
	}
	return decode(x.send(x.address+"/api/v1"+path, body, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "conserje", Value: x.tokens[who]}) }))
}

func (l *lane) send(address string, body []byte, with func(*http.Request)) []byte {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	with(req)
	res, err := l.http.Do(req)
	if err != nil {
		l.t.Error(err)
		return nil
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Error(err)
	}
	return answer
}

func (x *yard) verifies(id, code string) map[string]any {
	return x.try("ana", "/actions/"+id+"/verify", map[string]any{"code": code})
}

func (x *yard) wished(operation string) string { return x.wishedOn(x.devices["laptop"], operation) }

func (x *yard) wishedOn(d *puppet, operation string) string {
	x.t.Helper()
	id, _ := x.post("ana", "/actions", map[string]any{"device_id": d.id, "operation": operation})["id"].(string)
	return id
}

// confirmedLock is an action that waits for its code.
func (x *yard) confirmedLock() string {
	x.t.Helper()
	x.device = x.devices["laptop"].id
	return x.confirmed("lock", nil)
}

func (x *yard) codeFor(id string) string {
	x.t.Helper()
	before := len(x.texts.all())
	x.post("ana", "/actions/"+id+"/code", map[string]any{})
	return x.texts.code(x.t, before)
}

// other is a code that is not this one.
func other(code string) string {
	return map[bool]string{true: "111111", false: "222222"}[code != "111111"]
}

func (x *yard) queued(operation string) string { return x.queuedOn(x.devices["laptop"], operation) }

func (x *yard) queuedOn(d *puppet, operation string) string {
	x.t.Helper()
	x.forgetLimits()
	id := x.wishedOn(d, operation)
	x.post("ana", "/actions/"+id+"/confirm", nil)
	if v := x.verifies(id, x.codeFor(id)); v["state"] != "queued" {
		x.t.Fatalf("not queued: %v", v)
	}
	return id
}

// after lets the laptop come until the action is in the state.
func (x *yard) after(id, state string) string {
	x.t.Helper()
	d := x.devices["laptop"]
	d.come(x.t)
	defer d.leave()
	x.until("the action to be "+state, func() bool { return x.get("ana", "/actions/"+id)["state"] == state })
	return id
}

func (x *yard) assign(d *puppet, account string) {
	x.t.Helper()
	x.post("adam", "/admin/devices/"+d.id+"/assignments", map[string]any{"user_id": x.people[d.owner].User, "account": account})
}

// fail has the gateway refuse everything.
func (x *inbox) fail(down bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.down = down
}

// report has the gateway say what became of the newest message.
func (x *inbox) report(y *yard, status string) {
	body, _ := json.Marshal(map[string]any{"id": fmt.Sprintf("gateway-%d", len(x.all())), "status": status})
	m := hmac.New(sha256.New, []byte(y.secrets["gateway's reports"]))
	_, _ = m.Write(body)
	y.send(y.address+"/callbacks/sms/gateway", body, func(r *http.Request) { r.Header.Set("X-Signature", "sha256="+hex.EncodeToString(m.Sum(nil))) })
}

// puppet is a device whose words are the test's own.
type puppet struct {
	x         *yard
	id, owner string
	key       ed25519.PrivateKey
	serverKey ed25519.PublicKey
	boot      time.Time
	bootID    string
	off       time.Duration // how far its clock is from the real time

	mu      sync.Mutex
	conn    *websocket.Conn
	orders  []string // the actions that it was given
	refused int
}

func (x *yard) newPuppet(name, owner string) *puppet {
	x.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		x.t.Fatal(err)
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		x.t.Fatal(err)
	}
	d := &puppet{x: x, owner: owner, key: key, boot: time.Now().Add(-time.Hour).UTC(), bootID: "boot-1"}
	token := x.do("adam", http.MethodPost, "/admin/devices/tokens", map[string]any{}, false)["token"]
	body, err := json.Marshal(map[string]any{"token": token, "sign_key": []byte(key.Public().(ed25519.PublicKey)), "seal_key": seal.PublicKey().Bytes(), "facts": d.facts(name)})
	if err != nil {
		x.t.Fatal(err)
	}
	var in link.Enrolled
	if err := json.Unmarshal(x.send(x.address+link.EnrolPath, body, func(*http.Request) {}), &in); err != nil || in.Device == "" {
		x.t.Fatal(err, in)
	}
	d.id, d.serverKey = in.Device, in.ServerKey
	if owner != "" {
		x.assign(d, "ana")
	}
	x.all = append(x.all, d)
	return d
}

func (d *puppet) facts(name string) link.Facts {
	return link.Facts{Name: name, System: link.Windows, BootID: d.bootID, BootedAt: d.boot.Add(d.off), Accounts: []link.Account{
		{Name: "ana", SID: "S-1", Kind: link.AccountLocal, LoggedIn: true}, {Name: "second", SID: "S-2", Kind: link.AccountLocal},
	}}
}

// copy is another machine with the same key.
func (d *puppet) copy() *puppet {
	c := &puppet{x: d.x, id: d.id, owner: d.owner, key: d.key, serverKey: d.serverKey, boot: d.boot, bootID: d.bootID}
	d.x.all = append(d.x.all, c)
	return c
}

// come connects up to the device's hello.
func (d *puppet) come(t *testing.T) {
	t.Helper()
	if code := d.comes(t); code != 0 {
		t.Fatalf("the link ended with %d", code)
	}
}

// comes is come for a device that may be sent away: the code of that.
func (d *puppet) comes(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(d.x.address, "http", "ws", 1)+link.LinkPath, &websocket.DialOptions{Subprotocols: []string{link.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	first, err := nextFrame(ctx, conn)
	challenge, ok := first.(*link.Challenge)
	if err != nil || !ok {
		t.Fatalf("%T %v", first, err)
	}
	d.mu.Lock()
	d.conn = conn
	d.mu.Unlock()
	d.say(link.Prove{Device: d.id, Signature: link.SignProof(d.key, challenge.Nonce, d.id, "localhost")})
	for {
		f, err := nextFrame(ctx, conn)
		if err != nil {
			return int(websocket.CloseStatus(err))
		}
		if _, ok := f.(*link.Welcome); ok {
			break
		}
	}
	d.say(link.Hello{Facts: d.facts("LAPTOP"), Clock: time.Now().Add(d.off).UTC()})
	go d.listen(context.WithoutCancel(t.Context()), conn)
	return 0
}

func (d *puppet) listen(ctx context.Context, conn *websocket.Conn) {
	for {
		f, err := nextFrame(ctx, conn)
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *link.Do:
			c, err := link.OpenCommand(d.serverKey, f.Envelope)
			d.mu.Lock()
			if err != nil {
				c.ID = err.Error()
			}
			d.orders = append(d.orders, c.ID)
			d.mu.Unlock()
		case *link.Check:
			d.say(link.Beat{Nonce: f.Nonce})
		case *link.Error:
			d.mu.Lock()
			d.refused++
			d.mu.Unlock()
		}
	}
}

func (d *puppet) say(f link.Frame) {
	data, err := link.Encode(f)
	if err != nil {
		d.x.t.Error(err)
		return
	}
	d.mu.Lock()
	conn := d.conn
	d.mu.Unlock()
	_ = conn.Write(context.Background(), websocket.MessageText, data) // a link that is closed hears nothing
}

// report is a signed one, in whosever name.
func (d *puppet) report(action, device string) link.Report {
	now := time.Now().UTC()
	e, err := link.SignResult(d.key, link.Result{ID: action, Device: device, OK: true, StartedAt: now, EndedAt: now, Evidence: link.Evidence{BootIDAfter: "boot-2"}})
	if err != nil {
		d.x.t.Error(err)
	}
	return link.Report{Envelope: e}
}

func (d *puppet) leave() {
	d.mu.Lock()
	conn := d.conn
	d.mu.Unlock()
	_ = conn.CloseNow()
	d.x.until("the device to be away", func() bool { return d.x.get("adam", "/admin/devices/"+d.id)["online"] != true })
}

func (d *puppet) got() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.orders)
}

func (d *puppet) has(action string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.orders, action)
}

func (d *puppet) refusals() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

func nextFrame(ctx context.Context, conn *websocket.Conn) (link.Frame, error) {
	_, data, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return link.ParseServer(data)
}
