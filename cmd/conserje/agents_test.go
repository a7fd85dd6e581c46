package main

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/demo"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices"
)

func TestADemoStoppedAtOnceHasItsDevicesOnceAtTheNextStart(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	p, address := serving{
		url: storetest.URL(t), log: log, messages: notify.Config{Demo: true, Log: log},
		start: func(ctx context.Context, p *portal) error { return p.start(ctx) },
	}.open(t)
	s := p.database.Store
	tenant := tenantHere(t, s)
	adam := storetest.User(t, s, tenant, "", desk.RoleAdmin, "adam")
	acme := storetest.Company(t, s, tenant, "Acme")
	storetest.User(t, s, tenant, acme, desk.RoleContact, "ana")
	storetest.User(t, s, tenant, acme, desk.RoleContact, "chloe")
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	all := func() []devices.Managed {
		list, err := p.devices.All(desk.WithViewer(t.Context(), adam), devices.Cursor{}, 200)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}

	data := t.TempDir()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	p.demoAgents(stopped, addr, data)
	enrolled := all()
	if len(enrolled) != len(demo.Devices()) {
		t.Errorf("%d devices are enrolled", len(enrolled))
	}
	for _, row := range enrolled {
		d, err := p.devices.One(desk.WithViewer(t.Context(), adam), row.ID)
		if err != nil || len(d.Assignments) != 1 || d.Assignments[0].Account == "" || d.Online {
			t.Errorf("%s: online %v, assigned %+v, %v", d.Name, d.Online, d.Assignments, err)
		}
	}
	p.demoAgents(t.Context(), addr, data)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		online, list := 0, all()
		for _, d := range list {
			if d.Online {
				online++
			}
		}
		if len(list) == len(demo.Devices()) && online == len(list) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("of %d devices %d are online: %+v", len(list), online, list)
		}
	}
}
