package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

func facts() wire.Facts {
	return wire.Facts{
		Name: "LAPTOP-7", System: wire.Windows, SystemVersion: "11", AgentVersion: "1", BootID: "b",
		Accounts: []wire.Account{{Name: "ana", SID: "S-1-5-21-1", Kind: wire.AccountLocal, LoggedIn: true}},
	}
}

func TestEveryFrameComesOutAsItWentIn(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 32)
	envelope := wire.Envelope{Payload: []byte(`{}`), Signature: []byte("s"), KeyID: "k"}
	agent := []wire.Frame{
		&wire.Prove{Device: deviceID, Signature: bytes.Repeat([]byte{2}, 64)},
		&wire.Prove{Device: deviceID, Signature: bytes.Repeat([]byte{2}, 64), Nonce: key},
		&wire.Hello{Facts: facts()},
		&wire.Hello{Facts: facts(), Clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
		&wire.Inventory{Full: true, Packages: []wire.Package{{Manager: wire.Chocolatey, ID: "vlc", Version: "3"}}},
		&wire.Inventory{Removed: []wire.Package{{Manager: wire.HomebrewCask, ID: "vlc", Version: "3"}}},
		&wire.Beat{},
		&wire.Beat{Nonce: "n"},
		&wire.Progress{ID: actionID, State: wire.ProgressRunning},
		&wire.Progress{ID: actionID, State: wire.ProgressPostponed, Seconds: 600},
		&wire.Report{Envelope: envelope},
	}
	server := []wire.Frame{
		&wire.Challenge{Nonce: key}, &wire.Welcome{ServerTime: "2026-11-23T12:00:00Z", ServerKey: key},
		&wire.Welcome{ServerTime: "2026-11-23T12:00:00Z", ServerKey: key, Signature: bytes.Repeat([]byte{3}, 64)},
		&wire.Do{Envelope: envelope}, &wire.Check{Nonce: "n"}, &wire.Error{Code: wire.ErrorBadFrame},
	}
	roundTrip := func(list []wire.Frame, parse, other func([]byte) (wire.Frame, error)) {
		for _, f := range list {
			data, err := wire.Encode(f)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := parse(data); err != nil || !reflect.DeepEqual(got, f) {
				t.Errorf("%s: %+v %v", data, got, err)
			}
			if _, err := other(data); !errors.Is(err, wire.ErrUnknownFrame) {
				t.Errorf("%s is taken from the wrong side: %v", data, err)
			}
		}
	}
	roundTrip(agent, wire.ParseAgent, wire.ParseServer)
	roundTrip(server, wire.ParseServer, wire.ParseAgent)
}

