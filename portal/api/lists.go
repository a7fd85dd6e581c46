package api

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

// What resources share: lists by name, and versions as ETags.

type withETag[T any] struct {
	ETag string `header:"ETag" doc:"Send it as If-Match, so that nobody's change is lost."` //nolint:tagliatelle // the header's name
	Body T
}

func tagged(version int) string { return strconv.Quote(strconv.Itoa(version)) }

// versionSeen reads If-Match; 0 is any version.
func versionSeen(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.Trim(ifMatch, `"`))
	if err != nil || n < 1 || n > 1<<30 {
		return 0, desk.Errorf(desk.CodeInvalid, "If-Match is the ETag of what you saw").On("If-Match")
	}
	return n, nil
}

// nameCursor reads what cursorText wrote; empty is the start.
func nameCursor(text string) (after people.Cursor, err error) {
	if text == "" {
		return after, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &after)
	}
	if err == nil {
		after.ID, err = desk.ParseID(string(after.ID))
	}
	if err != nil || !holdable(after.Name) {
		return people.Cursor{}, desk.Errorf(desk.CodeInvalid, "the cursor is not one of ours").On("cursor")
	}
	return after, nil
}

// cursorText is the place behind the last of a page of a list by name.
func cursorText(name string, id desk.ID) string {
	raw, err := json.Marshal(people.Cursor{Name: name, ID: id})
	if err != nil {
		panic(err) // two strings
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
