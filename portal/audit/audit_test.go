package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/audit"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
)

type bundle struct {
	t          *testing.T
	store      *store.Store
	log        *audit.Service
	tickets    *tickets.Service
	messages   *notify.Service
	tenant     desk.ID
	adam, tess desk.Viewer
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s := storetest.New(t)
	b := &bundle{t: t, store: s, log: audit.New(s), tickets: tickets.New(s), messages: notify.New(notify.Config{Store: s, Demo: true, Log: storetest.Log(t)}), tenant: storetest.Tenant(t, s)}
	b.adam = storetest.User(t, s, b.tenant, "", desk.RoleAdmin, "adam")
	b.tess = storetest.User(t, s, b.tenant, "", desk.RoleTechnician, "tess")
	return b
}

func as(t *testing.T, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func (b *bundle) policy(name, value string) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, b.adam, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

func (b *bundle) rules(set func(*verify.Rules)) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		r, err := verify.LoadRules(ctx, tx)
		if err != nil {
			return err
		}
		set(&r)
		_, err = verify.SetRules(ctx, tx, b.adam, r)
		return err
	})
}

func (b *bundle) field(key string) tickets.FieldRow {
	b.t.Helper()
	list, err := b.tickets.Fields(as(b.t, b.adam))
	if err != nil {
		b.t.Fatal(err)
	}
	return list[slices.IndexFunc(list, func(f tickets.FieldRow) bool { return f.Key == key })]
}

func (b *bundle) mode(key string, m tickets.Mode) {
	b.t.Helper()
	if _, err := b.tickets.ChangeField(as(b.t, b.adam), b.field(key).ID, tickets.FieldDraft{Mode: &m}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) color(c string) {
	b.t.Helper()
	if _, err := b.tickets.ChangeStatus(as(b.t, b.adam), "open", tickets.StatusDraft{Color: &c}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) text(s string) {
	b.t.Helper()
	ctx := as(b.t, b.adam)
	old, err := b.messages.Template(ctx, "mail_action", "en")
	if err == nil {
		_, err = b.messages.SetTemplate(ctx, "mail_action", "en", notify.TemplateWords{Subject: "s", Text: s + " {{state}}"}, old.Version)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// state is everything that the changes below change.
func (b *bundle) state() string {
	b.t.Helper()
	out := ""
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		s, err := policy.Load(ctx, tx)
		if err != nil {
			return err
		}
		r, err := verify.LoadRules(ctx, tx)
		out += fmt.Sprintf("%+v %+v", s, r)
		return err
	})
	statuses, err := b.tickets.AllStatuses(as(b.t, b.adam))
	if err != nil {
		b.t.Fatal(err)
	}
	fields, err := b.tickets.Fields(as(b.t, b.adam))
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := b.messages.Template(as(b.t, b.adam), "mail_action", "en")
	if err != nil {
		b.t.Fatal(err)
	}
	return out + fmt.Sprintf("%+v %+v %s %s", statuses, fields, text.Subject, text.Text)
}

func (b *bundle) last() audit.LogEntry {
	b.t.Helper()
	list, _, err := b.log.List(as(b.t, b.adam), audit.Filter{Limit: 1})
	if err != nil || len(list) != 1 {
		b.t.Fatal(len(list), err)
	}
	return list[0]
}

// Holds R7, R8, R12, R19, R20, R21 and R5's text as far as undoing goes: each
// change of a setting is taken back from its own entry, unless it has changed
// since; then it stays, and the refusal says so.
func TestEachChangeOfASettingIsUndoneFromItsEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what            string
		change, change2 func(b *bundle)
	}{
		{"R20: a switch", func(b *bundle) { b.policy("reopen", "false") }, func(b *bundle) { b.policy("reopen", "true"); b.policy("reopen", "false"); b.policy("reopen", "true") }},
		{"R7: an audience", func(b *bundle) { b.policy("ticketing", `{"mode":"selected","users":["`+string(b.tess.User)+`"]}`) }, func(b *bundle) { b.policy("ticketing", `{"mode":"off","users":[]}`) }},
		{"R12: an operation", func(b *bundle) { b.policy("operations", `{"lock":false}`) }, func(b *bundle) { b.policy("operations", `{"restart":false}`) }},
		{"R19: which statuses users see", func(b *bundle) { b.policy("visible_statuses", `["new","open"]`) }, func(b *bundle) { b.policy("visible_statuses", `["new"]`) }},
		{"R17: codes by SMS", func(b *bundle) { b.rules(func(r *verify.Rules) { r.PerDay = 7 }) }, func(b *bundle) { b.rules(func(r *verify.Rules) { r.SMS = false }) }},
		{"R19: a status", func(b *bundle) { b.color("red") }, func(b *bundle) { b.color("violet") }},
		{"R21: a field", func(b *bundle) { b.mode(tickets.FieldPriority, tickets.ModeHidden) }, func(b *bundle) { b.mode(tickets.FieldPriority, tickets.ModeReadOnly) }},
		{"R5: a text", func(b *bundle) { b.text("One") }, func(b *bundle) { b.text("Two") }},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.mode(tickets.FieldPriority, tickets.ModeEdit)
			before := b.state()
			c.change(b)
			entry := b.last()
			if b.state() == before || !entry.Undo {
				t.Fatalf("nothing changed: %+v", entry)
			}
			if err := b.log.Undo(as(t, b.tess), entry.ID); desk.CodeOf(err) != desk.CodeForbidden {
				t.Errorf("a technician: %v", err)
			}
			if err := b.log.Undo(as(t, b.adam), entry.ID); err != nil {
				t.Fatal(err)
			}
			if after := b.state(); after != before {
				t.Errorf("was %s\nis  %s", before, after)
			}
			if e := b.last(); e.Action != "audit.undone" || e.ObjectID != entry.ID {
				t.Errorf("%+v", e)
			}
			c.change(b)
			entry = b.last()
			c.change2(b)
			now := b.state()
			if err := b.log.Undo(as(t, b.adam), entry.ID); desk.CodeOf(err) != desk.CodeChangedMeanwhile || b.state() != now {
				t.Errorf("changed meanwhile: %v", err)
			}
		})
	}
}

