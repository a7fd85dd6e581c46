package storetest

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/conserje/conserje/portal/store/cluster/clustertest"
)

func clusterURL(t testing.TB) string {
	t.Helper()
	return clustertest.URL(t)
}

// Leaks are the goroutines that stay behind on purpose when this test binary
// was the one that started the shared Postgres: they wait for processes that
// outlive it.
func Leaks() []goleak.Option {
	const room = "github.com/conserje/conserje/portal/store/cluster"
	return []goleak.Option{
		goleak.IgnoreAnyFunction(room + ".home.launch.func2"),
		goleak.IgnoreAnyFunction(room + ".home.reapWhenIdle.func1"),
	}
}
