package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// The columns of the table: who asks for what is ana's. "visitor" has ana's
// own session at the other tenant's host, "zara" is that tenant's admin there,
// "device" presents what ana's computer holds: no row has a column for it, since
// on every route of people a device is nobody (SECURITY F4).
var actors = []string{"anonymous", "expired", "ana", "carl", "chloe", "ben", "tess", "adam", "visitor", "zara", "device"}

// row is one route: what it is asked about, with which body, and the status
// for each actor.
type row struct {
	target, body string // target: one of targets, or none
	want         string
}

// statuses is what the row says of each actor.
func (r row) statuses(t testing.TB, route string) []int {
	t.Helper()
	var list []int
	for word := range strings.FieldsSeq(r.want) {
		code, err := strconv.Atoi(word)
		if err != nil {
			t.Fatalf("%s: %v", route, err)
		}
		list = append(list, code)
	}
	if len(list) != len(actors)-1 {
		t.Fatalf("%s: %d statuses for %d actors", route, len(list), len(actors)-1)
	}
	return append(list, list[0])
}

// rows adds a room's rows to the table of access.
func rows(more map[string]row) bool {
	maps.Copy(access, more)
	return true
}

const everybodyLoggedIn = "401 401 200 200 200 200 200 200 401 200"

// access says who may call what. A route without a row fails the test.
var access = map[string]row{
	//                                         nobody expired ana carl chloe ben tess adam visitor zara
	"POST /api/v1/session":                              {"", `{"login":"ana","password":"right-password"}`, "200 200 200 200 200 200 200 200 401 401"},
	"GET /api/v1/session":                               {"", "", everybodyLoggedIn},
	"DELETE /api/v1/session":                            {"", "", "401 401 204 204 204 204 204 204 401 204"},
	"DELETE /api/v1/sessions/{id}":                      {"session", "", "401 401 204 404 404 404 404 404 401 404"},
	"GET /api/v1/me":                                    {"", "", everybodyLoggedIn},
	"GET /api/v1/admin/assistant":                       {"", "", "401 401 403 403 403 403 403 200 401 200"},
	"PATCH /api/v1/me":                                  {"", `{"language":"de"}`, everybodyLoggedIn},
	"GET /api/v1/tickets":                               {"", "", everybodyLoggedIn},
	"POST /api/v1/tickets":                              {"", `{"subject":"s","description":"d"}`, "401 401 201 201 201 201 201 201 401 201"},
	"GET /api/v1/tickets/{id}":                          {"ticket", "", "401 401 200 404 404 200 200 200 401 404"},
	"PATCH /api/v1/tickets/{id}":                        {"ticket", `{"status":"resolved"}`, "401 401 200 404 404 403 200 200 401 404"},
	"POST /api/v1/tickets/{id}/replies":                 {"ticket", `{"text":"hello"}`, "401 401 201 404 404 201 201 201 401 404"},
	"GET /api/v1/tickets/{id}/transcript":               {"ticket", "", "401 401 200 404 404 200 200 200 401 404"},
	"POST /api/v1/files":                                {"a file to send", "", "401 401 201 201 201 201 201 201 401 201"},
	"GET /api/v1/files/{id}":                            {"file", "", "401 401 200 404 404 200 200 200 401 404"},
	"GET /api/v1/files/{id}/picture":                    {"file", "", "401 401 200 404 404 200 200 200 401 404"},
	"DELETE /api/v1/files/{id}":                         {"file", "", "401 401 403 404 404 403 204 204 401 404"},
	"GET /api/v1/articles":                              {"", "", everybodyLoggedIn},
	"GET /api/v1/articles/{id}":                         {"article", "", "401 401 200 200 404 200 200 200 401 404"},
	"GET /api/v1/conversations":                         {"", "", everybodyLoggedIn},
	"POST /api/v1/conversations":                        {"", `{}`, "401 401 201 201 201 201 201 201 401 201"},
	"GET /api/v1/conversations/{id}":                    {"conversation", "", "401 401 200 404 404 404 200 200 401 404"},
	"GET /api/v1/conversations/{id}/events":             {"conversation", "", "401 401 200 404 404 404 200 200 401 404"},
	"POST /api/v1/conversations/{id}/handoff":           {"conversation", `{}`, "401 401 204 404 404 404 204 204 401 404"},
	"POST /api/v1/conversations/{id}/take":              {"conversation", "", "401 401 403 403 403 403 204 204 401 404"},
	"POST /api/v1/conversations/{id}/release":           {"conversation", "", "401 401 403 403 403 403 204 204 401 404"},
	"POST /api/v1/conversations/{id}/messages":          {"conversation", `{"text":"hello"}`, "401 401 403 403 403 403 201 201 401 404"},
	"GET /api/v1/admin/policies":                        {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"PATCH /api/v1/admin/policies":                      {"", `{"reopen":true}`, "401 401 403 403 403 403 403 200 401 200"},
	"POST /api/v1/tickets/bulk":                         {"ticket", `{"ids":["{id}"],"priority":"high"}`, "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/tickets/{id}/ask-fixed":               {"ticket", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/tickets/{id}/fixed":                   {"asked", `{"fixed":true}`, "401 401 200 404 404 403 403 403 401 404"},
	"GET /api/v1/tickets/{id}/changes":                  {"ticket", "", "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/tickets/{id}/replies":                  {"ticket", "", "401 401 200 404 404 200 200 200 401 404"},
	"POST /api/v1/tickets/{id}/seen":                    {"ticket", `{"until":"2026-11-26T12:00:00Z"}`, "401 401 204 404 404 204 204 204 401 404"},
	"POST /api/v1/tickets/{id}/merge":                   {"two tickets", `{"into":"{other}"}`, "401 401 403 403 403 403 200 200 401 404"},
	"DELETE /api/v1/tickets/{id}/merge":                 {"merged", "", "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/tickets/{id}/drafts":                   {"ticket", "", "401 401 200 404 404 200 200 200 401 404"},
	"PUT /api/v1/tickets/{id}/drafts/{kind}":            {"ticket", `{"text":"As I was say"}`, "401 401 200 404 404 200 200 200 401 404"},
	"PUT /api/v1/tickets/{id}/presence":                 {"ticket", `{"state":"reply","claim":true}`, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/macros":                                {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/tickets/{id}/macros/{macro}":           {"macro on ticket", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/macros":                         {"", `{"names":{"en":"{fresh}"},"texts":{"en":"Hello {{contact_name}}"}}`, "401 401 403 403 403 403 403 201 401 201"},
	"PATCH /api/v1/admin/macros/{id}":                   {"macro", `{"changes":{"priority":"high"}}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/macros/{id}":                  {"macro", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/views":                                 {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/views":                                {"", `{"name":"{fresh}","filter":{"unassigned":true}}`, "401 401 403 403 403 403 201 201 401 201"},
	"PATCH /api/v1/views/{id}":                          {"view", `{"name":"{fresh}"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/views/{id}":                         {"view", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/statuses":                              {"", "", everybodyLoggedIn},
	"GET /api/v1/admin/statuses":                        {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/statuses":                       {"", `{"kind":"pending","names":{"en":"{fresh}"}}`, "401 401 403 403 403 403 403 201 401 201"},
	"PUT /api/v1/admin/statuses":                        {"statuses", `{"keys":[{keys}]}`, "401 401 403 403 403 403 403 200 401 409"},
	"PATCH /api/v1/admin/statuses/{key}":                {"status", `{"color":"red"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/statuses/{key}":               {"status", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/fields":                                {"", "", everybodyLoggedIn},
	"GET /api/v1/admin/fields":                          {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/fields":                         {"", `{"kind":"text","names":{"en":"{fresh}"}}`, "401 401 403 403 403 403 403 201 401 201"},
	"PUT /api/v1/admin/fields":                          {"fields", `{"ids":[{ids}]}`, "401 401 403 403 403 403 403 200 401 409"},
	"PATCH /api/v1/admin/fields/{id}":                   {"field", `{"mode":"hidden"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/fields/{id}":                  {"field", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/admin/articles":                        {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/articles/import":                {"files", "", "401 401 403 403 403 403 403 200 401 200"},
	"DELETE /api/v1/admin/articles/{id}":                {"article", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/admin/users":                           {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/users":                          {"", `{"name":"Nora New","email":"{fresh}@new.test","company_id":"{company}"}`, "401 401 403 403 403 403 201 201 401 422"},
	"GET /api/v1/admin/users/{id}":                      {"person", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/users/{id}":                    {"spare", `{"language":"de"}`, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/users/{id}/password":             {"spare", "", "401 401 403 403 403 403 200 200 401 404"},
	"PUT /api/v1/admin/users/{id}/password":             {"spare", `{}`, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/users/{id}/access":               {"person", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/users/{id}/access":             {"spare", `{"self_service":true}`, "401 401 403 403 403 403 403 200 401 404"},
	"POST /api/v1/admin/users/{id}/welcome":             {"mailed", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/password-link":                        {"", `{"token":"nobody's"}`, "410 410 410 410 410 410 410 410 410 410"},
	"POST /api/v1/password-link/use":                    {"", `{"token":"nobody's","password":"a new password"}`, "410 410 410 410 410 410 410 410 410 410"},
	"POST /api/v1/password-code":                        {"", `{"login":"{fresh}"}`, "204 204 204 204 204 204 204 204 204 204"},
	"POST /api/v1/password-code/use":                    {"", `{"login":"{fresh}","code":"abcd-efgh","password":"a new password"}`, "422 422 422 422 422 422 422 422 422 422"},
	"GET /api/v1/portal":                                {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"POST /api/v1/sign-up":                              {"", `{"name":"Nora New","email":"{fresh}@new.test","text":"My printer is broken."}`, "403 403 403 403 403 403 403 403 403 403"},
	"POST /api/v1/sign-up/confirm":                      {"", `{"token":"nobody's"}`, "410 410 410 410 410 410 410 410 410 410"},
	"GET /api/v1/admin/newcomers":                       {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/newcomers/{id}/assign":          {"newcomer", `{"company_id":"{company}"}`, "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/newcomers/{id}/dismiss":         {"newcomer", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/users/import":                   {"table", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/users/export":                    {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/companies":                       {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/companies":                      {"", `{"name":"{fresh}","domains":["{fresh}.example"]}`, "401 401 403 403 403 403 403 201 401 201"},
	"GET /api/v1/admin/companies/{id}":                  {"company", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/companies/{id}":                {"company", `{"name":"{fresh}"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/companies/{id}":               {"company", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/software":                              {"", "", everybodyLoggedIn},
	"GET /api/v1/software/requests":                     {"", "", everybodyLoggedIn},
	"POST /api/v1/software/requests":                    {"", `{"name":"Inkscape"}`, "401 401 201 201 201 201 201 201 401 201"},
	"POST /api/v1/admin/software/requests/{id}/approve": {"request", `{"software_id":"{software}"}`, "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/software/requests/{id}/decline": {"request", `{"answer":"no licence"}`, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/software":                        {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/software":                       {"", aRow, "401 401 403 403 403 403 403 201 401 201"},
	"GET /api/v1/admin/software/{id}":                   {"software", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/software/{id}":                 {"software", `{"publisher":"Another"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/software/{id}":                {"software", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/v1/admin/software/sources":                {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/software/sources":               {"", `{"manager":"chocolatey","name":"{fresh}","url":"https://packages.example/nuget"}`, "401 401 403 403 403 403 403 201 401 201"},
	"GET /api/v1/admin/software/sources/{id}":           {"source", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/software/sources/{id}":         {"source", `{"url":"https://other.example/nuget"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/software/sources/{id}":        {"source", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /api/openapi.json":                             {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /api/openapi.yaml":                             {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /api/openapi-3.0.json":                         {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /api/openapi-3.0.yaml":                         {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /healthz":                                      {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /readyz":                                       {"", "", "200 200 200 200 200 200 200 200 200 200"},
	// Nobody's session opens it: a provider's signature does.
	"POST /callbacks/sms/{provider}":                         {"", `{"id":"1","status":"delivered"}`, "404 404 404 404 404 404 404 404 404 404"},
	"GET /api/v1/admin/messages":                             {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/messages/{id}/again":                 {"message", "", "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/templates":                            {"", "", "401 401 403 403 403 403 403 200 401 200"},
	"GET /api/v1/admin/templates/{name}/{language}":          {"template", "", "401 401 403 403 403 403 403 200 401 200"},
	"PUT /api/v1/admin/templates/{name}/{language}":          {"template", `{"subject":"{fresh}","text":"{{state}}","version":0}`, "401 401 403 403 403 403 403 200 401 200"},
	"DELETE /api/v1/admin/templates/{name}/{language}":       {"template", "", "401 401 403 403 403 403 403 200 401 200"},
	"POST /api/v1/admin/templates/{name}/{language}/preview": {"template", `{"subject":"s","text":"{{state}}"}`, "401 401 403 403 403 403 403 200 401 200"},
	"POST /api/v1/admin/templates/{name}/{language}/test":    {"template", `{"subject":"s","text":"{{state}}"}`, "401 401 403 403 403 403 403 204 401 204"},
	"GET /api/v1/admin/audit":                                {"", "", "401 401 403 403 403 403 403 200 401 200"},
	"GET /api/v1/admin/audit/actions":                        {"", "", "401 401 403 403 403 403 403 200 401 200"},
	"GET /api/v1/admin/audit/export":                         {"", "", "401 401 403 403 403 403 403 200 401 200"},
	"POST /api/v1/admin/audit/{id}/undo":                     {"change", "", "401 401 403 403 403 403 403 204 401 404"},
	"GET /metrics":                                           {"", "", "200 200 200 200 200 200 200 200 200 200"},
	"GET /api/v1/me/factors":                                 {"", "", everybodyLoggedIn},
	"POST /api/v1/me/phone/code":                             {"own", `{"phone":"+34600000000"}`, "401 401 200 200 200 200 200 200 401 200"},
	"POST /api/v1/me/phone/verify":                           {"own", `{"code":"000000"}`, "401 401 410 410 410 410 410 410 401 410"},
	"DELETE /api/v1/me/phone":                                {"own", "", "401 401 404 404 404 404 404 404 401 404"},
	"POST /api/v1/me/totp":                                   {"own", "", everybodyLoggedIn},
	"POST /api/v1/me/totp/verify":                            {"own", `{"code":"12345"}`, "401 401 422 422 422 422 422 422 401 422"},
	"DELETE /api/v1/me/totp":                                 {"own", `{"code":"000000"}`, "401 401 404 404 404 404 404 404 401 404"},
	"GET /api/v1/outbox":                                     {"", "", everybodyLoggedIn},
	"GET /api/v1/admin/users/{id}/factors":                   {"person", "", "401 401 403 403 403 403 200 200 401 404"},
	"PUT /api/v1/admin/users/{id}/phone":                     {"person", `{"number":"+34600000000"}`, "401 401 403 403 403 403 200 200 401 404"},
	"DELETE /api/v1/admin/users/{id}/phone":                  {"phone", "", "401 401 403 403 403 403 204 204 401 404"},
	"DELETE /api/v1/admin/users/{id}/totp":                   {"totp", "", "401 401 403 403 403 403 204 204 401 404"},
	"POST /api/v1/admin/users/{id}/factors/release":          {"person", "", "401 401 403 403 403 403 403 200 401 404"},
	"GET /api/v1/admin/second-factor":                        {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"PUT /api/v1/admin/second-factor":                        {"", `{"sms":true,"region":"","countries":["ES"],"per_day":500}`, "401 401 403 403 403 403 403 200 401 200"},
	"GET /api/v1/actions":                                    {"", "", everybodyLoggedIn},
	"POST /api/v1/actions":                                   {"laptop", `{"device_id":"{id}","operation":"restart"}`, "401 401 201 404 404 404 404 404 401 404"},
	"GET /api/v1/actions/{id}":                               {"action", "", "401 401 200 404 404 404 200 200 401 404"},
	"POST /api/v1/actions/{id}/confirm":                      {"action", "", "401 401 200 404 404 404 404 404 401 404"},
	"POST /api/v1/actions/{id}/decline":                      {"action", "", "401 401 200 404 404 404 404 404 401 404"},
	"POST /api/v1/actions/{id}/cancel":                       {"action", "", "401 401 200 404 404 404 200 200 401 404"},
	"POST /api/v1/actions/{id}/code":                         {"confirmed", `{"phone":"+34600000000"}`, "401 401 200 404 404 404 404 404 401 404"},
	"POST /api/v1/actions/{id}/verify":                       {"confirmed", `{"code":"123456"}`, "401 401 200 404 404 404 404 404 401 404"},
	"POST /api/v1/actions/{id}/password":                     {"action", "", "401 401 409 404 404 404 404 404 401 404"},
	"POST /api/v1/actions/{id}/retry":                        {"declined", "", "401 401 201 404 404 404 404 404 401 404"},
	"GET /api/v1/admin/explain":                              {"explain", "", "401 401 403 403 403 403 200 200 401 404"},
}

// routes is the inventory: what Fiber really serves, and what the document
// says.
func (w *world) routes() (served, documented []string) {
	for _, r := range w.app.GetRoutes(true) {
		path := r.Path
		for _, p := range r.Params {
			path = strings.Replace(path, ":"+p, "{"+p+"}", 1)
		}
		served = append(served, r.Method+" "+path)
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	raw, _ := w.api.Document()
	_ = json.Unmarshal(raw, &doc)
	for path, methods := range doc.Paths {
		for m := range methods {
			documented = append(documented, strings.ToUpper(m)+" "+path)
		}
	}
	slices.Sort(served)
	return slices.Compact(served), documented
}

func TestEveryRouteHasARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	served, documented := w.routes()
	for _, r := range append(served, documented...) {
		if path, head := strings.CutPrefix(r, "HEAD "); head {
			if !slices.Contains(served, "GET "+path) {
				t.Errorf("%s without GET", r)
			}
			continue
		}
		if _, ok := access[r]; !ok {
			t.Errorf("%s has no row in the table of access", r)
		}
	}
	for r := range access {
		if !slices.Contains(served, r) {
			t.Errorf("%s has a row and is not served", r)
		}
	}
}

// The table is asked in several worlds at once: whether a refusal changed anything is seen by a digest of all there is,
// and in one world all there is becomes much.
func TestEveryRouteAnswersEveryActorAsTheTableSays(t *testing.T) {
	desktest.Unraced(t, "it asks 1,400 questions, in each world one after the other")
	t.Parallel()
	const worlds = 4
	routes := slices.Sorted(maps.Keys(access))
	for part := range worlds {
		t.Run(strconv.Itoa(part), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			secrets := w.plant(t)
			for i := part; i < len(routes); i += worlds {
				for k, code := range access[routes[i]].statuses(t, routes[i]) {
					w.answers(t, routes[i], actors[k], code, secrets)
				}
			}
		})
	}
	t.Logf("%d routes, %d calls", len(routes), len(routes)*len(actors))
}

// answers asks one route as one actor: the status is what the table says, a refusal changes nothing, and nobody is told
// what is not theirs.
func (w *world) answers(t *testing.T, route, actor string, code int, secrets []planted) {
	t.Helper()
	c := w.prepare(t, route, access[route], actor)
	before := ""
	if code >= 400 {
		before = w.state(t)
	}
	a := w.do(t, c)
	if a.StatusCode != code {
		t.Errorf("%s as %s: %d, want %d: %s", route, actor, a.StatusCode, code, a.body)
	}
	if code >= 400 && w.state(t) != before {
		t.Errorf("%s as %s: refused, and changed something", route, actor)
	}
	if code == http.StatusNoContent && (len(a.body) > 0 || a.Header.Get("Content-Type") != "") {
		t.Errorf("%s as %s: 204 with a body: %q %q", route, actor, a.body, a.Header.Get("Content-Type"))
	}
	if expired := a.problem().Code == desk.CodeSessionExpired; expired != (actor == "expired" && code == 401) {
		t.Errorf("%s as %s: code %s", route, actor, a.problem().Code)
	}
	for _, s := range secrets {
		if !slices.Contains(s.readers, actor) && strings.Contains(string(a.body), s.text) {
			t.Errorf("%s tells %s %s: %s", route, actor, s.what, a.body)
		}
	}
	if strings.Contains(route, " /api/v1/") {
		w.valid(t, c, a)
	}
}

func (w *world) expire(t testing.TB, session desk.ID) {
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update sessions set expires_at = now() - interval '1 second' where id = $1", session)
		return err
	})
}

// An own parent with a foreign child: the parent's check must not stand in for
// the child's.
func TestForeignChildrenOfOwnObjectsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, foreign := w.ticket(t, "ana"), w.conversation(t, "chloe")
	zara := string(w.viewers["zara"].User)
	token := map[string]string{}
	for _, who := range []string{"ana", "tess", "adam"} {
		token[who], _ = w.logIn(t, who)
	}
	_, carls := w.logIn(t, "carl")
	for _, c := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"tess", "PATCH", "/tickets/" + string(own), `{"assignee_id":"` + zara + `"}`, 422},
		{"tess", "PATCH", "/tickets/" + string(own), `{"assignee_id":"` + string(w.viewers["chloe"].User) + `"}`, 422},
		{"ana", "PATCH", "/tickets/" + string(own), `{"assignee_id":"` + string(w.viewers["tess"].User) + `"}`, 403},
		{"tess", "POST", "/tickets", `{"subject":"s","description":"d","requester_id":"` + zara + `"}`, 404},
		{"ana", "POST", "/tickets", `{"subject":"s","description":"d","requester_id":"` + string(w.viewers["chloe"].User) + `"}`, 403},
		{"ana", "POST", "/tickets/" + string(own) + "/replies", `{"text":"x","internal":true}`, 403},
		{"ana", "POST", "/conversations", `{"id":"` + string(foreign) + `"}`, 404},
		{"ana", "GET", "/conversations?user=" + string(w.viewers["chloe"].User), "", 403},
		{"ana", "GET", "/conversations?all=true", "", 403},
		{"ana", "GET", "/tickets?view=queue", "", 403},
		{"ana", "GET", "/tickets?view=company", "", 403},
		{"adam", "DELETE", "/sessions/" + string(carls), "", 404},
	} {
		before := w.state(t)
		a := w.do(t, call{method: c.method, path: "/api/v1" + c.path, body: c.body, token: token[c.who]})
		if a.StatusCode != c.want || w.state(t) != before {
			t.Errorf("%s %s %s as %s: %d, want %d, unchanged %v: %s", c.method, c.path, c.body, c.who, a.StatusCode, c.want, w.state(t) == before, a.body)
		}
	}
	a := w.do(t, call{path: "/api/v1/conversations?user=" + zara, token: token["tess"]})
	if a.StatusCode != 200 || !strings.Contains(string(a.body), `"items":[]`) {
		t.Errorf("a foreign person's conversations: %d %s", a.StatusCode, a.body)
	}
}

// What each role is told is listed here field by field; a new field in an
// answer must be added by somebody who has thought about it.
func TestAnswersCarryTheListedFieldsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ticket(t, "ana")
	if _, err := w.tickets.Reply(w.as(t, "tess"), id, "for staff only", true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tickets.Reply(w.as(t, "tess"), id, "for all", false); err != nil {
		t.Fatal(err)
	}
	const person = "id name login email role language must_change must_enrol company.id company.name tenant.name tenant.slug policies.ticketing policies.knowledge_base " +
		"policies.self_service policies.assistant policies.assistant_tickets policies.manual_tickets policies.reopen assistant.offline assistant.model files.max_bytes files.per_message"
	const ticket = "id number subject description status status_kind priority origin requester.id requester.name requester.company company.id company.name " +
		"handoff fix_asked version created_at updated_at unread is_merged earlier joined replies.id replies.author.id replies.author.name replies.author.staff replies.text replies.internal replies.at fields attachments actions"
	for _, c := range []struct{ who, path, fields string }{
		{"ana", "/me", person},
		{"ben", "/me", person},
		{"tess", "/me", strings.NewReplacer(" company.id", "", " company.name", "").Replace(person)},
		{"ana", "/tickets/" + string(id), ticket},
		{"ben", "/tickets/" + string(id), ticket},
		{"tess", "/tickets/" + string(id), ticket},
		{"tess", "/admin/users", "next items.id items.login items.email items.name items.role items.language items.company.id items.company.name items.disabled items.created_at items.last_login_at " +
			"items.first_password items.must_change items.may_manage items.version"},
		{"tess", "/admin/companies", "next items.id items.name items.domains items.created_at items.version items.people items.devices items.tickets"},
		{"ana", "/session", "sessions.id sessions.current sessions.user_agent sessions.ip sessions.created_at sessions.last_seen_at user." + strings.ReplaceAll(person, " ", " user.")},
	} {
		token, _ := w.logIn(t, c.who)
		a := w.do(t, call{path: "/api/v1" + c.path, token: token})
		var v any
		if err := json.Unmarshal(a.body, &v); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		leaves("", v, got)
		want := strings.Fields(c.fields)
		for f := range got {
			if !slices.Contains(want, f) {
				t.Errorf("%s as %s tells %s", c.path, c.who, f)
			}
		}
		for _, f := range want {
			if !got[f] {
				t.Errorf("%s as %s does not tell %s", c.path, c.who, f)
			}
		}
		if internal := strings.Contains(string(a.body), "for staff only"); internal != (c.who == "tess" && strings.HasPrefix(c.path, "/tickets")) {
			t.Errorf("%s as %s: internal note shown %v", c.path, c.who, internal)
		}
	}
}

func leaves(path string, v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			leaves(strings.TrimPrefix(path+"."+k, "."), x, into)
		}
	case []any:
		if len(v) == 0 {
			into[path] = true
		}
		for _, x := range v {
			leaves(path, x, into)
		}
	default:
		into[path] = true
	}
}
