// Package chat carries a conversation over a WebSocket: GET /api/v1/chat,
// subprotocol conserje.v1 (DESIGN 7). It decides nothing about a conversation;
// it checks who speaks, reads frames strictly, and writes what the log says.
//
// Delivery rules.
//   - Events come from the database, in order, each once, by sequence number;
//     the bus only says that there is something to read. A lost wake-up is made
//     good by a poll: every 2 s while the bus is away, every 30 s in any case.
//   - Deltas come from the bus. A client that opens in the middle of an answer
//     gets it from offset 0; one that is too slow for a delta gets the missing
//     stretch with the next; the final event replaces them all.
//   - A client that cannot take events for some seconds is closed with 1013 and
//     resumes after the last sequence number it has.
//   - A session that ends closes its sockets with 4401, and every frame with an
//     effect looks the session up again first.
//
// What an idle connection costs: its reader goroutine, one client and one room
// of this package, and one subscription. No timer, no goroutine, no connection
// to the database.
package chat

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools/actions"
)

// Subprotocol is the one that is spoken.
const Subprotocol = "conserje.v1"

// Conversations is what the socket carries: conversations.Service. Every method
// finds the viewer in its context; a conversation that the viewer may not see
// is CodeNotFound, like one that does not exist.
type Conversations interface {
	Create(ctx context.Context, id desk.ID) (conversations.Conversation, error)
	Open(ctx context.Context, id desk.ID) (conversations.Conversation, error)
	Say(ctx context.Context, m conversations.Message) (conversations.Ack, error)
	Stop(ctx context.Context, turn desk.ID) error
	// Types says that the viewer begins to write; a technician takes it by that.
	Types(ctx context.Context, id desk.ID) error
	Rate(ctx context.Context, id desk.ID, seq int64, rating, reason string) error
	Events(ctx context.Context, id desk.ID, after int64, limit int) (events []desk.Event, last int64, err error)
	Snapshot(ctx context.Context, id desk.ID) (conversations.Snapshot, error)
}

// People knows whose session a token is.
type People interface {
	Authenticate(ctx context.Context, tenant desk.ID, token string) (desk.Viewer, error)
	// StillOpen returns those of the sessions that still hold.
	StillOpen(ctx context.Context, tenant desk.ID, sessions []desk.ID) ([]desk.ID, error)
}

// Actions is the ledger: what a person presses on an action's card. Whose
// action it is, it looks up itself.
type Actions interface {
	Confirm(ctx context.Context, id desk.ID) (actions.View, error)
	Decline(ctx context.Context, id desk.ID) (actions.View, error)
}

// Config plugs the chat in. All fields but the last group are required.
type Config struct {
	Store         *store.Store
	Conversations Conversations
	Actions       Actions // nil: there are none
	People        People
	Token         func(*fiber.Ctx) string     // the session token in the cookie that portal/api sets
	SessionEnds   func(tenant desk.ID) string // bus subject whose messages are ids of ended sessions
	Status        func(code desk.Code) int    // of the problem that refuses an upgrade
	Log           *slog.Logger

	Socket       socket.Config // bounds; the subprotocol is set here
	Limits       Limits
	CheckEvery   time.Duration // sessions of open sockets; 4 s
	PollEvery    time.Duration // the logs of open conversations while the bus is away; 2 s
	SweepEvery   time.Duration // the same while it is not; 30 s
	StalledAfter time.Duration // a client that takes no event for so long is closed with 1013; 5 s
}

func (c *Config) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.CheckEvery, 4*time.Second)
	set(&c.PollEvery, 2*time.Second)
	set(&c.SweepEvery, 30*time.Second)
	set(&c.StalledAfter, 5*time.Second)
	c.Limits.defaults()
	c.Socket.Subprotocol, c.Socket.Log = Subprotocol, c.Log
}

// Server serves the chat's sockets.
type Server struct {
	cfg    Config
	ctx    context.Context //nolint:containedctx // frames come without one; this ends with the server
	cancel context.CancelFunc
	socket *socket.Server
	hub    *hub
}

// New returns a server that works until Close.
func New(ctx context.Context, cfg Config) *Server {
	cfg.defaults()
	s := &Server{cfg: cfg, socket: socket.NewServer(cfg.Socket)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.hub = newHub(s)
	return s
}

// Handler returns the handler of GET /api/v1/chat.
func (s *Server) Handler() fiber.Handler {
	upgrade := s.socket.Handler(s.open)
	return func(c *fiber.Ctx) error {
		if err := upgrade(c); err != nil {
			return s.refuse(c, err)
		}
		return nil
	}
}

// Len counts the open sockets.
func (s *Server) Len() int { return s.socket.Len() }

// drainSpread is how far apart the clients of a stopping server come back.
const drainSpread = 5 * time.Second

// Drain refuses new sockets and asks every client to come back, each at
// another moment, elsewhere if there is an elsewhere. It returns when all have
// left, or after atMost.
func (s *Server) Drain(ctx context.Context, atMost time.Duration) {
	s.hub.drain()
	s.socket.Each(func(p *socket.Peer) {
		p.Send(numberFrame("reconnect", "in_ms", rand.Int64N(drainSpread.Milliseconds())))
	})
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for s.socket.Len() > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Close closes every socket with 1012 and returns when nothing of the chat
// runs any more.
func (s *Server) Close() {
	s.hub.drain()
	s.socket.Close()
	s.cancel()
	s.hub.close()
}

// statusOf has an answer also for what is no error of ours.
func (s *Server) statusOf(err error) int {
	if code := desk.CodeOf(err); code != desk.CodeInternal && s.cfg.Status != nil {
		return s.cfg.Status(code)
	}
	return http.StatusInternalServerError
}
