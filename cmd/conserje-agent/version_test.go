package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionSaysWhatWasBuiltAndEndsWell(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "agent")
	stamp := "-X github.com/conserje/conserje/tools/agent.Version=v1.2.3"
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", stamp, "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin, "version").Output()
	if err != nil || strings.TrimSpace(string(out)) != "v1.2.3" {
		t.Errorf("version: %q %v", out, err)
	}
	for _, bad := range [][]string{{}, {"versions"}, {"version", "--simulate", "plan9"}, {"enrol"}, {"session-helper", "shell"}, {"run", "--dir", t.TempDir() + "/none"}} {
		cmd := exec.CommandContext(t.Context(), bin, bad...)
		said, err := cmd.CombinedOutput()
		if err == nil || len(said) == 0 || strings.Contains(string(said), "panic") {
			t.Errorf("%v ended well or without a word: %s", bad, said)
		}
	}
}
