package main

import (
	"log/slog"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/api"
)

// models are the chain that answers and the embedder of the knowledge base.
type models struct {
	chat     model.Client
	spare    model.Client // the built-in one: it costs nothing
	info     api.AssistantInfo
	embedder kb.Embedder
	earlier  func(string) kb.Embedder
	asked    []*model.Provider // the configured ones
	sees     bool              // they read pictures
}

// troubles says what keeps the configured models from working, for admins.
func (m models) troubles() []api.ModelTrouble {
	var out []api.ModelTrouble
	for _, p := range m.asked {
		for _, t := range p.Troubles() {
			out = append(out, api.ModelTrouble{Model: t.Model, Reason: string(t.Reason), Since: t.Since.UTC()})
		}
	}
	return out
}

// readingPace is what the built-in model waits between two pieces of an answer,
// so that it grows before the eye like any other: a long one takes a second.
const readingPace = 8 * time.Millisecond

// openModels builds the chain: the configured model, its fallback, and last the
// built-in one, which is reached through the same client.
func openModels(s modelSettings, log *slog.Logger) (models, error) {
	builtIn, err := model.New(model.Config{
		Name: offline.ModelName, BaseURL: "http://built-in.invalid/v1", Model: offline.ModelName,
		EmbeddingModel: offline.EmbeddingModel, Dimensions: offline.EmbeddingDimensions,
		Offline: true, Transport: offline.Transport(offline.Pace(readingPace)), Log: log,
	})
	if err != nil {
		return models{}, err
	}
	vectors := model.Vectors{Embedder: builtIn}
	m := models{
		chat: builtIn, spare: builtIn, info: api.AssistantInfo{Offline: true, Model: offline.ModelName}, embedder: vectors,
		earlier: func(name string) kb.Embedder {
			if name == offline.EmbeddingModel {
				return vectors
			}
			return nil
		},
	}
	if !s.configured() {
		return m, nil
	}
	first, err := model.New(model.Config{BaseURL: s.BaseURL, Key: s.Key, Model: s.Model, EmbeddingModel: s.EmbeddingModel, Vision: s.Vision, Log: log})
	if err != nil {
		return models{}, err
	}
	chain := []model.Client{first}
	m.asked = append(m.asked, first)
	if s.Fallback != "" {
		second, err := model.New(model.Config{BaseURL: s.BaseURL, Key: s.Key, Model: s.Fallback, Vision: s.Vision, Log: log})
		if err != nil {
			return models{}, err
		}
		chain = append(chain, second)
		m.asked = append(m.asked, second)
	}
	m.chat = model.NewChain(model.Policy{Log: log}, append(chain, builtIn)...)
	m.info, m.sees = api.AssistantInfo{Model: s.Model}, s.Vision
	if s.EmbeddingModel != "" {
		m.embedder = model.Vectors{Embedder: first}
	}
	return m, nil
}
