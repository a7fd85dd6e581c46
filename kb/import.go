package kb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// ImportOptions say what the files themselves do not.
type ImportOptions struct {
	Audience desk.ID       // the one company the articles are for; empty: everybody
	Language desk.Language // of files that name none
	Draft    bool          // arrive as drafts, to be looked at before anybody finds them
	Progress func(done, all int)
}

// Report says what an import did. Every file is in exactly one of its counts.
type Report struct {
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Unchanged int       `json:"unchanged"`
	Problems  []Problem `json:"problems"`
	// Drafts are the texts that wait to be looked at, when they arrive as such.
	Drafts []ArrivedDraft `json:"drafts"`
}

// ArrivedDraft is a text that an import made a draft.
type ArrivedDraft struct {
	Article desk.ID       `json:"article_id"`
	Lang    desk.Language `json:"lang"`
	Title   string        `json:"title"`
	Name    string        `json:"name" doc:"The file that it came from."`
	Version int64         `json:"version"`
}

// Problem is a file that was not imported and why.
type Problem struct {
	Name string
	Err  *desk.Error
}

// importBatch is how many articles one transaction writes. A batch that fails
// is written again article by article, so that one bad article stops no other.
const importBatch = 40

// Import reads documents and writes each article that changed, whole or not
// at all. Files that cannot be imported are in the report; the error is for
// what stops everything: no right, no database, a foreign embedding model.
func (k *KB) Import(ctx context.Context, viewer desk.Viewer, docs []Document, opts ImportOptions) (Report, error) {
	report := Report{Problems: []Problem{}, Drafts: []ArrivedDraft{}}
	if err := editor(viewer); err != nil {
		return report, err
	}
	if err := k.audienceExists(ctx, viewer.Tenant, opts.Audience); err != nil {
		return report, err
	}
	articles := k.gather(ctx, docs, opts.Language, &report)
	if err := ctx.Err(); err != nil {
		return report, err // what was not read is no problem of its file
	}
	done := 0
	some := k.importSome
	if opts.Draft {
		some = k.importDrafts
	}
	for batch := range slices.Chunk(articles, importBatch) {
		if err := some(ctx, viewer, batch, opts, &report); err != nil {
			return report, err
		}
		done += len(batch)
		if opts.Progress != nil {
			opts.Progress(done, len(articles))
		}
	}
	err := k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if report.Created+report.Updated == 0 {
			return nil
		}
		return tx.Audit(ctx, store.AuditEntry{
			Actor: viewer.User, Action: "articles.imported", Object: "articles",
			Detail: map[string]int{"created": report.Created, "updated": report.Updated, "problems": len(report.Problems)},
		})
	})
	return report, err
}

// audienceExists refuses a company that the tenant does not have, before any
// article of the import is read.
func (k *KB) audienceExists(ctx context.Context, tenant, company desk.ID) error {
	if company == "" {
		return nil
	}
	return k.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		known, err := tx.HasCompany(ctx, company)
		if err == nil && !known {
			err = desk.Errorf(desk.CodeNotFound, "there is no such company; choose one of the list").On("company")
		}
		return err
	})
}

// article is what one import says about a key, in one or several languages.
type article struct {
	key      string
	versions []version
}

// gather parses the documents and puts those of one key together.
func (k *KB) gather(ctx context.Context, docs []Document, fallback desk.Language, report *Report) []*article {
	byKey := map[string]*article{}
	var articles []*article
	for _, d := range docs {
		v, problem := k.parse(ctx, d, fallback)
		if problem == nil {
			if a := byKey[v.key]; a != nil && slices.ContainsFunc(a.versions, func(o version) bool { return o.lang == v.lang }) {
				problem = desk.Errorf(desk.CodeConflict, "another file of this import is the same article in the same language").With("name", d.Name)
			}
		}
		if problem != nil {
			report.Problems = append(report.Problems, Problem{Name: d.Name, Err: problem})
			continue
		}
		a := byKey[v.key]
		if a == nil {
			a = &article{key: v.key}
			byKey[v.key] = a
			articles = append(articles, a)
		}
		a.versions = append(a.versions, v)
	}
	return articles
}

// importSome writes a batch in one transaction, or each article in its own
// when that fails.
func (k *KB) importSome(ctx context.Context, viewer desk.Viewer, batch []*article, opts ImportOptions, report *Report) error {
	pending, err := k.changed(ctx, viewer, batch, opts.Audience, report)
	if err != nil || len(pending) == 0 {
		return err
	}
	var passages []*passage
	for _, c := range pending {
		passages = append(passages, c.passages()...)
	}
	model, err := k.embedPassages(ctx, viewer.Tenant, passages)
	if err != nil {
		return err
	}
	if err = k.write(ctx, viewer, pending, opts.Audience, model); err == nil {
		return report.count(pending, nil)
	}
	for _, c := range pending {
		if err := report.count([]*change{c}, k.write(ctx, viewer, []*change{c}, opts.Audience, model)); err != nil {
			return err
		}
	}
	return nil
}

