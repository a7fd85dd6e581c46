//go:build unix

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
)

// What the schema and the search need.
const (
	minMajor  = 15
	minVector = "0.8"
)

// Tools is one installation of Postgres.
type Tools struct {
	Bin    string // folder of postgres and initdb
	Major  int
	Vector string // version of pgvector; empty without it
}

var (
	firstNumber   = regexp.MustCompile(`\d+`)
	vectorVersion = regexp.MustCompile(`(?m)^default_version\s*=\s*'([^']+)'`)
)

// Find returns the newest Postgres with pgvector on this machine.
func Find(ctx context.Context) (Tools, error) { return find(ctx, 0) }

// find returns the newest serving Postgres, or the one of the given major version when a data folder demands it.
func find(ctx context.Context, major int) (Tools, error) {
	all := installed(ctx)
	for _, t := range all {
		if (major == 0 || t.Major == major) && t.Major >= minMajor && newEnough(t.Vector, minVector) {
			return t, nil
		}
	}
	return Tools{}, missing(all, major)
}

// installed lists every Postgres server of the machine, newest first.
func installed(ctx context.Context) []Tools {
	var all []Tools
	seen := map[string]bool{}
	for _, config := range pgConfigs() {
		out, err := exec.CommandContext(ctx, config, "--version", "--bindir", "--sharedir").Output()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil || len(lines) != 3 {
			continue
		}
		t := Tools{Bin: lines[1]}
		t.Major, _ = strconv.Atoi(firstNumber.FindString(lines[0]))
		if seen[t.Bin] || !executable(filepath.Join(t.Bin, "postgres")) || !executable(filepath.Join(t.Bin, "initdb")) {
			continue
		}
		seen[t.Bin] = true
		t.Vector = vectorOf(lines[2])
		all = append(all, t)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Major > all[j].Major })
	return all
}

func pgConfigs() []string {
	var found []string
	if own := os.Getenv("PG_CONFIG"); own != "" {
		found = append(found, own)
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/pg_config",
		"/usr/pgsql-*/bin/pg_config",
		"/opt/homebrew/opt/postgresql*/bin/pg_config",
		"/usr/local/opt/postgresql*/bin/pg_config",
		"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin/pg_config",
		"/usr/libexec/postgresql*/pg_config",
	} {
		paths, _ := filepath.Glob(pattern)
		found = append(found, paths...)
	}
	if path, err := exec.LookPath("pg_config"); err == nil {
		found = append(found, path)
	}
	return found
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func vectorOf(share string) string {
	data, err := os.ReadFile(filepath.Join(share, "extension", "vector.control"))
	if err != nil {
		return ""
	}
	m := vectorVersion.FindSubmatch(data)
	if m == nil {
		return ""
	}
	return string(m[1])
}

// newEnough compares dotted versions number by number.
func newEnough(have, want string) bool {
	h, w := firstNumber.FindAllString(have, -1), firstNumber.FindAllString(want, -1)
	for i := range w {
		if i >= len(h) {
			return false
		}
		a, _ := strconv.Atoi(h[i])
		b, _ := strconv.Atoi(w[i])
		if a != b {
			return a > b
		}
	}
	return true
}

// missing says what is here, what is lacking, and what to install on this system.
func missing(all []Tools, major int) error {
	if major != 0 {
		return fmt.Errorf("the data folder was made by PostgreSQL %d, and there is no PostgreSQL %d with pgvector %s or later here; %s, "+
			"or move the data to a newer version with pg_upgrade", major, major, minVector, advice(major))
	}
	if len(all) == 0 {
		return fmt.Errorf("there is no PostgreSQL server here, and no DATABASE_URL names one elsewhere; %s", advice(0))
	}
	newest := all[0]
	switch {
	case newest.Major < minMajor:
		return fmt.Errorf("the PostgreSQL here is version %d, and Conserje needs %d or later; %s", newest.Major, minMajor, advice(0))
	case newest.Vector == "":
		return fmt.Errorf("PostgreSQL %d is here, but its extension pgvector is not; %s", newest.Major, advice(newest.Major))
	default:
		return fmt.Errorf("pgvector %s is here, and Conserje needs %s or later; %s", newest.Vector, minVector, advice(newest.Major))
	}
}

func advice(major int) string {
	if runtime.GOOS == "darwin" {
		return "install both with: brew install postgresql@17 pgvector"
	}
	version := "NN"
	if major != 0 {
		version = strconv.Itoa(major)
	}
	release, _ := os.ReadFile("/etc/os-release")
	switch {
	case bytes.Contains(release, []byte("debian")):
		return fmt.Sprintf("install the packages postgresql-%s and postgresql-%s-pgvector (where this release has none, "+
			"`make setup` in the source folder builds it)", version, version)
	case bytes.Contains(release, []byte("fedora")), bytes.Contains(release, []byte("rhel")):
		return "install the packages postgresql-server and pgvector"
	default:
		return fmt.Sprintf("install PostgreSQL %d or later with pgvector %s or later, or set DATABASE_URL", minMajor, minVector)
	}
}
