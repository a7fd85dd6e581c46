package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/demo"
	"github.com/conserje/conserje/portal/web"
	"github.com/conserje/conserje/tools/devices"
)

type serveCmd struct {
	Addr           string   `env:"CONSERJE_ADDR" default:":8080" help:"Address to listen on."`
	Demo           bool     `env:"CONSERJE_DEMO" help:"Fill an empty database with the demo, and show its mail and text messages on a page instead of sending them."`
	TrustedProxies []string `env:"CONSERJE_TRUSTED_PROXIES" help:"Addresses or networks whose X-Forwarded headers are believed."`

	Agents string `env:"CONSERJE_AGENTS" type:"path" placeholder:"DIR" help:"Folder of the device agents that staff can download. By itself: agents beside this program, when there is one."`

	Files fileSettings `embed:""`
	Waits waits        `embed:""`
}

// fileSettings say where what people send lies, and how much of it there may be.
type fileSettings struct {
	Store string `env:"CONSERJE_FILES" name:"files" placeholder:"DIR-OR-URL" help:"Folder for what people send, or the address of a bucket that speaks S3, such as s3://files?region=eu-west-1. By itself: files in the data folder."`
	MaxMB int64  `env:"CONSERJE_FILES_MAX_MB" name:"files-max-mb" default:"25" help:"How large a file may be."`
	DayMB int64  `env:"CONSERJE_FILES_DAY_MB" name:"files-day-mb" default:"500" help:"How much one person may send in a day."`
}

func (f fileSettings) where(data string) string {
	if f.Store != "" {
		return f.Store
	}
	return filepath.Join(data, "files")
}

func (f fileSettings) check() error {
	if f.MaxMB < 1 || f.MaxMB > 500 || f.DayMB < f.MaxMB || f.DayMB > 100_000 {
		return fmt.Errorf("CONSERJE_FILES_MAX_MB is %d and CONSERJE_FILES_DAY_MB %d; a file has 1 to 500 MB, and a day at least as much as a file", f.MaxMB, f.DayMB)
	}
	return nil
}

// waits are how long a confirmed action waits for a device that is offline.
type waits struct {
	Action  time.Duration `env:"CONSERJE_ACTION_WAIT" name:"action-wait" default:"15m" help:"How long a confirmed action waits for a device that is offline. Then it expires and never happens."`
	Install time.Duration `env:"CONSERJE_INSTALL_WAIT" name:"install-wait" default:"24h" help:"The same for installations."`
}

// Nobody wants what they confirmed longer ago than that.
const longestWait = 7 * 24 * time.Hour

func (w waits) check() error {
	for name, d := range map[string]time.Duration{"CONSERJE_ACTION_WAIT": w.Action, "CONSERJE_INSTALL_WAIT": w.Install} {
		if d < time.Second || d > longestWait {
			return fmt.Errorf("%s is %s; it is between 1s and %s, such as 15m or 24h", name, d, longestWait)
		}
	}
	return nil
}

// stopWithin bounds the graceful stop: what does not end by then is taken over
// by another node or by the next start.
const stopWithin = 20 * time.Second

// progress tells the operator what takes a while.
func progress(what string) { fmt.Fprintln(os.Stderr, "==> "+what) }

// open puts the portal together by the settings.
func (c *serveCmd) open(ctx context.Context, s *Settings, d *database, log *slog.Logger) (*portal, error) {
	m, err := openModels(s.Model, log)
	if err != nil {
		return nil, err
	}
	messages, err := openMessages(s.Messages, d.Store, c.Demo, log)
	if err != nil {
		return nil, err
	}
	knowledge, err := openKnowledge(s, d.Store, m, log)
	if err != nil {
		return nil, err
	}
	p, err := wire(ctx, d, m, knowledge, messages, c.Files, c.Waits, log)
	if err != nil {
		return nil, err
	}
	p.agents, err = openAgents(c.Agents)
	return p, err
}

