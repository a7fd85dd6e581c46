package kb_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

func TestFilesThatCannotBeImportedSayWhyAndStopNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		name string
		data []byte
		code desk.Code
		line any
	}{
		{"a.doc", []byte("PK"), desk.CodeUnsupportedFile, nil},
		{"a.docx", []byte("PK"), desk.CodeBrokenFile, nil},
		{"noending", []byte("x"), desk.CodeUnsupportedFile, nil},
		{"a.md", []byte("---\nid: a\ntitle: [\n---\ntext"), desk.CodeBrokenFrontMatter, 3},
		{"b.md", []byte("---\nid: a\ntitle: x\n\ntext never closed"), desk.CodeBrokenFrontMatter, 1},
		{"c.md", []byte("---\ntitle:\n  - a list\n---\ntext"), desk.CodeBrokenFrontMatter, 3},
		{"d.md", []byte("---\nid: d\n---\nno title here"), desk.CodeMissingTitle, nil},
		{"e.html", []byte("<p>no title here</p>"), desk.CodeMissingTitle, nil},
		{"f.md", []byte("# Caf\xe9"), desk.CodeInvalidUTF8, nil},
		{"g.md", []byte("# Nul\x00"), desk.CodeInvalidUTF8, nil},
		{"h.md", append([]byte("# Big\n"), bytes.Repeat([]byte("word "), 300_000)...), desk.CodeTooLarge, nil},
		{"i.md", []byte("---\nlang: tlh\ntitle: Qapla\n---\n"), desk.CodeInvalid, nil},
		{"j.md", []byte("---\ntitle: " + strings.Repeat("x", 400) + "\n---\n"), desk.CodeTextTooLong, nil},
		{"k.md", []byte{}, desk.CodeMissingTitle, nil},
	} {
		good := article("good-"+c.name, "en", "Good", "Text.")
		r, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: c.name, Data: c.data}, good}, kb.ImportOptions{})
		if err != nil || r.Created != 1 || len(r.Problems) != 1 {
			t.Errorf("%s: %+v %v", c.name, r, err)
			continue
		}
		p := r.Problems[0]
		if p.Name != c.name || p.Err.Code != c.code || p.Err.Params["name"] != c.name || (c.line != nil && p.Err.Params["line"] != c.line) {
			t.Errorf("%s: %s %+v %v", c.name, p.Name, p.Err, p.Err.Params)
		}
	}
}

func TestOnlyAnAdministratorImports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, v := range []desk.Viewer{{}, b.contact(t, "Acme"), {Tenant: b.tenant, User: desk.NewID(), Role: desk.RoleTechnician}} {
		if _, err := b.Import(t.Context(), v, []kb.Document{article("a", "en", "A", "B")}, kb.ImportOptions{}); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", v.Role, err)
		}
	}
}

func TestTheSameArticleTwiceInOneImportIsAConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.Import(t.Context(), b.admin, []kb.Document{article("a", "en", "A", "B"), doc("other/a.md", "---\nid: a\nlang: en\ntitle: A2\n---\n")}, kb.ImportOptions{})
	if err != nil || r.Created != 1 || len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeConflict {
		t.Errorf("%+v %v", r, err)
	}
}

func TestHTMLBecomesAnArticle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", doc("fr/imprimante.html", `<!doctype html><html lang="fr-CH"><head><title>Ignoré</title><meta name="description" content="En bref">
		<style>p{color:red}</style></head><body><h1>Vider le bac</h1><script>alert(1)</script><p onclick="x()">Ouvrez le <b>bac</b>.</p>
		<h2>Ensuite</h2><ul><li>Fermez</li></ul></body></html>`))
	hits := b.find(t, b.admin, "bac", "fr")
	if len(hits) != 1 || hits[0].Key != "imprimante" || hits[0].Lang != "fr" || hits[0].Title != "Vider le bac" || hits[0].Summary != "En bref" {
		t.Fatalf("%+v", hits)
	}
	a, err := b.Article(t.Context(), b.admin, hits[0].Article, "fr")
	if err != nil || a.Summary != "En bref" || !strings.Contains(a.HTML, "<strong>bac</strong>") || strings.Contains(a.HTML+a.Markdown, "alert") || strings.Contains(a.HTML, "onclick") {
		t.Errorf("%+v %v", a, err)
	}
}

func TestFileThatNamesNothingTakesIdAndLanguageFromItsPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", doc(`it\rete\vpn-aziendale.md`, "# VPN aziendale\r\n\r\nAprire il client.\r\n"))
	if hits := b.find(t, b.admin, "vpn", "it"); len(hits) != 1 || hits[0].Key != "vpn-aziendale" || hits[0].Lang != "it" || hits[0].Title != "VPN aziendale" {
		t.Errorf("%+v", hits)
	}
}

func TestFolderLeavesOutWhatIsNoArticle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"README.md": "# Read me", "LICENSE": "x", ".git/a.md": "# x", "es/a.md": "# A", "es/b.pdf": "x"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Symlink("/etc/hostname", filepath.Join(dir, "es", "link.md"))
	docs, err := kb.Folder(dir)
	if err != nil || len(docs) != 2 || docs[0].Name != "es/a.md" || docs[1].Name != "es/b.pdf" {
		t.Errorf("%+v %v", docs, err)
	}
	if _, err := kb.Folder(filepath.Join(dir, "nowhere")); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
}
