package chat

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
)

var (
	errForeignOrigin = desk.Errorf(desk.CodeForbidden, "this page may not open a chat here")
	errDraining      = desk.Errorf(desk.CodeUnavailable, "the server is stopping; try again")
)

// open decides about a request before it is upgraded (SECURITY C1, C5, C7).
func (s *Server) open(c *fiber.Ctx) (func(*socket.Peer) socket.Session, error) {
	if s.hub.draining.Load() {
		return nil, errDraining
	}
	// Fiber's strings die with the request: what is kept is copied.
	host := strings.Clone(c.Get(fiber.HeaderHost))
	if !sameOrigin(c.Protocol(), host, c.Get(fiber.HeaderOrigin)) {
		return nil, errForeignOrigin
	}
	if !offers(c.Get("Sec-WebSocket-Protocol"), Subprotocol) {
		return nil, desk.Errorf(desk.CodeUnsupported, "this address speaks the subprotocol %s", Subprotocol)
	}
	tenant, err := s.cfg.Store.TenantByHost(c.UserContext(), hostname(host))
	if err != nil {
		return nil, err
	}
	token := s.cfg.Token(c)
	viewer, err := s.cfg.People.Authenticate(c.UserContext(), tenant, token)
	if err != nil {
		return nil, err
	}
	person, err := s.hub.enter(viewer)
	if err != nil {
		return nil, err
	}
	return func(p *socket.Peer) socket.Session {
		cl := &client{hub: s.hub, peer: p, person: person, viewer: viewer, token: token}
		s.hub.add(cl)
		return cl
	}, nil
}

// sameOrigin reports whether the page that asks was served by this very host:
// scheme, name and port, compared whole. The tenant's other hosts do not
// count: the session's cookie is not theirs. No Origin, null, and anything
// that is more than an origin are refused.
func sameOrigin(protocol, host, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || protocol == "https") {
		return false
	}
	defaultPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.EqualFold(strings.TrimSuffix(u.Host, defaultPort), strings.TrimSuffix(host, defaultPort))
}

// hostname drops the port, and the brackets of an IPv6 address.
func hostname(host string) string {
	return (&url.URL{Host: host}).Hostname()
}

func offers(header, protocol string) bool {
	for p := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(p) == protocol {
			return true
		}
	}
	return false
}

// refuse answers a request that was not upgraded with problem details
// (RFC 9457).
func (s *Server) refuse(c *fiber.Ctx, err error) error {
	if fe, ok := errors.AsType[*fiber.Error](err); ok {
		if fe.Code == http.StatusUpgradeRequired {
			c.Set(fiber.HeaderUpgrade, "websocket")
		}
		err = &desk.Error{Code: desk.CodeUnsupported, Message: fe.Message}
		return s.problem(c, fe.Code, err)
	}
	return s.problem(c, s.statusOf(err), err)
}

func (s *Server) problem(c *fiber.Ctx, status int, err error) error {
	var coded *desk.Error
	if !errors.As(err, &coded) {
		s.cfg.Log.ErrorContext(c.UserContext(), "chat refused a socket", "error", err)
		coded = desk.Errorf(desk.CodeInternal, "something went wrong on our side; try again")
	}
	body, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status,
		"detail": coded.Message, "code": coded.Code, "field": coded.Field, "params": coded.Params,
	})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/problem+json")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(status).Send(body)
}
