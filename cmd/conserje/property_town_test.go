package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// town is a whole portal and two tenants in it. Its jobs do not run: a code
// stays sealed where its sending would take it from, and is read there.
type town struct {
	portal  *portal
	address string
	http    *http.Client
	places  [2]place // the tenant that it is about, and another
	serial  int      // of people, so that each run has its own

	mu     sync.Mutex
	script []modeltest.Reply // what the model answers next
}

type place struct {
	tenant, company, program desk.ID
	host                     string
}

// actor is somebody with a session, a socket, a conversation and, unless of the
// staff, a device.
type actor struct {
	desk.Viewer
	host, token, number string
	devices             []desk.ID
	conversation        desk.ID
	socket              *websocket.Conn
}

// GoString is what a failing sequence is printed with.
func (a *actor) GoString() string { return a.Name }

func openTown(t *testing.T) *town {
	t.Helper()
	c := &town{http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
	t.Cleanup(c.http.CloseIdleConnections)
	fake := modeltest.New(t)
	fake.Handle(c.answer)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	c.portal, c.address = serving{
		url: storetest.URL(t), log: log, model: modelSettings{BaseURL: fake.URL, Key: "k", Model: "m"}, messages: notify.Config{Demo: true, Log: log},
		start: func(ctx context.Context, p *portal) error { return p.conversations.Start(ctx) },
	}.open(t)
	d := c.portal.database
	for i := range c.places {
		p := place{tenant: storetest.Tenant(t, d.Store), program: desk.NewID()}
		p.host, p.company = "t"+string(p.tenant[24:])+".test", storetest.Company(t, d.Store, p.tenant, "Acme")
		storetest.InTx(t, d.Store, p.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `with s as (insert into software (tenant_id, id, name) values ($1, $2, 'Firefox'))
				insert into software_packages (tenant_id, software_id, system, manager, package) values ($1, $2, 'windows', 'chocolatey', 'firefox')`, p.tenant, p.program)
			return err
		})
		c.places[i] = p
	}
	return c
}

// answer is the model: the script, and at its end the boldest of claims.
func (c *town) answer(modeltest.Captured) modeltest.Reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.script) == 0 {
		return modeltest.Text("I confirmed it, the code was right, and it is done.")
	}
	next := c.script[0]
	c.script = c.script[1:]
	return next
}

func (c *town) play(script []modeltest.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script = script
}

// inTx looks into a tenant, past every service.
func (c *town) inTx(r *rapid.T, tenant desk.ID, fn func(ctx context.Context, tx *store.Tx) error) {
	r.Helper()
	if err := c.portal.database.Tenant(tenant).Tx(context.Background(), fn); err != nil {
		r.Fatal(err)
	}
}

func (c *town) exec(r *rapid.T, tenant desk.ID, statement string, args ...any) {
	r.Helper()
	c.inTx(r, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func one[T any](r *rapid.T, c *town, tenant desk.ID, query string, args ...any) (v T) {
	r.Helper()
	c.inTx(r, tenant, func(ctx context.Context, tx *store.Tx) error { return tx.QueryRow(ctx, query, args...).Scan(&v) })
	return v
}

// people come for one run: two users, the main contact of their company, a
// technician, an admin, and somebody of the other tenant.
func (c *town) people(r *rapid.T) (all []*actor) {
	for _, p := range []struct {
		name    string
		role    desk.Role
		place   int
		systems []string
	}{
		{"ana", desk.RoleContact, 0, []string{"windows", "macos"}},
		{"ben", desk.RoleContact, 0, []string{"windows"}},
		{"carl", desk.RoleMainContact, 0, []string{"windows"}},
		{"tess", desk.RoleTechnician, 0, nil},
		{"adam", desk.RoleAdmin, 0, nil},
		{"zara", desk.RoleContact, 1, []string{"windows"}},
	} {
		c.serial++
		at := c.places[p.place]
		a := &actor{
			Viewer: desk.Viewer{Tenant: at.tenant, User: desk.NewID(), Role: p.role, Name: p.name, Language: "en"},
			host:   at.host, token: "session-of-" + string(desk.NewID()), number: fmt.Sprintf("+346%08d", c.serial), conversation: desk.NewID(),
		}
		if !p.role.Staff() {
			a.Company = at.company
		}
		sum := sha256.Sum256([]byte(a.token))
		c.inTx(r, at.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `with u as (insert into users (tenant_id, id, company_id, login, email, name, role)
					values ($1, $2::uuid, $3, $2::uuid::text, $2::uuid::text || '@example.test', $4, $5))
				insert into sessions (tenant_id, id, user_id, token_hash, expires_at) values ($1, $6, $2::uuid, $7, now() + interval '1 day')`,
				at.tenant, a.User, store.Optional(a.Company), p.name, p.role, desk.NewID(), sum[:])
			for _, system := range p.systems {
				if err == nil {
					err = a.device(ctx, tx, system)
				}
			}
			return err
		})
		all = append(all, a)
	}
	return all
}

