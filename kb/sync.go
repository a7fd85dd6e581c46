package kb

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

const (
	maxSourcePages = 200
	syncWithin     = 15 * time.Minute // less than what BeginSync grants
	lookForDue     = 5 * time.Minute
)

// look is one look at a source.
type look struct {
	k      *KB
	tenant desk.ID
	source db.BeginSyncRow
	known  map[string]db.SourcePagesRow // by address
	fine   int                          // pages that are as they should be
	failed int
}

// sync looks at a source once: new pages become articles, changed ones new
// texts, and what is gone is withdrawn in the moment it is seen. What one page
// meets stops no other. A source that was removed is no error. done runs in the
// transaction that shows the look's end.
func (k *KB) sync(ctx context.Context, tenant, id desk.ID, done func(ctx context.Context, tx *store.Tx) error) error {
	if k.web == nil {
		return nil
	}
	s := look{k: k, tenant: tenant, known: map[string]db.SourcePagesRow{}}
	err := s.tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if s.source, err = tx.BeginSync(ctx, id); err != nil {
			return err
		}
		pages, err := tx.SourcePages(ctx, id)
		for _, p := range pages {
			s.known[p.Url] = p
		}
		return err
	})
	if store.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	problem, err := s.pages(ctx)
	if err != nil {
		return err // the database, or the node goes down: it is looked at again
	}
	end := db.EndSyncParams{ID: id, State: "ok"}
	switch {
	case problem != nil && s.fine == 0:
		end.State = "failed"
	case problem != nil || s.failed > 0:
		end.State = "partly"
	}
	if end.Code, end.Params, err = asStored(problem); err != nil {
		return err
	}
	return s.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.EndSync(ctx, end); err != nil {
			return err
		}
		return done(ctx, tx)
	})
}

func (s *look) tx(ctx context.Context, fn func(ctx context.Context, tx *store.Tx) error) error {
	return s.k.store.Tenant(s.tenant).Tx(ctx, fn)
}

// asStored is a problem as its columns hold it.
func asStored(problem *desk.Error) (code string, params json.RawMessage, err error) {
	if problem == nil {
		return "", json.RawMessage("{}"), nil
	}
	params, err = json.Marshal(problem.Params)
	if problem.Params == nil {
		params = json.RawMessage("{}")
	}
	return string(problem.Code), params, err
}

// pages looks at each page. The problem is of the source as a whole.
func (s *look) pages(ctx context.Context) (problem *desk.Error, err error) {
	list, problem := s.list(ctx)
	// Pages that left the list may still be there: only their own answer says
	// that they are gone.
	for _, address := range slices.Sorted(maps.Keys(s.known)) {
		list = appendNew(list, address)
	}
	for _, address := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		trouble, err := s.page(ctx, address)
		if err != nil {
			return nil, err
		}
		if trouble == nil {
			s.fine++
			continue
		}
		s.failed++
		if s.source.Kind == "page" {
			problem = trouble
		}
	}
	return problem, nil
}

// page looks at one page and writes what came of it.
func (s *look) page(ctx context.Context, address string) (problem *desk.Error, err error) {
	before := s.known[address]
	if before.Detached || before.ID != "" && before.ArticleID == nil && before.Lang != nil {
		return nil, nil //nolint:nilnil // somebody edited or deleted it: it is theirs, and no problem
	}
	got, err := s.k.web.Get(ctx, address, fetch.Seen{ETag: before.Etag, LastModified: before.LastModified})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		problem = problemOf(err)
	case got.Gone && before.ArticleID == nil:
		problem = desk.Errorf(desk.CodeSourceStatus, "there is no such page (404)").With("status", 404)
	case got.Gone:
		return nil, s.tx(ctx, func(ctx context.Context, tx *store.Tx) error { return s.gone(ctx, tx, before) })
	case got.Unchanged && before.State == "ok":
		return nil, s.touch(ctx, before, got)
	default:
		problem, err = s.take(ctx, address, before, got)
		if err != nil {
			return nil, err
		}
	}
	if problem == nil {
		return nil, nil //nolint:nilnil // taken, without a problem
	}
	return problem, s.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		p := db.FailSourcePageParams{TenantID: s.tenant, ID: desk.NewID(), SourceID: s.source.ID, Url: address}
		if p.Code, p.Params, err = asStored(problem); err != nil {
			return err
		}
		if _, err := tx.HoldSourcePage(ctx, db.HoldSourcePageParams{SourceID: s.source.ID, Url: address}); err != nil {
			return ignoreRemoved(err)
		}
		return tx.FailSourcePage(ctx, p)
	})
}