// count books changes that were written, or the reason why not. An error that
// the next article would meet too comes back.
func (r *Report) count(changes []*change, err error) error {
	if code := desk.CodeOf(err); code == desk.CodeUnavailable || errors.Is(err, context.Canceled) {
		return err
	}
	for _, c := range changes {
		for _, v := range c.versions {
			switch {
			case err != nil:
				var known *desk.Error
				if !errors.As(err, &known) {
					known = desk.Wrap(desk.CodeInternal, err, "the article could not be stored")
				}
				r.Problems = append(r.Problems, Problem{Name: v.name, Err: known.With("name", v.name)})
			case v.fresh:
				r.Created++
			default:
				r.Updated++
			}
		}
	}
	return nil
}

// change is an article with the versions that differ from what is stored.
type change struct {
	key      string
	versions []*changedVersion
}

type changedVersion struct {
	version
	fresh    bool
	passages []*passage
}

// passage is a chunk on its way into the database.
type passage struct {
	chunk
	id     desk.ID
	title  string
	brief  string
	vector string
}

func (c *change) passages() []*passage {
	var all []*passage
	for _, v := range c.versions {
		all = append(all, v.passages...)
	}
	return all
}

// changed drops what is stored as it is, and cuts the rest into passages.
func (k *KB) changed(ctx context.Context, viewer desk.Viewer, batch []*article, audience desk.ID, report *Report) ([]*change, error) {
	keys := make([]string, len(batch))
	for i, a := range batch {
		keys[i] = a.key
	}
	stored := map[string]db.ArticleVersionsRow{}
	err := k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.ArticleVersions(ctx, keys)
		for _, r := range rows {
			if r.Lang != nil {
				stored[r.Key+"\x00"+*r.Lang] = r
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []*change
	for _, a := range batch {
		c := &change{key: a.key}
		for _, v := range a.versions {
			old, ok := stored[a.key+"\x00"+string(v.lang)]
			if ok && bytes.Equal(old.Hash, v.hash) && sameID(old.Audience, audience) {
				report.Unchanged++
				continue
			}
			passages, err := cut(v)
			if err != nil {
				return nil, err
			}
			c.versions = append(c.versions, &changedVersion{version: v, fresh: !ok, passages: passages})
		}
		if len(c.versions) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

func sameID(a *desk.ID, b desk.ID) bool { return a == nil && b == "" || a != nil && *a == b }

// cut makes a version's passages. An article that is a title and no more is
// still one passage: it can be found and read.
func cut(v version) ([]*passage, error) {
	p, err := read(v.markdown, v.title)
	if err != nil {
		return nil, err
	}
	chunks := p.chunks()
	if len(chunks) == 0 {
		chunks = []chunk{{body: cmp.Or(v.summary, v.title)}}
	}
	out := make([]*passage, len(chunks))
	for i, c := range chunks {
		out[i] = &passage{chunk: c, id: desk.NewID(), title: v.title, brief: v.summary}
	}
	return out, nil
}

// write stores changes in one transaction: the article, its versions, their
// passages with postings and vectors, in place of what was there.
func (k *KB) write(ctx context.Context, viewer desk.Viewer, changes []*change, audience desk.ID, model modelRow) error {
	return k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "select set_config('jit', 'off', true)"); err != nil {
			return err
		}
		var ids []desk.ID
		var passages rows
		for _, c := range changes {
			saved, err := tx.SaveArticle(ctx, db.SaveArticleParams{TenantID: tx.Tenant, ID: desk.NewID(), Key: c.key, Audience: store.Optional(audience)})
			if err != nil {
				return fmt.Errorf("article %q: %w", c.key, err)
			}
			ids = append(ids, saved.ID)
			for _, v := range c.versions {
				if err := writeVersion(ctx, tx, saved, v, by{viewer.User, originImported}); err != nil {
					return fmt.Errorf("article %q in %s: %w", c.key, v.lang, err)
				}
				passages.add(saved, v)
			}
		}
		if err := tx.MoveAudience(ctx, db.MoveAudienceParams{Articles: ids, Audience: store.Optional(audience)}); err != nil {
			return err
		}
		return k.finish(ctx, tx, &passages, ids, audience, model)
	})
}

// writeVersion stores a version's text and takes its old passages away.
func writeVersion(ctx context.Context, tx *store.Tx, a db.SaveArticleRow, v *changedVersion, by by) error {
	err := tx.SaveArticleVersion(ctx, db.SaveArticleVersionParams{
		TenantID: tx.Tenant, ArticleID: a.ID, Lang: string(v.lang),
		Title: v.title, Summary: v.summary, Markdown: v.markdown, Source: v.name, Hash: v.hash,
		Change: a.Changes, Author: store.Optional(by.author), Origin: by.origin,
	})
	if err != nil {
		return err
	}
	return tx.DeleteChunks(ctx, db.DeleteChunksParams{ArticleID: a.ID, Lang: string(v.lang)})
}
