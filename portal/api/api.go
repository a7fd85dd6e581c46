// Package api is the portal's REST interface: one file per resource, OpenAPI
// 3.1 at /api/openapi.json, RFC 9457 problems.
//
// Where a request is allowed in: guard.go, before any handler. It finds the
// tenant by the host name, refuses writes from other origins, and turns the
// session's cookie into the viewer that every room below asks for. A route is
// for logged-in people unless it says otherwise (public, staff, admin below):
// the gate comes with the registration and cannot be forgotten.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/audit"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
	"github.com/conserje/conserje/tools/software"
)

// Config is what the interface stands on; every field is required unless its
// comment says otherwise.
type Config struct {
	Store         *store.Store
	People        *people.Service
	Tickets       *tickets.Service
	Files         *files.Service
	Conversations *conversations.Service
	Actions       *actions.Service
	Knowledge     *kb.KB
	Software      *software.Service
	Devices       *devices.Service
	// Agents are the programs for new devices; optional.
	Agents *devices.Downloads
	// AgentLink and AgentEnrol are the agents' own two addresses, which know no
	// session.
	AgentLink, AgentEnrol fiber.Handler
	Verify                *verify.Service
	Notify                *notify.Service
	Assistant             func() AssistantInfo
	// Troubles says what keeps the configured models from working; optional.
	Troubles func() []ModelTrouble
	// Assets answers every address that is not the interface's: the web
	// interface.
	Assets fiber.Handler
	// Chat is the socket at /api/v1/chat.
	Chat fiber.Handler
	// Metrics answers /metrics, for callers on this machine only.
	Metrics fiber.Handler
	// Draining reports that the server is stopping: not ready for more.
	Draining func() bool
	// TrustedProxies may set X-Forwarded-For and X-Forwarded-Host; optional.
	TrustedProxies []string
	Log            *slog.Logger
}

// AssistantInfo says which model answers, for the line in the chat that says
// so.
type AssistantInfo struct {
	Offline bool   `json:"offline" doc:"Whether the built-in model answers, without a language model."`
	Model   string `json:"model"`
}

// API is the interface with its document.
type API struct {
	cfg   Config
	huma  huma.API
	audit *audit.Service
}

// NewApp returns the Fiber application with everything mounted.
func NewApp(cfg Config) (*fiber.App, *API) {
	a := &API{cfg: cfg, audit: audit.New(cfg.Store)}
	app := fiber.New(fiber.Config{
		// Strings of a request outlive it in goroutines of ours otherwise, and
		// would then show another person's request (SECURITY E10).
		Immutable:      true,
		CaseSensitive:  true, // the guards look at paths:
		StrictRouting:  true, // each has one spelling
		BodyLimit:      maxBody,
		ReadTimeout:    readTimeout,
		IdleTimeout:    idleTimeout,
		ReadBufferSize: 16 << 10,
		// Else every open socket holds the buffer that its request was read with.
		ReduceMemoryUsage:       true,
		DisableStartupMessage:   true,
		ErrorHandler:            a.errorHandler,
		EnableTrustedProxyCheck: true,
		TrustedProxies:          cfg.TrustedProxies,
		ProxyHeader:             fiber.HeaderXForwardedFor,
		EnableIPValidation:      true,
	})
	a.boundBodies(app)
	app.Use(a.recovered, forwarded, securityHeaders)
	a.mountHealth(app)
	if cfg.Chat != nil {
		app.Get("/api/v1/chat", cfg.Chat) // guards itself, before it upgrades
	}
	if cfg.AgentLink != nil {
		app.Get(wire.LinkPath, cfg.AgentLink)
		app.Post(wire.EnrolPath, cfg.AgentEnrol)
	}
	if cfg.Notify != nil {
		app.Post(notify.CallbackPath+":provider", a.smsReport) // signed by the provider; of no tenant before it is read
	}
	app.Group("/api", a.tenant, sameOrigin, readable, a.session, a.idempotent)
	a.huma = humafiber.NewV2(app, document())
	a.mountSession()
	a.mountMe()
	a.mountTickets()
	a.mountFiles()
	a.mountStatuses()
	a.mountFields()
	a.mountConversations()
	a.mountActions()
	a.mountArticles()
	a.mountEditor()
	a.mountCategories()
	a.mountFeedback()
	a.mountSources()
	a.mountAdmin()
	a.mountTable() // before the routes of one person, whose id could be "export"
	a.mountUsers()
	a.mountLinks()
	a.mountNewcomers()
	a.mountCompanies()
	a.mountSoftware()
	a.mountDevices()
	a.mountFactors()
	a.mountMessages()
	a.mountAudit()
	app.Use("/api", a.noSuchRoute)
	if cfg.Assets != nil {
		app.Use(a.knownHost, cfg.Assets)
	}
	return app, a
}

