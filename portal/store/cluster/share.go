//go:build unix

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// sharing is this process' entry in the list of users; only the end of the process frees it.
var sharing *os.File // guarded by the lock of the shared folder

// Share starts or joins a throw-away cluster for tests and returns its superuser's URL. All test binaries of one user
// and one version of Postgres share it, whichever comes first starts it; it outlives them, and ends by itself when it
// had no client for five minutes (or by Unshare). Nothing in it survives its end.
func Share(ctx context.Context) (string, error) {
	tools, err := Find(ctx)
	if err != nil {
		return "", err
	}
	h, lock, err := sharedHome(ctx, tools)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if sharing == nil {
		if sharing, err = h.usersLock(syscall.LOCK_SH); err != nil {
			return "", err
		}
	}
	quiet := Config{}
	quiet.defaults()
	if h.running() == 0 {
		if err := os.RemoveAll(h.path("data")); err != nil {
			return "", fmt.Errorf("clear the test cluster: %w", err)
		}
		if err := h.initdb(ctx, tools, true); err != nil {
			return "", err
		}
		if _, err := h.up(ctx, tools, throwawaySettings(), quiet); err != nil {
			return "", err
		}
		if err := h.reapWhenIdle(tools); err != nil {
			return "", err
		}
	} else if _, err := h.up(ctx, tools, throwawaySettings(), quiet); err != nil {
		return "", err
	}
	return h.url("postgres"), h.ensureDatabase(ctx)
}

// Unshare ends the cluster of the tests, unless other processes use it; then its idle watch will end it.
func Unshare(ctx context.Context) error {
	tools, err := Find(ctx)
	if err != nil {
		return err
	}
	h, lock, err := sharedHome(ctx, tools)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	pid := h.running()
	if pid == 0 {
		return nil
	}
	users, err := h.usersLock(syscall.LOCK_EX | syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = users.Close() }()
	// Nothing in it is worth a checkpoint.
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return fmt.Errorf("stop the test cluster: %w", err)
	}
	waitGone(ctx, pid)
	return os.RemoveAll(h.path("data"))
}

// sharedHome opens the folder of the shared cluster and waits for the lock that start and end of it take.
func sharedHome(ctx context.Context, t Tools) (home, *os.File, error) {
	h := home{}
	if os.Geteuid() == 0 {
		var err error
		if h.account, err = pickAccount(ctx, ""); err != nil {
			return home{}, nil, err
		}
	}
	name := fmt.Sprintf("conserje-test-%d-pg%d-%s", os.Geteuid(), t.Major, t.Vector)
	h.dir = filepath.Join(throwawayPlace(), name)
	if err := h.own(h.dir); err != nil {
		return home{}, nil, err
	}
	lock, err := os.OpenFile(h.path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return home{}, nil, fmt.Errorf("open the lock of the test cluster: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		_ = lock.Close()
		return home{}, nil, fmt.Errorf("lock the test cluster: %w", err)
	}
	return h, lock, nil
}

// throwawayPlace is in memory where Linux has room there: each test clones a database of 700 files, and a journaling
// file system takes several times as long over them. By its size, not by what is free: every process must come to the
// same answer.
func throwawayPlace() string {
	const memory, room = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Blocks*uint64(fs.Bsize) < room { //nolint:gosec // no block has a negative size
		return shortTemp()
	}
	return memory
}

// usersLock is held, shared, by every process that uses the cluster, until it ends.
func (h home) usersLock(how int) (*os.File, error) {
	f, err := os.OpenFile(h.path("users"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the list of users: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the list of users: %w", err)
	}
	return f, nil
}

// reaper ends the cluster after five minutes without a client. It is a shell, since no process of ours lives that long.
const reaper = `
idle=0
while sleep 20; do
	n=$("$1/psql" -X -At "$2" -c "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()") || exit 0
	if [ "$n" = 0 ]; then idle=$((idle + 1)); else idle=0; fi
	if [ "$idle" -ge 15 ]; then "$1/pg_ctl" -D "$3" -m immediate stop; rm -rf "$3"; exit 0; fi
done`

func (h home) reapWhenIdle(t Tools) error {
	//nolint:noctx // it outlives us on purpose
	cmd := exec.Command("/bin/sh", "-c", reaper, "conserje-test-reaper", t.Bin, h.url("postgres"), h.path("data"))
	h.as(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the idle watch of the test cluster: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return nil
}
