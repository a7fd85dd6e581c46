// Command conserje is the server and the operator's tool: flags, wiring and a
// graceful stop. What it does stands in the packages that it wires.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

// release is the version, or that of the module when `go install` built it.
func release() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	return version
}

type cli struct {
	Settings

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Portal  portalCmd  `cmd:"" help:"Open portals."`
	KB      kbCmd      `cmd:"" name:"kb" help:"Work on a knowledge base."`
	Verify  verifyCmd  `cmd:"" help:"Verify the record of a ticket: every event of its conversation against the chain of hashes."`
	Doctor  doctorCmd  `cmd:"" help:"Say what this machine and this installation have and lack."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

func (versionCmd) Run() error {
	_, err := fmt.Println(release())
	return err
}

// flags says how the command line is read. A mistake gets one sentence, and not
// the whole help that it would drown in.
func flags() []kong.Option {
	return []kong.Option{
		kong.Name("conserje"),
		kong.Description("A self-hosted service portal for IT support whose front door is a chat."),
		kong.ShortUsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}
}

func main() {
	var c cli
	k := kong.Parse(&c, flags()...)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	slog.SetDefault(log)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run(&c.Settings, log))
}
