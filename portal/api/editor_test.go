package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

// editorAccess are the rows of the editor's routes in the table of access.
var editorAccess = map[string]row{
	"GET /api/v1/admin/articles/waiting":                                       {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/articles":                                              {"", `{"lang":"en","title":"New","summary":"","markdown":"text"}`, "401 401 403 403 403 403 403 201 401 201"},
	"POST /api/v1/admin/articles/preview":                                      {"", `{"title":"New","summary":"","markdown":"text"}`, "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/articles/{id}":                                          {"article", "", "401 401 403 403 403 403 200 200 401 404"},
	"PATCH /api/v1/admin/articles/{id}":                                        {"settings", `{"review_on":"2027-01-31"}`, "401 401 403 403 403 403 403 200 401 404"},
	"PUT /api/v1/admin/articles/{id}/texts/{lang}":                             {"draft", `{"title":"New","summary":"","markdown":"text"}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/articles/{id}/texts/{lang}":                          {"draft", "", "401 401 403 403 403 403 403 204 401 404"},
	"DELETE /api/v1/admin/articles/{id}/texts/{lang}/draft":                    {"draft", "", "401 401 403 403 403 403 403 200 401 404"},
	"POST /api/v1/admin/articles/{id}/texts/{lang}/publish":                    {"draft", "", "401 401 403 403 403 403 403 200 401 404"},
	"POST /api/v1/admin/articles/{id}/texts/{lang}/withdraw":                   {"draft", "", "401 401 403 403 403 403 403 200 401 404"},
	"GET /api/v1/admin/articles/{id}/texts/{lang}/revisions":                   {"draft", "", "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/articles/{id}/texts/{lang}/revisions/{change}":          {"draft", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/articles/{id}/texts/{lang}/revisions/{change}/restore": {"draft", "", "401 401 403 403 403 403 403 200 401 404"},
	"GET /api/v1/categories":                                                   {"", "", everybodyLoggedIn},
	"GET /api/v1/admin/categories":                                             {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/categories":                                            {"", `{"names":{"en":"Printing"}}`, "401 401 403 403 403 403 403 201 401 201"},
	"PUT /api/v1/admin/categories":                                             {"", `{"ids":[]}`, "401 401 403 403 403 403 403 200 401 200"},
	"PUT /api/v1/admin/categories/{id}":                                        {"category", `{"names":{"en":"Paper"}}`, "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/categories/{id}":                                     {"category", "", "401 401 403 403 403 403 403 204 401 404"},
}

var _ = rows(editorAccess)

// edited makes an article with a draft in English, or a category, and the
// header that names what its editor has seen.
func (w *world) edited(t testing.TB, c *call, target string) (desk.ID, map[string]string) {
	t.Helper()
	adam := w.viewers["adam"]
	if target == "category" {
		made, err := w.kb.SaveCategory(t.Context(), adam, kb.ArticleCategory{Names: map[desk.Language]string{"en": "Printing"}})
		if err != nil {
			t.Fatal(err)
		}
		return made.ID, seen(made.Version)
	}
	id := w.article(t)
	a, err := w.kb.Edit(t.Context(), adam, id)
	if err != nil {
		t.Fatal(err)
	}
	if target == "settings" {
		return id, seen(a.Version)
	}
	live := a.Languages[0]
	l, err := w.kb.SaveDraft(t.Context(), adam, id, live.Lang, live.Version, kb.Text{Title: "Printers", Markdown: "Turn it off and on."})
	if err != nil {
		t.Fatal(err)
	}
	c.path = strings.NewReplacer("{lang}", "en", "{change}", fmt.Sprint(live.Version)).Replace(c.path)
	return id, seen(l.Version)
}

func seen(version int64) map[string]string {
	return map[string]string{"If-Match": fmt.Sprintf("%q", fmt.Sprint(version))}
}

// Two who edit the same text: the second is told, and both texts are there to
// choose from.
func TestP9TheSecondOfTwoEditorsLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	c := call{method: http.MethodPost, path: "/api/v1/admin/articles", token: token, body: `{"lang":"en","title":"Printers","summary":"","markdown":"begun"}`}
	a := w.do(t, c)
	w.valid(t, c, a)
	var made kb.EditedArticle
	if err := json.Unmarshal(a.body, &made); err != nil || a.StatusCode != http.StatusCreated || a.Header.Get("ETag") != `"1"` {
		t.Fatalf("%d %s %v", a.StatusCode, a.body, err)
	}
	put := func(text, match string) answer {
		c := call{
			method: http.MethodPut, path: "/api/v1/admin/articles/" + string(made.ID) + "/texts/en", token: token,
			body: `{"title":"Printers","summary":"","markdown":"` + text + `"}`, header: map[string]string{"If-Match": match},
		}
		a := w.do(t, c)
		w.valid(t, c, a)
		return a
	}
	first := put("the first", `"1"`)
	second := put("the second", `"1"`)
	if first.StatusCode != 200 || second.StatusCode != 409 || second.problem().Code != desk.CodeConflict {
		t.Fatalf("%d %s, %d %s", first.StatusCode, first.body, second.StatusCode, second.body)
	}
	now := w.do(t, call{path: "/api/v1/admin/articles/" + string(made.ID), token: token})
	if !strings.Contains(string(now.body), "the first") {
		t.Errorf("the first text is not there to compare: %s", now.body)
	}
	if third := put("the second, knowing the first", first.Header.Get("ETag")); third.StatusCode != 200 {
		t.Errorf("%d %s", third.StatusCode, third.body)
	}
	if a := put("without having looked", `"*"`); a.StatusCode != 422 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
