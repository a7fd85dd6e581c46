package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	maxErrorBody = 64 << 10 // go-openai reads an error's body of any length
	maxJSONBody  = 64 << 20 // an answer with embeddings
	maxDetail    = 200      // of a provider's own words in our log
)

// guard stands between go-openai and the network. go-openai takes any 200 for
// a stream, loses Retry-After, and never closes the body of a refusal; guard
// turns whatever is not the asked-for answer into an *Error before it gets
// there. It follows no redirect: the key goes to the configured host only.
type guard struct {
	base http.RoundTripper
	key  string
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, g.refusal(resp)
	}
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		resp.Body.Close()
		return nil, failure(ClassRetryable, ReasonEncoded, errors.New("content encoding though none was accepted"))
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	streaming := req.Header.Get("Accept") == "text/event-stream"
	if media == "text/html" || streaming && media == "application/json" {
		defer resp.Body.Close()
		return nil, g.notAStream(resp)
	}
	if streaming {
		resp.Body = newEventBody(resp.Body)
		return resp, nil
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxJSONBody}
	return resp, nil
}

// refusal classes an answer by its status and its error object.
func (g *guard) refusal(resp *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	p := parseProblem(body)
	e := problemError(resp.StatusCode, p, g.key)
	e.Status = resp.StatusCode
	e.After = retryAfter(resp.Header, time.Now())
	return e
}

// notAStream handles a 200 with another kind of document: a proxy's page, or
// an error object with the wrong status.
func (g *guard) notAStream(resp *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if p := parseProblem(body); p.found {
		return problemError(0, p, g.key)
	}
	return failure(ClassRetryable, ReasonNotStream, errors.New("200 with another content type"))
}

// problem is a provider's error object.
type problem struct {
	Message string
	Type    string
	Code    string
	status  int // a numeric code that is an HTTP status
	found   bool
}

// parseProblem reads {"error": {…}}, {"error": "text"}, or the bare object.
func parseProblem(body []byte) problem {
	var outer struct {
		Error   json.RawMessage `json:"error"`
		Message any             `json:"message"`
		Type    any             `json:"type"`
		Code    any             `json:"code"`
	}
	if json.Unmarshal(bytes.TrimSpace(body), &outer) != nil {
		return problem{}
	}
	if len(outer.Error) > 0 && string(outer.Error) != "null" {
		var text string
		if json.Unmarshal(outer.Error, &text) == nil {
			return problem{Message: text, found: true}
		}
		if json.Unmarshal(outer.Error, &outer) != nil {
			return problem{found: true}
		}
	} else if outer.Message == nil {
		return problem{}
	}
	p := problem{found: true}
	p.Message, _ = outer.Message.(string)
	p.Type, _ = outer.Type.(string)
	switch code := outer.Code.(type) {
	case string:
		p.Code = code
		p.status, _ = strconv.Atoi(code)
	case float64:
		p.status = int(code)
	}
	return p
}

// providerError classes an error object inside a stream, which has no status.
func providerError(data []byte) *Error {
	return problemError(0, parseProblem(data), "")
}

// problemError decides by what a provider says and by the status. Precise
// words come first (a 429 for an unpaid bill is not a matter of waiting), then
// the status, and general words only where there is no status.
func problemError(status int, p problem, key string) *Error {
	if status == 0 {
		status = p.status
	}
	class, reason, ok := byName(preciseNames, p)
	if !ok && status != 0 {
		class, reason, ok = byStatus(status)
	}
	if !ok {
		class, reason, ok = byName(generalNames, p)
	}
	if !ok {
		class, reason = ClassRetryable, ReasonProvider
	}
	return failure(class, reason, errors.New(detail(reason, p, key)))
}

type verdict struct {
	class  Class
	reason Reason
}

