// Package store is the only way to the database.
//
// Where a tenant is set: Tenant.Tx, and nowhere else. It opens a transaction,
// sets the tenant locally to it, and row-level security does the rest: rows of
// another tenant do not exist in it. The application's role owns nothing and
// cannot bypass the policies; Open refuses to start when that is not so.
//
// A transaction is passed on, never opened inside another: Tx on a context
// that already carries one is a programming error and is returned as such.
// What must happen after the commit, such as waking a subscriber, goes through
// AfterCommit; losing it costs latency and never data.
package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/db"
)

// The roles that the migrations create. App runs every query of the portal,
// river works the job queue, lookup owns the functions that find a tenant and
// cannot log in.
const (
	roleApp    = "conserje_app"
	roleRiver  = "conserje_river"
	roleLookup = "conserje_lookup"
)

// riverSchema holds River's own tables, apart from the tenants'.
const riverSchema = "river"

// Config says where the database is and how to use it.
type Config struct {
	// AdminURL logs in as the owner of the database; only Migrate uses its role.
	AdminURL string
	// Secret derives the passwords of the roles that the portal logs in with, so
	// that every node with the same secret can.
	Secret []byte
	// MaxConns bounds the pool; 0 means 20.
	MaxConns int32
	// Bus carries wake-ups; required.
	Bus *bus.Bus
	// Log takes warnings; required.
	Log *slog.Logger
}

// Store gives out tenants' transactions.
type Store struct {
	pool *pgxpool.Pool
	bus  *bus.Bus
	jobs *river.Client[pgx.Tx]
	log  *slog.Logger
	cfg  Config
	node *pgx.Conn // holds nodeLock; nil unless Alone took it
}

// Open connects as the application's role, checks that this role can see
// nothing by itself (ASVS 8.4.1), and returns the store. The database must
// have been migrated.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	pool, err := connect(ctx, cfg, roleApp, cfg.MaxConns)
	if err != nil {
		return nil, err
	}
	problems, err := CheckCatalogue(ctx, pool)
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("row-level security is not whole: %v", problems)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: riverSchema, Logger: cfg.Log})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return &Store{pool: pool, bus: cfg.Bus, jobs: jobs, log: cfg.Log, cfg: cfg}, nil
}

func connect(ctx context.Context, cfg Config, role string, maxConns int32) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(cfg.AdminURL)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	pc.ConnConfig.User = role
	pc.ConnConfig.Password = rolePassword(cfg.Secret, role)
	pc.MaxConns = 20
	if maxConns > 0 {
		pc.MaxConns = maxConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database log-in as %s: %w", role, err)
	}
	return pool, nil
}

func rolePassword(secret []byte, role string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("database role " + role))
	return hex.EncodeToString(mac.Sum(nil))
}

// Close waits for running transactions and closes the pool.
func (s *Store) Close() {
	if s.node != nil {
		_ = s.node.Close(context.Background()) //nolint:forbidigo // the end has no caller to wait for
	}
	s.pool.Close()
}

// Bus returns the wake-ups of this installation.
func (s *Store) Bus() *bus.Bus { return s.bus }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// TenantByHost finds the tenant that serves host, without a tenant being set.
// An unknown host is CodeNotFound.
func (s *Store) TenantByHost(ctx context.Context, host string) (desk.ID, error) {
	id, err := db.New(s.pool).TenantByHost(ctx, host)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", desk.Errorf(desk.CodeNotFound, "no portal at this address")
	}
	return id, unavailable(err)
}

// TenantIDs lists every tenant, for work that goes through all of them.
func (s *Store) TenantIDs(ctx context.Context) ([]desk.ID, error) {
	ids, err := db.New(s.pool).TenantIDs(ctx)
	return ids, unavailable(err)
}

// EachTx runs fn in a transaction of each tenant, one after the other, up to the
// first error.
func (s *Store) EachTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	ids, err := s.TenantIDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.Tenant(id).Tx(ctx, fn); err != nil {
			return err
		}
	}
	return nil
}

// Tenant returns the way into one tenant's rows. An id that is no UUID yields
// a Tenant whose every transaction fails.
func (s *Store) Tenant(id desk.ID) Tenant { return Tenant{store: s, id: id} }

