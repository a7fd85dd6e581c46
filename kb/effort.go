package kb

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"

	"github.com/conserje/conserje/portal/desk"
)

// What reading one text may cost. A megabyte of Markdown is read in well under
// a second, but there are texts a tenth of that size on which a reader spends
// minutes, or gigabytes: where each mark of a block is looked for in all of
// the block, each line in all the lists around it, and where few letters stand
// for many cells. These limits are far above what people write.
const (
	maxDepth    = 100         // lists and quotes within each other
	maxDepths   = 1_000_000   // of all lines together
	maxCells    = 100_000     // of all tables, with those that are left out at the ends of rows
	maxBrackets = 2_000       // [ in one block
	maxAngles   = 10_000      // < in one block
	maxStars    = 10_000      // * _ ~ and ` in one block
	maxSearches = 500_000_000 // marks of a block by its bytes, of all blocks
	maxPipes    = 5_000       // \| in all tables
	maxCopied   = 5_000_000   // uses of link definitions by the longest one's bytes
	maxHeadings = 20_000
)

// textTooHard refuses what an editor wrote or asked to see.
func textTooHard() *desk.Error {
	return desk.Errorf(desk.CodeTextTooHard, "the text takes too much time or memory to show; split up large tables, long rows of links and deep lists").On("markdown")
}

// fileTooHard refuses what arrives from elsewhere.
func fileTooHard(name string) *desk.Error {
	return desk.Errorf(desk.CodeFileTooHard, "the text takes too much time or memory to read; split it").With("name", name)
}

// tooHard reports whether reading Markdown would cost too much. It looks at
// every line once and does not understand them: code is counted as if it were
// none, for what looks like code need not be.
func tooHard(markdown string) bool {
	if len(markdown) > maxDocument {
		return true
	}
	e := effort{fresh: true}
	for line := range strings.Lines(markdown) {
		if !e.line([]byte(line)) {
			return true
		}
	}
	return !e.endBlock() || e.uses*e.definition > maxCopied
}

// effort is what was counted so far.
type effort struct {
	fresh            bool // the line before was blank
	depth, depths    int
	columns, cells   int // columns: of the widest table in these lines without a blank one
	pipes, headings  int
	block            marks
	searches         int
	uses, definition int
	defines          bool // the line before can go on with a link's definition in this one
}

// marks are those of one block: of lines whose marks can belong together.
type marks struct{ bytes, brackets, angles, stars int }

// line counts one line; false is too much.
func (e *effort) line(line []byte) bool {
	if util.IsBlank(line) {
		e.depths += e.depth
		e.fresh, e.columns, e.defines = true, 0, false
		return e.depths <= maxDepths && e.endBlock()
	}
	blanks, marked, rest := containers(line)
	depth := min(blanks/2, e.depth) + marked // what is open around a line was opened above it
	if !e.fresh {
		depth = max(depth, e.depth) // a paragraph goes on without the marks of what it is in
	}
	e.fresh, e.depth = false, depth
	e.depths += depth
	if begins(line) && !e.endBlock() {
		return false
	}
	if rest[0] == '#' || len(bytes.Trim(rest, "=- \t\r\n")) == 0 {
		e.headings++
	}
	e.table(line)
	e.definitions(line)
	e.count(line)
	return depth <= maxDepth && e.depths <= maxDepths && e.cells <= maxCells && e.pipes <= maxPipes && e.headings <= maxHeadings
}

// containers reads what stands before a line's words: how many columns of
// blanks, and how many marks of lists and quotes.
func containers(line []byte) (blanks, marked int, rest []byte) {
	for i := 0; i < len(line); {
		digits := i
		for digits < len(line) && util.IsNumeric(line[digits]) {
			digits++
		}
		switch c := line[i]; {
		case c == '\t':
			blanks += 4
		case util.IsSpace(c):
			blanks++
		case c == '>':
			marked++
		case strings.IndexByte("-+*", c) >= 0 && blankAt(line, i+1):
			marked++
		case digits > i && digits < len(line) && (line[digits] == '.' || line[digits] == ')') && blankAt(line, digits+1):
			marked++
			i = digits
		default:
			return blanks, marked, line[i:]
		}
		i++
	}
	return blanks, marked, []byte{'\n'} // marks and nothing else
}

// blank is a blank of Markdown: one of Unicode's others can be part of an address.
func blank(r rune) bool { return r < utf8.RuneSelf && util.IsSpace(byte(r)) } //nolint:gosec // below 128

func blankAt(line []byte, i int) bool { return i >= len(line) || util.IsSpace(line[i]) }

// begins reports a line that belongs to no block above it, whatever that is:
// an item of a list or a heading, not moved in.
func begins(line []byte) bool {
	rest := bytes.TrimLeft(line, " ")
	if len(line)-len(rest) > 3 {
		return false
	}
	mark := len(rest) - len(bytes.TrimLeft(rest, "#"))
	if mark == 0 && strings.IndexByte("-+*", rest[0]) >= 0 {
		mark = 1
	}
	return mark > 0 && mark <= 6 && blankAt(rest, mark) && !util.IsBlank(rest[mark:])
}

// table counts the cells that a line can be given by the row of dashes above
// it.
func (e *effort) table(line []byte) {
	if len(bytes.Trim(line, "|-: \t\r\n>")) == 0 && bytes.IndexByte(line, '|') >= 0 {
		e.columns = max(e.columns, bytes.Count(bytes.Trim(line, "| \t\r\n>"), []byte{'|'})+1)
	}
	e.cells += e.columns
	e.pipes += bytes.Count(line, []byte(`\|`))
}

// definitions notes the longest address that a line can define for many links.
func (e *effort) definitions(line []byte) {
	defines := bytes.Contains(line, []byte("]:"))
	if defines || e.defines {
		longest := 0
		if bytes.IndexByte(line, '<') >= 0 { // such an address can have blanks
			longest = len(line)
		}
		for word := range bytes.FieldsFuncSeq(line, blank) {
			longest = max(longest, len(word))
		}
		e.definition = max(e.definition, longest)
	}
	e.defines = defines
}

// count adds a line's marks to its block's.
func (e *effort) count(line []byte) {
	e.block.bytes += len(line)
	for _, c := range line {
		switch c {
		case '[':
			e.block.brackets++
		case '<':
			e.block.angles++
		case '*', '_', '~', '`':
			e.block.stars++
		}
	}
}

// endBlock judges the block that ends and begins the next; false is too much.
func (e *effort) endBlock() bool {
	b := e.block
	e.block = marks{}
	e.uses += b.brackets
	e.searches += (b.brackets + b.angles + b.stars) * b.bytes
	return b.brackets <= maxBrackets && b.angles <= maxAngles && b.stars <= maxStars && e.searches <= maxSearches
}
