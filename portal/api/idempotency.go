package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

const headerIdempotencyKey = "Idempotency-Key"

// neverKept are the routes whose answers, or digests of whose questions, would
// be secrets at rest: log-ins, and tokens that are shown once.
var neverKept = map[string]bool{
	"/api/v1/session": true, "/api/v1/password-link": true, "/api/v1/password-link/use": true, "/api/v1/password-code": true, "/api/v1/password-code/use": true,
	"/api/v1/sign-up/confirm":      true,
	"/api/v1/admin/devices/tokens": true, "/api/v1/admin/software/sources": true,
}

// idempotent answers a POST that carries a known Idempotency-Key with the
// answer that the first one got, so that a client that lost the answer may
// simply ask again. The same key with another request is refused; while the
// first is still at work, the second is told to wait. Failures of ours are not
// kept: the next attempt is a real one.
func (a *API) idempotent(c *fiber.Ctx) error {
	key := c.Get(headerIdempotencyKey)
	v, err := desk.ViewerFrom(c.UserContext())
	if c.Method() != fiber.MethodPost || key == "" || err != nil || forgettable(c.Path()) {
		return c.Next()
	}
	if len(key) > 128 || !holdable(key) {
		return desk.Errorf(desk.CodeInvalid, "an %s has at most 128 characters", headerIdempotencyKey).On(headerIdempotencyKey)
	}
	claim := claim{tenant: a.cfg.Store.Tenant(v.Tenant), user: v.User, key: key, request: digest(c)}
	answer, err := claim.begin(c.UserContext())
	if err != nil {
		return err
	}
	if answer != nil {
		c.Set("Idempotent-Replay", "true")
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Status(int(answer.Status)).Send(answer.Response)
	}
	// Whatever happens next, the key must not stay claimed.
	ctx := context.WithoutCancel(c.UserContext())
	if err := c.Next(); err != nil {
		return cmp.Or(err, claim.forget(ctx))
	}
	status := c.Response().StatusCode()
	if status >= http.StatusBadRequest {
		return claim.forget(ctx)
	}
	// A copy, and never nil: an answer without a body is one, too.
	return claim.finish(ctx, status, append([]byte{}, c.Response().Body()...))
}

// forgettable are the requests that are never answered from memory: neither a
// digest of a password or a code is kept, nor an answer with a secret in it. A
// file that is sent twice is swept once.
func forgettable(path string) bool {
	return neverKept[path] || path == filesPath || strings.HasPrefix(path, "/api/v1/me/") || strings.HasSuffix(path, "/verify")
}

func digest(c *fiber.Ctx) []byte {
	h := sha256.New()
	h.Write([]byte(c.OriginalURL() + "\n"))
	h.Write(c.Request().Body())
	return h.Sum(nil)
}

// claim is one request's hold on a key.
type claim struct {
	tenant  store.Tenant
	user    desk.ID
	key     string
	request []byte
}

// begin claims the key, or returns the answer that is already there.
func (k claim) begin(ctx context.Context) (answer *db.IdempotentAnswerRow, err error) {
	err = k.tenant.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		answer = nil
		n, err := tx.BeginIdempotent(ctx, db.BeginIdempotentParams{TenantID: tx.Tenant, UserID: k.user, Key: k.key, Request: k.request})
		if err != nil || n == 1 {
			return err
		}
		row, err := tx.IdempotentAnswer(ctx, db.IdempotentAnswerParams{UserID: k.user, Key: k.key})
		switch {
		case err != nil:
			return err
		case !bytes.Equal(row.Request, k.request):
			return desk.Errorf(desk.CodeIDReused, "this %s was used for another request", headerIdempotencyKey)
		case row.Status == 0:
			return desk.Errorf(desk.CodeConflict, "the same request is still at work; ask again")
		}
		answer = &row
		return nil
	})
	return answer, err
}

func (k claim) finish(ctx context.Context, status int, response []byte) error {
	return k.tenant.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.FinishIdempotent(ctx, db.FinishIdempotentParams{UserID: k.user, Key: k.key, Status: int32(status), Response: response}) //nolint:gosec // an HTTP status
	})
}

func (k claim) forget(ctx context.Context) error {
	return k.tenant.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.ForgetIdempotent(ctx, db.ForgetIdempotentParams{UserID: k.user, Key: k.key})
	})
}
