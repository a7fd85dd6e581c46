package offline

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/prompts"
)

// Bounds of a quoted answer.
const (
	maxSteps     = 10
	maxAnswer    = 1500 // runes quoted
	maxSections  = 3    // of the best article
	strongEnough = 0.5  // share of the question's words that a passage must hold
	anyUse       = 0.3  // below: it is not about the question
)

// scored is a passage and how much of the question it holds, 0 to about 1.
type scored struct {
	prompts.Passage
	holds float64
	rank  float64 // holds and the retrieval's order together
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
	params := map[string]any{"Title": inline(best.Title, 120), "Language": c.languageOf(best.Lang)}
	weak := best.holds < strongEnough
	parts := []prompts.Passage{best.Passage}
	if !weak {
		parts = sections(best, ps)
	}
	if len(parts) == 1 {
		params["Title"] = inline(title(best.Passage), 120)
	}
	lead := "lead"
	switch {
	case best.Lang != "" && best.Lang != c.lang.name && languageNamed(best.Lang) != nil:
		lead = "lead_other"
	case weak:
		lead = "lead_weak"
	}
	out := []string{c.lang.say(lead, params)}
	for _, p := range parts {
		if len(parts) > 1 && p.Heading != "" && p.Heading != p.Title {
			out = append(out, "**"+inline(p.Heading, 100)+"**")
		}
		out = append(out, c.quote(p))
	}
	if weak {
		return join("\n\n", append(out, c.offer("offer"))...)
	}
	out = append(out, c.seeAlso(best, ranked), join(" ", c.lang.say("helped", nil), c.offer("or")))
	return join("\n\n", out...)
}

// sections are what to quote of the best article, in reading order: the best
// passage, and where steps are what helps, those that follow it; before it
// when it is the last word of the article.
func sections(best scored, ps []prompts.Passage) []prompts.Passage {
	var article []prompts.Passage
	for _, p := range ps {
		known := slices.ContainsFunc(article, func(k prompts.Passage) bool { return k.N == p.N })
		if p.Title == best.Title && p.Lang == best.Lang && p.N > 0 && !known {
			article = append(article, p)
		}
	}
	slices.SortStableFunc(article, func(a, b prompts.Passage) int { return cmp.Compare(a.N, b.N) })
	at := slices.IndexFunc(article, func(p prompts.Passage) bool { return p.N == best.N })
	chosen := []prompts.Passage{best.Passage}
	room := maxAnswer - utf8.RuneCountInString(best.Text)
	take := func(some []prompts.Passage) {
		for _, p := range some {
			n := utf8.RuneCountInString(p.Text)
			if len(chosen) < maxSections && n <= room && hasSteps(p.Text) {
				chosen = append(chosen, p)
				room -= n
			}
		}
	}
	take(article[at+1:])
	if len(chosen) == 1 {
		take(article[:at]) // "if it still does not work" is no answer without what stands before it
	}
	slices.SortStableFunc(chosen, func(a, b prompts.Passage) int { return cmp.Compare(a.N, b.N) })
	return chosen
}

// seeAlso names up to two other articles whose titles are about the question.
func (c *conversation) seeAlso(best scored, ranked []scored) string {
	var also, titles []string
	words := c.questionWords()
	for _, p := range ranked[1:] {
		titled := bag(p.Title)
		about := slices.ContainsFunc(words, func(w string) bool { return within(w, titled) })
		if !about || p.Title == best.Title || slices.Contains(titles, p.Title) || len(also) == 2 || p.holds < strongEnough {
			continue
		}
		titles = append(titles, p.Title)
		also = append(also, fmt.Sprintf("%s [%d]", fmt.Sprintf(c.lang.say("quote", nil), inline(p.Title, 100)), p.N))
	}
	if len(also) == 0 {
		return ""
	}
	return c.lang.say("see_also", map[string]any{"Titles": strings.Join(also, ", ")})
}

func title(p prompts.Passage) string {
	if p.Heading == "" || strings.EqualFold(p.Heading, p.Title) {
		return p.Title
	}
	return p.Title + " › " + p.Heading
}

func (c *conversation) languageOf(name string) string {
	if s := c.lang.say("name_"+name, nil); s != "" {
		return s
	}
	return inline(name, 12)
}

// rank orders the passages that are of use. How many of the question's words
// a passage holds counts, each word the more the fewer of the passages hold
// it, or how much of the question the search found it to cover, if it says
// so; and the order in which they came.
func (c *conversation) rank(ps []prompts.Passage) []scored {
	words := c.questionWords()
	holds := make([]map[string]float64, len(ps))
	df, score := map[string]float64{}, map[string]float64{}
	for i, p := range ps {
		score[p.Title] = max(score[p.Title], min(p.Score, 1))
		holds[i] = held(words, p)
		for w := range holds[i] {
			df[w]++
		}
	}
	var out []scored
	seen := map[int]bool{}
	var articles []string
	for i, p := range ps {
		if p.N <= 0 || strings.TrimSpace(p.Text) == "" || seen[p.N] {
			continue
		}
		seen[p.N] = true
		s := scored{Passage: p}
		total := 0.0
		for _, w := range words {
			weight := 1 + math.Log(1+float64(len(ps))/(1+df[w]))
			if c.lang.place[w] {
				weight *= 0.3
			}
			total += weight
			s.holds += weight * holds[i][w]
		}
		if total > 0 {
			s.holds /= total
		}
		covers := score[p.Title]
		switch foreign := p.Lang != "" && p.Lang != c.lang.name; {
		case foreign && i == 0: // words of two languages cannot be compared
			s.holds = max(s.holds, covers, anyUse)
		case foreign:
			s.holds = max(s.holds, covers)
		case covers > 0: // two witnesses: the words that stand there, and what the search makes of them
			s.holds = (2*s.holds + covers) / 3
		}
		if !slices.Contains(articles, p.Title) {
			articles = append(articles, p.Title)
		}
		s.rank = s.holds + 0.3/float64(slices.Index(articles, p.Title)+1)
		if p.Score > 0 {
			s.rank += 0.1 // the passage that the search itself chose
		}
		if s.holds >= anyUse || len(words) == 0 {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b scored) int { return cmp.Compare(b.rank, a.rank) })
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
	for _, w := range wordsOf(text) {
		if len(w) >= 2 && !c.lang.stop[w] {
			out = append(out, stem(w))
		}
	}
	return out
}

// wordsOf are the words of a text, and those joined by a hyphen as one, so
// that Wi-Fi is wifi.
func wordsOf(text string) []string {
	var out []string
	tokens := tokenise(text)
	for i, t := range tokens {
		out = append(out, t.norm)
		if i > 0 && text[tokens[i-1].end:t.start] == "-" {
			out = append(out, tokens[i-1].norm+t.norm)
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
			out[w] = 1.5
		case within(w, text):
			out[w] = 1
		}
	}
	return out
}

func bag(text string) []string {
	out := wordsOf(text)
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
