package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestTheDoctorAsksTheModelAndSaysWhatIsWrongWithIt(t *testing.T) {
	if got, _ := modelState(t.Context(), modelSettings{}, slog.New(slog.DiscardHandler)); !strings.Contains(got, "the built-in one") {
		t.Errorf("nothing set: %q", got)
	}
	for name, c := range map[string]struct {
		reply modeltest.Reply
		says  string
	}{
		"it answers":  {modeltest.Text("Yes."), "small, which answers"},
		"a wrong key": {modeltest.Fail(401, "invalid_api_key"), "refuses our key; check OPENAI_API_KEY"},
		"no model":    {modeltest.Fail(404, "model_not_found"), "check OPENAI_API_KEY, OPENAI_BASE_URL and the model's name"},
	} {
		t.Run(name, func(t *testing.T) {
			server := modeltest.New(t, c.reply)
			s := modelSettings{Key: "sk-canary-1", BaseURL: server.URL, Model: "small"}
			got, _ := modelState(t.Context(), s, slog.New(slog.DiscardHandler))
			if !strings.Contains(got, c.says) {
				t.Errorf("%q does not say %q", got, c.says)
			}
			if strings.Contains(got, "sk-canary-1") {
				t.Error("it shows the key")
			}
		})
	}
}

func TestTheDoctorComparesTheVectorsThatAreStoredWithTheModels(t *testing.T) {
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	says := func(name string, dimensions int, want string) {
		t.Helper()
		if got, err := vectorState(t.Context(), s, model.EmbeddingModel{Name: name, Dimensions: dimensions}); err != nil || !strings.Contains(got, want) {
			t.Errorf("%q, %v does not say %q", got, err, want)
		}
	}
	says("small", 3, "none yet; small will make them")
	err := s.Tenant(tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.AddEmbeddingModel(ctx, db.AddEmbeddingModelParams{TenantID: tx.Tenant, ID: desk.NewID(), Name: "small", Dimensions: 3, State: "serving"})
	})
	if err != nil {
		t.Fatal(err)
	}
	says("small", 3, "small, of length 3 as stored")
	says("small", 4, "1 portals have small vectors of length 3, and the model now returns 4")
	says("small", 0, "could not be compared")
	says("large", 4, "1 portals still have those of an earlier model")
}
