package devices_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
)

func TestCommandReachesItsDeviceOnWhicheverNode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.node(), h.node()
	d := h.newDevice(one)
	a := h.come(two, d)
	eventually(t, "the hello", func() bool { return h.row(d.id).OnlineNode != "" })
	id := h.ledger.queue(d.id)
	if err := one.store.Bus().Publish(devices.Subject(h.tenant, d.id), nil); err != nil {
		t.Fatal(err)
	}
	c := h.command(a)
	if c.ID != string(id) || c.Device != string(d.id) || c.Operation != wire.Lock {
		t.Errorf("%+v", c)
	}
	h.wake(d.id)
	a.quiet(200 * time.Millisecond) // once on one link
	now := time.Now().UTC()
	e, err := wire.SignResult(d.priv, wire.Result{ID: c.ID, Device: c.Device, OK: true, StartedAt: now, EndedAt: now, Output: "fine\u202e\nagain"})
	if err != nil {
		t.Fatal(err)
	}
	a.send(wire.Progress{ID: c.ID, State: wire.ProgressRunning})
	a.send(wire.Report{Envelope: e})
	eventually(t, "the report", func() bool { return len(h.ledger.results()) == 1 })
	if r := h.ledger.results()[0]; r.Output != "fine\nagain" {
		t.Errorf("%q", r.Output)
	}
	// What was not reported on goes again on the next link, on another node.
	second := h.ledger.queue(d.id)
	h.wake(d.id)
	h.command(a)
	_ = a.conn.CloseNow()
	if again := h.command(h.come(one, d)); again.ID != string(second) {
		t.Errorf("%s, want %s", again.ID, second)
	}
}

func TestCommandComesByThePollWhileTheBusIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	away, err := bus.Start("nats://127.0.0.1:1", storetest.Log(t)) // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(away.Close)
	n := h.nodeOn(storetest.OpenOn(t, h.url, away, 8))
	d := h.newDevice(n)
	a := h.come(n, d)
	eventually(t, "the hello", func() bool { h.ledger.mu.Lock(); defer h.ledger.mu.Unlock(); return h.ledger.seen[d.id] > 0 })
	h.ledger.queue(d.id)
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into actions (tenant_id, id, user_id, device_id, operation, source, state, digest, confirmed_at, verified_at, deadline, expires_at)
			values ($1, $2, $3, $4, 'lock', 'self_service', 'queued', '\x00', now(), current_timestamp, now() + interval '1 minute', now() + interval '2 minutes')`, h.tenant, desk.NewID(), h.ana, d.id)
		return err
	})
	begin := time.Now()
	h.command(a)
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestOnlyTheKeyOpensALink(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	d, other := h.newDevice(n), h.newDevice(n)
	for name, prove := range map[string]func(nonce []byte) wire.Prove{
		"another device's key": func(nonce []byte) wire.Prove {
			return wire.Prove{Device: string(d.id), Signature: wire.SignProof(other.priv, nonce, string(d.id), h.host)}
		},
		"another nonce": func([]byte) wire.Prove {
			return wire.Prove{Device: string(d.id), Signature: wire.SignProof(d.priv, make([]byte, 32), string(d.id), h.host)}
		},
		"another host": func(nonce []byte) wire.Prove {
			return wire.Prove{Device: string(d.id), Signature: wire.SignProof(d.priv, nonce, string(d.id), "elsewhere.test")}
		},
		"a device that is not": func(nonce []byte) wire.Prove {
			id := string(desk.NewID())
			return wire.Prove{Device: id, Signature: wire.SignProof(d.priv, nonce, id, h.host)}
		},
	} {
		conn, err := h.dial(n, map[string][]string{"Cookie": {"conserje=x; __Host-conserje=x"}})
		if err != nil {
			t.Fatal(err)
		}
		a := &agent{t: t, conn: conn, in: make(chan wire.Frame, 10)}
		go a.read(false)
		a.send(prove(expect[*wire.Challenge](a).Nonce))
		if code := a.ends(); code != wire.CloseNotProved {
			t.Errorf("%s: closed with %d", name, code)
		}
	}
	if r := h.row(d.id); r.Link != 0 || r.OnlineNode != "" {
		t.Errorf("%+v", r)
	}
	if _, err := h.dial(n, map[string][]string{"Origin": {"http://" + h.host}}); err == nil {
		t.Error("a browser's page opens a link")
	}
}

func TestRevokedDeviceIsCutOffOnEveryNodeAndStaysOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.node(), h.node()
	d := h.newDevice(one)
	a := h.come(two, d)
	eventually(t, "the hello", func() bool { return h.row(d.id).OnlineNode != "" })
	begin := time.Now()
	if err := one.registry.Revoke(h.asTess(), d.id); err != nil {
		t.Fatal(err)
	}
	if code := a.ends(); code != wire.CloseRevoked || time.Since(begin) > 5*time.Second {
		t.Errorf("closed with %d after %s", code, time.Since(begin))
	}
	conn, err := h.dial(one, nil)
	if err != nil {
		t.Fatal(err)
	}
	again := &agent{t: t, conn: conn, in: make(chan wire.Frame, 10)}
	go again.read(false)
	c := expect[*wire.Challenge](again)
	again.send(wire.Prove{Device: string(d.id), Signature: wire.SignProof(d.priv, c.Nonce, string(d.id), h.host)})
	if code := again.ends(); code != wire.CloseRevoked {
		t.Errorf("closed with %d", code)
	}
	if list, err := one.registry.MyDevices(desk.WithViewer(t.Context(), desk.Viewer{Tenant: h.tenant, User: h.ana, Company: h.company, Role: desk.RoleContact})); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
}

// SECURITY F3.
func TestTwoLiveLinksWithOneKeyStopAllCommandsUntilStaffTrustAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.node(), h.node()
	d := h.newDevice(one)
	first := h.come(one, d)
	eventually(t, "the hello", func() bool { return h.row(d.id).OnlineNode != "" })
	second := h.come(two, d)
	if code := first.ends(); code != wire.CloseReplaced {
		t.Errorf("the older one was closed with %d", code)
	}
	if r := h.row(d.id); r.SuspectAt == nil || h.audited("device.key_seen_twice") != 1 {
		t.Errorf("%+v", r)
	}
	h.ledger.queue(d.id)
	h.wake(d.id)
	second.quiet(1500 * time.Millisecond)
	if err := two.registry.Trust(h.asTess(), d.id); err != nil {
		t.Fatal(err)
	}
	h.command(second)
}

func TestDeviceThatComesBackBeforeItsOldLinkIsKnownToBeDeadIsNoCopy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	d := h.newDevice(n)
	old := h.comeAs(n, d, true) // there, and answers nothing
	eventually(t, "the hello", func() bool { return h.row(d.id).OnlineNode != "" })
	fresh := h.come(n, d)
	h.ledger.queue(d.id)
	h.wake(d.id)
	fresh.quiet(300 * time.Millisecond) // until it is known that nobody else is there
	if code := old.ends(); code != wire.CloseReplaced {
		t.Errorf("closed with %d", code)
	}
	h.command(fresh)
	if r := h.row(d.id); r.SuspectAt != nil {
		t.Error("an honest device is flagged")
	}
}

// SECURITY F5.
func TestHostileAgentHurtsNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	bad, good := h.newDevice(n), h.newDevice(n)
	a := h.come(n, good)
	eventually(t, "the hello", func() bool { return h.row(good.id).OnlineNode != "" })
	action := h.ledger.queue(good.id)
	now := time.Now().UTC()
	sign := func(d *device, about desk.ID) string {
		e, err := wire.SignResult(d.priv, wire.Result{ID: string(action), Device: string(about), OK: true, StartedAt: now, EndedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		data, err := wire.Encode(wire.Report{Envelope: e})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, frame := range []string{
		sign(bad, bad.id), sign(bad, good.id), sign(good, good.id), // another's action; another's name; another's own report
		`{"type":"progress","id":"` + string(action) + `","state":"running"}`,
		`{"type":"progress","id":"` + string(action) + `","state":"root"}`,
		`{}`, `null`, `[]`, "\x00", long("[", 5000), `{"type":"hello","facts":{"name":"x","system":"plan9"}}`,
		`{"type":"prove","device":"` + string(good.id) + `","signature":""}`, `{"type":"welcome"}`,
	} {
		hostile := h.come(n, bad)
		hostile.raw(frame)
		if e := expect[*wire.Error](hostile); e.Code == "" {
			t.Errorf("%.60s: %+v", frame, e)
		}
		_ = hostile.conn.CloseNow()
		eventually(t, "gone", func() bool { return h.row(bad.id).OnlineNode == "" })
	}
	flood := h.come(n, bad)
	for range 300 {
		flood.raw(`{"type":"shell"}`)
	}
	if code := flood.ends(); code != wire.CloseTooOdd {
		t.Errorf("a flood ends with %d", code)
	}
	if r := h.ledger.results(); len(r) != 0 || len(h.ledger.said) != 0 {
		t.Errorf("%+v %v", r, h.ledger.said)
	}
	h.wake(good.id)
	if c := h.command(a); c.ID != string(action) {
		t.Error("the honest device was disturbed")
	}
}

func TestWordsOfADeviceAreBoundedAndCleaned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	d := h.newDevice(n)
	a := h.come(n, d)
	f := facts("boot-2\u202e")
	f.Name = "LAP\u202eTOP\U000e0041\u200b\x1b[31m  7"
	f.Accounts = append(f.Accounts, wire.Account{Name: "a\u200bna", Kind: wire.AccountLocal})
	a.send(wire.Hello{Facts: f})
	a.send(wire.Inventory{Full: true, Packages: []wire.Package{
		{Manager: wire.Chocolatey, ID: "vlc", Version: "3\u202e.0"}, {Manager: wire.Chocolatey, ID: "v\u200blc", Version: "9"}, {Manager: wire.Chocolatey, ID: "git", Version: "1"},
	}})
	a.send(wire.Inventory{Packages: []wire.Package{{Manager: wire.Chocolatey, ID: "vlc", Version: "4"}}, Removed: []wire.Package{{Manager: wire.Chocolatey, ID: "git", Version: "1"}}})
	var m devices.Managed
	eventually(t, "the inventory", func() bool {
		var err error
		if m, err = n.registry.One(h.asTess(), d.id); err != nil {
			t.Fatal(err)
		}
		return len(m.Packages) == 1 && m.Packages[0].Version == "4" && m.Name != "LAPTOP-7" // one look reads the row first, then the packages
	})
	if m.Name != "LAPTOP[31m 7" || len(m.Accounts) != 1 || h.row(d.id).BootID != "boot-2" {
		t.Errorf("%q %+v %q", m.Name, m.Accounts, h.row(d.id).BootID)
	}
	for part := range 4 { // more than is kept of one device
		inv := wire.Inventory{}
		for i := range 2000 {
			inv.Packages = append(inv.Packages, wire.Package{Manager: wire.Dpkg, ID: "p" + strings.Repeat("x", part) + desk.NewID().String()[:8] + string(rune('a'+i%26)) + desk.NewID().String()[20:], Version: "1"})
		}
		a.send(inv)
	}
	expect[*wire.Error](a)
	var kept int
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from device_packages where device_id = $1", d.id).Scan(&kept)
	})
	if kept > 5000 {
		t.Errorf("%d packages are kept", kept)
	}
}

// SECURITY R12: a device whose clock is hours off booted when it booted.
func TestABootIsByTheServersClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	d := h.newDevice(n)
	a := h.come(n, d)
	if at := h.row(d.id).BootedAt; at != nil {
		t.Errorf("without a clock, the boot was at %s", at)
	}
	for i, off := range []time.Duration{0, -2 * time.Hour, 2 * time.Hour, -30 * 365 * 24 * time.Hour} {
		f := facts("boot-" + string(rune('a'+i)))
		clock := time.Now().UTC().Add(off)
		f.BootedAt = clock.Add(-10 * time.Minute)
		a.send(wire.Hello{Facts: f, Clock: clock})
		eventually(t, "the boot", func() bool { return h.row(d.id).BootID == f.BootID })
		at := h.row(d.id).BootedAt
		if at == nil || time.Since(*at) < 9*time.Minute || time.Since(*at) > 11*time.Minute {
			t.Errorf("with a clock %s off, ten minutes ago was %v", off, at)
		}
	}
	f := facts("boot-ahead")
	f.BootedAt = time.Now().UTC().Add(time.Hour)
	a.send(wire.Hello{Facts: f, Clock: time.Now().UTC()})
	eventually(t, "the boot", func() bool { return h.row(d.id).BootID == f.BootID })
	if at := h.row(d.id).BootedAt; at != nil {
		t.Errorf("a boot ahead of its own clock was at %s", at)
	}
}

// SECURITY F4.
func TestTokenLetsOneDeviceInOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	n := h.node()
	token, err := n.registry.NewToken(h.asTess(), "", h.ana)
	if err != nil {
		t.Fatal(err)
	}
	var let atomic.Int64
	var all sync.WaitGroup
	post := func(token string, d *device) int {
		body, err := json.Marshal(wire.Enrol{Token: token, SignKey: d.public(), SealKey: d.seal.PublicKey().Bytes(), Facts: facts("b")})
		if err != nil {
			t.Error(err)
			return 0
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+n.address+wire.EnrolPath, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0
		}
		r.Host = h.host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	for range 20 {
		all.Go(func() {
			if post(token.Token, newKeys(t)) == http.StatusCreated {
				let.Add(1)
			}
		})
	}
	all.Wait()
	if let.Load() != 1 {
		t.Errorf("%d devices came in with one token", let.Load())
	}
	late, err := n.registry.NewToken(h.asTess(), "", h.ana)
	if err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update enrolment_tokens set expires_at = now() - interval '1 second' where id = $1", late.ID)
		return err
	})
	for name, token := range map[string]string{"used": token.Token, "run out": late.Token, "guessed": "cje_" + long("A", 43), "none": "", "long": "cje_" + long("A", 5000)} {
		if code := post(token, newKeys(t)); code != http.StatusNotFound {
			t.Errorf("%s: %d", name, code)
		}
	}
	last := 0
	for range 60 {
		if last = post("cje_"+long("A", 43), newKeys(t)); last == http.StatusTooManyRequests {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("guessing goes on: %d", last)
	}
}
