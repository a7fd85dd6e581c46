package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	kept "github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/software"
)

const (
	home     = "desk.test"
	abroad   = "other.test"
	password = "right-password"
)

// silent answers no turn: these tests are about what comes before one.
type silent struct{}

func (silent) Run(ctx context.Context, _ *conversations.Turn) error {
	<-ctx.Done()
	return ctx.Err()
}

// world is two tenants behind the real application on a real listener.
type world struct {
	app           *fiber.App
	api           *api.API
	store         *store.Store
	people        *people.Service
	tickets       *tickets.Service
	files         *kept.Service
	conversations *conversations.Service
	actions       *actions.Service
	kb            *kb.KB
	software      *software.Service
	devices       *devices.Service
	address       string
	tenant, other desk.ID
	acme, globex  desk.ID
	viewers       map[string]desk.Viewer // by login; "zara" is the other tenant's admin
	draining      atomic.Bool
	held          [2]string // what ana's computer has to show
}

func newWorld(t testing.TB, set ...func(*api.Config)) *world {
	t.Helper()
	s := storetest.New(t)
	log := storetest.Log(t)
	w := &world{store: s, viewers: map[string]desk.Viewer{}, tickets: tickets.New(s), software: software.New(s)}
	var err error
	messages := notify.New(notify.Config{Store: s, Demo: true, Log: log})
	factors := verify.New(verify.Config{Store: s, Notify: messages, Log: log})
	w.people, err = people.New(s, log, people.Config{Notify: messages, Verify: factors, Tickets: w.tickets, Hash: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	if err != nil {
		t.Fatal(err)
	}
	w.conversations = conversations.New(conversations.Config{Store: s, Engine: silent{}, Log: log})
	w.files, _ = filestest.New(t, s, tickets.SeesFileTx, func(c *kept.Config) { c.MaxBytes = maxFile })
	w.actions = actions.New(actions.Config{Store: s, Verify: rightCode{s}, Log: log, ProposalsAtMost: 1000})
	web, err := fetch.New(fetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w.kb = kb.New(kb.Config{Store: s, Web: web, Log: log})
	w.fill(t)
	cfg := api.Config{
		Notify: messages, Verify: factors,
		Software: w.software,
		Store:    s, People: w.people, Tickets: w.tickets, Files: w.files, Conversations: w.conversations, Actions: w.actions, Knowledge: w.kb, Log: log,
		Assistant: func() api.AssistantInfo { return api.AssistantInfo{Offline: true, Model: "none"} },
		Assets:    api.Assets(asset),
		Metrics:   func(c *fiber.Ctx) error { return c.SendString("numbers") },
		Draining:  w.draining.Load,
	}
	w.plugDevices(t, &cfg)
	for _, f := range set {
		f(&cfg)
	}
	w.app, w.api = api.NewApp(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = ln.Addr().String()
	go func() { _ = w.app.Listener(ln) }()
	t.Cleanup(func() { _ = w.app.ShutdownWithTimeout(time.Second) })
	return w
}

func asset(path, _ string) (api.Asset, bool) {
	if path == "/missing.js" {
		return api.Asset{}, false
	}
	return api.Asset{Body: []byte("<!doctype html>0123456789"), ContentType: "text/html; charset=utf-8", CacheControl: "no-cache", ETag: `"abc"`, Missing: path == "/nowhere"}, true
}

func (w *world) fill(t testing.TB) {
	w.tenant, w.other = w.newTenant(t, home), w.newTenant(t, abroad)
	for _, host := range []string{"localhost", "127.0.0.1"} {
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddHost(ctx, db.AddHostParams{TenantID: w.tenant, Host: host})
		})
	}
	w.acme, w.globex = storetest.Company(t, w.store, w.tenant, "Acme"), storetest.Company(t, w.store, w.tenant, "Globex")
	w.user(t, w.tenant, "ana", desk.RoleContact, w.acme)
	w.user(t, w.tenant, "carl", desk.RoleContact, w.acme)
	w.user(t, w.tenant, "chloe", desk.RoleContact, w.globex)
	w.user(t, w.tenant, "ben", desk.RoleMainContact, w.acme)
	w.user(t, w.tenant, "tess", desk.RoleTechnician, "")
	w.user(t, w.tenant, "adam", desk.RoleAdmin, "")
	w.user(t, w.other, "zara", desk.RoleAdmin, "")
}

func (w *world) newTenant(t testing.TB, host string) desk.ID {
	id := storetest.Tenant(t, w.store)
	storetest.InTx(t, w.store, id, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddHost(ctx, db.AddHostParams{TenantID: id, Host: host})
	})
	return id
}

func (w *world) user(t testing.TB, tenant desk.ID, login string, role desk.Role, company desk.ID) {
	storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
		id, err := w.people.CreateUser(ctx, tx, people.NewUser{
			Login: login, Email: login + "@example.test", Name: login, Password: password, Role: role, Language: "en", Company: company,
		})
		w.viewers[login] = desk.Viewer{Tenant: tenant, User: id, Company: company, Role: role, Name: login, Language: "en"}
		return err
	})
}

