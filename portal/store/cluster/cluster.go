//go:build unix

// Package cluster runs Conserje's own Postgres when nobody gave a DATABASE_URL.
//
// Its contract: one cluster per data folder, held by one server at a time. It is reachable through a Unix socket in a
// folder that only its user and root can enter, never by TCP. It runs as an unprivileged user even when the server is
// started as root. It outlives a killed server, and the next start adopts it; what a killed Postgres leaves behind is
// cleared. While the server lives, a Postgres that dies is started again.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// database is the name of the database, and superuser of the role that owns the cluster.
const (
	database  = "conserje"
	superuser = "conserje"
	port      = "5432"
)

// Config says where the cluster lives.
type Config struct {
	// DataDir is the server's data folder; the cluster lies in its subfolder "postgres". Started as root, and with a
	// data folder that an unprivileged user cannot enter, it lies under /var/lib/conserje instead.
	DataDir string
	Log     *slog.Logger
	// Progress is told, in words for the operator, what takes a while.
	Progress func(string)
}

func (c *Config) defaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
}

// InUseError says that another server holds the data folder.
type InUseError struct {
	DataDir string
	PID     int
}

func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID > 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the data folder %s is in use by %s; stop that one, or choose another folder with --data", e.DataDir, holder)
}

// Cluster is a running Postgres.
type Cluster struct {
	cfg   Config
	home  home
	tools Tools
	lock  *os.File

	stop    context.CancelFunc
	watched chan struct{}

	mu  sync.Mutex
	pid int
}

// Start starts the cluster of a data folder, or adopts the one that is still running, and returns when it accepts
// connections and the database exists. Without a suitable Postgres on the machine the error says what to install.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg.defaults()
	h, err := openHome(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	lock, err := lockFile(h.path("lock"), cfg.DataDir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, home: h, lock: lock, watched: make(chan struct{})}
	if err := c.start(ctx); err != nil {
		_ = lock.Close()
		return nil, err
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	go c.watch(watch)
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	tools, err := find(ctx, c.home.version())
	if err != nil {
		return err
	}
	c.tools = tools
	if c.home.version() == 0 {
		c.cfg.Progress(fmt.Sprintf("creating the database (PostgreSQL %d) in %s", tools.Major, c.home.path("data")))
		if err := c.home.initdb(ctx, tools, false); err != nil {
			return err
		}
	}
	pid, err := c.home.up(ctx, tools, serverSettings(), c.cfg)
	if err != nil {
		return err
	}
	c.setPID(pid)
	return c.home.ensureDatabase(ctx)
}

// URL is the superuser's connection string. It stays valid when Postgres is started again.
func (c *Cluster) URL() string { return c.home.url(database) }

// PID is the process id of the Postgres server.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

func (c *Cluster) setPID(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pid = pid
}

// Stop ends Postgres: open connections are cut and everything committed is on disk. When ctx ends first, Postgres is
// told to quit at once, which loses nothing either and costs a recovery at the next start.
func (c *Cluster) Stop(ctx context.Context) error {
	c.stop()
	<-c.watched
	err := shutdown(ctx, c.home.running())
	return errors.Join(err, c.lock.Close())
}

// watch starts Postgres again when it dies under us, for example by the kernel's memory killer.
func (c *Cluster) watch(ctx context.Context) {
	defer close(c.watched)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if alive(c.PID()) {
			continue
		}
		c.cfg.Log.ErrorContext(ctx, "postgres ended unexpectedly, starting it again", "pid", c.PID())
		pid, err := c.home.up(ctx, c.tools, serverSettings(), c.cfg)
		if err != nil {
			c.cfg.Log.ErrorContext(ctx, "postgres does not start", "error", err)
			continue
		}
		c.setPID(pid)
	}
}

// url addresses a database of the cluster through its socket.
func (h home) url(name string) string {
	q := url.Values{"host": {h.socketDir()}, "port": {port}, "user": {superuser}, "sslmode": {"disable"}}
	return "postgres:///" + name + "?" + q.Encode()
}

// ensureDatabase creates the database on the first start.
func (h home) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, h.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the embedded postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", database).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "create database "+database); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// logTail returns the last lines of Postgres' log, for an error message.
func (h home) logTail() string {
	data, err := os.ReadFile(h.path("postgres.log"))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }
