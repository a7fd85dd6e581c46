// Package fetch gets pages from the web for the knowledge base, and never from
// the inside of a network (SECURITY H1).
//
// The contract:
//
//   - The address that is dialled is the one that was checked: the check runs
//     on the resolved address of each connection, so neither a redirect nor a
//     name that resolves to something else the second time gets around it.
//     Private, local, link-local, metadata, shared and special addresses are
//     refused, in IPv4, IPv6 and IPv4 written as IPv6, and so is every port but
//     80 and 443.
//   - A redirect stays on its host and never falls back from HTTPS to HTTP.
//   - No proxy of the environment, no cookie, no password in the address.
//   - Time, size (unpacked), header and the kind of content are bounded.
//   - The one exception is a host that the operator named, by name and port:
//     then this host's own address is dialled wherever it lies, but for
//     link-local ones, where clouds keep their keys.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/html/charset"

	"github.com/conserje/conserje/portal/desk"
)

// The bounds of one page.
const (
	maxPage      = 4 << 20 // unpacked
	maxHeader    = 64 << 10
	maxRedirects = 5
	maxAddress   = 1_000
	timeToDial   = 5 * time.Second
	timeToAnswer = 10 * time.Second
	timeForPage  = 20 * time.Second
)

// kinds are what can become an article or names pages that can.
var kinds = []string{"text/html", "application/xhtml+xml", "text/markdown", "text/plain", "application/xml", "text/xml", "application/pdf"}

// Seen is what is known of a page from the last time.
type Seen struct{ ETag, LastModified string }

// Page is what an address answered.
type Page struct {
	URL  *url.URL // after redirects
	Kind string   // one of kinds
	Body []byte   // text as UTF-8
	Seen
	Unchanged bool // as the last time; there is no body
	Gone      bool // 404 or 410
}

// Config plugs a client together.
type Config struct {
	// Allowed are the hosts inside of the operator's own network that may be
	// fetched, as name, or name:port for another port than 80 and 443.
	Allowed []string
	// Resolver is the system's when left out.
	Resolver *net.Resolver
}

// Client fetches pages. It is safe for concurrent use.
type Client struct {
	allowed []string
	http    *http.Client
}

// New returns a client. An allowed host that is none is an error.
func New(cfg Config) (*Client, error) {
	c := &Client{}
	for _, host := range cfg.Allowed {
		u, err := url.Parse("http://" + strings.ToLower(host))
		if err != nil || u.Hostname() == "" || u.Host != strings.ToLower(host) {
			return nil, desk.Errorf(desk.CodeInvalid, "%q is no host name such as wiki.example.com or wiki.example.com:8080", host)
		}
		c.allowed = append(c.allowed, u.Host)
	}
	c.http = &http.Client{
		Timeout:       timeForPage,
		CheckRedirect: c.redirect,
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            c.dialer(cfg.Resolver),
			TLSHandshakeTimeout:    timeToDial,
			ResponseHeaderTimeout:  timeToAnswer,
			MaxResponseHeaderBytes: maxHeader,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConns:           4,
			ForceAttemptHTTP2:      true,
		},
	}
	return c, nil
}

// dialer checks each address after it was resolved and before it is dialled.
func (c *Client) dialer(r *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	public := &net.Dialer{Timeout: timeToDial, Resolver: r, Control: ssrf.New().Safe}
	named := &net.Dialer{Timeout: timeToDial, Resolver: r, Control: notLinkLocal}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.allows(address) {
			return named.DialContext(ctx, network, address)
		}
		return public.DialContext(ctx, network, address)
	}
}

// allows reports whether the operator named a host, given as name:port.
func (c *Client) allows(address string) bool {
	host, port, err := net.SplitHostPort(strings.ToLower(address))
	if err != nil {
		return false
	}
	return slices.Contains(c.allowed, net.JoinHostPort(host, port)) || (port == "80" || port == "443") && slices.Contains(c.allowed, bracketed(host))
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

var errInside = errors.New("an address inside of a network")

func notLinkLocal(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := at.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return errInside
	}
	return nil
}

// Address reads an address that somebody typed and holds it to what is fetched
// at all. Where its name leads is found out only when it is.
func (c *Client) Address(typed string) (*url.URL, error) {
	bad := desk.Errorf(desk.CodeSourceAddress, "this is no address on the web; it should look like https://example.com/help").With("url", clip(typed)).On("url")
	typed = strings.TrimSpace(typed)
	if len(typed) > maxAddress {
		return nil, bad
	}
	u, err := url.Parse(typed)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return nil, bad
	}
	u.Host, u.Fragment, u.RawFragment = strings.ToLower(u.Host), "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	if port := u.Port(); port != "" && port != "80" && port != "443" && !c.allows(u.Host) {
		return nil, bad
	}
	if ip, err := netip.ParseAddr(strings.Trim(u.Hostname(), "[]")); err == nil && ssrf.New().SafeAddr(ip) != nil && !c.allows(withPort(u)) {
		return nil, private(u)
	}
	return u, nil
}

