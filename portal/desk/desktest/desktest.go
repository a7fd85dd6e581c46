// Package desktest helps tests to find the data that lies beside the
// repository: ../shared, seen from the folder of go.mod. CONSERJE_SHARED names
// another folder. Without the data a test is skipped and says so; with CI set
// to true it fails, so that a gate cannot pass by skipping.
package desktest

import (
	"os"
	"path/filepath"
	"testing"
)

// SharedData returns the path of a file or folder of the shared data, for
// example SharedData(t, "data/security/sse-faults").
func SharedData(t testing.TB, path string) string {
	t.Helper()
	full := filepath.Join(sharedRoot(t), filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared data is missing: %v", err)
		}
		t.Skipf("skipped, shared data is missing (set CONSERJE_SHARED to its folder): %v", err)
	}
	return full
}

// FindSharedData is SharedData for a test that makes do without.
func FindSharedData(t testing.TB, path string) (full string, ok bool) {
	t.Helper()
	full = filepath.Join(sharedRoot(t), filepath.FromSlash(path))
	_, err := os.Stat(full)
	return full, err == nil
}

// RepoRoot returns the folder of go.mod.
func RepoRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

func sharedRoot(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("CONSERJE_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.Dir(RepoRoot(t)), "shared")
}
