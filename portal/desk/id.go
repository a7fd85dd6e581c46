package desk

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ID is a UUID in its canonical lower-case text form (RFC 9562). The zero
// value is no id at all: Postgres refuses it as a uuid, so a forgotten id
// fails closed.
type ID string

// NewID returns a fresh UUID version 7 (RFC 9562, section 5.7): ordered by
// time, so that indexes grow at their end, with 74 random bits.
func NewID() ID { return newIDAt(time.Now()) }

func newIDAt(now time.Time) ID {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // crypto/rand never fails on supported systems; no id is safer than a guessable one.
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli())) // the clock is after 1970
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return format(b)
}

// ParseID reads a UUID in its 36-character form, in any case. Anything else
// is CodeInvalid.
func ParseID(s string) (ID, error) {
	var b [16]byte
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return "", Errorf(CodeInvalid, "not an id")
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(b[:], []byte(digits)); err != nil {
		return "", Errorf(CodeInvalid, "not an id")
	}
	return format(b), nil
}

func format(b [16]byte) ID {
	h := hex.EncodeToString(b[:])
	return ID(h[0:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32])
}

// String returns the canonical text form.
func (id ID) String() string { return string(id) }
