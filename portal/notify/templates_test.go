package notify_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func (w *world) admin(t *testing.T) context.Context {
	t.Helper()
	return desk.WithViewer(t.Context(), storetest.User(t, w.store, w.tenant, "", desk.RoleAdmin, "adam"))
}

// Holds R5: the welcome mail's text is editable per language, and the next mail
// has it; the other languages keep theirs.
func TestR5WelcomeMailIsEditablePerLanguage(t *testing.T) {
	t.Parallel()
	f := &fake{}
	w := newWorld(t, notify.Config{Mail: f}, true)
	ctx := w.admin(t)
	old, err := w.Template(ctx, "welcome", "es")
	if err != nil || old.Version != 0 || old.Text != old.BuiltInText {
		t.Fatalf("%+v %v", old, err)
	}
	words := notify.TemplateWords{Subject: "Bienvenida, {{name}}", Text: "Entre en {{address}} como {{login}} con {{password}}."}
	saved, err := w.SetTemplate(ctx, "welcome", "es", words, 0)
	if err != nil || saved.Text != words.Text || saved.Version == 0 {
		t.Fatalf("%+v %v", saved, err)
	}
	if _, err := w.SetTemplate(ctx, "welcome", "es", words, 0); desk.CodeOf(err) != desk.CodeConflict {
		t.Errorf("over somebody else's: %v", err)
	}
	send := func(l desk.Language) string {
		id := desk.NewID()
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "update users set language = $1 where id = $2", l, w.ana.User); err != nil {
				return err
			}
			return w.Mail(ctx, tx, notify.Message{ID: id, User: w.ana.User, Template: "welcome", Secret: canary, Params: map[string]string{
				"name": "Ana\r\nBcc: eve@example.test", "address": "https://help.test", "login": "{{password}}",
			}})
		})
		w.ended(t, id)
		sent := f.sent()
		return sent[len(sent)-1].Subject + "\n" + sent[len(sent)-1].Text
	}
	if got := send("es"); got != "Bienvenida, Ana Bcc: eve@example.test\nEntre en https://help.test como {{password}} con "+canary+"." {
		t.Errorf("Spanish: %q", got)
	}
	if got := send("en"); !strings.HasPrefix(got, "Your access to") || !strings.Contains(got, "Password: "+canary) {
		t.Errorf("English: %q", got)
	}
	if _, err := w.RestoreTemplate(ctx, "welcome", "es", saved.Version); err != nil {
		t.Fatal(err)
	}
	if got := send("es"); !strings.HasPrefix(got, "Su acceso a") {
		t.Errorf("restored: %q", got)
	}
	var entries int
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from audit where action in ('template.changed', 'template.restored') and detail ? 'old' and detail ? 'new'").Scan(&entries)
	})
	if entries != 2 {
		t.Errorf("%d lines in the audit", entries)
	}
}

// SECURITY H10: a template names the listed variables and nothing else; what it
// cannot be is said with the variable and the line, and nothing is saved.
func TestABrokenTemplateIsRefusedByVariableAndLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{Mail: &fake{}}, false)
	ctx := w.admin(t)
	for _, c := range []struct {
		what, template, subject, text string
		code                          desk.Code
		params                        map[string]any
	}{
		{"arithmetic", "mail_action", "s", "{{state}}\n{{7*7}}", desk.CodeTemplateVariable, map[string]any{"variable": "7*7", "line": 2}},
		{"everything", "mail_action", "s", "{{.}}{{state}}", desk.CodeTemplateVariable, map[string]any{"variable": ".", "line": 1}},
		{"a loop", "mail_action", "s", "{{state}}\n\n{{#each users}}x{{/each}}", desk.CodeTemplateVariable, map[string]any{"variable": "#each users", "line": 3}},
		{"a partial", "mail_action", "s", "{{state}}{{> /etc/passwd}}", desk.CodeTemplateVariable, map[string]any{"variable": "> /etc/passwd"}},
		{"three braces", "mail_action", "s", "{{{state}}}", desk.CodeTemplateVariable, map[string]any{"variable": "{state"}},
		{"another's variable", "mail_action", "s", "{{state}} {{login}}", desk.CodeTemplateVariable, map[string]any{"variable": "login"}},
		{"in the subject", "mail_action", "{{secret}}", "{{state}}", desk.CodeTemplateVariable, map[string]any{"variable": "secret"}},
		{"not closed", "mail_action", "s", "{{state}}\n{{state\n}}", desk.CodeTemplateBroken, map[string]any{"line": 2, "near": "{{state"}},
		{"no code", "code_restart", "", "Restart {{device}}?", desk.CodeTemplateMissing, map[string]any{"variable": "code"}},
		{"no device", "code_restart", "", "{{code}}", desk.CodeTemplateMissing, map[string]any{"variable": "device"}},
		{"no password", "welcome", "s", "{{login}} {{address}}", desk.CodeTemplateMissing, map[string]any{"variable": "password"}},
		{"a password in the subject", "welcome", "{{password}}", "{{login}} {{address}} {{password}}", desk.CodeTemplateSecret, map[string]any{"variable": "password"}},
		{"two lines of subject", "mail_action", "s\r\nBcc: eve@example.test", "{{state}}", desk.CodeInvalid, nil},
		{"no subject", "mail_action", "", "{{state}}", desk.CodeEmptyText, nil},
		{"a subject for an SMS", "code_restart", "s", "{{code}} {{device}}", desk.CodeInvalid, nil},
		{"too long for an SMS", "code_restart", "", "{{code}} {{device}}" + strings.Repeat("x", 700), desk.CodeTextTooLong, nil},
		{"no such template", "../../etc/passwd", "s", "x", desk.CodeNotFound, nil},
	} {
		_, err := w.SetTemplate(ctx, c.template, "en", notify.TemplateWords{Subject: c.subject, Text: c.text}, 0)
		if desk.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if e, ok := err.(*desk.Error); ok { //nolint:errorlint // as it comes
			for k, v := range c.params {
				if e.Params[k] != v {
					t.Errorf("%s: %s is %v, want %v", c.what, k, e.Params[k], v)
				}
			}
		}
	}
	var saved int
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from message_templates").Scan(&saved)
	})
	if saved != 0 {
		t.Errorf("%d were saved", saved)
	}
}