func problemOf(err error) *desk.Error {
	if known, ok := errors.AsType[*desk.Error](err); ok {
		return known
	}
	return desk.Wrap(desk.CodeInternal, err, "the page could not be read")
}

// ignoreRemoved: the source was removed while it was looked at.
func ignoreRemoved(err error) error {
	if store.NoRows(err) {
		return nil
	}
	return err
}

func (s *look) touch(ctx context.Context, p db.SourcePagesRow, got fetch.Page) error {
	return s.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.TouchSourcePage(ctx, db.TouchSourcePageParams{ID: p.ID, Etag: got.ETag, LastModified: got.LastModified})
	})
}

// take makes an article's text of a page, unless it is the one that is live.
func (s *look) take(ctx context.Context, address string, before db.SourcePagesRow, got fetch.Page) (*desk.Error, error) {
	sum := sha256.Sum256(got.Body)
	if before.State == "ok" && bytes.Equal(before.Hash, sum[:]) {
		return nil, s.touch(ctx, before, got)
	}
	v, problem := s.k.webPage(ctx, address, got, desk.Language(s.source.Lang), s.keyOf)
	if problem != nil {
		return problem, nil
	}
	saved := db.SaveSourcePageParams{
		TenantID: s.tenant, ID: cmp.Or(before.ID, desk.NewID()), SourceID: s.source.ID, Url: address, State: "ok", Params: json.RawMessage("{}"),
		Etag: got.ETag, LastModified: got.LastModified, Hash: sum[:],
	}
	passages, err := cut(v)
	if err != nil {
		return nil, err
	}
	fresh := &changedVersion{version: v, passages: passages}
	live := desk.Language(store.OrZero(before.Lang)) == v.lang && bytes.Equal(before.LiveHash, v.hash)
	var model modelRow
	if !live {
		if model, err = s.k.embedPassages(ctx, s.tenant, fresh.passages); err != nil {
			return nil, err
		}
	}
	return nil, s.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return ignoreRemoved(s.write(ctx, tx, fresh, saved, model))
	})
}

// keyOf is the key of another page of this source, for links between them.
func (s *look) keyOf(address string) (string, bool) {
	_, ok := s.known[address]
	return keyOfPage(address), ok
}

// write stores a page's text as its article, within the hold of its source.
func (s *look) write(ctx context.Context, tx *store.Tx, v *changedVersion, saved db.SaveSourcePageParams, model modelRow) error {
	if err := tx.LockKnowledge(ctx); err != nil {
		return err
	}
	now, err := tx.HoldSourcePage(ctx, db.HoldSourcePageParams{SourceID: s.source.ID, Url: saved.Url})
	if err != nil {
		return err
	}
	if store.OrZero(now.Detached) {
		return nil // edited since this look began
	}
	a, audience, err := s.article(ctx, tx, now, v)
	if err != nil {
		return err
	}
	lang := string(v.lang)
	saved.ArticleID, saved.Lang = &a.ID, &lang
	if err := tx.SaveSourcePage(ctx, saved); err != nil {
		return err
	}
	live, err := tx.ArticleVersions(ctx, []string{v.key})
	if err != nil || bytes.Equal(liveHash(live, v.lang), v.hash) {
		return err
	}
	if err := writeVersion(ctx, tx, a, v, by{"", originSynced}); err != nil {
		return err
	}
	if err := tx.DropSyncedDraft(ctx, db.DropSyncedDraftParams{ArticleID: a.ID, Lang: lang, Source: saved.Url}); err != nil {
		return err
	}
	var passages rows
	passages.add(a, v)
	if err := s.k.finish(ctx, tx, &passages, []desk.ID{a.ID}, audience, model); err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Action: "article.synced", Object: "article", ObjectID: a.ID, Detail: map[string]string{"lang": lang, "url": saved.Url}})
}

