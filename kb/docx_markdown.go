package kb

import (
	"strconv"
	"strings"
)

// plainly writes text so that Markdown reads it as text.
var plainly = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "|", `\|`)

// markdown writes the blocks.
func (d *docx) markdown() string {
	var b strings.Builder
	list := false
	for _, x := range d.blocks {
		was := list
		list = x.list != "" && !strings.HasPrefix(x.style, "heading")
		if b.Len() > 0 && (!was || !list) {
			b.WriteByte('\n')
		}
		switch {
		case x.rows != nil:
			writeTable(&b, x.rows)
		case strings.HasPrefix(x.style, "heading "):
			n, _ := strconv.Atoi(strings.TrimPrefix(x.style, "heading "))
			b.WriteString(strings.Repeat("#", max(1, min(n, 6))) + " " + x.text + "\n")
		case x.style == "title":
			if d.title == "" || plainly.Replace(d.title) == x.text {
				d.title = unescaped(x.text)
				continue
			}
			b.WriteString("# " + x.text + "\n")
		case list:
			mark := "- "
			if d.ordered[x.list+"/"+strconv.Itoa(x.level)] {
				mark = "1. "
			}
			b.WriteString(strings.Repeat("   ", max(0, min(x.level, 8))) + mark + x.text + "\n")
		default:
			b.WriteString(unmarked(x.text) + "\n")
		}
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// unmarked keeps a paragraph from beginning like a heading, a list or a quote.
func unmarked(text string) string {
	if strings.HasPrefix(text, "#") || strings.HasPrefix(text, ">") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "=") {
		return `\` + text
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') {
		return text[:digits] + `\` + text[digits:]
	}
	return text
}

func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func writeTable(b *strings.Builder, rows [][]string) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	if width == 0 || width > 64 {
		return
	}
	for i, r := range rows {
		b.WriteString("|")
		for c := range width {
			cell := ""
			if c < len(r) {
				cell = r[c]
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteByte('\n')
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", width) + "\n")
		}
	}
}
