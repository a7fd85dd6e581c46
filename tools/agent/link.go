package agent

import (
	"context"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/conserje/conserje/tools/devices/wire"
)

// agent is one life of the process: what it remembers, and its link.
type agent struct {
	Config
	log    *slog.Logger
	memory *memory
	clock  *clock
	left   []record // accepted in an earlier life; taken up by the first link

	mu     sync.Mutex
	out    chan wire.Frame // of the link that is up; nil when none is
	warned string          // the server key that did not match, told once

	ctx    context.Context //nolint:containedctx // the life of the process, which jobs outlast a link by
	work   chan struct{}   // at most so many commands at once
	single sync.Mutex      // one effect at a time: an installer and a restart do not meet
	jobs   sync.WaitGroup
	sent   inventory
	look   chan struct{} // what is installed has changed: look at once
}

const (
	atOnce   = 8
	outgoing = 64 // frames that wait for a slow link
)

func newAgent(cfg Config) (*agent, error) {
	m, err := openMemory(cfg.Dir)
	if err != nil {
		return nil, err
	}
	return &agent{
		Config: cfg, log: cfg.Log, memory: m, clock: &clock{wall: cfg.Now, sinceBoot: cfg.SinceBoot},
		work: make(chan struct{}, atOnce), look: make(chan struct{}, 1),
	}, nil
}

// live is the process's life until ctx ends, the device is revoked, or (a
// simulated one) it goes off; then it returns for how long.
func (a *agent) live(ctx context.Context) (away time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer a.jobs.Wait()
	defer stop()
	off := make(chan time.Duration, 1)
	if s, ok := a.System.(Switcher); ok {
		a.jobs.Go(func() {
			select {
			case d := <-s.Off():
				off <- d
				stop()
			case <-ctx.Done():
			}
		})
	}
	a.recall(ctx)
	wait := a.Backoff
	for {
		began := time.Now()
		err := a.link(ctx)
		select {
		case away := <-off:
			return away, nil
		default:
		}
		if ctx.Err() != nil {
			return 0, nil
		}
		if errors.Is(err, ErrRevoked) {
			return 0, err
		}
		if time.Since(began) > time.Minute {
			wait = a.Backoff // it had been up
		}
		// Anywhere between half of it and all: many agents that lost one server do not come back at once.
		pause := wait/2 + rand.N(wait/2+1)
		a.log.WarnContext(ctx, "the link is down", slog.Any("error", err), slog.Duration("again_in", pause))
		if sleep(ctx, pause) {
			wait = min(2*wait, maxBackoff)
		}
	}
}

func linkAddress(server string) (string, error) {
	u, err := checkServer(server)
	if err != nil {
		return "", err
	}
	scheme := map[string]string{"https": "wss", "http": "ws"}[u.Scheme]
	return (&url.URL{Scheme: scheme, Host: u.Host, Path: u.Path}).JoinPath(wire.LinkPath).String(), nil
}

// link holds one connection until it breaks.
func (a *agent) link(ctx context.Context) error {
	address, err := linkAddress(a.Identity.Server)
	if err != nil {
		return err
	}
	dialling, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(dialling, address, &websocket.DialOptions{HTTPClient: a.HTTP, Subprotocols: []string{wire.Subprotocol}})
	if res != nil && res.Body != nil {
		defer res.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("the portal cannot be reached: %w", err)
	}
	defer func() { _ = conn.CloseNow() }()
	if conn.Subprotocol() != wire.Subprotocol {
		return errors.New("the portal does not speak the agents' protocol")
	}
	conn.SetReadLimit(wire.MaxFrame)
	if err := a.prove(dialling, conn); err != nil {
		return closed(err)
	}
	return closed(a.converse(ctx, conn))
}

// closed turns the server's way of ending a link into an error of ours.
func closed(err error) error {
	if websocket.CloseStatus(err) == wire.CloseRevoked {
		return ErrRevoked
	}
	return err
}

// prove answers the challenge and waits for the welcome.
func (a *agent) prove(ctx context.Context, conn *websocket.Conn) error {
	first, err := receive(ctx, conn)
	if err != nil {
		return err
	}
	challenge, ok := first.(*wire.Challenge)
	if !ok {
		return errors.New("the portal did not begin with a challenge")
	}
	proof := wire.SignProof(a.Identity.Sign, challenge.Nonce, a.Identity.Device, wire.Host(a.Identity.Server))
	nonce := make([]byte, wire.NonceSize)
	_, _ = crypto.Read(nonce) // never fails, by its contract
	asked := a.clock.moment()
	if err := send(ctx, conn, wire.Prove{Device: a.Identity.Device, Signature: proof, Nonce: nonce}); err != nil {
		return err
	}
	second, err := receive(ctx, conn)
	if err != nil {
		return err
	}
	switch f := second.(type) {
	case *wire.Welcome:
		a.welcomed(ctx, f, nonce, asked)
		return nil
	case *wire.Error:
		if f.Code == wire.ErrorRevoked {
			return ErrRevoked
		}
		return fmt.Errorf("the portal refused the link: %s", display(f.Code, 64))
	}
	return errors.New("the portal did not welcome this device")
}

