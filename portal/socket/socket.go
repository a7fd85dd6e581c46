// Package socket serves WebSockets on Fiber so that no frame can reach another
// person's connection.
//
// Why this room exists (SECURITY 0.1): gofiber/contrib/websocket recycles its
// connection wrapper, and fasthttp recycles the hijacked connection below it.
// A goroutine that still writes after the handler has returned writes into the
// NEXT person's socket. Here nobody ever holds a connection: the world holds a
// Peer, which is never recycled, and the handler joins the Peer's writer before
// it returns and gives the connection back.
//
// Delivery rules. Send queues a frame in order or closes the connection: a
// client that cannot keep up is closed with 1013 and resumes. SendDroppable
// queues only while the queue is short. Neither ever blocks. A writer
// goroutine exists only while there is something to write, so that an idle
// connection costs one goroutine.
package socket

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
)

// Close codes beside those of RFC 6455, section 7.4, in its private range.
const (
	CloseSessionEnded = 4401 // log in again
	CloseNotAllowed   = 4403 // the account may not use this socket any more
)

// Config sets the bounds; the zero value of a field is its default.
type Config struct {
	Subprotocol string        // the one that is spoken; required
	MaxFrame    int64         // bytes a client may send in a message; 64 KiB; above it: close 1009
	PingEvery   time.Duration // 20 s
	PongWithin  time.Duration // 10 s after a ping, else the connection is dead
	WriteWithin time.Duration // 10 s for one frame
	QueueFrames int           // 256
	QueueBytes  int           // 1 MiB
	Log         *slog.Logger
}

func (c *Config) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.PingEvery, 20*time.Second)
	set(&c.PongWithin, 10*time.Second)
	set(&c.WriteWithin, 10*time.Second)
	if c.MaxFrame == 0 {
		c.MaxFrame = 64 << 10
	}
	if c.QueueFrames == 0 {
		c.QueueFrames = 256
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = 1 << 20
	}
}

// Session is the application's side of one connection. Message is called with
// one text frame at a time, which it must not keep; Closed once, after the
// last Message.
type Session interface {
	Message(frame []byte)
	Closed()
}

// Open decides about a request before it is upgraded: it authenticates, checks
// the origin, and copies what it needs from c, whose strings die with the
// request. An error refuses the upgrade. The function it returns starts the
// session once the socket stands.
type Open func(c *fiber.Ctx) (start func(*Peer) Session, err error)

// Server upgrades requests and keeps track of the open connections.
type Server struct {
	cfg   Config
	mu    sync.Mutex
	peers map[*Peer]struct{}
	open  sync.WaitGroup
	stop  chan struct{}
}

// NewServer returns a server that pings its connections until Close.
func NewServer(cfg Config) *Server {
	cfg.defaults()
	s := &Server{cfg: cfg, peers: map[*Peer]struct{}{}, stop: make(chan struct{})}
	s.open.Go(s.ping)
	return s
}

const startKey = "conserje.socket.start"

// Handler returns the route's handler.
func (s *Server) Handler(open Open) fiber.Handler {
	upgrade := websocket.New(s.serve, websocket.Config{
		Subprotocols:     []string{s.cfg.Subprotocol},
		HandshakeTimeout: 5 * time.Second,
		ReadBufferSize:   1024,
		WriteBufferSize:  1024,
		WriteBufferPool:  &sync.Pool{}, // an idle connection holds no buffer
		// Open has checked the origin against the tenant's own hosts; "*" here
		// only keeps the library from a second, weaker opinion.
		Origins:        []string{"*"},
		RecoverHandler: s.recovered, // the default one sends the panic's text to the client
	})
	return func(c *fiber.Ctx) error {
		if !websocket.IsWebSocketUpgrade(c) {
			return fiber.NewError(http.StatusUpgradeRequired, "this address speaks WebSocket")
		}
		start, err := open(c)
		if err != nil {
			return err
		}
		c.Locals(startKey, start)
		return upgrade(c)
	}
}

func (s *Server) recovered(c *websocket.Conn) {
	if r := recover(); r != nil {
		s.cfg.Log.Error("panic in a socket", "panic", r)
	}
}

// serve runs one connection. When it returns, the libraries hand conn's memory
// to the next request: leave must have joined the writer by then.
func (s *Server) serve(conn *websocket.Conn) {
	start, ok := conn.Locals(startKey).(func(*Peer) Session)
	if !ok {
		return
	}
	p := &Peer{cfg: &s.cfg, conn: conn.Conn}
	defer p.leave()
	if !s.enter(p) {
		p.Close(websocket.CloseTryAgainLater, "the server is stopping")
		return
	}
	defer s.exit(p)
	session := start(p)
	defer session.Closed()
	s.read(p, conn, session)
}

func (s *Server) read(p *Peer, conn *websocket.Conn, session Session) {
	alive := s.cfg.PingEvery + s.cfg.PongWithin
	conn.SetReadLimit(s.cfg.MaxFrame)
	_ = conn.SetReadDeadline(time.Now().Add(alive))
	conn.SetPongHandler(func(string) error { return p.extend(alive) })
	for {
		kind, frame, err := conn.ReadMessage()
		if err != nil {
			if errors.Is(err, websocketReadLimit) {
				linger(conn)
			}
			return
		}
		if p.extend(alive) != nil {
			return
		}
		switch {
		case kind != websocket.TextMessage:
			p.Close(websocket.CloseUnsupportedData, "text frames only")
		case !utf8.Valid(frame): // RFC 6455, section 8.1
			p.Close(websocket.CloseInvalidFramePayloadData, "the text is not valid UTF-8")
		default:
			session.Message(frame)
		}
	}
}

// linger reads what a client still sends after it was told 1009: closing with
// unread bytes makes the kernel reset the connection, and the client would
// never see why.
func linger(conn *websocket.Conn) {
	raw := conn.UnderlyingConn()
	_ = raw.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.CopyN(io.Discard, raw, 4<<20)
}

func (s *Server) enter(p *Peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers == nil {
		return false
	}
	s.peers[p] = struct{}{}
	s.open.Add(1)
	return true
}

func (s *Server) exit(p *Peer) {
	s.mu.Lock()
	if s.peers != nil { // Close has the map now and reads it without the lock
		delete(s.peers, p)
	}
	s.mu.Unlock()
	s.open.Done()
}

func (s *Server) ping() {
	tick := time.NewTicker(s.cfg.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.Each(func(p *Peer) { p.push(frame{ping: true}, false) })
		}
	}
}

// Each calls fn for every connection that is open now.
func (s *Server) Each(fn func(*Peer)) {
	s.mu.Lock()
	peers := make([]*Peer, 0, len(s.peers))
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	for _, p := range peers {
		fn(p)
	}
}

// Len counts the open connections.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}

// Close closes every connection with 1012 (service restart), refuses new ones
// with 1013, and returns when the last handler has returned.
func (s *Server) Close() {
	s.mu.Lock()
	peers, first := s.peers, s.peers != nil
	s.peers = nil
	s.mu.Unlock()
	if first {
		close(s.stop)
		for p := range peers {
			p.Close(websocket.CloseServiceRestart, "the server restarts")
		}
	}
	s.open.Wait()
}
