package api_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
)

// The kinds of generated requests.
const (
	validRequest = "valid"        // as the document says
	nearRequest  = "nearly valid" // with one thing wrong
	evilRequest  = "hostile"      // with anything anywhere
)

// naughty is what lies in wait, beside the lists of others.
var naughty = []any{
	nil, true, -1, 0, 1e300, "", " ", "\x00", "a\x00b", "'; drop table users; --", "%s%n", "../../etc/passwd", "\u202e", "😀", "null", "NaN",
	strings.Repeat("a", 300), strings.Repeat("é", 9000),
	[]any{},
	[]any{nil},
	map[string]any{},
	map[string]any{"a": map[string]any{}},
	"00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000", "9223372036854775808",
	"2026-02-30", "0000-00-00", "99999-12-31", "\xff\xfe",
}

// hostileSet is what a hostile request is made of.
type hostileSet struct {
	values []any
	bodies []string
}

// hostileValues are ours and, where they lie beside the repository, those of
// well-known lists.
func hostileValues(t testing.TB) hostileSet {
	t.Helper()
	set := hostileSet{values: slices.Clone(naughty)}
	if file, ok := desktest.FindSharedData(t, "data/security/blns/blns.json"); ok {
		var list []string
		raw, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(raw, &list)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			set.values = append(set.values, s)
		}
	}
	if folder, ok := desktest.FindSharedData(t, "data/security/fuzzdb"); ok {
		names, err := filepath.Glob(filepath.Join(folder, "[a-z]*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
			for i := 0; i < len(lines); i += 1 + len(lines)/60 { // some of each list
				set.values = append(set.values, strings.TrimSuffix(lines[i], "\r"))
				set.bodies = append(set.bodies, lines[i])
			}
		}
	}
	if file, ok := desktest.FindSharedData(t, "data/security/json/jsontestsuite-test_parsing.tar.gz"); ok {
		set.bodies = append(set.bodies, unpacked(t, file)...)
	}
	if len(set.bodies) == 0 {
		set.bodies = []string{"[", "{\"a\":", "\"\\ud800\"", "{\"a\":1,\"a\":2}", "[1e9999]", "nul", "\xef\xbb\xbf{}", strings.Repeat("[", 10000)}
	}
	return set
}

func unpacked(t testing.TB, file string) (list []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			list = append(list, string(raw))
		}
	}
}

// documented is as much of an OpenAPI document as the generator needs.
type documented struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Parameters []struct {
		Name, In string
		Required bool
		Schema   *schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema *schema }
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Enum                 []any
	Format               string
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *schema
	MinLength, MaxLength int
	MinItems, MaxItems   int
	Minimum, Maximum     *float64
}

// generator makes requests from a document.
type generator struct {
	*rand.Rand

	doc     documented
	hostile hostileSet
	known   map[string][]string // ids by the word that stands before them in addresses
	evil    int                 // one value in so many is hostile; 0 is none
	broken  bool                // one value is to be wrong, and was not yet
}

// kind is the type of a schema without null.
func (s *schema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		for _, one := range t {
			if one != "null" {
				name, _ := one.(string)
				return name
			}
		}
	}
	return ""
}

func (g *generator) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = g.doc.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	if s == nil {
		return &schema{}
	}
	return s
}

// value is one for a schema, of something called name.
func (g *generator) value(name string, s *schema) any {
	s = g.resolve(s)
	if g.evil > 0 && g.IntN(g.evil) == 0 || g.broken && g.IntN(4) == 0 && s.kind() != "object" {
		g.broken = false
		return g.hostile.values[g.IntN(len(g.hostile.values))]
	}
	if len(s.Enum) > 0 {
		return s.Enum[g.IntN(len(s.Enum))]
	}
	switch s.kind() {
	case "boolean":
		return g.IntN(2) == 0
	case "integer", "number":
		low, high := 0, 100
		if s.Minimum != nil {
			low = int(*s.Minimum)
			high += low
		}
		if s.Maximum != nil {
			high = min(int(*s.Maximum), low+1000)
		}
		return low + g.IntN(high-low+1)
	case "array":
		n := s.MinItems + g.IntN(3)
		if s.MaxItems > 0 {
			n = min(n, s.MaxItems)
		}
		list := []any{}
		for range n {
			list = append(list, g.value(name, s.Items))
		}
		return list
	case "object":
		return g.object(s)
	}
	return g.words(name, s)
}

func (g *generator) object(s *schema) any {
	o := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names) // the order of a map is nobody's
	for _, name := range names {
		required := slices.Contains(s.Required, name)
		if name == "$schema" || !required && g.IntN(2) == 0 || required && g.broken && g.IntN(8) == 0 {
			g.broken = g.broken && !required
			continue
		}
		o[name] = g.value(name, s.Properties[name])
	}
	if more := strings.TrimSpace(string(s.AdditionalProperties)); strings.HasPrefix(more, "{") && len(s.Properties) == 0 {
		var of schema
		if json.Unmarshal(s.AdditionalProperties, &of) == nil {
			o["en"] = g.value("en", &of)
		}
	}
	if g.evil > 0 && g.IntN(10) == 0 {
		o["role"] = "admin"
	}
	return o
}

