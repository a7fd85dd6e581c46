package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/conserje/conserje/portal/desk"
)

// sink is a place where a secret could come to rest or pass by: how it is read,
// and how something is put there, so that the reading is shown to find it.
type sink struct {
	name  string
	read  func() string
	plant func(text string) error
}

// table is the rows of some tables as a plain pg_dump has them; with no name,
// the whole dump.
func (l *lane) table(name, plant string, tables ...string) sink {
	return sink{name, func() string {
		var b strings.Builder
		for t, rows := range l.dump {
			if len(tables) == 0 || slices.Contains(tables, t) {
				b.WriteString(rows)
			}
		}
		return b.String()
	}, func(text string) error { return l.admin(plant, text) }}
}

// sinks is the list of PRODUCT B6. There are no traces; what a handler's
// metrics say is on the metrics page.
func (l *lane) sinks() []sink {
	return []sink{
		{"logs of server and agent", l.logs.String, func(text string) error { l.log.Debug("planted", "text", text); return nil }},
		{"bus, every subject", l.bus.String, func(text string) error { return l.portal.database.bus.Publish("planted", []byte(text)) }},
		{"requests to the model", l.upstream, l.askModel},
		{"mail", l.mail.String, func(text string) error { l.mail.add(text); return nil }},
		{"REST answers", l.rest.String, func(text string) error {
			if err := l.admin("update users set name = $1 where login = 'ana'", text); err != nil {
				return err
			}
			l.get("ana", "/me")
			return nil
		}},
		{"metrics page", func() string { return l.page("/metrics") }, func(text string) error {
			g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "planted", Help: text})
			l.t.Cleanup(func() { prometheus.Unregister(g) })
			return prometheus.Register(g)
		}},
		l.table("conversation events", "update conversation_events set body = convert_to(jsonb_build_object('x', $1::text)::text, 'UTF8')", "conversation_events"),
		l.table("tickets and their notes", "update tickets set subject = $1", "tickets", "ticket_replies", "ticket_words"),
		l.table("audit", "update audit set detail = detail || jsonb_build_object('x', $1::text)", "audit"),
		l.table("job arguments", "update river.river_job set args = args || jsonb_build_object('x', $1::text)", "river_job"),
		l.table("ledger", "update actions set evidence = evidence || jsonb_build_object('x', $1::text)", "actions", "action_history"),
		l.table("messages' rows", "update messages_out set detail = $1", "messages_out"),
		l.table("a plain pg_dump of everything", "update companies set name = $1"),
	}
}

// sealedRows are where secrets lie under the installation's key: the one place
// where they may. In the dump they are bytes like any other, and looked at too.
var sealedRows = []string{"secret_outbox", "software_sources", "totp_factors", "first_passwords"}

var codeWord = regexp.MustCompile(`^[0-9]{6}$`)

// holds reports whether a text has the secret in it: as it is, in hex as bytes
// are dumped, or in base64 wherever it begins there. A code of six digits
// counts only where it stands alone: other numbers and ids are full of digits.
func holds(text, secret string) bool {
	if codeWord.MatchString(secret) && standsAlone(text, secret) || !codeWord.MatchString(secret) && strings.Contains(text, secret) {
		return true
	}
	forms := []string{hex.EncodeToString([]byte(secret))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before, shared := range []int{0, 2, 3} { // letters that hold bits of what stands before
			coded := e.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			if (before+len(secret))%3 != 0 {
				coded = coded[:len(coded)-1]
			}
			forms = append(forms, coded[shared:])
		}
	}
	return slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(text, f) })
}

func standsAlone(text, code string) bool {
	part := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
	for i := 0; ; i += len(code) {
		at := strings.Index(text[i:], code)
		if at < 0 {
			return false
		}
		i += at
		before, after := byte(' '), byte(' ')
		if i > 0 {
			before = text[i-1]
		}
		if i+len(code) < len(text) {
			after = text[i+len(code)]
		}
		if before != '.' && before != '-' && !part(before) && !part(after) {
			return true
		}
	}
}

// admin runs a statement as the database's owner, past triggers.
func (l *lane) admin(statement string, args ...any) error {
	conn, err := pgx.Connect(l.t.Context(), l.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(l.t.Context()))
	if _, err := conn.Exec(l.t.Context(), "set session_replication_role = replica"); err != nil {
		return err
	}
	_, err = conn.Exec(l.t.Context(), statement, args...)
	return err
}

