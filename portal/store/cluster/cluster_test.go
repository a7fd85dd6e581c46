//go:build unix

package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test binary be the server that a test kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLUSTER_TEST_SERVER"); dir != "" {
		c, err := Start(context.Background(), Config{DataDir: dir})
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println("up", c.PID())
		select {}
	}
	os.Exit(m.Run())
}

// dataDir is a folder that the cluster's user can enter, unlike t.TempDir when root runs the tests.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(shortTemp(), "conserje-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Config{DataDir: dir, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func query[T any](t *testing.T, c *Cluster, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func run(t *testing.T, c *Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !waitGone(t.Context(), pid) {
		t.Fatal("the killed process stays")
	}
}

func TestAFreshFolderBecomesADatabaseWithVectorsAndWithoutTCP(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	c := start(t, dir)
	run(t, c, "create extension vector")
	if got := query[string](t, c, "select '[1,2]'::vector::text"); got != "[1,2]" {
		t.Errorf("vector says %s", got)
	}
	for setting, want := range map[string]string{
		"listen_addresses": "", "unix_socket_permissions": "0700", "server_encoding": "UTF8", "fsync": "on", "data_checksums": "on",
	} {
		if got := query[string](t, c, "show "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	if got := query[string](t, c, "select lower('ÉÑÜ')"); got != "éñü" {
		t.Errorf("letters beyond ASCII are not letters here: %s", got)
	}
	info, err := os.Stat(c.home.socketDir())
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder is open: %v %v", info, err)
	}
	stop(t, c)
	if alive(c.PID()) {
		t.Error("postgres runs on after Stop")
	}
	again := start(t, dir)
	defer stop(t, again)
	if got := query[int](t, again, "select count(*) from pg_extension where extname = 'vector'"); got != 1 {
		t.Error("a second start does not find what the first one stored")
	}
}

func TestASecondStartOnTheSameFolderNamesTheHolder(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	c := start(t, dir)
	defer stop(t, c)
	_, err := Start(t.Context(), Config{DataDir: dir})
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() || !strings.Contains(err.Error(), "is in use by process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("second start: %v", err)
	}
	if query[int](t, c, "select 1") != 1 {
		t.Error("the refused start disturbed the first")
	}
}

func TestAKilledPostgresComesBackByItself(t *testing.T) {
	t.Parallel()
	c := start(t, dataDir(t))
	defer stop(t, c)
	run(t, c, "create table kept as select 7 as n")
	first := c.PID()
	kill(t, first)
	for deadline := time.Now().Add(30 * time.Second); c.PID() == first; {
		if time.Now().After(deadline) {
			t.Fatal("postgres was not started again")
		}
		time.Sleep(poll)
	}
	if got := query[int](t, c, "select n from kept"); got != 7 {
		t.Errorf("kept says %d", got)
	}
}

// server starts a server process of its own and returns it with the process id of its Postgres.
func server(t *testing.T, dir string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLUSTER_TEST_SERVER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "up ")))
	if err != nil {
		t.Fatalf("the server says %q", line)
	}
	return cmd, pid
}

func TestAfterAKillOfTheServerTheNextStartAdoptsItsPostgres(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	cmd, pid := server(t, dir)
	_, err := Start(t.Context(), Config{DataDir: dir})
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != cmd.Process.Pid {
		t.Fatalf("the folder of another process: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	c := start(t, dir)
	if c.PID() != pid {
		t.Errorf("process %d was started beside %d", c.PID(), pid)
	}
	stop(t, c)
	if alive(pid) {
		t.Error("the adopted postgres runs on after Stop")
	}
}

func TestAfterAKillOfServerAndPostgresTheNextStartWorks(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	cmd, pid := server(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c := start(t, dir)
	defer stop(t, c)
	if query[int](t, c, "select 1") != 1 {
		t.Error("no answer")
	}
}

func TestAStalePIDFileOfAnotherProgramDoesNotBlock(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	c := start(t, dir)
	h := c.home
	stop(t, c)
	other := exec.Command("sleep", "60")
	h.as(other)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n  1 1\nready\n", other.Process.Pid, h.path("data"), h.socketDir())
	if err := os.WriteFile(h.path("data/postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, dir))
}

func TestALongFolderNameGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), strings.Repeat("long-", 10), strings.Repeat("name-", 10))
	c := start(t, dir)
	defer func() { _ = os.RemoveAll(c.home.socketDir()) }()
	defer stop(t, c)
	if query[int](t, c, "select 1") != 1 || len(c.home.socketDir()) > maxSocketDir {
		t.Errorf("socket in %s", c.home.socketDir())
	}
}

func TestAFolderOnlyForRootMovesTheClusterAside(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has folders that the cluster's user cannot enter")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := start(t, dir)
	aside := filepath.Dir(c.home.dir)
	defer func() { _ = os.RemoveAll(aside) }()
	if filepath.Dir(aside) != rootHome {
		t.Errorf("the cluster lies in %s", c.home.dir)
	}
	stop(t, c)
	again := start(t, dir)
	if again.home.dir != c.home.dir {
		t.Errorf("the second start looks in %s, the first in %s", again.home.dir, c.home.dir)
	}
	stop(t, again)
}

func TestWithoutAServingPostgresTheMessageSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		all   []Tools
		major int
		want  string
	}{
		"nothing here":        {nil, 0, "there is no PostgreSQL server here"},
		"too old":             {[]Tools{{Major: 14, Vector: "0.8.0"}}, 0, "is version 14, and Conserje needs 15"},
		"no pgvector":         {[]Tools{{Major: 15}}, 0, "PostgreSQL 15 is here, but its extension pgvector is not"},
		"old pgvector":        {[]Tools{{Major: 16, Vector: "0.6.0"}}, 0, "pgvector 0.6.0 is here, and Conserje needs 0.8"},
		"data of another one": {[]Tools{{Major: 17, Vector: "0.8.0"}}, 15, "made by PostgreSQL 15"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := missing(test.all, test.major)
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "install") {
				t.Errorf("says: %v", err)
			}
		})
	}
}

func TestVersionsCompareByNumber(t *testing.T) {
	t.Parallel()
	for have, want := range map[string]bool{"0.8.0": true, "0.8": true, "0.10.1": true, "1.0": true, "0.7.4": false, "": false, "0": false} {
		if got := newEnough(have, minVector); got != want {
			t.Errorf("%q serves: %v", have, got)
		}
	}
}

func TestSharersMeetInOneClusterThatStaysWhileUsed(t *testing.T) {
	t.Parallel()
	first, err := Share(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := Unshare(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, err := Share(t.Context())
	if err != nil || first != second {
		t.Fatalf("%s, then %s: %v", first, second, err)
	}
	conn, err := pgx.Connect(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(context.Background())
}
