package desk

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestACursorNamesTheRowThatItWasMadeOf(t *testing.T) {
	id := NewID()
	for _, at := range []time.Time{
		time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC),
		time.Date(2026, 3, 1, 9, 0, 0, 1000, time.FixedZone("", 3600)),
	} {
		gotAt, gotID, err := ReadCursor(Cursor(at, id))
		if err != nil || !gotAt.Equal(at) || *gotID != id {
			t.Errorf("%v of %v: %v", at, id, err)
		}
	}
}

func TestWhatIsNoCursorIsRefusedByItsName(t *testing.T) {
	id := string(NewID())
	for _, text := range []string{"", "x", "1 ", "-1 " + id, "99999999999999999999 " + id, "72057594037927936 " + id, "1 nobody", id} {
		for _, cursor := range []string{base64.RawURLEncoding.EncodeToString([]byte(text)), "%" + text} {
			_, _, err := ReadCursor(cursor)
			if e, ok := err.(*Error); !ok || e.Code != CodeInvalid || e.Field != "cursor" { //nolint:errorlint // as it comes
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}
