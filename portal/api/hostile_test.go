package api_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/conserje/conserje/portal/desk"
)

// hostile values; the generator mixes them with valid ones.
var hostile = []any{
	nil, true, -1, 0, 1e300, "", " ", "\x00", "a\x00b", "'; drop table users; --", "%s%n", "../../etc/passwd", "\u202e", "😀", "null", "NaN",
	strings.Repeat("a", 300), strings.Repeat("é", 9000),
	[]any{},
	[]any{nil},
	map[string]any{},
	map[string]any{"a": map[string]any{}},
	"00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000", "9223372036854775808",
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
		Schema   *schema
	}
	RequestBody *struct {
		Content map[string]struct{ Schema *schema }
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Enum       []any
	Format     string
	Properties map[string]*schema
	Items      *schema
}

// generator makes requests that are nearly as the document says.
type generator struct {
	*rand.Rand

	doc documented
	ids []string
}

// value is valid most of the time, as far as the schema tells.
func (g *generator) value(s *schema) any {
	if s == nil || g.IntN(6) == 0 {
		return hostile[g.IntN(len(hostile))]
	}
	if s.Ref != "" {
		return g.value(g.doc.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
	}
	if len(s.Enum) > 0 {
		return s.Enum[g.IntN(len(s.Enum))]
	}
	switch s.Type {
	case "boolean":
		return g.IntN(2) == 0
	case "integer", "number":
		return []any{0, 1, 2, 50, 1 << 40}[g.IntN(5)]
	case "array":
		return []any{g.value(s.Items)}
	case "object":
		o := map[string]any{}
		for name, p := range s.Properties {
			if g.IntN(4) > 0 {
				o[name] = g.value(p)
			}
		}
		if g.IntN(10) == 0 {
			o["role"] = "admin"
		}
		return o
	}
	if s.Format == "uuid" {
		return g.ids[g.IntN(len(g.ids))]
	}
	return []string{"text", "ana", "right-password", "eyJOYW1lIjoiYSJ9", "1"}[g.IntN(5)]
}

func (g *generator) text(s *schema) string {
	switch v := g.value(s).(type) {
	case string:
		return v
	default:
		raw, _ := json.Marshal(v)
		return string(raw)
	}
}

// request makes one for an operation.
func (g *generator) request(method, path string) call {
	op := g.doc.Paths[path][method]
	q := url.Values{}
	c := call{method: strings.ToUpper(method), header: map[string]string{}}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(g.text(p.Schema)))
		case g.IntN(2) == 0:
		case p.In == "query":
			q.Add(p.Name, g.text(p.Schema))
		case p.In == "header":
			c.header[p.Name] = url.QueryEscape(g.text(p.Schema))
		}
	}
	c.path = path
	if len(q) > 0 {
		c.path += "?" + q.Encode()
	}
	if op.RequestBody == nil {
		return c
	}
	for kind, content := range op.RequestBody.Content {
		raw, _ := json.Marshal(g.value(content.Schema))
		c.body = string(raw)
		c.header["Content-Type"] = kind
		if kind != "application/json" {
			c.header["Content-Type"] = kind + "; boundary=x"
			c.body = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=" + string(raw) + "\r\n\r\n" + g.text(nil) + "\r\n--x--\r\n"
		}
	}
	switch g.IntN(12) {
	case 0:
		c.body = c.body[:g.IntN(len(c.body)+1)]
	case 1:
		b := []byte(c.body)
		if len(b) > 0 {
			b[g.IntN(len(b))] = byte(g.IntN(256))
		}
		c.body = string(b)
	case 2:
		c.header["Idempotency-Key"] = "key"
	}
	return c
}

// operations lists what is asked; a log-out would only make the rest anonymous.
func (d documented) operations() (list [][2]string) {
	for path, methods := range d.Paths {
		for m := range methods {
			if m != "delete" || path != "/api/v1/session" {
				list = append(list, [2]string{m, path})
			}
		}
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[1]+a[0], b[1]+b[0]) })
	return list
}

func TestTwoThousandHostileRequestsGiveNoServerError(t *testing.T) {
	t.Parallel()
	const requests, workers = 2000, 4
	w := newWorld(t)
	raw, err := w.api.Document()
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{string(w.ticket(t, "ana")), string(w.conversation(t, "ana")), string(w.article(t)), string(desk.NewID()), string(w.viewers["tess"].User), string(w.viewers["zara"].User)}
	tokens := []string{""}
	for _, who := range []string{"ana", "ben", "tess", "adam"} {
		token, _ := w.logIn(t, who)
		tokens = append(tokens, token)
	}
	seed := rand.Uint64()
	var all sync.WaitGroup
	var byStatus [600]atomic.Int64
	for n := range workers {
		all.Go(func() {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(n))), ids: ids}
			if err := json.Unmarshal(raw, &g.doc); err != nil {
				t.Error(err)
				return
			}
			operations := g.doc.operations()
			for range requests / workers {
				op := operations[g.IntN(len(operations))]
				c := g.request(op[0], op[1])
				c.token = tokens[g.IntN(len(tokens))]
				if len(c.path) > 16<<10 {
					// Refused while its sender is still writing: the answer, or a
					// connection that is gone, whichever comes first.
					if res, err := http.DefaultTransport.RoundTrip(c.request(t, w)); err == nil {
						byStatus[res.StatusCode].Add(1)
						_ = res.Body.Close()
					}
					continue
				}
				a := w.do(t, c)
				byStatus[a.StatusCode].Add(1)
				if a.StatusCode >= http.StatusInternalServerError {
					t.Errorf("seed %d: %s %s %q %v: %d %s", seed, c.method, c.path, c.body, c.header, a.StatusCode, a.body)
				}
			}
		})
	}
	all.Wait()
	for status := range byStatus {
		if n := byStatus[status].Load(); n > 0 {
			t.Logf("%d: %d", status, n)
		}
	}
}
