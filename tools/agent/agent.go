// Package agent is what runs on a person's device: it holds the link to the
// portal, takes signed commands, and does one of six operations that are built
// in. There is no "run this text".
//
// Rules that hold everywhere in here:
//
//   - A command is obeyed once. Its id is on the disk, synced, before its
//     effect begins; an id that is known is answered from memory and never run
//     again, whatever happened in between. What was cut off in the middle is
//     reported as interrupted, not tried anew.
//   - Programs are started by their absolute path with a list of arguments,
//     never through a shell, with a clean environment, a time limit and capped
//     output. Secrets go by standard input.
//   - The keys are made here and never leave.
//
// It imports the protocol and libraries, and nothing of the server.
package agent

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// Version is what the agent says that it is; the build may set it.
var Version = "dev"

// System is one device's operating system, real or simulated.
type System interface {
	// Facts tells what the device is now. The link fills in agent and version.
	Facts(ctx context.Context) (wire.Facts, error)
	// Packages tells what is installed.
	Packages(ctx context.Context) ([]wire.Package, error)
	// Check refuses a task before anything is asked or waited for; nil when it
	// may be done. Its refusal needs no effect to have begun.
	Check(ctx context.Context, t Task) *Refusal
	// Ready reports whether the task can be done now; false: wait, for instance
	// for somebody to log in.
	Ready(ctx context.Context, t Task) bool
	// Warn tells whoever is logged in what is about to happen, for at most the
	// given time, and returns true when one of them puts it off.
	Warn(ctx context.Context, w Warning) (postponed bool)
	// Do has the effect. It is called at most once for an id.
	Do(ctx context.Context, t Task) Outcome
}

// Switcher is a System that can say that its device went off, as a simulated
// one does: the value is how long it stays away.
type Switcher interface {
	Off() <-chan time.Duration
}

// Task is a command that was found good, with its secrets opened.
type Task struct {
	ID         string
	Operation  string
	Account    string
	AccountSID string
	Package    *Package
	Secret     []byte // the new password
}

// Package is what to install, from where.
type Package struct {
	Manager, ID, Version string
	SourceURL            string
	User, Password       string // of the private source
}

// Warning is shown before a device goes off.
type Warning struct {
	Operation    string
	Language     string // of the person who asked; empty or unknown: the system's
	For          time.Duration
	MayPostpone  bool
	PostponedFor time.Duration
}

// Refusal is why a task is not done: one of the codes of wire.
type Refusal struct {
	Code string
	Text string
}

// Outcome is what came of a task.
type Outcome struct {
	OK       bool
	Code     string
	ExitCode int
	Output   string
}

func (r *Refusal) outcome() Outcome { return Outcome{Code: r.Code, Output: r.Text} }

// Config is what an agent needs to run.
type Config struct {
	// Dir holds the identity and the memory of commands. Empty: Identity is
	// given and the memory ends with the process, as tests want it.
	Dir      string
	Identity *Identity // read from Dir when nil
	System   System    // the device's own when nil
	Log      *slog.Logger
	Now      func() time.Time

	// For tests and the demo; the zero values are right everywhere else.
	HTTP      *http.Client
	Backoff   time.Duration // the shortest wait before a new link
	Settle    time.Duration // how long a restart may take to begin
	Postpone  time.Duration // how long a person puts a restart off
	Inventory time.Duration // between two looks at what is installed
	Beat      time.Duration // between two heartbeats
	SinceBoot func() time.Duration
}

// ErrRevoked ends Run: the portal does not know this device any more.
var ErrRevoked = errors.New("this device is no longer part of the portal: enrol it again")

const (
	defaultBackoff   = time.Second
	maxBackoff       = 2 * time.Minute
	defaultSettle    = 3 * time.Minute
	defaultPostpone  = 5 * time.Minute
	defaultInventory = time.Minute
)

// Run keeps the link up and does what it is told until ctx ends or the device
// is revoked.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.filled()
	if err != nil {
		return err
	}
	for {
		a, err := newAgent(cfg)
		if err != nil {
			return err
		}
		away, err := a.live(ctx)
		if err != nil || ctx.Err() != nil {
			return err
		}
		// A simulated device went off and comes back as a new process would.
		if !sleep(ctx, away) {
			return nil
		}
	}
}

func (c Config) filled() (Config, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Identity == nil {
		id, err := LoadIdentity(c.Dir)
		if err != nil {
			return c, err
		}
		c.Identity = id
	}
	if c.System == nil {
		c.System = Native()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SinceBoot == nil {
		c.SinceBoot = sinceBoot
	}
	if c.HTTP == nil {
		c.HTTP = httpClient()
	}
	c.Beat = either(c.Beat, wire.BeatEvery)
	c.Backoff = either(c.Backoff, defaultBackoff)
	c.Settle = either(c.Settle, defaultSettle)
	c.Postpone = either(c.Postpone, defaultPostpone)
	c.Inventory = either(c.Inventory, defaultInventory)
	return c, nil
}

func either(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// sleep waits and tells whether the context is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}
