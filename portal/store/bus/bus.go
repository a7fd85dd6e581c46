// Package bus carries wake-ups between nodes over NATS: that a conversation
// has a new event, the deltas of an answer in flight, that a turn was stopped.
//
// Delivery is at most once and in order per subject and connection. Nothing
// that must not be lost travels here: every subscriber reads the truth from
// the database and polls when the bus is away (Connected reports it).
package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Bus is one connection to NATS: the embedded server of this process, or a
// cluster.
type Bus struct {
	conn   *nats.Conn
	server *server.Server
}

// Start embeds a NATS server that listens on no port and connects to it in
// process. With url, it connects to that cluster instead, and goes on without
// it while it is away.
func Start(url string, log *slog.Logger) (*Bus, error) {
	if url != "" {
		conn, err := nats.Connect(url, append(options(log), nats.RetryOnFailedConnect(true))...)
		if err != nil {
			return nil, fmt.Errorf("NATS at NATS_URL: %w", err)
		}
		if !conn.IsConnected() {
			log.Warn("NATS_URL does not answer; polling until it does")
		}
		return &Bus{conn: conn}, nil
	}
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		srv.Shutdown()
		return nil, fmt.Errorf("embedded NATS did not start")
	}
	conn, err := nats.Connect("", append(options(log), nats.InProcessServer(srv))...)
	if err != nil {
		srv.Shutdown()
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	return &Bus{conn: conn, server: srv}, nil
}

func options(log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name("conserje"), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("message bus lost; polling until it is back", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("message bus is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			log.Warn("message bus", "subject", subject, "error", err)
		}),
	}
}

// Publish sends data to the subscribers of subject on every node.
func (b *Bus) Publish(subject string, data []byte) error { return b.conn.Publish(subject, data) }

// Subscribe calls fn for every message on subject, one at a time and in order,
// until cancel is called. fn must not block for long: messages queue up to the
// library's limit and are then dropped.
func (b *Bus) Subscribe(subject string, fn func(data []byte)) (cancel func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { fn(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Answer calls fn for every message on subject, one at a time and in order,
// and sends what it returns back to whoever asked; nil stays silent, so that
// every node may listen and only the one that knows speaks. subject may end in
// the wildcard >.
func (b *Bus) Answer(subject string, fn func(subject string, data []byte) []byte) (cancel func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) {
		if reply := fn(m.Subject, m.Data); reply != nil && m.Reply != "" {
			_ = m.Respond(reply) // the one who asked gives up by itself
		}
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Ask sends data to the listeners of subject and returns the first answer. It
// fails when none comes before ctx ends.
func (b *Bus) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	m, err := b.conn.RequestWithContext(ctx, subject, data)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return m.Data, nil
}

// Connected reports whether wake-ups flow; while not, subscribers poll.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Embedded reports whether this process runs its own NATS: then no other node
// hears it.
func (b *Bus) Embedded() bool { return b.server != nil }

// Close ends the connection, and the embedded server.
func (b *Bus) Close() {
	b.conn.Close()
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}
