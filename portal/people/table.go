package people

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/conserje/conserje/portal/desk"
)

// The bounds of an import.
const (
	MaxTableBytes = 10 << 20
	MaxTableRows  = 20_000
	maxColumns    = 100
)

// table is a file of rows as programs export them, read.
type table struct {
	encoding  string // utf-8, utf-16 or windows-1252
	separator string
	header    []string
	rows      []tableRow
}

// tableRow is a row with the line that it begins on. A broken one has no
// cells: its quotes do not fit.
type tableRow struct {
	line   int
	cells  []string
	broken bool
}

// readTable reads comma-separated values, or values separated by semicolons or
// tabs, in any of the encodings that spreadsheets write. A row that cannot be
// read does not spoil the others.
func readTable(data []byte) (t table, err error) {
	if len(data) > MaxTableBytes {
		return t, desk.Errorf(desk.CodeTooLarge, "a table has at most 10 MB").On("file").With("max", MaxTableBytes)
	}
	text, encoding, err := decode(data)
	if err != nil {
		return t, err
	}
	t.encoding, t.separator = encoding, separatorOf(text)
	rows := newRowReader(text, t.separator)
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return t, err
		case t.header == nil && row.broken:
			return t, unreadable()
		case t.header == nil:
			t.header = row.cells
		case row.broken || strings.TrimSpace(strings.Join(row.cells, "")) != "":
			t.rows = append(t.rows, row)
		}
		if len(t.rows) > MaxTableRows {
			return t, desk.Errorf(desk.CodeTooManyRows, "a table has at most %d rows", MaxTableRows).On("file").With("max", MaxTableRows)
		}
	}
	if len(t.header) == 0 || len(t.header) > maxColumns {
		return t, unreadable()
	}
	return t, nil
}

// rowReader reads a table row by row. A quote that nothing closes would swallow
// all that follows: such a row is broken, and reading goes on in the line below
// the one that it begins on.
type rowReader struct {
	text, separator string
	lines           []int // where each begins
	before          int   // how many lines lie before those of r
	r               *csv.Reader
}

func newRowReader(text, separator string) *rowReader {
	x := &rowReader{text: text, separator: separator, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			x.lines = append(x.lines, i+1)
		}
	}
	x.from(0)
	return x
}

func (x *rowReader) from(line int) {
	rest := ""
	if line < len(x.lines) {
		rest = x.text[x.lines[line]:]
	}
	x.before, x.r = line, csv.NewReader(strings.NewReader(rest))
	x.r.Comma, x.r.FieldsPerRecord, x.r.TrimLeadingSpace = rune(x.separator[0]), -1, x.separator != "\t"
}

// next is the next row; io.EOF after the last.
func (x *rowReader) next() (tableRow, error) {
	cells, err := x.r.Read()
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		row := tableRow{line: x.before + broken.StartLine, broken: true}
		if broken.Line > broken.StartLine {
			x.from(row.line)
		}
		return row, nil
	}
	if err != nil {
		return tableRow{}, err
	}
	line, _ := x.r.FieldPos(0)
	return tableRow{line: x.before + line, cells: cells}, nil
}

func unreadable() *desk.Error {
	return desk.Errorf(desk.CodeTableUnreadable, "this is no table of text with a row of column names").On("file")
}

// decode turns a file into UTF-8: by its mark where it has one, else as UTF-8
// when it is valid, else as Windows-1252, in which every byte is a letter.
func decode(data []byte) (text, encoding string, err error) {
	encoding = "utf-8"
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		encoding = "utf-16"
		data, err = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
	case !utf8.Valid(data):
		encoding = "windows-1252"
		data, err = charmap.Windows1252.NewDecoder().Bytes(data)
	}
	if err != nil || !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 || len(bytes.TrimSpace(data)) == 0 {
		return "", "", unreadable()
	}
	return string(data), encoding, nil
}

// separatorOf is the sign that stands most often between the column names.
func separatorOf(text string) string {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	counts := map[rune]int{}
	quoted := false
	for _, r := range first {
		if r == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[r]++
		}
	}
	best := ","
	for _, s := range []string{";", "\t"} {
		if counts[rune(s[0])] > counts[rune(best[0])] {
			best = s
		}
	}
	return best
}

// unprefixed takes off the apostrophe that keeps a cell from being a formula.
func unprefixed(cell string) string {
	cell = strings.TrimSpace(cell)
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(desk.FormulaStarts, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}
