package kb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// NewArticle is an article that begins as a draft.
type NewArticle struct {
	Key      string        `json:"key,omitempty" maxLength:"200" doc:"Its name in links between articles; made of the title when left out."`
	Lang     desk.Language `json:"lang"`
	Company  desk.ID       `json:"company_id,omitempty"`
	Category desk.ID       `json:"category_id,omitempty"`
	ReviewOn Day           `json:"review_on,omitempty"`
	Text
}

// Create begins an article as a draft in one language.
func (k *KB) Create(ctx context.Context, viewer desk.Viewer, n NewArticle) (a EditedArticle, err error) {
	if err := editor(viewer); err != nil {
		return a, err
	}
	if !n.Lang.Valid() {
		return a, desk.Errorf(desk.CodeInvalid, "the portal does not speak that language").On("lang")
	}
	if err := checkText(n.Text); err != nil {
		return a, err
	}
	if n.Key, err = checkKey(n.Key); err != nil {
		return a, err
	}
	review, err := n.ReviewOn.date()
	if err != nil {
		return a, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		if err := targetsExist(ctx, tx, n.Company, n.Category); err != nil {
			return err
		}
		made, err := makeArticle(ctx, tx, n.Key, n.Title, db.CreateArticleParams{
			TenantID: tx.Tenant, Audience: store.Optional(n.Company), Category: store.Optional(n.Category), ReviewOn: review,
		})
		if err != nil {
			return err
		}
		err = tx.SaveDraft(ctx, db.SaveDraftParams{
			TenantID: tx.Tenant, ArticleID: made.ID, Lang: string(n.Lang), Title: oneLine(n.Title), Summary: oneLine(n.Summary), Markdown: n.Markdown,
			Change: made.Changes, Author: store.Optional(viewer.User),
		})
		if err != nil {
			return err
		}
		if err := audited(ctx, tx, viewer, "article.created", made.ID, n.Lang); err != nil {
			return err
		}
		a, err = edited(ctx, tx, made.ID)
		return err
	})
	return a, err
}

// makeArticle gives an article its row: under the key that was asked for, or
// under the first free one that its title makes.
func makeArticle(ctx context.Context, tx *store.Tx, key, title string, p db.CreateArticleParams) (db.CreateArticleRow, error) {
	p.ID, p.Key = desk.NewID(), key
	if p.Key == "" {
		p.Key = slug(title)
	}
	made, err := tx.CreateArticle(ctx, p)
	if store.NoRows(err) && key != "" {
		return made, desk.Errorf(desk.CodeConflict, "another article has this key; choose a different one").On("key")
	}
	if store.NoRows(err) {
		p.Key += "-" + strings.ReplaceAll(string(p.ID), "-", "")[20:]
		made, err = tx.CreateArticle(ctx, p)
	}
	return made, err
}

func checkKey(key string) (string, error) {
	key = strings.TrimSpace(key)
	if key == "" {
		return "", nil
	}
	if !utf8.ValidString(key) || len(key) > maxKey || strings.ContainsAny(key, "\x00#()<>\n\r\t ") {
		return "", desk.Errorf(desk.CodeInvalid, "a key has at most %d bytes, and neither blanks nor brackets", maxKey).On("key")
	}
	return key, nil
}

// checkText holds what people typed to the limits of a document. Blanks are
// fine in a draft.
func checkText(t Text) error {
	for _, f := range []struct {
		field, text string
		most        int
	}{{"title", t.Title, maxTitle}, {"summary", t.Summary, maxSummary}, {"markdown", t.Markdown, maxDocument}} {
		if strings.TrimSpace(f.text) == "" {
			continue
		}
		if err := desk.CheckText(f.text, f.most); err != nil {
			return desk.OnField(f.field, err)
		}
	}
	if len(t.Markdown) > maxDocument {
		return desk.Errorf(desk.CodeTooLarge, "the text is larger than %d bytes", maxDocument).With("max", maxDocument).On("markdown")
	}
	if tooHard(t.Markdown) {
		return textTooHard()
	}
	return nil
}

func targetsExist(ctx context.Context, tx *store.Tx, company, category desk.ID) error {
	if company != "" {
		if known, err := tx.HasCompany(ctx, company); err != nil || !known {
			return cmp.Or(err, error(desk.Errorf(desk.CodeNotFound, "there is no such company; choose one of the list").On("company_id")))
		}
	}
	if category != "" {
		if known, err := tx.HasCategory(ctx, category); err != nil || !known {
			return cmp.Or(err, error(desk.Errorf(desk.CodeNotFound, "there is no such category; choose one of the list").On("category_id")))
		}
	}
	return nil
}