// welcomed sets the clock by the server's: a device whose own is wrong still
// tells an expired command. The time is signed, for a nonce of this link: who
// sits in between cannot turn it back.
func (a *agent) welcomed(ctx context.Context, f *wire.Welcome, nonce []byte, asked moment) {
	at, err := time.Parse(time.RFC3339Nano, f.ServerTime)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil && wire.CheckClock(a.Identity.ServerKey, nonce, a.Identity.Device, f.ServerTime, f.Signature) {
		a.clock.set(at, asked)
	}
	if key := wire.KeyID(f.ServerKey); !slices.Equal(f.ServerKey, a.Identity.ServerKey) && a.warned != key {
		a.warned = key
		a.log.ErrorContext(ctx, "the portal signs with another key than the one at enrolment; its commands will be refused", slog.String("key", key))
	}
}

// converse serves a link that is up: one reads, one writes, one looks at what
// changed on the device, one whether the other side is still there.
func (a *agent) converse(ctx context.Context, conn *websocket.Conn) error {
	ctx, cancel := context.WithCancelCause(ctx)
	out := make(chan wire.Frame, outgoing)
	var loops sync.WaitGroup
	defer loops.Wait()
	defer cancel(nil)
	loops.Go(func() { cancel(a.write(ctx, conn, out)) })
	a.sent = inventory{}
	if err := a.greet(ctx, out); err != nil {
		return err
	}
	a.attach(out)
	defer a.attach(nil)
	a.retell(ctx)
	a.goOn(ctx)
	loops.Go(func() { a.watch(ctx, out) })
	loops.Go(func() { cancel(a.pulse(ctx, conn)) })
	for {
		f, err := receive(ctx, conn)
		if errors.Is(err, wire.ErrMalformed) {
			a.log.WarnContext(ctx, "a frame was not understood", slog.Any("error", err))
			continue
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return errors.Join(cause, err)
			}
			return err
		}
		switch f := f.(type) {
		case *wire.Do:
			hit("received")
			if err := a.take(ctx, f.Envelope); err != nil {
				return err
			}
		case *wire.Check:
			put(ctx, out, wire.Beat{})
		case *wire.Error:
			a.log.WarnContext(ctx, "the portal refused a frame", slog.String("code", display(f.Code, 64)))
		}
	}
}

func (a *agent) attach(out chan wire.Frame) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out = out
}

// tell puts a frame on the link that is up, if one is. What matters is told
// again on the next.
func (a *agent) tell(ctx context.Context, f wire.Frame) {
	a.mu.Lock()
	out := a.out
	a.mu.Unlock()
	if out == nil {
		return
	}
	select {
	case out <- f:
	case <-ctx.Done():
	case <-time.After(5 * time.Second): // the link does not move
	}
}

func put(ctx context.Context, out chan<- wire.Frame, f wire.Frame) {
	select {
	case out <- f:
	case <-ctx.Done():
	}
}

// write sends what is put into out, and a heartbeat when nothing was.
func (a *agent) write(ctx context.Context, conn *websocket.Conn, out <-chan wire.Frame) error {
	beat := time.NewTicker(a.Beat)
	defer beat.Stop()
	for {
		var f wire.Frame = wire.Beat{}
		select {
		case <-ctx.Done():
			return nil
		case f = <-out:
		case <-beat.C:
		}
		sending, cancel := context.WithTimeout(ctx, 20*time.Second)
		err := send(sending, conn, f)
		cancel()
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if report, ok := f.(wire.Report); ok {
			a.told(ctx, report)
		}
	}
}

// pulse asks the other side now and then whether it is there. A network that
// changed under a link does not end it: without the question a device would
// wait for many minutes on a link that is none, and its commands with it.
func (a *agent) pulse(ctx context.Context, conn *websocket.Conn) error {
	for sleep(ctx, a.Beat) {
		asking, cancel := context.WithTimeout(ctx, min(20*time.Second, 2*a.Beat))
		err := conn.Ping(asking)
		cancel()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("the portal does not answer any more: %w", err)
		}
		if _, sure := a.clock.now(); !sure && a.clock.told() {
			return errClock
		}
	}
	return nil
}

func send(ctx context.Context, conn *websocket.Conn, f wire.Frame) error {
	raw, err := wire.Encode(f)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, raw)
}

func receive(ctx context.Context, conn *websocket.Conn) (wire.Frame, error) {
	kind, raw, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		return nil, fmt.Errorf("%w: not text", wire.ErrMalformed)
	}
	return wire.ParseServer(raw)
}
