package api_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
)

const done = `{"state":"done","note":"seen"}`

// feedbackAccess are the rows of what people think of articles, and of where
// articles come from, in the table of access.
var feedbackAccess = map[string]row{
	"PUT /api/v1/articles/{id}/feedback":   {"article", `{"lang":"en","change":1,"rating":"down","reason":"no"}`, "401 401 200 200 404 200 200 200 401 404"},
	"GET /api/v1/articles/{id}/related":    {"article", "", everybodyLoggedIn},
	"GET /api/v1/admin/feedback":           {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"PUT /api/v1/admin/feedback/{id}":      {"review", done, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/unanswered":         {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"PUT /api/v1/admin/unanswered/{key}":   {"unanswered", done, "401 401 403 403 403 403 200 200 401 404"},
	"GET /api/v1/admin/sources":            {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/sources":           {"", `{"url":"https://example.com/{fresh}","kind":"page","lang":"en"}`, "401 401 403 403 403 403 403 201 401 201"},
	"GET /api/v1/admin/sources/{id}/pages": {"web source", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/sources/{id}/sync": {"web source", "", "401 401 403 403 403 403 403 200 401 404"},
	"DELETE /api/v1/admin/sources/{id}":    {"web source", "", "401 401 403 403 403 403 403 204 401 404"},
}

func init() { maps.Copy(access, feedbackAccess) }

// missed makes a review of an article, a source, or an unanswered question,
// whose key stands in the path.
func (w *world) missed(t testing.TB, c *call, target string) (id desk.ID) {
	t.Helper()
	adam := w.viewers["adam"]
	switch target {
	case "web source":
		s, err := w.kb.AddSource(t.Context(), adam, kb.NewSource{URL: "https://example.com/" + string(desk.NewID()), Kind: "page", Lang: "en"})
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	case "unanswered":
		key := strings.Repeat("ab", 32)
		conversation := w.conversation(t, "ana")
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.AddUnanswered(ctx, db.AddUnansweredParams{
				TenantID: tx.Tenant, ConversationID: conversation, Seq: 2, QuestionSeq: 1, Key: []byte(strings.Repeat("\xab", 32)), Lang: "en",
			})
		})
		c.path = strings.Replace(c.path, "{key}", key, 1)
		return ""
	}
	article := w.article(t)
	if err := w.kb.Rate(t.Context(), w.viewers["ana"], article, "en", 1, kb.ArticleRating{Rating: "down", Reason: "no"}); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select id from feedback where article_id = $1", article).Scan(&id)
	})
	return id
}

// P10, SECURITY A8: what a person writes as the reason may be the code that is
// awaited from them; it is not stored as one. And R8 keeps raters out too.
func TestP10AReasonIsStoredForReadersOfTheBaseOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	id := w.article(t)
	c := call{method: http.MethodPut, path: "/api/v1/articles/" + string(id) + "/feedback", token: token, body: `{"lang":"en","change":1,"rating":"down","reason":"It says nothing of the lamp."}`}
	if a := w.do(t, c); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	read := w.do(t, call{path: "/api/v1/articles/" + string(id), token: token})
	if !strings.Contains(string(read.body), `"rating":{"rating":"down","reason":"It says nothing of the lamp."}`) {
		t.Errorf("%s", read.body)
	}
	admin, _ := w.logIn(t, "adam")
	if a := w.do(t, call{method: http.MethodPatch, path: "/api/v1/admin/policies", token: admin, body: `{"knowledge_base":{"mode":"off","users":[]}}`}); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	for _, c := range []call{c, {path: "/api/v1/articles/" + string(id) + "/related", token: token}} {
		if a := w.do(t, c); a.StatusCode != http.StatusForbidden || a.problem().Code != desk.CodePolicy {
			t.Errorf("%s %s with the base switched off: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
	}
}
