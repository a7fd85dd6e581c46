package desktest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSharedDataIsFoundInTheNamedFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONSERJE_SHARED", dir)
	if got, want := SharedData(t, "a.txt"), filepath.Join(dir, "a.txt"); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestAbsentSharedDataSkipsTheTest(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv("CONSERJE_SHARED", t.TempDir())
	skipped := false
	t.Run("inner", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		SharedData(t, "absent")
	})
	if !skipped {
		t.Fatal("the test went on without its data")
	}
}

func TestRepoRootHoldsGoMod(t *testing.T) {
	if _, err := os.Stat(filepath.Join(RepoRoot(t), "go.mod")); err != nil {
		t.Fatal(err)
	}
}
