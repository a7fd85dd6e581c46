package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/agent"
	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// The points of an action's way at which the server dies: each change of state
// inside its transaction and just after it, and what happens to the code.
var crashPoints = []string{
	"restart action.proposed.in_tx", "restart action.proposed.committed",
	"restart action.confirmed.in_tx", "restart action.confirmed.committed",
	"lock code.spent", "lock code.sent", "lock code.charged",
	"restart action.verified.in_tx", "restart action.verified.committed",
	"restart action.queued.in_tx", "restart action.queued.committed",
	"restart action.delivered.in_tx", "restart action.delivered.committed",
	"lock action.running.in_tx", "lock action.running.committed",
	"restart action.succeeded.in_tx", "restart action.succeeded.committed",
	"shutdown action.running.committed", "shutdown action.succeeded.committed", "logout action.succeeded.committed",
	"reset_password action.delivered.committed", "reset_password action.succeeded.in_tx", "reset_password action.succeeded.committed",
}

// TestTheServerKilledAtEachPointHasAtMostOneEffect is SECURITY R1 and promise 3
// for actions: main itself, killed by SIGKILL at each point; its owner goes on
// by REST as a page would, the device's agent by its link.
func TestTheServerKilledAtEachPointHasAtMostOneEffect(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "conserje")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoint", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rounds := 1
	if n, err := strconv.Atoi(os.Getenv("SOAK")); err == nil && n > 0 {
		rounds = max(1, n/10)
	}
	const atOnce = 3
	for shard := range atOnce {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, bin)
			for range rounds {
				for i := shard; i < len(crashPoints); i += atOnce {
					operation, point, _ := strings.Cut(crashPoints[i], " ")
					c.patient = rounds > 1 || strings.HasPrefix(crashPoints[i], "restart action.delivered")
					c.killedAt(operation, point)
				}
			}
		})
	}
}

// crash is a portal whose server dies and comes back at one address.
type crash struct {
	t       *testing.T
	bin     string
	env     []string
	address string
	store   *store.Store // beside the server, to fill the database and to look at it
	tenant  desk.ID
	company desk.ID
	admin   string // a session of the admin's
	texts   *texts
	people  int
	patient bool // waits until the dead server's links are surely dead
}

func newCrash(t *testing.T, bin string) *crash {
	url := storetest.URL(t)
	c := &crash{t: t, bin: bin, store: storetest.Open(t, url, 4), texts: newTexts(t)}
	c.tenant = tenantHere(t, c.store)
	c.company = storetest.Company(t, c.store, c.tenant, "Acme")
	c.admin = c.session(storetest.User(t, c.store, c.tenant, "", desk.RoleAdmin, "adam").User)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = strings.Replace(free.Addr().String(), "127.0.0.1", "localhost", 1)
	_ = free.Close()
	c.env = append(os.Environ(), "DATABASE_URL="+url, "CONSERJE_SECRET="+string(storetest.Secret), "CONSERJE_DATA="+t.TempDir(),
		"CONSERJE_ADDR="+strings.Replace(c.address, "localhost", "127.0.0.1", 1), "SMS_PROVIDER=gateway", "SMS_GATEWAY_URL="+c.texts.URL)
	return c
}

