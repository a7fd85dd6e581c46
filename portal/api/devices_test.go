package api_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
)

var _ = rows(map[string]row{
	//                                         nobody expired ana carl chloe ben tess adam visitor zara
	"GET /api/v1/devices":                                  {"", "", everybodyLoggedIn},
	"GET /api/v1/devices/{id}":                             {"device", "", "401 401 200 404 404 404 404 404 401 404"},
	"GET /api/v1/admin/devices":                            {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/devices/tokens":                     {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"POST /api/v1/admin/devices/tokens":                    {"", `{}`, "401 401 403 403 403 403 201 201 401 201"},
	"GET /api/v1/admin/agents":                             {"", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/agents/{name}":                      {"agent", "", "401 401 403 403 403 403 200 200 401 200"},
	"GET /api/v1/admin/devices/{id}":                       {"device", "", "401 401 403 403 403 403 200 200 401 404"},
	"POST /api/v1/admin/devices/{id}/assignments":          {"device", `{"user_id":"$carl","account":"ana"}`, "401 401 403 403 403 403 201 201 401 404"},
	"DELETE /api/v1/admin/devices/{id}/assignments/{user}": {"device", "", "401 401 403 403 403 403 204 204 401 404"},
	"POST /api/v1/admin/devices/{id}/revoke":               {"device", "", "401 401 403 403 403 403 204 204 401 404"},
	"POST /api/v1/admin/devices/{id}/trust":                {"suspect device", "", "401 401 403 403 403 403 204 204 401 404"},
	"GET /agent/v1/link":                                   {"", "", "426 426 426 426 426 426 426 426 426 426"},
	"POST /agent/v1/enrol":                                 {"", `{}`, "404 404 404 404 404 404 404 404 404 404"},
})

// noLedger has no command for any device.
type noLedger struct{}

func (noLedger) Deliverable(context.Context, desk.ID, desk.ID) ([]wire.Command, error) {
	return nil, nil
}

func (noLedger) Progress(context.Context, desk.ID, desk.ID, desk.ID, string, time.Duration) error {
	return nil
}

func (noLedger) Finish(context.Context, desk.ID, desk.ID, wire.Result, []byte) error {
	return nil
}
func (noLedger) Seen(context.Context, desk.ID, desk.ID) error { return nil }

func (w *world) plugDevices(t testing.TB, cfg *api.Config) {
	t.Helper()
	w.devices = devices.New(w.store, cfg.Log)
	link, err := devices.NewLinkServer(t.Context(), devices.LinkConfig{
		Store: w.store, Registry: w.devices, Ledger: noLedger{}, Log: cfg.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	cfg.Devices, cfg.AgentLink, cfg.AgentEnrol = w.devices, link.Handler(), link.EnrolHandler()
	dir := t.TempDir()
	for name, text := range map[string]string{anAgent: "a program", "conserje-agent-windows-arm64.exe": "another", "secret.txt": "no program"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "conserje-agent-darwin-arm64")); err != nil {
		t.Fatal(err)
	}
	if cfg.Agents, err = devices.OpenDownloads(dir); err != nil {
		t.Fatal(err)
	}
}

const anAgent = "conserje-agent-linux-amd64"

func enrolment(t testing.TB, token string) wire.Enrol {
	t.Helper()
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return wire.Enrol{Token: token, SignKey: pub, SealKey: seal.PublicKey().Bytes(), Facts: wire.Facts{
		Name: "LAPTOP-7", System: wire.Windows, Accounts: []wire.Account{{Name: "ana", SID: "S-1", Kind: wire.AccountLocal}, {Name: "corp", Kind: wire.AccountDomain}},
	}}
}

// device enrols one of a person's.
func (w *world) device(t testing.TB, login string, suspect bool) desk.ID {
	t.Helper()
	token, err := w.devices.NewToken(w.as(t, "tess"), "", w.viewers[login].User)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.devices.Enrol(t.Context(), w.tenant, string(desk.NewID()), enrolment(t, token.Token))
	if err != nil {
		t.Fatal(err)
	}
	if suspect {
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.SuspectDevice(ctx, id)
			return err
		})
	}
	return id
}

// SECURITY F4: what a device holds, its token and its key's name, is nothing
// to any route of people.
func TestCredentialsOfADeviceOpenNoRouteOfPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.device(t, "ana", false)
	token, err := w.devices.NewToken(w.as(t, "tess"), w.acme, "")
	if err != nil {
		t.Fatal(err)
	}
	for route, r := range access {
		method, path, _ := strings.Cut(route, " ")
		if !strings.Contains(r.want, "401 401 ") || strings.Contains(path, "/session") && method == http.MethodPost {
			continue
		}
		path = strings.ReplaceAll(strings.ReplaceAll(path, "{id}", string(id)), "{user}", string(id))
		for _, credential := range []string{token.Token, string(id)} {
			for _, header := range []map[string]string{nil, {"Authorization": "Bearer " + credential}} {
				if a := w.do(t, call{method: method, path: path, body: r.body, token: credential, header: header}); a.StatusCode != 401 {
					t.Errorf("%s: %d %s", route, a.StatusCode, a.body)
				}
			}
		}
	}
}

func TestTokenIsToldOnceAndKeptNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tess, _ := w.logIn(t, "tess")
	c := call{method: "POST", path: "/api/v1/admin/devices/tokens", body: `{"user_id":"` + string(w.viewers["ana"].User) + `"}`, token: tess}
	c.header = map[string]string{"Idempotency-Key": "k"}
	slashed := c
	slashed.path += "/" // another spelling of the address is none
	if a := w.do(t, slashed); a.StatusCode != 404 {
		t.Errorf("%s: %d %s", slashed.path, a.StatusCode, a.body)
	}
	a := w.do(t, c)
	var made devices.EnrolmentToken
	if err := json.Unmarshal(a.body, &made); err != nil || a.StatusCode != 201 || made.Token == "" {
		t.Fatalf("%d %s %v", a.StatusCode, a.body, err)
	}
	if list := w.do(t, call{path: "/api/v1/admin/devices/tokens", token: tess}); bytes.Contains(list.body, []byte(made.Token)) || !bytes.Contains(list.body, []byte(made.ID)) {
		t.Errorf("%s", list.body)
	}
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `select count(*) from (select t::text as x from enrolment_tokens t union all select a::text from audit a
			union all select encode(response, 'escape') from idempotency_keys) all_rows where x like '%' || $1 || '%'`, made.Token).Scan(&n)
		if n != 0 {
			t.Errorf("the token lies in %d rows", n)
		}
		return err
	})
}

func TestStaffGetTheAgentsThatTheServerHasAndNothingElseOfTheFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tess, _ := w.logIn(t, "tess")
	var list struct{ Items []devices.Download }
	a := w.do(t, call{path: "/api/v1/admin/agents", token: tess})
	if err := json.Unmarshal(a.body, &list); err != nil || len(list.Items) != 2 {
		t.Fatalf("%s %v", a.body, err)
	}
	for _, d := range list.Items {
		a := w.do(t, call{path: "/api/v1/admin/agents/" + d.Name, token: tess})
		sum := sha256.Sum256(a.body)
		if a.StatusCode != 200 || hex.EncodeToString(sum[:]) != d.SHA256 || int64(len(a.body)) != d.Size ||
			a.Header.Get("Content-Disposition") != `attachment; filename="`+d.Name+`"` || a.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%+v: %d %v %q", d, a.StatusCode, a.Header, a.body)
		}
	}
	for _, name := range []string{"secret.txt", "conserje-agent-darwin-arm64", "conserje-agent-darwin-amd64", "..%2fsecret.txt", "%2e%2e", anAgent + "%00"} {
		if a := w.do(t, call{path: "/api/v1/admin/agents/" + name, token: tess}); a.StatusCode != 404 && a.StatusCode != 500 || bytes.Contains(a.body, []byte("root:")) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

func TestATokenComesWithTheLineForEachSystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tess, _ := w.logIn(t, "tess")
	a := w.do(t, call{method: "POST", path: "/api/v1/admin/devices/tokens", body: `{}`, token: tess})
	var made devices.EnrolmentToken
	if err := json.Unmarshal(a.body, &made); err != nil || len(made.Commands) != 3 {
		t.Fatalf("%d %s %v", a.StatusCode, a.body, err)
	}
	for _, c := range made.Commands {
		if !strings.Contains(c.Command, "enrol http://"+home) || !strings.Contains(c.Command, " --token "+made.Token) {
			t.Errorf("%s: %s", c.System, c.Command)
		}
	}
}

func TestAssignmentsThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.device(t, "ana", false)
	tess, _ := w.logIn(t, "tess")
	for name, c := range map[string]struct {
		user, account string
		want          int
	}{
		"another company's person": {string(w.viewers["chloe"].User), "ana", 422},
		"another tenant's person":  {string(w.viewers["zara"].User), "ana", 404},
		"unknown account":          {string(w.viewers["carl"].User), "root", 422},
		"domain account":           {string(w.viewers["carl"].User), "corp", 422},
		"nobody":                   {string(desk.NewID()), "", 404},
	} {
		body := `{"user_id":"` + c.user + `","account":"` + c.account + `"}`
		before := w.state(t)
		a := w.do(t, call{method: "POST", path: "/api/v1/admin/devices/" + string(id) + "/assignments", body: body, token: tess})
		if a.StatusCode != c.want || w.state(t) != before {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

// A technician who makes an account and gives it somebody's device cannot act as
// that account on it at once: it waits a day, or for an admin. Who has confirmed
// acts for longer, and whose device was nobody's before, does not wait.
func TestSomebodyElsesDeviceWaitsADayUnlessAnAdminGivesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tess, _ := w.logIn(t, "tess")
	adam, _ := w.logIn(t, "adam")
	carl := w.viewers["carl"].User
	// may assigns by somebody, and says whether carl may restart it then.
	may := func(token string, device desk.ID) (waits bool, rule string) {
		t.Helper()
		a := w.do(t, call{method: "POST", path: "/api/v1/admin/devices/" + string(device) + "/assignments", body: `{"user_id":"` + string(carl) + `","account":""}`, token: token})
		var m devices.Managed
		if err := json.Unmarshal(a.body, &m); err != nil || a.StatusCode != http.StatusCreated {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		for _, as := range m.Assignments {
			waits = waits || as.User.ID == carl && as.Waits != nil && time.Until(*as.Waits) > 23*time.Hour
		}
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			d, err := policy.Explain(ctx, tx, w.viewers["carl"], policy.Question{Operation: desk.OpRestart, Device: device})
			rule = d.Rule
			return err
		})
		return waits, rule
	}
	sql := func(statement string, args ...any) {
		t.Helper()
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, statement, args...)
			return err
		})
	}
	anas, nobodys, had := w.device(t, "ana", false), w.device(t, "ana", false), w.device(t, "ana", false)
	sql("delete from device_assignments where device_id = $1", nobodys)
	w.do(t, call{method: "DELETE", path: "/api/v1/admin/devices/" + string(had) + "/assignments/" + string(w.viewers["ana"].User), token: tess})
	for _, c := range []struct {
		name, token string
		device      desk.ID
		rule        string
	}{
		{"hers, by a technician", tess, anas, policy.RuleOthers},
		{"once more by a technician", tess, anas, policy.RuleOthers},
		{"by an admin", adam, anas, ""},
		{"once more by a technician, after that", tess, anas, ""},
		{"taken from her first", tess, had, policy.RuleOthers},
		{"nobody's", tess, nobodys, ""},
	} {
		if waits, rule := may(c.token, c.device); rule != c.rule || waits != (c.rule != "") {
			t.Errorf("%s: waits %v, %q", c.name, waits, rule)
		}
	}
	sql("update device_assignments set acts_from = now() - interval '1 second' where device_id = $1", had)
	if _, rule := may(tess, had); rule != "" {
		t.Errorf("after the day: %q", rule)
	}
	sql("delete from device_assignments where user_id = $1", carl)
	sql("insert into phones (tenant_id, user_id, number, verified_at) values ($1, $2, '+34600111222', now() - interval '1 hour')", w.tenant, carl)
	if _, rule := may(tess, anas); rule != policy.RuleOthers {
		t.Errorf("with a phone of today: %q", rule)
	}
	sql("delete from device_assignments where user_id = $1", carl)
	sql("update phones set verified_at = now() - interval '25 hours' where user_id = $1", carl)
	if waits, rule := may(tess, anas); waits || rule != "" {
		t.Errorf("who has confirmed acts for a day waits: %q", rule)
	}
}
