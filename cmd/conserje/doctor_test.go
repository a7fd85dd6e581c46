package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
)

func TestTheDoctorAsksTheModelAndSaysWhatIsWrongWithIt(t *testing.T) {
	if got := modelState(t.Context(), modelSettings{}, slog.New(slog.DiscardHandler)); !strings.Contains(got, "the built-in one") {
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
			got := modelState(t.Context(), s, slog.New(slog.DiscardHandler))
			if !strings.Contains(got, c.says) {
				t.Errorf("%q does not say %q", got, c.says)
			}
			if strings.Contains(got, "sk-canary-1") {
				t.Error("it shows the key")
			}
		})
	}
}
