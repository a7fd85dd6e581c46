package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/kardianos/service"

	"github.com/conserje/conserje/tools/agent"
	"github.com/conserje/conserje/tools/devices/wire"
)

func (s simulation) config(system, dir string) agent.SimulatedConfig {
	versions := map[string]string{wire.Windows: "Windows 11 Pro 24H2", wire.MacOS: "macOS 26.1", wire.Linux: "Ubuntu 26.04 LTS"}
	return agent.SimulatedConfig{
		Dir: dir, Name: s.Name, System: system, SystemVersion: versions[system],
		Accounts: []wire.Account{{Name: s.Account, SID: "1000", Kind: wire.AccountLocal, LoggedIn: true}},
		Takes:    s.Takes, RestartFor: s.RestartFor, ShutdownFor: s.ShutdownFor, FailsOnce: s.FailsOnce,
	}
}

type enrolCmd struct {
	Server string `arg:"" help:"Address of the portal, such as https://help.example.com."`
	Token  string `help:"One-time token; asked for when it is not given." env:"CONSERJE_AGENT_TOKEN" placeholder:"TOKEN"`
}

// Run joins the portal.
func (e enrolCmd) Run(ctx context.Context, c *command) error {
	if e.Token == "" {
		fmt.Print("Token: ")
		raw, err := io.ReadAll(io.LimitReader(os.Stdin, 512))
		if err != nil {
			return err
		}
		e.Token, _, _ = strings.Cut(string(raw), "\n")
	}
	system, err := c.system()
	if err != nil {
		return err
	}
	id, err := agent.Enrol(ctx, agent.Enrolment{Server: e.Server, Token: strings.TrimSpace(e.Token), Dir: c.Dir, System: system})
	if err != nil {
		return err
	}
	fmt.Printf("This device is %s at %s.\nNow: conserje-agent install\n", id.Device, id.Server)
	return nil
}

type runCmd struct{}

// Run holds the link, as a service or in a terminal.
func (runCmd) Run(ctx context.Context, c *command, log *slog.Logger) error {
	system, err := c.system()
	if err != nil {
		return err
	}
	work := func(ctx context.Context) error {
		return agent.Run(ctx, agent.Config{Dir: c.Dir, System: system, Log: log, Settle: c.Settle})
	}
	if service.Interactive() {
		return work(ctx)
	}
	p := &program{work: work, log: log}
	s, err := service.New(p, serviceConfig(c.Dir))
	if err != nil {
		return err
	}
	return errors.Join(s.Run(), p.err)
}

type installCmd struct{}

// Run installs the service and starts it.
func (installCmd) Run(c *command) error {
	if c.Pretend != "" {
		return errors.New("a simulated device is no service: use run")
	}
	if _, err := agent.LoadIdentity(c.Dir); err != nil {
		return err
	}
	path, err := os.Executable()
	if err != nil {
		return err
	}
	if err := agent.CheckProgram(path); err != nil {
		return err
	}
	s, err := service.New(&program{}, serviceConfig(c.Dir))
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	fmt.Println("The service is installed and runs.")
	return nil
}

type uninstallCmd struct{}

// Run stops and removes the service. Keys and memory stay in the folder.
func (uninstallCmd) Run(c *command) error {
	s, err := service.New(&program{}, serviceConfig(c.Dir))
	if err != nil {
		return err
	}
	_ = s.Stop() // it may not run
	return s.Uninstall()
}

type statusCmd struct{}

// Run tells what there is.
func (statusCmd) Run(ctx context.Context, c *command) error {
	fmt.Println("folder   ", filepath.Clean(c.Dir))
	id, err := agent.LoadIdentity(c.Dir)
	if err != nil {
		return err
	}
	fmt.Println("portal   ", id.Server)
	fmt.Println("device   ", id.Device)
	s, err := service.New(&program{}, serviceConfig(c.Dir))
	if err != nil {
		return err
	}
	state := "unknown"
	switch status, err := s.Status(); {
	case errors.Is(err, service.ErrNotInstalled):
		state = "not installed"
	case err != nil:
		state = err.Error()
	case status == service.StatusRunning:
		state = "running"
	case status == service.StatusStopped:
		state = "stopped"
	}
	fmt.Println("service  ", state)
	system, err := c.system()
	if err != nil {
		return err
	}
	f, err := system.Facts(ctx)
	if err != nil {
		return err
	}
	fmt.Println("system   ", f.System, f.SystemVersion)
	return nil
}

type helperCmd struct {
	What string `arg:"" enum:"lock"`
}

// Run does the one thing that only a user's own session can do.
func (h helperCmd) Run() error { return agent.SessionHelper(h.What) }

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	_, err := fmt.Println(agent.Version)
	return err
}
