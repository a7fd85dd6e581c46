package policy_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

type bundle struct {
	store           *store.Store
	ana, tess, adam desk.Viewer
}

func setup(t *testing.T) bundle {
	s := storetest.New(t)
	tenant := storetest.Tenant(t, s)
	acme := storetest.Company(t, s, tenant, "Acme")
	return bundle{
		store: s,
		ana:   storetest.User(t, s, tenant, acme, desk.RoleContact, "ana"),
		tess:  storetest.User(t, s, tenant, "", desk.RoleTechnician, "tess"),
		adam:  storetest.User(t, s, tenant, "", desk.RoleAdmin, "adam"),
	}
}

func (b bundle) change(t *testing.T, v desk.Viewer, name, value string) error {
	t.Helper()
	return b.store.Tenant(v.Tenant).Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, v, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

func (b bundle) effective(t *testing.T, v desk.Viewer) (e policy.Effective) {
	t.Helper()
	storetest.InTx(t, b.store, v.Tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		e, err = policy.For(ctx, tx, v)
		return err
	})
	return e
}

// Holds R26.
func TestSwitchHoldsAtOnceForWhomItNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		name, value string
		ana, tess   bool
		read        func(policy.Effective) bool
	}{
		{"ticketing", `{"mode":"off","users":[]}`, false, true, func(e policy.Effective) bool { return e.Ticketing }},
		{"ticketing", `{"mode":"selected","users":["` + string(b.ana.User) + `"]}`, true, true, func(e policy.Effective) bool { return e.Ticketing }},
		{"ticketing", `{"mode":"selected","users":["` + string(b.adam.User) + `"]}`, false, true, func(e policy.Effective) bool { return e.ManualTickets }},
		{"ticketing", `{"mode":"everyone","users":[]}`, true, true, func(e policy.Effective) bool { return e.ManualTickets }},
		{"manual_tickets", `false`, false, true, func(e policy.Effective) bool { return e.ManualTickets }},
		{"knowledge_base", `{"mode":"off","users":[]}`, false, true, func(e policy.Effective) bool { return e.KnowledgeBase }},
		{"assistant", `false`, false, false, func(e policy.Effective) bool { return e.Assistant }},
		{"assistant_tickets", `false`, false, false, func(e policy.Effective) bool { return e.AssistantTickets }},
		{"reopen", `false`, false, true, func(e policy.Effective) bool { return e.Reopen }},
	} {
		if err := b.change(t, b.adam, c.name, c.value); err != nil {
			t.Fatal(err)
		}
		if got := c.read(b.effective(t, b.ana)); got != c.ana {
			t.Errorf("%s %s: %v for the user", c.name, c.value, got)
		}
		if got := c.read(b.effective(t, b.tess)); got != c.tess {
			t.Errorf("%s %s: %v for the technician", c.name, c.value, got)
		}
	}
}

func TestBadPolicyChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		who         desk.Viewer
		name, value string
		want        desk.Code
	}{
		{b.ana, "assistant", `false`, desk.CodeForbidden},
		{b.tess, "assistant", `false`, desk.CodeForbidden},
		{b.adam, "no_such", `false`, desk.CodeInvalid},
		{b.adam, "assistant", `"off"`, desk.CodeInvalid},
		{b.adam, "ticketing", `{"mode":"sometimes"}`, desk.CodeInvalid},
		{b.adam, "ticketing", `{"mode":"selected","users":["x"]}`, desk.CodeInvalid},
		{b.adam, "ticketing", `{"mode":"off","user":[]}`, desk.CodeInvalid},
		{b.adam, "operations", `{"format_disk":true}`, desk.CodeInvalid},
		{b.adam, "visible_statuses", `["lost"]`, desk.CodeInvalid},
	} {
		before := b.effective(t, b.ana)
		if got := desk.CodeOf(b.change(t, c.who, c.name, c.value)); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.value, got, c.want)
		}
		if after := b.effective(t, b.ana); after.Ticketing != before.Ticketing || after.Assistant != before.Assistant {
			t.Errorf("%s %s changed something", c.name, c.value)
		}
	}
}

// Holds P14.
func TestChangeIsAuditedWithOldAndNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.change(t, b.adam, "assistant", `false`); err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, b.store, b.adam.Tenant, func(ctx context.Context, tx *store.Tx) error {
		var detail string
		err := tx.QueryRow(ctx, `select (detail->>'old') || (detail->>'new') from audit where action = 'policy.changed' and actor = $1`, b.adam.User).Scan(&detail)
		if detail != "truefalse" {
			t.Errorf("audit says %q", detail)
		}
		return err
	})
}