// spare makes somebody who has not logged in yet.
func (w *world) spare(t testing.TB, role desk.Role) (id desk.ID) {
	t.Helper()
	n := people.NewUser{Name: "Spare", Login: "s" + strings.ReplaceAll(string(desk.NewID()), "-", ""), Role: role, Language: "en"}
	if !role.Staff() {
		n.Company = w.acme
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		id, err = w.people.CreateUser(ctx, tx, n)
		return err
	})
	return id
}

func (w *world) as(t testing.TB, login string) context.Context {
	return desk.WithViewer(t.Context(), w.viewers[login])
}

// logIn opens a session without HTTP, each from an address of its own.
func (w *world) logIn(t testing.TB, login string) (token string, session desk.ID) {
	t.Helper()
	id := desk.NewID().String() // an IPv6 network counts as one address: each log-in has its own
	ip := "2001:db8:" + id[len(id)-8:len(id)-4] + ":" + id[len(id)-4:] + "::1"
	token, v, err := w.people.LogIn(t.Context(), w.viewers[login].Tenant, login, password, people.Client{IP: ip})
	if err != nil {
		t.Fatal(err)
	}
	return token, v.Session
}

func (w *world) ticket(t testing.TB, login string) desk.ID {
	t.Helper()
	k, err := w.tickets.Create(w.as(t, login), tickets.Draft{Subject: "A printer", Description: "It does not print."})
	if err != nil {
		t.Fatal(err)
	}
	return k.ID
}

// sharedView is a view that all staff have and only admins keep. POST makes one
// of one's own; the list of them is bounded, so those before go.
func (w *world) sharedView(t testing.TB) desk.ID {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "delete from ticket_views")
		return err
	})
	view, err := w.tickets.AddView(w.as(t, "adam"), tickets.ViewDraft{Name: new("Waiting"), Shared: new(true), Filter: &tickets.SavedFilter{View: tickets.ViewQueue}})
	if err != nil {
		t.Fatal(err)
	}
	return view.ID
}

func (w *world) macro(t testing.TB) desk.ID {
	t.Helper()
	m, err := w.tickets.AddMacro(w.as(t, "adam"), tickets.MacroDraft{Names: &tickets.Names{"en": string(desk.NewID())}, Texts: &tickets.Names{"en": "Hello {{contact_name}}"}})
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func (w *world) conversation(t testing.TB, login string) desk.ID {
	t.Helper()
	c, err := w.conversations.Create(w.as(t, login), "")
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// article imports one that is for Acme only.
func (w *world) article(t testing.TB) desk.ID {
	t.Helper()
	key := "a" + string(desk.NewID())
	doc := kb.Document{Name: key + ".md", Data: []byte("---\nid: " + key + "\nlang: en\ntitle: Printers\n---\n# Printers\n\nTurn it on.\n")}
	r, err := w.kb.Import(w.as(t, "adam"), w.viewers["adam"], []kb.Document{doc}, kb.ImportOptions{Audience: w.acme})
	if err != nil || r.Created != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	var id desk.ID
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select id from articles where key = $1", key).Scan(&id)
	})
	return id
}

// call is one request; the zero value asks GET on home as nobody.
type call struct {
	method, path, host, token, body string
	header                          map[string]string
}

func (c call) request(t testing.TB, w *world) *http.Request {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+w.address+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = home
	if c.host != "" {
		r.Host = c.host
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-conserje", Value: c.token})
		r.AddCookie(&http.Cookie{Name: "conserje", Value: c.token})
	}
	for k, v := range c.header { // each line of a value is a header of its own
		r.Header[http.CanonicalHeaderKey(k)] = strings.Split(v, "\n")
	}
	return r
}

type answer struct {
	*http.Response
	body []byte
}

func (a answer) problem() (p api.Problem) {
	_ = json.Unmarshal(a.body, &p)
	return p
}

func (w *world) do(t testing.TB, c call) answer {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(c.request(t, w))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{res, body}
	if res.StatusCode >= 400 && c.method != http.MethodHead {
		a.checkProblem(t, c)
	}
	return a
}