// SECURITY F5.
func TestOddFramesAreRefused(t *testing.T) {
	hello, err := wire.Encode(wire.Hello{Facts: facts()})
	if err != nil {
		t.Fatal(err)
	}
	text := string(hello)
	accounts := make([]string, 201)
	for i := range accounts {
		accounts[i] = fmt.Sprintf(`{"name":"u%d","kind":"local"}`, i)
	}
	many := `"accounts":[` + strings.Join(accounts, ",") + `]`
	for name, frame := range map[string]string{
		"nothing":                "",
		"text":                   `"beat"`,
		"list":                   `[]`,
		"null":                   `null`,
		"cut":                    `{"type":"beat"`,
		"two":                    `{"type":"beat"}{"type":"beat"}`,
		"no type":                `{}`,
		"type in another case":   `{"Type":"beat"}`,
		"type twice":             `{"type":"beat","type":"hello"}`,
		"type is a number":       `{"type":1}`,
		"type with spaces":       `{"type":" beat"}`,
		"unknown type":           `{"type":"shell","run":"sh"}`,
		"unknown key":            `{"type":"beat","tenant":"x"}`,
		"huge":                   `{"type":"beat","x":"` + strings.Repeat("x", wire.MaxFrame) + `"}`,
		"deep":                   `{"type":"hello","facts":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
		"unknown system":         strings.Replace(text, `"windows"`, `"plan9"`, 1),
		"unknown kind":           strings.Replace(text, `"local"`, `"god"`, 1),
		"no name":                strings.Replace(text, "LAPTOP-7", "", 1),
		"long name":              strings.Replace(text, "LAPTOP-7", strings.Repeat("x", 200), 1),
		"NUL":                    strings.Replace(text, "LAPTOP-7", `a\u0000`, 1),
		"account twice":          strings.Replace(text, `"accounts":[`, `"accounts":[{"name":"ana","kind":"domain"},`, 1),
		"201 accounts":           strings.Replace(text, text[strings.Index(text, `"accounts"`):strings.Index(text, `]`)+1], many, 1),
		"unknown manager":        `{"type":"inventory","packages":[{"manager":"pip","id":"x","version":"1"}]}`,
		"package without id":     `{"type":"inventory","packages":[{"manager":"rpm","id":"","version":"1"}]}`,
		"full and removed":       `{"type":"inventory","full":true,"removed":[{"manager":"rpm","id":"a","version":"1"}]}`,
		"unknown progress":       `{"type":"progress","id":"` + actionID + `","state":"succeeded"}`,
		"progress without an id": `{"type":"progress","id":"1","state":"running"}`,
		"proof too short":        `{"type":"prove","device":"` + deviceID + `","signature":"` + b64([]byte("x")) + `"}`,
		"proof for no device":    `{"type":"prove","device":"LAPTOP-7","signature":"` + b64(make([]byte, 64)) + `"}`,
		"not base64":             `{"type":"prove","device":"` + deviceID + `","signature":"*"}`,
		"bytes that are no text": "{\"type\":\"beat\",\"x\":\"\xff\"}",
		"clock in year 12000":    strings.Replace(text, `"facts"`, `"clock":"12000-01-01T00:00:00Z","facts"`, 1),
		"nonce too short":        `{"type":"prove","device":"` + deviceID + `","signature":"` + b64(make([]byte, 64)) + `","nonce":"` + b64(make([]byte, 31)) + `"}`,
		"put off for ever":       `{"type":"progress","id":"` + actionID + `","state":"postponed","seconds":86401}`,
		"put off backwards":      `{"type":"progress","id":"` + actionID + `","state":"postponed","seconds":-1}`,
		"running and put off":    `{"type":"progress","id":"` + actionID + `","state":"running","seconds":60}`,
		"boot in year 12000":     strings.Replace(text, `"boot_id"`, `"booted_at":"12000-01-01T00:00:00Z","boot_id"`, 1),
	} {
		if f, err := wire.ParseAgent([]byte(frame)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
}

// Whatever comes in: no panic, and what is taken is within the bounds and
// reads the same when it is written again.
func FuzzFrames(f *testing.F) {
	for _, frame := range []wire.Frame{
		wire.Hello{Facts: facts()},
		wire.Beat{},
		wire.Progress{ID: actionID, State: wire.ProgressRunning},
		wire.Inventory{Packages: []wire.Package{{Manager: wire.Dpkg, ID: "a", Version: "1"}}},
		wire.Report{Envelope: wire.Envelope{Payload: []byte("{}"), KeyID: "k"}},
		wire.Challenge{Nonce: make([]byte, 32)},
	} {
		data, err := wire.Encode(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"type":"hello","facts":{"name":"\ud800"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (wire.Frame, error){wire.ParseAgent, wire.ParseServer} {
			frame, err := parse(data)
			if err != nil {
				if !errors.Is(err, wire.ErrMalformed) {
					t.Fatal(err)
				}
				continue
			}
			again, err := wire.Encode(frame)
			if err != nil {
				t.Fatal(err)
			}
			second, err := parse(again)
			if err != nil {
				t.Fatalf("%s\n%s\n%v", data, again, err)
			}
			if third, err := wire.Encode(second); err != nil || !bytes.Equal(again, third) {
				t.Fatalf("%s\n%s\n%s\n%v", data, again, third, err)
			}
		}
	})
}

// As above for what was signed.
func FuzzPayloads(f *testing.F) {
	f.Add([]byte(`{"id":"` + actionID + `","device":"` + deviceID + `","code":"timeout","started_at":"2026-11-23T12:00:00Z","ended_at":"2026-11-23T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r wire.Result
		var c wire.Command
		for _, into := range []any{&r, &c} {
			if err := wire.Decode(data, wire.MaxFrame, into); err != nil && !errors.Is(err, wire.ErrMalformed) {
				t.Fatal(err)
			}
		}
	})
}
