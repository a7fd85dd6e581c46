// Package pdftest writes small PDF files for tests.
package pdftest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Cache is the folder in which all tests of this machine keep the compiled
// reader, which takes half a minute under the race detector; "" where the
// system has none.
func Cache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "conserje-test-pdf")
}

// Line is a line of text at a height above the page's foot, in points.
type Line struct {
	Size, Top float64
	Bold      bool
	Text      string
}

// File writes one page for each list of lines; title may be empty.
func File(title string, pages ...[]Line) []byte {
	streams := make([]string, len(pages))
	for i, lines := range pages {
		var b strings.Builder
		for _, l := range lines {
			font := "F1"
			if l.Bold {
				font = "F2"
			}
			text := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l.Text)
			fmt.Fprintf(&b, "BT /%s %g Tf 72 %g Td (%s) Tj ET\n", font, l.Size, l.Top, text)
		}
		streams[i] = b.String()
	}
	return Raw(Options{Title: title}, streams...)
}

// Options are what is odd about a file.
type Options struct {
	Title   string
	Lang    string
	Count   int    // what it says of the number of its pages; as many as it has when 0
	Trailer string // more of the trailer, such as an entry /Encrypt
	Filter  string // of the streams
}

// Raw writes pages with these content streams.
func Raw(o Options, streams ...string) []byte {
	var b bytes.Buffer
	var places []int
	object := func(body string) {
		places = append(places, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(places), body)
	}
	if o.Count == 0 {
		o.Count = len(streams)
	}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	lang := ""
	if o.Lang != "" {
		lang = " /Lang (" + o.Lang + ")"
	}
	object("<< /Type /Catalog /Pages 2 0 R" + lang + " >>")
	var kids strings.Builder
	for i := range streams {
		fmt.Fprintf(&kids, "%d 0 R ", 6+2*i)
	}
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", o.Count, kids.String()))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
	object("<< /Title (" + o.Title + ") >>")
	for i, s := range streams {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>", 7+2*i))
		filter := ""
		if o.Filter != "" {
			filter = " /Filter /" + o.Filter
		}
		object(fmt.Sprintf("<< /Length %d%s >>\nstream\n%s\nendstream", len(s), filter, s))
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(places)+1)
	for _, p := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", p)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(places)+1, o.Trailer, at)
	return b.Bytes()
}
