package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// Simulated is a System that pretends: no program is started and nothing on
// this machine changes. Everything around it is the real agent.
type Simulated struct {
	cfg SimulatedConfig
	off chan time.Duration

	mu    sync.Mutex
	state simulatedState
}

// SimulatedConfig says what to pretend at first; later the state in Dir counts.
type SimulatedConfig struct {
	Dir           string // keeps the pretended state; empty: in this process only
	Name          string
	System        string
	SystemVersion string
	Accounts      []wire.Account
	Packages      []wire.Package

	Takes       time.Duration // how long an operation takes
	RestartFor  time.Duration // how long the device is away at a restart
	ShutdownFor time.Duration // how long until somebody switches it on again
	Postpones   int           // how many warnings its person puts off
	FailsOnce   string        // the package whose first installation ends without network
	Now         func() time.Time
}

type simulatedState struct {
	BootID    string            `json:"boot_id"`
	BootedAt  time.Time         `json:"booted_at"`
	Accounts  []wire.Account    `json:"accounts"`
	Packages  []wire.Package    `json:"packages"`
	Passwords map[string]string `json:"passwords,omitempty"` // digests, by account
	Locked    []string          `json:"locked,omitempty"`
	Failed    []string          `json:"failed,omitempty"` // packages that failed, as they were to
	Effects   []string          `json:"effects"`          // one line for each effect: operation and id
}

const simulatedFile = "simulated.json"

// NewSimulated opens or makes a pretended device.
func NewSimulated(cfg SimulatedConfig) (*Simulated, error) {
	s := &Simulated{cfg: cfg, off: make(chan time.Duration, 1)}
	if s.cfg.Now == nil {
		s.cfg.Now = time.Now
	}
	s.state = simulatedState{BootID: newBootID(), BootedAt: s.cfg.Now().UTC(), Accounts: cfg.Accounts, Packages: cfg.Packages}
	if cfg.Dir == "" {
		return s, nil
	}
	if err := secureDir(cfg.Dir); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return s, s.save()
	}
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(raw, &s.state)
}

func newBootID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand never fails
	return hex.EncodeToString(raw)
}

func (s *Simulated) path() string { return filepath.Join(s.cfg.Dir, simulatedFile) }

func (s *Simulated) save() error {
	if s.cfg.Dir == "" {
		return nil
	}
	raw, err := json.Marshal(s.state)
	if err != nil {
		return err
	}
	return writeSynced(s.path(), raw)
}

// Facts implements System.
func (s *Simulated) Facts(context.Context) (wire.Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return wire.Facts{
		Name: s.cfg.Name, System: s.cfg.System, SystemVersion: s.cfg.SystemVersion, Simulated: true,
		BootID: s.state.BootID, BootedAt: s.state.BootedAt, Accounts: slices.Clone(s.state.Accounts),
	}, nil
}

// Packages implements System.
func (s *Simulated) Packages(context.Context) ([]wire.Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.Packages), nil
}

// Check implements System by the rules of the system that it pretends to be.
func (s *Simulated) Check(_ context.Context, t Task) *Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := fits(s.cfg.System, t); refusal != nil {
		return refusal
	}
	switch t.Operation {
	case wire.ResetPassword:
		return localAccount(s.state.Accounts, t)
	case wire.Lock, wire.Logout:
		if len(s.sessions(t)) == 0 {
			return &Refusal{Code: wire.CodeNoSession, Text: "nobody is logged in"}
		}
	}
	return nil
}

// Ready implements System: Homebrew waits for somebody to log in.
func (s *Simulated) Ready(_ context.Context, t Task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.Operation != wire.InstallSoftware || s.cfg.System != wire.MacOS || len(s.sessions(Task{})) > 0
}

// Warn implements System: nobody looks, so it is short.
func (s *Simulated) Warn(ctx context.Context, w Warning) bool {
	s.mu.Lock()
	postpones := w.MayPostpone && s.cfg.Postpones > 0
	if postpones {
		s.cfg.Postpones--
	}
	s.mu.Unlock()
	sleep(ctx, min(w.For, s.cfg.Takes))
	return postpones
}

