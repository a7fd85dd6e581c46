package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
)

// statuses is the one table from codes to HTTP.
var statuses = map[desk.Code]int{
	desk.CodeInvalid:            http.StatusUnprocessableEntity,
	desk.CodeNotFound:           http.StatusNotFound,
	desk.CodeConflict:           http.StatusConflict,
	desk.CodeUnauthenticated:    http.StatusUnauthorized,
	desk.CodeSessionExpired:     http.StatusUnauthorized,
	desk.CodeBadCredentials:     http.StatusUnauthorized,
	desk.CodeAccountLocked:      http.StatusTooManyRequests,
	desk.CodeLoginTaken:         http.StatusConflict,
	desk.CodeEmailTaken:         http.StatusConflict,
	desk.CodeNameTaken:          http.StatusConflict,
	desk.CodeBadLogin:           http.StatusUnprocessableEntity,
	desk.CodeBadEmail:           http.StatusUnprocessableEntity,
	desk.CodeBadDomain:          http.StatusUnprocessableEntity,
	desk.CodePublicDomain:       http.StatusUnprocessableEntity,
	desk.CodeDomainTaken:        http.StatusConflict,
	desk.CodeNotEmpty:           http.StatusConflict,
	desk.CodeCompanyNeeded:      http.StatusUnprocessableEntity,
	desk.CodeLastAdmin:          http.StatusConflict,
	desk.CodeOwnAccount:         http.StatusForbidden,
	desk.CodeNoMail:             http.StatusConflict,
	desk.CodeNoAddress:          http.StatusConflict,
	desk.CodeLinkOver:           http.StatusGone,
	desk.CodeResetCode:          http.StatusUnprocessableEntity,
	desk.CodeTableUnreadable:    http.StatusUnprocessableEntity,
	desk.CodeTooManyRows:        http.StatusUnprocessableEntity,
	desk.CodeRowBroken:          http.StatusUnprocessableEntity,
	desk.CodeRowTwice:           http.StatusUnprocessableEntity,
	desk.CodeRowStaff:           http.StatusUnprocessableEntity,
	desk.CodeUnknownCompany:     http.StatusUnprocessableEntity,
	desk.CodeBadValue:           http.StatusUnprocessableEntity,
	desk.CodeNewPassword:        http.StatusForbidden,
	desk.CodeRateLimited:        http.StatusTooManyRequests,
	desk.CodeForbidden:          http.StatusForbidden,
	desk.CodePolicy:             http.StatusForbidden,
	desk.CodeEmptyText:          http.StatusUnprocessableEntity,
	desk.CodeTextTooHard:        http.StatusUnprocessableEntity,
	desk.CodeTextTooLong:        http.StatusUnprocessableEntity,
	desk.CodeInvalidUTF8:        http.StatusUnprocessableEntity,
	desk.CodeFrameTooLarge:      http.StatusRequestEntityTooLarge,
	desk.CodeUnknownFrame:       http.StatusBadRequest,
	desk.CodeBadFrame:           http.StatusBadRequest,
	desk.CodeConversationFull:   http.StatusConflict,
	desk.CodeIDReused:           http.StatusConflict,
	desk.CodeUnsupportedFile:    http.StatusUnsupportedMediaType,
	desk.CodeBrokenFrontMatter:  http.StatusUnprocessableEntity,
	desk.CodeMissingTitle:       http.StatusUnprocessableEntity,
	desk.CodeBrokenFile:         http.StatusUnprocessableEntity,
	desk.CodeFileLocked:         http.StatusUnprocessableEntity,
	desk.CodeFileNoText:         http.StatusUnprocessableEntity,
	desk.CodeTooManyPages:       http.StatusUnprocessableEntity,
	desk.CodeFileTooHard:        http.StatusUnprocessableEntity,
	desk.CodeSourceAddress:      http.StatusUnprocessableEntity,
	desk.CodeSourcePrivate:      http.StatusUnprocessableEntity,
	desk.CodeSourceAway:         http.StatusUnprocessableEntity,
	desk.CodeSourceStatus:       http.StatusUnprocessableEntity,
	desk.CodeSourceElsewhere:    http.StatusUnprocessableEntity,
	desk.CodeSourceKind:         http.StatusUnprocessableEntity,
	desk.CodeSourceEmpty:        http.StatusUnprocessableEntity,
	desk.CodeSourceMany:         http.StatusUnprocessableEntity,
	desk.CodeSourceBlank:        http.StatusUnprocessableEntity,
	desk.CodeSourceTaken:        http.StatusConflict,
	desk.CodeDraftExists:        http.StatusConflict,
	desk.CodeOtherAudience:      http.StatusConflict,
	desk.CodeModelKey:           http.StatusBadGateway,
	desk.CodeModelUnavailable:   http.StatusBadGateway,
	desk.CodeEmbeddingDimension: http.StatusConflict,
	desk.CodeHandedOff:          http.StatusConflict,
	desk.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	desk.CodeUnsupported:        http.StatusBadRequest,
	desk.CodeUnavailable:        http.StatusServiceUnavailable,
	desk.CodeInternal:           http.StatusInternalServerError,
	desk.CodeSMSUnavailable:     http.StatusConflict,
	desk.CodePhoneNeeded:        http.StatusUnprocessableEntity,
	desk.CodePhoneUnusable:      http.StatusUnprocessableEntity,
	desk.CodeWrong:              http.StatusUnprocessableEntity,
	desk.CodeExpired:            http.StatusGone,
	desk.CodeUsed:               http.StatusGone,
	desk.CodeAttempts:           http.StatusGone,
	desk.CodeFactorWaits:        http.StatusConflict,
	desk.CodeFactorHeld:         http.StatusConflict,
	desk.CodeCodeNeeded:         http.StatusUnauthorized,
	desk.CodeFactorNeeded:       http.StatusForbidden,
	desk.CodeAdminNeeded:        http.StatusForbidden,
	desk.CodeOldFactor:          http.StatusConflict,
	desk.CodeActionChanged:      http.StatusConflict,
	desk.CodeTemplateVariable:   http.StatusUnprocessableEntity,
	desk.CodeTemplateBroken:     http.StatusUnprocessableEntity,
	desk.CodeTemplateMissing:    http.StatusUnprocessableEntity,
	desk.CodeTemplateSecret:     http.StatusUnprocessableEntity,
	desk.CodeNotAgain:           http.StatusConflict,
	desk.CodeNoUndo:             http.StatusConflict,
	desk.CodeChangedMeanwhile:   http.StatusConflict,
	desk.CodeInUse:              http.StatusConflict,
	desk.CodeBuiltIn:            http.StatusConflict,
	desk.CodeTaken:              http.StatusConflict,
	desk.CodeFieldRequired:      http.StatusUnprocessableEntity,
	desk.CodeUnknownVariable:    http.StatusUnprocessableEntity,
	desk.CodeMerged:             http.StatusConflict,
	desk.CodeMergeCompany:       http.StatusConflict,
	desk.CodeMergePerson:        http.StatusConflict,
	desk.CodeMergeDone:          http.StatusConflict,
	desk.CodeFileTooLarge:       http.StatusRequestEntityTooLarge,
	desk.CodePictureTooLarge:    http.StatusRequestEntityTooLarge,
	desk.CodeFileProgram:        http.StatusUnsupportedMediaType,
	desk.CodeTooManyFiles:       http.StatusUnprocessableEntity,
	desk.CodeFileQuota:          http.StatusTooManyRequests,
	desk.CodeFileGone:           http.StatusConflict,
	desk.CodeStorageFull:        http.StatusInsufficientStorage,
}

