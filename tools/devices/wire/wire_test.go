package wire_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/tools/devices/wire"
)

const (
	actionID = "0192f0c1-0000-7000-8000-000000000001"
	deviceID = "0192f0c1-0000-7000-8000-000000000002"
)

func keys(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pub, priv
}

func command() wire.Command {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return wire.Command{
		ID: actionID, Device: deviceID, Operation: wire.Restart, Digest: []byte("digest"),
		IssuedAt: now, ExpiresAt: now.Add(time.Minute), Nonce: "n", WarnSeconds: 60,
	}
}

func result() wire.Result {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return wire.Result{
		ID: actionID, Device: deviceID, OK: true, StartedAt: now, EndedAt: now.Add(time.Second),
		Evidence: wire.Evidence{BootIDBefore: "a", BootIDAfter: "b"},
	}
}

func TestSignedMessagesComeOutAsTheyWentIn(t *testing.T) {
	pub, priv := keys(t)
	e, err := wire.SignCommand(priv, command())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wire.OpenCommand(pub, e); err != nil || !reflect.DeepEqual(got, command()) {
		t.Errorf("%+v %v", got, err)
	}
	e, err = wire.SignResult(priv, result())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wire.OpenResult(pub, e); err != nil || !reflect.DeepEqual(got, result()) {
		t.Errorf("%+v %v", got, err)
	}
}

