package api_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// failedMail is a mail to somebody that nobody took.
func (w *world) failedMail(t *testing.T, to string) desk.ID {
	t.Helper()
	id := desk.NewID()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into messages_out (tenant_id, id, channel, template, user_id, recipient, sealed, state, detail)
			values ($1, $2, 'mail', 'mail_totp_added', $3, 'ana@example.test', false, 'failed', 'refused_number: smtp 550')`, w.tenant, id, w.viewers[to].User)
		return err
	})
	return id
}

// changed is the audit's entry of a switch that adam just turned.
func (w *world) changed(t *testing.T) (id desk.ID) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		s, err := policy.Load(ctx, tx)
		if err != nil {
			return err
		}
		now, _ := json.Marshal(!s.Reopen)
		if _, err := policy.Change(ctx, tx, w.viewers["adam"], map[string]json.RawMessage{"reopen": now}); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select id from audit where action = 'policy.changed' order by at desc limit 1").Scan(&id)
	})
	return id
}

type auditPage struct {
	Items []struct {
		ID     desk.ID         `json:"id"`
		Action string          `json:"action"`
		Detail json.RawMessage `json:"detail"`
		Undo   bool            `json:"undo"`
	} `json:"items"`
	Next *string `json:"next"`
}

// Holds P14: the audit log is read with filters, page by page, and leaves as a
// file that a spreadsheet takes for text; that it left is in it.
func TestP14AuditIsReadAndExportedByAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		for _, object := range []string{"=cmd|' /C calc'!A0", "plain"} {
			if err := tx.Audit(ctx, store.AuditEntry{Actor: w.viewers["adam"].User, Action: "policy.changed", Object: object, Detail: map[string]any{"old": 1, "new": 2}}); err != nil {
				return err
			}
		}
		return nil
	})
	read := func(query string) (p auditPage) {
		t.Helper()
		a := w.do(t, call{method: http.MethodGet, path: "/api/v1/admin/audit?" + query, token: token})
		if a.StatusCode != http.StatusOK || json.Unmarshal(a.body, &p) != nil {
			t.Fatalf("%s: %d %s", query, a.StatusCode, a.body)
		}
		return p
	}
	first := read("group=policy&limit=1")
	if len(first.Items) != 1 || first.Next == nil || first.Items[0].Action != "policy.changed" || !first.Items[0].Undo {
		t.Fatalf("%+v", first)
	}
	if second := read("group=policy&limit=1&cursor=" + *first.Next); len(second.Items) != 1 || second.Items[0].ID == first.Items[0].ID {
		t.Errorf("%+v", second)
	}
	if none := read("action=policy.changed&actor=" + string(w.viewers["ana"].User)); len(none.Items) != 0 {
		t.Errorf("ana did %+v", none)
	}
	if none := read("to=2001-01-01T00:00:00Z"); len(none.Items) != 0 {
		t.Errorf("long ago: %+v", none)
	}
	table := w.do(t, call{method: http.MethodGet, path: "/api/v1/admin/audit/export?group=policy", token: token})
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(table.body), "\uFEFF"))).ReadAll()
	if err != nil || len(rows) != 3 || !slices.ContainsFunc(rows, func(r []string) bool { return r[4] == "'=cmd|' /C calc'!A0" }) {
		t.Errorf("%v %q", err, rows)
	}
	lines := w.do(t, call{method: http.MethodGet, path: "/api/v1/admin/audit/export?group=policy&format=jsonl", token: token})
	n := 0
	for s := bufio.NewScanner(strings.NewReader(string(lines.body))); s.Scan(); n++ {
		if !json.Valid(s.Bytes()) {
			t.Errorf("no JSON: %s", s.Text())
		}
	}
	if n != 2 {
		t.Errorf("%d lines", n)
	}
	if exports := read("group=audit"); len(exports.Items) != 2 || exports.Items[0].Action != "audit.exported" {
		t.Errorf("%+v", exports)
	}
}

// Holds P14: the document of the interface is served, and has every route of
// the interface.
func TestP14DocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, call{method: http.MethodGet, path: "/api/openapi.json"})
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v %q", err, doc.OpenAPI)
	}
	served, _ := w.routes()
	for _, r := range served {
		method, path, _ := strings.Cut(r, " ")
		if method == http.MethodHead || !strings.HasPrefix(path, "/api/v1/") || path == "/api/v1/chat" {
			continue
		}
		if doc.Paths[path][strings.ToLower(method)] == nil {
			t.Errorf("%s is not in the document", r)
		}
	}
}

// A message that did not go out is sent again; one that is out is not.
func TestAFailedMessageIsSentAgainOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "tess")
	again := call{method: http.MethodPost, path: "/api/v1/admin/messages/" + string(w.failedMail(t, "ana")) + "/again", token: token}
	if a := w.do(t, again); a.StatusCode != http.StatusOK || !strings.Contains(string(a.body), `"state":"queued"`) {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if a := w.do(t, again); a.problem().Code != desk.CodeNotAgain {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