// article is the one that a page is, counted one change on; a new page makes
// one. v gets its key.
func (s *look) article(ctx context.Context, tx *store.Tx, p db.HoldSourcePageRow, v *changedVersion) (a db.SaveArticleRow, audience desk.ID, err error) {
	if p.ArticleID == nil {
		made, err := makeArticle(ctx, tx, "", v.key, db.CreateArticleParams{TenantID: tx.Tenant, Audience: s.source.Audience, Category: s.source.Category})
		v.key = made.Key
		return db.SaveArticleRow{ID: made.ID, No: made.No, Changes: made.Changes}, store.OrZero(s.source.Audience), err
	}
	row, err := tx.LockArticle(ctx, *p.ArticleID)
	if err != nil {
		return a, "", err
	}
	v.key = row.Key
	if p.Lang != nil && *p.Lang != string(v.lang) { // the page speaks another language now
		if _, err := tx.DeleteVersion(ctx, db.DeleteVersionParams{ArticleID: row.ID, Lang: *p.Lang}); err != nil {
			return a, "", err
		}
	}
	change, err := tx.ArticleChanges(ctx, row.ID)
	return db.SaveArticleRow{ID: row.ID, No: row.No, Changes: change}, store.OrZero(row.Audience), err
}

// gone withdraws the text of a page that is no longer there.
func (s *look) gone(ctx context.Context, tx *store.Tx, p db.SourcePagesRow) error {
	if err := tx.LockKnowledge(ctx); err != nil {
		return err
	}
	now, err := tx.HoldSourcePage(ctx, db.HoldSourcePageParams{SourceID: s.source.ID, Url: p.Url})
	if err != nil || now.ArticleID == nil || store.OrZero(now.Detached) {
		return ignoreRemoved(err)
	}
	was, err := takeBack(ctx, tx, *now.ArticleID, desk.Language(store.OrZero(now.Lang)), "", p.Url)
	if err != nil {
		return err
	}
	err = tx.SaveSourcePage(ctx, db.SaveSourcePageParams{
		TenantID: s.tenant, ID: p.ID, SourceID: s.source.ID, Url: p.Url, ArticleID: now.ArticleID, Lang: now.Lang, State: "gone", Params: json.RawMessage("{}"),
	})
	if err != nil || !was {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Action: "article.gone", Object: "article", ObjectID: *now.ArticleID, Detail: map[string]string{"url": p.Url}})
}

// AddWorkers registers the jobs of sources.
func (k *KB) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &Worker{KB: k})
	river.AddWorker(workers, &syncWorker{kb: k})
	river.AddWorker(workers, &dueWorker{kb: k})
}

type syncWorker struct {
	river.WorkerDefaults[SyncArgs]
	kb *KB
}

// Work ends its job together with the look: River would a moment later, and a press on "Look now" in between would be
// one with the job that has looked already.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[SyncArgs]) error {
	return w.kb.sync(ctx, job.Args.Tenant, job.Args.Source, func(ctx context.Context, tx *store.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx.Tx, job)
		return err
	})
}

func (w *syncWorker) Timeout(*river.Job[SyncArgs]) time.Duration { return syncWithin }

// DueArgs is the periodic job that finds the sources whose time has come.
type DueArgs struct{}

// Kind names the job.
func (DueArgs) Kind() string { return "kb_sync_due" }

type dueWorker struct {
	river.WorkerDefaults[DueArgs]
	kb *KB
}

func (w *dueWorker) Work(ctx context.Context, _ *river.Job[DueArgs]) error { return w.kb.SyncDue(ctx) }

// SyncDue puts the sources whose time has come into the queue.
func (k *KB) SyncDue(ctx context.Context) error {
	due, err := k.store.DueSources(ctx, 1_000)
	if err != nil {
		return err
	}
	for _, d := range due {
		err := k.store.Tenant(d.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.Enqueue(ctx, SyncArgs{d.Tenant, d.Source}, syncOnce)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Periodic is what has to run by itself.
func (k *KB) Periodic() []*river.PeriodicJob {
	return store.Every(lookForDue, store.QueueWeb, DueArgs{})
}