func audited(ctx context.Context, tx *store.Tx, viewer desk.Viewer, action string, id desk.ID, lang desk.Language) error {
	return tx.Audit(ctx, store.AuditEntry{
		Actor: viewer.User, Action: action, Object: "article", ObjectID: id, Detail: map[string]string{"lang": string(lang)},
	})
}

// hold takes an article and the language in it that somebody saw at version.
// Who saw another text than there is now is refused: neither text is lost.
func hold(ctx context.Context, tx *store.Tx, id desk.ID, lang desk.Language, version int64) (db.LockArticleRow, ArticleLanguage, error) {
	l := ArticleLanguage{Lang: lang}
	if !lang.Valid() {
		return db.LockArticleRow{}, l, noArticle()
	}
	if err := tx.LockKnowledge(ctx); err != nil {
		return db.LockArticleRow{}, l, err
	}
	row, err := tx.LockArticle(ctx, id)
	if store.NoRows(err) {
		return row, l, noArticle()
	}
	if err != nil {
		return row, l, err
	}
	all, err := texts(ctx, tx, id)
	if err != nil {
		return row, l, err
	}
	if i := slices.IndexFunc(all, func(o ArticleLanguage) bool { return o.Lang == lang }); i >= 0 {
		l = all[i]
	}
	if l.Version != version {
		return row, l, desk.Errorf(desk.CodeConflict, "somebody has changed this text meanwhile; both are kept, load it and choose").With("version", l.Version)
	}
	return row, l, nil
}

// change runs fn on one language of an article that is held at version, with
// the number of this change, and reads what came of it.
func (k *KB) change(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64, action string,
	fn func(ctx context.Context, tx *store.Tx, a db.LockArticleRow, l ArticleLanguage, change int64) error,
) (out ArticleLanguage, err error) {
	if err := editor(viewer); err != nil {
		return out, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, l, err := hold(ctx, tx, id, lang, version)
		if err != nil {
			return err
		}
		change, err := tx.ArticleChanges(ctx, id)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, a, l, change); err != nil {
			return err
		}
		if err := audited(ctx, tx, viewer, action, id, lang); err != nil {
			return err
		}
		all, err := texts(ctx, tx, id)
		out = ArticleLanguage{Lang: lang}
		if i := slices.IndexFunc(all, func(o ArticleLanguage) bool { return o.Lang == lang }); i >= 0 {
			out = all[i]
		}
		return err
	})
	return out, err
}

// SaveDraft stores what is being written in one language. version is that of
// the text it was begun from, 0 for a language that is new.
func (k *KB) SaveDraft(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64, t Text) (ArticleLanguage, error) {
	if err := checkText(t); err != nil {
		return ArticleLanguage{}, err
	}
	return k.change(ctx, viewer, id, lang, version, "article.drafted", func(ctx context.Context, tx *store.Tx, _ db.LockArticleRow, l ArticleLanguage, change int64) error {
		return tx.SaveDraft(ctx, db.SaveDraftParams{
			TenantID: tx.Tenant, ArticleID: id, Lang: string(lang), Title: oneLine(t.Title), Summary: oneLine(t.Summary), Markdown: t.Markdown,
			Source: sourceOf(l), Change: change, Base: baseOf(l), Author: store.Optional(viewer.User),
		})
	})
}

func sourceOf(l ArticleLanguage) string {
	if l.Draft == nil {
		return ""
	}
	return l.Draft.Source
}

func baseOf(l ArticleLanguage) *int64 {
	if l.Live == nil {
		return nil
	}
	return &l.Live.Change
}

// DiscardDraft throws a draft away; what is published stays.
func (k *KB) DiscardDraft(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64) (ArticleLanguage, error) {
	return k.change(ctx, viewer, id, lang, version, "article.draft_discarded", func(ctx context.Context, tx *store.Tx, _ db.LockArticleRow, l ArticleLanguage, _ int64) error {
		if l.Draft == nil {
			return desk.Errorf(desk.CodeNotFound, "there is no draft in this language")
		}
		if _, err := tx.DeleteDraft(ctx, db.DeleteDraftParams{ArticleID: id, Lang: string(lang)}); err != nil {
			return err
		}
		return dropEmpty(ctx, tx, id)
	})
}

