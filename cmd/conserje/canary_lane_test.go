package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/agent"
	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// lane is a whole portal that listens to itself: every sink that is not a row
// is kept.
type lane struct {
	t       *testing.T
	url     string // of the database's owner
	address string
	http    *http.Client
	portal  *portal
	model   *modeltest.Server
	system  *agent.Simulated
	log     *slog.Logger
	texts   *inbox
	people  map[string]desk.Viewer
	tokens  map[string]string
	number  string

	logs, bus, rest kept
	mail            mailbox
	dump            map[string]string // of pg_dump, by table
	secrets         map[string]string // by what they are

	device, conversation, reset, install string
}

// kept is what went by; an io.Writer for logs and a provider of mail.
type kept struct {
	mu sync.Mutex
	b  strings.Builder
}

func (k *kept) add(s string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.b.WriteString(s + "\n")
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.String()
}

func (k *kept) Write(p []byte) (int, error) {
	k.add(string(p))
	return len(p), nil
}

// mailbox is the mail server. A welcome mail has a secret that it is for: it is
// taken out, once, and what is kept is the rest.
type mailbox struct {
	kept

	first  string // the password that the next welcome brings
	secret []string
}

var linkToken = regexp.MustCompile(`#[A-Za-z0-9_-]{43}`)

func (x *mailbox) Send(_ context.Context, o notify.Outgoing) (string, error) {
	x.mu.Lock()
	if x.first != "" && strings.Contains(o.Text, x.first) {
		x.secret = append(x.secret, x.first)
		o.Text = strings.Replace(o.Text, x.first, "", 1)
	} else if token := linkToken.FindString(o.Text); token != "" {
		x.secret = append(x.secret, token[1:])
		o.Text = strings.Replace(o.Text, token, "", 1)
	}
	x.mu.Unlock()
	x.add(o.Subject + "\n" + o.Text)
	return "kept", nil
}

// welcome waits for the secret of the nth welcome mail.
func (x *mailbox) welcome(t *testing.T, n int) (secret string) {
	t.Helper()
	waitUntil(t, "a welcome mail", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		if len(x.secret) >= n {
			secret = x.secret[n-1]
		}
		return secret != ""
	})
	return secret
}

// inbox is the gateway that carries text messages.
type inbox struct {
	mu   sync.Mutex
	sent []string
	down bool
}

func (x *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	text, _ := decode(raw)["text"].(string)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.down {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	x.sent = append(x.sent, text)
	_, _ = fmt.Fprintf(w, `{"id":"gateway-%d"}`, len(x.sent))
}

func (x *inbox) all() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]string(nil), x.sent...)
}

var (
	codeText     = regexp.MustCompile(`\b[0-9]{6}\b`)
	passwordText = regexp.MustCompile(`\b[A-Za-z0-9]{4}-[A-Za-z0-9]{4}-[A-Za-z0-9]{4}\b`)
)

// find waits for a text message after the first n that has what is looked for.
func (x *inbox) find(t *testing.T, n int, what *regexp.Regexp) string {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 15*time.Second; time.Sleep(10 * time.Millisecond) {
		for _, m := range x.all()[n:] {
			if s := what.FindString(m); s != "" {
				return s
			}
		}
	}
	t.Fatalf("no text message with %s", what)
	return ""
}

