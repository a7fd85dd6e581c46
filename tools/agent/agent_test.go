package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/conserje/conserje/tools/devices/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is a simulated one with the real agent around it.
type device struct {
	t      *testing.T
	s      *server
	dir    string
	system *Simulated
	change func(*Config)
	stop   func() error
}

func newDevice(t *testing.T, s *server, change ...func(*SimulatedConfig)) *device {
	t.Helper()
	cfg := SimulatedConfig{
		Dir: t.TempDir(), Name: "LAPTOP-7", System: wire.Windows,
		Accounts: []wire.Account{
			{Name: "ana", SID: "S-1-5-21-1-2-3-1001", Kind: wire.AccountLocal, LoggedIn: true},
			{Name: `CORP\ben`, Kind: wire.AccountDomain},
		},
		Packages:   []wire.Package{{Manager: wire.Chocolatey, ID: "7zip", Version: "24.9"}},
		RestartFor: 50 * time.Millisecond, ShutdownFor: 50 * time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	if err := os.Chmod(cfg.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	system, err := NewSimulated(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Enrol(t.Context(), Enrolment{Server: s.http.URL, Token: "good", Dir: cfg.Dir, System: system, HTTP: s.http.Client()}); err != nil {
		t.Fatal(err)
	}
	return &device{t: t, s: s, dir: cfg.Dir, system: system}
}

func (d *device) start() *device {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	client := httpClient()
	cfg := Config{
		Dir: d.dir, System: d.system, HTTP: client, Backoff: 10 * time.Millisecond, Settle: 300 * time.Millisecond,
		Postpone: 20 * time.Millisecond, Inventory: 20 * time.Millisecond,
	}
	if d.change != nil {
		d.change(&cfg)
	}
	go func() { done <- Run(ctx, cfg) }()
	ended := false
	d.stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		err := <-done
		client.CloseIdleConnections()
		return err
	}
	d.t.Cleanup(func() {
		if err := d.stop(); err != nil && !strings.Contains(err.Error(), "no longer part") {
			d.t.Errorf("run: %v", err)
		}
	})
	return d
}

func TestARestartIsReportedByTheNewBoot(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s).start()
	s.send(s.command(1, wire.Restart))
	r := s.result(actionID(1))
	if !r.OK || r.Evidence.BootIDBefore == "" || r.Evidence.BootIDBefore == r.Evidence.BootIDAfter {
		t.Errorf("result: %+v", r)
	}
	s.until("a second link", func() bool { return s.links == 2 })
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

func TestEveryOperationEndsWithItsEvidence(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s).start()
	s.send(s.command(1, wire.Lock))
	s.send(s.command(2, wire.InstallSoftware, func(c *wire.Command) {
		c.Package = &wire.PackageSpec{Manager: wire.Chocolatey, ID: "vlc", Version: "3.0.21"}
	}))
	s.send(s.command(3, wire.ResetPassword, func(c *wire.Command) {
		c.Account, c.AccountSID = "ana", "S-1-5-21-1-2-3-1001"
		c.SealedSecret = s.seal(wire.SecretPassword, c.ID, "Correct-Horse-7")
	}))
	if r := s.result(actionID(1)); !r.OK || len(r.Evidence.Sessions) != 1 {
		t.Errorf("lock: %+v", r)
	}
	if r := s.result(actionID(2)); !r.OK || !slices.Contains(r.Evidence.Packages, wire.Package{Manager: wire.Chocolatey, ID: "vlc", Version: "3.0.21"}) {
		t.Errorf("install: %+v", r)
	}
	// Before the shut-down: the link after it begins with a full inventory.
	s.until("the new package in a delta", func() bool {
		return slices.ContainsFunc(s.frames, func(f wire.Frame) bool {
			i, ok := f.(*wire.Inventory)
			return ok && !i.Full && len(i.Packages) == 1 && i.Packages[0].ID == "vlc"
		})
	})
	if r := s.result(actionID(3)); !r.OK || !d.system.PasswordIs("ana", []byte("Correct-Horse-7")) {
		t.Errorf("password: %+v", r)
	}
	s.send(s.command(4, wire.Logout, func(c *wire.Command) { c.Account = "ana" }))
	if r := s.result(actionID(4)); !r.OK || len(r.Evidence.Sessions) != 0 {
		t.Errorf("logout: %+v", r)
	}
	s.send(s.command(5, wire.Shutdown))
	if r := s.result(actionID(5)); !r.OK {
		t.Errorf("shutdown: %+v", r)
	}
	// What was secret stands nowhere in the agent's folder.
	_ = filepath.WalkDir(d.dir, func(path string, e os.DirEntry, _ error) error {
		if raw, err := os.ReadFile(path); err == nil && strings.Contains(string(raw), "Correct-Horse-7") {
			t.Errorf("the password stands in %s", path)
		}
		return nil
	})
}

func TestWhatWasJustInstalledIsToldAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s)
	d.change = func(c *Config) { c.Inventory = time.Hour }
	d.start()
	s.send(s.command(1, wire.InstallSoftware, func(c *wire.Command) {
		c.Package = &wire.PackageSpec{Manager: wire.Chocolatey, ID: "vlc"}
	}))
	s.until("the package in a delta", func() bool {
		return slices.ContainsFunc(s.frames, func(f wire.Frame) bool {
			i, ok := f.(*wire.Inventory)
			return ok && !i.Full && len(i.Packages) == 1 && i.Packages[0].ID == "vlc"
		})
	})
}

