package kb_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/evaltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

// fake is an embedder whose name, length and health a test sets. It looks at
// one word only, so that it is seen whose vectors answer.
type fake struct {
	name  string
	dims  int
	word  string
	down  atomic.Bool
	calls atomic.Int64
}

func (f *fake) Model() (string, int) { return f.name, 0 }

func (f *fake) Embed(_ context.Context, texts []string, _ bool) ([][]float32, error) {
	f.calls.Add(int64(len(texts)))
	if f.down.Load() {
		return nil, errors.New("the model is away")
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, f.dims)
		if strings.Contains(strings.ToLower(t), f.word) {
			out[i][0] = 1
		} else {
			out[i][1] = 1
		}
	}
	return out, nil
}

func vectorKeys(t *testing.T, k *kb.KB, v desk.Viewer, text string) (string, bool) {
	t.Helper()
	r, err := k.Find(t.Context(), v, kb.Query{Text: text, Lang: "en", Mode: kb.Vector, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Hits) == 0 {
		return "", r.Degraded
	}
	return r.Hits[0].Key, r.Degraded
}

func TestOldVectorsServeUntilTheNewOnesAreComplete(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	old, next := &fake{name: "old", dims: 3, word: "apple"}, &fake{name: "new", dims: 5, word: "pear"}
	b := on(t, s, old)
	b.put(t, "", article("apple", "en", "Apple", "x"), article("pear", "en", "Pear", "x"), article("plum", "en", "Plum", "x"))
	if key, _ := vectorKeys(t, b.KB, b.admin, "apple"); key != "apple" {
		t.Fatalf("the old model finds %q", key)
	}
	after := kb.New(kb.Config{Store: s, Embedder: next, Log: storetest.Log(t), Earlier: func(model string) kb.Embedder {
		if model == "old" {
			return old
		}
		return nil
	}})
	if key, degraded := vectorKeys(t, after, b.admin, "apple"); key != "apple" || degraded {
		t.Errorf("before the change is complete: %q, degraded %v", key, degraded)
	}
	// The new model fails in the middle: the old one goes on serving.
	next.down.Store(true)
	if err := after.Reembed(t.Context(), b.tenant); err == nil {
		t.Error("no error although the model is away")
	}
	if key, _ := vectorKeys(t, after, b.admin, "apple"); key != "apple" {
		t.Errorf("after a failed attempt: %q", key)
	}
	next.down.Store(false)
	if err := after.Reembed(t.Context(), b.tenant); err != nil {
		t.Fatal(err)
	}
	old.down.Store(true)
	if key, degraded := vectorKeys(t, after, b.admin, "pear"); key != "pear" || degraded {
		t.Errorf("after the change: %q, degraded %v", key, degraded)
	}
	if n := b.count(t, "select count(*) from chunk_vectors where dimensions <> 5"); n != 0 {
		t.Errorf("%d old vectors are left", n)
	}
	if n := b.count(t, "select count(*) from embedding_models where state <> 'serving'"); n != 0 {
		t.Errorf("%d models are left behind", n)
	}
	calls := next.calls.Load()
	if err := after.Reembed(t.Context(), b.tenant); err != nil || next.calls.Load() != calls {
		t.Errorf("run again it embeds again: %v", err)
	}
}

func TestOldVectorsThatNobodyCanAskLeaveTheLexicalHalf(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	b := on(t, s, &fake{name: "old", dims: 3, word: "apple"})
	b.put(t, "", article("apple", "en", "Apple", "x"))
	after := kb.New(kb.Config{Store: s, Embedder: &fake{name: "new", dims: 5, word: "pear"}, Log: storetest.Log(t)})
	r, err := after.Find(t.Context(), b.admin, kb.Query{Text: "apple", Lang: "en"})
	if err != nil || len(r.Hits) != 1 || !r.Degraded {
		t.Errorf("%+v %v", r, err)
	}
}

func TestEmbedderThatIsAwayStopsNeitherSearchNorImport(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	f := &fake{name: "m", dims: 4, word: "apple"}
	b := on(t, s, f)
	f.down.Store(true)
	b.put(t, "", article("apple", "en", "Apple", "juice"))
	r, err := b.Find(t.Context(), b.admin, kb.Query{Text: "juice", Lang: "en"})
	if err != nil || len(r.Hits) != 1 || !r.Degraded {
		t.Errorf("%+v %v", r, err)
	}
	if n := b.count(t, "select count(*) from chunk_vectors"); n != 0 {
		t.Errorf("%d vectors out of nothing", n)
	}
	f.down.Store(false)
	if err := b.Reembed(t.Context(), b.tenant); err != nil {
		t.Fatal(err)
	}
	if key, degraded := vectorKeys(t, b.KB, b.admin, "apple"); key != "apple" || degraded {
		t.Errorf("after it came back: %q, degraded %v", key, degraded)
	}
}

func TestVectorsOfAnotherLengthAreRefusedAndNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	f := &fake{name: "m", dims: 4, word: "apple"}
	b := on(t, s, f)
	b.put(t, "", article("apple", "en", "Apple", "juice"))
	f.dims = 6
	_, err := b.Import(t.Context(), b.admin, []kb.Document{article("pear", "en", "Pear", "cider"), article("apple", "en", "Apple", "edited")}, kb.ImportOptions{})
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodeEmbeddingDimension || e.Params["want"] != 4 || e.Params["got"] != 6 {
		t.Fatalf("%v", err)
	}
	if n := b.count(t, "select count(*) from articles"); n != 1 {
		t.Errorf("%d articles", n)
	}
	r, err := b.Find(t.Context(), b.admin, kb.Query{Text: "juice", Lang: "en"})
	if err != nil || len(r.Hits) != 1 || !r.Degraded {
		t.Errorf("searching with the wrong length: %+v %v", r, err)
	}
}

func TestOfflineEmbedderIsTheBuiltInOne(t *testing.T) {
	t.Parallel()
	v, err := evaltest.Offline{}.Embed(t.Context(), []string{"a printer"}, true)
	name, dims := evaltest.Offline{}.Model()
	if err != nil || len(v[0]) != dims || name == "" {
		t.Errorf("%q %d %v", name, dims, err)
	}
}
