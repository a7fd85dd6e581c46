//go:build linux

package agent

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/tools/devices/wire"
)

// standIn is every program in the chroot: it notes how it was started.
const standIn = `package main

import ("encoding/json"; "fmt"; "io"; "os")

func main() {
	in, _ := io.ReadAll(os.Stdin)
	f, err := os.OpenFile("/log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil { panic(err) }
	line, _ := json.Marshal(map[string]any{"path": os.Args[0], "args": os.Args[1:], "stdin": string(in), "env": os.Environ()})
	fmt.Fprintln(f, string(line))
	f.Close()
	if len(os.Args) > 1 && os.Args[1] == "list-sessions" { fmt.Println("  2 1000 ana seat0 tty2") }
}
`

type started struct {
	Path  string   `json:"path"`
	Args  []string `json:"args"`
	Stdin string   `json:"stdin"`
	Env   []string `json:"env"`
}

// chroot makes a root that has stand-ins for all programs, shells among them.
func chroot(t *testing.T) (root string, log func() []started) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the root")
	}
	root = t.TempDir()
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(standIn), 0o600); err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(root, "standin")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, path := range []string{systemctl, loginctl, chpasswd, chage, wall, launchctl, sudo, env, "/bin/sh", "/bin/bash", "/usr/bin/sh"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(built, filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.MkdirAll(filepath.Join(root, "etc"), 0o755)
	_ = os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("ana:x:1000:1000::/home/ana:/bin/bash\n"), 0o644)
	return root, func() []started {
		raw, _ := os.ReadFile(filepath.Join(root, "log"))
		_ = os.Remove(filepath.Join(root, "log"))
		var all []started
		for line := range strings.Lines(string(raw)) {
			var s started
			if json.Unmarshal([]byte(line), &s) == nil {
				all = append(all, s)
			}
		}
		return all
	}
}

func TestTheRealLinuxExecutorAgainstStandInsInAChroot(t *testing.T) {
	t.Parallel()
	root, log := chroot(t)
	l := &linuxOS{run: programs{root: root}, root: root, base: noFacts}
	list := "/usr/bin/loginctl list-sessions --no-legend --no-pager"
	for name, test := range map[string]struct {
		task Task
		want []string
	}{
		"restart":  {Task{Operation: wire.Restart}, []string{"/usr/bin/systemctl --no-ask-password reboot"}},
		"shutdown": {Task{Operation: wire.Shutdown}, []string{"/usr/bin/systemctl --no-ask-password poweroff"}},
		"lock":     {Task{Operation: wire.Lock, Account: "ana"}, []string{list, list, "/usr/bin/loginctl lock-session 2"}},
		"logout":   {Task{Operation: wire.Logout, Account: "ana"}, []string{list, list, "/usr/bin/loginctl terminate-session 2"}},
		"password": {
			Task{Operation: wire.ResetPassword, Account: "ana", AccountSID: "1000", Secret: []byte("Correct-Horse-7")},
			[]string{list, "/usr/sbin/chpasswd < ana:Correct-Horse-7", "/usr/bin/chage --lastday 0 -- ana"},
		},
	} {
		if refusal := l.Check(t.Context(), test.task); refusal != nil {
			t.Fatalf("%s: %+v", name, refusal)
		}
		if o := l.Do(t.Context(), test.task); !o.OK {
			t.Errorf("%s: %+v", name, o)
		}
		var got []string
		for _, s := range log() {
			line := strings.TrimSpace(s.Path + " " + strings.Join(s.Args, " "))
			if s.Stdin != "" {
				line += " < " + strings.TrimSpace(s.Stdin)
			}
			got = append(got, line)
			if !slices.Equal(s.Env, cleanEnvironment()) {
				t.Errorf("%s: environment %v", name, s.Env)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
		}
	}
}

// hostile are texts that would do something in a shell.
func hostile(t *testing.T) []string {
	t.Helper()
	list := []string{
		"vlc;reboot", "vlc && reboot", "$(reboot)", "`reboot`", "vlc\nreboot", "-y", "--source=evil", "--override", "-e", `\\evil\share\vlc`,
		"../../vlc", "vlс", "vlc\x00", "vlc|sh", "https://evil.example/vlc.nupkg", "vlc 'x'", `vlc"x"`, "%COMSPEC%", "vlc\u202e", "%0Areboot", "",
	}
	folder := os.Getenv("CONSERJE_SHARED")
	if folder == "" {
		return list
	}
	files, _ := filepath.Glob(filepath.Join(folder, "data/security/fuzzdb/os-cmd-*"))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			list = append(list, lines.Text())
		}
		_ = f.Close()
	}
	return list
}

func TestPackageIdsNeverReachAShell(t *testing.T) {
	t.Parallel()
	root, log := chroot(t)
	mac := testMac(programs{root: root})
	ids := hostile(t)
	refused := 0
	for _, id := range ids {
		for _, manager := range []string{wire.Chocolatey, wire.HomebrewFormula, wire.HomebrewCask} {
			p := &Package{Manager: manager, ID: id}
			if p.check() != nil {
				refused++
			} else if strings.ContainsAny(id, " \t\n;|&$`'\"\\<>(){}[]*?!#~%^=,:") || strings.HasPrefix(id, "-") {
				t.Errorf("%s: %q passes for a package", manager, id)
			}
		}
		if strings.ContainsRune(id, 0) {
			continue // no system takes a zero byte in an argument
		}
		// Even past the check it stays one argument of one program.
		o := mac.install(t.Context(), &Package{Manager: wire.HomebrewFormula, ID: id})
		calls := log()
		if !o.OK || len(calls) != 1 || calls[0].Path != launchctl || calls[0].Args[len(calls[0].Args)-1] != id {
			t.Errorf("%q: %+v %+v", id, o, calls)
		}
		r := &recorder{}
		testWindows(r).Do(t.Context(), Task{Operation: wire.InstallSoftware, Package: &Package{Manager: wire.Chocolatey, ID: id}})
		if len(r.calls) != 1 || len(r.calls[0].Args) != 6 || r.calls[0].Args[1] != id {
			t.Errorf("chocolatey %q: %+v", id, r.calls)
		}
	}
	t.Logf("%d texts, %d of %d refused by name; the rest are plain words", len(ids), refused, 3*len(ids))
}

func TestAProgramIsCutAtItsTimeLimitAndItsWordsAreCapped(t *testing.T) {
	t.Parallel()
	_, err := programs{}.Run(t.Context(), Call{Path: "/bin/sleep", Args: []string{"30"}, Within: 50_000_000})
	if o := outcome(Exit{}, err); o.Code != wire.CodeTimeout {
		t.Errorf("sleep: %v, %+v", err, o)
	}
	exit, err := programs{}.Run(t.Context(), Call{Path: "/usr/bin/seq", Args: []string{"1", "200000"}, Within: quick})
	if err != nil || len(exit.Output) > maxCaptured+10 || !strings.HasSuffix(exit.Output, "200000\n") {
		t.Errorf("seq: %v, %d bytes", err, len(exit.Output))
	}
	if o := outcome(exit, nil); len(o.Output) > wire.MaxOutput {
		t.Errorf("a report of %d bytes", len(o.Output))
	}
	if _, err := (programs{}).Run(t.Context(), Call{Path: "sleep", Within: quick}); err == nil {
		t.Error("a program was looked for in PATH")
	}
}
