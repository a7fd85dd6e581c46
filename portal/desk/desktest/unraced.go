package desktest

import "testing"

// Unraced is the first line of a test that the race detector does not serve:
// one that holds a long list against code of one goroutine, where the detector
// would look at the same accesses again and again for ten times as long, or
// one of another's data race. `make test-go` runs all tests with the detector
// but for these, and then these without.
func Unraced(t testing.TB, why string) {
	t.Helper()
	if raced {
		t.Skip("run without the race detector: " + why)
	}
}
