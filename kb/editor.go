package kb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Text is what an article says in one language.
type Text struct {
	Title    string `json:"title" maxLength:"300"`
	Summary  string `json:"summary" maxLength:"1000" doc:"A line for lists and search results."`
	Markdown string `json:"markdown" maxLength:"1000000"`
}

// WrittenText is a text with who wrote it and when. Change is the article's count
// of changes at that moment: it names the text and never comes back.
type WrittenText struct {
	Text
	Change int64     `json:"change"`
	Author string    `json:"author,omitempty" doc:"Empty: an import without a person, or somebody who is gone."`
	At     time.Time `json:"at"`
}

// DraftText is a text that nobody but staff sees. Stale says that the live text
// has changed since the draft was begun.
type DraftText struct {
	WrittenText
	Source string `json:"source,omitempty" doc:"The file or address that it came from."`
	Stale  bool   `json:"stale,omitempty" doc:"The published text has changed since this draft was begun."`
}

// ArticleLanguage is one language of an article in the editor: what is published,
// what is being written, or both. Version is the text's ETag.
type ArticleLanguage struct {
	Lang    desk.Language `json:"lang"`
	Version int64         `json:"version"`
	Live    *WrittenText  `json:"live,omitempty"`
	Draft   *DraftText    `json:"draft,omitempty"`
	From    *PageOfText   `json:"from,omitempty" doc:"The page on the web that it comes from."`
}

// PageOfText is the page on the web that a text comes from. Publishing an edit
// detaches it: then the page changes it no more.
type PageOfText struct {
	Source   desk.ID   `json:"source_id"`
	URL      string    `json:"url"`
	State    string    `json:"state" enum:"ok,failed,gone,detached"`
	SyncedAt time.Time `json:"synced_at"`
}

// EditedArticle is an article as its editors see it. Version is the ETag of its
// settings; each text has its own.
type EditedArticle struct {
	ID        desk.ID           `json:"id"`
	Key       string            `json:"key"`
	Company   desk.ID           `json:"company_id,omitempty" doc:"The one company that it is for; without it, everybody."`
	Category  desk.ID           `json:"category_id,omitempty"`
	ReviewOn  Day               `json:"review_on,omitempty" doc:"When somebody should look whether it is still true."`
	Version   int64             `json:"version"`
	Languages []ArticleLanguage `json:"languages"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// Day is a date without a time, as 2026-12-31; empty is none.
type Day string

func dayOf(t *time.Time) Day {
	if t == nil {
		return ""
	}
	return Day(t.Format(time.DateOnly))
}

func (d Day) date() (*time.Time, error) {
	if d == "" {
		return nil, nil //nolint:nilnil // no date is no error
	}
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return nil, desk.Errorf(desk.CodeInvalid, "a day is written 2026-12-31").On("review_on")
	}
	return &t, nil
}

// EditorRow is an article in the editors' list.
type EditorRow struct {
	ID        desk.ID         `json:"id"`
	Key       string          `json:"key"`
	Title     string          `json:"title"`
	Langs     []desk.Language `json:"langs" doc:"Published in."`
	Drafts    []desk.Language `json:"drafts" doc:"Drafted in."`
	Company   desk.ID         `json:"company_id,omitempty" doc:"The one company that it is for; without it, everybody."`
	Category  desk.ID         `json:"category_id,omitempty"`
	ReviewOn  Day             `json:"review_on,omitempty"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// EditorFilter chooses among the articles.
type EditorFilter struct {
	State    string // all, draft or due
	Category desk.ID
	Words    string
	Lang     desk.Language
	After    string
	Limit    int
}

// staffOnly checks that the viewer may see drafts.
func staffOnly(v desk.Viewer) error {
	if v.Tenant == "" || !v.Role.Staff() {
		return desk.Errorf(desk.CodeForbidden, "only staff see what is not published")
	}
	return nil
}

func noArticle() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such article") }

// EditorList pages through all articles, drafts too, by key.
func (k *KB) EditorList(ctx context.Context, viewer desk.Viewer, f EditorFilter) (items []EditorRow, next string, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, "", err
	}
	limit := max(1, min(f.Limit, 200))
	if f.State == "all" {
		f.State = ""
	}
	p := db.EditorListParams{
		Lang: string(language(f.Lang)), After: f.After, State: f.State, Category: store.Optional(f.Category),
		Words: strings.ToLower(strings.TrimSpace(f.Words)), AtMost: int32(limit + 1),
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.EditorList(ctx, p)
		items = make([]EditorRow, len(rows))
		for i, r := range rows {
			items[i] = EditorRow{
				ID: r.ID, Key: r.Key, Title: r.Title, Langs: languages(r.Langs), Drafts: languages(r.Drafts), Company: store.OrZero(r.Audience),
				Category: store.OrZero(r.Category), ReviewOn: dayOf(r.ReviewOn), UpdatedAt: r.UpdatedAt.UTC(),
			}
		}
		return err
	})
	if len(items) > limit {
		items, next = items[:limit], items[limit-1].Key
	}
	return items, next, err
}

