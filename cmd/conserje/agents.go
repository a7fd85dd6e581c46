package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/conserje/conserje/portal/demo"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools/agent"
	"github.com/conserje/conserje/tools/devices"
)

// openLinks begins to serve the agents.
func (p *portal) openLinks(ctx context.Context) (err error) {
	p.links, err = devices.NewLinkServer(ctx, devices.LinkConfig{Store: p.database.Store, Registry: p.devices, Ledger: p.actions, Log: p.log})
	return err
}

// demoAgents lets the demo's devices in and runs them until ctx ends: the real
// agent with a pretended system, through the real enrolment and the real link.
// It needs the server to answer at addr. It comes back when each device is
// enrolled, also when ctx ends before: one that was let in by half would be a
// second one of its name at the next start.
func (p *portal) demoAgents(ctx context.Context, addr net.Addr, data string) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() && !tcp.IP.IsLoopback() {
		p.log.Warn("the demo's devices need the server on this machine's own address", "addr", addr.String())
		return
	}
	server := fmt.Sprintf("http://localhost:%d", tcp.Port)
	var enrolling sync.WaitGroup
	for _, d := range demo.Devices() {
		enrolling.Go(func() {
			if err := p.demoAgent(ctx, server, filepath.Join(data, "demo-devices", d.Facts.Name), d); err != nil {
				p.log.Warn("a device of the demo does not run", "device", d.Facts.Name, "error", err)
			}
		})
	}
	enrolling.Wait()
}

// enrolWithin bounds the enrolment of a demo device, which no signal ends.
const enrolWithin = 10 * time.Second

// demoAgent comes back when the device is enrolled, and leaves it running.
func (p *portal) demoAgent(ctx context.Context, server, dir string, d demo.Device) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	system, err := agent.NewSimulated(agent.SimulatedConfig{
		Dir: dir, Name: d.Facts.Name, System: d.Facts.System, SystemVersion: d.Facts.SystemVersion,
		Accounts: d.Facts.Accounts, Packages: d.Packages,
		Takes: 2 * time.Second, RestartFor: 8 * time.Second, ShutdownFor: 2 * time.Minute,
	})
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "device.json")); errors.Is(err, fs.ErrNotExist) {
		enrolling, cancel := context.WithTimeout(context.WithoutCancel(ctx), enrolWithin)
		defer cancel()
		if mine, err := p.enrolDemo(enrolling, server, dir, system, d); err != nil || !mine {
			return err
		}
	}
	go func() {
		err := agent.Run(ctx, agent.Config{Dir: dir, System: system, Log: slog.New(slog.DiscardHandler)})
		if err != nil && ctx.Err() == nil {
			p.log.Warn("a device of the demo has stopped", "device", d.Facts.Name, "error", err)
		}
	}()
	return nil
}

// enrolDemo lets a device of the demo in as staff would: a token, the agent's
// own enrolment, the assignment with the local account. A device of that name
// which runs already is another node's, and is left alone; one that lies dead
// is of a data folder that is gone.
func (p *portal) enrolDemo(ctx context.Context, server, dir string, system agent.System, d demo.Device) (mine bool, err error) {
	tenant, err := p.database.TenantByHost(ctx, "localhost")
	if err != nil {
		return false, err
	}
	var adam desk.Viewer
	var user desk.ID
	err = p.database.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.UserByLogin(ctx, "adam")
		if err != nil {
			return err
		}
		adam = desk.Viewer{Tenant: tenant, User: a.ID, Role: a.Role, Name: a.Name, Language: a.Language}
		u, err := tx.UserByLogin(ctx, d.Login)
		user = u.ID
		return err
	})
	if err != nil {
		return false, err
	}
	asAdam := desk.WithViewer(ctx, adam)
	old, err := p.devices.All(asAdam, devices.Cursor{}, 200)
	if err != nil {
		return false, err
	}
	for _, m := range old {
		if !m.Simulated || m.Name != d.Facts.Name || m.RevokedAt != nil {
			continue
		}
		if m.Online {
			return false, nil
		}
		if err := p.devices.Revoke(asAdam, m.ID); err != nil {
			return false, err
		}
	}
	token, err := p.devices.NewToken(asAdam, "", user)
	if err != nil {
		return false, err
	}
	id, err := agent.Enrol(ctx, agent.Enrolment{Server: server, Token: token.Token, Dir: dir, System: system})
	if err != nil {
		return false, err
	}
	_, err = p.devices.Assign(asAdam, desk.ID(id.Device), user, d.Account)
	return err == nil, err
}
