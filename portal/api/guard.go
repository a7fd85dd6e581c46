package api

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
)

const (
	readTimeout = 30 * time.Second
	idleTimeout = 2 * time.Minute
)

// The session's cookie. Over HTTPS it has the __Host- prefix (ASVS 3.3.1),
// which browsers refuse on plain HTTP; there, only this machine's own name is
// served a cookie without Secure.
const (
	cookieSecure = "__Host-conserje"
	cookiePlain  = "conserje"

	// knownSuffix ends the name of the cookie that marks a browser in which
	// somebody has logged in.
	knownSuffix = "-known"
)

// Token reads the session's token from a request's cookie, and the empty
// string without one.
func Token(c *fiber.Ctx) string { return cookieOf(c, "") }

func cookieOf(c *fiber.Ctx, suffix string) string {
	name := cookieSecure
	if onThisMachine(c) {
		name = cookiePlain
	}
	return strings.Clone(c.Cookies(name + suffix))
}

// onThisMachine reports plain HTTP to a loopback name: the one case without
// Secure.
func onThisMachine(c *fiber.Ctx) bool {
	switch Host(c) {
	case "localhost", "127.0.0.1", "::1":
		return c.Protocol() == "http"
	}
	return false
}

// Host is the request's host name: lower case, without port.
func Host(c *fiber.Ctx) string {
	u := url.URL{Host: c.Hostname()}
	return strings.ToLower(u.Hostname())
}

// forwarded leaves of X-Forwarded-For the one address that Fiber's IP is to
// return: the last that trusted proxies did not add for each other. Most proxies
// append to the list that a request came with, so what stands further left is
// the client's own word, and limits that believed it would be none.
func forwarded(c *fiber.Ctx) error {
	ip := c.Context().RemoteIP().String()
	lines := c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) // some proxies append a line of their own
	if len(lines) == 0 || !trusted(c, ip) {
		return c.Next() // a stranger's is not looked at
	}
	list := strings.Split(string(bytes.Join(lines, []byte(","))), ",")
	for i := len(list) - 1; i >= 0 && trusted(c, ip); i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			break
		}
		ip = a.Unmap().WithZone("").String()
	}
	c.Request().Header.Del(fiber.HeaderXForwardedFor)
	c.Request().Header.Set(fiber.HeaderXForwardedFor, ip)
	return c.Next()
}

func trusted(c *fiber.Ctx, ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range c.App().Config().TrustedProxies {
		if network, err := netip.ParsePrefix(p); err == nil && network.Contains(a.Unmap()) {
			return true
		}
		if one, err := netip.ParseAddr(p); err == nil && one.Unmap() == a.Unmap() {
			return true
		}
	}
	return false
}

type (
	tenantKey  struct{}
	sessionErr struct{}
	clientKey  struct{}
)

// client is the other end of a request.
type client struct {
	ip, userAgent, token string
	known                string // the mark of an earlier log-in
	plain                bool
	origin               string       // the address of the portal, as the client wrote it
	besides              *http.Cookie // that goes with the answer, besides its own
}

func (a *API) recovered(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a.cfg.Log.Error("panic in a request", "panic", r, "stack", string(debug.Stack()))
			err = desk.Errorf(desk.CodeInternal, "something went wrong on our side; try again")
		}
	}()
	return c.Next()
}

// securityHeaders sends what ASVS 3.4 asks for with every answer.
func securityHeaders(c *fiber.Ctx) error {
	setSecurityHeaders(c)
	return c.Next()
}

func setSecurityHeaders(c *fiber.Ctx) {
	c.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "+
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if c.Protocol() == "https" {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if strings.HasPrefix(c.Path(), "/api/") {
		c.Set("Cache-Control", "no-store") // ASVS 14.3.2
	}
}

// tenant finds whose portal the host name is. A name that nobody has is 421,
// so that no page of one tenant can be reached under another's name.
func (a *API) tenant(c *fiber.Ctx) error {
	id, err := a.cfg.Store.TenantByHost(c.UserContext(), Host(c))
	if desk.CodeOf(err) == desk.CodeNotFound {
		return newProblem(http.StatusMisdirectedRequest, desk.Errorf(desk.CodeNotFound, "no portal at this address"))
	}
	if err != nil {
		return err
	}
	c.SetUserContext(context.WithValue(c.UserContext(), tenantKey{}, id))
	return c.Next()
}

// knownHost keeps even the pages from names that nobody has (SECURITY H6). With
// the database away they still come, and say so themselves.
func (a *API) knownHost(c *fiber.Ctx) error {
	_, err := a.cfg.Store.TenantByHost(c.UserContext(), Host(c))
	if desk.CodeOf(err) == desk.CodeNotFound {
		return c.Status(http.StatusMisdirectedRequest).SendString("There is no portal at this address.\n")
	}
	return c.Next()
}

func tenantFrom(ctx context.Context) desk.ID {
	id, _ := ctx.Value(tenantKey{}).(desk.ID)
	return id
}

// sameOrigin refuses writes that another site makes a browser send (ASVS
// 3.5.1). Browsers always say where a write comes from; programs without a
// browser carry no cookie that somebody else could ride on.
func sameOrigin(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return c.Next()
	}
	if site := c.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return desk.Errorf(desk.CodeForbidden, "this request comes from another site")
	}
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && !SameOrigin(c, origin) {
		return desk.Errorf(desk.CodeForbidden, "this request comes from another site")
	}
	return c.Next()
}

// SameOrigin reports whether an Origin header names exactly the scheme, host
// and port that the request was sent to.
func SameOrigin(c *fiber.Ctx, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return false
	}
	return u.Scheme == c.Protocol() && strings.EqualFold(u.Host, c.Hostname())
}

// session turns the cookie into a viewer. Without one the request goes on as
// nobody, and the gate of its route decides; the reason is kept for it.
func (a *API) session(c *fiber.Ctx) error {
	ctx := c.UserContext()
	token := Token(c)
	var besides http.Cookie
	ctx = context.WithValue(ctx, clientKey{}, client{
		ip: c.IP(), userAgent: c.Get(fiber.HeaderUserAgent), token: token, known: cookieOf(c, knownSuffix),
		plain: onThisMachine(c), origin: c.Protocol() + "://" + c.Hostname(), besides: &besides,
	})
	v, err := a.cfg.People.Authenticate(ctx, tenantFrom(ctx), token)
	switch desk.CodeOf(err) {
	case "":
		ctx = desk.WithViewer(ctx, v)
	case desk.CodeUnauthenticated, desk.CodeSessionExpired:
		ctx = context.WithValue(ctx, sessionErr{}, err)
	default:
		return err
	}
	c.SetUserContext(ctx)
	err = c.Next()
	if besides.Name != "" {
		c.Response().Header.Add(fiber.HeaderSetCookie, besides.String())
	}
	return err
}

// sessionError is why there is no viewer: a session that ended is told apart
// from none at all.
func sessionError(ctx context.Context, otherwise error) error {
	if otherwise == nil {
		return nil
	}
	if err, ok := ctx.Value(sessionErr{}).(error); ok {
		return err
	}
	return otherwise
}

func clientFrom(ctx context.Context) client {
	c, _ := ctx.Value(clientKey{}).(client)
	return c
}
