package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/conserje/conserje/tools/devices/wire"
)

// odd are frames that no portal of ours sends (SECURITY F5, from the other
// side): each is passed over, and the process stays up.
func odd() map[string]string {
	command := `{"type":"command","envelope":{"payload":"e30=","signature":"AA==","key_id":"k"}`
	return map[string]string{
		"nothing":                   "",
		"text":                      "restart",
		"null":                      "null",
		"a number":                  "1e400",
		"a list":                    `[{"type":"check","nonce":"n"}]`,
		"cut":                       `{"type":"check","nonce":"`,
		"two":                       `{"type":"check","nonce":"n"}{"type":"check","nonce":"n"}`,
		"no type":                   `{"nonce":"n"}`,
		"an unknown type":           `{"type":"shell","run":"reboot"}`,
		"a type in another case":    `{"type":"Command"}`,
		"a type of a thousand":      `{"type":"` + strings.Repeat("x", 1000) + `"}`,
		"a key twice":               `{"type":"check","nonce":"a","nonce":"b"}`,
		"a key twice, once escaped": `{"type":"check","nonce":"a","\u006eonce":"b"}`,
		"an unknown key":            `{"type":"check","nonce":"a","run":"reboot"}`,
		"an odd nonce":              `{"type":"check","nonce":{"a":1}}`,
		"a long nonce":              `{"type":"check","nonce":"` + strings.Repeat("x", 200) + `"}`,
		"deep":                      `{"type":"command","envelope":` + strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000) + "}",
		"deep lists":                `{"type":"command","envelope":` + strings.Repeat("[", 50000) + strings.Repeat("]", 50000) + "}",
		"large":                     `{"type":"error","code":"` + strings.Repeat("x", wire.MaxFrame-100) + `"}`,
		"bytes that are no text":    "{\"type\":\"error\",\"code\":\"\xff\xfe\"}",
		"an envelope that is none":  `{"type":"command","envelope":"e30="}`,
		"no envelope":               `{"type":"command"}`,
		"an envelope twice":         command + `,"envelope":{}}`,
		"an unsigned command":       command + "}",
		"a second challenge":        `{"type":"challenge","nonce":"` + base64.StdEncoding.EncodeToString(make([]byte, wire.NonceSize)) + `"}`,
		"a second welcome":          `{"type":"welcome","server_time":"2001-01-01T00:00:00Z","server_key":"` + base64.StdEncoding.EncodeToString(make([]byte, 32)) + `"}`,
		"an error with a terminal":  `{"type":"error","code":"\u001b]0;x\u0007\u202e"}`,
		"what an agent says":        `{"type":"progress","id":"` + actionID(1) + `","state":"running"}`,
	}
}

// signedOdd are payloads that the portal's key has signed and that are no
// commands all the same: a portal of another version, or one that was taken.
func signedOdd(s *server) map[string]string {
	raw, err := json.Marshal(s.command(50, wire.Lock))
	if err != nil {
		s.t.Fatal(err)
	}
	good := string(raw)
	with := func(more string) string { return "{" + more + "," + good[1:] }
	return map[string]string{
		"nothing":                "",
		"an unknown operation":   strings.Replace(good, `"lock"`, `"run"`, 1),
		"an operation in caps":   strings.Replace(good, `"lock"`, `"LOCK"`, 1),
		"an operation twice":     with(`"operation":"restart"`),
		"a script":               with(`"script":"reboot"`),
		"null":                   strings.Replace(good, `"lock"`, "null", 1),
		"a list":                 "[" + good + "]",
		"two":                    good + good,
		"deep":                   with(`"package":` + strings.Repeat(`{"source":`, 5000) + "1" + strings.Repeat("}", 5000)),
		"a path for an id":       strings.Replace(good, actionID(50), "../../../../etc/cron.d/evil-000000000000", 1),
		"an id in caps":          strings.Replace(good, actionID(50), strings.ToUpper("0190c0de-0000-7000-8000-00000000abcd"), 1),
		"a package for a lock":   with(`"package":{"manager":"chocolatey","id":"vlc"}`),
		"a secret for a lock":    with(`"sealed_secret":"AAAA"`),
		"an endless warning":     with(`"warn_seconds":99999999`),
		"a warning of the past":  with(`"warn_seconds":-1`),
		"a language of hundreds": with(`"language":"` + strings.Repeat("x", 300) + `"`),
		"an expiry of year 9999": strings.Replace(good, `"expires_at":"20`, `"expires_at":"99`, 1),
		"large":                  with(`"account":"` + strings.Repeat("x", 100_000) + `"`),
	}
}

