package model_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
)

// everything is a conversation with all that may stand in one, and with what
// should not but may.
func everything() model.Request {
	zero := float32(0)
	return model.Request{
		Messages: []model.Message{
			{Role: model.RoleSystem, Text: "You help."},
			{Role: model.RoleSystem},
			{Role: model.RoleUser, Text: "Größe 😀\x00 \xff", Name: "Ana María"},
			{Role: model.RoleAssistant, Text: "One moment.", ToolCalls: []model.ToolCall{
				{ID: "c", Name: "search_kb", Arguments: `{"query":"x"}`},
				{Index: 1, Name: "functions.x " + strings.Repeat("y", 300), Arguments: `{"cut`},
			}},
			{Role: model.RoleTool, ToolCallID: "c", Name: "search_kb", Text: ""},
			{Role: model.RoleTool, ToolCallID: "call_2", Text: "nothing of that name"},
			{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{ID: "d"}}},
			{Role: model.RoleTool, Text: "x"},
			{Role: model.RoleAssistant},
			{Role: model.RoleUser},
		},
		Tools: append([]model.ToolSpec{
			{Name: "nothing_to_say"},
			{Name: "list_my_tickets", Description: "Lists.", Schema: json.RawMessage(`{"type":"object","properties":{"status":{"type":"string","enum":["open"]}},"additionalProperties":false}`)},
		}, tools...),
		MaxTokens: 100, Temperature: &zero, User: "a1b2",
	}
}

func TestOnlyAModelThatSeesGetsPictures(t *testing.T) {
	req := model.Request{Messages: []model.Message{
		{Role: model.RoleUser, Text: "What is this?", Pictures: [][]byte{[]byte("one"), []byte("two")}}, {Role: model.RoleUser, Pictures: [][]byte{[]byte("three")}},
	}}
	for vision, want := range map[bool]int{true: 3, false: 0} {
		fake := modeltest.New(t, modeltest.Text("ok"))
		if got := read(t, provider(t, fake.URL, func(c *model.Config) { c.Vision = vision }), req); got.err != nil {
			t.Fatal(got.err)
		}
		modeltest.Validate(t, fake.Requests()[0])
		body := string(fake.Requests()[0].Body)
		if n := strings.Count(body, "data:image/jpeg;base64,"); n != want || !strings.Contains(body, "What is this?") {
			t.Errorf("vision %v: %d pictures in %s", vision, n, body)
		}
	}
}

