package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/cluster"
)

// database is an open store with everything that has to be closed after it.
type database struct {
	*store.Store
	cfg     store.Config
	cluster *cluster.Cluster
	bus     *bus.Bus
	urlFile string
	data    string // the data folder
}

// openDatabase starts the embedded Postgres unless an address is set, migrates
// and connects. With joinRunning, a server that holds the data folder is no
// error: its database is used beside it.
func openDatabase(ctx context.Context, s *Settings, log *slog.Logger, progress func(string), joinRunning bool) (*database, error) {
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	d := &database{cfg: store.Config{AdminURL: s.DatabaseURL, Secret: secret, Log: log}, urlFile: filepath.Join(s.Data, "database.url"), data: s.Data}
	if s.DatabaseURL == "" {
		if err := d.embedded(ctx, s, log, progress, joinRunning); err != nil {
			return nil, err
		}
	}
	progress("preparing the database")
	if err := store.Migrate(ctx, d.cfg); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if d.bus, err = bus.Start(s.NATSURL, log); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.cfg.Bus = d.bus
	if d.Store, err = store.Open(ctx, d.cfg); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *database) embedded(ctx context.Context, s *Settings, log *slog.Logger, progress func(string), joinRunning bool) error {
	c, err := cluster.Start(ctx, cluster.Config{DataDir: s.Data, Log: log, Progress: progress})
	var inUse *cluster.InUseError
	if errors.As(err, &inUse) && joinRunning {
		raw, readErr := os.ReadFile(d.urlFile)
		if readErr != nil {
			return fmt.Errorf("%w; its database cannot be found: %w", err, readErr)
		}
		d.cfg.AdminURL = strings.TrimSpace(string(raw))
		return nil
	}
	if err != nil {
		return err
	}
	d.cluster, d.cfg.AdminURL = c, c.URL()
	return writeWhole(d.urlFile, c.URL()+"\n")
}

// Close closes what was opened, the database last.
func (d *database) Close() error {
	if d.Store != nil {
		d.Store.Close()
	}
	if d.bus != nil {
		d.bus.Close()
	}
	if d.cluster == nil {
		return nil
	}
	_ = os.Remove(d.urlFile)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return d.cluster.Stop(ctx)
}
