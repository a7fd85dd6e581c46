package conversations_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/conserje/conserje/portal/store/storetest"
)

// TestMain is a node to be killed when the crash tests start this binary again;
// else it runs the tests, after which nothing of any node is left.
func TestMain(m *testing.M) {
	if url := os.Getenv(crashNodeURL); url != "" {
		fmt.Fprintln(os.Stderr, crashNode(url))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, append(storetest.Leaks(), goleak.Cleanup(func(code int) {
		if crashDir != "" {
			_ = os.RemoveAll(crashDir)
		}
		os.Exit(code)
	}))...)
}
