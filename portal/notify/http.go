package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client follows no redirect: the body holds a code and the header a key
// (ASVS 15.3.2).
var client = &http.Client{
	Timeout:       sendTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	},
}

const (
	largestReply = 64 << 10
	keyHeader    = "Idempotency-Key"
)

// post sends a request and reads a bounded answer. Its errors name neither the
// address, which may hold an account, nor the body.
func post(ctx context.Context, address, contentType string, body []byte, header http.Header) (status int, reply []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, &Failure{Reason: ReasonRejected, Detail: "the provider's address is not right"}
	}
	r.Header = header
	r.Header.Set("Content-Type", contentType)
	res, err := client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) && u.Timeout() {
			return 0, nil, &Failure{Reason: ReasonSlow, Again: true}
		}
		return 0, nil, &Failure{Reason: ReasonDown, Again: true}
	}
	defer res.Body.Close()
	reply, err = io.ReadAll(io.LimitReader(res.Body, largestReply))
	if err != nil {
		// The provider may have taken the message. The second try has the same
		// key, and the same code in it.
		return 0, nil, &Failure{Reason: ReasonSlow, Again: true}
	}
	return res.StatusCode, reply, nil
}

// statusFailure is what an HTTP status says of a message; nil is success.
func statusFailure(status int) *Failure {
	detail := fmt.Sprintf("http %d", status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return &Failure{Reason: ReasonBusy, Detail: detail, Again: true}
	case status == http.StatusRequestTimeout || status == http.StatusGatewayTimeout:
		return &Failure{Reason: ReasonSlow, Detail: detail, Again: true}
	case status >= 500:
		return &Failure{Reason: ReasonDown, Detail: detail, Again: true}
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return &Failure{Reason: ReasonNumber, Detail: detail}
	}
	return &Failure{Reason: ReasonRejected, Detail: detail} // a key, an address or a redirect of ours
}

// Twilio sends by Twilio's REST interface.
type Twilio struct {
	Account, Token string // Token belongs to User, or to the account where User is empty
	User           string // an API key's id
	From           string // a number or sender's name
	Service        string // a messaging service instead of From
	URL            string // empty is Twilio's own
	// Callback is where Twilio reports how messages arrive; empty asks for no
	// reports. CallbackToken, the account's own, signs them.
	Callback, CallbackToken string
}

// Check reports settings that cannot work.
func (t Twilio) Check() error {
	if t.URL == "" {
		return nil
	}
	return checkAddress("TWILIO_URL", t.URL)
}

// checkAddress refuses what no message can be posted to, and what would carry
// a code over the network in the clear.
func checkAddress(setting, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New(setting + " is no address")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return errors.New(setting + " has to begin with https://")
	}
	return nil
}

// The errors of Twilio that speak of the recipient: not a number, no mobile,
// unsubscribed, a region that is closed, unreachable.
var twilioNumber = map[int]bool{21211: true, 21214: true, 21217: true, 21408: true, 21421: true, 21610: true, 21612: true, 21614: true, 30003: true, 30005: true, 30006: true}

// Send posts the message.
func (t Twilio) Send(ctx context.Context, o Outgoing) (string, error) {
	base := t.URL
	if base == "" {
		base = "https://api.twilio.com"
	}
	form := url.Values{"To": {o.To}, "Body": {o.Text}}
	if t.Service != "" {
		form.Set("MessagingServiceSid", t.Service)
	} else {
		form.Set("From", t.From)
	}
	if t.Callback != "" {
		form.Set("StatusCallback", t.Callback)
	}
	user := t.User
	if user == "" {
		user = t.Account
	}
	auth := http.Request{Header: http.Header{}}
	auth.SetBasicAuth(user, t.Token)
	auth.Header.Set("Accept", "application/json")
	auth.Header.Set(keyHeader, string(o.ID))
	address := strings.TrimSuffix(base, "/") + "/2010-04-01/Accounts/" + url.PathEscape(t.Account) + "/Messages.json"
	status, reply, err := post(ctx, address, "application/x-www-form-urlencoded", []byte(form.Encode()), auth.Header)
	if err != nil {
		return "", err
	}
	var answer struct {
		SID  string `json:"sid"`
		Code int    `json:"code"`
	}
	readable := json.Unmarshal(reply, &answer) == nil
	f := statusFailure(status)
	switch {
	case f == nil && readable && answer.SID != "":
		return answer.SID, nil
	case f == nil:
		return "", &Failure{Reason: ReasonDown, Detail: "an answer that is not Twilio's"}
	case f.Reason == ReasonNumber && readable && !twilioNumber[answer.Code]:
		f.Reason = ReasonRejected // about our account or sender, not about the recipient
	}
	if answer.Code != 0 {
		f.Detail += fmt.Sprintf(", twilio %d", answer.Code)
	}
	return "", f
}

// Gateway sends by any provider that takes an HTTPS POST.
type Gateway struct {
	URL    string
	Header string // "Name: value", for the key
	Format string // json or form
	// The names of the fields; ToField and TextField default to "to" and
	// "text". From is sent where it is set.
	ToField, TextField, FromField, From string
	// CallbackSecret signs the gateway's reports on how messages arrive; empty
	// takes none.
	CallbackSecret string
}

// Check reports settings that cannot work.
func (g Gateway) Check() error {
	if err := checkAddress("SMS_GATEWAY_URL", g.URL); err != nil {
		return err
	}
	if g.Format != "json" && g.Format != "form" {
		return errors.New("SMS_GATEWAY_FORMAT is json or form")
	}
	if g.CallbackSecret != "" && len(g.CallbackSecret) < 16 {
		return errors.New("SMS_GATEWAY_CALLBACK_SECRET has at least 16 characters")
	}
	if name, _, ok := strings.Cut(g.Header, ":"); g.Header != "" && (!ok || strings.ContainsAny(g.Header, "\r\n") || strings.ContainsAny(name, " \t")) {
		return errors.New(`SMS_GATEWAY_HEADER looks like "Authorization: Bearer …"`)
	}
	return nil
}

// Send posts the message.
func (g Gateway) Send(ctx context.Context, o Outgoing) (string, error) {
	fields := map[string]string{orElse(g.ToField, "to"): o.To, orElse(g.TextField, "text"): o.Text}
	if g.From != "" {
		fields[orElse(g.FromField, "from")] = g.From
	}
	kind := "application/json"
	body, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	if g.Format == "form" {
		form := url.Values{}
		for k, v := range fields {
			form.Set(k, v)
		}
		kind, body = "application/x-www-form-urlencoded", []byte(form.Encode())
	}
	header := http.Header{}
	header.Set(keyHeader, string(o.ID))
	if name, value, ok := strings.Cut(g.Header, ":"); ok {
		header.Set(name, strings.TrimSpace(value))
	}
	status, reply, err := post(ctx, g.URL, kind, body, header)
	if err != nil {
		return "", err
	}
	if f := statusFailure(status); f != nil {
		return "", f
	}
	var answer struct {
		ID        string `json:"id"`
		MessageID string `json:"message_id"`
	}
	_ = json.Unmarshal(reply, &answer) // what gateways answer differs; a status of success is enough
	return orElse(answer.ID, answer.MessageID), nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
