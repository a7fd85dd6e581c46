package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Envelope is a signed message. The signature covers a prefix that names what
// kind of message it is, and then Payload byte for byte as it travels: a
// report can never pass for a command, and nobody re-encodes what was signed.
type Envelope struct {
	Payload   []byte `json:"payload"`
	Signature []byte `json:"signature"`
	KeyID     string `json:"key_id"`
}

const (
	commandPrefix = "conserje.agent.v1 command\x00"
	resultPrefix  = "conserje.agent.v1 result\x00"
	provePrefix   = "conserje.agent.v1 prove\x00"
	clockPrefix   = "conserje.agent.v1 clock\x00"
)

const maxPayload = 128 << 10

// Refusals of signed messages.
var (
	ErrSignature = errors.New("the signature is not of the expected key")
	ErrKey       = errors.New("not a key")
)

// KeyID names a public key in logs and envelopes: the first 8 bytes of its
// SHA-256.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

func sign(priv ed25519.PrivateKey, prefix string, message any) (Envelope, error) {
	if len(priv) != ed25519.PrivateKeySize {
		return Envelope{}, ErrKey
	}
	payload, err := json.Marshal(message)
	if err != nil {
		return Envelope{}, fmt.Errorf("encode: %w", err)
	}
	pub, _ := priv.Public().(ed25519.PublicKey)
	return Envelope{Payload: payload, Signature: ed25519.Sign(priv, signed(prefix, payload)), KeyID: KeyID(pub)}, nil
}

func open(pub ed25519.PublicKey, prefix string, e Envelope, into any) error {
	switch {
	case len(pub) != ed25519.PublicKeySize:
		return ErrKey
	case len(e.Payload) > maxPayload:
		return malformed("more than %d bytes", maxPayload)
	case e.KeyID != KeyID(pub) || !ed25519.Verify(pub, signed(prefix, e.Payload), e.Signature):
		return ErrSignature
	}
	return Decode(e.Payload, maxPayload, into)
}

func (e Envelope) check() error {
	if len(e.Payload) == 0 || len(e.Payload) > maxPayload || len(e.Signature) == 0 || len(e.Signature) > 128 || !within(64, e.KeyID) {
		return malformed("envelope")
	}
	return nil
}

func signed(prefix string, payload []byte) []byte {
	return append([]byte(prefix), payload...)
}

// SignCommand is the server's. It refuses a command that no agent would take.
func SignCommand(priv ed25519.PrivateKey, c Command) (Envelope, error) {
	if err := c.check(); err != nil {
		return Envelope{}, err
	}
	return sign(priv, commandPrefix, c)
}

// OpenCommand is the agent's: pub is the server's key that enrolment pinned.
// The caller still checks the device, the expiry and that the id is new.
func OpenCommand(pub ed25519.PublicKey, e Envelope) (Command, error) {
	var c Command
	if err := open(pub, commandPrefix, e, &c); err != nil {
		return Command{}, err
	}
	if err := c.check(); err != nil {
		return Command{}, err
	}
	return c, nil
}

// SignResult is the agent's, with the device's key.
func SignResult(priv ed25519.PrivateKey, r Result) (Envelope, error) {
	if err := r.check(); err != nil {
		return Envelope{}, err
	}
	return sign(priv, resultPrefix, r)
}

// OpenResult is the server's: pub is the key of the device whose link it came
// by. The caller still checks that the action is that device's.
func OpenResult(pub ed25519.PublicKey, e Envelope) (Result, error) {
	var r Result
	if err := open(pub, resultPrefix, e, &r); err != nil {
		return Result{}, err
	}
	if err := r.check(); err != nil {
		return Result{}, err
	}
	return r, nil
}

// SignProof answers a challenge: it shows that the device's key is there, for
// this nonce, this device and this host. Bound to the host, a proof given to
// one server opens nothing on another.
func SignProof(priv ed25519.PrivateKey, nonce []byte, device, host string) []byte {
	return ed25519.Sign(priv, parts(provePrefix, nonce, []byte(device), []byte(Host(host))))
}

// CheckProof is the server's.
func CheckProof(pub ed25519.PublicKey, nonce []byte, device, host string, signature []byte) bool {
	return len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, parts(provePrefix, nonce, []byte(device), []byte(Host(host))), signature)
}

// SignClock is the server's: its time, for the agent that made the nonce just
// now. An answer that was recorded earlier, or for another device, fits no
// nonce of this one's.
func SignClock(priv ed25519.PrivateKey, nonce []byte, device, serverTime string) []byte {
	return ed25519.Sign(priv, parts(clockPrefix, nonce, []byte(device), []byte(serverTime)))
}

// CheckClock is the agent's: pub is the key that enrolment pinned.
func CheckClock(pub ed25519.PublicKey, nonce []byte, device, serverTime string, signature []byte) bool {
	return len(pub) == ed25519.PublicKeySize && len(nonce) == NonceSize &&
		ed25519.Verify(pub, parts(clockPrefix, nonce, []byte(device), []byte(serverTime)), signature)
}

// parts puts a length before each part, so that no two messages read alike.
func parts(prefix string, list ...[]byte) []byte {
	m := []byte(prefix)
	for _, part := range list {
		m = binary.BigEndian.AppendUint32(m, uint32(len(part))) //nolint:gosec // parts of a few dozen bytes
		m = append(m, part...)
	}
	return m
}
