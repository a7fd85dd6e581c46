package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// timepiece is a device's two clocks.
type timepiece struct {
	mu   sync.Mutex
	wall time.Time
	boot time.Duration
}

func (p *timepiece) pass(d time.Duration) { p.change(d, d) }

func (p *timepiece) change(wall, boot time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wall, p.boot = p.wall.Add(wall), p.boot+boot
}

func (p *timepiece) clock() *clock {
	return &clock{
		wall:      func() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.wall },
		sinceBoot: func() time.Duration { p.mu.Lock(); defer p.mu.Unlock(); return p.boot },
	}
}

func TestTheServersTimeIsKnownWhateverTheDevicesClockDoes(t *testing.T) {
	t.Parallel()
	server := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		happens func(*timepiece)
		want    time.Duration
		sure    bool
	}{
		"a minute passes":              {func(p *timepiece) { p.pass(time.Minute) }, time.Minute, true},
		"eight hours of sleep":         {func(p *timepiece) { p.pass(8 * time.Hour) }, 8 * time.Hour, true},
		"set back by two hours":        {func(p *timepiece) { p.change(time.Minute-2*time.Hour, time.Minute) }, time.Minute, false},
		"set forward by two hours":     {func(p *timepiece) { p.change(2*time.Hour, 0) }, 2 * time.Hour, false},
		"frozen from outside, an hour": {func(p *timepiece) { p.change(time.Hour, 0) }, time.Hour, false},
		"corrected by a second":        {func(p *timepiece) { p.change(time.Minute+time.Second, time.Minute) }, time.Minute + time.Second, true},
	} {
		for device, wall := range map[string]time.Time{
			"right": server, "two hours behind": server.Add(-2 * time.Hour), "in 1970": time.Unix(0, 0), "two hours ahead": server.Add(2 * time.Hour),
		} {
			p := &timepiece{wall: wall, boot: time.Hour}
			c := p.clock()
			if _, sure := c.now(); sure || c.told() {
				t.Errorf("%s: sure before the server said anything", device)
			}
			c.set(server, c.moment())
			test.happens(p)
			if got, sure := c.now(); !got.Equal(server.Add(test.want)) || sure != test.sure {
				t.Errorf("%s, device's clock %s: %v %v", name, device, got, sure)
			}
		}
	}
	if a, b := sinceBoot(), sinceBoot(); a <= 0 || b < a {
		t.Errorf("since boot: %v, %v", a, b)
	}
}

// An answer that somebody held up does not make the server's time late.
func TestAnAnswerThatWasHeldUpWinsNoTime(t *testing.T) {
	t.Parallel()
	p := &timepiece{wall: time.Unix(1e9, 0)}
	c := p.clock()
	asked := c.moment()
	p.pass(20 * time.Second)
	c.set(time.Unix(2e9, 0), asked)
	if got, _ := c.now(); !got.Equal(time.Unix(2e9+20, 0)) {
		t.Errorf("now: %v", got)
	}
}

// The device sleeps with a command in its hand, between the warning and the
// effect: P7, it never fires late.
func TestACommandThatSleptPastItsDeadlineIsNotDone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := &timepiece{wall: time.Now()}
	d := newDevice(t, s, func(c *SimulatedConfig) { c.Takes = 5 * time.Millisecond; c.Postpones = 1 })
	d.change = func(c *Config) {
		c.Now, c.SinceBoot = p.clock().wall, p.clock().sinceBoot
		c.Postpone = 30 * time.Second // of a clock that stands still
	}
	d.start()
	s.send(s.command(1, wire.Restart, func(c *wire.Command) { c.WarnSeconds = 10 }))
	s.until("the postponement", func() bool { return s.told(actionID(1), wire.ProgressPostponed) > 0 })
	p.pass(8 * time.Hour)
	if r := s.result(actionID(1)); r.OK || r.Code != wire.CodePostponedOut {
		t.Errorf("result: %+v", r)
	}
	if got := d.system.Effects(); len(got) != 0 {
		t.Errorf("effects: %v", got)
	}
}

