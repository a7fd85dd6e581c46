// Package offline is the built-in model: it answers the OpenAI protocol in
// process, without a network and without a language model behind it, so that
// the portal is useful on the first start and when every provider is down.
//
// Contract: it knows only what is in the request, as any model. It calls only
// tools that the request offers, reads their results from the messages of
// role tool, quotes passages with their numbers, and never says that
// something was done unless a result says so. The same request gets the same
// answer, byte for byte. It is honest about what it is.
//
// Where things are: transport.go and stream.go speak the protocol; turn.go
// decides what to answer; nlu.go and intent.go understand; answer.go quotes;
// lang/XX holds everything about a language, so that a further language is one
// more folder.
package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// ModelName is the name under which the built-in model answers, whatever
// model a request names.
const ModelName = "conserje-offline"

// maxBody bounds a request. The portal's own requests stay far below.
const maxBody = 8 << 20

// Option changes the transport.
type Option func(*transport)

// Pace waits between two chunks of streamed text, so that an answer can be
// read as it grows. The default is no wait.
func Pace(d time.Duration) Option { return func(t *transport) { t.pace = d } }

// Clock replaces time.Now for the created field.
func Clock(now func() time.Time) Option { return func(t *transport) { t.now = now } }

// Transport returns the built-in model as the transport of an HTTP client:
// POST …/chat/completions (streamed or not), POST …/embeddings, GET …/models.
// The host is not looked at; nothing leaves the process.
func Transport(options ...Option) http.RoundTripper {
	t := &transport{now: time.Now}
	for _, o := range options {
		o(t)
	}
	return t
}

type transport struct {
	pace time.Duration
	now  func() time.Time
}

// RoundTrip answers one request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(io.LimitReader(req.Body, maxBody+1))
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return failed(req, http.StatusRequestEntityTooLarge, problem("request_too_large", "the request is too large", "")), nil
	}
	_, path, _ := strings.Cut(req.URL.Path, "/v1")
	if path == "" {
		path = req.URL.Path
	}
	switch route := req.Method + " " + strings.TrimSuffix(path, "/"); {
	case route == "POST /chat/completions":
		return t.chat(req, body), nil
	case route == "POST /embeddings":
		return embeddings(req, body), nil
	case route == "GET /models":
		return answered(req, map[string]any{"object": "list", "data": models()}), nil
	case strings.HasPrefix(route, "GET /models/"):
		for _, m := range models() {
			if m.ID == strings.TrimPrefix(route, "GET /models/") {
				return answered(req, m), nil
			}
		}
		return failed(req, http.StatusNotFound, problem("model_not_found", "no such model", "model")), nil
	case path == "/chat/completions", path == "/embeddings", path == "/models":
		return failed(req, http.StatusMethodNotAllowed, problem("method_not_allowed", req.Method+" is not allowed here", "")), nil
	}
	return failed(req, http.StatusNotFound, problem("unknown_url", "unknown URL "+req.Method+" "+req.URL.Path, "")), nil
}

func (t *transport) chat(req *http.Request, body []byte) *http.Response {
	in, fault := readChat(body)
	if fault != nil {
		return failed(req, http.StatusBadRequest, *fault)
	}
	out := answer(in)
	done := completion{
		ID: "chatcmpl-" + fingerprint(body), Created: t.now().Unix(), Model: ModelName,
		Usage: usage{Prompt: tokensOf(string(body)), Completion: tokensOf(out.text) + tokensOfCalls(out.calls)},
	}
	done.Usage.Total = done.Usage.Prompt + done.Usage.Completion
	if !in.Stream {
		return answered(req, done.whole(out))
	}
	frames := done.frames(out, in.StreamOptions != nil && in.StreamOptions.IncludeUsage)
	res := response(req, http.StatusOK, "text/event-stream; charset=utf-8", newStream(req.Context(), frames, t.pace))
	res.ContentLength = -1
	return res
}

type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// fault is OpenAI's error object; all four keys are required by its schema.
type fault struct {
	Type    string  `json:"type"`
	Message string  `json:"message"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func problem(code, message, param string) fault {
	f := fault{Type: "invalid_request_error", Message: message, Code: &code}
	if param != "" {
		f.Param = &param
	}
	return f
}

func failed(req *http.Request, status int, f fault) *http.Response {
	return encoded(req, status, map[string]any{"error": f})
}

func answered(req *http.Request, v any) *http.Response { return encoded(req, http.StatusOK, v) }

func encoded(req *http.Request, status int, v any) *http.Response {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":{"type":"server_error","message":"encoding","param":null,"code":null}}`)
	}
	res := response(req, status, "application/json", io.NopCloser(bytes.NewReader(b)))
	res.ContentLength = int64(len(b))
	return res
}

func response(req *http.Request, status int, kind string, body io.ReadCloser) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Body: body,
		Header: http.Header{"Content-Type": {kind}, "Cache-Control": {"no-store"}, "Openai-Model": {ModelName}},
	}
}

var errClosed = errors.New("read on a closed answer")