func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func clip(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

func private(u *url.URL) *desk.Error {
	return desk.Errorf(desk.CodeSourcePrivate, "%s lies inside of a network and is not fetched; the operator can allow it by its name", u.Hostname()).With("host", u.Hostname()).On("url")
}

type elsewhereError struct{ to string }

func (e *elsewhereError) Error() string { return "leads to " + e.to }

// redirect lets a page move on its own host only.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	if _, err := c.Address(r.URL.String()); err != nil {
		return err
	}
	if !strings.EqualFold(r.URL.Hostname(), first.Hostname()) || via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return &elsewhereError{clip(r.URL.String())}
	}
	return nil
}

// Get fetches a page. What went wrong comes back as a desk.Error in words for
// people; a page that is gone is no error.
func (c *Client) Get(ctx context.Context, address string, seen Seen) (Page, error) {
	u, err := c.Address(address)
	if err != nil {
		return Page{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeForPage)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return Page{}, desk.Wrap(desk.CodeSourceAddress, err, "this is no address on the web").With("url", clip(address))
	}
	req.Header.Set("User-Agent", "Conserje (knowledge base)")
	req.Header.Set("Accept", strings.Join(kinds, ", "))
	if seen.ETag != "" {
		req.Header.Set("If-None-Match", seen.ETag)
	}
	if seen.LastModified != "" {
		req.Header.Set("If-Modified-Since", seen.LastModified)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Page{}, trouble(u, err)
	}
	defer res.Body.Close()
	p := Page{URL: res.Request.URL, Seen: seen}
	switch res.StatusCode {
	case http.StatusNotModified:
		p.Unchanged = seen != Seen{}
		if !p.Unchanged {
			return p, statusProblem(res.StatusCode)
		}
		return p, nil
	case http.StatusNotFound, http.StatusGone:
		p.Gone = true
		return p, nil
	case http.StatusOK:
		return p, p.take(res)
	}
	return p, statusProblem(res.StatusCode)
}

func statusProblem(status int) *desk.Error {
	return desk.Errorf(desk.CodeSourceStatus, "the server answers with an error (%d)", status).With("status", status)
}

// trouble says why there was no answer.
func trouble(u *url.URL, err error) *desk.Error {
	var known *desk.Error
	var elsewhere *elsewhereError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &elsewhere):
		return desk.Errorf(desk.CodeSourceElsewhere, "the page leads to another place: %s", elsewhere.to).With("url", elsewhere.to)
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, errInside):
		return private(u)
	}
	return desk.Wrap(desk.CodeSourceAway, err, "the server does not answer").With("host", u.Hostname())
}

// take reads an answer's body within its bounds, as UTF-8 where it is text.
func (p *Page) take(res *http.Response) error {
	declared := res.Header.Get("Content-Type")
	kind, _, _ := mime.ParseMediaType(declared)
	if !slices.Contains(kinds, kind) {
		return desk.Errorf(desk.CodeSourceKind, "this is no page that can be read: %s", kind).With("kind", clip(kind))
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return desk.Wrap(desk.CodeSourceAway, err, "the server's answer broke off").With("host", p.URL.Hostname())
	}
	if len(raw) > maxPage {
		return desk.Errorf(desk.CodeTooLarge, "the page is larger than %d bytes", maxPage).With("max", maxPage)
	}
	p.Kind, p.Body = kind, raw
	p.Seen = Seen{ETag: header(res, "ETag"), LastModified: header(res, "Last-Modified")}
	if kind == "application/pdf" || strings.HasSuffix(kind, "xml") && kind != "application/xhtml+xml" {
		return nil // a sitemap says itself how it is written
	}
	text, err := charset.NewReader(bytes.NewReader(raw), declared)
	if err == nil {
		p.Body, err = io.ReadAll(io.LimitReader(text, 2*maxPage))
	}
	if err != nil {
		return desk.Wrap(desk.CodeSourceKind, err, "the page's text cannot be read").With("kind", kind)
	}
	return nil
}

// header is a value that is sent back the next time; one that is too long is
// not kept.
func header(res *http.Response, name string) string {
	v := res.Header.Get(name)
	if len(v) > 500 {
		return ""
	}
	return strings.ToValidUTF8(v, "")
}
