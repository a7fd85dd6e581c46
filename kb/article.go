package kb

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Article is one article in one language, ready to read. HTML is sanitised;
// its headings and blocks carry the anchors that hits and citations name.
type Article struct {
	ID        desk.ID
	Key       string
	Lang      desk.Language
	Title     string
	Summary   string
	Markdown  string
	HTML      string
	Langs     []desk.Language
	Audience  desk.ID
	Category  desk.ID
	Shelf     string // the category's name, in the reader's language where it has one
	Change    int64  // which of the article's texts it is
	Own       *ArticleRating
	UpdatedAt time.Time
}

// Article reads an article in lang, else in English, else in what there is.
// An article that does not exist for this viewer is CodeNotFound.
func (k *KB) Article(ctx context.Context, viewer desk.Viewer, id desk.ID, lang desk.Language) (Article, error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return Article{}, err
	}
	notFound := desk.Errorf(desk.CodeNotFound, "no such article")
	if id, err = desk.ParseID(string(id)); err != nil {
		return Article{}, notFound
	}
	var a Article
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.ReadArticle(ctx, db.ReadArticleParams{ID: id, Staff: staff, Company: company})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return notFound
		}
		row := choose(rows, language(lang))
		a = Article{
			ID: row.ID, Key: row.Key, Lang: desk.Language(row.Lang), Title: row.Title, Summary: row.Summary,
			Markdown: row.Markdown, Change: row.Change, UpdatedAt: row.UpdatedAt.UTC(),
		}
		if a.Own, err = ownRating(ctx, tx, viewer, a); err != nil {
			return err
		}
		a.Audience = store.OrZero(row.Audience)
		if a.Category = store.OrZero(row.Category); a.Category != "" {
			a.Shelf, err = tx.CategoryName(ctx, db.CategoryNameParams{Lang: string(language(lang)), CategoryID: a.Category})
			if err != nil && !store.NoRows(err) {
				return err
			}
		}
		for _, r := range rows {
			a.Langs = append(a.Langs, desk.Language(r.Lang))
		}
		slices.Sort(a.Langs)
		p, err := read(row.Markdown, row.Title)
		if err != nil {
			return err
		}
		keys, err := tx.ArticleKeys(ctx, db.ArticleKeysParams{Keys: p.linkedKeys(), Staff: staff, Company: company})
		if err != nil {
			return err
		}
		a.HTML, err = p.html(linker(keys))
		return err
	})
	return a, err
}

// choose takes the reader's language, else the fallback, else the first.
func choose(rows []db.ReadArticleRow, lang desk.Language) db.ReadArticleRow {
	for _, want := range []desk.Language{lang, desk.Languages()[0]} {
		for _, r := range rows {
			if desk.Language(r.Lang) == want {
				return r
			}
		}
	}
	return rows[0]
}

// linkedKey reads the article that a link inside the base means:
// «article:KEY», or a path to the file it was imported from.
func linkedKey(target string) (key, anchor string, ok bool) {
	target, anchor, _ = strings.Cut(target, "#")
	if rest, ok := strings.CutPrefix(target, "article:"); ok {
		return rest, anchor, rest != ""
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || !slices.Contains([]string{".md", ".markdown", ".html", ".htm"}, path.Ext(u.Path)) {
		return "", "", false
	}
	return stemOf(u.Path), anchor, true
}

func (p page) linkedKeys() []string {
	keys := []string{}
	_ = ast.Walk(p.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && entering {
			if key, _, ok := linkedKey(string(l.Destination)); ok {
				keys = append(keys, key)
			}
		}
		return ast.WalkContinue, nil
	})
	return keys
}

// linker keeps links inside the base, to places on the page, and to the web
// and mail; a link to an article that this viewer cannot read is only words.
func linker(known []db.ArticleKeysRow) func(string) string {
	return func(target string) string {
		if key, anchor, ok := linkedKey(target); ok {
			for _, a := range known {
				if a.Key == key {
					return strings.TrimSuffix("/articles/"+string(a.ID)+"#"+url.PathEscape(anchor), "#")
				}
			}
			return ""
		}
		u, err := url.Parse(target)
		if err != nil {
			return ""
		}
		switch {
		case u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto":
			return target
		case u.Scheme == "" && u.Host == "" && u.Path == "" && u.Fragment != "":
			return target
		}
		return ""
	}
}

// Summary is an article in a list.
type Summary struct {
	ID        desk.ID
	Key       string
	Lang      desk.Language
	Title     string
	Summary   string
	Langs     []desk.Language
	Audience  desk.ID
	UpdatedAt time.Time
}

// List pages through the articles that the viewer may read, by key. next is
// the cursor of the following page, empty on the last.
func (k *KB) List(ctx context.Context, viewer desk.Viewer, lang desk.Language, after string, limit int) (items []Summary, next string, err error) {
	return k.OnShelf(ctx, viewer, "", lang, after, limit)
}

// OnShelf is List of one category; without one, of all articles.
func (k *KB) OnShelf(ctx context.Context, viewer desk.Viewer, category desk.ID, lang desk.Language, after string, limit int) (items []Summary, next string, err error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return nil, "", err
	}
	limit = max(1, min(limit, 200))
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		page := db.ListArticlesParams{Lang: string(language(lang)), Staff: staff, Company: company, After: after, Category: store.Optional(category)}
		page.AtMost = int32(limit + 1) //nolint:gosec // at most 201
		rows, err := tx.ListArticles(ctx, page)
		items = []Summary{}
		for _, r := range rows {
			s := Summary{ID: r.ID, Key: r.Key, Lang: desk.Language(r.Lang), Title: r.Title, Summary: r.Summary, UpdatedAt: r.UpdatedAt.UTC()}
			if r.Audience != nil {
				s.Audience = *r.Audience
			}
			for _, l := range r.Langs {
				s.Langs = append(s.Langs, desk.Language(l))
			}
			items = append(items, s)
		}
		return err
	})
	if len(items) > limit {
		items = items[:limit]
		next = items[limit-1].Key
	}
	return items, next, err
}

// Delete removes an article in all its languages: from this commit on it is
// neither found nor read. An article that is not there is CodeNotFound.
func (k *KB) Delete(ctx context.Context, viewer desk.Viewer, id desk.ID) error {
	if err := editor(viewer); err != nil {
		return err
	}
	id, err := desk.ParseID(string(id))
	if err != nil {
		return desk.Errorf(desk.CodeNotFound, "no such article")
	}
	return k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		key, err := tx.DeleteArticle(ctx, id)
		if store.NoRows(err) {
			return desk.Errorf(desk.CodeNotFound, "no such article")
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{
			Actor: viewer.User, Action: "article.deleted", Object: "article", ObjectID: id,
			Detail: map[string]string{"key": key},
		})
	})
}
