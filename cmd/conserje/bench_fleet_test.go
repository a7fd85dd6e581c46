//go:build bench

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/verify"
	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// house is a portal full of people with a device each, and its server.
type house struct {
	t       *testing.T
	url     string       // of the database's owner
	store   *store.Store // beside the server, to fill the database and to look at it
	tenant  desk.ID
	host    string
	address string
	people  []*person
	texts   *texts
	http    *http.Client
}

// person is somebody with a session, a device and a second factor: the app's
// secret, or else a number.
type person struct {
	id, device    desk.ID
	token, number string
	secret        string
	key           ed25519.PrivateKey
	action        desk.ID
	due           time.Time // when the code was to be sent

	mu  sync.Mutex
	got []time.Time // when commands came
	odd error       // one that was not as it must be
}

func (p *person) commands() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

func newHouse(t *testing.T, people int, env ...string) *house {
	t.Helper()
	url := storetest.URL(t)
	h := &house{
		t: t, url: url, store: storetest.Open(t, url, 4), texts: newTexts(t),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
	t.Cleanup(h.http.CloseIdleConnections)
	h.tenant = storetest.Tenant(t, h.store)
	h.host = "t" + string(h.tenant[24:]) + ".test"
	h.fill(people)
	h.address = startServer(t, append(env, "DATABASE_URL="+url, "SMS_PROVIDER=gateway", "SMS_GATEWAY_URL="+h.texts.URL)...)
	return h
}

// fill makes the people in few statements. The portal's admin has raised the
// day's budget of text messages; every other limit is a new portal's.
func (h *house) fill(n int) {
	h.t.Helper()
	company := storetest.Company(h.t, h.store, h.tenant, "Acme")
	admin := storetest.User(h.t, h.store, h.tenant, "", desk.RoleAdmin, "admin")
	rules := verify.DefaultRules()
	rules.PerDay = 10 * n
	var rows struct {
		Users, Devices          []desk.ID
		Logins, Numbers, Tokens []string
		Keys, Sealed            [][]byte
	}
	for i := range n {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			h.t.Fatal(err)
		}
		p := &person{id: desk.NewID(), device: desk.NewID(), token: rand.Text(), number: fmt.Sprintf("+346%02d%02d%04d", 10+i%80, i/80%100, i), key: key}
		var sealed []byte
		if i%2 == 0 {
			secret := make([]byte, 20)
			_, _ = rand.Read(secret)
			p.secret = base32.StdEncoding.EncodeToString(secret)
			sealed = h.store.Seal("totp", string(h.tenant)+"/"+string(p.id), secret)
		}
		h.people = append(h.people, p)
		rows.Users, rows.Devices = append(rows.Users, p.id), append(rows.Devices, p.device)
		rows.Logins, rows.Numbers = append(rows.Logins, fmt.Sprintf("person-%d", i)), append(rows.Numbers, p.number)
		rows.Tokens = append(rows.Tokens, p.token)
		rows.Keys, rows.Sealed = append(rows.Keys, key[ed25519.SeedSize:]), append(rows.Sealed, sealed)
	}
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		if _, err := verify.SetRules(ctx, tx, admin, rules); err != nil {
			return err
		}
		for _, statement := range []struct {
			sql  string
			args []any
		}{
			{`insert into users (tenant_id, id, company_id, login, name, role)
				select $1, id, $2, name, initcap(name), 'contact' from unnest($3::uuid[], $4::text[]) as u(id, name)`, []any{company, rows.Users, rows.Logins}},
			{`insert into sessions (tenant_id, id, user_id, token_hash, expires_at)
				select $1, gen_random_uuid(), id, sha256(convert_to(token, 'UTF8')), now() + interval '1 day' from unnest($2::uuid[], $3::text[]) as u(id, token)`, []any{rows.Users, rows.Tokens}},
			{`insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key)
				select $1, id, $2, 'LAPTOP', 'windows', key, key from unnest($3::uuid[], $4::bytea[]) as u(id, key)`, []any{company, rows.Devices, rows.Keys}},
			{`insert into device_assignments (tenant_id, device_id, user_id, account, account_sid)
				select $1, device, id, 'local', 'S-1' from unnest($2::uuid[], $3::uuid[]) as u(id, device)`, []any{rows.Users, rows.Devices}},
			{`insert into totp_factors (tenant_id, user_id, sealed, verified_at)
				select $1, id, sealed, now() from unnest($2::uuid[], $3::bytea[]) as u(id, sealed) where sealed is not null`, []any{rows.Users, rows.Sealed}},
			{`insert into phones (tenant_id, user_id, number, verified_at)
				select $1, id, number, now() from unnest($2::uuid[], $3::text[], $4::bytea[]) as u(id, number, sealed) where sealed is null`, []any{rows.Users, rows.Numbers, rows.Sealed}},
		} {
			if _, err := tx.Exec(ctx, statement.sql, append([]any{h.tenant}, statement.args...)...); err != nil {
				return err
			}
		}
		return nil
	})
	h.analyze()
}

