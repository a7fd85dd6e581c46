package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio signs with HMAC-SHA1, which is sound as an HMAC
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Report is what a provider says of a message that it took.
type Report struct {
	ProviderID string
	State      string // StateDelivered or StateUndelivered; empty: it is under way
	Detail     string
}

// How a message can have ended.
const (
	stateQueued = "queued"

	StateFailed      = "failed"   // nobody took it
	StateWithheld    = "withheld" // it was not to be read any more
	StateDelivered   = "delivered"
	StateUndelivered = "undelivered" // it was taken, and did not arrive
)

// Lost reports that a message in this state reaches nobody any more.
func Lost(state string) bool { return state == StateFailed || state == StateUndelivered }

// Reporter is a Provider that tells later how messages arrived.
type Reporter interface {
	Provider
	Name() string
	// Report reads a report whose signature fits; any other is CodeForbidden.
	Report(header func(name string) string, body []byte) (Report, error)
}

// CallbackPath is where a provider posts its reports, with its name behind.
const CallbackPath = "/callbacks/sms/"

var errUnsigned = desk.Errorf(desk.CodeForbidden, "the report's signature does not fit")

// Plug says who hears, in the same transaction, that a message reaches nobody.
func (s *Service) Plug(lost func(ctx context.Context, tx *store.Tx, message desk.ID) error) {
	s.lost = lost
}

// Reported takes a provider's report. The message is looked up by the
// provider's id before any tenant is known; what it says counts once, and only
// of a message that was sent: a report that comes again changes nothing.
func (s *Service) Reported(ctx context.Context, provider string, header func(name string) string, body []byte) error {
	p, ok := s.providers[SMS].(Reporter)
	if !ok || p.Name() != provider {
		return desk.Errorf(desk.CodeNotFound, "there is no such provider here")
	}
	r, err := p.Report(header, body)
	if err != nil || r.State == "" {
		return err
	}
	ref, err := s.store.MessageByProvider(ctx, r.ProviderID)
	if desk.CodeOf(err) == desk.CodeNotFound {
		// Perhaps it was faster than the provider's own answer to us.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		ref, err = s.store.MessageByProvider(ctx, r.ProviderID)
	}
	if err != nil {
		return err
	}
	return s.store.Tenant(ref.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.SetDelivery(ctx, db.SetDeliveryParams{ID: ref.Message, State: r.State, Detail: clip(r.Detail, 200)})
		if err != nil || n == 0 || r.State != StateUndelivered {
			return err
		}
		return s.tellLost(ctx, tx, ref.Message, StateUndelivered, r.Detail)
	})
}

// tellLost writes down that a message reached nobody, and tells who sent it.
func (s *Service) tellLost(ctx context.Context, tx *store.Tx, id desk.ID, state, why string) error {
	err := tx.Audit(ctx, store.AuditEntry{Action: "message." + state, Object: "message", ObjectID: id, Detail: map[string]any{"reason": clip(why, 200)}})
	if err != nil || s.lost == nil {
		return err
	}
	return s.lost(ctx, tx, id)
}

// stateOf reads the words that providers have for what became of a message.
func stateOf(word string) string {
	switch strings.ToLower(word) {
	case "delivered", "delivrd", "read":
		return StateDelivered
	case "undelivered", "undeliverable", "undeliv", "failed", "rejected", "rejectd", "expired", "deleted":
		return StateUndelivered
	}
	return ""
}

// Name is in the address of Twilio's reports.
func (Twilio) Name() string { return "twilio" }

// Report checks X-Twilio-Signature: HMAC-SHA1, by the account's token, of the
// very address that was given to Twilio and the sorted parameters.
func (t Twilio) Report(header func(name string) string, body []byte) (Report, error) {
	form, err := url.ParseQuery(string(body))
	if t.Callback == "" || t.CallbackToken == "" || err != nil {
		return Report{}, errUnsigned
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	m := hmac.New(sha1.New, []byte(t.CallbackToken))
	_, _ = m.Write([]byte(t.Callback))
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			_, _ = m.Write([]byte(name + value))
		}
	}
	given, err := base64.StdEncoding.DecodeString(header("X-Twilio-Signature"))
	if err != nil || !hmac.Equal(given, m.Sum(nil)) {
		return Report{}, errUnsigned
	}
	r := Report{ProviderID: form.Get("MessageSid"), State: stateOf(form.Get("MessageStatus"))}
	if code := form.Get("ErrorCode"); code != "" {
		r.Detail = "twilio " + clean(code)
	}
	return r, nil
}

// Name is in the address of the gateway's reports.
func (Gateway) Name() string { return "gateway" }

// Report checks X-Signature: "sha256=" and the HMAC-SHA256 of the body in hex.
// The body, JSON or a form, has id (or message_id) and status.
func (g Gateway) Report(header func(name string) string, body []byte) (Report, error) {
	m := hmac.New(sha256.New, []byte(g.CallbackSecret))
	_, _ = m.Write(body)
	hexed, found := strings.CutPrefix(header("X-Signature"), "sha256=")
	given, err := hex.DecodeString(hexed)
	if g.CallbackSecret == "" || !found || err != nil || !hmac.Equal(given, m.Sum(nil)) {
		return Report{}, errUnsigned
	}
	var in struct {
		ID        string `json:"id"`
		MessageID string `json:"message_id"`
		Status    string `json:"status"`
	}
	if strings.HasPrefix(header("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return Report{}, desk.Errorf(desk.CodeInvalid, "the report is no form")
		}
		in.ID, in.MessageID, in.Status = form.Get("id"), form.Get("message_id"), form.Get("status")
	} else if err := json.Unmarshal(body, &in); err != nil {
		return Report{}, desk.Errorf(desk.CodeInvalid, "the report is no JSON")
	}
	return Report{ProviderID: orElse(in.ID, in.MessageID), State: stateOf(in.Status), Detail: clean(in.Status)}, nil
}

// CheckCallback reports an address of this installation that no provider can
// report to, and returns that of the named provider's reports.
func CheckCallback(address, provider string) (string, error) {
	if err := checkAddress("SMS_CALLBACK_URL", address); err != nil {
		return "", err
	}
	if u, err := url.Parse(address); err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", fmt.Errorf("SMS_CALLBACK_URL is the address of a portal and nothing behind it, such as https://help.example.com")
	}
	return strings.TrimSuffix(address, "/") + CallbackPath + provider, nil
}