// ViewerTx runs fn in a transaction of the tenant of the viewer in ctx; without
// a viewer it is CodeUnauthenticated.
func (s *Store) ViewerTx(ctx context.Context, fn func(ctx context.Context, tx *Tx, v desk.Viewer) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	return s.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *Tx) error { return fn(ctx, tx, v) })
}

// Tenant opens transactions that see one tenant only.
type Tenant struct {
	store *Store
	id    desk.ID
}

// Tx is one transaction of one tenant: every generated query, raw SQL, the
// event log, audit and jobs, all committed together.
type Tx struct {
	pgx.Tx
	*db.Queries
	Tenant desk.ID

	store *Store
	after []func(context.Context)
	heads map[desk.ID]db.LockConversationRow // of the conversations that are locked here
}

type inTx struct{}

const txAttempts = 4

// Tx runs fn in a transaction with the tenant set. fn may run again from the
// start when Postgres reports a serialisation failure or a deadlock, so it
// must have no effect of its own outside the transaction but AfterCommit. The
// context given to fn marks the transaction: a second Tx under it fails.
func (t Tenant) Tx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if ctx.Value(inTx{}) != nil {
		return errors.New("a transaction is passed on, not opened inside another")
	}
	id, err := desk.ParseID(string(t.id))
	if err != nil {
		return fmt.Errorf("no tenant set: %w", err)
	}
	for attempt := 1; ; attempt++ {
		err = t.store.once(ctx, id, fn)
		if attempt == txAttempts || !transient(err) {
			return unavailable(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt*attempt) * 5 * time.Millisecond):
		}
	}
}

func (s *Store) once(ctx context.Context, tenant desk.ID, fn func(ctx context.Context, tx *Tx) error) error {
	tx := &Tx{Tenant: tenant, store: s}
	// One round trip opens the transaction and sets the tenant for it alone
	// (SECURITY 0.4: a session-wide setting would survive into the next user of
	// the pooled connection). The id was parsed above: it cannot carry SQL.
	begin := pgx.TxOptions{BeginQuery: "begin; select set_config('conserje.tenant', '" + string(tenant) + "', true)"}
	raw, err := s.pool.BeginTx(ctx, begin)
	if err != nil {
		return err
	}
	defer func() { _ = raw.Rollback(ctx) }() // does nothing once it has committed
	tx.Tx, tx.Queries = raw, db.New(raw)
	if err := fn(context.WithValue(ctx, inTx{}, true), tx); err != nil {
		return err
	}
	if err := commit(ctx, raw); err != nil {
		return err
	}
	for _, f := range tx.after {
		f(ctx)
	}
	return nil
}

// commitWithin bounds how long a commit is waited for.
const commitWithin = 30 * time.Second

// commit waits for the answer to a commit even when ctx ends meanwhile: the
// database has committed by then all the same, and without the answer nobody
// would be woken. Whoever waits for a row that this transaction frees may be
// the one who cancels ctx.
func commit(ctx context.Context, raw pgx.Tx) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWithin)
	defer cancel()
	return raw.Commit(waiting)
}

// AfterCommit runs fn when, and only if, the transaction has committed. Use it
// for wake-ups; what must not be lost is a row or a job.
func (tx *Tx) AfterCommit(fn func(context.Context)) { tx.after = append(tx.after, fn) }

// Publish sends a wake-up when the transaction has committed.
func (tx *Tx) Publish(subject string, data []byte) {
	tx.AfterCommit(func(context.Context) {
		if err := tx.store.bus.Publish(subject, data); err != nil {
			tx.store.log.Warn("wake-up not sent", "subject", subject, "error", err)
		}
	})
}

// transient reports whether running the transaction again may succeed
// (serialization_failure, deadlock_detected).
func transient(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// unavailable gives failures of the connection a code that people can act on.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	var coded *desk.Error
	var connect *pgconn.ConnectError
	if errors.As(err, &coded) || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) || errors.Is(err, context.DeadlineExceeded) {
		return desk.Wrap(desk.CodeUnavailable, err, "the database does not answer; try again")
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05") {
		// character_not_in_repertoire, untranslatable_character: text that no
		// room above has looked at.
		return desk.Wrap(desk.CodeInvalidUTF8, err, "the text is not valid UTF-8")
	}
	return err
}

// NoRows reports whether err says that a query found nothing.
func NoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
