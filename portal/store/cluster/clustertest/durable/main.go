//go:build unix

// Command durable runs a command with TEST_DATABASE_URL naming a fresh Postgres that is set up as a server's own, fsync
// and all, and removes it afterwards: figures taken on the tests' shared cluster, which never syncs, would flatter.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/conserje/conserje/portal/store/cluster"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "durable:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) == 0 {
		return errors.New("name the command to run")
	}
	dir, err := os.MkdirTemp("", "conserje-durable-")
	if err != nil {
		return err
	}
	// Under root the cluster's own user must be able to pass through.
	if err := os.Chmod(dir, 0o711); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	c, err := cluster.Start(ctx, cluster.Config{DataDir: dir})
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	defer func() {
		stop, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		err = errors.Join(err, c.Stop(stop), os.RemoveAll(dir))
	}()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+c.URL())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