// Document returns the OpenAPI document as JSON.
func (a *API) Document() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// ourProblems sets what huma keeps once for the whole process.
var ourProblems = sync.OnceFunc(func() {
	huma.NewErrorWithContext = newHumaProblem
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return newHumaProblem(nil, status, msg, errs...)
	}
	huma.DefaultArrayNullable = false // an empty list is [] in every answer
})

func document() huma.Config {
	ourProblems()
	c := huma.DefaultConfig("Conserje", "1")
	describeTypes(c.Components.Schemas)
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath = ""    // would load its page from foreign hosts
	c.SchemasPath = "" // the document holds them
	c.CreateHooks = nil
	c.Info.Description = "The service portal's own interface: everything that the web interface does goes through it."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookiePlain, Description: "The session's cookie; over HTTPS its name is " + cookieSecure + "."},
	}
	return c
}

// gate says who may call a route.
type gate int

const (
	users gate = iota // whoever is logged in
	public
	staff
	admins
	early     // whoever is logged in, also before choosing the password that staff ask for
	enrolling // whoever is logged in, also before setting up the authenticator that the portal asks of staff
)

func (g gate) check(ctx context.Context) error {
	if g == public {
		return nil
	}
	if g == early || g == enrolling {
		who := map[gate]func(context.Context) (desk.Viewer, error){early: desk.LoggedIn, enrolling: desk.Enrolling}[g]
		_, err := who(ctx)
		return sessionError(ctx, err)
	}
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return sessionError(ctx, err)
	}
	if g == staff && !v.Role.Staff() || g == admins && v.Role != desk.RoleAdmin {
		return desk.Errorf(desk.CodeForbidden, "your role may not do this")
	}
	return nil
}

// route registers one operation behind its gate. path starts after /api/v1.
func route[I, O any](a *API, g gate, method, path, summary string, fn func(context.Context, *I) (*O, error), more ...func(*huma.Operation)) {
	op := huma.Operation{
		OperationID: operationID(method, path), Method: method, Path: "/api/v1" + path, Summary: summary,
		Tags:   []string{strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)[0]},
		Errors: []int{http.StatusBadRequest, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable},
	}
	if g != public {
		op.Security = []map[string][]string{{"session": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized)
	}
	if g != early || method != http.MethodGet { // whoever must choose a password first is refused, too
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	if strings.Contains(path, "{") || g != public && method != http.MethodGet { // what the body names may not be there
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, m := range more {
		m(&op)
	}
	guarded := func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	}
	// Before huma reads the question: whoever may not ask learns nothing about
	// what is wrong with it.
	op.Middlewares = append(op.Middlewares, a.gated(g))
	huma.Register(a.huma, op, guarded)
	if method == http.MethodGet {
		op.Method, op.OperationID, op.Hidden = http.MethodHead, "head-"+op.OperationID, true
		huma.Register(a.huma, op, guarded)
	}
}

// gated is a gate as a middleware of huma.
func (a *API) gated(g gate) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		err := g.check(c.Context())
		if err == nil {
			next(c)
			return
		}
		p := problemOf(c.Context(), a.cfg.Log, err)
		if err := p.write(c); err != nil {
			a.cfg.Log.WarnContext(c.Context(), "answer not written", "error", err)
		}
	}
}

// operationID is the method and the path in words: get-tickets-id-transcript.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '{' || r == '}' })
	return strings.ToLower(method) + "-" + strings.Join(words, "-")
}

// body is an answer with a body.
type body[T any] struct{ Body T }

// nothing is an answer or a question without one.
type nothing struct{}

// page is a list with the cursor of what follows; null on the last page.
type page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

func pageOf[T any](items []T, next string) *body[page[T]] {
	if items == nil {
		items = []T{}
	}
	return &body[page[T]]{page[T]{Items: items, Next: orNull(next)}}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ByID is a question about one object. Its name is upper case because huma does
// not look into embedded types that are not exported.
type ByID struct {
	ID string `path:"id" format:"uuid"`
}

func (b ByID) id() (desk.ID, error) { return desk.ParseID(b.ID) }
