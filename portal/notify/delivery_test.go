package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func header(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// The example of Twilio's own documentation, and what differs from it.
func TestATwilioReportIsSignedOverAddressAndParameters(t *testing.T) {
	t.Parallel()
	w := notify.Twilio{Callback: "https://mycompany.com/myapp.php?foo=1&bar=2", CallbackToken: "12345"}
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	const good = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	if _, err := w.Report(header("X-Twilio-Signature", good), []byte(form.Encode())); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		w         notify.Twilio
		signature string
		more      string
	}{
		"none":            {w, "", ""},
		"not base64":      {w, "*", ""},
		"another's":       {w, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", ""},
		"another token":   {notify.Twilio{Callback: w.Callback, CallbackToken: "12346"}, good, ""},
		"another address": {notify.Twilio{Callback: "https://mycompany.com/myapp.php?foo=1&bar=3", CallbackToken: "12345"}, good, ""},
		"one more":        {w, good, "&MessageStatus=delivered"},
		"no token":        {notify.Twilio{Callback: w.Callback}, good, ""},
		"no address":      {notify.Twilio{CallbackToken: "12345"}, good, ""},
		"no form":         {w, good, "&%"},
	} {
		if _, err := bad.w.Report(header("X-Twilio-Signature", bad.signature), []byte(form.Encode()+bad.more)); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// heard is who is told that a message reached nobody.
type heard struct {
	mu  sync.Mutex
	ids []desk.ID
}

func (h *heard) of(id desk.ID) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, x := range h.ids {
		if x == id {
			n++
		}
	}
	return n
}

// reporting is a gateway that takes each message under an id of its own.
type reporting struct {
	notify.Gateway
	mu   sync.Mutex
	same string
}

func (r *reporting) Send(_ context.Context, o notify.Outgoing) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.same != "" {
		return r.same, nil
	}
	return "gw-" + string(o.ID), nil
}

func signed(secret, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

// SECURITY R11: whether a message arrived is told by its provider, signed,
// once, and by nobody else.
func TestAMessageIsDeliveredOrLostAsItsProviderSays(t *testing.T) {
	t.Parallel()
	const secret = "gateway-callback-secret"
	g := &reporting{Gateway: notify.Gateway{CallbackSecret: secret}}
	w := newWorld(t, notify.Config{SMS: g}, true)
	h := &heard{}
	w.Plug(func(_ context.Context, _ *store.Tx, message desk.ID) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ids = append(h.ids, message)
		return nil
	})
	say := func(signature, body string) error {
		return w.Reported(t.Context(), "gateway", header("X-Signature", signature, "Content-Type", "application/json"), []byte(body))
	}
	sent := func() desk.ID {
		id := w.sms(t, time.Minute)
		if got, detail, _ := w.ended(t, id); got != "sent" {
			t.Fatal(got, detail)
		}
		return id
	}
	state := func(id desk.ID) string { s, _, _, _ := w.row(t, id); return s }

	arrived, lost := sent(), sent()
	body := `{"id":"gw-` + string(arrived) + `","status":"delivered"}`
	for name, err := range map[string]error{
		"unsigned": say("", body), "another secret": say(signed("another-secret-of-16", body), body), "another body": say(signed(secret, body), `{"id":"gw-`+string(lost)+`","status":"delivered"}`),
		"another provider": w.Reported(t.Context(), "twilio", header("X-Signature", signed(secret, body)), []byte(body)),
	} {
		if code := desk.CodeOf(err); code != desk.CodeForbidden && code != desk.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := state(arrived) + state(lost); got != "sentsent" {
		t.Errorf("what was not signed made it %s", got)
	}
	if err := say(signed(secret, body), body); err != nil || state(arrived) != "delivered" {
		t.Errorf("%v %s", err, state(arrived))
	}
	gone := `{"message_id":"gw-` + string(lost) + `","status":"UNDELIV"}`
	for range 3 {
		if err := say(signed(secret, gone), gone); err != nil {
			t.Error(err)
		}
	}
	late := `{"id":"gw-` + string(arrived) + `","status":"failed"}`
	if err := say(signed(secret, late), late); err != nil || state(arrived) != "delivered" || state(lost) != "undelivered" {
		t.Errorf("%v %s %s", err, state(arrived), state(lost))
	}
	if h.of(lost) != 1 || h.of(arrived) != 0 {
		t.Errorf("told %d and %d times", h.of(lost), h.of(arrived))
	}
	var audited int
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from audit where action = 'message.undelivered' and object_id = $1", lost).Scan(&audited)
	})
	if audited != 1 {
		t.Errorf("%d lines in the audit", audited)
	}
	on := `{"id":"gw-` + string(lost) + `","status":"enroute"}`
	if err := say(signed(secret, on), on); err != nil || state(lost) != "undelivered" {
		t.Error(err, state(lost))
	}

	// An id that two messages have says nothing of either.
	g.mu.Lock()
	g.same = "77"
	g.mu.Unlock()
	one, two := sent(), sent()
	twice := `{"id":"77","status":"delivered"}`
	if err := say(signed(secret, twice), twice); desk.CodeOf(err) != desk.CodeNotFound || state(one)+state(two) != "sentsent" {
		t.Error(err, state(one), state(two))
	}

	// Nor does an id that no text can hold: the message went out, and goes out once.
	g.mu.Lock()
	g.same = "7\x007"
	g.mu.Unlock()
	sent()
}
