package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

// field makes one of the tenant's own, of which nobody else knows.
func (w *world) field(t testing.TB) desk.ID {
	t.Helper()
	f, err := w.tickets.AddField(w.as(t, "adam"), tickets.FieldDraft{Kind: tickets.FieldText, Names: &tickets.Names{"en": "F " + string(desk.NewID())}})
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

func (w *world) fieldIDs(t testing.TB) string {
	t.Helper()
	list, err := w.tickets.Fields(w.as(t, "adam"))
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = `"` + string(f.ID) + `"`
	}
	return strings.Join(ids, ",")
}

// fieldKey finds a built-in field.
func (w *world) fieldKey(t testing.TB, key string) tickets.FieldRow {
	t.Helper()
	list, err := w.tickets.Fields(w.as(t, "adam"))
	i := slices.IndexFunc(list, func(f tickets.FieldRow) bool { return f.Key == key })
	if err != nil || i < 0 {
		t.Fatal(key, err)
	}
	return list[i]
}

// hide sets the built-in fields that users do not see.
func (w *world) hide(t testing.TB, keys ...string) {
	t.Helper()
	for _, key := range []string{"subject", "description", "status", "priority", "assignee", "type"} {
		mode := tickets.ModeEdit
		if slices.Contains(keys, key) {
			mode = tickets.ModeHidden
		}
		if _, err := w.tickets.ChangeField(w.as(t, "adam"), w.fieldKey(t, key).ID, tickets.FieldDraft{Mode: &mode}); err != nil {
			t.Fatal(err)
		}
	}
}