func (c *crash) session(user desk.ID) (token string) {
	token = rand.Text()
	storetest.InTx(c.t, c.store, c.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into sessions (tenant_id, id, user_id, token_hash, expires_at)
			values ($1, $2, $3, sha256(convert_to($4, 'UTF8')), now() + interval '1 day')`, c.tenant, desk.NewID(), user, token)
		return err
	})
	return token
}

// serve starts the server and returns how it ended.
func (c *crash) serve(failpoint string) (process *os.Process, ended chan error) {
	c.t.Helper()
	cmd := exec.Command(c.bin, "serve")
	cmd.Env = append(slices.Clone(c.env), "CONSERJE_FAILPOINT="+failpoint)
	cmd.Stderr = c.t.Output()
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = cmd.Process.Kill() })
	ended = make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c.ask(c.admin, http.MethodGet, "/me", nil, nil) == nil {
			return cmd.Process, ended
		}
		if time.Since(begin) > time.Minute {
			_ = cmd.Process.Kill()
			c.t.Fatal("the server did not start")
		}
	}
}

func (c *crash) ask(token, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", "conserje="+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %d %s", path, res.StatusCode, answer)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	return err
}

// owner is somebody with a number on file and a device that runs the agent.
type owner struct {
	user          desk.ID
	token, number string
	device        desk.ID
	system        *agent.Simulated
}

func (c *crash) newOwner() *owner {
	c.t.Helper()
	c.people++
	o := &owner{number: fmt.Sprintf("+34612%06d", c.people)}
	login := fmt.Sprintf("person-%d", c.people)
	o.user = storetest.User(c.t, c.store, c.tenant, c.company, desk.RoleContact, login).User
	o.token = c.session(o.user)
	storetest.InTx(c.t, c.store, c.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "insert into phones (tenant_id, user_id, number, verified_at) values ($1, $2, $3, now())", c.tenant, o.user, o.number)
		return err
	})
	var err error
	o.system, err = agent.NewSimulated(agent.SimulatedConfig{
		Name: "LAPTOP", System: link.Windows,
		Takes:      200 * time.Millisecond, // a device that is off at once takes its word that it is at it with it, unsent
		RestartFor: 10 * time.Millisecond, ShutdownFor: 10 * time.Millisecond,
		Accounts: []link.Account{{Name: "local", SID: "S-1-5-21-1-2-3-1001", Kind: link.AccountLocal, LoggedIn: true}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	var token struct{ Token string }
	if err := c.ask(c.admin, http.MethodPost, "/admin/devices/tokens", map[string]any{"user_id": o.user}, &token); err != nil {
		c.t.Fatal(err)
	}
	dir := filepath.Join(c.t.TempDir(), "agent")
	identity, err := agent.Enrol(c.t.Context(), agent.Enrolment{Server: "http://" + c.address, Token: token.Token, Dir: dir, System: o.system})
	if err != nil {
		c.t.Fatal(err)
	}
	o.device = desk.ID(identity.Device)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- agent.Run(ctx, agent.Config{Dir: dir, System: o.system, Backoff: 50 * time.Millisecond, Settle: 300 * time.Millisecond, HTTP: http.DefaultClient})
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	c.until("the device's accounts", func() bool {
		path := "/admin/devices/" + string(o.device) + "/assignments"
		return c.ask(c.admin, http.MethodPost, path, map[string]any{"user_id": o.user, "account": "local"}, nil) == nil
	})
	return o
}

// forgetLinks closes the dead server's links as it would have itself: a new server gives nothing to a device that may
// have another link until the other had ten seconds to show it. Only a patient test waits them out.
func (c *crash) forgetLinks() {
	if c.patient {
		return
	}
	storetest.InTx(c.t, c.store, c.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update devices set online_node = ''")
		return err
	})
}

func (c *crash) until(what string, ok func() bool) {
	c.t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(30 * time.Millisecond) {
		if time.Since(begin) > 3*time.Minute {
			c.t.Fatalf("never: %s", what)
		}
	}
}

// view is what the test reads of an action.
type view struct {
	ID      desk.ID
	State   string
	Outcome string
	Next    []string
	EndedAt *time.Time `json:"ended_at"`
	History []struct{ State, Code string }
}

// killedAt takes one action its whole way, past the server's death at point.
func (c *crash) killedAt(operation, point string) {
	c.t.Helper()
	process, ended := c.serve(point)
	o := c.newOwner()
	died := false
	var a view
	for begin := time.Now(); a.EndedAt == nil || !died; time.Sleep(30 * time.Millisecond) {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if died || !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				c.t.Fatalf("%s %s: the server ended by itself: %v", operation, point, err)
			}
			died = true
			c.forgetLinks()
			process, ended = c.serve("")
		default:
		}
		if time.Since(begin) > time.Minute {
			c.t.Fatalf("%s %s: died %v, and then %s %v", operation, point, died, a.State, a.History)
		}
		a = c.step(o, operation)
	}
	c.judge(o, operation, point, a)
	_ = process.Signal(syscall.SIGTERM)
	<-ended
}

// step does what a person does who looks at the page: whatever the action
// offers next. The server may be away.
func (c *crash) step(o *owner, operation string) (a view) {
	var list struct{ Items []view }
	if c.ask(o.token, http.MethodGet, "/actions", nil, &list) != nil {
		return view{}
	}
	if len(list.Items) == 0 {
		_ = c.ask(o.token, http.MethodPost, "/actions", map[string]any{"device_id": o.device, "operation": operation}, nil)
		return view{}
	}
	path := "/actions/" + string(list.Items[0].ID)
	if c.ask(o.token, http.MethodGet, path, nil, &a) != nil {
		return view{}
	}
	code := c.texts.of(o.number)
	switch {
	case slices.Contains(a.Next, "confirm"):
		_ = c.ask(o.token, http.MethodPost, path+"/confirm", nil, nil)
	case slices.Contains(a.Next, "verify") && code != "":
		_ = c.ask(o.token, http.MethodPost, path+"/verify", map[string]any{"code": code}, nil)
	case slices.Contains(a.Next, "send_code"):
		// A minute between two codes: the person waits it out, the test does not.
		storetest.InTx(c.t, c.store, c.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "update limits set window_start = window_start - interval '61 seconds'")
			return err
		})
		_ = c.ask(o.token, http.MethodPost, path+"/code", map[string]any{}, nil)
		time.Sleep(200 * time.Millisecond)
	}
	return a
}

// judge holds that the action succeeded, with one effect, and that no step of
// it is recorded twice.
func (c *crash) judge(o *owner, operation, point string, a view) {
	c.t.Helper()
	name := operation + " " + point
	if a.State != string(desk.StateSucceeded) {
		c.t.Errorf("%s: %s %s, history %v", name, a.State, a.Outcome, a.History)
	}
	if got, want := o.system.Effects(), []string{operation + " " + string(a.ID)}; !slices.Equal(got, want) {
		c.t.Errorf("%s: effects %v, want %v", name, got, want)
	}
	seen := map[string]int{}
	for _, h := range a.History {
		seen[h.State]++
	}
	for _, state := range []desk.ActionState{desk.StateProposed, desk.StateConfirmed, desk.StateVerified, desk.StateQueued, desk.StateDelivered} {
		if seen[string(state)] != 1 {
			c.t.Errorf("%s: %d times %s: %v", name, seen[string(state)], state, a.History)
		}
	}
	var rows int
	storetest.InTx(c.t, c.store, c.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from actions where user_id = $1", o.user).Scan(&rows)
	})
	if rows != 1 {
		c.t.Errorf("%s: %d actions", name, rows)
	}
	if operation == string(desk.OpResetPassword) {
		// The message's job may have died with the server: another takes it over.
		var password string
		c.until(name+": the password's message", func() bool {
			password = passwordText.FindString(c.texts.last(o.number))
			return password != ""
		})
		if !o.system.PasswordIs("local", []byte(password)) {
			c.t.Errorf("%s: the message has another password than the device", name)
		}
	}
}