// SECURITY F2.
func TestWhatWasNotSignedByTheKeyIsRefused(t *testing.T) {
	pub, priv := keys(t)
	other, otherPriv := keys(t)
	good, err := wire.SignCommand(priv, command())
	if err != nil {
		t.Fatal(err)
	}
	report, err := wire.SignResult(priv, result())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := wire.SignCommand(otherPriv, command())
	if err != nil {
		t.Fatal(err)
	}
	relabelled := foreign
	relabelled.KeyID = wire.KeyID(pub)
	flip := func(b []byte, i int) []byte {
		c := bytes.Clone(b)
		c[i] ^= 1
		return c
	}
	for name, e := range map[string]wire.Envelope{
		"another key":               foreign,
		"another key, relabelled":   relabelled,
		"another key's name":        {Payload: good.Payload, Signature: good.Signature, KeyID: wire.KeyID(other)},
		"no signature":              {Payload: good.Payload, KeyID: good.KeyID},
		"no payload":                {Signature: good.Signature, KeyID: good.KeyID},
		"one bit of the payload":    {Payload: flip(good.Payload, 20), Signature: good.Signature, KeyID: good.KeyID},
		"one bit of the signature":  {Payload: good.Payload, Signature: flip(good.Signature, 20), KeyID: good.KeyID},
		"a space behind":            {Payload: append(bytes.Clone(good.Payload), ' '), Signature: good.Signature, KeyID: good.KeyID},
		"a report for a command":    report,
		"the signature, cut":        {Payload: good.Payload, Signature: good.Signature[:63], KeyID: good.KeyID},
		"the signature, and a byte": {Payload: good.Payload, Signature: append(bytes.Clone(good.Signature), 0), KeyID: good.KeyID},
	} {
		if _, err := wire.OpenCommand(pub, e); !errors.Is(err, wire.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := wire.OpenCommand(nil, good); !errors.Is(err, wire.ErrKey) {
		t.Errorf("without a key: %v", err)
	}
}

// A payload that is signed rightly is still read strictly.
func TestSignedPayloadIsReadStrictly(t *testing.T) {
	pub, priv := keys(t)
	good, err := wire.SignCommand(priv, command())
	if err != nil {
		t.Fatal(err)
	}
	text := string(good.Payload)
	for name, payload := range map[string]string{
		"unknown key":             strings.Replace(text, `{`, `{"run":"sh",`, 1),
		"key twice":               strings.Replace(text, `{`, `{"operation":"lock",`, 1),
		"key twice, once escaped": strings.Replace(text, `{`, `{"\u006fperation":"lock",`, 1),
		"key in another case":     strings.Replace(text, `"operation"`, `"Operation"`, 1),
		"null":                    strings.Replace(text, `"restart"`, `null`, 1),
		"unknown operation":       strings.Replace(text, `"restart"`, `"run"`, 1),
		"two values":              text + text,
		"list":                    "[" + text + "]",
		"nothing":                 "",
		"no id":                   strings.Replace(text, actionID, "x", 1),
		"expired before issued":   strings.Replace(text, "12:01:00", "11:01:00", 1),
		"package to a restart":    strings.Replace(text, `{`, `{"package":{"manager":"chocolatey","id":"vlc"},`, 1),
		"not UTF-8":               strings.Replace(text, `"n"`, "\"\xff\"", 1),
		"number for a text":       strings.Replace(text, `"n"`, "1", 1),
		"object for a text":       strings.Replace(text, `"n"`, `{"a":1}`, 1),
		"text for a number":       strings.Replace(text, `:60`, `:"60"`, 1),
	} {
		e := wire.Envelope{
			Payload: []byte(payload), KeyID: wire.KeyID(pub),
			Signature: ed25519.Sign(priv, append([]byte("conserje.agent.v1 command\x00"), payload...)),
		}
		if _, err := wire.OpenCommand(pub, e); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProofOpensOnlyWhatItWasMadeFor(t *testing.T) {
	pub, priv := keys(t)
	other, _ := keys(t)
	nonce := bytes.Repeat([]byte{7}, wire.NonceSize)
	sig := wire.SignProof(priv, nonce, deviceID, "https://Help.example:8443/x")
	if !wire.CheckProof(pub, nonce, deviceID, "help.example", sig) {
		t.Fatal("a right proof is refused")
	}
	for name, ok := range map[string]bool{
		"another nonce":  wire.CheckProof(pub, bytes.Repeat([]byte{8}, wire.NonceSize), deviceID, "help.example", sig),
		"another device": wire.CheckProof(pub, nonce, actionID, "help.example", sig),
		"another host":   wire.CheckProof(pub, nonce, deviceID, "help.example.evil", sig),
		"moved border":   wire.CheckProof(pub, nonce, deviceID+"h", "elp.example", sig),
		"another key":    wire.CheckProof(other, nonce, deviceID, "help.example", sig),
		"no key":         wire.CheckProof(nil, nonce, deviceID, "help.example", sig),
		"no signature":   wire.CheckProof(pub, nonce, deviceID, "help.example", nil),
	} {
		if ok {
			t.Errorf("%s is taken", name)
		}
	}
}

// The answer that a server gave on another link, or to another device, tells
// no time on this one.
func TestAClockIsGoodForTheLinkThatAskedForIt(t *testing.T) {
	pub, priv := keys(t)
	other, _ := keys(t)
	nonce := bytes.Repeat([]byte{7}, wire.NonceSize)
	const at = "2026-11-23T12:00:00Z"
	sig := wire.SignClock(priv, nonce, deviceID, at)
	if !wire.CheckClock(pub, nonce, deviceID, at, sig) {
		t.Fatal("a right clock is refused")
	}
	for name, ok := range map[string]bool{
		"another link's":   wire.CheckClock(pub, bytes.Repeat([]byte{8}, wire.NonceSize), deviceID, at, sig),
		"nobody asked":     wire.CheckClock(pub, nil, deviceID, at, wire.SignClock(priv, nil, deviceID, at)),
		"another device's": wire.CheckClock(pub, nonce, actionID, at, sig),
		"turned back":      wire.CheckClock(pub, nonce, deviceID, "2026-11-23T10:00:00Z", sig),
		"another key's":    wire.CheckClock(other, nonce, deviceID, at, sig),
		"no key":           wire.CheckClock(nil, nonce, deviceID, at, sig),
		"a proof":          wire.CheckClock(pub, nonce, deviceID, at, wire.SignProof(priv, nonce, deviceID, at)),
		"not signed":       wire.CheckClock(pub, nonce, deviceID, at, nil),
	} {
		if ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestSealedSecretOpensOnlyWhereItBelongs(t *testing.T) {
	priv, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	aad := wire.SecretOf(wire.SecretPassword, actionID, deviceID)
	box, err := wire.Seal(priv.PublicKey().Bytes(), aad, []byte("Tram-Lemon-42"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wire.OpenSealed(priv, aad, box); err != nil || string(got) != "Tram-Lemon-42" {
		t.Errorf("%q %v", got, err)
	}
	if bytes.Contains(box, []byte("Lemon")) {
		t.Error("the secret lies open")
	}
	if _, err := wire.OpenSealed(other, aad, box); err == nil {
		t.Error("another device opens it")
	}
	if _, err := wire.OpenSealed(priv, wire.SecretOf(wire.SecretPassword, deviceID, deviceID), box); err == nil {
		t.Error("it opens in another command")
	}
	if _, err := wire.OpenSealed(priv, wire.SecretOf(wire.SecretRepository, actionID, deviceID), box); err == nil {
		t.Error("it opens for another use")
	}
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 0x40
		if _, err := wire.OpenSealed(priv, aad, bad); err == nil {
			t.Fatalf("byte %d changed, and it opens", i)
		}
	}
}

func TestKeysThatSealNothingAreRefused(t *testing.T) {
	for name, key := range map[string]string{
		"empty": "", "short": "00", "zero": strings.Repeat("00", 32), "one": "01" + strings.Repeat("00", 31),
		"order 8": "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	} {
		raw, err := hex.DecodeString(key)
		if err != nil {
			t.Fatal(err)
		}
		if wire.CheckSealKey(raw) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The library's verification against the vectors of project Wycheproof.
func TestEd25519VectorsOfWycheproof(t *testing.T) {
	data, err := os.ReadFile(desktest.SharedData(t, "data/security/crypto/wycheproof-ed25519_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ PK string }
			Tests     []struct {
				TCID             int `json:"tcId"`
				Msg, Sig, Result string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range file.TestGroups {
		pub, err := hex.DecodeString(g.PublicKey.PK)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range g.Tests {
			msg, err1 := hex.DecodeString(v.Msg)
			sig, err2 := hex.DecodeString(v.Sig)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			seen++
			if got := ed25519.Verify(pub, msg, sig); got != (v.Result == "valid") {
				t.Errorf("case %d: %v, want %s", v.TCID, got, v.Result)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d vectors", seen)
	}
}

// The same vectors as envelopes: a signature that is right for other bytes, or
// bent, opens nothing.
func TestNoVectorOfWycheproofOpensAsACommand(t *testing.T) {
	data, err := os.ReadFile(desktest.SharedData(t, "data/security/crypto/wycheproof-ed25519_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ PK string }
			Tests     []struct{ Msg, Sig string }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.TestGroups {
		pub, _ := hex.DecodeString(g.PublicKey.PK)
		for _, v := range g.Tests {
			msg, _ := hex.DecodeString(v.Msg)
			sig, _ := hex.DecodeString(v.Sig)
			if _, err := wire.OpenCommand(pub, wire.Envelope{Payload: msg, Signature: sig, KeyID: wire.KeyID(pub)}); !errors.Is(err, wire.ErrSignature) {
				t.Errorf("%s: %v", v.Msg, err)
			}
		}
	}
}

func TestReportsMustMakeSense(t *testing.T) {
	_, priv := keys(t)
	for name, change := range map[string]func(*wire.Result){
		"unknown code":           func(r *wire.Result) { r.OK, r.Code = false, "whatever" },
		"success with a failure": func(r *wire.Result) { r.Code = wire.CodeTimeout },
		"failure without reason": func(r *wire.Result) { r.OK = false },
		"long output":            func(r *wire.Result) { r.Output = strings.Repeat("x", wire.MaxOutput+1) },
		"NUL":                    func(r *wire.Result) { r.Output = "a\x00" },
		"no id":                  func(r *wire.Result) { r.ID = "" },
		"year 9999":              func(r *wire.Result) { r.EndedAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) },
		"three thousand packages": func(r *wire.Result) {
			r.Evidence.Packages = make([]wire.Package, 3000)
		},
	} {
		r := result()
		change(&r)
		if _, err := wire.SignResult(priv, r); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHostIsTheNameAlone(t *testing.T) {
	for in, want := range map[string]string{
		"help.example": "help.example", "Help.Example:8080": "help.example", "https://Help.example:8443/a": "help.example",
		"localhost:8080": "localhost", "[::1]:8080": "::1", "http://[::1]:8080": "::1", "::1": "::1", "http://%": "",
	} {
		if got := wire.Host(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
