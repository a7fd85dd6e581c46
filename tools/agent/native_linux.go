package agent

import (
	"context"
	"os"
	"strings"

	"github.com/conserje/conserje/tools/devices/wire"
)

const isMac = false

// Native is this machine's own system.
func Native() System { return &linuxOS{run: programs{}, base: linuxFacts} }

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
