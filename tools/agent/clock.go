package agent

import (
	"context"
	"errors"
	"sync"
	"time"
)

// clock tells the server's time, by which commands expire, on a device whose
// own clock may be wrong, may be set at any moment, and stands still or not
// while the device sleeps.
//
// It begins with the time that the server signed at the handshake and adds
// what has passed since, by the clock that counts from the boot on, sleep
// included, and that nobody sets. The wall clock is asked as well: where a
// machine was frozen from outside, only that one has moved on. The longer of
// the two spans counts, so that nothing is ever done late.
type clock struct {
	wall      func() time.Time
	sinceBoot func() time.Duration

	mu     sync.Mutex
	server time.Time // at the handshake; zero before the first
	at     moment
}

// moment is one of the device's own.
type moment struct {
	wall time.Time
	boot time.Duration
}

func (c *clock) moment() moment { return moment{c.wall().Round(0), c.sinceBoot()} }

// set takes the server's time. asked is when it was asked for, and not when the
// answer came: an answer that was held up makes nothing late.
func (c *clock) set(server time.Time, asked moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server, c.at = server, asked
}

// now is the server's time. sure is false when it was never told, or when the
// device's two clocks do not agree on what has passed since: then it may be
// too late a time, never too early a one, and asking the server helps.
func (c *clock) now() (t time.Time, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.moment()
	byWall, byBoot := m.wall.Sub(c.at.wall), m.boot-c.at.boot
	apart := byWall - byBoot
	return c.server.Add(max(byWall, byBoot)), !c.server.IsZero() && apart.Abs() < clocksApart
}

// told reports whether the server ever told its time.
func (c *clock) told() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.server.IsZero()
}

// errClock ends a link, so that the next one begins with the server's time.
var errClock = errors.New("this device's clock was set, or it was asleep: the portal's time is asked for anew")

const clocksApart = 30 * time.Second

// processBegan is the beginning of the process, by a clock that nobody sets.
var processBegan = time.Now()

// now is the time by the server's clock.
func (a *agent) now() time.Time {
	t, _ := a.clock.now()
	return t
}

// sleepUntil waits for a time of the server's clock and tells whether the
// context is still alive. Timers stand still while a device sleeps, so the
// clock is looked at again and again.
func (a *agent) sleepUntil(ctx context.Context, end time.Time) bool {
	for {
		left := end.Sub(a.now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		if !sleep(ctx, min(left, 2*time.Second)) {
			return false
		}
	}
}

// until is ctx that ends at a time of the server's clock.
func (a *agent) until(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	a.jobs.Go(func() {
		defer cancel()
		a.sleepUntil(ctx, end)
	})
	return ctx, cancel
}