var preciseNames = map[string]verdict{
	"invalid_api_key":             {ClassFinal, ReasonKey},
	"authentication_error":        {ClassFinal, ReasonKey},
	"permission_error":            {ClassFinal, ReasonKey},
	"permission_denied":           {ClassFinal, ReasonKey},
	"insufficient_quota":          {ClassFinal, ReasonQuota},
	"billing_hard_limit_reached":  {ClassFinal, ReasonQuota},
	"billing_not_active":          {ClassFinal, ReasonQuota},
	"billing_error":               {ClassFinal, ReasonQuota},
	"model_not_found":             {ClassFinal, ReasonNoModel},
	"content_filter":              {ClassFinal, ReasonFiltered},
	"content_policy_violation":    {ClassFinal, ReasonFiltered},
	"context_length_exceeded":     {ClassFinal, ReasonBadRequest},
	"string_above_max_length":     {ClassFinal, ReasonBadRequest},
	"unsupported_parameter":       {ClassFinal, ReasonBadRequest},
	"unsupported_value":           {ClassFinal, ReasonBadRequest},
	"rate_limit_exceeded":         {ClassRetryable, ReasonRateLimited},
	"rate_limit_error":            {ClassRetryable, ReasonRateLimited},
	"overloaded_error":            {ClassRetryable, ReasonProvider},
	"engine_overloaded":           {ClassRetryable, ReasonProvider},
	"deployment_model_overloaded": {ClassRetryable, ReasonProvider},
}

var generalNames = map[string]verdict{
	"invalid_request_error": {ClassFinal, ReasonBadRequest},
	"not_found_error":       {ClassFinal, ReasonNoModel},
}

func byName(table map[string]verdict, p problem) (Class, Reason, bool) {
	for _, name := range []string{p.Code, p.Type} {
		if v, ok := table[name]; ok {
			return v.class, v.reason, true
		}
	}
	return 0, "", false
}

func byStatus(status int) (Class, Reason, bool) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ClassFinal, ReasonKey, true
	case http.StatusPaymentRequired:
		return ClassFinal, ReasonQuota, true
	case http.StatusNotFound, http.StatusGone:
		return ClassFinal, ReasonNoModel, true
	case http.StatusTooManyRequests:
		return ClassRetryable, ReasonRateLimited, true
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly:
		return ClassRetryable, ReasonProvider, true
	}
	switch {
	case status >= 300 && status < 500:
		return ClassFinal, ReasonBadRequest, true
	case status >= 500 && status < 600:
		return ClassRetryable, ReasonProvider, true
	}
	return 0, "", false
}

// detail keeps what an administrator needs of a provider's words: one line,
// short, without our key should it be repeated there. Other refusals may quote
// the conversation, so of them only the names are kept.
func detail(reason Reason, p problem, key string) string {
	names := fmt.Sprintf("type %.40q, code %.40q", p.Type, p.Code)
	if reason != ReasonKey && reason != ReasonNoModel && reason != ReasonQuota {
		return names
	}
	s := p.Message
	if key != "" {
		s = strings.ReplaceAll(s, key, "[key]")
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return fmt.Sprintf("%s, message %q", names, s)
}

// retryAfter reads Retry-After in seconds or as a date, and the variant in
// milliseconds that OpenAI sends.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return clampWait(ms / 1e3)
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return clampWait(s)
	}
	if at, err := http.ParseTime(v); err == nil {
		return clampWait(at.Sub(now).Seconds())
	}
	return 0
}

func clampWait(seconds float64) time.Duration {
	const most = 24 * 3600
	if !(seconds > 0) { // NaN as well
		return 0
	}
	return time.Duration(min(seconds, most) * float64(time.Second))
}

// boundedBody fails above its limit instead of ending as if all were there.
type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, failure(ClassRetryable, ReasonTooLarge, errors.New("the answer is above its limit"))
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// classify makes an *Error of whatever a request or a stream ended with.
// ctx is the attempt's own context, whose cause tells idle from stopped.
func classify(ctx context.Context, err error) *Error {
	var e *Error
	switch {
	case errors.Is(context.Cause(ctx), errIdle):
		return failure(ClassRetryable, ReasonIdle, errIdle)
	case ctx.Err() != nil:
		return failure(ClassStopped, ReasonStopped, context.Cause(ctx))
	case errors.As(err, &e):
		return e
	case errors.Is(err, io.ErrUnexpectedEOF):
		return failure(ClassRetryable, ReasonTruncated, err)
	}
	return failure(ClassRetryable, ReasonNetwork, err)
}

var errIdle = errors.New("no content for too long")
