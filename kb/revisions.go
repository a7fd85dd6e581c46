package kb

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// TextRevision is a text that was once published. Markdown and summary are empty
// in a list.
type TextRevision struct {
	WrittenText
	Origin string `json:"origin" enum:"edited,imported,synced"`
}

// Revisions lists what was published in one language, the newest first.
func (k *KB) Revisions(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language) (out []TextRevision, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.ArticleRow(ctx, id); store.NoRows(err) {
			return noArticle()
		} else if err != nil {
			return err
		}
		list, err := tx.Revisions(ctx, db.RevisionsParams{ArticleID: id, Lang: string(lang)})
		out = make([]TextRevision, len(list))
		for i, r := range list {
			out[i] = TextRevision{WrittenText{Text{Title: r.Title}, r.Change, r.Author, r.At.UTC()}, r.Origin}
		}
		return err
	})
	return out, err
}

// Revision reads one published text.
func (k *KB) Revision(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, change int64) (out TextRevision, err error) {
	if err := staffOnly(viewer); err != nil {
		return out, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		out, err = revision(ctx, tx, id, lang, change)
		return err
	})
	return out, err
}

func revision(ctx context.Context, tx *store.Tx, id desk.ID, lang desk.Language, change int64) (TextRevision, error) {
	r, err := tx.Revision(ctx, db.RevisionParams{ArticleID: id, Lang: string(lang), Change: change})
	if store.NoRows(err) {
		return TextRevision{}, desk.Errorf(desk.CodeNotFound, "no such version")
	}
	return TextRevision{WrittenText{Text{r.Title, r.Summary, r.Markdown}, r.Change, r.Author, r.At.UTC()}, r.Origin}, err
}

// Restore makes an earlier text the draft, in place of the draft that the
// editor saw at version. Nothing is published by it.
func (k *KB) Restore(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version, change int64) (ArticleLanguage, error) {
	return k.change(ctx, viewer, id, lang, version, "article.restored", func(ctx context.Context, tx *store.Tx, _ db.LockArticleRow, l ArticleLanguage, now int64) error {
		r, err := revision(ctx, tx, id, lang, change)
		if err != nil {
			return err
		}
		return tx.SaveDraft(ctx, db.SaveDraftParams{
			TenantID: tx.Tenant, ArticleID: id, Lang: string(lang), Title: r.Title, Summary: r.Summary, Markdown: r.Markdown,
			Change: now, Base: baseOf(l), Author: store.Optional(viewer.User),
		})
	})
}