func TestAPretendedInstallationGoesWrongOnceWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s, func(c *SimulatedConfig) { c.FailsOnce = "vlc" }).start()
	for i, want := range []string{wire.CodeNetwork, wire.CodeOK} {
		s.send(s.command(i+1, wire.InstallSoftware, func(c *wire.Command) {
			c.Package = &wire.PackageSpec{Manager: wire.Chocolatey, ID: "vlc"}
		}))
		if r := s.result(actionID(i + 1)); r.Code != want || r.OK != (want == wire.CodeOK) {
			t.Errorf("%d: %+v", i+1, r)
		}
	}
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

func TestForgedForeignAndExpiredCommandsAreRefusedAndReported(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s).start()
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	forged, err := wire.SignCommand(stranger, s.command(1, wire.Lock))
	if err != nil {
		t.Fatal(err)
	}
	s.sendEnvelope(forged)
	changed, _ := wire.SignCommand(s.key, s.command(2, wire.Lock))
	changed.Payload = []byte(strings.Replace(string(changed.Payload), `"lock"`, `"restart"`, 1))
	s.sendEnvelope(changed)
	s.send(s.command(3, wire.Lock, func(c *wire.Command) { c.Device = actionID(99) }))
	s.send(s.command(4, wire.Lock, func(c *wire.Command) {
		c.IssuedAt, c.ExpiresAt = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}))
	report, err := wire.SignResult(s.key, wire.Result{ID: actionID(5), Device: testDevice, OK: true})
	if err != nil {
		t.Fatal(err)
	}
	s.sendEnvelope(report) // a signed result is no command
	for n := 1; n <= 5; n++ {
		if r := s.result(actionID(n)); r.OK || r.Code != wire.CodeBadCommand {
			t.Errorf("command %d: %+v", n, r)
		}
	}
	if got := d.system.Effects(); len(got) != 0 {
		t.Errorf("effects: %v", got)
	}
	// A forged command burns no id: the real one still works.
	s.send(s.command(1, wire.Lock))
	s.until("the real command's result", func() bool { n := s.results[actionID(1)]; return n[len(n)-1].OK })
}

func TestAKnownIdNeverRunsAgainAlsoAfterARestartOfTheAgent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s).start()
	e := s.send(s.command(1, wire.Lock))
	first := s.result(actionID(1))
	s.sendEnvelope(e)
	s.until("the stored result again", func() bool { return len(s.results[actionID(1)]) >= 2 })
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	s.until("no link", func() bool { return s.conn == nil })
	d.start()
	s.sendEnvelope(e)
	s.until("the stored result once more", func() bool { return len(s.results[actionID(1)]) >= 3 })
	if again := s.result(actionID(1)); !again.EndedAt.Equal(first.EndedAt) {
		t.Errorf("another result: %+v, first %+v", again, first)
	}
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

func TestWhatIsNotForThisDeviceSaysWhy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	newDevice(t, s).start()
	reset := func(account, sid, secret string) func(*wire.Command) {
		return func(c *wire.Command) {
			c.Account, c.AccountSID, c.SealedSecret = account, sid, s.seal(wire.SecretPassword, c.ID, secret)
		}
	}
	for n, test := range []struct {
		operation, code string
		change          func(*wire.Command)
	}{
		{wire.ResetPassword, wire.CodeAccount, reset(`CORP\ben`, "", "Correct-Horse-7")},
		{wire.ResetPassword, wire.CodeAccount, reset("zoe", "", "Correct-Horse-7")},
		{wire.ResetPassword, wire.CodeAccount, reset("ana", "S-1-5-21-1-2-3-9999", "Correct-Horse-7")},
		{wire.ResetPassword, wire.CodeAccount, reset("ana; reboot", "", "Correct-Horse-7")},
		{wire.ResetPassword, wire.CodeSecret, reset("ana", "", "two\nlines-1")},
		{wire.ResetPassword, wire.CodeSecret, func(c *wire.Command) {
			c.Account, c.SealedSecret = "ana", s.seal(wire.SecretPassword, actionID(77), "Correct-Horse-7")
		}},
		{wire.InstallSoftware, wire.CodeNotSupported, func(c *wire.Command) {
			c.Package = &wire.PackageSpec{Manager: wire.HomebrewCask, ID: "vlc"}
		}},
		{wire.InstallSoftware, wire.CodeBadCommand, func(c *wire.Command) {
			c.Package = &wire.PackageSpec{Manager: wire.Chocolatey, ID: "vlc --source evil"}
		}},
		{wire.Lock, wire.CodeNoSession, func(c *wire.Command) { c.Account = "zoe" }},
	} {
		s.send(s.command(n, test.operation, test.change))
		if r := s.result(actionID(n)); r.OK || r.Code != test.code {
			t.Errorf("%d %s: %+v, want %s", n, test.operation, r, test.code)
		}
	}
}

