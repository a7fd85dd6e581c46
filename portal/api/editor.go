package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

type editorList struct {
	State    string  `query:"state" enum:"all,draft,due" default:"all" doc:"Drafts, or what is due for review."`
	Category desk.ID `query:"category" format:"uuid"`
	Query    string  `query:"q" maxLength:"200" doc:"In title or key."`
	Cursor   string  `query:"cursor" maxLength:"400"`
	Limit    int     `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// IfMatch says which text or settings the sender has seen. Its name is upper
// case because huma does not look into embedded types that are not exported.
type IfMatch struct {
	Seen string `header:"If-Match" required:"true" maxLength:"40" doc:"The ETag of what you saw; \"0\" for a language that is new."`
}

func (m IfMatch) version() (int64, error) {
	n, err := strconv.ParseInt(strings.Trim(m.Seen, `"`), 10, 64)
	if err != nil || n < 0 {
		return 0, desk.Errorf(desk.CodeInvalid, "If-Match is the ETag of what you saw").On("If-Match")
	}
	return n, nil
}

// about is who asks, and about which object.
func about(ctx context.Context, in ByID) (v desk.Viewer, id desk.ID, err error) {
	if id, err = in.id(); err == nil {
		v, err = desk.ViewerFrom(ctx)
	}
	return v, id, err
}

// TextOf names an article in one language.
type TextOf struct {
	ByID
	Lang desk.Language `path:"lang" enum:"en,es,de,fr,it"`
}

type seenText struct {
	TextOf
	IfMatch
}

type saveText struct {
	TextOf
	IfMatch
	Body kb.Text
}

type restoreRevision struct {
	OneRevision
	IfMatch
}

// OneRevision names a text that was once published.
type OneRevision struct {
	TextOf
	Change int64 `path:"change" minimum:"0"`
}

type changeArticle struct {
	ByID
	IfMatch
	Body struct {
		Company  *optionalID `json:"company_id,omitempty" doc:"The one company that it is for; empty for everybody."`
		Category *optionalID `json:"category_id,omitempty" doc:"Empty for none."`
		ReviewOn *kb.Day     `json:"review_on,omitempty" maxLength:"10" doc:"As 2026-12-31; empty for never."`
	}
}

func (a *API) mountEditor() {
	route(a, staff, http.MethodGet, "/admin/articles", "All articles with their languages, drafts too", a.editorList)
	// Before {id}: the router takes the first that fits.
	route(a, staff, http.MethodGet, "/admin/articles/waiting", "How many drafts there are, and how much is due for review", func(ctx context.Context, _ *nothing) (*body[kb.ArticlesWaiting], error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return nil, err
		}
		w, err := a.cfg.Knowledge.Waiting(ctx, v)
		return &body[kb.ArticlesWaiting]{w}, err
	})
	route(a, admins, http.MethodPost, "/admin/articles", "Begin an article, as a draft", a.createArticle, createdNew)
	route(a, staff, http.MethodPost, "/admin/articles/preview", "Markdown as the reader would show it", a.previewArticle)
	route(a, staff, http.MethodGet, "/admin/articles/{id}", "An article with its drafts", a.editArticle)
	route(a, admins, http.MethodPatch, "/admin/articles/{id}", "Change for whom an article is, its category or its day of review", a.changeArticle)
	route(a, admins, http.MethodPut, "/admin/articles/{id}/texts/{lang}", "Save a draft in one language", a.saveText)
	route(a, admins, http.MethodDelete, "/admin/articles/{id}/texts/{lang}", "Delete one language of an article", a.deleteText, noContent)
	route(a, admins, http.MethodDelete, "/admin/articles/{id}/texts/{lang}/draft", "Throw a draft away", a.onText((*kb.KB).DiscardDraft))
	route(a, admins, http.MethodPost, "/admin/articles/{id}/texts/{lang}/publish", "Publish a draft", a.onText((*kb.KB).Publish))
	route(a, admins, http.MethodPost, "/admin/articles/{id}/texts/{lang}/withdraw", "Take a published text back; it becomes a draft", a.onText((*kb.KB).Withdraw))
	route(a, staff, http.MethodGet, "/admin/articles/{id}/texts/{lang}/revisions", "What was published in one language, newest first", a.revisions)
	route(a, staff, http.MethodGet, "/admin/articles/{id}/texts/{lang}/revisions/{change}", "A text that was once published", a.revision)
	route(a, admins, http.MethodPost, "/admin/articles/{id}/texts/{lang}/revisions/{change}/restore", "Make an earlier text the draft", a.restore)
}

