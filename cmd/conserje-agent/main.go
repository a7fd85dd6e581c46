// Command conserje-agent runs on a person's device: it enrols it, holds the
// link to the portal, and is its own service on Windows, macOS and Linux.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/conserje/conserje/tools/agent"
)

type command struct {
	Dir      string `env:"CONSERJE_AGENT_DIR" help:"Folder of the keys and of the memory of commands." placeholder:"DIR" type:"path"`
	LogLevel string `default:"info" enum:"debug,info,warn,error" env:"CONSERJE_AGENT_LOG_LEVEL" help:"${enum}."`

	Settle time.Duration `default:"3m" help:"How long this system may take to go down after it accepted a restart."`

	Simulate simulation `embed:"" prefix:"simulate-"`
	Pretend  string     `enum:",windows,macos,linux" default:"" help:"Pretend to be a device of this system: nothing on this machine is touched." name:"simulate"`

	Enrol     enrolCmd     `cmd:"" help:"Join a portal with a one-time token."`
	Run       runCmd       `cmd:"" help:"Hold the link and do what is asked. The service does this."`
	Install   installCmd   `cmd:"" help:"Install and start the service."`
	Uninstall uninstallCmd `cmd:"" help:"Stop and remove the service."`
	Status    statusCmd    `cmd:"" help:"Say whether this device is enrolled and the service runs."`
	Helper    helperCmd    `cmd:"" name:"session-helper" help:"Part of the service that runs in a user's session." hidden:""`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// simulation says what a pretended device is at first.
type simulation struct {
	Name        string        `default:"SIMULATED" help:"Its name."`
	Account     string        `default:"user" help:"The local account that is logged in."`
	Takes       time.Duration `default:"1s" help:"How long an operation takes."`
	RestartFor  time.Duration `default:"5s" help:"How long it is away at a restart."`
	ShutdownFor time.Duration `default:"5m" help:"How long until somebody switches it on again."`
	FailsOnce   string        `help:"Package id whose first installation goes wrong, to try Retry with." placeholder:"PACKAGE"`
}

func main() {
	var c command
	k := kong.Parse(&c, kong.Name("conserje-agent"), kong.Description("The agent of a Conserje service portal."), kong.UsageOnError())
	if c.Dir == "" {
		c.Dir = agent.DefaultDir()
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel))
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	k.BindTo(ctx, (*context.Context)(nil))
	err := k.Run(&c, log)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conserje-agent:", err)
		os.Exit(1)
	}
}

// system is this machine's own, or a pretended one.
func (c *command) system() (agent.System, error) {
	if c.Pretend == "" {
		return agent.Native(), nil
	}
	return agent.NewSimulated(c.Simulate.config(c.Pretend, c.Dir))
}
