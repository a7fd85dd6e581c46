package model_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/conserje/conserje/assistant/model"
)

func TestARefusedKeyIsRememberedUntilTheModelAnswers(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s := int(status.Load()); s != http.StatusOK {
			w.WriteHeader(s)
			fmt.Fprint(w, `{"error":{"message":"no"}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Yes.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(server.Close)
	p, err := model.New(model.Config{BaseURL: server.URL + "/v1", Key: "sk-wrong", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(s int) (reasons []model.Reason) {
		status.Store(int64(s))
		for range p.Stream(t.Context(), model.Request{Messages: []model.Message{{Role: model.RoleUser, Text: "Say yes."}}}) {
		}
		for _, trouble := range p.Troubles() {
			if trouble.Model != "m" || trouble.Since.IsZero() {
				t.Errorf("%+v", trouble)
			}
			reasons = append(reasons, trouble.Reason)
		}
		return reasons
	}
	for _, step := range []struct {
		status int
		want   string
	}{
		{http.StatusOK, "[]"},
		{http.StatusUnauthorized, "[key_refused]"},
		{http.StatusServiceUnavailable, "[key_refused]"}, // passes by itself, and says nothing about the key
		{http.StatusNotFound, "[model_not_found]"},
		{http.StatusOK, "[]"},
	} {
		if got := fmt.Sprint(ask(step.status)); got != step.want {
			t.Errorf("after status %d the troubles are %s, want %s", step.status, got, step.want)
		}
	}
}
