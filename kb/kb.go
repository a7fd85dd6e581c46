// Package kb is the knowledge base: articles in several languages, their
// import, and the search that the portal and the assistant share.
//
// The contract:
//
//   - The same key in several languages is one article. An article is for
//     everybody of the tenant or for one company; what a viewer may not see
//     does not exist for them, in reading as in searching.
//   - An article, its passages, its postings and its vectors change in one
//     transaction: what was deleted or edited is not found any more from the
//     moment of the commit.
//   - A search is one statement under row-level security. Its lexical half
//     needs no model; when the embedder is away the search goes on without
//     vectors and says so.
//   - Vectors of two models are never compared. After a change of the model
//     the old vectors serve until the new ones are complete.
package kb

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Embedder turns texts into vectors. query tells a question from a passage.
// Model names it; dimensions may be 0 until the first answer.
type Embedder interface {
	Embed(ctx context.Context, texts []string, query bool) ([][]float32, error)
	Model() (name string, dimensions int)
}

// Config plugs the knowledge base together.
type Config struct {
	Store *store.Store
	// Embedder makes the vectors of new passages and of questions; nil leaves
	// the lexical half alone.
	Embedder Embedder
	// Earlier finds the embedder of a model that was configured before, so that
	// its vectors serve while new ones are made; nil, or a nil answer, means
	// that they cannot.
	Earlier func(model string) Embedder
	// PDF takes PDF files apart; without it they are not imported.
	PDF PDFReader
	// Web fetches the pages of sources; without it there are none.
	Web Fetcher
	Log *slog.Logger
}

// KB searches, reads and imports articles.
type KB struct {
	store    *store.Store
	embedder Embedder
	earlier  func(string) Embedder
	pdf      PDFReader
	web      Fetcher
	log      *slog.Logger

	mu    sync.Mutex
	known map[audience]facts // what the last search told; a hint, never a truth
}

// audience is a set of viewers that see the same articles.
type audience struct {
	tenant  desk.ID
	company desk.ID // empty for staff
}

func audienceOf(v desk.Viewer) audience {
	if v.Role.Staff() {
		return audience{tenant: v.Tenant}
	}
	return audience{v.Tenant, v.Company}
}

// facts let the next search choose its plan without asking first.
type facts struct {
	chunks     int // of the tenant
	visible    int // of these, to this audience; counted now and then
	counted    time.Time
	serving    string // the embedding model whose vectors answer
	dimensions int
}

// New returns the knowledge base of an installation.
func New(cfg Config) *KB {
	k := &KB{store: cfg.Store, embedder: cfg.Embedder, earlier: cfg.Earlier, pdf: cfg.PDF, web: cfg.Web, log: cfg.Log, known: map[audience]facts{}}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if k.earlier == nil {
		k.earlier = func(string) Embedder { return nil }
	}
	return k
}

func (k *KB) facts(a audience) facts {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[a]
}

// maxKnown bounds the hints; forgetting all of them costs each audience one
// slower search.
const maxKnown = 10_000

func (k *KB) learn(a audience, f facts) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= maxKnown {
		clear(k.known)
	}
	k.known[a] = f
}

// embedderOf returns the embedder of a model, nil when none speaks it.
func (k *KB) embedderOf(model string) Embedder {
	if k.embedder != nil {
		if name, _ := k.embedder.Model(); name == model || model == "" {
			return k.embedder
		}
	}
	return k.earlier(model)
}

// reader checks that the viewer is somebody and returns the company whose
// articles they see beside everybody's; staff see all.
func reader(v desk.Viewer) (staff bool, company *desk.ID, err error) {
	if !v.Role.Valid() || v.Tenant == "" {
		return false, nil, desk.Errorf(desk.CodeUnauthenticated, "log in first")
	}
	return v.Role.Staff(), store.Optional(v.Company), nil
}

// editor checks that the viewer may change articles.
func editor(v desk.Viewer) error {
	if v.Tenant == "" || v.Role != desk.RoleAdmin {
		return desk.Errorf(desk.CodeForbidden, "only an administrator changes the knowledge base")
	}
	return nil
}

// language returns l if the portal speaks it, else the fallback.
func language(l desk.Language) desk.Language {
	if slices.Contains(desk.Languages(), l) {
		return l
	}
	return desk.Languages()[0]
}
