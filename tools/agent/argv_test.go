package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

var update = flag.Bool("update", false, "writes the golden files")

// recorder is a Runner that starts nothing. It answers by what a program's
// arguments begin with.
type recorder struct {
	mu      sync.Mutex
	calls   []Call
	answers map[string]Exit
	after   Exit // what a recorded program answers
}

func (r *recorder) Run(_ context.Context, c Call) (Exit, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := c.Path + " " + strings.Join(c.Args, " ")
	for begin, exit := range r.answers {
		if strings.HasPrefix(line, begin) {
			return exit, nil
		}
	}
	r.calls = append(r.calls, c)
	return r.after, nil
}

func noFacts(context.Context) (wire.Facts, error) { return wire.Facts{Name: "LAPTOP-7"}, nil }

const anaSID = "S-1-5-21-1-2-3-1001"

func testWindows(r Runner) *windowsOS {
	return &windowsOS{
		run: r, base: noFacts, exists: func(string) bool { return true },
		sessions: func() []windowsSession { return []windowsSession{{2, "LAPTOP-7", "ana"}, {3, "CORP", "ben"}} },
		message:  func(int, string, string, time.Duration, bool) bool { return true },
		locale:   func() string { return "fr-FR" },
		system32: `C:\Windows\System32`, data: `C:\ProgramData`, self: `C:\Program Files\Conserje\conserje-agent.exe`,
	}
}

func testMac(r Runner) *macOS {
	return &macOS{
		run: r, base: noFacts, console: func() int { return 501 },
		exists: func(path string) bool { return path == "/opt/homebrew/bin/brew" },
	}
}

func testLinux(t *testing.T, r Runner) *linuxOS {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	passwd := "root:x:0:0::/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/bash\nwww:x:33:33::/:/usr/sbin/nologin\n"
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte(passwd), 0o644); err != nil {
		t.Fatal(err)
	}
	return &linuxOS{run: r, base: noFacts, root: root}
}

const brewList = "/bin/launchctl asuser 501 /usr/bin/sudo -n -H -u #501 -- /usr/bin/env PATH"

// answers are what the systems' own programs say.
func answers(system string) map[string]Exit {
	switch system {
	case wire.Windows:
		return map[string]Exit{`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoLogo -NoProfile -NonInteractive -Command ` + accountsScript: {
			Output: `[{"name":"ana","sid":"` + anaSID + `","source":"Local"},{"name":"cleo","sid":"S-1-5-21-1-2-3-1002","source":"MicrosoftAccount"}]`,
		}}
	case wire.MacOS:
		return map[string]Exit{
			"/usr/bin/dscl /Local/Default -list /Users UniqueID":         {Output: "_www 70\nana 501\nben 502\nroot 0\n"},
			"/usr/bin/dscl /Local/Default -list /Users OriginalNodeName": {Output: "ben /Active Directory/CORP\n"},
		}
	}
	return map[string]Exit{"/usr/bin/loginctl list-sessions": {Output: "  2 1000 ana seat0 tty2\n c1 42 gdm seat0 tty1\n 7 5001 CORP\\ben seat0\n $(reboot) 1000 ana\n"}}
}

func systems(t *testing.T) map[string]func(Runner) System {
	return map[string]func(Runner) System{
		wire.Windows: func(r Runner) System { return testWindows(r) },
		wire.MacOS:   func(r Runner) System { return testMac(r) },
		wire.Linux:   func(r Runner) System { return testLinux(t, r) },
	}
}

func tasks(system string) map[string]Task {
	sid := map[string]string{wire.Windows: anaSID, wire.MacOS: "501", wire.Linux: "1000"}[system]
	all := map[string]Task{
		"1 restart":        {Operation: wire.Restart},
		"2 shutdown":       {Operation: wire.Shutdown},
		"3 lock":           {Operation: wire.Lock, Account: "ana"},
		"4 logout":         {Operation: wire.Logout, Account: "ana"},
		"5 reset_password": {Operation: wire.ResetPassword, Account: "ana", AccountSID: sid, Secret: []byte("Correct-Horse-7")},
	}
	private := Package{SourceURL: "https://packages.acme.example/nuget/", User: "device", Password: "canary-password"}
	add := func(name, manager, id, version string, source bool) {
		p := Package{}
		if source {
			p = private
		}
		p.Manager, p.ID, p.Version = manager, id, version
		all[name] = Task{Operation: wire.InstallSoftware, Package: &p}
	}
	switch system {
	case wire.Windows:
		add("6 install newest", wire.Chocolatey, "vlc", "", false)
		add("7 install version", wire.Chocolatey, "vlc", "3.0.21", false)
		add("8 install private", wire.Chocolatey, "acme-vpn", "", true)
	case wire.MacOS:
		add("6 install formula", wire.HomebrewFormula, "wget", "", false)
		add("7 install cask", wire.HomebrewCask, "vlc", "", false)
		add("8 install private", wire.HomebrewCask, "acme-vpn", "", true)
	default:
		add("6 install", wire.HomebrewFormula, "wget", "", false)
	}
	return all
}

