package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

type removeWebSource struct {
	ByID
	Articles string `query:"articles" enum:"keep,withdraw" default:"keep" doc:"What becomes of its articles."`
}

func (a *API) mountSources() {
	route(a, staff, http.MethodGet, "/admin/sources", "Addresses on the web whose pages are articles", a.webSources)
	route(a, admins, http.MethodPost, "/admin/sources", "Take pages from an address on the web, and keep up with them", a.addWebSource, createdNew)
	route(a, staff, http.MethodGet, "/admin/sources/{id}/pages", "The pages of a source and the articles that they became", a.webSourcePages)
	route(a, admins, http.MethodPost, "/admin/sources/{id}/sync", "Look at a source now", a.syncWebSource)
	route(a, admins, http.MethodDelete, "/admin/sources/{id}", "Forget a source", a.removeWebSource, noContent)
}

func (a *API) webSources(ctx context.Context, _ *nothing) (*body[page[kb.Source]], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Knowledge.Sources(ctx, v)
	return pageOf(list, ""), err
}

func (a *API) addWebSource(ctx context.Context, in *body[kb.NewSource]) (*body[kb.Source], error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.cfg.Knowledge.AddSource(ctx, v, in.Body)
	return &body[kb.Source]{s}, err
}

func (a *API) webSourcePages(ctx context.Context, in *ByID) (*body[page[kb.SourcePage]], error) {
	v, id, err := about(ctx, *in)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Knowledge.SourcePages(ctx, v, id)
	return pageOf(list, ""), err
}

func (a *API) syncWebSource(ctx context.Context, in *ByID) (*body[kb.Source], error) {
	v, id, err := about(ctx, *in)
	if err != nil {
		return nil, err
	}
	s, err := a.cfg.Knowledge.SyncNow(ctx, v, id)
	return &body[kb.Source]{s}, err
}

func (a *API) removeWebSource(ctx context.Context, in *removeWebSource) (*nothing, error) {
	v, id, err := about(ctx, in.ByID)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Knowledge.RemoveSource(ctx, v, id, in.Articles == "withdraw")
}
