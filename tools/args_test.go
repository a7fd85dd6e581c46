package tools

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
)

type sample struct {
	Query  string  `json:"query" max:"10"`
	Number *int64  `json:"number"`
	Status *string `json:"status" enum:"new,open"`
}

func TestArgumentsAreReadExactly(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, in string
		code     desk.Code
	}{
		{"all", `{"query":"a","number":3,"status":"open"}`, ""},
		{"optional ones left out", `{"query":"a"}`, ""},
		{"optional ones null", ` {"query":"a","number":null,"status":null} `, ""},
		{"characters are counted, not bytes", `{"query":"ääääääääää"}`, ""},
		{"a pair of surrogates", `{"query":"\ud83d\ude00 \\ud800"}`, ""},
		{"required one missing", `{}`, desk.CodeInvalid},
		{"required one null", `{"query":null}`, desk.CodeInvalid},
		{"blank", `{"query":" \t"}`, desk.CodeInvalid},
		{"too long", `{"query":"12345678901"}`, desk.CodeInvalid},
		{"unknown key", `{"query":"a","user_id":"x"}`, desk.CodeInvalid},
		{"key in another case", `{"Query":"a"}`, desk.CodeInvalid},
		{"key twice", `{"query":"a","query":"b"}`, desk.CodeInvalid},
		{"key twice, once escaped", `{"query":"a","\u0071uery":"b"}`, desk.CodeInvalid},
		{"key twice, deeper", `{"query":{"a":1,"a":2}}`, desk.CodeInvalid},
		{"wrong type", `{"query":1}`, desk.CodeInvalid},
		{"object for a text", `{"query":{"a":1}}`, desk.CodeInvalid},
		{"text for a number", `{"query":"a","number":"3"}`, desk.CodeInvalid},
		{"fraction", `{"query":"a","number":1.5}`, desk.CodeInvalid},
		{"number beyond 64 bits", `{"query":"a","number":9223372036854775808}`, desk.CodeInvalid},
		{"number beyond everything", `{"query":"a","number":1e999}`, desk.CodeInvalid},
		{"zero", `{"query":"a","number":0}`, desk.CodeInvalid},
		{"negative", `{"query":"a","number":-1}`, desk.CodeInvalid},
		{"not in the list", `{"query":"a","status":"OPEN"}`, desk.CodeInvalid},
		{"NUL", `{"query":"a\u0000"}`, desk.CodeInvalid},
		{"half a pair", `{"query":"\ud800"}`, desk.CodeInvalidUTF8},
		{"halves in the wrong order", `{"query":"\ude00\ud83d"}`, desk.CodeInvalidUTF8},
		{"bytes that are no text", "{\"query\":\"\xff\"}", desk.CodeInvalidUTF8},
		{"nothing", ``, desk.CodeInvalid},
		{"null", `null`, desk.CodeInvalid},
		{"list", `[]`, desk.CodeInvalid},
		{"text", `"x"`, desk.CodeInvalid},
		{"cut", `{"query":"a"`, desk.CodeInvalid},
		{"two values", `{"query":"a"}{"query":"b"}`, desk.CodeInvalid},
		{"trailing comment", `{"query":"a"} // c`, desk.CodeInvalid},
		{"byte order mark", "\ufeff{}", desk.CodeInvalid},
		{"single quotes", `{'query':'a'}`, desk.CodeInvalid},
		{"too deep", `{"query":` + deep(40) + `}`, desk.CodeInvalid},
		{"far too deep", `{"query":` + deep(20_000) + `}`, desk.CodeInvalid},
		{"too large", `{"query":"` + strings.Repeat("x", 70_000) + `"}`, desk.CodeTooLarge},
	} {
		var got sample
		err := decode(c.in, &got)
		if desk.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%s: the error repeats too much of the input: %d bytes", c.name, len(err.Error()))
		}
	}
}

func TestNestingIsBoundedAtItsLimit(t *testing.T) {
	for depth, want := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		if err := checkJSON(strings.Repeat("[", depth) + strings.Repeat("]", depth)); (err == nil) != want {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// Deliberate differences from the suite: we refuse two of one key.
var refusedThoughValid = []string{"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}

func TestJSONTestSuiteIsParsedAsItsNamesSay(t *testing.T) {
	f, err := os.Open(desktest.SharedData(t, "data/security/json/jsontestsuite-test_parsing.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(h.Name)
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		body, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		err = checkJSON(string(body))
		want := strings.HasPrefix(name, "y_")
		for _, r := range refusedThoughValid {
			want = want && r != name
		}
		if !strings.HasPrefix(name, "i_") && (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if seen < 300 {
		t.Errorf("only %d files seen", seen)
	}
}

func FuzzArguments(f *testing.F) {
	for _, s := range []string{`{"query":"a"}`, `{"query":"\ud83d\ude00","number":1}`, `{"a":{"a":[{}]}}`, `{"query":"\ud800\u`, "\\u", `"\\\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got sample
		err := decode(s, &got)
		if err == nil && (got.Query == "" || strings.ContainsRune(got.Query, 0) || len([]rune(got.Query)) > 10) {
			t.Errorf("%q gave %+v", s, got)
		}
		var coded *desk.Error
		if err != nil && !errors.As(err, &coded) {
			t.Errorf("%q gave an error without a code: %v", s, err)
		}
	})
}