// Run serves until a signal, then stops in order: no new turns and sockets,
// running turns finish or are handed over, the database last.
func (c *serveCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	if err := c.check(s); err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --addr", err)
	}
	defer ln.Close()
	d, err := openDatabase(ctx, s, log, progress, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := warnOfDeafNodes(ctx, d, log); err != nil {
		return err
	}
	p, err := c.open(ctx, s, d, log)
	if err != nil {
		return err
	}
	p.listensOn(ln.Addr())
	if c.Demo {
		if err := demo.Fill(ctx, demo.Rooms{Store: d.Store, People: p.people, Knowledge: p.knowledge, Software: p.software}, progress); err != nil {
			return err
		}
	}
	if err := p.start(ctx); err != nil {
		return err
	}
	var draining atomic.Bool
	app := p.app(c.TrustedProxies, &draining)
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }()
	if c.Demo {
		p.demoAgents(ctx, ln.Addr(), s.Data)
	}
	portals, err := d.TenantIDs(ctx)
	if err != nil {
		return err
	}
	c.greet(ln.Addr(), p.models, len(portals))
	select {
	case err = <-served:
	case <-ctx.Done():
		progress("stopping")
	}
	draining.Store(true)
	return errors.Join(err, c.stop(context.WithoutCancel(ctx), app, p))
}

func warnOfDeafNodes(ctx context.Context, d *database, log *slog.Logger) error {
	alone, err := d.Alone(ctx)
	if err == nil && !alone {
		log.Warn("another node works on this database and does not hear this one: set NATS_URL on both")
	}
	return err
}

// check tells of settings that cannot work before anything is started for them.
func (c *serveCmd) check(s *Settings) error {
	if err := c.checkProxies(); err != nil {
		return err
	}
	if err := errors.Join(c.Files.check(), c.Waits.check(), s.Messages.check()); err != nil || c.Demo {
		return err // the demo sends nothing
	}
	_, _, err := s.Messages.carriers()
	return err
}

// checkProxies refuses what is neither an address nor a network: it would match
// nobody, and every visitor would then have the proxy's address.
func (c *serveCmd) checkProxies() error {
	for _, proxy := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(proxy); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(proxy); err != nil {
			return fmt.Errorf("CONSERJE_TRUSTED_PROXIES: %q is neither an address nor a network such as 10.0.0.0/8", proxy)
		}
	}
	return nil
}

// openAgents opens the folder of the agents: the one that is named, or the one
// that the build leaves beside the server. None is no mistake.
func openAgents(dir string) (*devices.Downloads, error) {
	if dir != "" {
		d, err := devices.OpenDownloads(dir)
		if err != nil {
			return nil, fmt.Errorf("CONSERJE_AGENTS: %w", err)
		}
		return d, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // there is no folder beside it that we know of
	}
	d, err := devices.OpenDownloads(filepath.Join(filepath.Dir(self), "agents"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nobody built them
	}
	return d, err
}

func (c *serveCmd) stop(ctx context.Context, app *fiber.App, p *portal) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	p.stop(ctx)
	err := app.ShutdownWithContext(ctx)
	p.close(ctx)
	return err
}

func (c *serveCmd) greet(addr net.Addr, m models, portals int) {
	address := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && (tcp.IP.IsUnspecified() || tcp.IP.IsLoopback()) {
		address = fmt.Sprintf("localhost:%d", tcp.Port)
	}
	fmt.Printf("\nConserje is ready at http://%s\n", address)
	if !web.Built() {
		fmt.Println("The web interface is not built into this binary: run make build.")
	}
	fmt.Printf("Model: %s\n", m.info.Model)
	if portals == 0 {
		fmt.Println("There is no portal yet. Open one: conserje portal create HOST --name NAME --login USER --admin \"YOUR NAME\"")
	}
	if c.Demo {
		fmt.Println("\nLog-ins of the demo:")
		for _, l := range demo.LogIns() {
			company := l.Company
			if company == "" {
				company = "staff"
			}
			fmt.Printf("  %-6s password %-11s %s, %s, %s\n", l.Login, l.Password(), l.Role, company, l.Language)
		}
	}
	fmt.Println("\nCtrl-C stops it.")
}
