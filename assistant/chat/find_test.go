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

// nothingKnown is an empty knowledge base.
type nothingKnown struct{}

func (nothingKnown) Passages(context.Context, desk.Viewer, kb.Query) ([]kb.Hit, error) {
	return nil, nil
}

func finder(s *store.Store, cfg nodeConfig, p *model.Provider, log *slog.Logger) tools.Knowledge {
	if !cfg.Search {
		return nothingKnown{}
	}
	return kb.New(kb.Config{Store: s, Embedder: embedder{p}, Log: log})
}
