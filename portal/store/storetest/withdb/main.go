// Command withdb runs a command with the address of a fresh, migrated database in SQLC_DATABASE_URL, and drops the
// database afterwards: for checks that prepare every query against the real schema.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/cluster"
	"github.com/conserje/conserje/portal/store/storetest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withdb COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	err := run(context.Background(), os.Args[1:])
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withdb:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		var err error
		if server, err = cluster.Share(ctx); err != nil {
			return err
		}
	}
	address, err := url.Parse(server)
	if err != nil {
		return fmt.Errorf("read TEST_DATABASE_URL: %w", err)
	}
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = admin.Close(ctx) }()
	name := fmt.Sprintf("withdb_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		return fmt.Errorf("make a database: %w", err)
	}
	defer func() { _, _ = admin.Exec(ctx, "drop database "+name+" with (force)") }()
	address.Path = "/" + name
	// The tests' secret: roles belong to the whole server, and must keep the passwords they have.
	cfg := store.Config{AdminURL: address.String(), Secret: storetest.Secret}
	if err := store.Migrate(ctx, cfg); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "SQLC_DATABASE_URL="+address.String())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
