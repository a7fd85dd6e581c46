package kb

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Where a text that went live came from.
const (
	originEdited   = "edited"
	originImported = "imported"
	originSynced   = "synced"
)

// Publish makes a draft live: from this commit on it is read, searched and
// cited, and the text before it is not. Its vectors are made before the
// transaction, which then takes only the draft that they were made of.
func (k *KB) Publish(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64) (ArticleLanguage, error) {
	if err := editor(viewer); err != nil {
		return ArticleLanguage{}, err
	}
	var v *changedVersion
	err := k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, l, err := hold(ctx, tx, id, lang, version)
		if err != nil {
			return err
		}
		if l.Draft == nil {
			return desk.Errorf(desk.CodeNotFound, "there is no draft to publish in this language")
		}
		v, err = publishable(a.Key, lang, l.Draft.Text, l.Draft.Source)
		return err
	})
	if err != nil {
		return ArticleLanguage{}, err
	}
	model, err := k.embedPassages(ctx, viewer.Tenant, v.passages)
	if err != nil {
		return ArticleLanguage{}, err
	}
	return k.change(ctx, viewer, id, lang, version, "article.published", func(ctx context.Context, tx *store.Tx, a db.LockArticleRow, _ ArticleLanguage, change int64) error {
		if _, err := tx.DeleteDraft(ctx, db.DeleteDraftParams{ArticleID: id, Lang: string(lang)}); err != nil {
			return err
		}
		if err := detach(ctx, tx, id, lang); err != nil {
			return err
		}
		saved := db.SaveArticleRow{ID: a.ID, No: a.No, Changes: change}
		if err := writeVersion(ctx, tx, saved, v, by{viewer.User, originEdited}); err != nil {
			return err
		}
		var passages rows
		passages.add(saved, v)
		return k.finish(ctx, tx, &passages, []desk.ID{a.ID}, store.OrZero(a.Audience), model)
	})
}

// publishable holds a text to what an article must have and cuts it.
func publishable(key string, lang desk.Language, t Text, source string) (*changedVersion, error) {
	v := version{name: source, key: key, lang: lang, title: t.Title, summary: t.Summary, markdown: t.Markdown}
	if problem := v.finish(); problem != nil {
		switch problem.Code {
		case desk.CodeMissingTitle:
			return nil, desk.Errorf(desk.CodeEmptyText, "an article needs a title before it is published").On("title")
		case desk.CodeFileTooHard:
			return nil, textTooHard()
		}
		return nil, problem
	}
	passages, err := cut(v)
	return &changedVersion{version: v, passages: passages}, err
}

// by is who made a text live and how.
type by struct {
	author desk.ID
	origin string
}

// finish writes the passages of texts that were just stored and counts their
// articles' languages anew; vectors that lack are left to the background.
func (k *KB) finish(ctx context.Context, tx *store.Tx, passages *rows, articles []desk.ID, audience desk.ID, model modelRow) error {
	if err := passages.save(ctx, tx, audience, model.id); err != nil {
		return err
	}
	if err := tx.CountVersions(ctx, articles); err != nil {
		return err
	}
	if k.embedder == nil || model.complete {
		return nil
	}
	return enqueueEmbedding(ctx, tx)
}
