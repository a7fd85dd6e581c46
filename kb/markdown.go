package kb

import (
	"bytes"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown reads and writes articles. Raw HTML in them is left out, always.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(codeRenderer{html.NewConfig()}, 100))),
)

// codeRenderer gives code blocks the anchor that goldmark gives other blocks.
type codeRenderer struct{ html.Config }

func (r codeRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindCodeBlock, r.render)
	reg.Register(ast.KindFencedCodeBlock, r.render)
}

func (r codeRenderer) render(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</code></pre>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<pre")
	html.RenderAttributes(w, n, nil)
	_, _ = w.WriteString("><code>")
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		r.Writer.RawWrite(w, line.Value(source))
	}
	return ast.WalkContinue, nil
}

// page is an article's Markdown, read: its blocks in order, each with the
// anchor that the reader shows it under.
type page struct {
	source []byte
	root   ast.Node
	blocks []block
}

type block struct {
	node       ast.Node
	anchor     string
	heading    int // level, 0 for other blocks
	text       string
	start, end int // bytes of the Markdown
}

// read parses Markdown and gives every top-level block an anchor: headings by
// their words, other blocks by a hash of their text, so that an edit elsewhere
// moves none. A first heading that repeats the title is dropped. A text that
// costs too much to read is CodeTextTooHard.
func read(source, title string) (page, error) {
	p := page{source: []byte(source)}
	if tooHard(source) {
		return p, textTooHard()
	}
	p.root = markdown.Parser().Parse(text.NewReader(p.source))
	taken := map[string]int{}
	for n := p.root.FirstChild(); n != nil; {
		next := n.NextSibling()
		b := block{node: n, text: plain(n, p.source)}
		if h, ok := n.(*ast.Heading); ok {
			b.heading = h.Level
			if len(p.blocks) == 0 && h.Level == 1 && oneLine(b.text) == title {
				p.root.RemoveChild(p.root, n)
				n = next
				continue
			}
			b.anchor = "s-" + slug(b.text)
		} else {
			b.anchor = "b-" + digest(b.text)
		}
		if taken[b.anchor]++; taken[b.anchor] > 1 {
			b.anchor += "-" + strconv.Itoa(taken[b.anchor])
		}
		n.SetAttributeString("id", []byte(b.anchor))
		b.start, b.end = span(n)
		p.blocks = append(p.blocks, b)
		n = next
	}
	return p, nil
}

// firstHeading is a text's title, where it has one. None is looked for in a
// text that costs too much to read; finish refuses that.
func firstHeading(source string) string {
	if tooHard(source) {
		return ""
	}
	root := markdown.Parser().Parse(text.NewReader([]byte(source)))
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok && h.Level == 1 {
			return oneLine(plain(h, []byte(source)))
		}
	}
	return ""
}

// span returns the first and last byte that a block's lines cover.
func span(n ast.Node) (start, end int) {
	start = -1
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Type() == ast.TypeBlock {
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				if start < 0 || line.Start < start {
					start = line.Start
				}
				end = max(end, line.Stop)
			}
		}
		return ast.WalkContinue, nil
	})
	return max(start, 0), end
}

// plain is a block's text as a person reads it: no markup, one line per item.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch t := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(t.Segment.Value(source))
				if t.SoftLineBreak() || t.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(t.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(t.Label(source))
			}
		case *ast.RawHTML, *ast.HTMLBlock:
			return ast.WalkSkipChildren, nil
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if entering {
				for i := range n.Lines().Len() {
					line := n.Lines().At(i)
					b.Write(line.Value(source))
				}
			}
		case *extast.TableCell:
			if !entering {
				b.WriteString(" · ")
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte('\n')
			}
		}
		return ast.WalkContinue, nil
	})
	return squeeze(b.String())
}

var blankLines = regexp.MustCompile(`\s*\n\s*`)

func squeeze(s string) string { return strings.TrimSpace(blankLines.ReplaceAllString(s, "\n")) }

// slug keeps letters and digits of any script and joins words by hyphens.
func slug(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), "-")
	if r := []rune(s); len(r) > 60 {
		s = strings.TrimRight(string(r[:60]), "-")
	}
	if s == "" {
		return "section"
	}
	return s
}

func digest(s string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(oneLine(s)))
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

var readerPolicy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "del",
		"br", "hr", "table", "thead", "tbody", "tr", "th", "td", "a", "img")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[sb]-[\p{L}\p{N}-]{1,80}$`)).Globally()
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^/files/[A-Za-z0-9_./-]+$`)).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowURLSchemes("https", "http", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	return p
}()

// html writes the page for the reader. link turns a link's target into where
// it leads from here; an empty answer leaves its words without a link. Images
// come from our own files only: the reader never asks a foreign host for
// anything (SECURITY G3).
func (p page) html(link func(target string) string) (string, error) {
	var drop []ast.Node
	err := ast.Walk(p.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch t := n.(type) {
		case *ast.Link:
			t.Title = nil
			if t.Destination = []byte(link(string(t.Destination))); len(t.Destination) == 0 {
				drop = append(drop, n)
			}
		case *ast.Image:
			if t.Title = nil; !ownFile(string(t.Destination)) {
				drop = append(drop, n)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", err
	}
	for _, n := range drop {
		unwrap(n)
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, p.source, p.root); err != nil {
		return "", err
	}
	return readerPolicy.Sanitize(out.String()), nil
}

func ownFile(target string) bool {
	return strings.HasPrefix(target, "/files/") && !strings.Contains(target, "..")
}

// unwrap leaves a node's children in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		parent.InsertBefore(parent, n, c)
		c = next
	}
	parent.RemoveChild(parent, n)
}
