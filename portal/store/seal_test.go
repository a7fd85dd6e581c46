package store_test

import (
	"bytes"
	"testing"

	"github.com/conserje/conserje/portal/store/storetest"
)

func TestASealedValueOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	plain := []byte("correct horse")
	sealed := s.Seal("totp", "row 1", plain)
	if bytes.Contains(sealed, plain) || bytes.Equal(sealed, s.Seal("totp", "row 1", plain)) {
		t.Fatal("the sealed value shows what is in it")
	}
	if got, err := s.Unseal("totp", "row 1", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%q, %v", got, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		purpose, bound string
		sealed         []byte
	}{
		"another purpose": {"sms", "row 1", sealed},
		"another row":     {"totp", "row 2", sealed},
		"a changed byte":  {"totp", "row 1", flipped},
		"cut short":       {"totp", "row 1", sealed[:5]},
		"empty":           {"totp", "row 1", nil},
	} {
		if got, err := s.Unseal(c.purpose, c.bound, c.sealed); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
}