// Holds R21, R26 (ASVS 15.3.1): what each role is told of a ticket, field by
// field, in every answer that has one.
func TestHiddenFieldsAreAbsentFromEveryAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conv := w.conversation(t, "ana")
	if err := w.conversations.Handoff(w.as(t, "ana"), conv, "Quagga"); err != nil {
		t.Fatal(err)
	}
	page, err := w.tickets.List(w.as(t, "tess"), tickets.Filter{})
	if err != nil || len(page.Items) != 1 {
		t.Fatal(page, err)
	}
	id := string(page.Items[0].ID)
	wish := w.fieldKey(t, "type").Options[0].ID
	_, err = w.tickets.Change(w.as(t, "tess"), page.Items[0].ID, tickets.Change{
		Subject: new("Zanzibar"), Description: new("Quagga"), Priority: new(tickets.Priority("urgent")), Assignee: new(w.viewers["tess"].User),
		Status: new(tickets.StatusPending), Fields: tickets.Values{"type": json.RawMessage(`"` + string(wish) + `"`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]string{
		"subject": {"subject"}, "description": {"description"}, "status": {"status", "status_kind"}, "priority": {"priority"},
		"assignee": {"assignee.id", "assignee.name"}, "type": {"fields.field_id"},
	}
	words := map[string][]string{
		"subject": {"Zanzibar"}, "description": {"Quagga"}, "status": {"pending"}, "priority": {"urgent"}, "assignee": {`"assignee"`}, "type": {string(wish)},
	}
	for _, hidden := range []string{"", "subject", "description", "status", "priority", "assignee", "type"} {
		w.hide(t, hidden)
		for _, who := range []string{"ana", "ben", "tess", "adam"} {
			token, _ := w.logIn(t, who)
			staff := who == "tess" || who == "adam"
			a := w.do(t, call{path: "/api/v1/tickets/" + id, token: token})
			w.valid(t, call{method: http.MethodGet, path: "/api/v1/tickets/" + id, token: token}, a)
			var v any
			if err := json.Unmarshal(a.body, &v); err != nil || a.StatusCode != http.StatusOK {
				t.Fatal(err, a.StatusCode, string(a.body))
			}
			got := map[string]bool{}
			leaves("", v, got)
			for field, list := range parts {
				for _, part := range list {
					if want := staff || field != hidden; got[part] != want {
						t.Errorf("%s hidden, %s as %s: told %v", hidden, part, who, got[part])
					}
				}
			}
			if staff || hidden == "" {
				continue
			}
			for _, path := range []string{"/tickets", "/tickets/" + id, "/tickets/" + id + "/transcript", "/conversations", "/conversations/" + string(conv) + "/events", "/fields"} {
				a := w.do(t, call{path: "/api/v1" + path, token: token})
				for _, word := range words[hidden] {
					told := strings.Contains(string(a.body), word)
					if hidden == "description" && strings.Contains(path, string(conv)) || strings.HasSuffix(path, "/transcript") && hidden == "description" {
						continue // what was said in the chat is the chat's
					}
					if told {
						t.Errorf("%s hidden, %s as %s tells %q: %s", hidden, path, who, word, a.body)
					}
				}
			}
		}
	}
}

// Holds R21, R22: the refusal names the rule and the field.
func TestFieldsThatUsersMayNotChangeAreRefusedByTheirRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := "/tickets/" + string(w.ticket(t, "ana"))
	custom := w.field(t)
	if _, err := w.tickets.ChangeField(w.as(t, "adam"), custom, tickets.FieldDraft{Mode: new(tickets.ModeHidden)}); err != nil {
		t.Fatal(err)
	}
	token, _ := w.logIn(t, "ana")
	for _, c := range []struct {
		what, method, path, body, rule, field string
	}{
		{"read-only", "PATCH", own, `{"priority":"high"}`, "field_read_only", "priority"},
		{"read-only in a form", "POST", "/tickets", `{"subject":"s","priority":"high"}`, "field_read_only", "priority"},
		{"hidden choice", "PATCH", own, `{"fields":{"type":null}}`, "field_hidden", "fields." + string(w.fieldKey(t, "type").ID)},
		{"hidden field", "PATCH", own, `{"fields":{"` + string(custom) + `":"x"}}`, "field_hidden", "fields." + string(custom)},
		{"hidden field in a form", "POST", "/tickets", `{"subject":"s","fields":{"` + string(custom) + `":"x"}}`, "field_hidden", "fields." + string(custom)},
	} {
		before := w.state(t)
		a := w.do(t, call{method: c.method, path: "/api/v1" + c.path, body: c.body, token: token})
		p := a.problem()
		if a.StatusCode != http.StatusForbidden || p.Code != desk.CodePolicy || p.Params["rule"] != c.rule || p.Field != c.field || w.state(t) != before {
			t.Errorf("%s: %d %s, unchanged %v", c.what, a.StatusCode, a.body, w.state(t) == before)
		}
	}
}

func TestBadFieldsAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	own := w.field(t)
	subject := string(w.fieldKey(t, "subject").ID)
	for _, c := range []struct {
		what, method, path, body string
		status                   int
		code                     desk.Code
	}{
		{"unknown kind", "POST", "", `{"kind":"column","names":{"en":"x"}}`, 422, desk.CodeInvalid},
		{"no name", "POST", "", `{"kind":"text","names":{"en":" "}}`, 422, desk.CodeEmptyText},
		{"nothing to choose", "POST", "", `{"kind":"choice","names":{"en":"x"}}`, 422, desk.CodeInvalid},
		{"choices of a text", "POST", "", `{"kind":"text","names":{"en":"x"},"options":[{"names":{"en":"y"}}]}`, 422, desk.CodeInvalid},
		{"a choice without a name", "POST", "", `{"kind":"choice","names":{"en":"x"},"options":[{"names":{}}]}`, 422, desk.CodeEmptyText},
		{"a foreign choice", "POST", "", `{"kind":"choice","names":{"en":"x"},"options":[{"id":"` + subject + `","names":{"en":"y"}}]}`, 422, desk.CodeInvalid},
		{"read-only", "POST", "", `{"kind":"text","names":{"en":"x"},"mode":"read_only"}`, 422, desk.CodeInvalid},
		{"unknown mode", "PATCH", "/" + string(own), `{"mode":"secret"}`, 422, desk.CodeInvalid},
		{"another kind", "PATCH", "/" + string(own), `{"kind":"date"}`, 422, desk.CodeInvalid},
		{"a required column", "PATCH", "/" + subject, `{"required":true}`, 422, desk.CodeInvalid},
		{"an archived column", "PATCH", "/" + subject, `{"archived":true}`, 409, desk.CodeBuiltIn},
		{"absent", "PATCH", "/" + string(desk.NewID()), `{"mode":"edit"}`, 404, desk.CodeNotFound},
		{"half an order", "PUT", "", `{"ids":["` + string(own) + `"]}`, 409, desk.CodeConflict},
		{"built-in", "DELETE", "/" + subject, "", 409, desk.CodeBuiltIn},
	} {
		before := w.state(t)
		a := w.do(t, call{method: c.method, path: "/api/v1/admin/fields" + c.path, body: c.body, token: token})
		if a.StatusCode != c.status || a.problem().Code != c.code || w.state(t) != before {
			t.Errorf("%s: %d %s, unchanged %v", c.what, a.StatusCode, a.body, w.state(t) == before)
		}
	}
}