// StatusOfCode is the HTTP status of a code, for handlers beside this package.
func StatusOfCode(code desk.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Problem is the body of every error (RFC 9457).
type Problem struct { //nolint:errname // its name in RFC 9457
	Type   string         `json:"type" doc:"A URI reference that names the code."`
	Title  string         `json:"title" doc:"The HTTP status in words."`
	Status int            `json:"status"`
	Detail string         `json:"detail" doc:"What happened, in English; translate by code."`
	Code   desk.Code      `json:"code" doc:"What happened, for programs."`
	Field  string         `json:"field,omitempty" doc:"The field at fault."`
	Params map[string]any `json:"params,omitempty" doc:"Values for the text of the code."`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders says when to ask again, where the code knows.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if after, ok := p.Params["retry_after_seconds"]; ok {
		h.Set("Retry-After", fmt.Sprint(after))
	}
	return h
}

// write answers with the problem from a middleware of huma.
func (p *Problem) write(c huma.Context) error {
	for k := range p.GetHeaders() {
		c.SetHeader(k, p.GetHeaders().Get(k))
	}
	c.SetHeader("Content-Type", p.ContentType(""))
	c.SetStatus(p.Status)
	return json.NewEncoder(c.BodyWriter()).Encode(p)
}

func newProblem(status int, e *desk.Error) *Problem {
	return &Problem{
		Type: "/problems/" + string(e.Code), Title: http.StatusText(status), Status: status,
		Detail: e.Message, Code: e.Code, Field: e.Field, Params: e.Params,
	}
}

// problem turns an error into what the client sees, and logs what it must not
// see.
func (a *API) problem(ctx context.Context, err error) error {
	return problemOf(ctx, a.cfg.Log, err)
}

func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	var e *desk.Error
	if !errors.As(err, &e) {
		e = desk.Wrap(desk.CodeInternal, err, "something went wrong on our side; try again")
	}
	status := StatusOfCode(e.Code)
	if status >= http.StatusInternalServerError {
		log.ErrorContext(ctx, "request failed", "code", string(e.Code), "error", err)
	}
	return newProblem(status, e)
}

