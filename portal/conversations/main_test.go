package conversations_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Nothing of a node outlives its Drain.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}
