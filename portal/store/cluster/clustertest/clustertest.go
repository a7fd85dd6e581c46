//go:build unix

// Package clustertest gives tests a real Postgres without any preparation: the server that TEST_DATABASE_URL names,
// or a throw-away cluster that all test binaries of this user share.
package clustertest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/store/cluster"
)

var shared = sync.OnceValues(func() (string, error) {
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		return url, nil
	}
	return cluster.Share(context.Background())
})

// URL returns a superuser's connection string. The server is shared: make a database of your own in it.
func URL(t testing.TB) string {
	t.Helper()
	url, err := shared()
	if err != nil {
		t.Fatalf("no Postgres for the tests: %v", err)
	}
	return url
}
