package offline

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// Bounds of a quoted answer.
const (
	maxSteps     = 10
	maxAnswer    = 1100 // runes of text quoted from one passage
	maxSections  = 3    // of the best article
	strongEnough = 0.45 // share of the question's words that a passage must hold
	anyUse       = 0.2  // below: it is not about the question
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
	sections := c.sections(best, ranked)
	if len(sections) == 1 {
		params["Title"] = inline(title(best.Passage), 120)
	}
	lead := "lead"
	switch {
	case best.Lang != "" && best.Lang != c.lang.name && languageNamed(best.Lang) != nil:
		lead = "lead_other"
	case best.holds < strongEnough:
		lead = "lead_weak"
	}
	parts := []string{c.lang.say(lead, params)}
	for _, p := range sections {
		if len(sections) > 1 && p.Heading != "" && p.Heading != p.Title {
			parts = append(parts, "**"+inline(p.Heading, 100)+"**")
		}
		parts = append(parts, c.quote(p))
	}
	parts = append(parts, c.seeAlso(best, ranked), join(" ", c.lang.say("helped", nil), c.offer("or")))
	return join("\n\n", parts...)
}

// sections are the passages of the best article to quote, in the order in
// which they came: the best one, and with it those that hold steps when it
// has none or that hold the question as well as it does.
func (c *conversation) sections(best scored, ranked []scored) []prompts.Passage {
	chosen := []prompts.Passage{best.Passage}
	steps := hasSteps(best.Text)
	for _, p := range ranked[1:] {
		same := p.Title == best.Title && p.Lang == best.Lang
		if !same || len(chosen) == maxSections {
			continue
		}
		if !steps && hasSteps(p.Text) || p.holds >= strongEnough && p.holds >= 0.85*best.holds {
			chosen = append(chosen, p.Passage)
			steps = steps || hasSteps(p.Text)
		}
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
	df := map[string]float64{}
	for i, p := range ps {
		holds[i] = held(words, p)
		for w := range holds[i] {
			df[w]++
		}
	}
	var out []scored
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
			s.holds += weight * holds[i][w]
		}
		if total > 0 {
			s.holds /= total
		}
		s.holds = max(s.holds, min(p.Score, 1))
		if p.Lang != "" && p.Lang != c.lang.name && i == 0 {
			s.holds = max(s.holds, anyUse) // words of two languages cannot be compared; the search's first is shown as weak
		}
		s.rank = s.holds + 0.3/float64(i+1)
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
