package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/conserje/conserje/portal/desk"
)

// Class says what may be done about an error of a model.
type Class uint8

// The classes. The zero value is invalid.
const (
	ClassRetryable Class = iota + 1 // the same request may work later, or elsewhere
	ClassFinal                      // this provider will refuse it again; another may not
	ClassRejected                   // the answer's tool calls are unusable: tell the model, run none
	ClassStopped                    // ctx ended: the reader went away or the budget is spent
)

// String names the class for logs.
func (c Class) String() string {
	switch c {
	case ClassRetryable:
		return "retryable"
	case ClassFinal:
		return "final"
	case ClassRejected:
		return "rejected"
	case ClassStopped:
		return "stopped"
	}
	return "invalid"
}

// Reason is the short constant name of a failure, for logs and metrics.
type Reason string

// The reasons.
const (
	ReasonNetwork     Reason = "network"           // no connection, reset
	ReasonIdle        Reason = "idle"              // connected, but no content for too long
	ReasonTruncated   Reason = "truncated"         // ended without [DONE] and without a finish_reason
	ReasonNotStream   Reason = "not_a_stream"      // 200, but a web page or other JSON
	ReasonBadEvent    Reason = "bad_event"         // an event that is not the JSON it should be
	ReasonBadUTF8     Reason = "bad_utf8"          // bytes that are not text
	ReasonTooLarge    Reason = "too_large"         // a line, the answer or the whole above its limit
	ReasonEncoded     Reason = "encoded"           // compressed though nobody asked for it
	ReasonEmpty       Reason = "empty_answer"      // finished with neither text nor call
	ReasonFiltered    Reason = "content_filter"    // the provider cut the answer for its content
	ReasonProvider    Reason = "provider_error"    // an error object or status that says no more
	ReasonRateLimited Reason = "rate_limited"      // 429
	ReasonQuota       Reason = "quota"             // 429 or 402: paid up, waiting does not help
	ReasonKey         Reason = "key_refused"       // 401, 403
	ReasonNoModel     Reason = "model_not_found"   // 404
	ReasonBadRequest  Reason = "request_refused"   // 400 and the like: too long, unsupported parameter
	ReasonCutCall     Reason = "cut_call"          // arguments of a call never close
	ReasonBadCall     Reason = "bad_call"          // a call without name, or arguments that are no object
	ReasonManyCalls   Reason = "too_many_calls"    // more calls in one answer than anybody needs
	ReasonOpen        Reason = "breaker_open"      // not asked: it failed too often just now
	ReasonVectors     Reason = "bad_vectors"       // embeddings of the wrong number, order or values
	ReasonDimension   Reason = "wrong_dimension"   // embeddings of another length
	ReasonStopped     Reason = "context_ended"     // the caller's context
	ReasonUnsupported Reason = "unsupported_input" // go-openai or we refuse to send it
)

// Error is every error of this package. It wraps a *desk.Error, so that
// desk.CodeOf works, and below it the cause for the log.
type Error struct {
	Class  Class
	Reason Reason
	Model  string
	Status int           // HTTP status, if there was one
	After  time.Duration // what Retry-After asked for
	Calls  []ToolCall    // ClassRejected: the calls, safe to repeat to the model; none may run

	public *desk.Error
}

// Error describes the failure for a log. It holds no content and no key.
func (e *Error) Error() string {
	s := fmt.Sprintf("model %s: %s (%s)", e.Model, e.Reason, e.Class)
	if e.Status != 0 {
		s += fmt.Sprintf(", status %d", e.Status)
	}
	if e.public != nil && e.public.Err != nil {
		s += ": " + e.public.Err.Error()
	}
	return s
}

// Unwrap returns what people may read.
func (e *Error) Unwrap() error {
	if e.public == nil {
		return nil
	}
	return e.public
}

// ClassOf returns the class of err. An error that is not of this package is
// retryable, and an ended context is stopped.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ClassStopped
	}
	return ClassRetryable
}

// failure makes an Error with the sentence that people get for it.
func failure(class Class, reason Reason, cause error) *Error {
	code, message := desk.CodeModelUnavailable, "the assistant's model does not answer"
	switch reason {
	case ReasonKey:
		code, message = desk.CodeModelKey, "the provider of the assistant's model refuses our key"
	case ReasonNoModel:
		message = "the provider does not have the configured model"
	case ReasonFiltered:
		message = "the provider of the assistant's model withheld the answer"
	case ReasonDimension:
		code, message = desk.CodeEmbeddingDimension, "the embedding model returns vectors of another length"
	default:
	}
	return &Error{Class: class, Reason: reason, public: desk.Wrap(code, cause, message)}
}
