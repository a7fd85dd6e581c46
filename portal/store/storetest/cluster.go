package storetest

import (
	"testing"

	"github.com/conserje/conserje/portal/store/cluster/clustertest"
)

func clusterURL(t testing.TB) string {
	t.Helper()
	return clustertest.URL(t)
}
