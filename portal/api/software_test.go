package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/software"
)

const aRow = `{"name":"Firefox","publisher":"Mozilla","audience":{"mode":"everyone"},"packages":[{"system":"windows","manager":"chocolatey","package":"firefox"}]}`

// row makes a row of the catalogue that everybody may have.
func (w *world) row(t testing.TB) desk.ID {
	t.Helper()
	e, err := w.software.Create(desk.WithViewer(t.Context(), w.viewers["adam"]), software.RowDraft{
		Name: "Firefox", Audience: software.RowAudience{Mode: "everyone"},
		Packages: []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "firefox"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

func (w *world) source(t testing.TB) desk.ID {
	t.Helper()
	s, err := w.software.AddSource(desk.WithViewer(t.Context(), w.viewers["adam"]), software.SourceDraft{
		Manager: "chocolatey", Name: string(desk.NewID()), URL: "https://packages.example/nuget",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func (w *world) request(t testing.TB, login string) desk.ID {
	t.Helper()
	v := w.viewers[login]
	// So many tests make so many.
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.ClearLimit(ctx, "software_request "+string(v.User))
	})
	r, err := w.software.Request(desk.WithViewer(t.Context(), v), software.Wish{Name: "Program " + string(desk.NewID())})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestCredentialsOfASourceAreInNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	const canary = "canary-7f3a-password"
	made := w.do(t, call{
		method: "POST", path: "/api/v1/admin/software/sources", token: token, header: map[string]string{"Idempotency-Key": "k"},
		body: `{"manager":"chocolatey","name":"Private","url":"https://packages.example/nuget","credentials":{"user":"canary-user","password":"` + canary + `"}}`,
	})
	if made.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", made.StatusCode, made.body)
	}
	_, id, _ := strings.Cut(string(made.body), `"id":"`)
	id = id[:36]
	answers := []answer{made}
	for _, c := range []call{
		{method: "GET", path: "/api/v1/admin/software/sources"},
		{method: "GET", path: "/api/v1/admin/software/sources/" + id},
		{method: "PATCH", path: "/api/v1/admin/software/sources/" + id, body: `{"name":"Renamed"}`},
		{method: "PATCH", path: "/api/v1/admin/software/sources/" + id, body: `{"credentials":{"user":"canary-user","password":"` + canary + `2"}}`},
		{method: "PATCH", path: "/api/v1/admin/software/sources/" + id, body: `{"credentials":{"user":"","password":"` + canary + `"}}`},
	} {
		c.token = token
		answers = append(answers, w.do(t, c))
	}
	for i, a := range answers {
		if strings.Contains(string(a.body), "canary") {
			t.Errorf("answer %d shows the credentials: %s", i, a.body)
		}
	}
	if !strings.Contains(string(answers[2].body), `"has_credentials":true`) {
		t.Errorf("%s", answers[2].body)
	}
}

func TestATechnicianApprovesButMakesNoRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "tess")
	request := w.request(t, "ana")
	path := "/api/v1/admin/software/requests/" + string(request) + "/approve"
	if a := w.do(t, call{method: "POST", path: path, token: token, body: `{"new":` + aRow + `}`}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a technician makes a row: %d %s", a.StatusCode, a.body)
	}
	for _, bad := range []string{`{}`, `{"software_id":"` + string(w.row(t)) + `","new":` + aRow + `}`, `{"software_id":"` + string(desk.NewID()) + `"}`} {
		if a := w.do(t, call{method: "POST", path: path, token: token, body: bad}); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, a.StatusCode, a.body)
		}
	}
	body := `{"software_id":"` + string(w.row(t)) + `"}`
	for _, want := range []int{http.StatusOK, http.StatusConflict} {
		if a := w.do(t, call{method: "POST", path: path, token: token, body: body}); a.StatusCode != want {
			t.Errorf("%d, want %d: %s", a.StatusCode, want, a.body)
		}
	}
}

func TestAnEditOfWhatSomebodyElseChangedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	path := "/api/v1/admin/software/" + string(w.row(t))
	tag := w.do(t, call{method: "GET", path: path, token: token}).Header.Get("ETag")
	for _, want := range []int{http.StatusOK, http.StatusConflict} {
		a := w.do(t, call{method: "PATCH", path: path, token: token, body: `{"name":"Firefox ESR"}`, header: map[string]string{"If-Match": tag}})
		if a.StatusCode != want {
			t.Errorf("%d, want %d: %s", a.StatusCode, want, a.body)
		}
	}
}