// newHumaProblem gives huma's own refusals (a body that does not parse, a
// value out of range) the same shape.
func newHumaProblem(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
	e := desk.Errorf(codeForStatus(status), "%s", msg)
	if status == http.StatusRequestEntityTooLarge && c != nil {
		e = e.With("max", c.Operation().MaxBodyBytes)
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		detail := d.ErrorDetail()
		code, limit := codeOfDetail(e.Code, detail.Message)
		e = desk.Errorf(code, "%s: %s", msg, detail.Message).On(strings.TrimPrefix(strings.TrimPrefix(detail.Location, "body."), "body"))
		if limit > 0 {
			e = e.With("max", limit)
		}
		break
	}
	return newProblem(status, e)
}

// codeOfDetail tells texts that are too long or empty from what is invalid
// otherwise, as the rooms below do: people read a sentence about each.
func codeOfDetail(otherwise desk.Code, message string) (code desk.Code, limit int) {
	if _, err := fmt.Sscanf(message, validation.MsgExpectedMaxLength, &limit); err == nil {
		return desk.CodeTextTooLong, limit
	}
	if message == fmt.Sprintf(validation.MsgExpectedMinLength, 1) {
		return desk.CodeEmptyText, 0
	}
	return otherwise, 0
}

func codeForStatus(status int) desk.Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return desk.CodeInvalid
	case http.StatusUnauthorized:
		return desk.CodeUnauthenticated
	case http.StatusForbidden:
		return desk.CodeForbidden
	case http.StatusNotFound:
		return desk.CodeNotFound
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		return desk.CodeTooLarge
	case http.StatusTooManyRequests:
		return desk.CodeRateLimited
	}
	if status < http.StatusInternalServerError {
		return desk.CodeUnsupported
	}
	return desk.CodeInternal
}

// errorHandler answers what fails outside huma: middleware, the socket's
// handshake, unknown addresses.
func (a *API) errorHandler(c *fiber.Ctx, err error) error {
	var p *Problem
	var f *fiber.Error
	switch {
	case errors.As(err, &p):
	case errors.As(err, &f):
		if p = a.cut(c, f); p != nil {
			break
		}
		p = newProblem(f.Code, desk.Errorf(codeForStatus(f.Code), "%s", f.Message))
	default:
		p = problemOf(c.UserContext(), a.cfg.Log, err)
	}
	setSecurityHeaders(c) // a request that does not parse gets here without the middleware
	for k := range p.GetHeaders() {
		c.Set(k, p.GetHeaders().Get(k))
	}
	c.Status(p.Status)
	return c.JSON(p, p.ContentType(""))
}
