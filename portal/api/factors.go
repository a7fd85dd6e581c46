package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/verify"
)

// Codes come in by these routes and by the one that verifies an action, and by
// no other way (rule 5). None of them is answered from memory: idempotent.go
// leaves them out.

// myFactors is how a person confirms actions.
type myFactors struct {
	SMS      bool       `json:"sms" doc:"Whether this portal sends codes by SMS."`
	Phone    *myPhone   `json:"phone,omitempty"`
	TOTP     myTOTP     `json:"totp"`
	ResendAt *time.Time `json:"resend_at,omitempty" doc:"No other code is sent before."`
	Held     bool       `json:"held" doc:"The support team gave the account a password or another address: what is set up now counts after 24 hours, unless an admin releases it."`
	Sent     *codesSent `json:"sent,omitempty" doc:"After a change that the old factor may speed up."`
}

type myPhone struct {
	NumberMasked string     `json:"number_masked"`
	Verified     bool       `json:"verified" doc:"Whether codes to it count now."`
	WaitsUntil   *time.Time `json:"waits_until,omitempty" doc:"Changed without the old factor: it counts from then on."`
	DeleteAfter  *time.Time `json:"delete_after,omitempty"`
}

type myTOTP struct {
	Enabled    bool       `json:"enabled"`
	WaitsUntil *time.Time `json:"waits_until,omitempty"`
}

type codesSent struct {
	OldCode bool `json:"old_code" doc:"Whether a code was sent to the number on file; with it the change counts at once."`
}

func factorsBody(f verify.Factors) *body[myFactors] {
	out := myFactors{SMS: f.SMS, ResendAt: f.ResendAt, Held: f.Held, TOTP: myTOTP{Enabled: f.TOTP || f.TOTPWaits, WaitsUntil: f.TOTPFrom}}
	if f.PhoneMasked != "" {
		out.Phone = &myPhone{NumberMasked: f.PhoneMasked, Verified: f.PhoneVerified, WaitsUntil: f.WaitsUntil, DeleteAfter: f.DeleteAfter}
	}
	return &body[myFactors]{out}
}

// codeText is how a code is written. Its shape is checked further in, which
// has one answer for all that is none.
type codeText = string

type sendPhoneCode struct {
	Body struct {
		Phone string `json:"phone" minLength:"1" maxLength:"40" doc:"With its country code, such as +34 600 000 000."`
	}
}

type proveFactor struct {
	Body struct {
		Code    codeText `json:"code" maxLength:"12"`
		OldCode codeText `json:"old_code,omitempty" maxLength:"12" doc:"From the factor that there is already; without it the new one counts after 24 hours."`
	}
}

type deletePhone struct {
	Body *struct {
		Code codeText `json:"code,omitempty" maxLength:"12" doc:"With it at once; without it in 24 hours, and a code is sent that makes it at once."`
	}
}

type disableTOTP struct {
	Body struct {
		Code codeText `json:"code" maxLength:"12"`
	}
}

