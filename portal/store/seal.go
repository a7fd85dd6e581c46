package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// Derive makes a key of n bytes for one purpose from the installation's secret
// (HKDF, RFC 5869): every node derives the same one, and the database and its
// dumps hold none.
func (s *Store) Derive(purpose string, n int) []byte {
	key, err := hkdf.Key(sha256.New, s.cfg.Secret, nil, "conserje "+purpose, n)
	if err != nil {
		panic(err) // n above 8,160 bytes: a mistake of the program
	}
	return key
}

// Seal encrypts what must not lie open in the database (AES-256-GCM, random
// nonce). purpose picks the key; bound names where the sealed value belongs,
// such as the ids of its row: moved elsewhere it does not open.
func (s *Store) Seal(purpose, bound string, plain []byte) []byte {
	gcm := s.gcm(purpose)
	nonce := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	_, _ = rand.Read(nonce) // never fails, by its contract
	return gcm.Seal(nonce, nonce, plain, []byte(bound))
}

// Unseal opens what Seal made with the same purpose and bound.
func (s *Store) Unseal(purpose, bound string, sealed []byte) ([]byte, error) {
	gcm := s.gcm(purpose)
	if len(sealed) < gcm.NonceSize() {
		return nil, fmt.Errorf("sealed %s is too short", purpose)
	}
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], []byte(bound))
	if err != nil {
		return nil, fmt.Errorf("sealed %s does not open: the installation's secret is another, or the value was moved: %w", purpose, err)
	}
	return plain, nil
}

func (s *Store) gcm(purpose string) cipher.AEAD {
	block, err := aes.NewCipher(s.Derive("seal "+purpose, 32))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return gcm
}
