package agent

import (
	"context"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/conserje/conserje/tools/devices/wire"
)

const isMac = true

// Native is this machine's own system.
func Native() System {
	return &macOS{run: programs{}, base: macFacts, console: consoleUser, exists: exists}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sinceBoot counts on while the machine sleeps, and nobody sets it: that is
// what macOS means by monotonic.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return time.Since(processBegan)
	}
	return time.Duration(t.Nano())
}

func macFacts(ctx context.Context) (wire.Facts, error) {
	f, err := hostFacts(ctx)
	if err != nil {
		return f, err
	}
	f.BootID, err = unix.Sysctl("kern.bootsessionuuid")
	return f, err
}

// consoleUser is the uid of whoever sits at the screen: the owner of the
// console. 0 is the log-in window.
func consoleUser() int {
	info, err := os.Stat("/dev/console")
	if err != nil {
		return 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return 0
}
