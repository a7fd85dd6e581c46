// Package storetest gives tests a store on a real Postgres: a database of
// their own, cloned from a migrated template, gone when the test ends.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/db"
)

// Secret is the server's secret in every test.
var Secret = []byte("a secret of the tests, thirty-two bytes")

// New returns a store on a fresh, migrated database with an embedded bus.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, URL(t), 0)
}

// Open opens another store on the same database: a second node. maxConns 0 is
// the default.
func Open(t testing.TB, url string, maxConns int32) *store.Store {
	t.Helper()
	b, err := bus.Start("", Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return OpenOn(t, url, b, maxConns)
}

// OpenOn opens a store on a bus that the test shares between nodes.
func OpenOn(t testing.TB, url string, b *bus.Bus, maxConns int32) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{AdminURL: url, Secret: Secret, Bus: b, Log: Log(t), MaxConns: maxConns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Log drops what is below a warning and writes the rest to the test's log.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// URL makes a fresh, migrated database and returns the address of its owner.
func URL(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	admin, err := pgx.Connect(ctx, clusterURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	template, err := ensureTemplate(ctx, admin, clusterURL(t))
	if err != nil {
		t.Fatalf("template database: %v", err)
	}
	name := "test_" + strings.ReplaceAll(string(desk.NewID()), "-", "")
	if _, err := admin.Exec(ctx, "create database "+name+" template "+template+" strategy file_copy"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t, name) })
	return withDatabase(clusterURL(t), name)
}

func drop(t testing.TB, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin, err := pgx.Connect(ctx, clusterURL(t))
	if err != nil {
		t.Log(err)
		return
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "drop database if exists "+name+" with (force)"); err != nil {
		t.Log(err)
	}
}

// ensureTemplate migrates a database once per set of migrations; an advisory
// lock makes every other test process wait for the first.
func ensureTemplate(ctx context.Context, admin *pgx.Conn, url string) (string, error) {
	name := "template_" + migrationsDigest()
	const lock = 0x636f6e73 // any constant of ours
	if _, err := admin.Exec(ctx, "select pg_advisory_lock($1)", lock); err != nil {
		return "", err
	}
	defer func() { _, _ = admin.Exec(ctx, "select pg_advisory_unlock($1)", lock) }()
	var ready bool
	if err := admin.QueryRow(ctx, "select exists (select 1 from pg_database where datname = $1 and datistemplate)", name).Scan(&ready); err != nil || ready {
		return name, err
	}
	if _, err := admin.Exec(ctx, "drop database if exists "+name); err != nil {
		return "", err
	}
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		return "", err
	}
	if err := store.Migrate(ctx, store.Config{AdminURL: withDatabase(url, name), Secret: Secret}); err != nil {
		return "", err
	}
	_, err := admin.Exec(ctx, "alter database "+name+" with is_template true")
	return name, err
}

func migrationsDigest() string {
	h := sha256.New()
	err := fs.WalkDir(store.Migrations(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(store.Migrations(), path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(body), body)
		return err
	})
	if err != nil {
		panic(err) // the files are compiled in
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func withDatabase(raw, name string) string {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err) // the cluster's address comes from us
	}
	u.Path = "/" + name
	return u.String()
}

// Tenant makes a tenant that serves HOST.test and returns its id.
func Tenant(t testing.TB, s *store.Store) desk.ID {
	t.Helper()
	id := desk.NewID()
	slug := "t" + string(id[24:])
	InTx(t, s, id, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateTenant(ctx, db.CreateTenantParams{TenantID: id, Slug: slug, Name: "Tenant " + slug, Language: "en"}); err != nil {
			return err
		}
		return tx.AddHost(ctx, db.AddHostParams{TenantID: id, Host: slug + ".test"})
	})
	return id
}

// InTx runs fn in a transaction of the tenant and ends the test on an error.
func InTx(t testing.TB, s *store.Store, tenant desk.ID, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := s.Tenant(tenant).Tx(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Company makes a company and returns its id.
func Company(t testing.TB, s *store.Store, tenant desk.ID, name string) desk.ID {
	t.Helper()
	id := desk.NewID()
	InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "insert into companies (tenant_id, id, name) values ($1, $2, $3)", tenant, id, name)
		return err
	})
	return id
}

// User makes a user without a password and returns the viewer that a session
// of theirs would be. company is empty for staff.
func User(t testing.TB, s *store.Store, tenant, company desk.ID, role desk.Role, login string) desk.Viewer {
	t.Helper()
	v := desk.Viewer{Tenant: tenant, User: desk.NewID(), Company: company, Role: role, Name: login, Language: "en"}
	InTx(t, s, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into users (tenant_id, id, company_id, login, email, name, role)
			values ($1, $2, $3, $4, $4 || '@example.test', $4, $5)`, tenant, v.User, store.Optional(company), login, role)
		return err
	})
	return v
}
