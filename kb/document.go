package kb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/goccy/go-yaml"
	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/conserje/conserje/portal/desk"
)

// Document is one file to import. Name may hold folders: a folder named like
// a language says the language of what lies in it.
type Document struct {
	Name string
	Data []byte
}

// The limits of one document.
const (
	maxDocument    = 1 << 20
	maxFrontMatter = 16 << 10
	maxTitle       = 300
	maxSummary     = 1_000
	maxKey         = 200
)

const supportedFiles = ".md, .markdown, .html, .htm, .docx, .pdf"

// version is a document that was understood: one article in one language.
type version struct {
	name     string
	key      string
	lang     desk.Language
	title    string
	summary  string
	markdown string
	hash     []byte
}

// Supported reports whether a file's name says that it can be imported.
func Supported(name string) bool {
	return slices.Contains(strings.Split(supportedFiles, ", "), strings.ToLower(path.Ext(name)))
}

// parse understands a document or says in words for people what is wrong.
func (k *KB) parse(ctx context.Context, d Document, fallback desk.Language) (version, *desk.Error) {
	v := version{name: d.Name, key: stemOf(d.Name), lang: languageOf(d.Name, fallback)}
	kind := strings.ToLower(path.Ext(d.Name))
	if !Supported(d.Name) {
		return v, desk.Errorf(desk.CodeUnsupportedFile, "this kind of file cannot be imported; use %s", supportedFiles).
			With("name", d.Name).With("supported", supportedFiles)
	}
	switch kind {
	case ".docx":
		problem := v.fromFile(d, maxDocx, v.readDocx)
		return v, problem
	case ".pdf":
		if k.pdf == nil {
			return v, desk.Errorf(desk.CodeUnsupportedFile, "PDF files are not read here").With("name", d.Name).With("supported", strings.TrimSuffix(supportedFiles, ", .pdf"))
		}
		problem := v.fromFile(d, maxPDF, func(data []byte) *desk.Error { return v.readPDF(ctx, k.pdf, data) })
		return v, problem
	}
	if len(d.Data) > maxDocument {
		return v, desk.Errorf(desk.CodeTooLarge, "the file is larger than %d bytes", maxDocument).With("name", d.Name).With("max", maxDocument)
	}
	data := bytes.TrimPrefix(d.Data, []byte("\ufeff"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return v, desk.Errorf(desk.CodeInvalidUTF8, "the file is not UTF-8 text; save it as UTF-8").With("name", d.Name)
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	var problem *desk.Error
	if kind == ".md" || kind == ".markdown" {
		problem = v.readMarkdown(text)
	} else {
		problem = v.readHTML(text)
	}
	if problem != nil {
		return v, problem
	}
	return v, v.finish()
}

// fromFile is parse for a file that is no text by itself. What it comes to has
// the limits of any other text.
func (v *version) fromFile(d Document, most int, read func([]byte) *desk.Error) *desk.Error {
	if len(d.Data) > most {
		return desk.Errorf(desk.CodeTooLarge, "the file is larger than %d bytes", most).With("name", d.Name).With("max", most)
	}
	if problem := read(d.Data); problem != nil {
		return problem
	}
	if !utf8.ValidString(v.title+v.markdown) || strings.ContainsRune(v.title+v.markdown, 0) {
		return desk.Errorf(desk.CodeInvalidUTF8, "the file's text is not valid").With("name", d.Name)
	}
	return v.finish()
}

// finish holds a version to its limits and takes its fingerprint.
func (v *version) finish() *desk.Error {
	v.title, v.summary, v.key = oneLine(v.title), oneLine(v.summary), strings.TrimSpace(v.key)
	switch {
	case len(v.markdown) > maxDocument:
		return desk.Errorf(desk.CodeTooLarge, "its text is larger than %d bytes", maxDocument).With("name", v.name).With("max", maxDocument)
	case tooHard(v.markdown):
		return fileTooHard(v.name)
	case v.title == "":
		return desk.Errorf(desk.CodeMissingTitle, "the article has no title").With("name", v.name)
	case !v.lang.Valid():
		return desk.Errorf(desk.CodeInvalid, "the portal does not speak the language %q", v.lang).With("name", v.name).On("lang")
	case v.key == "" || len(v.key) > maxKey:
		return desk.Errorf(desk.CodeInvalid, "the article's id is empty or longer than %d bytes", maxKey).With("name", v.name).On("id")
	case utf8.RuneCountInString(v.title) > maxTitle:
		return desk.Errorf(desk.CodeTextTooLong, "the title is longer than %d characters", maxTitle).With("name", v.name).With("max", maxTitle).On("title")
	case utf8.RuneCountInString(v.summary) > maxSummary:
		return desk.Errorf(desk.CodeTextTooLong, "the summary is longer than %d characters", maxSummary).With("name", v.name).With("max", maxSummary).On("summary")
	}
	h := sha256.New()
	for _, part := range []string{indexVersion, v.title, v.summary, v.markdown} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	v.hash = h.Sum(nil)
	return nil
}

// indexVersion is part of every fingerprint: a change of how articles are cut
// or indexed makes the next import write them anew.
const indexVersion = "2"

type frontMatter struct {
	ID      string `yaml:"id"`
	Lang    string `yaml:"lang"`
	Title   string `yaml:"title"`
	Summary string `yaml:"summary"`
}

func (v *version) readMarkdown(text string) *desk.Error {
	body := text
	if rest, ok := strings.CutPrefix(text, "---\n"); ok {
		front, after, closed := strings.Cut("\n"+rest, "\n---\n")
		if !closed {
			front, closed = strings.CutSuffix("\n"+strings.TrimRight(rest, "\n"), "\n---")
			after = ""
		}
		if !closed {
			return brokenFrontMatter(v.name, 1, "the front matter is not closed by a line of ---")
		}
		if problem := v.readFrontMatter(strings.TrimPrefix(front, "\n")); problem != nil {
			return problem
		}
		body = after
	}
	v.markdown = strings.TrimSpace(body) + "\n"
	if v.title == "" {
		v.title = firstHeading(v.markdown)
	}
	return nil
}

func (v *version) readFrontMatter(front string) *desk.Error {
	if len(front) > maxFrontMatter {
		return brokenFrontMatter(v.name, 1, "the front matter is too long")
	}
	var meta frontMatter
	if err := yaml.Unmarshal([]byte(front), &meta); err != nil {
		line := 1
		if l := yamlLine(err); l > 0 {
			line = l
		}
		problem := brokenFrontMatter(v.name, line+1, "the front matter cannot be read") // the line of --- comes first
		problem.Err = err
		return problem
	}
	v.title, v.summary = meta.Title, meta.Summary
	if meta.ID != "" {
		v.key = meta.ID
	}
	if meta.Lang != "" {
		v.lang = desk.Language(strings.ToLower(meta.Lang))
	}
	return nil
}

func yamlLine(err error) int {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil && y.GetToken().Position != nil {
		return y.GetToken().Position.Line
	}
	return 0
}

func brokenFrontMatter(name string, line int, message string) *desk.Error {
	return desk.Errorf(desk.CodeBrokenFrontMatter, "%s (line %d)", message, line).With("name", name).With("line", line)
}

// importPolicy lets through what an article is made of and no more; scripts,
// forms, styles and event handlers go before anything is stored (SECURITY G2).
var importPolicy = bluemonday.UGCPolicy()

func (v *version) readHTML(text string) *desk.Error {
	unreadable := func(err error) *desk.Error {
		return desk.Wrap(desk.CodeUnsupportedFile, err, "the file is no readable HTML").With("name", v.name).With("supported", supportedFiles)
	}
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return unreadable(err)
	}
	v.readHead(doc)
	clean, err := html.Parse(strings.NewReader(importPolicy.Sanitize(text)))
	if err != nil {
		return unreadable(err)
	}
	if pageTooHard(clean) {
		return fileTooHard(v.name)
	}
	// Cells are not padded to their column's width: one long one would make all the others as long.
	tables := table.NewTablePlugin(table.WithCellPaddingBehavior(table.CellPaddingBehaviorMinimal))
	c := converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), tables))
	markdown, err := c.ConvertNode(clean)
	if err != nil {
		return unreadable(err)
	}
	v.markdown = strings.TrimSpace(string(markdown)) + "\n"
	if h := firstHeading(v.markdown); h != "" {
		v.title = h
	}
	return nil
}

// readHead takes the title, the language and the metas named id and
// description from a page.
func (v *version) readHead(n *html.Node) {
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Html:
			if l, _, _ := strings.Cut(strings.ToLower(attribute(n, "lang")), "-"); l != "" {
				v.lang = desk.Language(l)
			}
		case atom.Title:
			if n.FirstChild != nil && v.title == "" {
				v.title = n.FirstChild.Data
			}
		case atom.Meta:
			switch content := attribute(n, "content"); strings.ToLower(attribute(n, "name")) {
			case "id":
				v.key = content
			case "description":
				v.summary = content
			}
		case atom.Body:
			return
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		v.readHead(c)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// stemOf is the file's name without folders and ending: the key of an article
// that names none.
func stemOf(name string) string {
	file := path.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.TrimSuffix(file, path.Ext(file))
}

// languageOf reads the language from the innermost folder named like one.
func languageOf(name string, fallback desk.Language) desk.Language {
	folders := strings.Split(strings.ReplaceAll(name, `\`, "/"), "/")
	for _, f := range slices.Backward(folders[:len(folders)-1]) {
		if l := desk.Language(strings.ToLower(f)); l.Valid() {
			return l
		}
	}
	return language(fallback)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// shortened is at most the first characters of a text.
func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
