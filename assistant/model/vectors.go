package model

import "context"

// Vectors shows an Embedder to a room that knows no purposes and no types of
// ours: the knowledge base, whose own interface this satisfies.
type Vectors struct{ Embedder Embedder }

// Embed embeds questions or passages.
func (v Vectors) Embed(ctx context.Context, texts []string, query bool) ([][]float32, error) {
	purpose := PurposePassage
	if query {
		purpose = PurposeQuery
	}
	return v.Embedder.Embed(ctx, texts, purpose)
}

// Model names the model; dimensions is 0 until the first answer when nobody
// said it.
func (v Vectors) Model() (name string, dimensions int) {
	m := v.Embedder.Model()
	return m.Name, m.Dimensions
}