func (a *API) editorList(ctx context.Context, in *editorList) (*body[page[kb.EditorRow]], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := a.cfg.Knowledge.EditorList(ctx, v, kb.EditorFilter{
		State: in.State, Category: in.Category, Words: in.Query, Lang: v.Language, After: in.Cursor, Limit: in.Limit,
	})
	return pageOf(list, next), err
}

func taggedArticle(e kb.EditedArticle, err error) (*withETag[kb.EditedArticle], error) {
	return &withETag[kb.EditedArticle]{ETag: quoted(e.Version), Body: e}, err
}

func taggedText(l kb.ArticleLanguage, err error) (*withETag[kb.ArticleLanguage], error) {
	return &withETag[kb.ArticleLanguage]{ETag: quoted(l.Version), Body: l}, err
}

func quoted(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

func (a *API) createArticle(ctx context.Context, in *body[kb.NewArticle]) (*withETag[kb.EditedArticle], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	return taggedArticle(a.cfg.Knowledge.Create(ctx, v, in.Body))
}

type previewHTML struct {
	HTML string `json:"html"`
}

func (a *API) previewArticle(ctx context.Context, in *body[kb.Text]) (*body[previewHTML], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	html, err := a.cfg.Knowledge.Preview(ctx, v, in.Body)
	return &body[previewHTML]{previewHTML{html}}, err
}

func (a *API) editArticle(ctx context.Context, in *ByID) (*withETag[kb.EditedArticle], error) {
	v, id, err := about(ctx, *in)
	if err != nil {
		return nil, err
	}
	return taggedArticle(a.cfg.Knowledge.Edit(ctx, v, id))
}

func (a *API) changeArticle(ctx context.Context, in *changeArticle) (*withETag[kb.EditedArticle], error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return taggedArticle(a.cfg.Knowledge.Set(ctx, v, id, version, func(s *kb.Settings) {
		if in.Body.Company != nil {
			s.Company = in.Body.Company.id()
		}
		if in.Body.Category != nil {
			s.Category = in.Body.Category.id()
		}
		if in.Body.ReviewOn != nil {
			s.ReviewOn = *in.Body.ReviewOn
		}
	}))
}

func (a *API) saveText(ctx context.Context, in *saveText) (*withETag[kb.ArticleLanguage], error) {
	text := in.Body
	return a.onText(func(k *kb.KB, ctx context.Context, v desk.Viewer, id desk.ID, lang desk.Language, version int64) (kb.ArticleLanguage, error) {
		return k.SaveDraft(ctx, v, id, lang, version, text)
	})(ctx, &seenText{in.TextOf, in.IfMatch})
}

func (a *API) deleteText(ctx context.Context, in *seenText) (*nothing, error) {
	_, err := a.onText(func(k *kb.KB, ctx context.Context, v desk.Viewer, id desk.ID, lang desk.Language, version int64) (kb.ArticleLanguage, error) {
		return kb.ArticleLanguage{}, k.DeleteLanguage(ctx, v, id, lang, version)
	})(ctx, in)
	return nil, err
}

// onText is a handler of what is done to one language of an article.
func (a *API) onText(fn func(*kb.KB, context.Context, desk.Viewer, desk.ID, desk.Language, int64) (kb.ArticleLanguage, error)) func(context.Context, *seenText) (*withETag[kb.ArticleLanguage], error) {
	return func(ctx context.Context, in *seenText) (*withETag[kb.ArticleLanguage], error) {
		v, id, err := about(ctx, in.ByID)
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		return taggedText(fn(a.cfg.Knowledge, ctx, v, id, in.Lang, version))
	}
}

func (a *API) revisions(ctx context.Context, in *TextOf) (*body[page[kb.TextRevision]], error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Knowledge.Revisions(ctx, v, id, in.Lang)
	return pageOf(list, ""), err
}

func (a *API) revision(ctx context.Context, in *OneRevision) (*body[kb.TextRevision], error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Knowledge.Revision(ctx, v, id, in.Lang, in.Change)
	return &body[kb.TextRevision]{r}, err
}

func (a *API) restore(ctx context.Context, in *restoreRevision) (*withETag[kb.ArticleLanguage], error) {
	change := in.Change
	return a.onText(func(k *kb.KB, ctx context.Context, v desk.Viewer, id desk.ID, lang desk.Language, version int64) (kb.ArticleLanguage, error) {
		return k.Restore(ctx, v, id, lang, version, change)
	})(ctx, &seenText{in.TextOf, in.IfMatch})
}