type setPhone struct {
	ByID
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"40"`
	}
}

func gone(op *huma.Operation) { op.Errors = append(op.Errors, http.StatusGone, http.StatusNotFound) }

func (a *API) mountFactors() {
	route(a, enrolling, http.MethodGet, "/me/factors", "How you confirm actions", func(ctx context.Context, _ *nothing) (*body[myFactors], error) {
		f, err := a.cfg.Verify.Mine(ctx)
		return factorsBody(f), err
	})
	route(a, users, http.MethodPost, "/me/phone/code", "Send a code to a number that is to be yours", a.sendPhoneCode, gone)
	route(a, users, http.MethodPost, "/me/phone/verify", "Prove the number by its code", func(ctx context.Context, in *proveFactor) (*body[myFactors], error) {
		f, err := a.cfg.Verify.VerifyPhone(ctx, in.Body.Code, in.Body.OldCode)
		return factorsBody(f), err
	}, gone)
	route(a, users, http.MethodDelete, "/me/phone", "Delete your number", a.deletePhone, gone)
	route(a, enrolling, http.MethodPost, "/me/totp", "Set up an authenticator app", func(ctx context.Context, _ *nothing) (*body[verify.Enrolment], error) {
		e, err := a.cfg.Verify.BeginTOTP(ctx)
		return &body[verify.Enrolment]{e}, err
	})
	route(a, enrolling, http.MethodPost, "/me/totp/verify", "Turn the app on by its first code", func(ctx context.Context, in *proveFactor) (*body[myFactors], error) {
		f, err := a.cfg.Verify.FinishTOTP(ctx, in.Body.Code, in.Body.OldCode)
		return factorsBody(f), err
	}, gone)
	route(a, users, http.MethodDelete, "/me/totp", "Turn the app off by one of its codes", func(ctx context.Context, in *disableTOTP) (*body[myFactors], error) {
		f, err := a.cfg.Verify.DisableTOTP(ctx, in.Body.Code)
		return factorsBody(f), err
	}, gone)
	a.mountFactorsOfOthers()
	route(a, users, http.MethodGet, "/outbox", "What the demo would have sent", func(ctx context.Context, _ *nothing) (*body[page[notify.Delivered]], error) {
		list, err := a.cfg.Notify.Outbox(ctx)
		return pageOf(list, ""), err
	}, func(op *huma.Operation) { op.Errors = append(op.Errors, http.StatusNotFound) })
}

func (a *API) mountFactorsOfOthers() {
	route(a, staff, http.MethodGet, "/admin/users/{id}/factors", "Somebody's number and factors", func(ctx context.Context, in *ByID) (*body[verify.Contact], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		c, err := a.cfg.Verify.ContactOf(ctx, id)
		return &body[verify.Contact]{c}, err
	})
	route(a, staff, http.MethodPut, "/admin/users/{id}/phone", "Write down somebody's number, unverified", func(ctx context.Context, in *setPhone) (*body[verify.Contact], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		c, err := a.cfg.Verify.SetContactPhone(ctx, id, in.Body.Number)
		return &body[verify.Contact]{c}, err
	})
	route(a, staff, http.MethodDelete, "/admin/users/{id}/phone", "Delete somebody's number", recovery(a.removePhone), noContent)
	route(a, staff, http.MethodDelete, "/admin/users/{id}/totp", "Take away somebody's lost authenticator app", recovery(a.removeTOTP), noContent)
	route(a, staff, http.MethodPost, "/admin/users/{id}/factors/release", "Let a phone or app that waits count at once, for admins", func(ctx context.Context, in *ByID) (*body[verify.Contact], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		c, err := a.cfg.Verify.Release(ctx, id)
		return &body[verify.Contact]{c}, err
	}, func(op *huma.Operation) { op.DefaultStatus = http.StatusOK })
	route(a, staff, http.MethodGet, "/admin/second-factor", "What the portal allows of codes by SMS", a.smsRules)
	route(a, admins, http.MethodPut, "/admin/second-factor", "Change what the portal allows of codes by SMS", a.setSMSRules)
}

func (a *API) removePhone(ctx context.Context, id desk.ID) error {
	return a.cfg.Verify.RemovePhone(ctx, id)
}

func (a *API) removeTOTP(ctx context.Context, id desk.ID) error {
	return a.cfg.Verify.RemoveTOTP(ctx, id)
}

func recovery(fn func(context.Context, desk.ID) error) func(context.Context, *ByID) (*nothing, error) {
	return func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, fn(ctx, id)
	}
}

func (a *API) sendPhoneCode(ctx context.Context, in *sendPhoneCode) (*body[myFactors], error) {
	f, err := a.cfg.Verify.SendPhoneCode(ctx, in.Body.Phone)
	return factorsBody(f), err
}

func (a *API) deletePhone(ctx context.Context, in *deletePhone) (*body[myFactors], error) {
	code := ""
	if in.Body != nil {
		code = in.Body.Code
	}
	d, err := a.cfg.Verify.DeletePhone(ctx, code)
	out := factorsBody(d.Factors)
	out.Body.Sent = &codesSent{OldCode: d.OldCode}
	return out, err
}

func (a *API) smsRules(ctx context.Context, _ *nothing) (*body[verify.Rules], error) {
	out := &body[verify.Rules]{}
	err := a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) (err error) {
		out.Body, err = verify.LoadRules(ctx, tx)
		return err
	})
	return out, err
}

func (a *API) setSMSRules(ctx context.Context, in *body[verify.Rules]) (*body[verify.Rules], error) {
	out := &body[verify.Rules]{}
	err := a.inTenant(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) (err error) {
		out.Body, err = verify.SetRules(ctx, tx, v, in.Body)
		return err
	})
	return out, err
}

// smsReport takes what a provider says of a text message that it took.
func (a *API) smsReport(c *fiber.Ctx) error {
	header := func(name string) string { return c.Get(name) }
	if err := a.cfg.Notify.Reported(c.UserContext(), c.Params("provider"), header, c.Body()); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}