// dumpAll takes a plain pg_dump and keeps it by table.
func (l *lane) dumpAll() {
	l.t.Helper()
	out, err := exec.CommandContext(l.t.Context(), "pg_dump", "--dbname", l.url).Output()
	if err != nil {
		l.t.Fatalf("pg_dump: %v", err)
	}
	l.dump = map[string]string{}
	name := ""
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(line, "COPY "); ok && name == "" {
			name, _, _ = strings.Cut(rest, " ")
			_, name, _ = strings.Cut(name, ".")
		} else if line == "\\.\n" {
			name = ""
		}
		l.dump[name] += line
	}
}

// PRODUCT B6, SECURITY D9: codes, passwords and keys travel every path there
// is, and come to rest nowhere but in sealed rows.
// Holds B6.
func TestSecretsKeepToTheirLane(t *testing.T) {
	t.Parallel()
	l := openLane(t)
	l.travel()
	l.welcome()
	for _, path := range []string{
		"/me", "/me/factors", "/session", "/actions", "/devices", "/software", "/software/requests", "/tickets", "/conversations",
		"/conversations/" + l.conversation + "/events", "/actions/" + l.reset, "/actions/" + l.install,
	} {
		l.get("ana", path)
	}
	for _, path := range []string{
		"/admin/devices", "/admin/devices/tokens", "/admin/devices/" + l.device, "/admin/software", "/admin/software/sources", "/admin/second-factor",
		"/admin/policies", "/actions", "/actions/" + l.reset, "/tickets", "/admin/users", "/admin/users/" + string(l.people["ana"].User) + "/factors",
	} {
		l.get("adam", path)
	}
	l.dumpAll()
	for _, s := range l.sinks() {
		text := s.read()
		for name, secret := range l.secrets {
			if holds(text, secret) {
				t.Errorf("%s: the %s is there", s.name, name)
			}
		}
	}
	for _, name := range sealedRows {
		if strings.Count(l.dump[name], "\n") < 2 {
			t.Errorf("%s is empty: nothing was sealed there, or it is not what it was", name)
		}
	}
	l.messagesHoldWhatIsMeant()
	for i, s := range l.sinks() {
		if err := s.plant(planted(i)); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	time.Sleep(100 * time.Millisecond) // the bus
	l.dumpAll()
	for i, s := range l.sinks() {
		text := s.read()
		for word := range strings.FieldsSeq(planted(i)) {
			if !holds(text, word) {
				t.Errorf("%s: what was put there is not found: %s", s.name, word)
			}
		}
	}
}

// planted is a password and a code that only one sink has.
func planted(i int) string { return fmt.Sprintf("planted-secret-%02d 7531%02d", i, i) }

// messagesHoldWhatIsMeant: each text message has the one secret that it is for.
func (l *lane) messagesHoldWhatIsMeant() {
	l.t.Helper()
	want := []string{"code", "temporary password"}
	all := l.texts.all()
	for _, name := range want {
		in := 0
		for _, m := range all {
			if holds(m, l.secrets[name]) {
				in++
			}
		}
		if in != 1 {
			l.t.Errorf("the %s is in %d of %d text messages", name, in, len(all))
		}
	}
	for _, m := range all {
		n := 0
		for _, secret := range l.secrets {
			if holds(m, secret) {
				n++
			}
		}
		if n > 1 {
			l.t.Errorf("a text message has %d secrets", n)
		}
	}
}

// travel takes every secret along its whole way.
func (l *lane) travel() {
	l.t.Helper()
	l.enrol()
	// A private source and what comes from it.
	l.secrets["source's password"] = "Sourcery-7781-pass"
	source := l.post("adam", "/admin/software/sources", map[string]any{
		"manager": "chocolatey", "name": "Internal", "url": "https://packages.example.test/feed/",
		"credentials": map[string]any{"user": "feed-reader", "password": l.secrets["source's password"]},
	})
	row := l.post("adam", "/admin/software", map[string]any{
		"name": "Ledger", "audience": map[string]any{"mode": "everyone"},
		"packages": []any{map[string]any{"system": "windows", "manager": "chocolatey", "package": "ledger", "source_id": source["id"]}},
	})
	// A new password: the number is given with the first code.
	l.conversation, _ = l.post("ana", "/conversations", map[string]any{})["id"].(string)
	l.reset = l.confirmed("reset_password", nil)
	l.post("ana", "/actions/"+l.reset+"/code", map[string]any{"phone": l.number})
	code := l.texts.code(l.t, 0)
	l.secrets["code"] = code
	l.secrets["wrong code"] = map[bool]string{true: "736251", false: "847362"}[code != "736251"]
	l.say("my code is " + code + ", or was it " + l.secrets["wrong code"] + "?")
	l.post("ana", "/actions/"+l.reset+"/verify", map[string]any{"code": l.secrets["wrong code"]})
	if n := len(l.texts.all()); n != 1 {
		l.t.Errorf("%d text messages before the device has done anything", n)
	}
	l.verify(l.reset, code)
	l.secrets["temporary password"] = l.texts.password(l.t)
	if !l.system.PasswordIs("ana", []byte(l.secrets["temporary password"])) {
		l.t.Error("the password in the message is not the one that the device set")
	}
	l.until("the mail on the outcome", func() bool { return strings.Contains(l.mail.String(), "New password for ana") })
	// An authenticator app, and a code of the number that lets it count at once.
	l.forgetLimits()
	before := len(l.texts.all())
	app := l.do("ana", "POST", "/me/totp", map[string]any{}, false)
	l.secrets["app's secret"], _ = app["secret"].(string)
	if app["old_code"] == true {
		l.secrets["change code"] = l.texts.code(l.t, before)
	}
	first, err := totp.GenerateCode(l.secrets["app's secret"], time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	l.secrets["app's code"] = first
	l.post("ana", "/me/totp/verify", map[string]any{"code": first, "old_code": l.secrets["change code"]})
	// An installation with the source's credentials.
	l.install = l.confirmed("install_software", row["id"])
	l.forgetLimits()
	before = len(l.texts.all())
	l.post("ana", "/actions/"+l.install+"/code", map[string]any{})
	l.secrets["second code"] = l.texts.code(l.t, before)
	l.verify(l.install, l.secrets["second code"])
	if got := l.system.Effects(); len(got) != 2 {
		l.t.Errorf("the device did %v", got)
	}
}

// welcome takes the passwords and the link of new accounts along their ways (R4,
// R5).
func (l *lane) welcome() {
	l.t.Helper()
	company := map[string]any{"name": "Globex"}
	id := l.post("adam", "/admin/companies", company)["id"]
	nora := l.post("adam", "/admin/users", map[string]any{"name": "Nora", "email": "nora@globex.test", "company_id": id})
	waiting := l.post("adam", "/admin/users", map[string]any{"name": "Waits", "email": "waits@globex.test", "company_id": id})
	path := func(of map[string]any, what string) string { return fmt.Sprint("/admin/users/", of["id"], what) }
	secret := func(name string, of map[string]any) string {
		l.secrets[name], _ = l.do("adam", "GET", path(of, "/password"), nil, false)["password"].(string)
		return l.secrets[name]
	}
	secret("password that waits", waiting)
	l.mail.first = secret("first password", nora)
	l.post("adam", path(nora, "/welcome"), map[string]any{})
	if l.mail.welcome(l.t, 1) != l.secrets["first password"] {
		l.t.Error("the welcome mail brings another password")
	}
	l.post("adam", "/session", map[string]any{"login": "nora", "password": l.secrets["first password"]})
	l.post("adam", path(nora, "/welcome"), map[string]any{})
	l.secrets["password link"] = l.mail.welcome(l.t, 2)
	l.post("adam", "/password-link", map[string]any{"token": l.secrets["password link"]})
	l.secrets["password by link"] = "nora chose this one"
	l.post("adam", "/password-link/use", map[string]any{"token": l.secrets["password link"], "password": l.secrets["password by link"]})
	l.secrets["typed by staff"] = "adam typed this one"
	l.do("adam", "PUT", path(nora, "/password"), map[string]any{"password": l.secrets["typed by staff"]}, true)
	for _, what := range []string{"", "/access"} {
		l.get("adam", path(nora, what))
	}
}

func (l *lane) confirmed(operation string, software any) string {
	l.t.Helper()
	body := map[string]any{"device_id": l.device, "operation": operation}
	if software != nil {
		body["software_id"] = software
	}
	id, _ := l.post("ana", "/actions", body)["id"].(string)
	l.post("ana", "/actions/"+id+"/confirm", nil)
	return id
}

// verify gives the right code and waits for the device.
func (l *lane) verify(id, code string) {
	l.t.Helper()
	l.post("ana", "/actions/"+id+"/verify", map[string]any{"code": code})
	l.until("the device", func() bool {
		return l.get("ana", "/actions/"+id)["state"] == string(desk.StateSucceeded)
	})
}

func (l *lane) upstream() string {
	var b strings.Builder
	for _, r := range l.model.Requests() {
		b.Write(r.Body)
	}
	return b.String()
}

func decode(raw []byte) map[string]any {
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // an empty answer is none
	return out
}