// Holds R13.
func TestEveryOperationsArgumentsOnEverySystem(t *testing.T) {
	t.Parallel()
	for system, open := range systems(t) {
		type done struct {
			Refused string `json:"refused,omitempty"`
			OK      bool   `json:"ok"`
			Calls   []Call `json:"calls,omitempty"`
		}
		got := map[string]done{}
		for name, task := range tasks(system) {
			r := &recorder{answers: answers(system)}
			s := open(r)
			if refusal := s.Check(t.Context(), task); refusal != nil {
				got[name] = done{Refused: refusal.Code}
				continue
			}
			r.calls = nil
			o := s.Do(t.Context(), task)
			got[name] = done{OK: o.OK, Calls: r.calls}
			for _, c := range r.calls {
				for _, arg := range append(c.Args, c.Path) {
					if strings.Contains(arg, "Correct-Horse-7") || strings.Contains(arg, "canary-password") {
						t.Errorf("%s %s: a secret is an argument: %q", system, name, arg)
					}
				}
			}
		}
		var raw bytes.Buffer
		enc := json.NewEncoder(&raw)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(got); err != nil {
			t.Fatal(err)
		}
		golden(t, system+".golden.json", raw.Bytes())
	}
}

// golden compares with what is committed.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		_ = os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs; see with -update", path)
	}
}

func TestOnlyLocalAccountsArePeoplesOwn(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		wire.Windows: `[{"name":"ana","sid":"` + anaSID + `","kind":"local","logged_in":true},{"name":"cleo","sid":"S-1-5-21-1-2-3-1002","kind":"cloud"},{"name":"CORP\\ben","kind":"domain","logged_in":true}]`,
		wire.MacOS:   `[{"name":"ana","sid":"501","kind":"local","logged_in":true},{"name":"ben","sid":"502","kind":"domain"}]`,
		wire.Linux:   `[{"name":"ana","sid":"1000","kind":"local","logged_in":true},{"name":"CORP\\ben","sid":"5001","kind":"domain","logged_in":true}]`,
	}
	for system, open := range systems(t) {
		s := open(&recorder{answers: answers(system)})
		f, err := s.Facts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if raw, _ := json.Marshal(f.Accounts); string(raw) != want[system] {
			t.Errorf("%s: %s", system, raw)
		}
		for _, a := range f.Accounts {
			refusal := s.Check(t.Context(), Task{Operation: wire.ResetPassword, Account: a.Name, AccountSID: a.SID, Secret: []byte("Correct-Horse-7")})
			if (refusal == nil) != (a.Kind == wire.AccountLocal) {
				t.Errorf("%s %s (%s): %+v", system, a.Name, a.Kind, refusal)
			}
		}
	}
}

func TestInstallersExitCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		exit Exit
		ok   bool
		code string
	}{
		{Exit{}, true, ""},
		{Exit{Code: 1605}, true, ""},
		{Exit{Code: 1614}, true, ""},
		{Exit{Code: 1641}, true, wire.CodeRestartNeeded},
		{Exit{Code: 3010}, true, wire.CodeRestartNeeded},
		{Exit{Code: 1618}, false, wire.CodeBusy},
		{Exit{Code: 112}, false, wire.CodeDiskFull},
		{Exit{Code: 1, Output: "vlcc was not found with the source(s) listed."}, false, wire.CodePackage},
		{Exit{Code: 1, Output: "The remote name could not be resolved: 'x' remote name could not be resolved"}, false, wire.CodeNetwork},
		{Exit{Code: 1603, Output: "canary-password"}, false, wire.CodeExit},
	} {
		r := &recorder{answers: map[string]Exit{`C:\ProgramData\chocolatey\bin\choco.exe install`: test.exit}}
		o := testWindows(r).Do(t.Context(), Task{Operation: wire.InstallSoftware, Package: &Package{
			Manager: wire.Chocolatey, ID: "vlc", SourceURL: "https://packages.acme.example/", User: "u", Password: "canary-password",
		}})
		if o.OK != test.ok || o.Code != test.code || strings.Contains(o.Output, "canary") {
			t.Errorf("%+v: %+v", test.exit, o)
		}
	}
	r := &recorder{answers: map[string]Exit{brewList: {Code: 1, Output: `Error: No available formula with the name "wgett".`}}}
	if o := testMac(r).Do(t.Context(), Task{Operation: wire.InstallSoftware, Package: &Package{Manager: wire.HomebrewFormula, ID: "wgett"}}); o.Code != wire.CodePackage {
		t.Errorf("homebrew: %+v", o)
	}
}
