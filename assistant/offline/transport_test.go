package offline

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/prompts"
)

func TestStreamedAndWholeAnswersAreTheSame(t *testing.T) {
	for _, text := range []string{"who are you?", "my printer is jammed", "what can you do?", "status of ticket 12 and 13"} {
		c := chat{system: system("en"), messages: []map[string]any{user(text)}}
		streamed := ask(t, c)
		c.plain = true
		whole := ask(t, c)
		if streamed.text != whole.text || streamed.finish != whole.finish || len(streamed.calls) != len(whole.calls) {
			t.Errorf("%q: %+v, %+v", text, streamed, whole)
		}
		for i := range whole.calls {
			if streamed.calls[i].Function != whole.calls[i].Function {
				t.Errorf("%q: call %d: %+v, %+v", text, i, streamed.calls[i], whole.calls[i])
			}
		}
		if streamed.usage == nil || streamed.usage.Prompt == 0 || streamed.usage.Completion == 0 ||
			streamed.usage.Total != streamed.usage.Prompt+streamed.usage.Completion {
			t.Errorf("%q: usage %+v", text, streamed.usage)
		}
	}
}

func TestTheSameRequestGetsTheSameBytes(t *testing.T) {
	body := chat{system: system("fr"), messages: []map[string]any{user("Où en est le ticket 12 ?")}}.body(t)
	var first string
	for range 3 {
		res := post(t, "/chat/completions", body)
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		}
		if string(b) != first {
			t.Fatalf("differs:\n%s\n%s", first, b)
		}
	}
}

func TestTextComesInManySmallPieces(t *testing.T) {
	got := ask(t, chat{system: system("de"), messages: []map[string]any{user("Wer bist du?")}})
	if got.chunks < 8 || got.finish != "stop" {
		t.Errorf("%d chunks, finish %q", got.chunks, got.finish)
	}
}

func TestPiecesAddUpToTheText(t *testing.T) {
	for _, s := range []string{"", "a", "one two three four five", strings.Repeat("ü", 500), "日本語 " + strings.Repeat("字", 90), "\n\n x \n"} {
		if got := strings.Join(pieces(s, 7), ""); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestEveryMistakeGetsAnErrorInTheShapeOfTheProtocol(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/v1/chat/completions", "{", 400, "invalid_json"},
		{"POST", "/v1/chat/completions", "", 400, "invalid_json"},
		{"POST", "/v1/chat/completions", `{"messages":[]}`, 400, "missing_messages"},
		{"POST", "/v1/chat/completions", `{"messages":[{"role":"root","content":"x"}]}`, 400, "invalid_role"},
		{"POST", "/v1/chat/completions", `{"messages":[{"role":"user","content":7}]}`, 400, "invalid_json"},
		{"POST", "/v1/chat/completions", `{"n":2,"messages":[{"role":"user","content":"x"}]}`, 400, "unsupported_value"},
		{"POST", "/v1/chat/completions", strings.Repeat(" ", maxBody+1), 413, "request_too_large"},
		{"POST", "/v1/embeddings", "[", 400, "invalid_json"},
		{"POST", "/v1/embeddings", `{"input":[]}`, 400, "invalid_input"},
		{"POST", "/v1/embeddings", `{"input":[[1,2]]}`, 400, "invalid_input"},
		{"POST", "/v1/embeddings", `{"input":"x","dimensions":3}`, 400, "unsupported_value"},
		{"POST", "/v1/embeddings", `{"input":"x","encoding_format":"xml"}`, 400, "unsupported_value"},
		{"GET", "/v1/chat/completions", "", 405, "method_not_allowed"},
		{"GET", "/v1/models/gpt", "", 404, "model_not_found"},
		{"POST", "/v1/images/generations", "{}", 404, "unknown_url"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://offline"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Error struct {
				Type    string           `json:"type"`
				Message string           `json:"message"`
				Code    string           `json:"code"`
				Param   *json.RawMessage `json:"param"`
			} `json:"error"`
		}
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status || got.Error.Code != c.code || got.Error.Message == "" || got.Error.Type == "" {
			t.Errorf("%s %s %.40s: %d %+v", c.method, c.path, c.body, res.StatusCode, got)
		}
	}
}

func TestEmbeddingsComeInOrderAndInBothEncodings(t *testing.T) {
	texts := []string{"the printer is jammed", "¿cómo cambio la contraseña?", "the printer is jammed"}
	for _, format := range []string{"", "float", "base64"} {
		body, err := json.Marshal(map[string]any{"model": "any", "input": texts, "encoding_format": format})
		if err != nil {
			t.Fatal(err)
		}
		res := post(t, "/embeddings", body)
		var got struct {
			Model string `json:"model"`
			Data  []struct {
				Index     int             `json:"index"`
				Embedding json.RawMessage `json:"embedding"`
			} `json:"data"`
		}
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got.Model != EmbeddingModel || len(got.Data) != len(texts) {
			t.Fatalf("%q: %s, %d vectors", format, got.Model, len(got.Data))
		}
		for i, d := range got.Data {
			if v := floats(t, d.Embedding); d.Index != i || !slices.Equal(v, Embed(texts[i])) {
				t.Errorf("%q: vector %d differs", format, i)
			}
		}
	}
}

func floats(t *testing.T, raw json.RawMessage) []float32 {
	t.Helper()
	var v []float32
	if json.Unmarshal(raw, &v) == nil {
		return v
	}
	var b []byte
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	for ; len(b) >= 4; b = b[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return v
}

func TestModelsAreListedAndFoundByName(t *testing.T) {
	for _, path := range []string{"/v1/models", "/v1/models/" + ModelName} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://offline"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(string(b), ModelName) {
			t.Errorf("%s: %d %s", path, res.StatusCode, b)
		}
	}
}

