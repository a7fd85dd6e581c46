//go:build unix

package cluster

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Both kinds of cluster: no TCP, one socket, UTC; short queries do not pay for a compiler.
var commonSettings = []string{
	"listen_addresses=",
	"port=" + port,
	"unix_socket_permissions=0700",
	"timezone=UTC",
	"log_timezone=UTC",
	"log_line_prefix=%m [%p] ",
	"lc_messages=C",
	"jit=off",
	"random_page_cost=1.1",
}

// serverSettings fits Postgres to a machine that it shares with the server.
func serverSettings() []string {
	mb := memoryMB()
	return append([]string{
		"cluster_name=conserje",
		"max_connections=200",
		fmt.Sprintf("shared_buffers=%dMB", min(max(mb/8, 64), 2048)),
		fmt.Sprintf("effective_cache_size=%dMB", max(mb/2, 256)),
		fmt.Sprintf("maintenance_work_mem=%dMB", min(max(mb/16, 64), 1024)),
		"work_mem=16MB",
		"max_wal_size=2GB",
		"min_wal_size=128MB",
		"wal_compression=on",
		"checkpoint_completion_target=0.9",
		"log_checkpoints=off",
	}, commonSettings...)
}

// throwawaySettings trade every safety for speed: the data of tests is worth nothing after a crash.
func throwawaySettings() []string {
	return append([]string{
		"cluster_name=conserje-test",
		"fsync=off",
		"synchronous_commit=off",
		"full_page_writes=off",
		"wal_level=minimal",
		"max_wal_senders=0",
		"max_wal_size=512MB",
		"checkpoint_timeout=1h",
		"max_connections=500",
		"shared_buffers=256MB",
		"work_mem=16MB",
		"autovacuum_naptime=10s",
		"log_checkpoints=off",
	}, commonSettings...)
}

// memoryMB is the memory that we may use, by the container's limit or the machine's size; 2 GB where nobody tells.
func memoryMB() int {
	const unknown = 2048
	machine := meminfoMB()
	if data, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil {
			if mb := int(limit >> 20); machine == 0 || mb < machine {
				return mb
			}
		}
	}
	if machine == 0 {
		return unknown
	}
	return machine
}

func meminfoMB() int {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if fields := strings.Fields(scan.Text()); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kb, _ := strconv.Atoi(fields[1])
			return kb >> 10
		}
	}
	return 0
}
