package devices

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Ledger is the link's way to the ledger of actions. It checks that the action
// is that device's: an error with desk.CodeNotFound says that it is not.
type Ledger interface {
	// Deliverable returns the commands that may go to a device now, each checked
	// again in the transaction that marks it as gone out. One that went out and
	// was not reported on may come again: the agent remembers ids.
	Deliverable(ctx context.Context, tenant, device desk.ID) ([]wire.Command, error)
	// Progress takes one of wire's states of progress, and for how long a person
	// put the command off.
	Progress(ctx context.Context, tenant, device, action desk.ID, state string, putOff time.Duration) error
	// Finish takes a report whose signature was checked; raw is the envelope.
	Finish(ctx context.Context, tenant, device desk.ID, r wire.Result, raw []byte) error
	// Seen says that a device came, or told what is installed: its rows say what.
	Seen(ctx context.Context, tenant, device desk.ID) error
}

// LinkConfig plugs the link in. Fields of the last group have defaults.
type LinkConfig struct {
	Store    *store.Store
	Registry *Service
	Ledger   Ledger
	Log      *slog.Logger

	Socket     socket.Config
	AskWithin  time.Duration // for the older of two links to show that it lives; 5 s
	PollEvery  time.Duration // while the bus is away; 2 s
	SweepEvery time.Duration // while it is not; 4 s
	TouchEvery time.Duration // writes when the links were last seen; 25 s
}

func (c *LinkConfig) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.AskWithin, 5*time.Second)
	set(&c.PollEvery, 2*time.Second)
	set(&c.SweepEvery, 4*time.Second)
	set(&c.TouchEvery, 25*time.Second)
	c.Socket.Subprotocol, c.Socket.Log = wire.Subprotocol, c.Log
	if c.Socket.MaxFrame == 0 {
		c.Socket.MaxFrame = wire.MaxFrame
	}
}

// LinkServer serves the links of one node.
type LinkServer struct {
	socket *socket.Server
	hub    *hub
}

const (
	workWithin   = 10 * time.Second
	workers      = 6    // links that are cared for at once; leaves most of the pool to others
	maxStrangers = 2000 // connections that have not proved who they are
	batch        = 1000 // devices in one query
)

// hub knows the links of this node.
type hub struct {
	cfg       LinkConfig
	ctx       context.Context //nolint:containedctx // frames come without one; this ends with the server
	cancel    context.CancelFunc
	node      string // who holds a link, in its row
	signKey   ed25519.PrivateKey
	serverKey ed25519.PublicKey
	inbox     *bus.Inbox
	unsub     func()
	draining  atomic.Bool
	running   sync.WaitGroup
	wakes     chan struct{} // something is in queue

	mu        sync.Mutex
	links     map[string]*link // by bus subject; the newest first
	strangers map[*link]struct{}
	queue     []*link
}

// NewLinkServer returns a server that works until Close.
func NewLinkServer(ctx context.Context, cfg LinkConfig) (*LinkServer, error) {
	cfg.defaults()
	h := &hub{
		cfg: cfg, node: string(desk.NewID()), links: map[string]*link{}, strangers: map[*link]struct{}{},
		wakes: make(chan struct{}, workers), signKey: CommandKey(cfg.Store),
	}
	h.serverKey, _ = h.signKey.Public().(ed25519.PublicKey)
	h.ctx, h.cancel = context.WithCancel(ctx)
	h.inbox = cfg.Store.Bus().Inbox(h.receive)
	// One subscription for all devices: ten thousand of their own would each
	// cost as much as the link itself.
	unsub, err := h.inbox.Subscribe("device.>")
	if err != nil {
		h.cancel()
		h.inbox.Close()
		return nil, err
	}
	h.unsub = unsub
	for range workers {
		h.running.Go(h.work)
	}
	h.running.Go(h.watch)
	return &LinkServer{socket: socket.NewServer(cfg.Socket), hub: h}, nil
}

