package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/kb/pdf/pdftest"
	"github.com/conserje/conserje/portal/desk/desktest"
)

// shared compiles once for all tests of the machine.
var shared = New(pdftest.Cache())

func TestHeadingsListsAndParagraphsAreToldApart(t *testing.T) {
	head := pdftest.Line{Size: 8, Top: 810, Text: "Example Ltd, page 1 of 3"}
	body := func(top float64, text string) pdftest.Line {
		return pdftest.Line{Size: 11, Top: top, Text: text}
	}
	one := []pdftest.Line{
		head,
		{Size: 24, Top: 760, Text: "Printers"},
		{Size: 16, Top: 720, Text: "Paper jam"},
		body(700, "Open the cover and take the paper out, with-"), body(686, "out tearing it."),
		body(660, "A second paragraph stands apart."),
		body(630, "1. Close the cover"), body(616, "2. Press the green button and wait until the"), body(602, "lamp is steady"),
		{Size: 11, Top: 570, Bold: true, Text: "When nothing helps"},
		body(554, "Ask for a person."),
	}
	two := []pdftest.Line{{Size: 8, Top: 810, Text: "Example Ltd, page 2 of 3"}, {Size: 16, Top: 760, Text: "Toner"}, body(740, "\x95 shake it"), body(726, "\x95 put it back")}
	three := []pdftest.Line{{Size: 8, Top: 810, Text: "Example Ltd, page 3 of 3"}, body(740, "The end.")}
	d, err := shared.Read(t.Context(), pdftest.File("Printers at Example", one, two, three))
	if err != nil {
		t.Fatal(err)
	}
	if d.Title != "Printers at Example" || len(d.Pages) != 3 {
		t.Errorf("%q, %d pages", d.Title, len(d.Pages))
	}
	want := []Block{
		{Level: 1, Text: "Printers", Page: 1},
		{Level: 2, Text: "Paper jam", Page: 1},
		{Text: "Open the cover and take the paper out, without tearing it.", Page: 1},
		{Text: "A second paragraph stands apart.", Page: 1},
		{Item: true, Count: true, Text: "Close the cover", Page: 1},
		{Item: true, Count: true, Text: "Press the green button and wait until the lamp is steady", Page: 1},
		{Level: 3, Text: "When nothing helps", Page: 1},
		{Text: "Ask for a person.", Page: 1},
		{Level: 2, Text: "Toner", Page: 2},
		{Item: true, Text: "shake it", Page: 2},
		{Item: true, Text: "put it back", Page: 2},
		{Text: "The end.", Page: 3},
	}
	got := d.Blocks()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing %+v", want[i])
		case i >= len(want):
			t.Errorf("too many: %+v", got[i])
		case got[i] != want[i]:
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

// deflated packs a text that is repeated.
func deflated(t *testing.T, begin, piece string, times int, end string) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	pieces := append([]string{begin}, slices.Repeat([]string{piece}, times)...)
	for _, p := range append(pieces, end) {
		if _, err := z.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// SECURITY H3: what is hostile is refused in words, within time and memory, and
// the file after it is read as if nothing had been.
func TestH3AHostileFileIsRefusedAndTheNextOneRead(t *testing.T) {
	desktest.Unraced(t, "files as heavy as they may be, one after the other")
	good := pdftest.File("", []pdftest.Line{{Size: 11, Top: 700, Text: "All is well."}})
	if _, err := shared.Read(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	locked := "/Encrypt << /Filter /Standard /V 1 /R 2 /O (" + strings.Repeat("o", 32) + ") /U (" + strings.Repeat("u", 32) + ") /P -44 >> /ID [(a) (a)]"
	for _, c := range []struct {
		name string
		data []byte
		want []error
	}{
		{"a page of a million", pdftest.Raw(pdftest.Options{Count: 1_000_000}, "BT ET"), []error{ErrTooMany}},
		{"encrypted", pdftest.Raw(pdftest.Options{Trailer: locked}, "BT ET"), []error{ErrLocked}},
		{"a scan", pdftest.Raw(pdftest.Options{}, "0 0 m 100 100 l S", "q Q"), []error{ErrNoText}},
		{"no PDF", []byte("<html><script>alert(1)</script></html>"), []error{ErrBroken}},
		{"nothing", nil, []error{ErrBroken}},
		{"cut off", good[:len(good)/3], []error{ErrBroken, ErrNoText}},
		{"only the head", []byte("%PDF-1.7\n"), []error{ErrBroken}},
		{"a stream of half a gigabyte", pdftest.Raw(pdftest.Options{Filter: "FlateDecode"}, deflated(t, "", strings.Repeat("\x00", 1<<20), 512, "")), []error{ErrTooSlow, ErrNoText, ErrTooLarge, ErrBroken}},
		{"twenty million letters", pdftest.Raw(pdftest.Options{Filter: "FlateDecode"}, deflated(t, "BT /F1 1 Tf 72 700 Td ", strings.Repeat("(abcdefghij) Tj ", 1000), 2000, "ET")), []error{ErrTooLarge, ErrTooSlow}},
		{"deep nesting", pdftest.Raw(pdftest.Options{Trailer: strings.Repeat("<< /A ", 100_000)}, "BT ET"), []error{ErrBroken, ErrNoText, ErrTooSlow}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := shared.Read(t.Context(), c.data)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		known := false
		for _, w := range c.want {
			known = known || errors.Is(err, w)
		}
		if !known {
			t.Errorf("%s: %v, want one of %v", c.name, err, c.want)
		}
		if made := after.TotalAlloc - before.TotalAlloc; took > timeForFile+10*time.Second || made > 1<<30 {
			t.Errorf("%s: %s, %d MiB", c.name, took, made>>20)
		}
		t.Logf("%s: %v in %s", c.name, err, took.Round(time.Millisecond))
		d, err := shared.Read(t.Context(), good)
		if err != nil || len(d.Pages) != 1 || d.Pages[0].Lines[0].Text != "All is well." {
			t.Fatalf("after %s: %+v %v", c.name, d, err)
		}
	}
}

func TestAFileThatTakesTooLongIsStoppedWhereItStands(t *testing.T) {
	desktest.Unraced(t, "the reader of the first file and of the next take what a processor can do")
	r := New(pdftest.Cache())
	if _, err := r.Read(t.Context(), pdftest.File("", []pdftest.Line{{Size: 11, Top: 700, Text: "warm"}})); err != nil {
		t.Fatal(err)
	}
	r.limit = time.Millisecond
	lines := make([]pdftest.Line, 60)
	for i := range lines {
		lines[i] = pdftest.Line{Size: 9, Top: 800 - float64(i)*12, Text: strings.Repeat("words ", 15)}
	}
	pages := make([][]pdftest.Line, 100)
	for i := range pages {
		pages[i] = lines
	}
	long := pdftest.File("", pages...)
	if _, err := r.Read(t.Context(), long); !errors.Is(err, ErrTooSlow) {
		t.Errorf("%v", err)
	}
	r.limit = timeForFile
	began := time.Now()
	d, err := r.Read(t.Context(), long)
	if err != nil || len(d.Pages) != 100 {
		t.Errorf("the same with time: %d pages, %v", len(d.Pages), err)
	}
	t.Logf("100 full pages in %s", time.Since(began).Round(time.Millisecond))
}
