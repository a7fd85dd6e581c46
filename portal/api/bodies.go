package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

// Fiber reads a whole body before any handler runs, so the limit is decided
// from the headers: large bodies are taken on a few addresses only, and there
// only from somebody who is logged in. What a stranger sends costs 4 MiB: above it the
// connection is cut, which a browser cannot tell from a broken line, so that
// anything sent by mistake should stay below and get a proper answer.
const (
	maxBody  = 4 << 20
	maxFiles = 32 << 20

	// sendTime is what a large body has to come: 25 MB over a slow line.
	sendTime = 5 * time.Minute
)

// largeBodies are the addresses that take files, and how much each takes at
// once. What is sent to filesPath is bounded by the settings.
var largeBodies = map[string]int{"/api/v1/admin/users/import": people.MaxTableBytes + 1<<20, "/api/v1/admin/articles/import": maxFiles, filesPath: 0}

// mostOf is how much may be sent to an address: to filesPath twice as much as a
// file may have, so that one which is too large gets an answer that says so.
// Above 16 MiB it is kept on the disk while it comes.
func (a *API) mostOf(path string) int {
	most, large := largeBodies[path]
	switch {
	case !large:
		return maxBody
	case path == filesPath && a.cfg.Files != nil:
		return int(2*a.cfg.Files.MaxBytes()) + maxBody
	}
	return most
}

// boundBodies sets the limit of each request when its headers have come. A file
// says beforehand how long it is: what comes in pieces of unknown number is held
// in memory as a whole, and gets no more than anybody.
func (a *API) boundBodies(app *fiber.App) {
	app.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		path, _, _ := strings.Cut(string(h.RequestURI()), "?")
		length := h.ContentLength()
		if _, large := largeBodies[path]; !large || length >= 0 && length <= maxBody || length < 0 && path == filesPath || !a.mayUpload(h) {
			return fasthttp.RequestConfig{}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: a.mostOf(path), ReadTimeout: sendTime}
	}
}

// cut is the answer to a body that was not read to its end; nil where that is
// not what has happened.
func (a *API) cut(c *fiber.Ctx, f *fiber.Error) *Problem {
	path, length, most := c.Path(), c.Request().Header.ContentLength(), a.mostOf(c.Path())
	_, large := largeBodies[path]
	switch {
	case path == filesPath && strings.Contains(f.Message, syscall.ENOSPC.Error()):
		return newProblem(http.StatusInsufficientStorage, desk.Errorf(desk.CodeStorageFull, "there is no room for files; everything else works"))
	case f.Code != http.StatusRequestEntityTooLarge:
		return nil
	case large && length >= 0 && length <= most:
		// Whoever is logged in may send as much.
		return newProblem(http.StatusUnauthorized, desk.Errorf(desk.CodeSessionExpired, "log in again"))
	case path == filesPath && length >= 0:
		return newProblem(f.Code, a.cfg.Files.TooLarge(""))
	}
	return newProblem(f.Code, desk.Errorf(desk.CodeTooLarge, "at most %d bytes are taken here", most).With("max", most))
}

// mayUpload reports whether the headers carry a live session. It only lends
// memory: the gate of the route decides again, and about the role.
func (a *API) mayUpload(h *fasthttp.RequestHeader) bool {
	//nolint:forbidigo // there is no request yet that could bring one
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	host := string(h.Peek(fiber.HeaderXForwardedHost)) // a lie gains nothing: the session must be that host's
	if host == "" {
		host = string(h.Host())
	}
	tenant, err := a.cfg.Store.TenantByHost(ctx, strings.ToLower((&url.URL{Host: host}).Hostname()))
	if err != nil {
		return false
	}
	for _, name := range []string{cookieSecure, cookiePlain} {
		if token := string(h.Cookie(name)); token != "" {
			if _, err := a.cfg.People.Authenticate(ctx, tenant, token); err == nil {
				return true
			}
		}
	}
	return false
}
