package desk

import (
	"strings"
	"unicode/utf8"
)

// CheckText reports whether text that a person wrote can be stored: valid
// UTF-8 without NUL (Postgres holds neither), not blank, and at most maxChars
// characters long.
func CheckText(text string, maxChars int) error {
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return Errorf(CodeInvalidUTF8, "the text is not valid UTF-8")
	case strings.TrimSpace(text) == "":
		return Errorf(CodeEmptyText, "there is no text")
	case len(text) > maxChars && utf8.RuneCountInString(text) > maxChars:
		return Errorf(CodeTextTooLong, "the text is longer than %d characters", maxChars).With("max", maxChars)
	}
	return nil
}

// FirstLine shortens text to its first line of at most maxChars characters,
// for subjects and titles.
func FirstLine(text string, maxChars int) string {
	line := strings.TrimSpace(text)
	if i := strings.IndexAny(line, "\r\n"); i >= 0 {
		line = strings.TrimSpace(line[:i])
	}
	if utf8.RuneCountInString(line) <= maxChars {
		return line
	}
	return strings.TrimSpace(string([]rune(line)[:maxChars-1])) + "…"
}

// FormulaStarts are the signs at the beginning of a cell that a spreadsheet
// takes for a formula's.
const FormulaStarts = "=+-@\t\r"

// HarmlessCell makes a cell of a table text for the spreadsheet that opens it
// (SECURITY H10): an apostrophe says so.
func HarmlessCell(cell string) string {
	if cell != "" && strings.IndexByte(FormulaStarts, cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
