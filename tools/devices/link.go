package devices

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// What one link may send: above it, it is closed.
const (
	framesWindow = 10 * time.Second
	framesAtMost = 100
	oddAtMost    = 20
)

// stage is how far a link has come.
type stage int

const (
	challenged stage = iota + 1
	proved           // the device's key is there
	ready            // its facts are known: commands may go
	replaced         // the same device opened a newer link: nothing more goes out here
	closed
)

// link is one agent's connection. Message runs on the connection's own reader,
// one frame at a time; all else comes from the hub.
type link struct {
	hub    *hub
	peer   *socket.Peer
	tenant desk.ID
	host   string
	nonce  []byte
	opened time.Time

	// Set once, by prove, before the hub knows the link.
	device  desk.ID
	signKey ed25519.PublicKey
	number  int64

	// Touched by Message only.
	frames, odd int
	windowFrom  time.Time

	mu       sync.Mutex
	stage    stage
	holdTill time.Time // an older link with this key may live: no command until that is known
	askTill  time.Time // replaced: whoever answers until then shows a copied key
	ask      string    // the nonce it must answer with
	sent     map[string]bool
	waking   bool // somebody cares for it already
	again    bool // and must look once more

	older *link // the next link of the same device on this node; the hub's lock
}

func (l *link) send(f wire.Frame) {
	data, err := wire.Encode(f)
	if err != nil {
		l.hub.cfg.Log.Error("frame not encoded", "error", err)
		return
	}
	l.peer.Send(data)
}

func (l *link) at() stage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stage
}

// Message takes one frame of the agent's.
func (l *link) Message(data []byte) {
	now := time.Now()
	if now.Sub(l.windowFrom) > framesWindow {
		l.windowFrom, l.frames = now, 0
	}
	if l.frames++; l.frames > framesAtMost {
		l.peer.Close(wire.CloseTooOdd, "too many frames")
		return
	}
	f, err := wire.ParseAgent(data)
	if err != nil {
		code := wire.ErrorBadFrame
		if errors.Is(err, wire.ErrUnknownFrame) {
			code = wire.ErrorUnknownFrame
		}
		l.strange(code)
		return
	}
	if p, ok := f.(*wire.Prove); ok != (l.at() == challenged) {
		l.strange(wire.ErrorBadFrame)
		return
	} else if ok {
		l.prove(p)
		return
	}
	ctx, cancel := context.WithTimeout(l.hub.ctx, workWithin)
	defer cancel()
	switch f := f.(type) {
	case *wire.Beat:
		l.beat(ctx, f)
	case *wire.Hello:
		err = l.hello(ctx, f)
	case *wire.Inventory:
		err = l.inventory(ctx, f)
	case *wire.Progress:
		err = l.hub.cfg.Ledger.Progress(ctx, l.tenant, l.device, desk.ID(f.ID), f.State, time.Duration(f.Seconds)*time.Second)
	case *wire.Report:
		err = l.report(ctx, f)
	}
	l.refused(ctx, f, err)
}

// strange answers what breaks the protocol's rules, a few times.
func (l *link) strange(code string) {
	if l.odd++; l.odd > oddAtMost {
		l.peer.Close(wire.CloseTooOdd, "too many odd frames")
		return
	}
	l.send(wire.Error{Code: code})
}

// refused answers a frame that was understood and not taken. What is our own
// fault may be sent again; what is the device's is written down.
func (l *link) refused(ctx context.Context, f wire.Frame, err error) {
	switch desk.CodeOf(err) {
	case "":
	case desk.CodeInternal, desk.CodeUnavailable:
		if l.hub.ctx.Err() == nil {
			l.hub.cfg.Log.Warn("a device's frame was not taken", "device", l.device, "error", err)
		}
		l.send(wire.Error{Code: wire.ErrorUnavailable})
	default:
		l.hub.cfg.Log.Warn("a device's frame was refused", "device", l.device, "code", desk.CodeOf(err))
		l.audit(ctx, "device.word_refused", map[string]any{"about": about(f), "code": desk.CodeOf(err)})
		l.strange(wire.ErrorRefused)
	}
}

