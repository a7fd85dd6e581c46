package api

import (
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
)

// readable refuses what nobody further in could hold: text that is not UTF-8
// (encoding/json would silently replace it), NUL in an address (Postgres has
// none), and compressed bodies, whose true size no limit would see.
func readable(c *fiber.Ctx) error {
	if e := c.Get(fiber.HeaderContentEncoding); e != "" && !strings.EqualFold(e, "identity") {
		return desk.Errorf(desk.CodeUnsupported, "send the body uncompressed").On(fiber.HeaderContentEncoding)
	}
	bad := ""
	for k, v := range c.Request().URI().QueryArgs().All() {
		if !holdable(string(k)) || !holdable(string(v)) {
			bad = strings.ToValidUTF8(string(k), "�")
		}
	}
	if bad != "" {
		return desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8").On(bad)
	}
	multipart := strings.HasPrefix(strings.ToLower(c.Get(fiber.HeaderContentType)), fiber.MIMEMultipartForm)
	if !multipart && !utf8.Valid(c.Request().Body()) {
		return desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8")
	}
	return c.Next()
}

func holdable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// noSuchRoute answers what no route takes: an address that there is, asked
// with a method that it does not have, is told apart from none.
func (a *API) noSuchRoute(c *fiber.Ctx) error {
	var methods []string
	for path, item := range a.huma.OpenAPI().Paths {
		if !fits(path, c.Path()) {
			continue
		}
		if item.Get != nil {
			methods = append(methods, fiber.MethodGet, fiber.MethodHead)
		}
		if item.Post != nil {
			methods = append(methods, fiber.MethodPost)
		}
		if item.Patch != nil {
			methods = append(methods, fiber.MethodPatch)
		}
		if item.Put != nil {
			methods = append(methods, fiber.MethodPut)
		}
		if item.Delete != nil {
			methods = append(methods, fiber.MethodDelete)
		}
	}
	if len(methods) == 0 {
		return desk.Errorf(desk.CodeNotFound, "no such address")
	}
	c.Set(fiber.HeaderAllow, strings.Join(methods, ", "))
	return newProblem(fiber.StatusMethodNotAllowed, desk.Errorf(desk.CodeUnsupported, "this address does not take %s", c.Method()))
}

// fits reports whether path has the shape of an address in the document.
func fits(shape, path string) bool {
	want, have := strings.Split(shape, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if w != have[i] && (!strings.HasPrefix(w, "{") || have[i] == "") {
			return false
		}
	}
	return true
}
