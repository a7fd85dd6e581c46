//go:build bench

package chat_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

// importArticles puts the demo's articles into the house's knowledge base.
func importArticles(t *testing.T, h *house) {
	t.Helper()
	builtIn, err := model.New(model.Config{
		Name: offline.ModelName, BaseURL: "http://built-in.invalid/v1", Model: offline.ModelName,
		EmbeddingModel: offline.EmbeddingModel, Dimensions: offline.EmbeddingDimensions, Offline: true, Transport: offline.Transport(), Log: storetest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	var docs []kb.Document
	err = filepath.WalkDir("../../portal/demo/articles", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		data, err := os.ReadFile(path)
		docs = append(docs, kb.Document{Name: path, Data: data})
		return err
	})
	if err != nil || len(docs) == 0 {
		t.Fatal(len(docs), err)
	}
	articles := kb.New(kb.Config{Store: h.store, Embedder: model.Vectors{Embedder: builtIn}, Log: storetest.Log(t)})
	report, err := articles.Import(t.Context(), h.visitor("librarian", desk.RoleAdmin).Viewer, docs, kb.ImportOptions{})
	if err != nil || report.Created == 0 {
		t.Fatal(report, err)
	}
	t.Logf("%d articles", report.Created)
}
