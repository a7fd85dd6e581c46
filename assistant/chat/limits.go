package chat

import (
	"sync"
	"time"

	"github.com/conserje/conserje/portal/desk"
)

// Limits bound what one person and one socket may ask for (SECURITY C7). The
// zero value of a field is its default.
type Limits struct {
	SocketsPerUser int  // open at once on this node; 40
	FramesPerSec   Rate // of one socket; 20 a second, 60 at once
	SaysPerUser    Rate // over all sockets of a person on this node; 100 a minute, 20 at once
}

// Rate is a bucket of Burst tokens that fills with PerSecond.
type Rate struct {
	PerSecond float64
	Burst     float64
}

func (l *Limits) defaults() {
	if l.SocketsPerUser == 0 {
		l.SocketsPerUser = 40
	}
	if l.FramesPerSec == (Rate{}) {
		l.FramesPerSec = Rate{PerSecond: 20, Burst: 60}
	}
	if l.SaysPerUser == (Rate{}) {
		l.SaysPerUser = Rate{PerSecond: 100. / 60, Burst: 20}
	}
}

// bucket is what was taken lately; its zero value is full.
type bucket struct {
	used float64
	at   time.Time
}

// take takes one token, or says how long until there is one.
func (b *bucket) take(r Rate, now time.Time) (wait time.Duration) {
	b.used = max(0, b.used-now.Sub(b.at).Seconds()*r.PerSecond)
	b.at = now
	if b.used+1 > r.Burst {
		return time.Duration((b.used + 1 - r.Burst) / r.PerSecond * float64(time.Second))
	}
	b.used++
	return 0
}

func (b *bucket) full(r Rate, now time.Time) bool {
	return now.Sub(b.at).Seconds()*r.PerSecond >= b.used
}

func tooFast(wait time.Duration) error {
	return desk.Errorf(desk.CodeRateLimited, "too many messages; wait a moment").
		With("retry_after_seconds", int(wait/time.Second)+1)
}

// person is what all sockets of one user on this node share.
type person struct {
	mu      sync.Mutex
	sockets int
	says    bucket
}

func (p *person) say(r Rate, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wait := p.says.take(r, now); wait > 0 {
		return tooFast(wait)
	}
	return nil
}