// analyze does what autovacuum does within a minute; the application's role
// may not.
func (h *house) analyze() {
	h.t.Helper()
	owner, err := pgx.Connect(h.t.Context(), h.url)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = owner.Close(context.WithoutCancel(h.t.Context())) }()
	if _, err := owner.Exec(h.t.Context(), "vacuum analyze"); err != nil {
		h.t.Fatal(err)
	}
}

// code is what the person reads now: on the app, or in the message.
func (h *house) code(p *person) string {
	if p.secret == "" {
		return h.texts.of(p.number)
	}
	code, err := totp.GenerateCode(p.secret, time.Now())
	if err != nil {
		h.t.Error(err)
	}
	return code
}

// connect brings every device's agent to the server.
func (h *house) connect() {
	h.t.Helper()
	h.each(h.people, 20, h.agent)
	time.Sleep(2 * time.Second)
}

// agent keeps a device's link: it proves itself, tells its facts, and answers
// each command as the agent does, a moment later with a signed report.
func (h *house) agent(p *person) error {
	ctx := context.WithoutCancel(h.t.Context())
	dialling, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(dialling, "ws://"+h.address+link.LinkPath, &websocket.DialOptions{Host: h.host, Subprotocols: []string{link.Subprotocol}})
	if err != nil {
		return err
	}
	h.t.Cleanup(func() { _ = conn.CloseNow() })
	send := func(f link.Frame) error {
		data, err := link.Encode(f)
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, data)
		}
		return err
	}
	first, err := hear(dialling, conn)
	challenge, ok := first.(*link.Challenge)
	if err != nil || !ok {
		return fmt.Errorf("no challenge: %T %w", first, err)
	}
	if err := send(link.Prove{Device: string(p.device), Signature: link.SignProof(p.key, challenge.Nonce, string(p.device), h.host)}); err != nil {
		return err
	}
	if second, err := hear(dialling, conn); err != nil {
		return fmt.Errorf("not welcome: %T %w", second, err)
	}
	facts := link.Facts{Name: "LAPTOP", System: link.Windows, BootID: "boot-1", Accounts: []link.Account{{Name: "local", SID: "S-1", Kind: link.AccountLocal, LoggedIn: true}}}
	if err := send(link.Hello{Facts: facts}); err != nil {
		return err
	}
	go func() {
		for {
			f, err := hear(ctx, conn)
			if err != nil {
				return
			}
			if do, ok := f.(*link.Do); ok {
				h.obey(p, do, send)
			}
		}
	}()
	return nil
}

func hear(ctx context.Context, conn *websocket.Conn) (link.Frame, error) {
	_, data, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return link.ParseServer(data)
}

func (h *house) obey(p *person, do *link.Do, send func(link.Frame) error) {
	now := time.Now()
	c, err := link.OpenCommand(h.serverKey(), do.Envelope)
	if err == nil && (c.ID != string(p.action) || c.Device != string(p.device) || c.Operation != link.Lock || c.Account != "local") {
		err = fmt.Errorf("a command that nobody gave: %+v", c)
	}
	p.mu.Lock()
	p.got = append(p.got, now)
	if err != nil {
		p.odd = err
	}
	p.mu.Unlock()
	for _, state := range []string{link.ProgressDelivered, link.ProgressRunning} {
		if err := send(link.Progress{ID: c.ID, State: state}); err != nil {
			return
		}
	}
	time.AfterFunc(300*time.Millisecond, func() {
		report, err := link.SignResult(p.key, link.Result{ID: c.ID, Device: c.Device, OK: true, StartedAt: now, EndedAt: time.Now()})
		if err == nil {
			_ = send(link.Report{Envelope: report})
		}
	})
}

// wait holds until everybody who waits for a code has one.
func (x *texts) wait(t *testing.T, people []*person) {
	t.Helper()
	begin := time.Now()
	for _, p := range people {
		for p.secret == "" && x.of(p.number) == "" {
			if time.Since(begin) > 2*time.Minute {
				t.Fatalf("no code for %s", p.number)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}
