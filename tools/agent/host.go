package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/host"

	"github.com/conserje/conserje/tools/devices/wire"
)

// hostFacts are those that every system tells alike.
func hostFacts(ctx context.Context) (wire.Facts, error) {
	info, err := host.InfoWithContext(ctx)
	if err != nil {
		return wire.Facts{}, fmt.Errorf("read this machine's facts: %w", err)
	}
	name, _, _ := strings.Cut(info.Hostname, ".local")
	return wire.Facts{
		Name: name, SystemVersion: strings.TrimSpace(info.Platform + " " + info.PlatformVersion),
		BootedAt: time.Unix(int64(info.BootTime), 0), //nolint:gosec // seconds since 1970
	}, nil
}
