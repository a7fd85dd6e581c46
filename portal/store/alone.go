package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// nodeLock is the advisory lock that a node with an embedded bus holds for its
// life.
const nodeLock = 0x636f6e736572 // "conser"

// Alone reports whether no other node with a bus of its own works on this
// database. Two such nodes do not hear each other: everything still works, but
// late. The answer is kept true for the next node by a lock on a connection of
// its own, which Close lets go.
func (s *Store) Alone(ctx context.Context) (alone bool, err error) {
	if !s.bus.Embedded() {
		return true, nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", int64(nodeLock)).Scan(&alone); err != nil || !alone {
		_ = conn.Close(ctx)
		return false, err
	}
	s.node = conn
	return true, nil
}