// about says what a refused frame spoke of: the action that it named, if it is
// one's id at all, or the kind of frame.
func about(f wire.Frame) string {
	switch f := f.(type) {
	case *wire.Progress:
		return f.ID
	case *wire.Report:
		return "report"
	}
	return "facts"
}

// auditsAtMost bounds what one device can write into the audit in an hour.
const auditsAtMost = 20

// audit writes down what a device did that it may not do.
func (l *link) audit(ctx context.Context, action string, detail map[string]any) {
	full := desk.Errorf(desk.CodeRateLimited, "this device fills the audit")
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Hit(ctx, "device audit "+string(l.device), time.Hour, auditsAtMost, full); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Action: action, Object: "device", ObjectID: l.device, Detail: detail})
	})
	if err != nil && desk.CodeOf(err) != desk.CodeRateLimited {
		l.hub.cfg.Log.Warn("a device's misdeed was not written down", "device", l.device, "action", action, "error", err)
	}
}

func (l *link) beat(ctx context.Context, f *wire.Beat) {
	l.mu.Lock()
	copied := l.stage == replaced && l.ask != "" && f.Nonce == l.ask && time.Now().Before(l.askTill)
	l.mu.Unlock()
	if !copied {
		return
	}
	if err := l.hub.suspect(ctx, l); err != nil {
		// The newer link waits for its time and then works: try once more by
		// staying, the sweep closes us.
		l.hub.cfg.Log.Error("a copied key was seen and not written down", "device", l.device, "error", err)
		return
	}
	l.peer.Close(wire.CloseReplaced, "the same key opened a newer link")
}

func (l *link) hello(ctx context.Context, f *wire.Hello) error {
	if l.at() == replaced {
		return nil
	}
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) error { return setFacts(ctx, tx, l.device, f.Facts, f.Clock) })
	if err != nil {
		return err
	}
	if err := l.hub.cfg.Ledger.Seen(ctx, l.tenant, l.device); err != nil {
		return err
	}
	l.mu.Lock()
	if l.stage == proved {
		l.stage = ready
	}
	l.mu.Unlock()
	l.hub.wake(l)
	return nil
}

func (l *link) inventory(ctx context.Context, f *wire.Inventory) error {
	if l.at() != ready {
		return nil
	}
	fits := true
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		fits, err = tx.Spend(ctx, "inventory:"+string(l.device), time.Minute, frameCost+len(f.Packages)+len(f.Removed), packagesAMinute)
		if err != nil || !fits {
			return err
		}
		return setPackages(ctx, tx, l.device, f)
	})
	switch {
	case err != nil:
		return err
	case !fits: // an honest agent tells all of it again on its next link
		l.peer.Close(http1013, "too much at once; try again later")
		return nil
	}
	return l.hub.cfg.Ledger.Seen(ctx, l.tenant, l.device)
}

// What one device may write of its inventory in a minute, on all its links:
// several times all that is kept of it. A frame costs by itself as well.
const (
	packagesAMinute = 4 * maxPackages
	frameCost       = 100
)

// report takes a result: signed by this device's key, about this device. That
// the action is this device's, the ledger checks.
func (l *link) report(ctx context.Context, f *wire.Report) error {
	r, err := wire.OpenResult(l.signKey, f.Envelope)
	if err != nil {
		return desk.Wrap(desk.CodeInvalid, err, "the report is not this device's")
	}
	if r.Device != string(l.device) {
		return desk.Errorf(desk.CodeNotFound, "the report is about another device")
	}
	raw, err := json.Marshal(f.Envelope)
	if err != nil {
		return err
	}
	r.Output = cleanLines(r.Output)
	return l.hub.cfg.Ledger.Finish(ctx, l.tenant, l.device, r, raw)
}

// cleanLines is clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = clean(line, 1000)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func (l *link) tx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	return l.hub.cfg.Store.Tenant(l.tenant).Tx(ctx, fn)
}

var errNotProved = desk.Errorf(desk.CodeForbidden, "not proved")

