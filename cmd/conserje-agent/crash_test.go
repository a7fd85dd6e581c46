//go:build !windows

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/conserje/conserje/tools/devices/wire"
)

const crashDevice = "0190c0de-0000-7000-8000-000000000001"

// portal is a server that gives one command at every link until it has its
// result, as the real one would after a lost link.
type portal struct {
	mu      sync.Mutex
	key     ed25519.PrivateKey
	device  ed25519.PublicKey
	command wire.Envelope
	results []wire.Result
	changed chan struct{}
}

func (p *portal) enrol(w http.ResponseWriter, r *http.Request) {
	var e wire.Enrol
	_ = json.NewDecoder(r.Body).Decode(&e)
	p.mu.Lock()
	p.device = e.SignKey
	p.mu.Unlock()
	_ = json.NewEncoder(w).Encode(wire.Enrolled{Device: crashDevice, ServerKey: p.key.Public().(ed25519.PublicKey)})
}

func (p *portal) link(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	send := func(f wire.Frame) {
		raw, _ := wire.Encode(f)
		_ = conn.Write(r.Context(), websocket.MessageText, raw)
	}
	send(wire.Challenge{Nonce: make([]byte, wire.NonceSize)})
	_, raw, err := conn.Read(r.Context())
	if err != nil {
		return
	}
	f, err := wire.ParseAgent(raw)
	prove, ok := f.(*wire.Prove)
	if err != nil || !ok {
		return
	}
	at := time.Now().Format(time.RFC3339Nano)
	send(wire.Welcome{
		ServerTime: at, ServerKey: p.key.Public().(ed25519.PublicKey), Signature: wire.SignClock(p.key, prove.Nonce, prove.Device, at),
	})
	p.mu.Lock()
	command, device := p.command, p.device
	p.mu.Unlock()
	send(wire.Do{Envelope: command})
	for {
		_, raw, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		f, err := wire.ParseAgent(raw)
		report, ok := f.(*wire.Report)
		if err != nil || !ok {
			continue
		}
		result, err := wire.OpenResult(device, report.Envelope)
		if err != nil {
			continue
		}
		p.mu.Lock()
		p.results = append(p.results, result)
		p.mu.Unlock()
		select {
		case p.changed <- struct{}{}:
		default:
		}
	}
}

func (p *portal) wait(t *testing.T, n int) wire.Result {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		p.mu.Lock()
		if len(p.results) >= n {
			defer p.mu.Unlock()
			return p.results[len(p.results)-1]
		}
		p.mu.Unlock()
		select {
		case <-p.changed:
		case <-deadline:
			t.Fatal("no result")
		}
	}
}

// TestTheAgentKilledAtEachPointHasAtMostOneEffect is SECURITY R1 and F1 for
// the device: SIGKILL at each point of a command's way, a new process, the
// same command again.
func TestTheAgentKilledAtEachPointHasAtMostOneEffect(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "agent")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoint", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rounds := 1
	if n, err := strconv.Atoi(os.Getenv("SOAK")); err == nil && n > 0 {
		rounds = max(1, n/10)
	}
	for range rounds {
		for _, operation := range []string{wire.Lock, wire.Restart, wire.Shutdown} {
			for _, point := range []string{"received", "remembered", "begun", "done", "stored", "told"} {
				if operation == wire.Restart && point == "told" {
					continue // its report comes in the next life, which dies nowhere
				}
				killedAt(t, bin, operation, point)
			}
		}
	}
}

func killedAt(t *testing.T, bin, operation, point string) {
	t.Helper()
	p := &portal{changed: make(chan struct{}, 1)}
	_, p.key, _ = ed25519.GenerateKey(rand.Reader)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.EnrolPath, p.enrol)
	mux.HandleFunc("GET "+wire.LinkPath, p.link)
	srv := httptest.NewServer(mux)
	defer srv.Close()
	id := "0190c0de-0000-7000-8000-000000000002"
	command, err := wire.SignCommand(p.key, wire.Command{
		ID: id, Device: crashDevice, Operation: operation, Nonce: "n", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.command = command
	p.mu.Unlock()
	dir := filepath.Join(t.TempDir(), "state")
	agent := func(env string, args ...string) *exec.Cmd {
		flags := []string{
			"--dir", dir, "--simulate", "linux", "--simulate-takes", "1ms", "--simulate-restart-for", "10ms", "--simulate-shutdown-for", "10ms", "--settle", "300ms",
		}
		cmd := exec.CommandContext(t.Context(), bin, append(flags, args...)...)
		cmd.Env = append(os.Environ(), "CONSERJE_AGENT_FAILPOINT="+env)
		return cmd
	}
	if out, err := agent("", "enrol", srv.URL, "--token", "x").CombinedOutput(); err != nil {
		t.Fatalf("enrol: %v\n%s", err, out)
	}
	first := agent(point, "run")
	_ = first.Start()
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%s %s: the first life ended by itself: %v", operation, point, err)
		}
	case <-time.After(20 * time.Second):
		_ = first.Process.Kill()
		t.Fatalf("%s: %s was never reached", operation, point)
	}
	p.mu.Lock()
	before := len(p.results)
	p.mu.Unlock()
	second := agent("", "run")
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	last := p.wait(t, before+1)
	_ = second.Process.Signal(os.Interrupt)
	_ = second.Wait()
	judge(t, operation+" "+point, dir, id, last)
}

// judge compares what the device did with what it says that it did.
func judge(t *testing.T, name, dir, id string, last wire.Result) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "simulated.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ Effects []string }
	if err := json.Unmarshal(raw, &state); err != nil {
		t.Fatal(err)
	}
	point := name[strings.Index(name, " ")+1:]
	power := !strings.HasPrefix(name, wire.Lock)
	// Only what was cut off between begin and report is unknown; a device that went off shows it by its boot.
	wantOK := point == "received" || point == "remembered" || point == "stored" || point == "told" || power && point == "done"
	wantEffects := 1
	if point == "begun" {
		wantEffects = 0
	}
	if len(state.Effects) != wantEffects || last.ID != id || last.OK != wantOK || !wantOK && last.Code != wire.CodeInterrupted {
		t.Errorf("%s: effects %v, result %s", name, state.Effects, fmt.Sprintf("%+v", last))
	}
}
