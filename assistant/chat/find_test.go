package chat_test

import (
	"context"
	"log/slog"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools"
)

// embedder lets the knowledge base use the built-in vectors, as cmd does.
type embedder struct{ *model.Provider }

func (e embedder) Embed(ctx context.Context, texts []string, query bool) ([][]float32, error) {
	purpose := model.PurposePassage
	if query {
		purpose = model.PurposeQuery
	}
	return e.Provider.Embed(ctx, texts, purpose)
}

func (e embedder) Model() (name string, dimensions int) {
	m := e.Provider.Model()
	return m.Name, m.Dimensions
}

func finder(s *store.Store, cfg nodeConfig, p *model.Provider, log *slog.Logger) tools.Find {
	if !cfg.Search {
		return func(context.Context, desk.Viewer, string, desk.Language) ([]tools.Passage, error) { return nil, nil }
	}
	articles := kb.New(kb.Config{Store: s, Embedder: embedder{p}, Log: log})
	return func(ctx context.Context, v desk.Viewer, text string, lang desk.Language) (found []tools.Passage, err error) {
		hits, err := articles.Search(ctx, v, kb.Query{Text: text, Lang: lang, Limit: 6})
		for _, h := range hits {
			found = append(found, tools.Passage{Article: h.Article, Lang: h.Lang, Title: h.Title, Heading: h.Heading, Anchor: h.Anchor, Text: h.Text})
		}
		return found, err
	}
}