// words are a text that fits a schema, and where the name says of what, an id
// that exists.
func (g *generator) words(name string, s *schema) string {
	switch {
	case s.Format == "uuid", strings.HasSuffix(name, "_id"), s.Format == "" && g.plural(name) != "":
		if kind := g.plural(name); kind != "" && g.IntN(8) > 0 {
			return g.known[kind][g.IntN(len(g.known[kind]))]
		}
		return string(desk.NewID())
	case s.Format == "date":
		return "2027-01-31"
	case s.Format == "date-time":
		return "2027-01-31T12:00:00Z"
	}
	var text string
	switch name {
	case "login", "email":
		text = "p" + word("") + "@new.test"
	case "password", "old_password":
		text = password
	case "phone", "number":
		text = "+34600000000"
	case "url":
		text = "https://packages.example/nuget"
	case "lang", "language":
		text = []string{"en", "es", "de", "fr", "it"}[g.IntN(5)]
	case "If-Match":
		text = `"` + []string{"1", "2", "3"}[g.IntN(3)] + `"`
	case "Idempotency-Key":
		text = "key" + word("")
	case "cursor", "state", "region":
	case "code":
		text = "123456"
	default:
		text = []string{"Printer", "It does not print.", "Ünïcödé 😀", "42", "a\nb"}[g.IntN(5)] + word(" ")
	}
	for len([]rune(text)) < s.MinLength {
		text += "x"
	}
	if r := []rune(text); s.MaxLength > 0 && len(r) > s.MaxLength {
		text = string(r[:s.MaxLength])
	}
	return text
}

// plural is the word under which the ids of something are known.
func (g *generator) plural(name string) string {
	one := strings.TrimSuffix(name, "_id")
	for _, kind := range []string{name, one + "s", strings.TrimSuffix(one, "y") + "ies", one, map[string]string{"requester": "users", "assignee": "users"}[one]} {
		if len(g.known[kind]) > 0 {
			return kind
		}
	}
	return ""
}

func (g *generator) text(name string, s *schema) string {
	switch v := g.value(name, s).(type) {
	case string:
		return v
	case []any: // of a question
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i], _ = one.(string)
		}
		return strings.Join(parts, ",")
	default:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
}

// request makes one for an operation.
func (g *generator) request(method, path string) (c call, kind string) {
	kind = []string{validRequest, validRequest, nearRequest, evilRequest}[g.IntN(4)]
	g.evil, g.broken = 0, kind == nearRequest
	if kind == evilRequest {
		g.evil = 4
	}
	op := g.doc.Paths[path][method]
	q := url.Values{}
	c = call{method: strings.ToUpper(method), header: map[string]string{}}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			before, _, _ := strings.Cut(path, "{"+p.Name+"}")
			segment := g.text(kindOf(strings.TrimSuffix(before, "/")), p.Schema)
			if p.Name == "lang" {
				segment = g.text("lang", p.Schema)
			}
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(segment), 1)
		case !p.Required && g.IntN(2) == 0:
		case p.In == "query":
			q.Add(p.Name, g.text(p.Name, p.Schema))
		case p.In == "header":
			c.header[p.Name] = headerSafe(g.text(p.Name, p.Schema))
		}
	}
	c.path = path
	if len(q) > 0 {
		c.path += "?" + q.Encode()
	}
	if op.RequestBody != nil {
		g.fill(&c, op, kind)
	}
	if g.IntN(12) == 0 {
		c.header["Idempotency-Key"] = "key"
	}
	return c, kind
}

// headerSafe keeps a client's library from refusing to send it.
func headerSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func (g *generator) fill(c *call, op operation, kind string) {
	for media, content := range op.RequestBody.Content {
		raw, _ := json.Marshal(g.value("body", content.Schema))
		c.body = string(raw)
		c.header["Content-Type"] = media
		if media != "application/json" {
			c.header["Content-Type"] = media + "; boundary=x"
			field, name, text := "files", "a.md", "---\ntitle: A\nlang: en\n---\ntext"
			if strings.Contains(c.path, "users") {
				field, name, text = "file", "a.csv", "name,email\nNora,"+word("n")+"@new.test\n"
			}
			if kind != validRequest {
				name, text = g.text("name", &schema{Type: "string"}), g.text("text", &schema{Type: "string"})
			}
			quoted, _ := json.Marshal(name)
			c.body = "--x\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=" + string(quoted) + "\r\n\r\n" + text + "\r\n--x--\r\n"
		}
	}
	if kind != evilRequest || c.body == "" {
		return
	}
	switch g.IntN(6) {
	case 0:
		c.body = c.body[:g.IntN(len(c.body)+1)]
	case 1:
		b := []byte(c.body)
		b[g.IntN(len(b))] = byte(g.IntN(256))
		c.body = string(b)
	case 2:
		c.body = g.hostile.bodies[g.IntN(len(g.hostile.bodies))]
	}
}
