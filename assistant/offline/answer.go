package offline

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/prompts"
)

// Bounds of a quoted answer.
const (
	maxSteps     = 10
	maxAnswer    = 1100 // runes of quoted text
	strongEnough = 0.45 // share of the question's words that a passage must hold
	anyUse       = 0.2  // below: it is not about the question
)

// scored is a passage and how much of the question it holds.
type scored struct {
	prompts.Passage
	score float64
}

// tellSearch quotes the best passage with its number, names further ones, and
// says honestly how well it fits.
func (c *conversation) tellSearch(ps []prompts.Passage, broken bool) string {
	ranked := c.rank(ps)
	if len(ranked) == 0 {
		key := "nothing_found"
		if broken && len(ps) == 0 {
			key = "fail_search"
		}
		return join(" ", c.lang.say(key, nil), c.offer("offer"))
	}
	best := ranked[0]
	params := map[string]any{"Title": inline(title(best.Passage), 120), "Language": c.languageOf(best.Lang)}
	lead := "lead"
	switch {
	case best.Lang != "" && best.Lang != c.lang.name && languageNamed(best.Lang) != nil:
		lead = "lead_other"
	case best.score < strongEnough:
		lead = "lead_weak"
	}
	parts := []string{c.lang.say(lead, params), c.quote(best.Passage)}
	var also []string
	for _, p := range ranked[1:] {
		if p.score >= strongEnough && p.Title != best.Title && len(also) < 2 && p.score >= 0.75*best.score {
			also = append(also, fmt.Sprintf("%s [%d]", fmt.Sprintf(c.lang.say("quote", nil), inline(title(p.Passage), 100)), p.N))
		}
	}
	if len(also) > 0 {
		parts = append(parts, c.lang.say("see_also", map[string]any{"Titles": strings.Join(also, ", ")}))
	}
	parts = append(parts, join(" ", c.lang.say("helped", nil), c.offer("or")))
	return join("\n\n", parts...)
}

func title(p prompts.Passage) string {
	if p.Heading == "" || strings.EqualFold(p.Heading, p.Title) {
		return p.Title
	}
	return p.Title + ": " + p.Heading
}

func (c *conversation) languageOf(name string) string {
	if s := c.lang.say("name_"+name, nil); s != "" {
		return s
	}
	return inline(name, 12)
}

// rank orders the passages that are of use. The retrieval's order counts; how
// many of the question's words a passage holds counts more, and each word the
// more the fewer of the passages hold it.
func (c *conversation) rank(ps []prompts.Passage) []scored {
	words := c.questionWords()
	var out []scored
	holds := make([]map[string]float64, len(ps))
	df := map[string]float64{}
	for i, p := range ps {
		holds[i] = held(words, p)
		for w := range holds[i] {
			df[w]++
		}
	}
	seen := map[int]bool{}
	for i, p := range ps {
		if p.N <= 0 || strings.TrimSpace(p.Text) == "" || seen[p.N] {
			continue
		}
		seen[p.N] = true
		s := scored{Passage: p}
		total := 0.0
		for _, w := range words {
			weight := 1 + math.Log(1+float64(len(ps))/(1+df[w]))
			total += weight
			s.score += weight * holds[i][w]
		}
		if total > 0 {
			s.score /= total
		}
		foreign := p.Lang != "" && p.Lang != c.lang.name
		if foreign && i == 0 {
			s.score = max(s.score, anyUse) // words of another language cannot be compared; the retrieval's first is offered as weak
		}
		if s.score >= anyUse || len(words) == 0 {
			s.score += 0.1 / float64(i+1)
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	return out
}

// questionWords are the stems of what is asked about: this message's, and for
// a short follow-up the earlier question's too.
func (c *conversation) questionWords() []string {
	var out []string
	for _, r := range c.results {
		if r.tool == prompts.ToolSearch && r.args != "" {
			var a struct {
				Query string `json:"query"`
			}
			if decode(r.args, &a) {
				out = append(out, c.stems(a.Query)...)
			}
		}
	}
	if len(out) == 0 {
		out = c.stems(c.user)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *conversation) stems(text string) []string {
	var out []string
	for _, t := range tokenise(text) {
		if len(t.norm) >= 2 && !c.lang.stop[t.norm] {
			out = append(out, stem(t.norm))
		}
	}
	return out
}

// stem cuts an ending: good enough to compare words of one language.
func stem(w string) string {
	switch {
	case len(w) > 8:
		return w[:6]
	case len(w) > 5:
		return w[:len(w)-2]
	case len(w) > 4:
		return w[:len(w)-1]
	}
	return w
}

// held says which words a passage holds, more for one in its title.
func held(words []string, p prompts.Passage) map[string]float64 {
	head, text := bag(p.Title+" "+p.Heading), bag(p.Text)
	out := map[string]float64{}
	for _, w := range words {
		switch {
		case within(w, head):
			out[w] = 1.25
		case within(w, text):
			out[w] = 1
		}
	}
	return out
}

func bag(text string) []string {
	var out []string
	for _, t := range tokenise(text) {
		out = append(out, t.norm)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// within reports whether a sorted bag has a word that begins with the stem; a
// longer stem may also stand inside a word, for languages that join words.
func within(stem string, bag []string) bool {
	i, _ := slices.BinarySearch(bag, stem)
	if i < len(bag) && strings.HasPrefix(bag[i], stem) && (len(stem) > 3 || len(bag[i]) <= len(stem)+2) {
		return true
	}
	return len(stem) >= 5 && slices.ContainsFunc(bag, func(w string) bool { return strings.Contains(w, stem) })
}

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
