package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

type rateArticle struct {
	ByID
	Body struct {
		Lang   desk.Language `json:"lang"`
		Change int64         `json:"change" minimum:"0" doc:"Which text was read, as the article says it."`
		kb.ArticleRating
	}
}

type listReviews struct {
	State   string  `query:"state" enum:"open,done" doc:"Both when left out."`
	Kind    string  `query:"kind" enum:"answer,article" doc:"Both when left out."`
	Person  desk.ID `query:"person" format:"uuid" doc:"Whose judgement."`
	Company desk.ID `query:"company" format:"uuid" doc:"Of whose people."`
	Closed  desk.ID `query:"closed_by" format:"uuid" doc:"Who closed it."`
	Cursor  string  `query:"cursor" maxLength:"400"`
	Limit   int     `query:"limit" minimum:"1" maximum:"100" default:"25"`
}

type listUnanswered struct {
	State  string `query:"state" enum:"open,done" default:"open"`
	Cursor string `query:"cursor" maxLength:"20"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type setReview struct {
	ByID
	Body kb.Verdict
}

type setUnanswered struct {
	Key  string `path:"key" pattern:"^[0-9a-f]{64}$"`
	Body kb.Verdict
}

func (a *API) mountFeedback() {
	route(a, users, http.MethodPut, "/articles/{id}/feedback", "Say whether an article helped you", a.rateArticle)
	route(a, users, http.MethodGet, "/articles/{id}/related", "Articles about the same", a.relatedArticles)
	route(a, staff, http.MethodGet, "/admin/feedback", "Answers and articles that did not help, newest first", a.reviews)
	route(a, staff, http.MethodPut, "/admin/feedback/{id}", "Close a review or open it again, with a note", a.setReview)
	route(a, staff, http.MethodGet, "/admin/unanswered", "Questions without an answer, the most frequent first", a.unanswered)
	route(a, staff, http.MethodPut, "/admin/unanswered/{key}", "Close a question or open it again, with a note", a.setUnanswered)
}

func (a *API) rateArticle(ctx context.Context, in *rateArticle) (*body[kb.ArticleRating], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, _, err := a.reader(ctx, "")
	if err != nil {
		return nil, err
	}
	return &body[kb.ArticleRating]{in.Body.ArticleRating}, a.cfg.Knowledge.Rate(ctx, v, id, in.Body.Lang, in.Body.Change, in.Body.ArticleRating)
}

func (a *API) relatedArticles(ctx context.Context, in *readArticle) (*body[page[foundArticle]], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, lang, err := a.reader(ctx, in.Lang)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Knowledge.Related(ctx, v, id, lang)
	items := make([]foundArticle, len(list))
	for i, s := range list {
		items[i] = foundArticle{ID: s.ID, Key: s.Key, Lang: s.Lang, Title: s.Title, Summary: s.Summary}
	}
	return pageOf(items, ""), err
}

func (a *API) reviews(ctx context.Context, in *listReviews) (*body[page[kb.Review]], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := a.cfg.Knowledge.Reviews(ctx, v, kb.ReviewFilter{
		State: in.State, Kind: in.Kind, Person: in.Person, Company: in.Company, Closed: in.Closed, Cursor: in.Cursor, Limit: in.Limit,
	})
	return pageOf(list, next), err
}

func (a *API) setReview(ctx context.Context, in *setReview) (*body[kb.Review], error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	r, err := a.cfg.Knowledge.SetReview(ctx, v, id, in.Body)
	return &body[kb.Review]{r}, err
}

func (a *API) unanswered(ctx context.Context, in *listUnanswered) (*body[page[kb.UnansweredQuestion]], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	list, next, err := a.cfg.Knowledge.Unanswered(ctx, v, in.State, in.Cursor, in.Limit)
	return pageOf(list, next), err
}

func (a *API) setUnanswered(ctx context.Context, in *setUnanswered) (*body[kb.UnansweredQuestion], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	q, err := a.cfg.Knowledge.SetUnanswered(ctx, v, in.Key, in.Body)
	return &body[kb.UnansweredQuestion]{q}, err
}