// Off implements Switcher.
func (s *Simulated) Off() <-chan time.Duration { return s.off }

// Do implements System.
func (s *Simulated) Do(ctx context.Context, t Task) Outcome {
	if !sleep(ctx, s.cfg.Takes) {
		return Outcome{Code: wire.CodeInterrupted}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails(t) {
		return s.saved(Outcome{Code: wire.CodeNetwork, Output: "the pretended repository does not answer, this once"})
	}
	s.state.Effects = append(s.state.Effects, t.Operation+" "+t.ID)
	switch t.Operation {
	case wire.Restart:
		s.boot(s.cfg.RestartFor)
	case wire.Shutdown:
		s.boot(s.cfg.ShutdownFor)
	case wire.Lock:
		s.state.Locked = s.sessions(t)
	case wire.Logout:
		for _, i := range s.indexes(t) {
			s.state.Accounts[i].LoggedIn = false
		}
	case wire.ResetPassword:
		if s.state.Passwords == nil {
			s.state.Passwords = map[string]string{}
		}
		sum := sha256.Sum256(t.Secret)
		s.state.Passwords[t.Account] = hex.EncodeToString(sum[:8])
	case wire.InstallSoftware:
		s.install(t.Package)
	default:
		return Outcome{Code: wire.CodeNotSupported}
	}
	return s.saved(Outcome{OK: true})
}

// saved is the outcome, once the disk has what led to it.
func (s *Simulated) saved(o Outcome) Outcome {
	if err := s.save(); err != nil {
		return Outcome{Code: wire.CodeFailed, Output: err.Error()}
	}
	return o
}

// fails tells whether this is the installation that is to go wrong.
func (s *Simulated) fails(t Task) bool {
	if t.Package == nil || s.cfg.FailsOnce == "" {
		return false
	}
	id := bare(t.Package.ID)
	if !strings.EqualFold(id, s.cfg.FailsOnce) || slices.Contains(s.state.Failed, id) {
		return false
	}
	s.state.Failed = append(s.state.Failed, id)
	return true
}

// boot goes off and on: logged in again, as people are in the morning.
func (s *Simulated) boot(away time.Duration) {
	s.state.BootID, s.state.BootedAt, s.state.Locked = newBootID(), s.cfg.Now().Add(away).UTC(), nil
	for i := range s.state.Accounts {
		s.state.Accounts[i].LoggedIn = i < len(s.cfg.Accounts) && s.cfg.Accounts[i].LoggedIn
	}
	select {
	case s.off <- away:
	default:
	}
}

func (s *Simulated) install(p *Package) {
	id, v := bare(p.ID), p.Version
	if v == "" {
		v = "1.0.0"
	}
	s.state.Packages = slices.DeleteFunc(s.state.Packages, func(q wire.Package) bool {
		return q.Manager == p.Manager && strings.EqualFold(q.ID, id)
	})
	s.state.Packages = append(s.state.Packages, wire.Package{Manager: p.Manager, ID: id, Version: v})
}

// indexes are the accounts that are logged in and meant: all without a name.
func (s *Simulated) indexes(t Task) []int {
	var found []int
	for i, a := range s.state.Accounts {
		if a.LoggedIn && (t.Account == "" || a.Name == t.Account) {
			found = append(found, i)
		}
	}
	return found
}

func (s *Simulated) sessions(t Task) []string {
	var names []string
	for _, i := range s.indexes(t) {
		names = append(names, s.state.Accounts[i].Name)
	}
	return names
}

// Effects lists what it did, in order, for tests.
func (s *Simulated) Effects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.Effects)
}

// PasswordIs tells whether the account was given this password, for tests.
func (s *Simulated) PasswordIs(account string, password []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(password)
	return bytes.Equal([]byte(s.state.Passwords[account]), []byte(hex.EncodeToString(sum[:8])))
}
