package api

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Fiber reads a whole body before any handler runs, so the limit is decided
// from the headers: large bodies are taken on a few addresses only, and there
// only from somebody who is logged in. What a stranger sends costs 4 MiB: above it the
// connection is cut, which a browser cannot tell from a broken line, so that
// anything sent by mistake should stay below and get a proper answer.
const (
	maxBody  = 4 << 20
	maxFiles = 32 << 20
)

// largeBodies are the addresses that take files.
var largeBodies = map[string]bool{"/api/v1/admin/users/import": true, "/api/v1/admin/articles/import": true}

// boundBodies sets the limit of each request when its headers have come.
func (a *API) boundBodies(app *fiber.App) {
	app.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		path, _, _ := strings.Cut(string(h.RequestURI()), "?")
		if !largeBodies[path] || h.ContentLength() >= 0 && h.ContentLength() <= maxBody || !a.mayUpload(h) {
			return fasthttp.RequestConfig{}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: maxFiles}
	}
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