// The clock is set while the link is up: the command is not judged by it, but
// comes again once the server has told its time anew.
func TestACommandAfterTheClockWasSetIsJudgedByTheServersTime(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := &timepiece{wall: time.Now().Add(-2 * time.Hour)}
	d := newDevice(t, s)
	d.change = func(c *Config) { c.Now, c.SinceBoot = p.clock().wall, p.clock().sinceBoot }
	d.start()
	s.online()
	p.change(2*time.Hour, 0)
	e := s.send(s.command(1, wire.Lock))
	s.until("another link", func() bool { return s.links == 2 && s.conn != nil })
	s.sendEnvelope(e) // as the ledger does with what nobody received
	if r := s.result(actionID(1)); !r.OK {
		t.Errorf("result: %+v", r)
	}
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

// What an earlier life accepted waits for the server's word on the time.
func TestAfterARestartOfTheAgentNothingIsDoneBeforeTheServerTellsTheTime(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s, func(c *SimulatedConfig) { c.Takes, c.Postpones = time.Millisecond, 1 })
	d.change = func(c *Config) { c.Postpone = time.Hour / 2 }
	d.start()
	s.send(s.command(1, wire.Restart, func(c *wire.Command) { c.WarnSeconds, c.ExpiresAt = 1, time.Now().Add(time.Hour) }))
	s.until("the postponement", func() bool { return s.told(actionID(1), wire.ProgressPostponed) == 1 })
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	s.until("no link", func() bool { return s.conn == nil })
	raw, err := os.ReadFile(filepath.Join(d.dir, memoryFolder, actionID(1)+".json"))
	if err != nil || !strings.Contains(string(raw), `"put_off":1`) {
		t.Fatalf("memory: %s %v", raw, err)
	}
	// Two hours later, by the server; the device's own clock was set back.
	s.set(func() { s.clockBy = 2 * time.Hour })
	d.start()
	if r := s.result(actionID(1)); r.OK || r.Code != wire.CodeInterrupted {
		t.Errorf("result: %+v", r)
	}
	if got := d.system.Effects(); len(got) != 0 {
		t.Errorf("effects: %v", got)
	}
}

func TestTheAgentsRestartNeitherForgetsAPostponementNorCountsAnew(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s, func(c *SimulatedConfig) { c.Takes, c.Postpones = time.Millisecond, 100 })
	d.change = func(c *Config) { c.Postpone = time.Second }
	d.start()
	s.send(s.command(1, wire.Restart, func(c *wire.Command) { c.WarnSeconds = 1 }))
	s.until("the first postponement", func() bool { return s.told(actionID(1), wire.ProgressPostponed) == 1 })
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	s.until("no link", func() bool { return s.conn == nil })
	d.start()
	if r := s.result(actionID(1)); !r.OK {
		t.Errorf("after %d postponements: %+v", maxPutOff, r)
	}
	m, err := openMemory(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := m.get(actionID(1)); r.PutOff != maxPutOff {
		t.Errorf("put off %d times", r.PutOff)
	}
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

// A network that swallows everything: no error ever comes from it.
func TestALinkThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.mute = true
	d := newDevice(t, s)
	d.change = func(c *Config) { c.Beat = 30 * time.Millisecond }
	d.start()
	s.until("a second link", func() bool { return s.links >= 2 })
}

func TestWhatIsLeftOfALifeBoundsTheWarning(t *testing.T) {
	t.Parallel()
	p := &timepiece{wall: time.Unix(1e9, 0)}
	a := &agent{clock: p.clock(), Config: Config{Postpone: 5 * time.Minute}}
	a.clock.set(p.wall, a.clock.moment())
	for _, test := range []struct {
		left time.Duration
		off  int
		show time.Duration
		may  bool
	}{
		{15 * time.Minute, 0, time.Minute, true},
		{15 * time.Minute, maxPutOff - 1, time.Minute, true},
		{15 * time.Minute, maxPutOff, time.Minute, false},
		{6 * time.Minute, 0, time.Minute, false},
		{30 * time.Second, 0, 25 * time.Second, false},
		{4 * time.Second, 0, -time.Second, false},
	} {
		w := a.warning(wire.Command{Operation: wire.Restart, WarnSeconds: 60, Language: "es", ExpiresAt: p.wall.Add(test.left)}, test.off)
		if w.For != test.show || w.MayPostpone != test.may || w.Language != "es" {
			t.Errorf("%+v: %+v", test, w)
		}
	}
	if !a.sleepUntil(t.Context(), time.Time{}) {
		t.Error("it waited for the year 1")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if a.sleepUntil(ended, p.wall.Add(time.Hour)) {
		t.Error("the end of the context was not noticed")
	}
}
