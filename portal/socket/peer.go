package socket

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
)

// websocketReadLimit is what ReadMessage returns after a message above the
// limit; the library has sent close 1009 by then.
var websocketReadLimit = websocket.ErrReadLimit //nolint:errname // the name says whose it is

// closeGrace is how long the client has to answer our close frame.
const closeGrace = time.Second

var errGone = errors.New("the connection is gone")

// Peer is one connection for everybody outside its handler. It may be kept for
// ever: once the handler has left, it reaches nothing.
type Peer struct {
	cfg *Config

	mu      sync.Mutex
	conn    *websocket.Conn // nil once the handler has left: never touched again
	queue   []frame
	bytes   int
	writing bool
	closing bool           // a close frame is queued: nothing may follow it
	writer  sync.WaitGroup // joined by leave before the connection is recycled
}

// frame is one message to write: text, a ping, or the close frame.
type frame struct {
	data  []byte
	ping  bool
	close bool
}

// Send queues a text frame, which must not be changed afterwards. It reports
// false when the connection is gone or closing; a full queue closes it with
// 1013, since a client that lacks one event must resume.
func (p *Peer) Send(data []byte) bool { return p.push(frame{data: data}, false) }

// SendDroppable queues a text frame only while the queue is less than half
// full, and reports whether it did.
func (p *Peer) SendDroppable(data []byte) bool { return p.push(frame{data: data}, true) }

// Close sends what is queued and then a close frame; the connection ends when
// the client has answered, or soon after.
func (p *Peer) Close(code int, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeLocked(code, reason)
}

func (p *Peer) closeLocked(code int, reason string) {
	if p.conn == nil || p.closing {
		return
	}
	p.closing = true
	p.enqueue(frame{data: websocket.FormatCloseMessage(code, reason), close: true})
}

func (p *Peer) push(f frame, droppable bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil || p.closing {
		return false
	}
	frames, bytes := len(p.queue)+1, p.bytes+len(f.data)
	if droppable && (frames > p.cfg.QueueFrames/2 || bytes > p.cfg.QueueBytes/2) {
		return false
	}
	if frames > p.cfg.QueueFrames || bytes > p.cfg.QueueBytes {
		p.queue, p.bytes = nil, 0
		p.closeLocked(websocket.CloseTryAgainLater, "too slow; resume")
		return false
	}
	p.enqueue(f)
	return true
}

// enqueue adds a frame and makes sure that somebody writes it. p.mu is held
// and p.conn is not nil, so leave has not begun to wait.
func (p *Peer) enqueue(f frame) {
	p.queue = append(p.queue, f)
	p.bytes += len(f.data)
	if !p.writing {
		p.writing = true
		conn := p.conn
		p.writer.Go(func() { p.write(conn) })
	}
}

// write sends until the queue is empty. It alone writes data to conn.
func (p *Peer) write(conn *websocket.Conn) {
	for {
		p.mu.Lock()
		batch := p.queue
		p.queue, p.bytes = nil, 0
		if len(batch) == 0 {
			p.writing = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		for _, f := range batch {
			if err := p.writeFrame(conn, f); err != nil {
				// The reader sees the broken connection and the handler leaves;
				// until then nothing more is queued.
				_ = conn.SetReadDeadline(time.Now())
				p.mu.Lock()
				p.closing, p.writing, p.queue = true, false, nil
				p.mu.Unlock()
				return
			}
		}
	}
}

func (p *Peer) writeFrame(conn *websocket.Conn, f frame) error {
	deadline := time.Now().Add(p.cfg.WriteWithin)
	switch {
	case f.ping:
		return conn.WriteControl(websocket.PingMessage, nil, deadline)
	case f.close:
		err := conn.WriteControl(websocket.CloseMessage, f.data, deadline)
		_ = conn.SetReadDeadline(time.Now().Add(closeGrace))
		return err
	default:
		if err := conn.SetWriteDeadline(deadline); err != nil {
			return err
		}
		return conn.WriteMessage(websocket.TextMessage, f.data)
	}
}

// extend moves the moment at which a silent connection counts as dead, unless
// the connection is closing.
func (p *Peer) extend(by time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return errGone
	}
	if p.closing {
		return nil
	}
	return p.conn.SetReadDeadline(time.Now().Add(by))
}

// leave cuts the Peer off from its connection and waits for the writer. After
// it, no goroutine of ours can touch the connection's recycled memory.
func (p *Peer) leave() {
	p.mu.Lock()
	conn := p.conn
	ended := p.closing
	p.conn = nil
	p.mu.Unlock()
	if !ended {
		// The client is gone or silent: a blocked write must not hold us. The
		// wrapper's Close does nothing while fasthttp owns the connection.
		if raw, ok := conn.UnderlyingConn().(interface{ UnsafeConn() net.Conn }); ok {
			_ = raw.UnsafeConn().Close()
		}
	}
	p.writer.Wait()
	p.mu.Lock()
	p.queue, p.bytes = nil, 0
	p.mu.Unlock()
}
