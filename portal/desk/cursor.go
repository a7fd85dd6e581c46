package desk

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Cursor names a row of a list that is read by time, newest first: the next
// page begins after it. Times are those of Postgres, in microseconds.
func Cursor(at time.Time, id ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + " " + string(id)))
}

// ReadCursor reads what Cursor made; anything else is CodeInvalid on "cursor".
func ReadCursor(cursor string) (*time.Time, *ID, error) {
	bad := Errorf(CodeInvalid, "not a cursor of this list").On("cursor")
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, nil, bad
	}
	micros, rest, _ := strings.Cut(string(raw), " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || n < 0 || n > 1<<55 { // beyond Postgres' timestamps
		return nil, nil, bad
	}
	id, err := ParseID(rest)
	if err != nil {
		return nil, nil, bad
	}
	at := time.UnixMicro(n).UTC()
	return &at, &id, nil
}
