package agent

import (
	"context"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/conserje/conserje/tools/devices/wire"
)

const isMac = false

// Native is this machine's own system.
func Native() System { return &linuxOS{run: programs{}, base: linuxFacts} }

// sinceBoot counts on while the machine sleeps, and nobody sets it.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Since(processBegan) // a kernel without it; the wall clock still counts sleep
	}
	return time.Duration(t.Nano())
}

func linuxFacts(ctx context.Context) (wire.Facts, error) {
	f, err := hostFacts(ctx)
	if err != nil {
		return f, err
	}
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return f, err
	}
	f.BootID = strings.TrimSpace(string(raw))
	if raw, err := os.ReadFile("/etc/os-release"); err == nil {
		if name := osRelease(string(raw)); name != "" {
			f.SystemVersion = name
		}
	}
	return f, nil
}
