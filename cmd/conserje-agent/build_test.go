package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// targets are the devices that the agent is built for.
var targets = []string{"windows/amd64", "windows/arm64", "darwin/arm64", "darwin/amd64", "linux/amd64", "linux/arm64"}

func TestTheAgentBuildsForEverySystem(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("six builds take a minute the first time")
	}
	for _, target := range targets {
		system, processor, _ := strings.Cut(target, "/")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(t.TempDir(), "agent"), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOOS="+system, "GOARCH="+processor)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", target, err, out)
		}
	}
	raw, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if !strings.Contains(string(raw), target) {
			t.Errorf("make agents leaves out %s", target)
		}
	}
	t.Log("built on", runtime.GOOS)
}