func TestEveryRequestIsWhatOpenAIsSchemaAllows(t *testing.T) {
	requests := map[string]model.Request{
		"plain":                {Messages: []model.Message{{Role: model.RoleUser, Text: "hi"}}},
		"no message":           {},
		"tools":                ask("hi"),
		"tools none":           {Messages: []model.Message{{Role: model.RoleUser, Text: "hi"}}, Tools: tools, ToolChoice: "none"},
		"tools auto":           {Messages: []model.Message{{Role: model.RoleUser, Text: "hi"}}, Tools: tools, ToolChoice: "auto"},
		"choice without tools": {Messages: []model.Message{{Role: model.RoleUser, Text: "hi"}}, ToolChoice: "none"},
		"everything":           everything(),
	}
	for name, req := range requests {
		for _, m := range []string{"m", "gpt-5-mini", "gpt-4o-mini", "o3-mini"} {
			t.Run(name+" to "+m, func(t *testing.T) {
				fake := modeltest.New(t, modeltest.Text("ok"))
				got := read(t, provider(t, fake.URL, func(c *model.Config) { c.Model = m }), req)
				if got.err != nil {
					t.Fatal(got.err)
				}
				modeltest.Validate(t, fake.Requests()[0])
			})
		}
	}
	t.Run("embeddings", func(t *testing.T) {
		for _, floatsOnly := range []bool{false, true} {
			fake := modeltest.New(t)
			fake.Embeddings(256, floatsOnly)
			p := provider(t, fake.URL, func(c *model.Config) { c.EmbeddingModel, c.Dimensions = "text-embedding-3-small", 256 })
			for _, purpose := range []model.Purpose{model.PurposeQuery, model.PurposePassage} {
				if _, err := p.Embed(t.Context(), []string{"a", "Größe"}, purpose); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range fake.Requests() {
				modeltest.Validate(t, c)
			}
		}
	})
}

func TestTheSchemaCheckRefusesWhatTheSchemaForbids(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"model":"m","messages":[]}`, `{"model":"m","messages":[{"role":"user"}]}`,
		`{"model":"m","messages":[{"role":"tool","content":"x"}]}`,
	} {
		inner := &recorder{TB: t}
		modeltest.Validate(inner, modeltest.Captured{Path: "/v1/chat/completions", Body: []byte(body)})
		if !inner.failed {
			t.Errorf("accepted %s", body)
		}
	}
}

// recorder notes an error instead of failing its test.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestARequestKeepsTheConversationAndItsOrder(t *testing.T) {
	fake := modeltest.New(t, modeltest.Text("ok"))
	read(t, provider(t, fake.URL, nil), everything())
	got := fake.Requests()[0]
	var roles []string
	for _, m := range got.Chat.Messages {
		roles = append(roles, m.Role)
	}
	if s := strings.Join(roles, ","); s != "system,user,assistant,tool,tool,assistant,tool,user" {
		t.Fatalf("roles: %s", s)
	}
	calls := got.Chat.Messages[2].ToolCalls
	if calls[0].ID != "c" || calls[1].ID != "call_2" || calls[1].Function.Arguments != "{}" ||
		!strings.HasPrefix(calls[1].Function.Name, "functions_x_y") || len(calls[1].Function.Name) > 64 {
		t.Fatalf("calls: %+v", calls)
	}
	var names []string
	for _, tool := range got.Chat.Tools {
		names = append(names, tool.Function.Name)
	}
	if s := strings.Join(names, " "); s != "nothing_to_say list_my_tickets search_kb" {
		t.Fatalf("tools: %s", s)
	}
	if got.Chat.Tools[1].Function.Strict || !got.Chat.Tools[2].Function.Strict {
		t.Fatal("strict is for closed schemas with all properties required, and only for them")
	}
	if got.Chat.User != "a1b2" || got.Chat.MaxTokens != 100 || !got.Chat.Stream {
		t.Fatalf("%+v", got.Chat)
	}
}

func TestTheBoundOfTheAnswerHasTheNameThatTheModelKnows(t *testing.T) {
	for m, want := range map[string]string{"m": `"max_tokens":2048`, "gpt-5-mini": `"max_completion_tokens":2048`} {
		fake := modeltest.New(t, modeltest.Text("ok"))
		read(t, provider(t, fake.URL, func(c *model.Config) { c.Model = m }), ask("hi"))
		if body := string(fake.Requests()[0].Body); !strings.Contains(body, want) || !strings.Contains(body, `"include_usage":true`) {
			t.Errorf("%s: %s", m, body)
		}
	}
}

func TestACallThatNobodyOfferedIsDropped(t *testing.T) {
	fake := modeltest.New(t,
		modeltest.TextAndCalls("Done.", modeltest.Call{Name: "search_kb", Arguments: `{}`}),
		modeltest.Calls(modeltest.Call{Name: "search_kb", Arguments: `{}`}))
	p := provider(t, fake.URL, nil)
	req := ask("hi")
	req.ToolChoice = "none"
	if got := read(t, p, req); got.outcome() != "complete" || got.text != "Done." {
		t.Fatalf("%s: %v", got.outcome(), got.err)
	}
	if got := read(t, p, req); reasonOf(got.err) != model.ReasonEmpty {
		t.Fatalf("%s: %v", got.outcome(), got.err)
	}
}

func TestARejectedAnswerBringsItsCallsInAFormThatCanBeRepeated(t *testing.T) {
	fake := modeltest.New(t, modeltest.Raw(call("0", "a", "search_kb", `{"query":"x"}`)+call("1", "b", "search_kb", `{"q`)+finish("tool_calls")+done))
	e := asError(t, read(t, provider(t, fake.URL, nil), ask("hi")).err)
	checkCalls(t, "rejected", e.Calls, []model.ToolCall{
		{ID: "a", Name: "search_kb", Arguments: `{"query":"x"}`}, {Index: 1, ID: "b", Name: "search_kb", Arguments: `{}`},
	})
}

func TestAnAddressThatIsNoneIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, url := range []string{"localhost:11434", "ftp://x/v1", "http://", "%"} {
		if _, err := model.New(model.Config{BaseURL: url, Model: "m"}); err == nil {
			t.Errorf("accepted %q", url)
		}
	}
	if _, err := model.New(model.Config{}); err == nil {
		t.Error("accepted a provider without any model")
	}
}
