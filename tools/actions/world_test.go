package actions_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// world is a tenant with a person, a colleague, a technician and an admin, a
// Windows device of ana's and a Linux one, and a catalogue of one row.
type world struct {
	store                  *store.Store
	service                *actions.Service
	codes                  *codes
	sms                    *texts
	shelf                  *shelf
	tenant                 desk.ID
	ana, carl, tess, adam  desk.Viewer
	laptop, linux, foreign desk.ID
	software               desk.ID

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s := storetest.New(t)
	w := &world{store: s, now: time.Now().UTC(), shelf: &shelf{version: 1, pkg: "vlc"}, software: desk.NewID()}
	w.tenant = storetest.Tenant(t, s)
	acme := storetest.Company(t, s, w.tenant, "Acme")
	w.ana = storetest.User(t, s, w.tenant, acme, desk.RoleContact, "ana")
	w.carl = storetest.User(t, s, w.tenant, acme, desk.RoleMainContact, "carl")
	w.tess = storetest.User(t, s, w.tenant, "", desk.RoleTechnician, "tess")
	w.adam = storetest.User(t, s, w.tenant, "", desk.RoleAdmin, "adam")
	w.laptop, w.linux, w.foreign = w.device(t, w.ana, "windows"), w.device(t, w.ana, "linux"), w.device(t, w.carl, "windows")
	w.sql(t, "insert into software (tenant_id, id, name) values ($1, $2, 'VLC')", w.tenant, w.software)
	w.codes = &codes{store: s, open: map[desk.ID]string{}, good: map[desk.ID]string{}}
	w.sms = &texts{}
	w.service = actions.New(actions.Config{
		Store: s, Verify: w.codes, Catalogue: w.shelf, SMS: w.sms, Log: storetest.Log(t), ProposalsAtMost: 1_000_000, Now: w.clock,
	})
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) step(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) sql(t testing.TB, statement string, args ...any) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, query, args...).Scan(&n)
	})
	return n
}

func (w *world) device(t testing.TB, owner desk.Viewer, system string) desk.ID {
	id := desk.NewID()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := make([]byte, 32)
	_, _ = rand.Read(sign)
	w.sql(t, `insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key, boot_id, booted_at)
		values ($1, $2, $3, 'LAPTOP-7', $4, $5, $6, 'boot-1', now() - interval '1 day')`, w.tenant, id, owner.Company, system, sign, key.PublicKey().Bytes())
	w.sql(t, `insert into device_assignments (tenant_id, device_id, user_id, account) values ($1, $2, $3, 'ana')`, w.tenant, id, owner.User)
	w.sql(t, `insert into device_accounts (tenant_id, device_id, name, kind) values ($1, $2, 'ana', 'local')`, w.tenant, id)
	return id
}

func (w *world) set(t testing.TB, name, value string) {
	t.Helper()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, w.adam, map[string]json.RawMessage{name: json.RawMessage(value)})
		return err
	})
}

func as(t testing.TB, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func (w *world) propose(t testing.TB, p actions.Proposal) actions.View {
	t.Helper()
	p.Source = actions.SourceSelfService
	v, err := w.service.Propose(as(t, w.ana), p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// queued is an action that ana confirmed and verified.
func (w *world) queued(t testing.TB, p actions.Proposal) desk.ID {
	t.Helper()
	v := w.propose(t, p)
	if _, err := w.service.Confirm(as(t, w.ana), v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.SendCode(as(t, w.ana), v.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.Verify(as(t, w.ana), v.ID, w.codes.of(v.ID)); err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func (w *world) state(t testing.TB, id desk.ID) actions.View {
	t.Helper()
	v, err := w.service.Get(as(t, w.tess), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantCode(t testing.TB, err error, want desk.Code) {
	t.Helper()
	if got := desk.CodeOf(err); got != want {
		t.Errorf("code %q, want %q (%v)", got, want, err)
	}
}

// codes is a second factor that really compares: one code per person and
// digest, used once, and it remembers what it let through.
type codes struct {
	store *store.Store
	mu    sync.Mutex
	open  map[desk.ID]string // action → "user digest code"
	good  map[desk.ID]string // action → "user digest" of the check that passed
	// between runs after the code was found right and before the ledger hears it.
	between func()
}

func (*codes) Status(context.Context, *store.Tx, desk.ID) (verify.Factors, error) {
	return verify.Factors{PhoneVerified: true}, nil
}

func (*codes) SentFor(context.Context, *store.Tx, desk.ID, desk.ID) (verify.Sent, error) {
	return verify.Sent{}, nil
}

func (c *codes) SendCode(_ context.Context, v desk.Viewer, act verify.Act, _ string) error {
	var b [4]byte
	_, _ = rand.Read(b[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[act.Action] = string(v.User) + " " + hex.EncodeToString(act.Digest) + " " + hex.EncodeToString(b[:])
	return nil
}

func (c *codes) of(id desk.ID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.open[id]
	return s[max(0, len(s)-8):]
}

func (c *codes) Check(ctx context.Context, v desk.Viewer, act verify.Act, code string, then func(context.Context, *store.Tx, string) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	proof := string(v.User) + " " + hex.EncodeToString(act.Digest)
	if want, ok := c.open[act.Action]; !ok || want != proof+" "+code {
		return desk.Errorf(desk.CodeInvalid, "the code is wrong").On("code")
	}
	if c.between != nil {
		c.between()
	}
	err := c.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return then(ctx, tx, "sms") })
	if err == nil {
		delete(c.open, act.Action)
		c.good[act.Action] = proof
	}
	return err
}

// shelf is a catalogue of one row for Windows.
type shelf struct {
	mu      sync.Mutex
	version int
	pkg     string
}

func (s *shelf) repoint() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.pkg += "x"
}

func (*shelf) CredentialsTx(context.Context, *store.Tx, desk.ID) ([]byte, error) { return nil, nil }

func (s *shelf) PackageTx(_ context.Context, _ *store.Tx, _ desk.Viewer, _ desk.ID, system string) (software.Package, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if system != "windows" {
		return software.Package{}, policy.Refuse(policy.RuleSoftwareSystem)
	}
	return software.Package{Name: "VLC", Manager: "chocolatey", ID: s.pkg, Version: "3.0", SoftwareVersion: s.version}, nil
}