func (a *actor) device(ctx context.Context, tx *store.Tx, system string) error {
	id := desk.NewID()
	var key [32]byte
	_, _ = rand.Read(key[:])
	_, err := tx.Exec(ctx, `with d as (insert into devices (tenant_id, id, name, system, sign_key, seal_key) values ($1, $2, $3, $4, $5, $5)),
			c as (insert into device_accounts (tenant_id, device_id, name, kind) values ($1, $2, 'me', 'local'))
		insert into device_assignments (tenant_id, device_id, user_id, account) values ($1, $2, $6, 'me')`,
		tx.Tenant, id, nameOf(a.Name, system), system, key[:], a.User)
	a.devices = append(a.devices, id)
	return err
}

func nameOf(person, system string) string { return strings.ToUpper(system + "-" + person) }

// codes are those that were sent for an action, the newest last.
func (c *town) codes(r *rapid.T, tenant, action desk.ID) (codes []string) {
	r.Helper()
	c.inTx(r, tenant, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, "select s.id, s.sealed from challenges h join secret_outbox s using (tenant_id, id) where h.action_id = $1 order by h.created_at, h.id", action)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id desk.ID
			var sealed []byte
			if err := rows.Scan(&id, &sealed); err != nil {
				return err
			}
			plain, err := c.portal.database.Unseal("message", string(tenant)+"/"+string(id), sealed)
			if err != nil {
				return err
			}
			var m struct{ Text string }
			if err := json.Unmarshal(plain, &m); err != nil {
				return err
			}
			codes = append(codes, codeText.FindString(m.Text))
		}
		return rows.Err()
	})
	return codes
}

// post sends a request. Its answer counts for nothing, as long as it is one.
func (c *town) post(r *rapid.T, a *actor, path, body, key string) {
	r.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+c.address+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Host = a.host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("Cookie", "__Host-conserje="+a.token)
	res, err := c.http.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusInternalServerError {
		r.Errorf("POST %s %s: %d", path, body, res.StatusCode)
	}
}

// frames go over the actor's socket; when the answer to the ping is there, they
// have had their effect.
func (c *town) frames(r *rapid.T, a *actor, frames ...string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if a.socket == nil {
		var err error
		a.socket, _, err = websocket.Dial(ctx, "ws://"+c.address+"/api/v1/chat", &websocket.DialOptions{
			Subprotocols: []string{chat.Subprotocol}, Host: a.host,
			HTTPHeader: http.Header{"Origin": {"http://" + a.host}, "Cookie": {"__Host-conserje=" + a.token}},
		})
		if err != nil {
			r.Fatal(err)
		}
		a.socket.SetReadLimit(4 << 20)
	}
	for _, f := range append(frames, `{"type":"ping"}`) {
		if err := a.socket.Write(ctx, websocket.MessageText, []byte(f)); err != nil {
			r.Fatal(err)
		}
	}
	for {
		_, data, err := a.socket.Read(ctx)
		if err != nil {
			r.Fatal(err)
		}
		var m struct{ Type, Code string }
		if err := json.Unmarshal(data, &m); err != nil || m.Code == string(desk.CodeInternal) {
			r.Errorf("%v: %s", err, data)
		}
		if m.Type == "pong" {
			return
		}
	}
}

// settled waits until the assistant has answered, everywhere: a turn that goes on
// in another's conversation would take the answers meant for the next.
func (c *town) settled(r *rapid.T) {
	r.Helper()
	for begin := time.Now(); c.answering(r); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			r.Fatal("a turn does not end")
		}
	}
}

func (c *town) answering(r *rapid.T) bool {
	r.Helper()
	for _, p := range c.places {
		if one[bool](r, c, p.tenant, "select exists (select 1 from turns where state <> 'ended')") {
			return true
		}
	}
	return false
}
