//go:build eval || bench

package evaltest

import (
	"path/filepath"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestImportIsQuick(t *testing.T) {
	s := storetest.New(t)
	k := kb.New(kb.Config{Store: s, Embedder: Offline{}, Log: storetest.Log(t)})
	imported(t, s, k, filepath.Join(shared(t), "kb", "gnome-help"))
}
