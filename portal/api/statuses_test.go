package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

// status makes one of the tenant's own, of which nobody else knows.
func (w *world) status(t testing.TB) string {
	t.Helper()
	r, err := w.tickets.AddStatus(w.as(t, "adam"), tickets.StatusDraft{Kind: tickets.KindPending, Names: &tickets.Names{"en": "S " + string(desk.NewID())}})
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Key)
}

func (w *world) statusKeys(t testing.TB) string {
	t.Helper()
	list, err := w.tickets.AllStatuses(w.as(t, "adam"))
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, len(list))
	for i, r := range list {
		keys[i] = `"` + string(r.Key) + `"`
	}
	return strings.Join(keys, ",")
}

func TestBadStatusesAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	key := w.status(t)
	id := w.ticket(t, "ana")
	tess, _ := w.logIn(t, "tess")
	if a := w.do(t, call{method: "PATCH", path: "/api/v1/tickets/" + string(id), body: `{"status":"` + key + `"}`, token: tess}); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	for _, c := range []struct {
		what, method, path, body string
		status                   int
		code                     desk.Code
		field                    string
	}{
		{"no kind", "POST", "", `{"names":{"en":"x"}}`, 422, desk.CodeInvalid, ""},
		{"unknown kind", "POST", "", `{"kind":"lost","names":{"en":"x"}}`, 422, desk.CodeInvalid, "kind"},
		{"no name", "POST", "", `{"kind":"open","names":{}}`, 422, desk.CodeEmptyText, "names"},
		{"blank name", "POST", "", `{"kind":"open","names":{"en":"  "}}`, 422, desk.CodeEmptyText, "names"},
		{"long name", "POST", "", `{"kind":"open","names":{"en":"` + strings.Repeat("x", 61) + `"}}`, 422, desk.CodeTextTooLong, "names"},
		{"NUL", "POST", "", `{"kind":"open","names":{"en":"a\u0000"}}`, 422, desk.CodeInvalidUTF8, "names"},
		{"unknown language", "POST", "", `{"kind":"open","names":{"xx":"x"}}`, 422, desk.CodeInvalid, "names"},
		{"unknown colour", "POST", "", `{"kind":"open","names":{"en":"x"},"color":"pink"}`, 422, desk.CodeInvalid, "color"},
		{"key of one's own", "POST", "", `{"kind":"open","names":{"en":"x"},"key":"new"}`, 422, desk.CodeInvalid, "key"},
		{"another kind", "PATCH", "/" + key, `{"kind":"open"}`, 422, desk.CodeInvalid, "kind"},
		{"absent", "PATCH", "/lost", `{"color":"red"}`, 404, desk.CodeNotFound, ""},
		{"half an order", "PUT", "", `{"keys":["new"]}`, 409, desk.CodeConflict, "keys"},
		{"built-in", "DELETE", "/open", "", 409, desk.CodeBuiltIn, ""},
		{"in use", "DELETE", "/" + key, "", 409, desk.CodeInUse, ""},
		{"replaced by itself", "DELETE", "/" + key + "?replacement=" + key, "", 422, desk.CodeInvalid, "replacement"},
		{"replaced by nothing there is", "DELETE", "/" + key + "?replacement=lost", "", 422, desk.CodeInvalid, "replacement"},
	} {
		before := w.state(t)
		a := w.do(t, call{method: c.method, path: "/api/v1/admin/statuses" + c.path, body: c.body, token: token})
		p := a.problem()
		if a.StatusCode != c.status || p.Code != c.code || p.Field != c.field || w.state(t) != before {
			t.Errorf("%s: %d %s %q, unchanged %v: %s", c.what, a.StatusCode, p.Code, p.Field, w.state(t) == before, a.body)
		}
	}
}
