package wire

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Frame is one message of the link.
type Frame interface {
	kind() string
	check() error
}

// From the server.
type (
	// Challenge opens a link: prove that the device's key is there.
	Challenge struct {
		Nonce []byte `json:"nonce"`
	}
	// Welcome says that the proof was good. ServerKey is shown so that an agent
	// can tell that it must be enrolled anew; it obeys the one it has pinned.
	// ServerTime is what the expiry of commands is judged by, on a device whose
	// own clock is wrong: Signature, over the agent's nonce, shows that it is of
	// now and of the server, so that nobody turns it back to revive a command.
	Welcome struct {
		ServerTime string `json:"server_time"` // RFC 3339
		ServerKey  []byte `json:"server_key"`
		Signature  []byte `json:"signature,omitempty"` // see SignClock
	}
	// Do carries a command.
	Do struct {
		Envelope Envelope `json:"envelope"`
	}
	// Check asks whether somebody is still there: answered at once by a Beat
	// with the same nonce.
	Check struct {
		Nonce string `json:"nonce"`
	}
	// Error answers a frame that was refused. The link may go on.
	Error struct {
		Code string `json:"code"`
	}
)

// From the agent.
type (
	// Prove answers Challenge, see SignProof. Nonce is the agent's own: with it
	// the server signs its clock.
	Prove struct {
		Device    string `json:"device"`
		Signature []byte `json:"signature"`
		Nonce     []byte `json:"nonce,omitempty"`
	}
	// Hello is the first frame after Welcome, and whenever the facts change.
	// Clock is the device's own at this moment: times among the facts are by it,
	// and the server turns them into its own.
	Hello struct {
		Facts Facts     `json:"facts"`
		Clock time.Time `json:"clock,omitzero"`
	}
	// Inventory is what is installed: all of it (Full), or what came or changed
	// and what went.
	Inventory struct {
		Full     bool      `json:"full,omitempty"`
		Packages []Package `json:"packages,omitempty"`
		Removed  []Package `json:"removed,omitempty"`
	}
	// Beat says that the device lives. Nonce repeats that of a Check.
	Beat struct {
		Nonce string `json:"nonce,omitempty"`
	}
	// Progress tells where a command stands. Seconds is for how long it was put
	// off, where it was and that is known: a span, since the device's clock may
	// be wrong.
	Progress struct {
		ID      string `json:"id"`
		State   string `json:"state"`
		Seconds int    `json:"seconds,omitempty"`
	}
	// Report carries a Result.
	Report struct {
		Envelope Envelope `json:"envelope"`
	}
)

// States of Progress.
const (
	ProgressDelivered = "delivered" // remembered, and not begun
	ProgressRunning   = "running"
	ProgressPostponed = "postponed" // the person put it off
)

// Codes of Error.
const (
	ErrorBadFrame     = "bad_frame"     // not a frame, or one out of place
	ErrorUnknownFrame = "unknown_frame" // of a newer agent, or of none
	ErrorNotProved    = "not_proved"
	ErrorRevoked      = "revoked"
	ErrorRefused      = "refused" // the report or progress is about no command of this device
	ErrorUnavailable  = "unavailable"
)

func (Challenge) kind() string { return "challenge" }
func (Welcome) kind() string   { return "welcome" }
func (Do) kind() string        { return "command" }
func (Check) kind() string     { return "check" }
func (Error) kind() string     { return "error" }
func (Prove) kind() string     { return "prove" }
func (Hello) kind() string     { return "hello" }
func (Inventory) kind() string { return "inventory" }
func (Beat) kind() string      { return "beat" }
func (Progress) kind() string  { return "progress" }
func (Report) kind() string    { return "result" }

func (f Challenge) check() error {
	if len(f.Nonce) != NonceSize {
		return malformed("nonce")
	}
	return nil
}

func (f Welcome) check() error {
	if len(f.ServerKey) != 32 || !within(64, f.ServerTime) || len(f.Signature) != 0 && len(f.Signature) != 64 {
		return malformed("welcome")
	}
	return nil
}

func (f Prove) check() error {
	if !IsID(f.Device) || len(f.Signature) != 64 || len(f.Nonce) != 0 && len(f.Nonce) != NonceSize {
		return malformed("prove")
	}
	return nil
}

func (f Error) check() error {
	if !within(64, f.Code) {
		return malformed("error")
	}
	return nil
}

func (f Inventory) check() error {
	if err := checkPackages(f.Packages); err != nil {
		return err
	}
	if f.Full && len(f.Removed) > 0 {
		return malformed("removed from a full inventory")
	}
	return checkPackages(f.Removed)
}

func (f Progress) check() error {
	if !IsID(f.ID) || !slices.Contains([]string{ProgressDelivered, ProgressRunning, ProgressPostponed}, f.State) {
		return malformed("progress")
	}
	if f.Seconds < 0 || f.Seconds > 24*3600 || f.Seconds > 0 && f.State != ProgressPostponed {
		return malformed("postponement")
	}
	return nil
}

func (f Hello) check() error {
	if !ofOurTime(f.Clock) {
		return malformed("clock")
	}
	return f.Facts.Check()
}

func (f Do) check() error     { return f.Envelope.check() }
func (f Report) check() error { return f.Envelope.check() }
func (f Check) check() error  { return checkNonce(f.Nonce) }
func (f Beat) check() error   { return checkNonce(f.Nonce) }

func checkNonce(nonce string) error {
	if !within(maxNonce, nonce) {
		return malformed("nonce")
	}
	return nil
}

// NonceSize is the length of a challenge.
const NonceSize = 32

// Encode writes a frame: its fields behind its type.
func Encode(f Frame) ([]byte, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	head := []byte(`{"type":"` + f.kind() + `"`)
	if len(body) > 2 {
		head = append(head, ',')
	}
	return append(head, body[1:]...), nil
}

// ParseAgent reads a frame that an agent sent; it returns a pointer, such as
// *Hello.
func ParseAgent(data []byte) (Frame, error) {
	return parse(data, func(kind string) Frame {
		switch kind {
		case "prove":
			return &Prove{}
		case "hello":
			return &Hello{}
		case "inventory":
			return &Inventory{}
		case "beat":
			return &Beat{}
		case "progress":
			return &Progress{}
		case "result":
			return &Report{}
		}
		return nil
	})
}

// ParseServer reads a frame that the server sent; it returns a pointer, such
// as *Do.
func ParseServer(data []byte) (Frame, error) {
	return parse(data, func(kind string) Frame {
		switch kind {
		case "challenge":
			return &Challenge{}
		case "welcome":
			return &Welcome{}
		case "command":
			return &Do{}
		case "check":
			return &Check{}
		case "error":
			return &Error{}
		}
		return nil
	})
}

// ErrUnknownFrame tells a frame of a type that this side does not know: of a
// newer other side, perhaps. It is answered and passed over.
var ErrUnknownFrame = fmt.Errorf("%w: a frame of an unknown type", ErrMalformed)

func parse(data []byte, empty func(kind string) Frame) (Frame, error) {
	if len(data) > MaxFrame {
		return nil, malformed("more than %d bytes", MaxFrame)
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, malformed("not a frame")
	}
	f := empty(head.Type)
	if f == nil {
		return nil, ErrUnknownFrame
	}
	if err := decode(data, MaxFrame, f, "type"); err != nil {
		return nil, err
	}
	return f, f.check()
}
