package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the numbered SQL files, for tests that key a template
// database on them.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// Migrate brings the database up to date: extension, roles, our tables, then
// River's in its own schema under its own role. It logs in with AdminURL, whose
// role must own the database and may create roles. Nodes that start together
// wait for each other. Running it again changes nothing.
func Migrate(ctx context.Context, cfg Config) error {
	if len(cfg.Secret) == 0 {
		return errors.New("migrate: a secret is needed to derive the roles' passwords")
	}
	admin, err := pgx.Connect(ctx, cfg.AdminURL)
	if err != nil {
		return fmt.Errorf("database log-in: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx))
	if err := ensureVector(ctx, admin); err != nil {
		return err
	}
	if err := ensureRoles(ctx, admin, cfg.Secret); err != nil {
		return err
	}
	if err := migrateOwn(ctx, cfg.AdminURL); err != nil {
		return err
	}
	return migrateRiver(ctx, admin, cfg)
}

func ensureVector(ctx context.Context, admin *pgx.Conn) error {
	_, err := admin.Exec(ctx, `create extension if not exists vector`)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "0A000" || pg.Code == "58P01" || pg.Code == "42704") {
		return fmt.Errorf("this Postgres has no pgvector: install pgvector 0.8 or later on the database server "+
			"(Debian 13 and later: apt-get install postgresql-NN-pgvector; macOS: brew install pgvector) and start again: %w", err)
	}
	return err
}

func ensureRoles(ctx context.Context, admin *pgx.Conn, secret []byte) error {
	logins := map[string]bool{roleLookup: false, roleApp: true, roleRiver: true}
	for _, role := range []string{roleLookup, roleApp, roleRiver} {
		// Roles belong to the whole server: another database's migration may be
		// creating the same one at this moment.
		create := fmt.Sprintf(`do $$ begin create role %s nologin nosuperuser nobypassrls; exception when duplicate_object or unique_violation then null; end $$`, role)
		if err := again(ctx, admin, create); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
		if !logins[role] {
			continue
		}
		alter := fmt.Sprintf(`alter role %s login password '%s'`, role, rolePassword(secret, role))
		if err := again(ctx, admin, alter); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	// An owner that is no superuser must belong to a role to hand objects to it.
	return again(ctx, admin, fmt.Sprintf(`do $$ begin
		if not (select rolsuper from pg_roles where rolname = current_user) then
			execute format('grant %s, %s to %%I', current_user);
		end if; end $$`, roleLookup, roleRiver))
}

// again repeats a statement that met another session at the same catalogue row.
func again(ctx context.Context, admin *pgx.Conn, statement string) error {
	var err error
	for range 10 {
		_, err = admin.Exec(ctx, statement)
		if err == nil || !strings.Contains(err.Error(), "concurrently updated") {
			return err
		}
	}
	return err
}

func migrateOwn(ctx context.Context, url string) error {
	conn, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("database address: %w", err)
	}
	defer conn.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, Migrations(), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}

func migrateRiver(ctx context.Context, admin *pgx.Conn, cfg Config) error {
	if err := again(ctx, admin, fmt.Sprintf(`create schema if not exists %s authorization %s`, riverSchema, roleRiver)); err != nil {
		return fmt.Errorf("job queue's schema: %w", err)
	}
	pool, err := connect(ctx, cfg, roleRiver, 2)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	_, err = pool.Exec(ctx, fmt.Sprintf(`
		grant usage on schema %[1]s to %[2]s;
		grant select, insert, update on all tables in schema %[1]s to %[2]s;
		grant usage on all sequences in schema %[1]s to %[2]s;`, riverSchema, roleApp))
	return err
}
