package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

type oneCategory struct {
	Names map[desk.Language]string `json:"names" doc:"By language; at least one."`
}

type changeCategory struct {
	ByID
	IfMatch
	Body oneCategory
}

type orderCategories struct {
	Body struct {
		IDs []desk.ID `json:"ids" maxItems:"200"`
	}
}

type readersLanguage struct {
	Lang desk.Language `query:"lang" enum:"en,es,de,fr,it" doc:"The reader's language; yours without it."`
}

func (a *API) mountCategories() {
	route(a, users, http.MethodGet, "/categories", "Categories in which you find articles", func(ctx context.Context, in *readersLanguage) (*body[page[kb.CategoryShelf]], error) {
		v, lang, err := a.reader(ctx, in.Lang)
		if err != nil {
			return nil, err
		}
		list, err := a.cfg.Knowledge.Shelves(ctx, v, lang)
		return pageOf(list, ""), err
	})
	route(a, staff, http.MethodGet, "/admin/categories", "Categories with all their names", func(ctx context.Context, _ *nothing) (*body[page[kb.ArticleCategory]], error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return nil, err
		}
		list, err := a.cfg.Knowledge.Categories(ctx, v)
		return pageOf(list, ""), err
	})
	route(a, admins, http.MethodPost, "/admin/categories", "Add a category", a.addCategory, createdNew)
	route(a, admins, http.MethodPut, "/admin/categories", "Put the categories in order", a.orderCategories)
	route(a, admins, http.MethodPut, "/admin/categories/{id}", "Name a category", a.changeCategory)
	route(a, admins, http.MethodDelete, "/admin/categories/{id}", "Delete a category; its articles stay", a.deleteCategory, noContent)
}

func (a *API) addCategory(ctx context.Context, in *body[oneCategory]) (*body[kb.ArticleCategory], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.cfg.Knowledge.SaveCategory(ctx, v, kb.ArticleCategory{Names: in.Body.Names})
	return &body[kb.ArticleCategory]{c}, err
}

func (a *API) changeCategory(ctx context.Context, in *changeCategory) (*body[kb.ArticleCategory], error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	c, err := a.cfg.Knowledge.SaveCategory(ctx, v, kb.ArticleCategory{ID: id, Names: in.Body.Names, Version: version})
	return &body[kb.ArticleCategory]{c}, err
}

func (a *API) orderCategories(ctx context.Context, in *orderCategories) (*body[page[kb.ArticleCategory]], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Knowledge.OrderCategories(ctx, v, in.Body.IDs)
	return pageOf(list, ""), err
}

func (a *API) deleteCategory(ctx context.Context, in *ByID) (*nothing, error) {
	v, id, err := about(ctx, *in)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Knowledge.DeleteCategory(ctx, v, id)
}
