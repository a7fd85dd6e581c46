package api_test

import (
	"net/http"
	"testing"

	"github.com/conserje/conserje/portal/desk"
)

// A switch holds from the next request on, for sessions that there are already,
// and refuses by its name; staff work on, and so does everybody when it is taken
// back.
// Holds R7, R8, R11, R12, R20 and R26.
func TestEachSwitchRefusesOverRESTAtOnceAndByItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, _ := w.logIn(t, "ana")
	ben, _ := w.logIn(t, "ben")
	tess, _ := w.logIn(t, "tess")
	adam, _ := w.logIn(t, "adam")
	ticket, done, article, laptop := string(w.ticket(t, "ana")), string(w.ticket(t, "ana")), string(w.article(t)), string(w.laptop(t, "ana"))
	set := func(patch string) {
		t.Helper()
		if a := w.do(t, call{method: http.MethodPatch, path: "/api/v1/admin/policies", token: adam, body: patch}); a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", patch, a.StatusCode, a.body)
		}
	}
	if a := w.do(t, call{method: http.MethodPatch, path: "/api/v1/tickets/" + done, token: tess, body: `{"status":"resolved"}`}); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	const off, everyone = `{"mode":"off","users":[]}`, `{"mode":"everyone","users":[]}`
	act := `{"device_id":"` + laptop + `","operation":"restart"}`
	for _, c := range []struct {
		name, off, on     string
		method, path, req string
		rule              string
		others            string // who goes on
	}{
		{"R7: list", `{"ticketing":` + off + `}`, `{"ticketing":` + everyone + `}`, "GET", "/tickets", "", "ticketing", tess},
		{"R7: read", `{"ticketing":` + off + `}`, `{"ticketing":` + everyone + `}`, "GET", "/tickets/" + ticket, "", "ticketing", tess},
		{"R7: open", `{"ticketing":` + off + `}`, `{"ticketing":` + everyone + `}`, "POST", "/tickets", `{"subject":"A"}`, "ticketing", tess},
		{"R7: reply", `{"ticketing":` + off + `}`, `{"ticketing":` + everyone + `}`, "POST", "/tickets/" + ticket + "/replies", `{"text":"A"}`, "ticketing", tess},
		{"R7: selected", `{"ticketing":{"mode":"selected","users":["` + string(w.viewers["ben"].User) + `"]}}`, `{"ticketing":` + everyone + `}`, "GET", "/tickets", "", "ticketing", ben},
		{"R8: list", `{"knowledge_base":` + off + `}`, `{"knowledge_base":` + everyone + `}`, "GET", "/articles", "", "knowledge_base", tess},
		{"R8: search", `{"knowledge_base":` + off + `}`, `{"knowledge_base":` + everyone + `}`, "GET", "/articles?query=printer", "", "knowledge_base", tess},
		{"R8: read", `{"knowledge_base":` + off + `}`, `{"knowledge_base":` + everyone + `}`, "GET", "/articles/" + article, "", "knowledge_base", tess},
		{"R8: selected", `{"knowledge_base":{"mode":"selected","users":["` + string(w.viewers["ben"].User) + `"]}}`, `{"knowledge_base":` + everyone + `}`, "GET", "/articles/" + article, "", "knowledge_base", ben},
		{"R11: open", `{"manual_tickets":false}`, `{"manual_tickets":true}`, "POST", "/tickets", `{"subject":"A"}`, "manual_tickets", tess},
		{"R12: all of it", `{"self_service":` + off + `}`, `{"self_service":` + everyone + `}`, "POST", "/actions", act, "self_service", ""},
		{"R12: one operation", `{"operations":{"restart":false}}`, `{"operations":{"restart":true}}`, "POST", "/actions", act, "operation", ""},
		{"R20: by its status", `{"reopen":false}`, `{"reopen":true}`, "PATCH", "/tickets/" + done, `{"status":"open"}`, "reopen", tess},
		{"R20: by a reply", `{"reopen":false}`, `{"reopen":true}`, "POST", "/tickets/" + done + "/replies", `{"text":"A"}`, "reopen", tess},
	} {
		ask := func(token string) answer {
			return w.do(t, call{method: c.method, path: "/api/v1" + c.path, token: token, body: c.req})
		}
		set(c.off)
		before := w.state(t)
		a := ask(ana)
		if p := a.problem(); a.StatusCode != http.StatusForbidden || p.Code != desk.CodePolicy || p.Params["rule"] != c.rule || w.state(t) != before {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, a.body)
		}
		if c.others != "" {
			if a := ask(c.others); a.StatusCode >= http.StatusBadRequest {
				t.Errorf("%s, for others: %d %s", c.name, a.StatusCode, a.body)
			}
		}
		if c.rule == "reopen" { // they opened it
			w.do(t, call{method: http.MethodPatch, path: "/api/v1/tickets/" + done, token: tess, body: `{"status":"resolved"}`})
		}
		set(c.on)
		if a := ask(ana); a.StatusCode >= http.StatusBadRequest {
			t.Errorf("%s, taken back: %d %s", c.name, a.StatusCode, a.body)
		}
		if c.rule == "reopen" {
			w.do(t, call{method: http.MethodPatch, path: "/api/v1/tickets/" + done, token: tess, body: `{"status":"resolved"}`})
		}
	}
}
