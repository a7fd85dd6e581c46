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

// nothingKnown is an empty knowledge base.
type nothingKnown struct{}

func (nothingKnown) Passages(context.Context, desk.Viewer, kb.Query) ([]kb.Hit, error) {
	return nil, nil
}

func finder(s *store.Store, cfg nodeConfig, p *model.Provider, log *slog.Logger) tools.Knowledge {
	if !cfg.Search {
		return nothingKnown{}
	}
	return kb.New(kb.Config{Store: s, Embedder: model.Vectors{Embedder: p}, Log: log})
}
