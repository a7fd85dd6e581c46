package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
)

type listArticles struct {
	Query string        `query:"query" maxLength:"500" doc:"What to look for; empty lists all."`
	Lang  desk.Language `query:"lang" enum:"en,es,de,fr,it" doc:"The reader's language; yours without it."`

	Category desk.ID `query:"category" format:"uuid" doc:"Only what stands in it; a search looks everywhere."`
	Cursor   string  `query:"cursor" maxLength:"400" doc:"Of the page before; a search has one page."`
	Limit    int     `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type readArticle struct {
	ByID
	Lang desk.Language `query:"lang" enum:"en,es,de,fr,it"`
}

// foundArticle is a line of the list; Heading, Anchor and Snippet tell where
// a search found it.
type foundArticle struct {
	ID      desk.ID       `json:"id"`
	Key     string        `json:"key"`
	Lang    desk.Language `json:"lang"`
	Title   string        `json:"title"`
	Summary string        `json:"summary"`
	Heading string        `json:"heading,omitempty"`
	Anchor  string        `json:"anchor,omitempty"`
	Snippet string        `json:"snippet,omitempty"`
}

type importFiles struct {
	Company desk.ID `query:"company" format:"uuid" doc:"The one company that the articles are for; left out: everybody."`
	Publish bool    `query:"publish" doc:"Publish at once; otherwise they arrive as drafts, to be looked at first."`
	RawBody huma.MultipartFormFiles[struct {
		Files []huma.FormFile `form:"files" required:"true" doc:"Markdown, HTML, DOCX or PDF."`
	}]
}

func (a *API) mountArticles() {
	route(a, users, http.MethodGet, "/articles", "Search or list articles", a.listArticles)
	route(a, users, http.MethodGet, "/articles/{id}", "Read an article", a.readArticle)
	route(a, admins, http.MethodPost, "/admin/articles/import", "Import Markdown, HTML, Word or PDF files", a.importArticles,
		func(op *huma.Operation) { op.MaxBodyBytes = int64(a.mostOf(op.Path)) })
	route(a, admins, http.MethodDelete, "/admin/articles/{id}", "Delete an article in all languages", a.deleteArticle, noContent)
}

// reader returns the viewer and the language to read in, and refuses when the
// portal keeps the knowledge base from them (R8).
func (a *API) reader(ctx context.Context, lang desk.Language) (v desk.Viewer, l desk.Language, err error) {
	err = a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, viewer desk.Viewer) error {
		v = viewer
		p, err := policy.For(ctx, tx, v)
		if err == nil && !p.KnowledgeBase {
			err = policy.Refuse(policy.RuleKnowledgeBase)
		}
		return err
	})
	if lang == "" {
		lang = v.Language
	}
	return v, lang, err
}

const (
	searchLimit     = 20  // articles that a search shows
	searchesAMinute = 120 // of one person, who may search while typing
)

func (a *API) listArticles(ctx context.Context, in *listArticles) (*body[page[foundArticle]], error) {
	v, lang, err := a.reader(ctx, in.Lang)
	if err != nil {
		return nil, err
	}
	query := strings.TrimSpace(in.Query)
	if query == "" {
		list, next, err := a.cfg.Knowledge.OnShelf(ctx, v, in.Category, lang, in.Cursor, in.Limit)
		items := make([]foundArticle, len(list))
		for i, s := range list {
			items[i] = foundArticle{ID: s.ID, Key: s.Key, Lang: s.Lang, Title: s.Title, Summary: s.Summary}
		}
		return pageOf(items, next), err
	}
	// Each search may ask a provider for a vector, and that costs (SECURITY J1).
	err = a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		return tx.Hit(ctx, "search:"+string(v.User), time.Minute, searchesAMinute, desk.Errorf(desk.CodeRateLimited, "too many searches; wait a moment"))
	})
	if err != nil {
		return nil, err
	}
	hits, err := a.cfg.Knowledge.Search(ctx, v, kb.Query{Text: query, Lang: lang, Limit: min(in.Limit, searchLimit)})
	items := make([]foundArticle, len(hits))
	for i, h := range hits {
		items[i] = foundArticle{ID: h.Article, Key: h.Key, Lang: h.Lang, Title: h.Title, Summary: h.Summary, Heading: h.Heading, Anchor: h.Anchor, Snippet: snippet(h.Text)}
	}
	return pageOf(items, ""), err
}

// snippet is the beginning of a passage, cut at a word.
func snippet(text string) string {
	const most = 240
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	cut := string(runes[:most])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return cut + "…"
}

// articleBody is an article as the reader shows it. HTML is sanitised, and its
// headings and blocks carry the anchors that citations point at.
type articleBody struct {
	ID        desk.ID         `json:"id"`
	Key       string          `json:"key"`
	Lang      desk.Language   `json:"lang"`
	Title     string          `json:"title"`
	Summary   string          `json:"summary"`
	HTML      string          `json:"html"`
	Langs     []desk.Language `json:"langs"`
	Category  *articleShelf   `json:"category,omitempty"`
	UpdatedAt time.Time       `json:"updated_at"`

	Change int64             `json:"change" doc:"Names this text of the article; feedback is about one text."`
	Rating *kb.ArticleRating `json:"rating,omitempty" doc:"What you said of this text."`
}

// articleShelf is the category that an article stands in.
type articleShelf struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
}

func (a *API) readArticle(ctx context.Context, in *readArticle) (*body[articleBody], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, lang, err := a.reader(ctx, in.Lang)
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Knowledge.Article(ctx, v, id, lang)
	out := articleBody{
		ID: r.ID, Key: r.Key, Lang: r.Lang, Title: r.Title, Summary: r.Summary, HTML: r.HTML, Langs: r.Langs, UpdatedAt: r.UpdatedAt,
		Change: r.Change, Rating: r.Own,
	}
	if r.Category != "" {
		out.Category = &articleShelf{r.Category, r.Shelf}
	}
	return &body[articleBody]{out}, err
}

type importReport struct {
	Created   int               `json:"created"`
	Updated   int               `json:"updated"`
	Unchanged int               `json:"unchanged"`
	Problems  []importProblem   `json:"problems" doc:"Files that were not imported; the others were."`
	Drafts    []kb.ArrivedDraft `json:"drafts" doc:"What waits to be looked at and published."`
}

type importProblem struct {
	Name   string         `json:"name"`
	Code   desk.Code      `json:"code"`
	Detail string         `json:"detail"`
	Params map[string]any `json:"params,omitempty"`
}

func (a *API) importArticles(ctx context.Context, in *importFiles) (*body[importReport], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	var documents []kb.Document
	for _, f := range in.RawBody.Data().Files {
		data, err := io.ReadAll(f)
		if err != nil {
			return nil, err
		}
		documents = append(documents, kb.Document{Name: f.Filename, Data: data})
	}
	r, err := a.cfg.Knowledge.Import(ctx, v, documents, kb.ImportOptions{Audience: in.Company, Draft: !in.Publish})
	if err != nil {
		return nil, err
	}
	out := importReport{Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Problems: make([]importProblem, len(r.Problems)), Drafts: r.Drafts}
	for i, p := range r.Problems {
		out.Problems[i] = importProblem{Name: p.Name, Code: p.Err.Code, Detail: p.Err.Message, Params: p.Err.Params}
	}
	return &body[importReport]{out}, nil
}

func (a *API) deleteArticle(ctx context.Context, in *ByID) (*nothing, error) {
	v, id, err := about(ctx, *in)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Knowledge.Delete(ctx, v, id)
}