// Every built-in text passes the check that an admin's has to pass, and its
// preview has its examples and no markup but ours.
func TestEveryBuiltInTextCouldBeAnAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{Mail: &fake{}}, false)
	ctx := w.admin(t)
	list, err := w.Templates(ctx)
	if err != nil || len(list) < 30 {
		t.Fatal(len(list), err)
	}
	for _, info := range list {
		for _, l := range desk.Languages() {
			tpl, err := w.Template(ctx, info.Name, l)
			if err != nil {
				t.Fatal(err)
			}
			p, err := w.PreviewTemplate(ctx, info.Name, l, notify.TemplateWords{Subject: tpl.Subject, Text: tpl.Text + "<script>alert(1)</script>"})
			if err != nil || strings.Contains(p.Text, "{{") || strings.Contains(p.HTML, "<script") || (p.HTML == "") != (info.Channel == notify.SMS) {
				t.Errorf("%s %s: %v %+v", info.Name, l, err, p)
			}
			for _, v := range tpl.Variables {
				if v.Example == v.Name {
					t.Errorf("%s: %s has no example in %s", info.Name, v.Name, l)
				}
			}
		}
	}
}

func TestOnlyAnAdminWritesTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, notify.Config{Mail: &fake{}}, false)
	ctx := desk.WithViewer(t.Context(), storetest.User(t, w.store, w.tenant, "", desk.RoleTechnician, "tess"))
	words := notify.TemplateWords{Subject: "s", Text: "{{state}}"}
	for what, err := range map[string]error{
		"list":    func() error { _, err := w.Templates(ctx); return err }(),
		"set":     func() error { _, err := w.SetTemplate(ctx, "mail_action", "en", words, 0); return err }(),
		"preview": func() error { _, err := w.PreviewTemplate(ctx, "mail_action", "en", words); return err }(),
		"test":    w.TestTemplate(ctx, "mail_action", "en", words),
	} {
		if desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A mail is tried again further and further apart, and says so; a text message
// once. What nobody keeps is not sent again.
func TestStaffSeeHowAMessageFaresAndNeverWhatItSays(t *testing.T) {
	t.Parallel()
	busy := &notify.Failure{Reason: notify.ReasonBusy, Detail: "smtp 451", Again: true}
	f := &fake{errs: []error{busy, &notify.Failure{Reason: notify.ReasonNumber, Detail: "smtp 550"}}}
	w := newWorld(t, notify.Config{Mail: f, SMS: &fake{errs: []error{&notify.Failure{Reason: notify.ReasonNumber}}}, Wait: func(notify.Channel, int) (time.Duration, bool) { return time.Hour, true }}, true)
	tess := desk.WithViewer(t.Context(), storetest.User(t, w.store, w.tenant, "", desk.RoleTechnician, "tess"))
	id := desk.NewID()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return w.Mail(ctx, tx, notify.Message{ID: id, User: w.ana.User, Template: "mail_action", Params: map[string]string{"action": "Restart SECRETHOST", "state": "Done", "detail": ""}})
	})
	until := func(state string) notify.Sent {
		t.Helper()
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			list, _, err := w.Sent(tess, notify.SentFilter{State: state, Channel: notify.Mail, User: w.ana.User})
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 1 {
				raw, _ := json.Marshal(list)
				if strings.Contains(string(raw), "SECRETHOST") || strings.Contains(string(raw), canary) {
					t.Errorf("it says what was said: %s", raw)
				}
				return list[0]
			}
		}
		t.Fatalf("never %s", state)
		return notify.Sent{}
	}
	if m := until("retrying"); m.Reason != notify.ReasonBusy || m.Detail != "smtp 451" || m.NextTry == nil || time.Until(*m.NextTry) < 50*time.Minute || !m.Again {
		t.Errorf("%+v", m)
	}
	if _, err := w.TryAgain(tess, id); err != nil {
		t.Fatal(err)
	}
	if m := until("failed"); m.Reason != notify.ReasonNumber || m.Detail != "smtp 550" || !m.Again {
		t.Errorf("%+v", m)
	}
	if _, err := w.TryAgain(tess, id); err != nil {
		t.Fatal(err)
	}
	if m := until("sent"); m.Again || m.Reason != "" {
		t.Errorf("%+v", m)
	}
	if _, err := w.TryAgain(tess, id); desk.CodeOf(err) != desk.CodeNotAgain {
		t.Errorf("what is out: %v", err)
	}
	code := w.sms(t, time.Minute)
	w.ended(t, code)
	if _, err := w.TryAgain(tess, code); desk.CodeOf(err) != desk.CodeNotAgain {
		t.Errorf("a code: %v", err)
	}
	ana := desk.WithViewer(t.Context(), w.ana)
	if _, _, err := w.Sent(ana, notify.SentFilter{}); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a user: %v", err)
	}
}
