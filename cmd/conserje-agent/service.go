package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/kardianos/service"
)

func serviceConfig(dir string) *service.Config {
	return &service.Config{
		Name:        "conserje-agent",
		DisplayName: "Conserje Agent",
		Description: "Does on this device what its user asked the service portal for and confirmed.",
		Arguments:   []string{"run", "--dir", dir},
		Option: service.KeyValue{
			"OnFailure": "restart", "OnFailureDelayDuration": "10s", // Windows
			"Restart":   "always",                // systemd
			"KeepAlive": true, "RunAtLoad": true, // launchd
		},
	}
}

// program is what the system's service manager starts and stops.
type program struct {
	work func(ctx context.Context) error
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// Start implements service.Interface.
func (p *program) Start(s service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop, p.done = cancel, make(chan struct{})
	go func() {
		defer close(p.done)
		if p.err = p.work(ctx); p.err != nil {
			p.log.Error("the agent ended", slog.Any("error", p.err))
			// Another try would end the same; the manager's pause keeps it calm if it tries.
			time.Sleep(10 * time.Second)
			os.Exit(1)
		}
	}()
	return nil
}

// Stop implements service.Interface.
func (p *program) Stop(service.Service) error {
	if p.stop == nil {
		return nil
	}
	p.stop()
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
	}
	return nil
}
