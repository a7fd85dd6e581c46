package model_test

import (
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/prompts"
)

// builtIn is the built-in model as the server wires it: the same adapter, a
// transport in the process instead of the network.
func builtIn(t testing.TB) *model.Provider {
	return provider(t, "http://offline.invalid/v1", func(c *model.Config) {
		c.Transport, c.Model, c.Offline, c.Key = offline.Transport(), offline.ModelName, true, ""
	})
}

func TestTheBuiltInModelSpeaksThroughTheSameAdapter(t *testing.T) {
	req := ask("The printer on the third floor does not print, what can I do?")
	req.Messages = append([]model.Message{{Role: model.RoleSystem, Text: prompts.System(prompts.SystemData{Language: "en", Tools: []string{prompts.ToolSearch}})}}, req.Messages...)
	req.Tools = []model.ToolSpec{{Name: prompts.ToolSearch, Description: "Searches.", Schema: tools[0].Schema}}
	got := read(t, builtIn(t), req)
	if got.outcome() != "tool_call" || got.last.ToolCalls[0].Name != prompts.ToolSearch || !got.last.Offline {
		t.Fatalf("%s: %q %+v %v", got.outcome(), got.text, got.last, got.err)
	}
	req.Tools = nil
	got = read(t, model.Chain(builtIn(t)), req)
	if got.outcome() != "complete" || strings.TrimSpace(got.text) == "" || !got.last.Offline {
		t.Fatalf("%s: %q %v", got.outcome(), got.text, got.err)
	}
	if got.last.Usage.Estimated || got.deltas < 3 {
		t.Fatalf("%d deltas, usage %+v", got.deltas, *got.last.Usage)
	}
}
