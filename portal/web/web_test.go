package web

import (
	"strings"
	"testing"
)

func TestEncodingsAreReadFromTheHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][2]bool{ // br, gzip
		"":                        {false, false},
		"gzip, deflate, br, zstd": {true, true},
		"gzip;q=1.0, br;q=0":      {false, true},
		"BR; q=0.5":               {true, false},
		"br;q=0.000":              {false, false},
		"brotli":                  {false, false},
	} {
		if got := [2]bool{accepts(header, "br"), accepts(header, "gzip")}; got != want {
			t.Errorf("accepts(%q) = %v, want %v", header, got, want)
		}
	}
}

func TestTheBestFormIsSentAndEachHasItsOwnTag(t *testing.T) {
	t.Parallel()
	e := entry{plain: []byte("plain"), br: []byte("b"), gzip: []byte("gz"), etag: "x"}
	for header, want := range map[string]string{"br, gzip": "b", "gzip": "gz", "": "plain"} {
		if f := e.best(header); string(f.Body) != want {
			t.Errorf("%q: got %q, want %q", header, f.Body, want)
		}
	}
	if e.best("br").ETag == e.best("gzip").ETag || e.best("").ETag == e.best("br").ETag {
		t.Error("two forms share a tag")
	}
}

func TestAPageIsAnsweredAndAMissingFileIsNot(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"/", "/tickets/7", "/c/0190a000-0000-7000-8000-000000000001", "/../etc/passwd"} {
		f, ok := Lookup(page, "")
		if !ok || !strings.HasPrefix(f.ContentType, "text/html") {
			t.Errorf("%s: ok %v, type %q", page, ok, f.ContentType)
		}
		if f.Missing != (page == "/../etc/passwd") {
			t.Errorf("%s: missing %v", page, f.Missing)
		}
		if strings.Contains(f.CacheControl, "immutable") {
			t.Errorf("%s would be kept for ever", page)
		}
	}
	for _, missing := range []string{"/assets/none.js", "/api/v1/nothing", "/api", "/robots.txt", "/assets/x"} {
		if _, ok := Lookup(missing, ""); ok {
			t.Errorf("%s is answered", missing)
		}
	}
}
