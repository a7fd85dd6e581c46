package software_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/software"
)

type bundle struct {
	t                           *testing.T
	store                       *store.Store
	service                     *software.Service
	tenant, acme, globex        desk.ID
	ana, ben, chloe, tess, adam desk.Viewer
	zara                        desk.Viewer // admin of another tenant
	proposed                    *ledger
}

// ledger stands in for the real one, which stands above this room.
type ledger struct {
	mu     sync.Mutex
	calls  []software.Install
	owners []desk.Viewer
	refuse error
}

func (l *ledger) ProposeInstallTx(_ context.Context, _ *store.Tx, owner desk.Viewer, w software.Install) (desk.ID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return "", l.refuse
	}
	l.calls, l.owners = append(l.calls, w), append(l.owners, owner)
	return desk.NewID(), nil
}

func setup(t *testing.T) *bundle {
	t.Helper()
	s := storetest.New(t)
	b := &bundle{t: t, store: s, service: software.New(s), tenant: storetest.Tenant(t, s), proposed: &ledger{}}
	b.service.Plug(b.proposed)
	b.acme, b.globex = storetest.Company(t, s, b.tenant, "Acme"), storetest.Company(t, s, b.tenant, "Globex")
	b.ana = storetest.User(t, s, b.tenant, b.acme, desk.RoleContact, "ana")
	b.ben = storetest.User(t, s, b.tenant, b.acme, desk.RoleMainContact, "ben")
	b.chloe = storetest.User(t, s, b.tenant, b.globex, desk.RoleContact, "chloe")
	b.tess = storetest.User(t, s, b.tenant, "", desk.RoleTechnician, "tess")
	b.adam = storetest.User(t, s, b.tenant, "", desk.RoleAdmin, "adam")
	b.zara = storetest.User(t, s, storetest.Tenant(t, s), "", desk.RoleAdmin, "zara")
	return b
}

func as(t *testing.T, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func draft(name string) software.RowDraft {
	return software.RowDraft{
		Name: name, Publisher: "Maker", Audience: software.RowAudience{Mode: "everyone"},
		Packages: []software.PackageSpec{
			{System: software.Windows, Manager: software.Chocolatey, Package: "firefox", Version: "145.0"},
			{System: software.MacOS, Manager: software.HomebrewCask, Package: "firefox"},
		},
	}
}

func (b *bundle) create(d software.RowDraft) software.Row {
	b.t.Helper()
	e, err := b.service.Create(as(b.t, b.adam), d)
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

func (b *bundle) count(tenant desk.ID, sql string, args ...any) (n int) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, sql, args...).Scan(&n)
	})
	return n
}

// device makes a device of v's.
func (b *bundle) device(v desk.Viewer, system string) desk.ID {
	b.t.Helper()
	id := desk.NewID()
	b.exec(`insert into devices (tenant_id, id, name, system, sign_key, seal_key)
		values ($1, $2, $3, $4, $5, $5)`, b.tenant, id, "PC "+system, system, []byte(id)[4:])
	b.exec(`insert into device_assignments (tenant_id, device_id, user_id) values ($1, $2, $3)`, b.tenant, id, v.User)
	return id
}

func (b *bundle) packageOf(v desk.Viewer, id desk.ID, system string) (p software.Package, err error) {
	err = b.store.Tenant(v.Tenant).Tx(b.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		p, err = b.service.PackageTx(ctx, tx, v, id, system)
		return err
	})
	return p, err
}

func (b *bundle) names(v desk.Viewer, system string) (list []string) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, v.Tenant, func(ctx context.Context, tx *store.Tx) error {
		items, err := b.service.For(ctx, tx, v, system)
		for _, i := range items {
			list = append(list, i.Name)
		}
		return err
	})
	return list
}

func wantCode(t *testing.T, what string, err error, want desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != want {
		t.Errorf("%s: code %q, want %q (%v)", what, got, want, err)
	}
}

func wantRule(t *testing.T, what string, err error, rule string) {
	t.Helper()
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodePolicy || e.Params["rule"] != rule {
		t.Errorf("%s: %v, want a refusal by %s", what, err, rule)
	}
}