// Holds P8.
func TestAPersonPutsARestartOffUntilItsDeadline(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s, func(c *SimulatedConfig) { c.Postpones, c.Takes = 2, 5*time.Millisecond }).start()
	s.send(s.command(1, wire.Restart, func(c *wire.Command) { c.WarnSeconds = 1 }))
	if r := s.result(actionID(1)); !r.OK {
		t.Errorf("after two postponements: %+v", r)
	}
	s.mu.Lock()
	postponed := 0
	for _, f := range s.frames {
		if p, ok := f.(*wire.Progress); ok && p.State == wire.ProgressPostponed {
			postponed++
		}
	}
	s.mu.Unlock()
	if postponed != 2 {
		t.Errorf("postponed %d times", postponed)
	}
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

func TestHomebrewWaitsForSomebodyToLogInAndSaysSoAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s, func(c *SimulatedConfig) { c.System, c.Accounts = wire.MacOS, nil }).start()
	s.send(s.command(1, wire.InstallSoftware, func(c *wire.Command) {
		c.Package, c.ExpiresAt = &wire.PackageSpec{Manager: wire.HomebrewCask, ID: "vlc"}, time.Now().Add(400*time.Millisecond)
	}))
	if r := s.result(actionID(1)); r.OK || r.Code != wire.CodeNoSession {
		t.Errorf("result: %+v", r)
	}
	if got := d.system.Effects(); len(got) != 0 {
		t.Errorf("effects: %v", got)
	}
}

func TestExpiryIsByTheServersClock(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.clockBy = -2 * time.Hour
	newDevice(t, s).start()
	s.send(s.command(1, wire.Lock))
	if r := s.result(actionID(1)); !r.OK {
		t.Errorf("a device two hours ahead refused a good command: %+v", r)
	}
}

// Whoever can answer in the server's place cannot turn the clock back to have
// an expired command done.
func TestAClockThatTheServerDidNotSignRevivesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.clockBy = -2 * time.Hour
	_, s.clockKey, _ = ed25519.GenerateKey(rand.Reader)
	d := newDevice(t, s).start()
	s.send(s.command(1, wire.Lock))
	if r := s.result(actionID(1)); r.OK || r.Code != wire.CodeBadCommand {
		t.Errorf("a command that expired two hours ago: %+v", r)
	}
	if got := d.system.Effects(); len(got) != 0 {
		t.Errorf("effects: %v", got)
	}
}

func TestARevokedDeviceStopsTrying(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.revoked = true
	d := newDevice(t, s)
	err := Run(t.Context(), Config{Dir: d.dir, System: d.system, HTTP: s.http.Client(), Backoff: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "no longer part") {
		t.Errorf("run: %v", err)
	}
}

func TestAFolderThatOthersMayEnterIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s)
	for _, mode := range []os.FileMode{0o755, 0o770, 0o707} {
		if err := os.Chmod(d.dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIdentity(d.dir); err == nil || !strings.Contains(err.Error(), "0700") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	_ = os.Chmod(d.dir, 0o700)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(d.dir, link); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(link); err == nil {
		t.Error("a symbolic link was taken for the folder")
	}
	if os.Geteuid() == 0 {
		_ = os.Chown(d.dir, 12345, -1)
		if _, err := LoadIdentity(d.dir); err == nil || !strings.Contains(err.Error(), "another account") {
			t.Errorf("another owner: %v", err)
		}
	}
}

func TestPlainHTTPIsForThisMachineOnlyAndNothingSwitchesVerificationOff(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://help.acme.example": true, "http://localhost:8080": true, "http://127.0.0.1:1": true, "http://demo.localhost": true,
		"http://help.acme.example": false, "http://localhost.evil.example": false, "ftp://localhost": false, "https://a:b@help.example": false, "help.example": false,
	} {
		if _, err := checkServer(address); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
	files, _ := filepath.Glob("*.go")
	for _, name := range files {
		if raw, err := os.ReadFile(name); err == nil && strings.Contains(string(raw), "Insecure"+"SkipVerify") {
			t.Errorf("%s can switch verification off", name)
		}
	}
}

func TestEnrolmentSaysWhyItWasRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	system, err := NewSimulated(SimulatedConfig{Name: "x", System: wire.Linux})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Enrol(t.Context(), Enrolment{Server: s.http.URL, Token: "used", System: system, HTTP: s.http.Client()})
	if err == nil || !strings.Contains(err.Error(), "the token is used up") {
		t.Errorf("enrol: %v", err)
	}
}

func TestADamagedRecordStillBlocksItsId(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, memoryFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, memoryFolder, actionID(1)+".json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := openMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.accept(record{ID: actionID(1)}); err == nil {
		t.Error("an id whose record is damaged was accepted again")
	}
	raw, _ := json.Marshal(m.where(func(record) bool { return true }))
	if !strings.Contains(string(raw), begun) {
		t.Errorf("memory: %s", raw)
	}
}
