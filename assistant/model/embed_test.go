package model_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
)

func texts(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text %d", i)
	}
	return out
}

func TestVectorsComeInTheOrderOfTheirTextsAndWithLengthOne(t *testing.T) {
	for _, floatsOnly := range []bool{false, true} {
		fake := modeltest.New(t)
		fake.Embeddings(32, floatsOnly)
		p := provider(t, fake.URL, func(c *model.Config) { c.BatchSize = 10 })
		in := texts(25)
		got, err := p.Embed(t.Context(), in, model.PurposePassage)
		if err != nil || len(got) != len(in) {
			t.Fatalf("%d vectors, %v", len(got), err)
		}
		for i, v := range got {
			raw := modeltest.Vector(in[i], 32)
			var dot, length, rawLength float64
			for j := range v {
				dot += float64(v[j]) * float64(raw[j])
				length += float64(v[j]) * float64(v[j])
				rawLength += float64(raw[j]) * float64(raw[j])
			}
			if math.Abs(length-1) > 1e-5 || math.Abs(dot/math.Sqrt(rawLength)-1) > 1e-5 {
				t.Fatalf("vector %d: length %f, cosine %f", i, length, dot)
			}
		}
		// A server that ignores base64 is asked for it once.
		want := 3
		if floatsOnly {
			want = 4
		}
		if fake.Count() != want {
			t.Fatalf("%d requests, want %d", fake.Count(), want)
		}
		if m := p.Model(); m != (model.EmbeddingModel{Name: "e", Dimensions: 32}) {
			t.Fatalf("learned %+v", m)
		}
	}
}

func TestAnotherDimensionIsRefusedWithBothNumbers(t *testing.T) {
	fake := modeltest.New(t)
	fake.Embeddings(16, false)
	p := provider(t, fake.URL, func(c *model.Config) { c.Dimensions = 32 })
	_, err := p.Embed(t.Context(), texts(2), model.PurposePassage)
	e := asError(t, err)
	if desk.CodeOf(err) != desk.CodeEmbeddingDimension || e.Class != model.ClassFinal || fake.Count() != 1 {
		t.Fatalf("%v after %d requests", err, fake.Count())
	}
	public, ok := errors.AsType[*desk.Error](err)
	if !ok || public.Params["want"] != 32 || public.Params["got"] != 16 {
		t.Fatalf("params %v", public.Params)
	}
	// Learned, not configured: a later change is refused as well.
	p = provider(t, fake.URL, nil)
	if _, err := p.Embed(t.Context(), texts(1), model.PurposeQuery); err != nil {
		t.Fatal(err)
	}
	fake.Embeddings(8, false)
	if _, err := p.Embed(t.Context(), texts(1), model.PurposeQuery); desk.CodeOf(err) != desk.CodeEmbeddingDimension {
		t.Fatal(err)
	}
}

func TestEmbeddingsAreTriedAgainOnlyWhereThatMayHelp(t *testing.T) {
	t.Parallel()
	vectors := func(s string) modeltest.Reply { return modeltest.JSON(200, `{"data":[`+s+`]}`) }
	cases := []struct {
		name     string
		first    modeltest.Reply
		ok       bool
		requests int
		code     desk.Code
	}{
		{"503", modeltest.Fail(503, ""), true, 2, ""},
		{"429 with a short wait", modeltest.Fail(429, "").RetryAfter(1), true, 2, ""},
		{"too few vectors", vectors(`{"index":0,"embedding":"AACAPw=="}`), true, 2, ""},
		{"an index twice", vectors(`{"index":0,"embedding":"AACAPw=="},{"index":0,"embedding":"AACAPw=="}`), true, 2, ""},
		{"an index out of range", vectors(`{"index":0,"embedding":"AACAPw=="},{"index":2,"embedding":"AACAPw=="}`), true, 2, ""},
		{"not a number", vectors(`{"index":0,"embedding":"AACAPw=="},{"index":1,"embedding":"AADAfw=="}`), true, 2, ""},
		{"not base64", vectors(`{"index":0,"embedding":"%%"},{"index":1,"embedding":"%%"}`), true, 2, ""},
		{"cut JSON", modeltest.JSON(200, `{"data":[{"ind`), true, 2, ""},
		{"a page", modeltest.Reply{Header: http.Header{"Content-Type": {"text/html"}}, Frames: []modeltest.Frame{{Data: "<html>"}}}, true, 2, ""},
		{"reset", modeltest.Reset(""), true, 2, ""},
		{"empty vectors", vectors(`{"index":0,"embedding":""},{"index":1,"embedding":""}`), false, 1, desk.CodeEmbeddingDimension},
		{"401", modeltest.Fail(401, "invalid_api_key"), false, 1, desk.CodeModelKey},
		{"404", modeltest.Fail(404, "model_not_found"), false, 1, desk.CodeModelUnavailable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := modeltest.New(t)
			fake.Embeddings(1, false)
			fake.AddEmbedding(c.first)
			_, err := provider(t, fake.URL, nil).Embed(t.Context(), texts(2), model.PurposePassage)
			if (err == nil) != c.ok || fake.Count() != c.requests || !c.ok && desk.CodeOf(err) != c.code {
				t.Fatalf("%d requests, %v", fake.Count(), err)
			}
		})
	}
}

func TestAQueryGivesUpSoonAndABrokenServerIsLeftAlone(t *testing.T) {
	fake := modeltest.New(t)
	for range 100 {
		fake.AddEmbedding(modeltest.Fail(503, ""))
	}
	p := provider(t, fake.URL, func(c *model.Config) { c.Jitter = func() float64 { return 0 } })
	start := time.Now()
	for range 5 {
		if _, err := p.Embed(t.Context(), texts(1), model.PurposeQuery); desk.CodeOf(err) != desk.CodeModelUnavailable {
			t.Fatal(err)
		}
	}
	if fake.Count() != 5 { // two each for two calls, one more, and the breaker is open
		t.Fatalf("%d requests", fake.Count())
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Fatalf("took %s", took)
	}
}

func TestPrefixesSayWhatATextIsEmbeddedFor(t *testing.T) {
	fake := modeltest.New(t)
	p := provider(t, fake.URL, func(c *model.Config) { c.QueryPrefix, c.PassagePrefix = "query: ", "passage: " })
	for _, purpose := range []model.Purpose{model.PurposeQuery, model.PurposePassage} {
		if _, err := p.Embed(t.Context(), []string{"vpn"}, purpose); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, r := range fake.Requests() {
		got = append(got, r.Embed.Input...)
	}
	if s := strings.Join(got, "|"); s != "query: vpn|passage: vpn" {
		t.Fatal(s)
	}
}

func TestNoTextNeedsNoRequestAndAnEmptyTextIsAnError(t *testing.T) {
	fake := modeltest.New(t)
	p := provider(t, fake.URL, nil)
	if got, err := p.Embed(t.Context(), nil, model.PurposePassage); err != nil || len(got) != 0 {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := p.Embed(t.Context(), []string{"a", ""}, model.PurposePassage); model.ClassOf(err) != model.ClassFinal {
		t.Fatal(err)
	}
	if fake.Count() != 0 {
		t.Fatalf("%d requests", fake.Count())
	}
}
