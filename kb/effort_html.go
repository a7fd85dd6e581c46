package kb

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// What turning one page of HTML into Markdown may cost: each line is moved in
// once for every list around it, what an element holds is written again for the
// element, and a number in an attribute can stand for any number of cells.
const (
	maxNested  = 200       // elements within each other
	maxIndents = 1_000_000 // lines by the lists and quotes around them
	longLine   = 64        // bytes that count as one more line
	maxColumns = 1_000     // of one row
	maxFilled  = 1_000_000 // cells, when all rows are as long as the longest
)

// pageTooHard reports whether turning a page into Markdown would cost too much.
func pageTooHard(doc *html.Node) bool {
	var p pageEffort
	return !p.walk(doc, 0, 0) || p.rows*p.columns > maxFilled
}

type pageEffort struct{ indents, spans, rows, columns int }

func (p *pageEffort) walk(n *html.Node, depth, lists int) bool {
	switch n.DataAtom {
	case atom.Ul, atom.Ol, atom.Blockquote:
		lists++
	case atom.Tr:
		p.row(n)
	}
	p.indents += lists
	if n.Type == html.TextNode {
		p.indents += lists * (strings.Count(n.Data, "\n") + len(n.Data)/longLine)
	}
	if depth > maxNested || lists > maxDepth || p.indents > maxIndents || p.spans > maxCells || p.columns > maxColumns {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if !p.walk(c, depth+1, lists) {
			return false
		}
	}
	return true
}

// row counts a row's cells, each as many times as it says that it spans.
func (p *pageEffort) row(tr *html.Node) {
	p.rows++
	columns := 0
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			wide := spanned(c, "colspan")
			columns += wide
			p.spans += wide * spanned(c, "rowspan")
		}
	}
	p.columns = max(p.columns, columns)
}

func spanned(cell *html.Node, way string) int {
	n, err := strconv.Atoi(attribute(cell, way))
	if err != nil {
		return 1
	}
	return max(1, min(n, maxCells+1))
}