func (x *inbox) code(t *testing.T, n int) string  { t.Helper(); return x.find(t, n, codeText) }
func (x *inbox) password(t *testing.T) string     { t.Helper(); return x.find(t, 0, passwordText) }
func (l *lane) until(what string, ok func() bool) { l.t.Helper(); waitUntil(l.t, what, ok) }

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > 15*time.Second {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

func openLane(t *testing.T) *lane {
	t.Helper()
	l := &lane{
		t: t, url: storetest.URL(t), http: &http.Client{Timeout: 20 * time.Second}, texts: &inbox{}, number: "+34600111222",
		people: map[string]desk.Viewer{}, tokens: map[string]string{}, model: modeltest.New(t),
		secrets: map[string]string{
			"installation's secret": string(storetest.Secret), "model provider's key": "sk-canary-5519-model", "SMS provider's key": "canary-6620-gateway",
			"gateway's reports": "canary-9941-reports",
		},
	}
	l.model.Handle(func(modeltest.Captured) modeltest.Reply { return modeltest.Text("Please type the code into the card.") })
	l.log = slog.New(slog.NewJSONHandler(&l.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	gateway := httptest.NewServer(l.texts)
	t.Cleanup(gateway.Close)
	t.Cleanup(l.http.CloseIdleConnections)
	l.serve(gateway.URL)
	tenant := tenantHere(t, l.portal.database.Store)
	company := storetest.Company(t, l.portal.database.Store, tenant, "Acme")
	l.people["ana"] = storetest.User(t, l.portal.database.Store, tenant, company, desk.RoleContact, "ana")
	l.people["adam"] = storetest.User(t, l.portal.database.Store, tenant, "", desk.RoleAdmin, "adam")
	for _, name := range []string{"ana", "adam"} {
		l.let(name, l.people[name])
	}
	return l
}

// let opens a session of somebody's.
func (l *lane) let(name string, v desk.Viewer) {
	l.t.Helper()
	l.people[name], l.tokens[name] = v, "session-of-"+name+"-31337"
	l.secrets["session of "+name] = l.tokens[name]
	sum := sha256.Sum256([]byte(l.tokens[name]))
	storetest.InTx(l.t, l.portal.database.Store, v.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into sessions (tenant_id, id, user_id, token_hash, expires_at)
			values ($1, $2, $3, $4, now() + interval '1 day')`, v.Tenant, desk.NewID(), v.User, sum[:])
		return err
	})
}

// serve runs the portal as `serve` does, on the test's database.
func (l *lane) serve(gateway string) {
	l.t.Helper()
	sms, err := messageSettings{
		SMS: "gateway", GatewayURL: gateway, GatewayHeader: "X-Key: " + l.secrets["SMS provider's key"], GatewayFormat: "json", GatewayTo: "to", GatewayText: "text",
		GatewaySigns: l.secrets["gateway's reports"],
	}.sms()
	if err != nil {
		l.t.Fatal(err)
	}
	var address string
	l.portal, address = serving{
		url: l.url, log: l.log,
		model:    modelSettings{BaseURL: l.model.URL, Key: l.secrets["model provider's key"], Model: "canary-model"},
		messages: notify.Config{SMS: sms, Mail: &l.mail, Log: l.log},
		start: func(ctx context.Context, p *portal) error {
			if _, err := p.database.bus.Subscribe(">", func(data []byte) { l.bus.add(string(data)) }); err != nil {
				return err
			}
			return p.start(ctx)
		},
	}.open(l.t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.address = "http://localhost:" + port
}

// enrol lets ana's laptop in and runs the real agent on a pretended system.
func (l *lane) enrol() {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	var err error
	l.system, err = agent.NewSimulated(agent.SimulatedConfig{
		Name: "LAPTOP-ANA", System: link.Windows, SystemVersion: "11", Takes: 10 * time.Millisecond,
		Accounts: []link.Account{{Name: "ana", SID: "S-1-5-21-1", Kind: link.AccountLocal, LoggedIn: true}},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	made := l.do("adam", http.MethodPost, "/admin/devices/tokens", map[string]any{"user_id": l.people["ana"].User}, false)
	l.secrets["enrolment token"], _ = made["token"].(string)
	id, err := agent.Enrol(ctx, agent.Enrolment{Server: l.address, Token: l.secrets["enrolment token"], System: l.system})
	if err != nil {
		l.t.Fatal(err)
	}
	l.device = id.Device
	l.secrets["device's signing key"], l.secrets["device's sealing key"] = string(id.Sign.Seed()), string(id.Seal.Bytes())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = agent.Run(ctx, agent.Config{Identity: id, System: l.system, Log: l.log})
	}()
	l.t.Cleanup(func() { cancel(); <-done })
	l.post("adam", "/admin/devices/"+l.device+"/assignments", map[string]any{"user_id": l.people["ana"].User, "account": "ana"})
	l.until("the device's link", func() bool {
		d := l.get("adam", "/admin/devices/"+l.device)
		return d["online"] == true
	})
}

// say types into the chat and into a ticket, as people do who take the wrong
// field, and waits for the assistant.
func (l *lane) say(text string) {
	l.t.Helper()
	asked := l.model.Count()
	ctx := desk.WithViewer(l.t.Context(), l.people["ana"])
	if _, err := l.portal.conversations.Say(ctx, conversations.Message{Conversation: desk.ID(l.conversation), ID: "canary-1", Text: text}); err != nil {
		l.t.Fatal(err)
	}
	ticket, _ := l.post("ana", "/tickets", map[string]any{"subject": "Code " + text, "description": text})["id"].(string)
	l.post("ana", "/tickets/"+ticket+"/replies", map[string]any{"text": text})
	l.until("the model", func() bool { return l.model.Count() > asked })
}

// forgetLimits makes a minute pass for codes.
func (l *lane) forgetLimits() {
	l.t.Helper()
	if err := l.admin("delete from limits"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lane) askModel(text string) error {
	body, err := json.Marshal(map[string]any{"model": "m", "messages": []any{map[string]any{"role": "user", "content": text}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.model.URL+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := l.http.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return err
}

func (l *lane) post(who, path string, in any) map[string]any {
	l.t.Helper()
	return l.do(who, http.MethodPost, path, in, true)
}

func (l *lane) get(who, path string) map[string]any {
	l.t.Helper()
	return l.do(who, http.MethodGet, path, nil, true)
}

// do sends a request; its answer is kept unless a secret is what it is for.
func (l *lane) do(who, method, path string, in any, keep bool) map[string]any {
	l.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		l.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.address+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: "conserje", Value: l.tokens[who]})
	res, err := l.http.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if keep {
		l.rest.add(string(answer))
	}
	// A code may be wrong; nothing else here is.
	if res.StatusCode >= http.StatusBadRequest && !strings.HasSuffix(path, "/verify") {
		l.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	return decode(answer)
}

// page reads what is no REST.
func (l *lane) page(path string) string {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.address+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	res, err := l.http.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		l.t.Fatalf("%s: %d %v", path, res.StatusCode, err)
	}
	return string(raw)
}