func TestOnlyOfferedToolsAreCalled(t *testing.T) {
	desktest.Unraced(t, "hundreds of sentences, one after the other")
	for _, u := range utterances(t, "utterances.jsonl") {
		for _, offered := range [][]string{{}, {prompts.ToolSearch}, {prompts.ToolPerson, prompts.ToolList}} {
			got := ask(t, chat{system: system(u.Lang), tools: offered, messages: []map[string]any{user(u.Text)}})
			for _, k := range got.calls {
				if !strings.Contains(strings.Join(offered, " "), k.Function.Name) {
					t.Errorf("%q: %s was not offered", u.Text, k.Function.Name)
				}
			}
			if len(got.calls) == 0 && got.text == "" {
				t.Errorf("%q: nothing said", u.Text)
			}
		}
	}
}

func TestToolChoiceIsObeyed(t *testing.T) {
	base := chat{system: system("en"), messages: []map[string]any{user("my printer is jammed")}}
	none := base
	none.choice = "none"
	if got := ask(t, none); len(got.calls) != 0 || got.finish != "stop" || got.text == "" {
		t.Errorf("none: %+v", got)
	}
	hello := chat{system: system("en"), messages: []map[string]any{user("hi")}, choice: "required"}
	if got := ask(t, hello); len(got.calls) != 1 || got.finish != "tool_calls" {
		t.Errorf("required: %+v", got)
	}
	for _, name := range everyTool {
		named := base
		named.choice = map[string]any{"type": "function", "function": map[string]any{"name": name}}
		if got := ask(t, named); len(got.calls) == 0 || got.calls[0].Function.Name != name {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheLimitOfTokensEndsTheAnswerHonestly(t *testing.T) {
	got := ask(t, chat{system: system("en"), messages: []map[string]any{user("who are you?")}, max: 5})
	if got.finish != "length" || len(got.text) > 20 || got.text == "" {
		t.Errorf("%+v", got)
	}
}

func TestAnEndedContextEndsTheStream(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	body := chat{system: system("en"), messages: []map[string]any{user("who are you?")}}.body(t)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://offline/v1/chat/completions", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: Transport(Pace(time.Hour))}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := res.Body.Read(make([]byte, 1<<16)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := Transport().RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("a request with an ended context: %v", err)
	}
}

func TestCloseWakesAWaitingRead(t *testing.T) {
	s := newStream(t.Context(), [][]byte{[]byte("a"), []byte("b")}, time.Hour)
	if n, err := s.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Read(make([]byte, 8))
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error("a second Close", err)
	}
}

func FuzzChat(f *testing.F) {
	f.Add("hola", "assistant said", `{"passages":[{"n":1,"title":"t","text":"x"}]}`, "search_knowledge")
	f.Add("#12 #13", "Shall I open a ticket?", "<untrusted", "get_ticket")
	f.Add("\xff\x00", "", `{"number":1,"replies":[{}]}`, "")
	f.Fuzz(func(t *testing.T, text, before, result, tool string) {
		ms := []map[string]any{user(before), assistant(before), assistant(text), user(text)}
		first := ask(t, chat{system: before, messages: ms})
		if first.text == "" && len(first.calls) == 0 {
			t.Errorf("nothing said to %q", text)
		}
		ms = append(ms, called("c1", tool, before), toolSays("c1", result))
		again := ask(t, chat{system: system("it"), messages: ms})
		for _, k := range again.calls {
			if tool != "" && tool != prompts.ToolSearch {
				t.Errorf("after a result of %q: %+v", tool, again)
			}
			ms = append(ms, called(k.ID, k.Function.Name, k.Function.Arguments), toolSays(k.ID, result))
		}
		if len(again.calls) > 0 {
			again = ask(t, chat{system: system("it"), messages: ms})
		}
		if len(again.calls) > 0 || again.text == "" {
			t.Errorf("the turn does not end: %+v", again)
		}
		answer(chatRequest{Messages: []message{{Role: "system", Content: content(prompts.Summarise("de"))}, {Role: "user", Content: content(text)}}})
	})
}