func (s *server) raw(kind websocket.MessageType, data string) {
	s.t.Helper()
	s.online()
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if err := conn.Write(s.t.Context(), kind, []byte(data)); err != nil {
		s.t.Logf("write: %v", err)
	}
}

func TestNoFrameOfAHostilePortalEndsTheAgentOrHasAnEffect(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := newDevice(t, s).start()
	for name, frame := range odd() {
		s.raw(websocket.MessageText, frame)
		s.raw(websocket.MessageBinary, frame)
		s.alive(name)
	}
	for name, payload := range signedOdd(s) {
		s.sendEnvelope(wire.Envelope{
			Payload: []byte(payload), KeyID: wire.KeyID(s.keyPub),
			Signature: ed25519.Sign(s.key, append([]byte("conserje.agent.v1 command\x00"), payload...)),
		})
		s.alive("signed: " + name)
	}
	s.mu.Lock()
	if s.links != 1 {
		t.Errorf("%d links: a frame broke one", s.links)
	}
	for id, list := range s.results {
		for _, r := range list {
			if r.OK || r.Code != wire.CodeBadCommand {
				t.Errorf("%s: %+v", id, r)
			}
		}
	}
	for _, problem := range s.problems {
		t.Errorf("the agent's answer: %s", problem)
	}
	s.mu.Unlock()
	// What is larger than any frame ends the link, and the next one works.
	s.raw(websocket.MessageText, `{"type":"error","code":"`+strings.Repeat("x", wire.MaxFrame)+`"}`)
	s.until("another link", func() bool { return s.links == 2 && s.conn != nil })
	if got := d.system.Effects(); len(got) != 0 {
		t.Fatalf("effects: %v", got)
	}
	s.send(s.command(60, wire.Lock))
	if r := s.result(actionID(60)); !r.OK {
		t.Errorf("a good command after all that: %+v", r)
	}
}

// alive asks for a sign of life on the link that is up.
func (s *server) alive(after string) {
	s.t.Helper()
	s.mu.Lock()
	before := s.beats()
	s.mu.Unlock()
	s.push(s.t.Context(), s.link1(), wire.Check{Nonce: "alive"})
	s.until("a sign of life after "+after, func() bool { return s.beats() > before })
}

func (s *server) link1() *websocket.Conn {
	s.online()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// beats counts the heartbeats; under the lock.
func (s *server) beats() int {
	n := 0
	for _, f := range s.frames {
		if _, ok := f.(*wire.Beat); ok {
			n++
		}
	}
	return n
}

// Whatever comes: no panic; without the portal's signature no effect; with it
// at most one for an id.
func FuzzWhatTheAgentIsTold(f *testing.F) {
	for _, frame := range odd() {
		f.Add([]byte(frame), false)
	}
	good, err := json.Marshal(wire.Command{
		ID: actionID(1), Device: testDevice, Operation: wire.Restart, Nonce: "n", WarnSeconds: 1, Language: "de",
		IssuedAt: time.Unix(1e9, 0).UTC(), ExpiresAt: time.Unix(4e9, 0).UTC(),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, true)
	f.Add([]byte(strings.Replace(string(good), "restart", "install_software", 1)), true)
	f.Add([]byte(`{"id":1}`), true)
	pub, priv, _ := ed25519.GenerateKey(rand.Reader)
	id, err := NewIdentity()
	if err != nil {
		f.Fatal(err)
	}
	id.Device, id.ServerKey = testDevice, pub
	f.Fuzz(func(t *testing.T, data []byte, signed bool) {
		system, err := NewSimulated(SimulatedConfig{System: wire.Windows, Name: "x", Accounts: []wire.Account{{Name: "ana", Kind: wire.AccountLocal, LoggedIn: true}}})
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := Config{Identity: id, System: system, Settle: time.Nanosecond, Postpone: time.Nanosecond}.filled()
		if err != nil {
			t.Fatal(err)
		}
		a, err := newAgent(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		a.recall(ctx)
		a.clock.set(time.Unix(2e9, 0), a.clock.moment())
		e := wire.Envelope{Payload: data, KeyID: wire.KeyID(pub)}
		if signed {
			e.Signature = ed25519.Sign(priv, append([]byte("conserje.agent.v1 command\x00"), data...))
		} else if frame, err := wire.ParseServer(data); err == nil {
			if do, ok := frame.(*wire.Do); ok {
				e = do.Envelope
			}
		}
		for range 2 {
			if err := a.take(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		a.jobs.Wait()
		if n := len(system.Effects()); n > 1 || n > 0 && !signed {
			t.Errorf("effects: %v", system.Effects())
		}
	})
}