// dropEmpty deletes an article of which no text is left.
func dropEmpty(ctx context.Context, tx *store.Tx, id desk.ID) error {
	left, err := texts(ctx, tx, id)
	if err != nil || len(left) > 0 {
		return err
	}
	_, err = tx.DeleteArticle(ctx, id)
	return err
}

// Withdraw takes a published text back: from this commit on it is neither
// found nor read. It becomes the draft, unless there is one already; then it
// stays in the history.
func (k *KB) Withdraw(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64) (ArticleLanguage, error) {
	return k.change(ctx, viewer, id, lang, version, "article.withdrawn", func(ctx context.Context, tx *store.Tx, _ db.LockArticleRow, l ArticleLanguage, change int64) error {
		if l.Live == nil {
			return desk.Errorf(desk.CodeNotFound, "nothing is published in this language")
		}
		if err := detach(ctx, tx, id, lang); err != nil {
			return err
		}
		text := l.Live.Text
		if l.Draft != nil {
			text = l.Draft.Text
		}
		return unpublish(ctx, tx, id, lang, &db.SaveDraftParams{
			Title: text.Title, Summary: text.Summary, Markdown: text.Markdown, Change: change, Author: store.Optional(viewer.User),
		})
	})
}

// unpublish takes a live text from its readers. What it leaves as a draft is
// stored with it, where there is something to leave.
func unpublish(ctx context.Context, tx *store.Tx, id desk.ID, lang desk.Language, draft *db.SaveDraftParams) error {
	if draft != nil {
		draft.TenantID, draft.ArticleID, draft.Lang = tx.Tenant, id, string(lang)
		if err := tx.SaveDraft(ctx, *draft); err != nil {
			return err
		}
	}
	if _, err := tx.DeleteVersion(ctx, db.DeleteVersionParams{ArticleID: id, Lang: string(lang)}); err != nil {
		return err
	}
	return tx.CountVersions(ctx, []desk.ID{id})
}

// takeBack unpublishes the text of a page, if it is live: for who removes its
// source, or for nobody, when the page is gone. A draft that somebody writes
// stays as it is.
func takeBack(ctx context.Context, tx *store.Tx, id desk.ID, lang desk.Language, by desk.ID, address string) (was bool, err error) {
	if _, err := tx.LockArticle(ctx, id); err != nil {
		if store.NoRows(err) {
			err = nil
		}
		return false, err
	}
	all, err := texts(ctx, tx, id)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(all, func(l ArticleLanguage) bool { return l.Lang == lang })
	if i < 0 || all[i].Live == nil {
		return false, nil
	}
	change, err := tx.ArticleChanges(ctx, id)
	if err != nil {
		return false, err
	}
	if all[i].Draft != nil {
		return true, unpublish(ctx, tx, id, lang, nil)
	}
	text := all[i].Live.Text
	return true, unpublish(ctx, tx, id, lang, &db.SaveDraftParams{
		Title: text.Title, Summary: text.Summary, Markdown: text.Markdown, Source: address, Change: change, Author: store.Optional(by),
	})
}

// detach makes a text that came from the web its editors' own: the page that
// it was changes it no more.
func detach(ctx context.Context, tx *store.Tx, id desk.ID, lang desk.Language) error {
	_, err := tx.DetachPages(ctx, db.DetachPagesParams{ArticleID: id, Lang: string(lang)})
	return err
}

// DeleteLanguage removes one language of an article, draft and published text.
// With its last language the article is gone.
func (k *KB) DeleteLanguage(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language, version int64) error {
	_, err := k.change(ctx, viewer, id, lang, version, "article.language_deleted", func(ctx context.Context, tx *store.Tx, _ db.LockArticleRow, l ArticleLanguage, _ int64) error {
		if l.Live == nil && l.Draft == nil {
			return noArticle()
		}
		if err := detach(ctx, tx, id, lang); err != nil {
			return err
		}
		if _, err := tx.DeleteDraft(ctx, db.DeleteDraftParams{ArticleID: id, Lang: string(lang)}); err != nil {
			return err
		}
		if _, err := tx.DeleteVersion(ctx, db.DeleteVersionParams{ArticleID: id, Lang: string(lang)}); err != nil {
			return err
		}
		if err := tx.CountVersions(ctx, []desk.ID{id}); err != nil {
			return err
		}
		return dropEmpty(ctx, tx, id)
	})
	return err
}
