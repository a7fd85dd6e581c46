package api

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Asset is one file of the web interface, ready to send.
type Asset struct {
	Body         []byte
	ContentType  string
	Encoding     string // br, gzip or empty
	CacheControl string
	ETag         string
	Missing      bool // a page that says that there is none: 404
}

// Assets serves the web interface: look finds a file by the request's path and
// what encodings the browser takes.
func Assets(look func(path, acceptEncoding string) (Asset, bool)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return fiber.ErrMethodNotAllowed
		}
		f, ok := look(c.Path(), c.Get(fiber.HeaderAcceptEncoding))
		if !ok {
			return fiber.ErrNotFound
		}
		c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
		c.Set(fiber.HeaderCacheControl, f.CacheControl)
		if f.Missing {
			f.ETag = "" // a condition on it is about a page that exists
			c.Status(http.StatusNotFound)
		}
		if f.ETag != "" {
			c.Set(fiber.HeaderETag, f.ETag)
		}
		if f.ETag != "" && matches(c.Get(fiber.HeaderIfNoneMatch), f.ETag) {
			return c.SendStatus(http.StatusNotModified)
		}
		c.Set(fiber.HeaderContentType, f.ContentType)
		if f.Encoding != "" {
			c.Set(fiber.HeaderContentEncoding, f.Encoding)
		}
		return c.Send(f.Body)
	}
}

// matches reads an If-None-Match header; it compares weakly, as RFC 9110
// (section 13.1.2) asks, because proxies that compress weaken our tags.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == etag {
			return true
		}
	}
	return false
}
