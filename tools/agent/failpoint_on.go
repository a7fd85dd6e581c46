//go:build failpoint && !windows

package agent

import (
	"os"
	"syscall"
)

// hit kills the process at the point that CONSERJE_AGENT_FAILPOINT names:
// received, remembered, begun (the effect is next), done (the effect has
// happened), stored (the report is on the disk), told (it went out).
func hit(point string) {
	if os.Getenv("CONSERJE_AGENT_FAILPOINT") == point {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}
