package storetest

import (
	"os"
	"testing"
)

func clusterURL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		return url
	}
	t.Fatal("set TEST_DATABASE_URL to a superuser's address of a Postgres with pgvector")
	return ""
}