func TestARowIsThereForItsAudienceAndDoesNotExistForOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		name     string
		audience software.RowAudience
		sees     []desk.Viewer
		not      []desk.Viewer
	}{
		{"everyone", software.RowAudience{Mode: "everyone"}, []desk.Viewer{b.ana, b.ben, b.chloe, b.tess}, []desk.Viewer{b.zara}},
		{"a company", software.RowAudience{Mode: "companies", Companies: []desk.ID{b.acme}}, []desk.Viewer{b.ana, b.ben}, []desk.Viewer{b.chloe, b.tess, b.zara}},
		{"a company and a person", software.RowAudience{Mode: "companies", Companies: []desk.ID{b.acme}, Users: []desk.ID{b.chloe.User}}, []desk.Viewer{b.ana, b.chloe}, []desk.Viewer{b.tess, b.zara}},
		{"people; a company left over is dropped", software.RowAudience{Mode: "users", Companies: []desk.ID{b.globex}, Users: []desk.ID{b.ana.User}}, []desk.Viewer{b.ana}, []desk.Viewer{b.ben, b.chloe, b.zara}},
		{"nobody", software.RowAudience{Mode: "users"}, nil, []desk.Viewer{b.ana, b.ben, b.chloe, b.tess, b.zara}},
	} {
		d := draft(c.name)
		d.Audience = c.audience
		e := b.create(d)
		for _, v := range c.sees {
			if p, err := b.packageOf(v, e.ID, software.Windows); err != nil || p.ID != "firefox" || p.Version != "145.0" || p.SoftwareVersion != 1 {
				t.Errorf("%s: %s gets %+v, %v", c.name, v.Name, p, err)
			}
			if list := b.names(v, software.MacOS); len(list) != 1 {
				t.Errorf("%s: %s is offered %v", c.name, v.Name, list)
			}
		}
		for _, v := range c.not {
			_, err := b.packageOf(v, e.ID, software.Windows)
			_, absent := b.packageOf(v, desk.NewID(), software.Windows)
			if desk.CodeOf(err) != desk.CodeNotFound || err.Error() != absent.Error() {
				t.Errorf("%s: %s: %v, and %v where nothing is", c.name, v.Name, err, absent)
			}
			if list := b.names(v, software.MacOS); len(list) != 0 {
				t.Errorf("%s: %s is offered %v", c.name, v.Name, list)
			}
		}
		if err := b.service.Retire(as(t, b.adam), e.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.packageOf(b.ana, e.ID, software.Windows); desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("%s: retired: %v", c.name, err)
		}
	}
}

// Holds R15.
func TestASystemWithoutAPackageIsRefusedByItsOwnRule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := draft("Notepad++")
	d.Packages = d.Packages[:1]
	id := b.create(d).ID
	_, err := b.packageOf(b.ana, id, software.Linux)
	wantRule(t, "Linux", err, policy.RuleInstallLinux)
	_, err = b.packageOf(b.ana, id, software.MacOS)
	wantRule(t, "macOS", err, policy.RuleSoftwareSystem)
	_, err = b.packageOf(b.ana, id, "plan9")
	wantRule(t, "unknown", err, policy.RuleSoftwareSystem)
	_, err = b.packageOf(b.ana, "firefox; reboot", software.Windows)
	wantCode(t, "a package's name for an id", err, desk.CodeNotFound)
}

func TestOnlyAdminsWriteTheCatalogueAndNobodyAnothersTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.create(draft("Firefox"))
	src, err := b.service.AddSource(as(t, b.adam), software.SourceDraft{Manager: "chocolatey", Name: "Own", URL: "https://packages.example"})
	if err != nil {
		t.Fatal(err)
	}
	name := "Another"
	for _, c := range []struct {
		who  desk.Viewer
		want desk.Code
	}{{b.ana, desk.CodeForbidden}, {b.ben, desk.CodeForbidden}, {b.tess, desk.CodeForbidden}, {b.zara, desk.CodeNotFound}} {
		ctx := as(t, c.who)
		_, change := b.service.Change(ctx, e.ID, software.Change{Name: &name})
		_, changeSource := b.service.ChangeSource(ctx, src.ID, software.SourceChange{Name: &name})
		for what, err := range map[string]error{
			"change": change, "retire": b.service.Retire(ctx, e.ID), "change source": changeSource, "remove source": b.service.RemoveSource(ctx, src.ID),
		} {
			wantCode(t, what+" as "+c.who.Name, err, c.want)
		}
	}
	foreign := draft("With a foreign source")
	foreign.Packages = []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "x", Source: src.ID}}
	_, err = b.service.Create(as(t, b.zara), foreign)
	wantCode(t, "another tenant's source", err, desk.CodeInvalid)
	foreign = draft("For a foreign company")
	foreign.Audience = software.RowAudience{Mode: "companies", Companies: []desk.ID{b.acme}}
	_, err = b.service.Create(as(t, b.zara), foreign)
	wantCode(t, "another tenant's company", err, desk.CodeInvalid)
	if _, err := b.service.List(as(t, b.ana)); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a contact reads the whole catalogue: %v", err)
	}
	if n := b.count(b.zara.Tenant, "select count(*) from software"); n != 0 {
		t.Errorf("%d rows in the other tenant", n)
	}
}