// checkProblem holds the shape of RFC 9457 for every error of every test.
func (a answer) checkProblem(t testing.TB, c call) {
	t.Helper()
	p := a.problem()
	if a.Header.Get("Content-Type") != "application/problem+json" || p.Status != a.StatusCode || p.Code == "" ||
		p.Type != "/problems/"+string(p.Code) || p.Title == "" || p.Detail == "" {
		t.Errorf("%s %s: %d is no problem document: %s %s", c.method, c.path, a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
}

// document holds answers against the committed document, which the routes are held to as well. It is read once: under
// the race detector that takes ten seconds.
var document = sync.OnceValues(func() (validator.Validator, error) {
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	d, err := libopenapi.NewDocument(raw)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(d)
	return v, errors.Join(errs...)
})

// valid holds an answer against the document.
func (w *world) valid(t testing.TB, c call, a answer) {
	t.Helper()
	res := *a.Response
	res.Body = io.NopCloser(bytes.NewReader(a.body))
	v, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if ok, problems := v.ValidateHttpResponse(c.request(t, w), &res); !ok {
		for _, p := range problems {
			t.Errorf("%s %s: %d is not what the document says: %s: %s %s", c.method, c.path, a.StatusCode, p.Message, p.Reason, a.body)
		}
	}
}

// state is a digest of everything that people's requests may change.
func (w *world) state(t testing.TB) (sum string) {
	t.Helper()
	for _, tenant := range []desk.ID{w.tenant, w.other} {
		storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
			var one string
			err := tx.QueryRow(ctx, `select md5(string_agg(x, '|' order by x)) from (
				select 'users' || u::text as x from users u union all select 'companies' || c::text from companies c union all select 'domains' || d::text from company_domains d
				union all select 'first' || f.user_id::text || f.created_at::text from first_passwords f union all select 'tickets' || k::text from tickets k
				union all select 'replies' || r::text from ticket_replies r union all select 'conversations' || c::text from conversations c
				union all select 'events' || e.hash::text from conversation_events e union all select 'articles' || a::text from articles a
				union all select 'versions' || v.hash::text from article_versions v union all select 'drafts' || d::text from article_drafts d union all select 'categories' || g::text from categories g union all select 'names' || g::text from category_names g union all select 'feedback' || f::text from feedback f union all select 'unanswered' || u::text from unanswered u union all select 'sources' || s::text from kb_sources s union all select 'policies' || p::text from policies p
				union all select 'views' || v::text from ticket_views v union all select 'seen' || n::text from ticket_seen n
				union all select 'begun' || b::text from ticket_drafts b union all select 'macros' || m::text from ticket_macros m union all select 'present' || p::text from ticket_presence p
				union all select 'statuses' || s::text from ticket_statuses s
				union all select 'fields' || f::text from ticket_fields f union all select 'options' || o::text from ticket_field_options o
				union all select 'values' || v::text from ticket_values v union all select 'files' || f::text from files f
				union all select 'phones' || f::text from phones f union all select 'totp' || o::text from totp_factors o
				union all select 'links' || l.id::text from password_links l union all select 'secrets' || x.id::text from secret_outbox x
				union all select 'devices' || d::text from devices d union all select 'assignments' || a::text from device_assignments a
				union all select 'tokens' || n::text from enrolment_tokens n union all select 'newcomers' || n::text from newcomers n
				union all select 'audit' || d::text from audit d where d.action not in ('session.opened', 'action.not_proposed')
				union all select 'actions' || a.id::text || a.state from actions a
				union all select 'sessions' || s.id::text || coalesce(s.revoked_at::text, '') from sessions s) all_rows`).Scan(&one)
			sum += one
			return err
		})
	}
	return sum
}

// newcomer waits on the review list.
func (w *world) newcomer(t testing.TB) (id desk.ID) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		address := string(desk.NewID()) + "@nobody.test"
		if _, err := w.people.FirstContact(ctx, tx, people.FirstMessage{Name: "Nora New", Email: address, Text: "My printer is broken.", Source: people.FromMail}); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select id from newcomers where email = $1", address).Scan(&id)
	})
	return id
}

// factor gives somebody what the staff's routes take away.
func (w *world) factor(t testing.TB, user desk.ID, kind string) {
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		switch kind {
		case "phone":
			err = tx.SavePhone(ctx, db.SavePhoneParams{TenantID: w.tenant, UserID: user, Number: "+34600000001"})
		case "totp":
			_, err = tx.Exec(ctx, "insert into totp_factors (tenant_id, user_id, sealed, verified_at) values ($1, $2, 'x', now()) on conflict do nothing", w.tenant, user)
		}
		return err
	})
}

// forgetLogIns lets everybody log in again.
func (w *world) forgetLogIns(t testing.TB) {
	for _, tenant := range []desk.ID{w.tenant, w.other} {
		storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "delete from limits where key like 'log-ins:%' or key like 'tickets:%'")
			return err
		})
	}
}

// forgetFactors lets everybody begin anew.
func (w *world) forgetFactors(t testing.TB) {
	for _, tenant := range []desk.ID{w.tenant, w.other} {
		storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
			for _, table := range []string{"phones", "totp_factors", "challenges", "limits"} {
				if _, err := tx.Exec(ctx, "delete from "+table); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// files is a multipart body with one file.
func files(t testing.TB, name, content string) (body, contentType string) {
	t.Helper()
	return upload(t, "files", name, content)
}

func upload(t testing.TB, field, name, content string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}