// prove looks at the signature over our nonce. An unknown device and a wrong
// signature are one answer; that a device was revoked is told to its key only.
func (l *link) prove(p *wire.Prove) {
	ctx, cancel := context.WithTimeout(l.hub.ctx, workWithin)
	defer cancel()
	device := desk.ID(p.Device)
	var row db.LockDeviceRow
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		row, err = tx.LockDevice(ctx, device)
		if store.NoRows(err) || err == nil && !wire.CheckProof(row.SignKey, l.nonce, p.Device, l.host, p.Signature) {
			return errNotProved
		}
		if err != nil || row.Revoked {
			return err
		}
		l.number, err = tx.OpenLink(ctx, db.OpenLinkParams{Node: l.hub.node, ID: device})
		tx.Publish(Subject(l.tenant, device), nil) // an older link hears that it is one
		return err
	})
	switch {
	case errors.Is(err, errNotProved):
		l.send(wire.Error{Code: wire.ErrorNotProved})
		l.peer.Close(wire.CloseNotProved, "not proved")
		return
	case err != nil:
		l.hub.cfg.Log.Warn("a link was not opened", "error", err)
		l.peer.Close(http1013, "try again")
		return
	case row.Revoked:
		l.device = device
		l.audit(ctx, "device.revoked_came", nil)
		l.device = "" // it is nobody's link
		l.send(wire.Error{Code: wire.ErrorRevoked})
		l.peer.Close(wire.CloseRevoked, "revoked")
		return
	}
	l.device, l.signKey = device, row.SignKey
	l.mu.Lock()
	l.stage = proved
	if row.OnlineNode != "" {
		l.holdTill = time.Now().Add(l.hub.cfg.SweepEvery + l.hub.cfg.AskWithin + time.Second)
	}
	l.mu.Unlock()
	l.hub.add(l)
	welcome := wire.Welcome{ServerTime: time.Now().UTC().Format(time.RFC3339Nano), ServerKey: l.hub.serverKey}
	if len(p.Nonce) > 0 {
		welcome.Signature = wire.SignClock(l.hub.signKey, p.Nonce, p.Device, welcome.ServerTime)
	}
	l.send(welcome)
}

const http1013 = 1013 // RFC 6455's registry: try again later

// Closed is called once, after the last Message.
func (l *link) Closed() {
	l.mu.Lock()
	was := l.stage
	l.stage = closed
	l.mu.Unlock()
	l.hub.left(l, was)
}

// open decides about a request before it is upgraded. Whoever comes with a
// page's origin is a browser, and no browser has business here.
func (s *LinkServer) open(c *fiber.Ctx) (func(*socket.Peer) socket.Session, error) {
	h := s.hub
	if h.draining.Load() {
		return nil, desk.Errorf(desk.CodeUnavailable, "the server is stopping; try again")
	}
	if c.Get(fiber.HeaderOrigin) != "" {
		return nil, desk.Errorf(desk.CodeForbidden, "this address is for devices")
	}
	if !offers(c.Get("Sec-WebSocket-Protocol"), wire.Subprotocol) {
		return nil, desk.Errorf(desk.CodeUnsupported, "this address speaks the subprotocol %s", wire.Subprotocol)
	}
	host := strings.Clone(wire.Host(c.Hostname()))
	tenant, err := h.cfg.Store.TenantByHost(c.UserContext(), host)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, wire.NonceSize)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	l := &link{hub: h, tenant: tenant, host: host, nonce: nonce, opened: time.Now(), stage: challenged}
	if !h.enter(l) {
		return nil, desk.Errorf(desk.CodeRateLimited, "too many devices come at once; try again").With("retry_after_seconds", 10)
	}
	return func(p *socket.Peer) socket.Session {
		l.mu.Lock()
		l.peer = p
		l.mu.Unlock()
		l.send(wire.Challenge{Nonce: nonce})
		return l
	}, nil
}

func offers(header, protocol string) bool {
	for p := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(p) == protocol {
			return true
		}
	}
	return false
}

// Handler returns the handler of GET /agent/v1/link. Its errors are the
// application's to answer.
func (s *LinkServer) Handler() fiber.Handler { return s.socket.Handler(s.open) }

func newNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(b)
}
