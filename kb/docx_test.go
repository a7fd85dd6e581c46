package kb_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
)

const wordHead = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>`

// packed makes a zip of files, given as name and content by turns.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := z.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func word(t testing.TB, body string, more ...string) []byte {
	return packed(t, append([]string{"word/document.xml", wordHead + body + "</w:body></w:document>"}, more...)...)
}

func para(style, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

func item(list, level, text string) string {
	return `<w:p><w:pPr><w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="` + list + `"/></w:numPr></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

func TestP9AWordDocumentBecomesAnArticle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	styles := `<w:styles xmlns:w="x"><w:docDefaults><w:lang w:val="de-DE"/></w:docDefaults><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="Titel"><w:name w:val="Title"/></w:style></w:styles>`
	numbering := `<w:numbering xmlns:w="x"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num></w:numbering>`
	rels := `<Relationships><Relationship Id="r1" Target="https://example.test/x" TargetMode="External"/><Relationship Id="r2" Target="javascript:alert(1)" TargetMode="External"/></Relationships>`
	body := para("Titel", "Drucker &amp; *Papier*") + para("berschrift1", "Papier") + para("", "- kein Punkt_e") +
		item("7", "0", "Klappe auf") + item("7", "1", "vorsichtig") + item("7", "0", "Klappe zu") +
		`<w:p><w:hyperlink r:id="r1"><w:r><w:t>Hilfe</w:t></w:r></w:hyperlink><w:hyperlink r:id="r2"><w:r><w:t> oder nicht</w:t></w:r></w:hyperlink><w:r><w:delText>weg</w:delText></w:r></w:p>` +
		`<w:tbl><w:tr><w:tc>` + para("", "a") + `</w:tc><w:tc>` + para("", "b|c") + `</w:tc></w:tr><w:tr><w:tc>` + para("", "1") + `</w:tc></w:tr></w:tbl>` +
		para("", "&lt;script&gt;alert(1)&lt;/script&gt;")
	data := word(t, body, "word/styles.xml", styles, "word/numbering.xml", numbering, "word/_rels/document.xml.rels", rels, "word/media/image1.png", "never opened")
	r, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: "drucker.docx", Data: data}}, kb.ImportOptions{Draft: true})
	if err != nil || len(r.Drafts) != 1 || r.Drafts[0].Title != "Drucker & *Papier*" || r.Drafts[0].Lang != "de" {
		t.Fatalf("%+v %v", r, err)
	}
	a, err := b.Edit(t.Context(), b.admin, r.Drafts[0].Article)
	if err != nil {
		t.Fatal(err)
	}
	text := a.Languages[0].Draft.Text
	html, err := b.Preview(t.Context(), b.admin, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		">Papier</h1>", "- kein Punkt_e</p>", "<li>Klappe auf\n<ul>\n<li>vorsichtig", "<li>Klappe zu", `href="https://example.test/x"`,
		"oder nicht", "<th>b|c</th>", "<td>1</td>", "&lt;script&gt;alert(1)&lt;/script&gt;",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing in %s\nof %s", want, html, text.Markdown)
		}
	}
	if active.MatchString(html) || strings.Contains(html, "javascript") || strings.Contains(html, "weg") {
		t.Errorf("active, or deleted: %s", html)
	}
}

// SECURITY H3: what is hostile is refused in words, quickly and in little
// memory, and stops no other file.
func TestH3HostileDocumentsAreRefusedWithinBounds(t *testing.T) {
	desktest.Unraced(t, "files as heavy as they may be, one after the other")
	b := setup(t)
	zeros := strings.Repeat("\x00", 64<<20)
	nested := packed(t, "a.docx", string(packed(t, "word/document.xml", zeros)))
	many := make([]string, 0, 6_000)
	for i := range 3_000 {
		many = append(many, fmt.Sprintf("f%d", i), "")
	}
	spaces := wordHead + strings.Repeat(" ", 17<<20) + "</w:body></w:document>"
	for _, c := range []struct {
		name string
		data []byte
		code desk.Code
	}{
		{"zip bomb", packed(t, "word/document.xml", zeros), desk.CodeFileTooHard},
		{"bomb of text", packed(t, "word/document.xml", spaces), desk.CodeFileTooHard},
		{"bomb in a part beside", word(t, para("", "x"), "word/styles.xml", zeros), desk.CodeFileTooHard},
		{"nested zip", nested, desk.CodeBrokenFile},
		{"many entries", packed(t, many...), desk.CodeFileTooHard},
		{"no document", packed(t, "readme.txt", "x"), desk.CodeBrokenFile},
		{"way out of the folder", packed(t, "../../word/document.xml", wordHead, "/etc/passwd", "x"), desk.CodeBrokenFile},
		{"external entity", packed(t, "word/document.xml", `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>`+wordHead+para("", "&x;")+"</w:body></w:document>"), desk.CodeBrokenFile},
		{"entity expansion", packed(t, "word/document.xml", `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>`+wordHead+para("", "&b;")+"</w:body></w:document>"), desk.CodeBrokenFile},
		{"unknown entity", word(t, para("", "&nothing;")), desk.CodeBrokenFile},
		{"deep XML", word(t, strings.Repeat("<w:x>", 100_000)), desk.CodeFileTooHard},
		{"cut off", word(t, para("", "text"))[:200], desk.CodeBrokenFile},
		{"polyglot: a picture", append([]byte("\x89PNG\r\n\x1a\n"), zeros[:100]...), desk.CodeBrokenFile},
		{"polyglot: a page", []byte("<html><script>alert(1)</script></html>"), desk.CodeBrokenFile},
		{"not UTF-8", packed(t, "word/document.xml", strings.Replace(wordHead, "UTF-8", "UTF-16", 1)), desk.CodeBrokenFile},
		{"without a title", word(t, para("", "text")), desk.CodeMissingTitle},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		good := article("good", "en", "Good", c.name)
		r, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: "x.docx", Data: c.data}, good}, kb.ImportOptions{})
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if err != nil || len(r.Problems) != 1 || r.Problems[0].Err.Code != c.code || r.Created+r.Updated != 1 {
			t.Errorf("%s: %+v %v", c.name, r, err)
			continue
		}
		if made := after.TotalAlloc - before.TotalAlloc; took > 10*time.Second || made > 256<<20 {
			t.Errorf("%s: %s, %d MiB", c.name, took, made>>20)
		}
	}
}
