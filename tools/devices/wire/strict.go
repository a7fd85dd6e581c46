package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

const maxDepth = 8

// ErrMalformed is in the chain of every error about what came in.
var ErrMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Decode reads one JSON object into a struct, strictly: valid UTF-8, keys in
// their exact spelling and each once, no null, nothing behind it, at most max
// bytes. encoding/json alone takes the last of two keys, ignores their case,
// and skips what it does not know.
func Decode(data []byte, maxBytes int, into any) error {
	return decode(data, maxBytes, into, "")
}

func decode(data []byte, maxBytes int, into any, extra string) error {
	if len(data) > maxBytes {
		return malformed("more than %d bytes", maxBytes)
	}
	if !utf8.Valid(data) {
		return malformed("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := walk(dec, reflect.TypeOf(into).Elem(), extra, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return malformed("something follows")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return malformed("a value of the wrong type")
	}
	return nil
}

var timeType = reflect.TypeFor[time.Time]()

// walk reads one value and checks it against the shape of t. extra is a key
// that is known beside the struct's own.
func walk(dec *json.Decoder, t reflect.Type, extra string, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return malformed("not JSON")
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	delim, nested := token.(json.Delim)
	if token == nil {
		return malformed("null")
	}
	object := t.Kind() == reflect.Struct && t != timeType
	list := t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
	switch {
	case depth > maxDepth:
		return malformed("too deep")
	case object && nested && delim == '{':
		return walkObject(dec, t, extra, depth)
	case list && nested && delim == '[':
		for dec.More() {
			if err := walk(dec, t.Elem(), "", depth+1); err != nil {
				return err
			}
		}
		_, err := dec.Token()
		if err != nil {
			return malformed("not JSON")
		}
		return nil
	case object || list || nested:
		return malformed("a value of the wrong type")
	}
	return nil // a scalar: Unmarshal checks its type
}

func walkObject(dec *json.Decoder, t reflect.Type, extra string, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return malformed("not JSON")
		}
		key, ok := token.(string)
		if !ok || seen[key] {
			return malformed("a key twice")
		}
		seen[key] = true
		if extra != "" && key == extra {
			if err := walk(dec, reflect.TypeFor[string](), "", depth+1); err != nil {
				return err
			}
			continue
		}
		field, ok := fieldOf(t, key)
		if !ok {
			return malformed("an unknown key")
		}
		if err := walk(dec, field, "", depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return malformed("not JSON")
	}
	return nil
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == key && name != "-" {
			return field.Type, true
		}
	}
	return nil, false
}
