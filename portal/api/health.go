package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
)

// mountHealth serves what load balancers and monitoring ask, without a tenant.
func (a *API) mountHealth(app *fiber.App) {
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	app.Get("/readyz", func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
		defer cancel()
		switch {
		case a.cfg.Draining != nil && a.cfg.Draining():
			return c.Status(http.StatusServiceUnavailable).SendString("stopping\n")
		case a.cfg.Store.Ping(ctx) != nil:
			return c.Status(http.StatusServiceUnavailable).SendString("the database does not answer\n")
		}
		return c.SendString("ready\n")
	})
	if a.cfg.Metrics == nil {
		return
	}
	app.Get("/metrics", func(c *fiber.Ctx) error {
		// The connection's own address, not a header's: numbers of all tenants
		// are for this machine only (SECURITY I3).
		// A proxy on this machine is not this machine's own question.
		forwarded := c.Get(fiber.HeaderXForwardedFor) + c.Get(fiber.HeaderXForwardedHost) + c.Get("Forwarded") + c.Get("X-Real-Ip") + c.Get("Via")
		if !c.Context().RemoteIP().IsLoopback() || forwarded != "" {
			return desk.Errorf(desk.CodeNotFound, "no such address")
		}
		return a.cfg.Metrics(c)
	})
}
