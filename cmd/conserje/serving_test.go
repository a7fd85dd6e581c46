package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conserje/conserje/kb/pdf/pdftest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
)

// serving is how a test has a portal served: wired as `serve` wires it, on the
// test's database and a port of its own.
type serving struct {
	url      string // of the database
	model    modelSettings
	messages notify.Config // without its store
	waits    waits
	start    func(context.Context, *portal) error
	log      *slog.Logger
}

// open serves until the test ends, and tells where.
func (s serving) open(t *testing.T) (p *portal, address string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	settings := &Settings{Data: dataFolder(t), DatabaseURL: s.url, Secret: string(storetest.Secret)}
	d, err := openDatabase(ctx, settings, s.log, func(string) {}, false)
	must(err)
	m, err := openModels(s.model, s.log)
	must(err)
	s.messages.Store = d.Store
	knowledge, err := openKnowledge(settings, d.Store, m, s.log)
	must(err)
	p, err = wire(ctx, d, m, knowledge, notify.New(s.messages), fileSettings{Store: t.TempDir()}, s.waits, s.log)
	must(err)
	must(s.start(ctx, p))
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	must(err)
	app := p.app(nil, new(atomic.Bool))
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() {
		cancel()
		closing, done := context.WithTimeout(context.Background(), 10*time.Second)
		defer done()
		p.stop(closing)
		_ = app.ShutdownWithContext(closing)
		p.close(closing)
		_ = d.Close()
	})
	return p, ln.Addr().String()
}

// tenantHere makes a tenant that is met at localhost, as the demo's is.
func tenantHere(t *testing.T, s *store.Store) desk.ID {
	t.Helper()
	id := storetest.Tenant(t, s)
	storetest.InTx(t, s, id, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddHost(ctx, db.AddHostParams{TenantID: id, Host: "localhost"})
	})
	return id
}

// dataFolder is a new one whose compiled PDF reader is the one of all tests.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir, cache := t.TempDir(), pdftest.Cache()
	if cache == "" {
		return dir
	}
	if err := errors.Join(os.MkdirAll(cache, 0o700), os.Symlink(cache, filepath.Join(dir, "cache"))); err != nil {
		t.Fatal(err)
	}
	return dir
}
