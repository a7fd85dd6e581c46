package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/conserje/conserje/tools/devices/wire"
)

const testDevice = "0190c0de-0000-7000-8000-000000000001"

func actionID(n int) string { return fmt.Sprintf("0190c0de-0000-7000-8000-%012d", n+1000) }

// server is the portal's side of the link, as small as it can be.
type server struct {
	t       *testing.T
	http    *httptest.Server
	key     ed25519.PrivateKey
	keyPub  ed25519.PublicKey
	device  wire.Enrol
	clockBy time.Duration // how far its clock is ahead
	// clockKey signs the clock; the server's own.
	clockKey ed25519.PrivateKey

	mu       sync.Mutex
	conn     *websocket.Conn
	frames   []wire.Frame
	results  map[string][]wire.Result
	links    int
	changed  chan struct{}
	revoked  bool
	mute     bool // reads nothing after the welcome, and so answers no ping
	problems []string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, results: map[string][]wire.Result{}, changed: make(chan struct{}, 1)}
	s.keyPub, s.key, _ = ed25519.GenerateKey(rand.Reader)
	s.clockKey = s.key
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.EnrolPath, s.enrol)
	mux.HandleFunc("GET "+wire.LinkPath, s.link)
	s.http = httptest.NewServer(mux)
	t.Cleanup(s.http.Close)
	return s
}

func (s *server) enrol(w http.ResponseWriter, r *http.Request) {
	var e wire.Enrol
	if json.NewDecoder(r.Body).Decode(&e) != nil || e.Token != "good" || wire.CheckSealKey(e.SealKey) != nil || e.Facts.Check() != nil {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"detail":"the token is used up"}`)
		return
	}
	s.mu.Lock()
	s.device = e
	s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(wire.Enrolled{Device: testDevice, Host: "localhost", ServerKey: s.keyPub})
}

func (s *server) link(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := r.Context()
	nonce := make([]byte, wire.NonceSize)
	_, _ = rand.Read(nonce)
	s.push(ctx, conn, wire.Challenge{Nonce: nonce})
	_, raw, err := conn.Read(ctx)
	if err != nil {
		return
	}
	f, err := wire.ParseAgent(raw)
	prove, ok := f.(*wire.Prove)
	if err != nil || !ok || !wire.CheckProof(s.device.SignKey, nonce, prove.Device, wire.Host(r.Host), prove.Signature) {
		s.mu.Lock()
		s.problems = append(s.problems, "not proved")
		s.mu.Unlock()
		_ = conn.Close(wire.CloseNotProved, "")
		return
	}
	s.mu.Lock()
	revoked := s.revoked
	s.mu.Unlock()
	if revoked {
		_ = conn.Close(wire.CloseRevoked, "")
		return
	}
	at := time.Now().Add(s.clockBy).Format(time.RFC3339Nano)
	s.push(ctx, conn, wire.Welcome{ServerTime: at, ServerKey: s.keyPub, Signature: wire.SignClock(s.clockKey, prove.Nonce, prove.Device, at)})
	s.set(func() { s.conn, s.links = conn, s.links+1 })
	defer s.set(func() {
		if s.conn == conn {
			s.conn = nil
		}
	})
	for {
		if s.mute {
			<-s.t.Context().Done()
			return
		}
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return
		}
		f, err := wire.ParseAgent(raw)
		s.set(func() {
			if err != nil {
				s.problems = append(s.problems, err.Error())
				return
			}
			s.frames = append(s.frames, f)
			if report, ok := f.(*wire.Report); ok {
				r, err := wire.OpenResult(s.device.SignKey, report.Envelope)
				if err != nil {
					s.problems = append(s.problems, err.Error())
					return
				}
				s.results[r.ID] = append(s.results[r.ID], r)
			}
		})
	}
}

func (s *server) push(ctx context.Context, conn *websocket.Conn, f wire.Frame) {
	raw, err := wire.Encode(f)
	if err == nil {
		err = conn.Write(ctx, websocket.MessageText, raw)
	}
	if err != nil && ctx.Err() == nil {
		s.t.Logf("push: %v", err)
	}
}

func (s *server) set(change func()) {
	s.mu.Lock()
	change()
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// told counts what was said of a command's way; under the lock.
func (s *server) told(id, state string) int {
	n := 0
	for _, f := range s.frames {
		if p, ok := f.(*wire.Progress); ok && p.ID == id && p.State == state {
			n++
		}
	}
	return n
}

// until waits until the condition, which is asked under the lock, holds.
func (s *server) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		ok := holds()
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-s.changed:
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			s.t.Fatalf("never: %s", what)
		}
	}
}

func (s *server) online() { s.t.Helper(); s.until("a link", func() bool { return s.conn != nil }) }

func (s *server) result(id string) wire.Result {
	s.t.Helper()
	s.until("a result of "+id, func() bool { return len(s.results[id]) > 0 })
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[id][len(s.results[id])-1]
}

// command is one that is good, changed by the test.
func (s *server) command(n int, operation string, change ...func(*wire.Command)) wire.Command {
	c := wire.Command{
		ID: actionID(n), Device: testDevice, Operation: operation, Nonce: "n",
		IssuedAt: time.Now().UTC().Add(s.clockBy), ExpiresAt: time.Now().UTC().Add(s.clockBy + time.Minute),
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func (s *server) send(c wire.Command) wire.Envelope {
	s.t.Helper()
	e, err := wire.SignCommand(s.key, c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sendEnvelope(e)
	return e
}

func (s *server) sendEnvelope(e wire.Envelope) {
	s.t.Helper()
	s.online()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	s.push(s.t.Context(), conn, wire.Do{Envelope: e})
}

// seal seals a secret for the device and a command.
func (s *server) seal(purpose, id, secret string) []byte {
	s.t.Helper()
	box, err := wire.Seal(s.device.SealKey, wire.SecretOf(purpose, id, testDevice), []byte(secret))
	if err != nil {
		s.t.Fatal(err)
	}
	return box
}