// CommandKey is the key that signs commands: every node derives the same.
func CommandKey(s *store.Store) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(s.Derive("command signing", ed25519.SeedSize))
}

// Len counts the open links.
func (s *LinkServer) Len() int { return s.socket.Len() }

// Drain refuses new links. The open ones close with Close: agents come back by
// themselves, each at another moment.
func (s *LinkServer) Drain() { s.hub.draining.Store(true) }

// Close closes every link and returns when nothing of them runs any more.
func (s *LinkServer) Close() {
	s.Drain()
	s.socket.Close()
	h := s.hub
	h.unsub()
	h.cancel()
	h.running.Wait()
	h.inbox.Close()
}

// enter counts a connection that has proved nothing yet.
func (h *hub) enter(l *link) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.strangers) >= maxStrangers {
		return false
	}
	h.strangers[l] = struct{}{}
	return true
}

// add makes a proved link known; older ones of the same device hear it.
func (h *hub) add(l *link) {
	subject := Subject(l.tenant, l.device)
	h.mu.Lock()
	delete(h.strangers, l)
	l.older = h.links[subject]
	h.links[subject] = l
	older := l.older
	h.mu.Unlock()
	for ; older != nil; older = h.next(older) {
		h.wake(older)
	}
}

func (h *hub) next(l *link) *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	return l.older
}

// left forgets a link that is over, and tells the others of its device.
func (h *hub) left(l *link, was stage) {
	h.mu.Lock()
	delete(h.strangers, l)
	if l.device != "" {
		subject := Subject(l.tenant, l.device)
		if h.links[subject] == l {
			h.links[subject] = l.older
			if l.older == nil {
				delete(h.links, subject)
			}
		} else {
			for o := h.links[subject]; o != nil; o = o.older {
				if o.older == l {
					o.older = l.older
					break
				}
			}
		}
	}
	h.mu.Unlock()
	if l.device == "" || was < proved {
		return
	}
	// Also when the server stops: the device is not online here any more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), workWithin)
	defer cancel()
	var newest int64
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		newest, err = tx.CloseLink(ctx, db.CloseLinkParams{ID: l.device, Link: l.number})
		return err
	})
	if err != nil {
		h.cfg.Log.Warn("the end of a link was not written", "device", l.device, "error", err)
	}
	if newest == 0 {
		_ = h.cfg.Store.Bus().Publish(Subject(l.tenant, l.device), gone) // else the newer one waits out its time
	}
}

// gone is the wake-up that says: the older link is over.
var gone = []byte("gone")

// receive takes one message of the bus. It must not block.
func (h *hub) receive(subject string, data []byte) {
	h.mu.Lock()
	l := h.links[subject]
	h.mu.Unlock()
	for ; l != nil; l = h.next(l) {
		if string(data) == string(gone) {
			l.mu.Lock()
			l.holdTill = time.Time{}
			l.mu.Unlock()
		}
		h.wake(l)
	}
}

// wake has somebody care for a link soon; once is enough for many wake-ups.
func (h *hub) wake(l *link) {
	l.mu.Lock()
	if l.stage == closed || l.waking {
		l.again = true
		l.mu.Unlock()
		return
	}
	l.waking = true
	l.mu.Unlock()
	h.mu.Lock()
	h.queue = append(h.queue, l)
	h.mu.Unlock()
	select {
	case h.wakes <- struct{}{}:
	default: // every worker is awake, and looks again before it sleeps
	}
}

func (h *hub) work() {
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.wakes:
		}
		for l := h.pop(); l != nil && h.ctx.Err() == nil; l = h.pop() {
			h.care(l)
			l.mu.Lock()
			again := l.again
			l.waking, l.again = false, false
			l.mu.Unlock()
			if again {
				h.wake(l)
			}
		}
	}
}

func (h *hub) pop() *link {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		h.queue = nil
		return nil
	}
	l := h.queue[0]
	h.queue = h.queue[1:]
	return l
}