func TestAnOrderIsUndoneAndWhatIsNoSettingIsNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.adam)
	list, err := b.tickets.AllStatuses(ctx)
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]tickets.Status, len(list))
	for i, s := range list {
		keys[len(list)-1-i] = s.Key
	}
	before := b.state()
	if _, err := b.tickets.OrderStatuses(ctx, keys); err != nil {
		t.Fatal(err)
	}
	if err := b.log.Undo(ctx, b.last().ID); err != nil || b.state() != before {
		t.Errorf("%v", err)
	}
	if err := b.log.Undo(ctx, b.last().ID); desk.CodeOf(err) != desk.CodeNoUndo {
		t.Errorf("an undo of an undo: %v", err)
	}
	if err := b.log.Undo(ctx, desk.NewID()); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("of nothing: %v", err)
	}
}

// The log has words for everything that the program writes into it.
func TestEveryActionThatIsWrittenIsKnown(t *testing.T) {
	t.Parallel()
	root := desktest.RepoRoot(t)
	written := regexp.MustCompile(`(?:Action: |action :?= |did: +|audit\(ctx, (?:tx, v, )?|audited\(ctx, tx, viewer, |auditRow\(ctx, tx, v, |auditSource\(ctx, tx, v, |auditStatus\(ctx, tx, v, |auditField\(ctx, tx, v, |s\.change\(ctx, device, |k\.change\(ctx, viewer, id, lang, version, |changed\(ctx, tx, [^"]*|auditCode\(ctx, v, [^"]*)"([a-z_]+\.[a-z_]+)"`)
	begun := regexp.MustCompile(`Action: "([a-z_]+\.)" \+ v\.State`) // a verdict: open or done
	known := audit.Actions()
	seen := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range begun.FindAllSubmatch(source, -1) {
			seen++
			if !slices.Contains(known, string(m[1])+"open") || !slices.Contains(known, string(m[1])+"done") {
				t.Errorf("%s writes %s…, for which the log has no words", path, m[1])
			}
		}
		for _, m := range written.FindAllSubmatch(source, -1) {
			seen++
			if !slices.Contains(known, string(m[1])) {
				t.Errorf("%s writes %s, for which the log has no words", path, m[1])
			}
		}
		return err
	})
	if err != nil || seen < 70 {
		t.Errorf("found %d: %v", seen, err)
	}
}

// Each filter has its index: a page of a large log is read from it and not
// looked for.
func TestALargeLogIsReadByItsIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	object := desk.NewID()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into audit (tenant_id, id, at, actor, action, object, object_id)
			select $1, gen_random_uuid(), now() - n * interval '1 second', case when n % 1000 = 0 then $2::uuid else $3::uuid end,
			  case when n % 500 = 0 then 'policy.changed' else 'ticket.changed' end, 'ticket', case when n % 5000 = 0 then $4::uuid else gen_random_uuid() end
			from generate_series(1, 50000) n`, b.tenant, b.adam.User, b.tess.User, object)
		return err
	})
	for what, f := range map[string]audit.Filter{
		"newest": {}, "who": {Actor: b.adam.User}, "what": {Actions: []string{"policy.changed"}}, "which": {Object: object}, "when": {To: time.Now().Add(-10 * time.Hour)},
	} {
		start := time.Now()
		list, next, err := b.log.List(as(t, b.adam), f)
		if err != nil || len(list) == 0 || len(list) > 50 {
			t.Errorf("%s: %d %q %v", what, len(list), next, err)
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s took %s", what, d)
		}
		seen := map[desk.ID]bool{}
		for pages := 0; next != "" && pages < 3; pages++ {
			for _, e := range list {
				if seen[e.ID] {
					t.Errorf("%s: twice %s", what, e.ID)
				}
				seen[e.ID] = true
			}
			f.Cursor = next
			if list, next, err = b.log.List(as(t, b.adam), f); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAFileOfTheLogIsWholeAndBoundedByItsFilter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into audit (tenant_id, id, at, actor, action, object) select $1, gen_random_uuid(), now() - n * interval '1 second', $2, 'user.changed', '=1+' || n from generate_series(1, 2500) n`, b.tenant, b.adam.User)
		return err
	})
	for format, rows := range map[audit.Format]int{audit.CSV: 2501, audit.JSONLines: 2500} {
		write, err := b.log.Export(as(t, b.adam), audit.Filter{Group: "user"}, format)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := write(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != rows {
			t.Errorf("%s: %d lines", format, n)
		}
		if format == audit.CSV && strings.Contains(out.String(), ",=") {
			t.Error("a formula")
		}
	}
	if _, err := b.log.Export(as(t, b.tess), audit.Filter{}, audit.CSV); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a technician: %v", err)
	}
	if _, err := b.log.Export(as(t, b.adam), audit.Filter{}, "exe"); desk.CodeOf(err) != desk.CodeInvalid {
		t.Errorf("no format: %v", err)
	}
}
