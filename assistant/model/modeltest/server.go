// Package modeltest is a model server for tests: OpenAI's protocol over real
// HTTP, with answers from a script, faults on demand and every request kept.
//
//	fake := modeltest.New(t, modeltest.Text("Hello", " Ana"), modeltest.Fail(503, ""))
//	provider, err := model.New(model.Config{BaseURL: fake.URL, Key: "k", Model: "m"})
//
// Chat requests take the script's replies in order; when it is used up, the
// Handle function decides, and without one the request is an error of the
// test. Embeddings are answered by themselves with vectors made from the text.
// A Reply says what goes over the wire and when, to the byte, so that nothing
// in a test has to sleep.
package modeltest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// maxKept bounds the requests that are kept; older ones are dropped.
const maxKept = 20_000

// Server is the fake. Its methods are safe for concurrent use.
type Server struct {
	URL string // the base URL for a client, with /v1

	http *httptest.Server
	t    testing.TB

	mu         sync.Mutex
	script     []Reply
	embeds     []Reply
	handle     func(Captured) Reply
	dimensions int
	floatsOnly bool
	kept       []Captured
	total      int
}

// Captured is one request as it came.
type Captured struct {
	Path   string
	Header http.Header
	Body   []byte
	At     time.Time
	Chat   ChatRequest      // of /chat/completions
	Embed  EmbeddingRequest // of /embeddings
}

// ChatRequest is what tests look at in a chat request.
type ChatRequest struct {
	Model      string    `json:"model"`
	Messages   []Message `json:"messages"`
	Tools      []Tool    `json:"tools"`
	ToolChoice any       `json:"tool_choice"`
	MaxTokens  int       `json:"max_tokens"`
	Stream     bool      `json:"stream"`
	User       string    `json:"user"`
}

// Message is one message of a chat request.
type Message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

// ToolCall is a call in an assistant's message.
type ToolCall struct {
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// Tool is a tool that the request offers.
type Tool struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Strict      bool            `json:"strict"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// EmbeddingRequest is what tests look at in a request for embeddings.
type EmbeddingRequest struct {
	Model          string   `json:"model"`
	Input          []string `json:"input"`
	EncodingFormat string   `json:"encoding_format"`
	Dimensions     int      `json:"dimensions"`
}

// LastUser returns the text of the last user message.
func (c Captured) LastUser() string {
	for _, v := range slices.Backward(c.Chat.Messages) {
		if v.Role == "user" {
			return v.Content
		}
	}
	return ""
}

// ToolResults returns the tools' messages after the last user message.
func (c Captured) ToolResults() []Message {
	var out []Message
	for _, m := range c.Chat.Messages {
		switch m.Role {
		case "user":
			out = nil
		case "tool":
			out = append(out, m)
		}
	}
	return out
}

// New starts a server with a script; it ends with the test.
func New(t testing.TB, script ...Reply) *Server {
	t.Helper()
	s := Start(script...)
	s.t = t
	t.Cleanup(s.Close)
	return s
}

// Start is New for programs that are not tests, such as benchmarks.
func Start(script ...Reply) *Server {
	s := &Server{script: script, dimensions: 8}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL + "/v1"
	return s
}

// Close ends all connections and the server.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Add appends replies to the script.
func (s *Server) Add(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, replies...)
}

// Handle answers chat requests when the script is used up.
func (s *Server) Handle(fn func(Captured) Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = fn
}

// Embeddings sets the length of the vectors and whether the server ignores
// base64, as some do.
func (s *Server) Embeddings(dimensions int, floatsOnly bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dimensions, s.floatsOnly = dimensions, floatsOnly
}

// AddEmbedding appends replies for the next requests for embeddings.
func (s *Server) AddEmbedding(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.embeds = append(s.embeds, replies...)
}

// Requests returns the requests so far, oldest first.
func (s *Server) Requests() []Captured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Captured(nil), s.kept...)
}

// Count returns how many requests came.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Left returns how many replies of the script were not asked for.
func (s *Server) Left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.script)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := Captured{Path: r.URL.Path, Header: r.Header.Clone(), Body: body, At: time.Now()}
	var reply Reply
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		_ = json.Unmarshal(body, &c.Chat) // a test sees what is missing
		reply = s.nextChat(c)
	case strings.HasSuffix(r.URL.Path, "/embeddings"):
		_ = json.Unmarshal(body, &c.Embed)
		reply = s.nextEmbedding(c)
	default:
		reply = Fail(http.StatusNotFound, "unknown_url")
	}
	reply.write(w, r)
}

func (s *Server) keep(c Captured) {
	s.total++
	if len(s.kept) == maxKept {
		s.kept = append(s.kept[:0], s.kept[maxKept/2:]...)
	}
	s.kept = append(s.kept, c)
}

func (s *Server) nextChat(c Captured) Reply {
	s.mu.Lock()
	s.keep(c)
	if len(s.script) > 0 {
		reply := s.script[0]
		s.script = s.script[1:]
		s.mu.Unlock()
		return reply
	}
	handle := s.handle
	s.mu.Unlock()
	if handle != nil {
		return handle(c)
	}
	if s.t != nil {
		s.t.Errorf("modeltest: a chat request after the end of the script, last user message %q", c.LastUser())
	}
	return Fail(http.StatusInternalServerError, "script_used_up")
}

func (s *Server) nextEmbedding(c Captured) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(c)
	if len(s.embeds) > 0 {
		reply := s.embeds[0]
		s.embeds = s.embeds[1:]
		return reply
	}
	return Vectors(c.Embed, s.dimensions, s.floatsOnly)
}
