//go:build !windows

package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/conserje/conserje/tools/devices/wire"
)

// shared is a folder like /tmp: everybody may make things in it, and change
// their own only.
func shared(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for path := dir; path != "/"; path = filepath.Dir(path) {
		if strings.HasPrefix(path, os.TempDir()+"/") {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return dir
}

const somebody = 65534

// asSomebody runs a program as a local user without rights.
func asSomebody(t *testing.T, dir, path string, args ...string) error {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: somebody, Gid: somebody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("%s %v: %s", path, args, strings.TrimSpace(string(out)))
	}
	return err
}

// SECURITY F8: a local user, with a process of their own, against an agent's
// folder that is in use.
func TestALocalUserGetsNothingOutOfTheFolderAndNothingIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dir := filepath.Join(shared(t), "state")
	d := newDevice(t, s, func(c *SimulatedConfig) {
		c.Dir = dir
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}).start()
	s.send(s.command(1, wire.Lock))
	s.result(actionID(1))
	record := filepath.Join(dir, memoryFolder, actionID(1)+".json")
	for _, try := range [][]string{
		{"/bin/cat", filepath.Join(dir, identityFile)},
		{"/bin/cat", record},
		{"/bin/ls", dir},
		{"/bin/rm", "-f", record},
		{"/bin/touch", filepath.Join(dir, memoryFolder, actionID(2)+".json")},
		{"/bin/ln", "-s", "/etc/passwd", filepath.Join(dir, identityFile+".new")},
		{"/bin/mv", dir, dir + ".old"},
		{"/bin/rmdir", dir},
		{"/bin/chmod", "0777", dir},
	} {
		if err := asSomebody(t, "/", try[0], try[1:]...); err == nil {
			t.Errorf("a local user did %v", try)
		}
	}
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, _ error) error {
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		return nil
	})
	if got := d.system.Effects(); len(got) != 1 {
		t.Errorf("effects: %v", got)
	}
}

// Whoever is there first decides nothing: not by a folder of theirs, nor by a
// link to one, nor by what lies above.
func TestAFolderThatSomebodyPreparedIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	system, err := NewSimulated(SimulatedConfig{Name: "x", System: wire.Linux})
	if err != nil {
		t.Fatal(err)
	}
	if err := asSomebody(t, shared(t), "/bin/mkdir", "probe"); err != nil {
		t.Fatal(err)
	}
	open := func(dir string) { // a folder of ours that others may write into
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, prepare := range map[string]func(dir string) string{
		"a folder": func(dir string) string {
			_ = asSomebody(t, dir, "/bin/mkdir", "-m", "0700", "state")
			return dir + "/state"
		},
		"a link to a folder": func(dir string) string {
			_ = asSomebody(t, dir, "/bin/mkdir", "-m", "0700", "theirs")
			_ = asSomebody(t, dir, "/bin/ln", "-s", dir+"/theirs", "state")
			return dir + "/state"
		},
		"a link above": func(dir string) string {
			_ = os.Mkdir(dir+"/ours", 0o700)
			_ = asSomebody(t, dir, "/bin/ln", "-s", dir+"/ours", "above")
			return dir + "/above/state"
		},
		"a file": func(dir string) string {
			_ = asSomebody(t, dir, "/bin/touch", "state")
			return dir + "/state"
		},
		"a folder above that others may change": func(dir string) string {
			open(dir + "/above")
			return dir + "/above/state"
		},
		"a link of ours through such a folder": func(dir string) string {
			open(dir + "/bent")
			_ = os.Mkdir(dir+"/bent/real", 0o700)
			_ = os.Symlink(dir+"/bent/real", dir+"/straight")
			return dir + "/straight/state"
		},
		"two links through such a folder": func(dir string) string {
			open(dir + "/bent")
			_ = os.Mkdir(dir+"/real", 0o700)
			_ = os.Symlink("../real", dir+"/bent/second")
			_ = os.Symlink("bent/second", dir+"/first")
			return dir + "/first/state"
		},
	} {
		dir := prepare(shared(t))
		if id, err := Enrol(t.Context(), Enrolment{Server: s.http.URL, Token: "good", Dir: dir, System: system, HTTP: s.http.Client()}); err == nil {
			t.Errorf("%s: the keys of %s went into it", name, id.Device)
		} else {
			t.Logf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, identityFile)); err == nil {
			t.Errorf("%s: there are keys in it", name)
		}
		if CheckProgram(filepath.Join(dir, "agent")) == nil {
			t.Errorf("%s: good enough for a service's program", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.device.Token != "" {
		t.Error("a token was spent for a folder that is not taken")
	}
	if err := CheckProgram("/bin/sh"); os.Geteuid() == 0 && err != nil {
		t.Errorf("the system's own program: %v", err)
	}
	if err := checkPath("/proc/self/exe/../../nothing"); err == nil {
		t.Error("what is not there was found good")
	}
}

// What is in the agent's environment, by an installer or by whoever started
// it, is in no program's that it starts.
func TestNothingOfTheEnvironmentIsPassedOn(t *testing.T) {
	evil := t.TempDir()
	if err := os.WriteFile(filepath.Join(evil, "env"), []byte("#!/bin/sh\necho evil\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PATH": evil, "LD_PRELOAD": evil + "/x.so", "LD_LIBRARY_PATH": evil, "BASH_ENV": evil + "/rc", "ENV": evil + "/rc", "IFS": "x",
		"HOMEBREW_INSTALL_FROM_API": "x", "GIT_SSH_COMMAND": evil + "/env", "CONSERJE_AGENT_TOKEN": "cje_secret", "DYLD_INSERT_LIBRARIES": evil,
	} {
		t.Setenv(name, value)
	}
	exit, err := programs{}.Run(t.Context(), Call{Path: "/usr/bin/env", Within: quick})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(exit.Output), "\n")
	want := cleanEnvironment()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("environment: %v", got)
	}
	if _, err := (programs{}).Run(t.Context(), Call{Path: "env", Within: quick}); err == nil {
		t.Error("a program was looked for in PATH")
	}
}
