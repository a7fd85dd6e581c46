package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/conserje/conserje/portal/web"
)

type doctorCmd struct{}

// Run opens the installation as the server would and says what it found.
func (doctorCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	say := func(what, found string) { fmt.Printf("%-16s %s\n", what, found) }
	say("conserje", version+" ("+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")")
	say("web interface", map[bool]string{true: "built in", false: "missing: run make build"}[web.Built()])
	say("model", "the built-in one; set OPENAI_API_KEY or OPENAI_BASE_URL for another")
	if s.Model.configured() {
		say("model", s.Model.Model)
	}
	d, err := openDatabase(ctx, s, log, func(string) {}, true)
	if err != nil {
		say("database", err.Error())
		return errors.New("the server cannot start like this")
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f, err := d.Facts(ctx)
	if err != nil {
		return err
	}
	say("postgres", f.Postgres)
	say("pgvector", f.Vector)
	if f.OldVector() {
		say("", "before 0.8.4: vector indexes are built without parallel workers, and below 20,000 passages the search is exact")
	}
	say("tenant wall", "whole: row-level security is forced on every table")
	say("message bus", map[bool]string{true: "embedded: one node", false: "NATS_URL"}[d.bus.Embedded()])
	tenants, err := d.TenantIDs(ctx)
	if err != nil {
		return err
	}
	say("portals", fmt.Sprint(len(tenants)))
	return nil
}
