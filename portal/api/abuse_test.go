package api_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestSearchesOfOnePersonAreBoundedAndListsAreNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, _ := w.logIn(t, "ana")
	ben, _ := w.logIn(t, "ben")
	search := func(token, path string) int {
		return w.do(t, call{path: "/api/v1/articles" + path, token: token}).StatusCode
	}
	if got := search(ana, "?query=printer"); got != 200 {
		t.Fatal(got)
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update limits set hits = 120 where key = 'search:' || $1::text", w.viewers["ana"].User)
		return err
	})
	if a, l, b := search(ana, "?query=printer"), search(ana, ""), search(ben, "?query=printer"); a != 429 || l != 200 || b != 200 {
		t.Errorf("ana's search %d, her list %d, ben's search %d", a, l, b)
	}
}
