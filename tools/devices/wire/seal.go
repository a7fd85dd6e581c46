package wire

import (
	"crypto/ecdh"
	"crypto/hpke"
	"fmt"
)

// Purposes of sealed secrets.
const (
	SecretPassword   = "password"
	SecretRepository = "repository"
)

// SecretOf binds a sealed secret to one command and one use of it: moved into
// another command it does not open.
func SecretOf(purpose, action, device string) []byte {
	return []byte("conserje.agent.v1 secret\x00" + purpose + "\x00" + action + "\x00" + device)
}

// Seal encrypts a secret to a device's X25519 key (HPKE, RFC 9180: X25519,
// HKDF-SHA256, AES-256-GCM). aad is what it is bound to.
func Seal(pub, aad, secret []byte) ([]byte, error) {
	key, err := ecdh.X25519().NewPublicKey(pub)
	if err != nil {
		return nil, ErrKey
	}
	to, err := hpke.NewDHKEMPublicKey(key)
	if err != nil {
		return nil, ErrKey
	}
	box, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), aad, secret)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err) // a key of low order
	}
	return box, nil
}

// OpenSealed opens what Seal made for this key and this aad.
func OpenSealed(priv *ecdh.PrivateKey, aad, box []byte) ([]byte, error) {
	key, err := hpke.NewDHKEMPrivateKey(priv)
	if err != nil {
		return nil, ErrKey
	}
	secret, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), aad, box)
	if err != nil {
		return nil, fmt.Errorf("a sealed secret does not open: %w", err)
	}
	return secret, nil
}

// CheckSealKey refuses what is no X25519 key, among them points of low order,
// to which everything sealed would be readable by everybody.
func CheckSealKey(pub []byte) error {
	_, err := Seal(pub, nil, nil)
	return err
}
