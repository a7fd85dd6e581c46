package assistant

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools"
)

// mark is a citation as models write it: [1], [1, 2], [1][2], 【1】, with the
// blank before it. It is no link's text and no definition.
var mark = regexp.MustCompile(`[ \t\x{a0}]*(?:\[\^?(\d{1,4}(?:\s?[,;]\s?\d{1,4})*)\]|【(\d{1,4})[^】\n]{0,20}】)`)

var number = regexp.MustCompile(`\d+`)

// cite keeps the marks whose numbers are known, in the form [1] and with the
// number that shown gives them, and takes out all others. Code is left as it is.
func cite(text string, shown func(n int) (int, bool)) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, part := range split(text) {
		if part.code {
			b.WriteString(part.text)
			continue
		}
		last := 0
		for _, m := range mark.FindAllStringIndex(part.text, -1) {
			rest := part.text[m[1]:]
			if strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, ":") && (m[0] == 0 || part.text[m[0]-1] == '\n') {
				continue // a link, or the definition of one
			}
			b.WriteString(part.text[last:m[0]])
			last = m[1]
			found := part.text[m[0]:m[1]]
			blank := found[:len(found)-len(strings.TrimLeft(found, " \t\u00a0"))]
			for _, digits := range number.FindAllString(found, -1) {
				n, err := strconv.Atoi(digits)
				if err != nil {
					continue
				}
				if as, known := shown(n); known {
					b.WriteString(blank + "[" + strconv.Itoa(as) + "]")
					blank = ""
				}
			}
		}
		b.WriteString(part.text[last:])
	}
	return b.String()
}

type part struct {
	text string
	code bool
}

var fence = regexp.MustCompile("(?ms)^[ \\t]*```.*?(?:^[ \\t]*```[ \\t]*$|\\z)|`[^`\\n]+`")

// split tells code from prose.
func split(text string) []part {
	var parts []part
	last := 0
	for _, m := range fence.FindAllStringIndex(text, -1) {
		parts = append(parts, part{text: text[last:m[0]]}, part{text: text[m[0]:m[1]], code: true})
		last = m[1]
	}
	return append(parts, part{text: text[last:]})
}

// cited checks a final text against the passages of the turn and lists those
// that it really cites. They are numbered anew, from 1 in the order in which
// the text first names them: a turn that searched twice has numbers that begin
// anywhere, and a reader would look for a [1] that there never was.
func cited(text string, sources *tools.Sources) (string, []desk.Citation) {
	list := []desk.Citation{}
	place := map[int]int{}
	text = cite(text, func(n int) (int, bool) {
		if as, known := place[n]; known {
			return as, true
		}
		c, ok := sources.Find(n)
		if !ok {
			return 0, false
		}
		c.N = len(list) + 1
		place[n] = c.N
		list = append(list, c)
		return c.N, true
	})
	return text, list
}
