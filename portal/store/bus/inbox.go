package bus

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Inbox takes the messages of many subscriptions in one goroutine, in the
// order in which they came. Subscribe has a goroutine each; ten thousand open
// conversations cannot.
type Inbox struct {
	conn *nats.Conn
	msgs chan *nats.Msg
	stop chan struct{}
	done sync.WaitGroup
}

// inboxSize is how many messages may wait; above it they are dropped, as any
// wake-up may be.
const inboxSize = 16 << 10

// Inbox starts an inbox that calls fn for every message until Close. fn must
// not block.
func (b *Bus) Inbox(fn func(subject string, data []byte)) *Inbox {
	in := &Inbox{conn: b.conn, msgs: make(chan *nats.Msg, inboxSize), stop: make(chan struct{})}
	in.done.Go(func() {
		for {
			select {
			case m := <-in.msgs:
				fn(m.Subject, m.Data)
			case <-in.stop:
				return
			}
		}
	})
	return in
}

// Subscribe adds a subject until cancel is called. When it returns, and the
// bus is connected, whatever is published from now on by any node arrives: a
// reader that subscribes first and reads the log second misses nothing.
func (in *Inbox) Subscribe(subject string) (cancel func(), err error) {
	sub, err := in.conn.ChanSubscribe(subject, in.msgs)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	if in.conn.IsConnected() {
		_ = in.conn.FlushTimeout(2 * time.Second) // a bus that is lost now is polled for
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Close stops the goroutine. The subscriptions must have been cancelled.
func (in *Inbox) Close() {
	close(in.stop)
	in.done.Wait()
}
