package kb

import (
	"bytes"
	"context"
	"errors"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// importDrafts stores a batch as drafts, each article in a transaction of its
// own. Neither a draft that somebody is writing nor the audience of what is
// published is ever changed by it.
func (k *KB) importDrafts(ctx context.Context, viewer desk.Viewer, batch []*article, opts ImportOptions, report *Report) error {
	for _, a := range batch {
		var one Report
		err := k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			one = Report{}
			return draftArticle(ctx, tx, viewer, a, opts.Audience, &one)
		})
		var known *desk.Error
		switch {
		case err == nil:
			report.add(one)
		case !errors.As(err, &known) || known.Code == desk.CodeUnavailable:
			return err
		default:
			for _, v := range a.versions {
				report.Problems = append(report.Problems, Problem{Name: v.name, Err: known.With("name", v.name)})
			}
		}
	}
	return nil
}

func (r *Report) add(o Report) {
	r.Created += o.Created
	r.Updated += o.Updated
	r.Unchanged += o.Unchanged
	r.Problems = append(r.Problems, o.Problems...)
	r.Drafts = append(r.Drafts, o.Drafts...)
}

func draftArticle(ctx context.Context, tx *store.Tx, viewer desk.Viewer, a *article, audience desk.ID, report *Report) error {
	if err := tx.LockKnowledge(ctx); err != nil {
		return err
	}
	stored, err := tx.ArticleVersions(ctx, []string{a.key})
	if err != nil {
		return err
	}
	var id desk.ID
	var old []ArticleLanguage
	if len(stored) > 0 {
		if id = stored[0].ID; !sameID(stored[0].Audience, audience) {
			return desk.Errorf(desk.CodeOtherAudience, "the article %q is for other readers; change that in its settings, or give the file another name", a.key)
		}
		if old, err = texts(ctx, tx, id); err != nil {
			return err
		}
	}
	for i := range a.versions {
		v := &a.versions[i]
		now := ArticleLanguage{Lang: v.lang}
		for _, l := range old {
			if l.Lang == v.lang {
				now = l
			}
		}
		if id == "" {
			made, err := makeArticle(ctx, tx, a.key, v.title, db.CreateArticleParams{TenantID: tx.Tenant, Audience: store.Optional(audience)})
			if err != nil {
				return err
			}
			id = made.ID
		}
		if err := draftText(ctx, tx, viewer, id, v, now, liveHash(stored, v.lang), report); err != nil {
			return err
		}
	}
	return nil
}

func liveHash(stored []db.ArticleVersionsRow, lang desk.Language) []byte {
	for _, r := range stored {
		if r.Lang != nil && *r.Lang == string(lang) {
			return r.Hash
		}
	}
	return nil
}

// draftText stores one imported text as a draft, unless it says what is there
// already or somebody is writing another one.
func draftText(ctx context.Context, tx *store.Tx, viewer desk.Viewer, id desk.ID, v *version, now ArticleLanguage, live []byte, report *Report) error {
	said := Text{v.title, v.summary, v.markdown}
	switch {
	case now.Draft != nil && now.Draft.Text == said, now.Draft == nil && bytes.Equal(live, v.hash):
		report.Unchanged++
		return nil
	case now.Draft != nil:
		report.Problems = append(report.Problems, Problem{Name: v.name, Err: desk.Errorf(desk.CodeDraftExists,
			"this article has a draft already; publish or discard it, then import again").With("name", v.name)})
		return nil
	case now.Live != nil:
		report.Updated++
	default:
		report.Created++
	}
	change, err := tx.ArticleChanges(ctx, id)
	if err != nil {
		return err
	}
	report.Drafts = append(report.Drafts, ArrivedDraft{Article: id, Lang: v.lang, Title: v.title, Name: v.name, Version: change})
	return tx.SaveDraft(ctx, db.SaveDraftParams{
		TenantID: tx.Tenant, ArticleID: id, Lang: string(v.lang), Title: v.title, Summary: v.summary, Markdown: v.markdown,
		Source: v.name, Change: change, Base: baseOf(now), Author: store.Optional(viewer.User),
	})
}