// The attack of SECURITY A13: what was confirmed is edited before it runs.
func TestEveryEditBetweenMovesTheVersionOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.adam)
	secret := &software.SourceCredentials{User: "u", Password: "p"}
	src, err := b.service.AddSource(ctx, software.SourceDraft{Manager: "chocolatey", Name: "Own", URL: "https://packages.example/a", Credentials: secret})
	if err != nil {
		t.Fatal(err)
	}
	d := draft("Tool")
	d.Packages = []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "tool", Source: src.ID}}
	e := b.create(d)
	url, other := "https://packages.example/b", "other"
	for _, step := range []struct {
		what  string
		moved bool
		edit  func() error
	}{
		{"package re-pointed", true, func() error {
			p := []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: other, Source: src.ID}}
			_, err := b.service.Change(ctx, e.ID, software.Change{Packages: &p})
			return err
		}},
		{"renamed", true, func() error { _, err := b.service.Change(ctx, e.ID, software.Change{Name: &other}); return err }},
		{"source moved", true, func() error {
			_, err := b.service.ChangeSource(ctx, src.ID, software.SourceChange{URL: &url, Credentials: secret})
			return err
		}},
		{"credentials changed", true, func() error {
			_, err := b.service.ChangeSource(ctx, src.ID, software.SourceChange{Credentials: secret})
			return err
		}},
		{"source renamed", false, func() error {
			_, err := b.service.ChangeSource(ctx, src.ID, software.SourceChange{Name: &other})
			return err
		}},
	} {
		before, err := b.packageOf(b.ana, e.ID, software.Windows)
		if err != nil {
			t.Fatal(err)
		}
		if err := step.edit(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		after, err := b.packageOf(b.ana, e.ID, software.Windows)
		if err != nil || (after.SoftwareVersion > before.SoftwareVersion) != step.moved {
			t.Errorf("%s: version %d, before %d, %v", step.what, after.SoftwareVersion, before.SoftwareVersion, err)
		}
	}
	_, err = b.service.Change(ctx, e.ID, software.Change{Name: &other, Version: 1})
	wantCode(t, "edit of an old version", err, desk.CodeConflict)
}

// Holds R15.
func TestCredentialsLieSealedAndNeverFollowToANewAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.adam)
	const canary = "canary-password-81"
	src, err := b.service.AddSource(ctx, software.SourceDraft{
		Manager: "homebrew", Name: "Tap", URL: "https://git.example/tap", Credentials: &software.SourceCredentials{User: "u", Password: canary},
	})
	if err != nil || !src.HasCredentials {
		t.Fatal(src, err)
	}
	for _, table := range []string{"software_sources", "audit"} {
		if n := b.count(b.tenant, "select count(*) from "+table+" r where strpos(r::text, $1) > 0 or strpos(r::text, encode($1::bytea, 'hex')) > 0", canary); n != 0 {
			t.Errorf("%s holds the password", table)
		}
	}
	url := "https://evil.example/tap"
	_, err = b.service.ChangeSource(ctx, src.ID, software.SourceChange{URL: &url})
	wantCode(t, "a new address with the old credentials", err, desk.CodeInvalid)
	open := func() (plain []byte) {
		storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
			plain, err = b.service.CredentialsTx(ctx, tx, src.ID)
			return err
		})
		return plain
	}
	if got := string(open()); got != "u:"+canary {
		t.Errorf("%s", got)
	}
	if _, err := b.service.ChangeSource(ctx, src.ID, software.SourceChange{URL: &url, RemoveCredentials: true}); err != nil {
		t.Fatal(err)
	}
	if got := open(); got != nil {
		t.Errorf("%s", got)
	}
	d := draft("Tool")
	d.Packages = []software.PackageSpec{{System: software.MacOS, Manager: software.HomebrewFormula, Package: "tool", Source: src.ID}}
	e := b.create(d)
	wantCode(t, "removal of a source in use", b.service.RemoveSource(ctx, src.ID), desk.CodeConflict)
	if err := errors.Join(b.service.Retire(ctx, e.ID), b.service.RemoveSource(ctx, src.ID)); err != nil {
		t.Error(err)
	}
}

func TestCredentialsAreWhatTheAgentCanPassOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []software.SourceCredentials{
		{User: "", Password: "p"},
		{User: "u", Password: ""},
		{User: "u:x", Password: "p"}, // the agent cuts at the colon
		{User: "u", Password: "two words"},
		{User: "u", Password: "line\nbreak"},
		{User: "ü", Password: "p"},
	} {
		_, err := b.service.AddSource(as(t, b.adam), software.SourceDraft{Manager: "chocolatey", Name: "S", URL: "https://packages.example", Credentials: &c})
		wantCode(t, c.User+"/"+c.Password, err, desk.CodeInvalid)
	}
}
