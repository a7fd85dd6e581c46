//go:build unix

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	poll         = 25 * time.Millisecond
	startTimeout = 5 * time.Minute // recovery after a crash under load may take its time
	adoptTimeout = 20 * time.Second
	maxLog       = 16 << 20
)

// lockFile takes the lock that one server holds on a data folder. The kernel frees it when the process ends in
// whatever way, so a crash cannot block the next start.
func lockFile(path, dataDir string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 20)
		n, _ := f.Read(holder)
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data folder: %w", err)
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(string(holder[:n])))
		return nil, &InUseError{DataDir: dataDir, PID: pid}
	}
	if err := errors.Join(f.Truncate(0), writeAtStart(f, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write the lock of the data folder: %w", err)
	}
	return f, nil
}

func writeAtStart(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// up returns the process id of a Postgres that accepts connections: the one that survived us, or a new one.
func (h home) up(ctx context.Context, t Tools, settings []string, cfg Config) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if pid := h.running(); pid != 0 {
		cfg.Progress(fmt.Sprintf("taking over the PostgreSQL that is still running (process %d)", pid))
		err := h.adopt(ctx, pid)
		if err == nil {
			return pid, nil
		}
		cfg.Log.WarnContext(ctx, "the running postgres was not usable", "pid", pid, "error", err)
	}
	cfg.Progress(fmt.Sprintf("starting PostgreSQL %d", t.Major))
	for {
		h.clearStale(ctx)
		pid, err := h.launch(t, settings)
		if err != nil {
			return 0, err
		}
		err = h.ready(ctx, func() bool { return alive(pid) })
		if err == nil {
			return pid, nil
		}
		_ = shutdown(context.WithoutCancel(ctx), pid)
		tail := h.logTail()
		// Workers of a killed Postgres hold its shared memory for a moment after it.
		if strings.Contains(tail, "shared memory block") && ctx.Err() == nil {
			time.Sleep(10 * poll)
			continue
		}
		return 0, fmt.Errorf("PostgreSQL did not start (%w); the end of %s:\n%s", err, h.path("postgres.log"), tail)
	}
}

// adopt waits for a Postgres that is up already. One that does not answer, since it was about to end or its socket is
// gone, is ended: the lock says that it is ours.
func (h home) adopt(ctx context.Context, pid int) error {
	patience, cancel := context.WithTimeout(ctx, adoptTimeout)
	defer cancel()
	if err := h.ready(patience, func() bool { return alive(pid) }); err != nil {
		end, cancel := context.WithTimeout(ctx, adoptTimeout)
		defer cancel()
		return errors.Join(err, shutdown(end, pid))
	}
	return nil
}

// running returns the process id of a living Postgres of this folder; 0 without one.
func (h home) running() int {
	pid := h.postmaster()
	if !alive(pid) {
		return 0
	}
	// After a restart of the machine the number may belong to another program.
	if line, err := commandLine(pid); err == nil && !bytes.Contains(line, []byte(h.path("data"))) {
		return 0
	}
	return pid
}

// clearStale removes what a killed Postgres left and a new one would stumble over, when the number in it is taken. A
// file whose process is simply gone stays: by it Postgres finds out whether workers of the dead one still write.
func (h home) clearStale(ctx context.Context) {
	pid := h.postmaster()
	if exists(pid) {
		// A dead process that nobody has collected yet: its workers are about to end, too.
		end, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		for !alive(pid) && exists(pid) && end.Err() == nil {
			time.Sleep(poll)
		}
		if exists(pid) {
			_ = os.Remove(h.path("data/postmaster.pid"))
		}
	}
	socket := filepath.Join(h.socketDir(), ".s.PGSQL."+port)
	_ = os.Remove(socket)
	_ = os.Remove(socket + ".lock")
}

// postmaster returns the process id that Postgres left in its folder.
func (h home) postmaster() int {
	data, err := os.ReadFile(h.path("data/postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(data), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid
}

func commandLine(pid int) ([]byte, error) {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err == nil {
		return line, nil
	}
	//nolint:noctx // answers at once, and the end of a server asks, too
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the command of process %d: %w", pid, err)
	}
	return out, nil
}

// exists tells whether the process number is taken.
func exists(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// alive tells whether a process runs; one that has ended and waits to be collected does not.
func alive(pid int) bool {
	if !exists(pid) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// launch starts a new Postgres in the background and collects it when it ends.
func (h home) launch(t Tools, settings []string) (int, error) {
	if err := h.makeSocketDir(); err != nil {
		return 0, err
	}
	log, err := h.openLog()
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }()
	args := []string{"-D", h.path("data"), "-c", "unix_socket_directories=" + h.socketDir()}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	//nolint:noctx // it outlives a killed server on purpose
	cmd := exec.Command(filepath.Join(t.Bin, "postgres"), args...)
	h.as(cmd)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start postgres: %w", err)
	}
	go func() { _ = cmd.Wait() }()
	return cmd.Process.Pid, nil
}

// openLog opens Postgres' log to append; one generation of a long one is kept.
func (h home) openLog() (*os.File, error) {
	path := h.path("postgres.log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open postgres' log: %w", err)
	}
	return f, nil
}

// ready waits until Postgres accepts a connection, while it lives.
func (h home) ready(ctx context.Context, living func() bool) error {
	for {
		conn, err := pgx.Connect(ctx, h.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code != "57P03" { // 57P03: it is starting or stopping
			return fmt.Errorf("connect: %w", err)
		}
		if !living() {
			return errors.New("it ended at once")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a connection: %w", ctx.Err())
		case <-time.After(poll):
		}
	}
}

// shutdown asks for a fast shutdown, and when ctx ends for an immediate one.
func shutdown(ctx context.Context, pid int) error {
	if !alive(pid) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	if waitGone(ctx, pid) {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGQUIT)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if !waitGone(grace, pid) {
		return fmt.Errorf("postgres (process %d) does not end", pid)
	}
	return nil
}

func waitGone(ctx context.Context, pid int) bool {
	for alive(pid) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(poll):
		}
	}
	return true
}
