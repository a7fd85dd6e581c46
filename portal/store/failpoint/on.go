//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

var (
	once sync.Once
	name string
	left int
	mu   sync.Mutex
)

// Hit kills the process with SIGKILL when CONSERJE_FAILPOINT names this point.
// With NAME:N it is the Nth time that kills.
func Hit(point string) {
	once.Do(func() {
		n, times, counted := strings.Cut(os.Getenv("CONSERJE_FAILPOINT"), ":")
		name, left = n, 1
		if counted {
			if k, err := strconv.Atoi(times); err == nil {
				left = k
			}
		}
	})
	if point != name {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	if left--; left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}
