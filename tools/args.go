package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
)

// Bounds of a call's arguments.
const (
	maxArguments = 64 << 10
	maxDepth     = 32
)

// decode reads arguments into a flat struct, strictly: one object, known keys
// in their exact spelling, each once and of its type, all required ones there.
// encoding/json alone would take the last of two keys and ignore their case.
func decode(arguments string, into any) error {
	if err := checkJSON(arguments); err != nil {
		return err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(arguments), &given); err != nil || given == nil {
		return refuse("the arguments are not a JSON object")
	}
	v := reflect.ValueOf(into).Elem()
	params := paramsOf(v.Type())
	for key := range given {
		if !slices.ContainsFunc(params, func(p param) bool { return p.name == key }) {
			return refuse("there is no parameter %s", quoted(key))
		}
	}
	for i, p := range params {
		raw, ok := given[p.name]
		if !ok || string(raw) == "null" {
			if p.optional {
				continue
			}
			return refuse("parameter %q is missing", p.name).On(p.name)
		}
		if err := p.set(v.Field(i), raw); err != nil {
			return err
		}
	}
	return nil
}

// set reads one value and checks what its field's tags ask for.
func (p param) set(field reflect.Value, raw json.RawMessage) error {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	if err := json.Unmarshal(raw, field.Addr().Interface()); err != nil {
		return refuse("parameter %q is not of type %s", p.name, p.kind).On(p.name)
	}
	switch p.kind {
	case "string":
		text := field.String()
		if len(p.enum) > 0 {
			if !slices.Contains(p.enum, text) {
				return refuse("parameter %q must be one of %s", p.name, strings.Join(p.enum, ", ")).On(p.name)
			}
			return nil
		}
		return checkText(p, text)
	case "integer":
		if field.Int() < 1 {
			return refuse("parameter %q must be above zero", p.name).On(p.name)
		}
	}
	return nil
}

func checkText(p param, text string) error {
	switch {
	case strings.ContainsRune(text, 0):
		return refuse("parameter %q holds a NUL character", p.name).On(p.name)
	case strings.TrimSpace(text) == "" && !p.optional:
		return refuse("parameter %q is empty", p.name).On(p.name)
	case utf8.RuneCountInString(text) > p.max:
		return refuse("parameter %q is longer than %d characters", p.name, p.max).On(p.name)
	}
	return nil
}

// param is one field of an arguments struct.
type param struct {
	name     string
	kind     string // string or integer
	optional bool   // a pointer
	max      int    // characters of a string
	enum     []string
}

// paramsOf reads the fields of an arguments struct. Fields are strings and
// int64s, pointers when optional; tags: json, max (characters), enum.
func paramsOf(t reflect.Type) []param {
	list := make([]param, t.NumField())
	for i := range list {
		f := t.Field(i)
		p := param{name: f.Tag.Get("json")}
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			p.optional, kind = true, kind.Elem()
		}
		switch kind.Kind() {
		case reflect.String:
			p.kind = "string"
		case reflect.Int64:
			p.kind = "integer"
		default:
			panic("tools: no rule for a parameter of type " + f.Type.String()) // a programming error, met at the start
		}
		if e := f.Tag.Get("enum"); e != "" {
			p.enum = strings.Split(e, ",")
		}
		if m := f.Tag.Get("max"); m != "" {
			p.max, _ = strconv.Atoi(m)
		}
		if p.kind == "string" && p.enum == nil && p.max <= 0 {
			panic("tools: parameter " + p.name + " has no bound")
		}
		list[i] = p
	}
	return list
}

// checkJSON reports whether text is one JSON value within the bounds, in which
// no object names a key twice and no string holds half a character.
func checkJSON(text string) error {
	switch {
	case len(text) > maxArguments:
		return desk.Errorf(desk.CodeTooLarge, "the arguments are longer than %d bytes", maxArguments)
	case !utf8.ValidString(text):
		return desk.Errorf(desk.CodeInvalidUTF8, "the arguments are not valid UTF-8")
	case !json.Valid([]byte(text)):
		return refuse("the arguments are not valid JSON")
	case hasLoneSurrogate(text):
		return desk.Errorf(desk.CodeInvalidUTF8, "the arguments hold half a surrogate pair")
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	return walk(d)
}

// walk goes through the tokens of one value.
func walk(d *json.Decoder) error {
	type level struct {
		object bool
		key    bool // a key is next
		seen   map[string]bool
	}
	var open []level
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse("the arguments are not valid JSON")
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 && open[n-1].object {
			top := &open[n-1]
			if top.key {
				name, _ := tok.(string)
				if top.seen[name] {
					return refuse("key %s is there twice", quoted(name))
				}
				top.seen[name] = true
				top.key = false
				continue
			}
			top.key = true
		}
		if delim, ok := tok.(json.Delim); ok {
			if len(open) == maxDepth {
				return refuse("the arguments are nested deeper than %d levels", maxDepth)
			}
			object := delim == '{'
			open = append(open, level{object: object, key: object, seen: map[string]bool{}})
		}
	}
}

// hasLoneSurrogate finds \uD800 to \uDFFF escapes that are no pair. The text
// is valid JSON: a backslash stands only in strings.
func hasLoneSurrogate(text string) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if text[i+1] != 'u' {
			i++
			continue
		}
		r := hex4(text[i+2:])
		i += 5
		switch {
		case r >= 0xDC00 && r <= 0xDFFF:
			return true
		case r >= 0xD800 && r <= 0xDBFF:
			if !strings.HasPrefix(text[i+1:], `\u`) {
				return true
			}
			if low := hex4(text[i+3:]); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

func hex4(s string) uint64 {
	n, _ := strconv.ParseUint(s[:4], 16, 16) // valid JSON has four digits here
	return n
}

func refuse(format string, args ...any) *desk.Error {
	return desk.Errorf(desk.CodeInvalid, format, args...)
}

// quoted repeats a word of the model, short and harmless.
func quoted(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return fmt.Sprintf("%+q", s)
}
