package offline

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/prompts"
)

// quote takes from a passage what answers best: its list with the sentence
// before it, or else the paragraphs that hold most of the question.
func (c *conversation) quote(p prompts.Passage) string {
	mark := fmt.Sprintf(" [%d]", p.N)
	blocks := parse(plain(p.Text))
	if at := slices.IndexFunc(blocks, func(b block) bool { return len(b.items) > 1 }); at >= 0 {
		var parts []string
		if at > 0 && len(blocks[at-1].items) == 0 {
			parts = append(parts, clip(blocks[at-1].text, 320)+mark)
		}
		items := slices.Clone(blocks[at].items[:min(maxSteps, len(blocks[at].items))])
		items[len(items)-1] += mark
		parts = append(parts, strings.Join(items, "\n"))
		return strings.Join(parts, "\n\n")
	}
	words := c.questionWords()
	var texts []scoredText
	for i := range blocks {
		for j, s := range sentences(blocks[i].all()) {
			n := 0.0
			for _, w := range words {
				if within(w, bag(s)) {
					n++
				}
			}
			texts = append(texts, scoredText{i, j, s, n - 0.01*float64(i) - 0.001*float64(j)})
		}
	}
	return pick(texts, mark)
}

// hasSteps reports whether a text has a list.
func hasSteps(text string) bool {
	return slices.ContainsFunc(parse(text), func(b block) bool { return len(b.items) > 1 })
}

type scoredText struct {
	block, at int
	text      string
	score     float64
}

// pick takes the best sentences and puts them back into their order.
func pick(texts []scoredText, mark string) string {
	slices.SortStableFunc(texts, func(a, b scoredText) int { return cmp.Compare(b.score, a.score) })
	var chosen []scoredText
	length := 0
	for _, t := range texts {
		n := utf8.RuneCountInString(t.text)
		if len(chosen) == 5 || len(chosen) > 0 && length+n > maxAnswer {
			break
		}
		t.text = clip(t.text, maxAnswer)
		chosen = append(chosen, t)
		length += n
	}
	slices.SortFunc(chosen, func(a, b scoredText) int {
		return cmp.Or(cmp.Compare(a.block, b.block), cmp.Compare(a.at, b.at))
	})
	var b strings.Builder
	for i, t := range chosen {
		switch {
		case i == 0:
		case t.block != chosen[i-1].block:
			b.WriteString(mark + "\n\n")
		default:
			b.WriteString(" ")
		}
		b.WriteString(t.text)
	}
	if b.Len() > 0 {
		b.WriteString(mark)
	}
	return b.String()
}

// block is a paragraph, or a list with its items.
type block struct {
	text  string
	items []string
}

func (b *block) all() string {
	if len(b.items) > 0 {
		return strings.Join(b.items, " ")
	}
	return b.text
}

var item = regexp.MustCompile(`^(\s*)([-*+•]|\d{1,3}[.)])\s+`)

// parse cuts Markdown into paragraphs and lists. Headings go, their text is in
// the passage's own heading; numbers are counted anew.
func parse(text string) []block {
	var out []block
	open := false
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		found := item.FindStringSubmatch(line)
		list := len(out) > 0 && len(out[len(out)-1].items) > 0
		switch {
		case trimmed == "":
			open = false
		case strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, "```"), strings.Trim(trimmed, "-*_ ") == "":
			open = false
		case found != nil:
			if !list {
				out = append(out, block{})
			}
			out[len(out)-1].addItem(found, line[len(found[0]):])
			open = true
		case open && list:
			last := &out[len(out)-1]
			last.items[len(last.items)-1] += " " + trimmed
		case list && strings.HasPrefix(line, "  "): // a paragraph inside an item
			last := &out[len(out)-1]
			last.items[len(last.items)-1] += " " + trimmed
		case open:
			out[len(out)-1].text += " " + trimmed
		default:
			out = append(out, block{text: trimmed})
			open = true
		}
	}
	return out
}

func (b *block) addItem(found []string, text string) {
	sign := "-"
	if found[2][0] >= '0' && found[2][0] <= '9' {
		n := 1
		for _, it := range b.items {
			if it[0] >= '0' && it[0] <= '9' {
				n++
			}
		}
		sign = fmt.Sprintf("%d.", n)
	}
	indent := ""
	if len(found[1]) >= 2 && len(b.items) > 0 {
		indent = "   "
	}
	b.items = append(b.items, indent+sign+" "+strings.TrimSpace(text))
}

var sentenceEnd = regexp.MustCompile(`[.!?…]["»”)*]*\s+`)

func sentences(text string) []string {
	var out []string
	for text != "" {
		end := len(text)
		if at := sentenceEnd.FindStringIndex(text); at != nil && at[0] > 3 {
			end = at[1]
		} else if at != nil {
			if next := sentenceEnd.FindStringIndex(text[at[1]:]); next != nil {
				end = at[1] + next[1]
			}
		}
		if s := strings.TrimSpace(text[:end]); s != "" {
			out = append(out, s)
		}
		text = text[end:]
	}
	return out
}

var (
	image    = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	link     = regexp.MustCompile(`\[([^\]]+)\]\([^)\s]*(?:\s+"[^"]*")?\)`)
	citation = regexp.MustCompile(`\[(\d{1,3})\]`)
	tag      = regexp.MustCompile(`</?[a-zA-Z][^>]{0,200}>`)
)

// plain takes from somebody's Markdown what must not be repeated: images,
// link targets, HTML, numbers that would look like citations of ours.
func plain(s string) string {
	s = prompts.Neutral(s)
	s = image.ReplaceAllString(s, "$1")
	s = link.ReplaceAllString(s, "$1")
	s = tag.ReplaceAllString(s, "")
	return strings.TrimSpace(citation.ReplaceAllString(s, "($1)"))
}
