package store

import (
	"context"
	"fmt"
)

// Facts are what an operator wants to know of the database server.
type Facts struct {
	Postgres string
	Vector   string // version of pgvector
}

// Facts asks the server.
func (s *Store) Facts(ctx context.Context) (f Facts, err error) {
	err = s.pool.QueryRow(ctx, `select current_setting('server_version'), (select extversion from pg_extension where extname = 'vector')`).
		Scan(&f.Postgres, &f.Vector)
	return f, unavailable(err)
}

// OldVector reports a pgvector before 0.8.4, whose HNSW builds and vacuums
// have known faults.
func (f Facts) OldVector() bool {
	var major, minor, patch int
	if _, err := fmt.Sscanf(f.Vector, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return true
	}
	return major == 0 && (minor < 8 || minor == 8 && patch < 4)
}