func languages(words []string) []desk.Language {
	out := make([]desk.Language, len(words))
	for i, w := range words {
		out[i] = desk.Language(w)
	}
	return out
}

// ArticlesWaiting counts what asks for an editor's attention.
type ArticlesWaiting struct {
	Drafts int64 `json:"drafts"`
	Due    int64 `json:"due" doc:"Whose day of review has come."`

	Reviews    int64 `json:"reviews" doc:"Answers and articles that did not help somebody, not yet looked at."`
	Unanswered int64 `json:"unanswered" doc:"Questions without an answer, not yet looked at."`
}

// Waiting counts drafts, what is due for review, and what people missed.
func (k *KB) Waiting(ctx context.Context, viewer desk.Viewer) (w ArticlesWaiting, err error) {
	if err := staffOnly(viewer); err != nil {
		return w, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		counts, err := tx.EditorCounts(ctx)
		if err != nil {
			return err
		}
		missed, err := tx.ReviewCounts(ctx)
		w = ArticlesWaiting{Drafts: counts.Drafts, Due: counts.Due, Reviews: missed.Reviews, Unanswered: missed.Unanswered}
		return err
	})
	return w, err
}

// Edit reads an article with its drafts.
func (k *KB) Edit(ctx context.Context, viewer desk.Viewer, id desk.ID) (a EditedArticle, err error) {
	if err := staffOnly(viewer); err != nil {
		return a, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = edited(ctx, tx, id)
		return err
	})
	return a, err
}

func edited(ctx context.Context, tx *store.Tx, id desk.ID) (EditedArticle, error) {
	row, err := tx.ArticleRow(ctx, id)
	if store.NoRows(err) {
		return EditedArticle{}, noArticle()
	}
	if err != nil {
		return EditedArticle{}, err
	}
	a := EditedArticle{
		ID: row.ID, Key: row.Key, Company: store.OrZero(row.Audience), Category: store.OrZero(row.Category), ReviewOn: dayOf(row.ReviewOn),
		Version: row.SettingsChange, CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(),
	}
	a.Languages, err = texts(ctx, tx, id)
	return a, err
}

// texts reads all languages of an article, in the portal's order.
func texts(ctx context.Context, tx *store.Tx, id desk.ID) ([]ArticleLanguage, error) {
	live, err := tx.LiveTexts(ctx, id)
	if err != nil {
		return nil, err
	}
	drafts, err := tx.DraftTexts(ctx, id)
	if err != nil {
		return nil, err
	}
	byLang := map[desk.Language]*ArticleLanguage{}
	at := func(lang string) *ArticleLanguage {
		l := desk.Language(lang)
		if byLang[l] == nil {
			byLang[l] = &ArticleLanguage{Lang: l}
		}
		return byLang[l]
	}
	for _, r := range live {
		l := at(r.Lang)
		l.Version = r.Change
		l.Live = &WrittenText{Text: Text{Title: r.Title, Summary: r.Summary, Markdown: r.Markdown}, Change: r.Change, Author: r.Author, At: r.UpdatedAt.UTC()}
	}
	for _, r := range drafts {
		l := at(r.Lang)
		l.Version = r.Change
		l.Draft = &DraftText{
			WrittenText: WrittenText{Text: Text{Title: r.Title, Summary: r.Summary, Markdown: r.Markdown}, Change: r.Change, Author: r.Author, At: r.UpdatedAt.UTC()},
			Source:      r.Source, Stale: l.Live != nil && (r.Base == nil || *r.Base != l.Live.Change),
		}
	}
	pages, err := tx.SourcesOfArticle(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		l := byLang[desk.Language(store.OrZero(p.Lang))]
		if l == nil {
			continue
		}
		l.From = &PageOfText{p.SourceID, p.Url, p.State, p.SyncedAt.UTC()}
		if p.Detached {
			l.From.State = "detached"
		}
	}
	out := []ArticleLanguage{}
	for _, l := range byLang {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b ArticleLanguage) int {
		return slices.Index(desk.Languages(), a.Lang) - slices.Index(desk.Languages(), b.Lang)
	})
	return out, nil
}

// Preview renders Markdown as the reader would see it: the same renderer, the
// same sanitiser, the same links.
func (k *KB) Preview(ctx context.Context, viewer desk.Viewer, t Text) (html string, err error) {
	if err := staffOnly(viewer); err != nil {
		return "", err
	}
	if err := checkText(t); err != nil {
		return "", err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		p, err := read(t.Markdown, oneLine(t.Title))
		if err != nil {
			return err
		}
		keys, err := tx.ArticleKeys(ctx, db.ArticleKeysParams{Keys: p.linkedKeys(), Staff: true})
		if err != nil {
			return err
		}
		html, err = p.html(linker(keys))
		return err
	})
	return html, err
}
