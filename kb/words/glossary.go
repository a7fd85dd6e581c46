package words

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/conserje/conserje/portal/desk"
)

//go:embed glossary.txt
var glossaryText string

// Concept is one line of the glossary, named by its first English word.
type Concept struct {
	Name   string
	Weight float64 // 1, or less for what nearly every text of a help desk mentions
}

const vagueWeight = 0.5

// phrase is one way to say a concept: the stems of its words in order.
type phrase struct {
	stems   []string
	concept *Concept
}

type glossary struct {
	byFirst map[desk.Language]map[string][]phrase // by the first stem
	known   map[desk.Language]map[string]bool     // single words and their stems, for compounds
}

var load = sync.OnceValue(func() glossary {
	g := glossary{byFirst: map[desk.Language]map[string][]phrase{}, known: map[desk.Language]map[string]bool{}}
	for _, l := range desk.Languages() {
		g.byFirst[l], g.known[l] = map[string][]phrase{}, map[string]bool{}
	}
	seen := map[string]int{}
	for line := range strings.Lines(glossaryText) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		c := &Concept{Weight: 1}
		if rest, vague := strings.CutPrefix(line, "~"); vague {
			c.Weight, line = vagueWeight, rest
		}
		columns := strings.Split(line, "|")
		c.Name = strings.Join(Split(strings.Split(columns[0], ",")[0]), "-")
		if seen[c.Name]++; seen[c.Name] > 1 { // two lines may begin with the same word: another sense
			c.Name += strings.Repeat("'", seen[c.Name]-1)
		}
		for i, column := range columns {
			g.add(columnLanguages[i], column, c)
		}
	}
	return g
})

// columnLanguages is the order of the glossary's columns.
var columnLanguages = []desk.Language{"en", "es", "de", "fr", "it"}

func (g glossary) add(lang desk.Language, column string, c *Concept) {
	for way := range strings.SplitSeq(column, ",") {
		words := Split(way)
		if len(words) == 0 {
			continue
		}
		stems := make([]string, len(words))
		for i, w := range words {
			stems[i] = Stem(lang, w)
		}
		if len(words) == 1 {
			g.known[lang][words[0]], g.known[lang][stems[0]] = true, true
		}
		g.byFirst[lang][stems[0]] = append(g.byFirst[lang][stems[0]], phrase{stems: stems, concept: c})
	}
}

// Concepts returns what the words of a text in lang mean, once for each time
// it is said.
func Concepts(lang desk.Language, words []string) []*Concept {
	g := load()
	stems := make([]string, len(words))
	for i, w := range words {
		stems[i] = Stem(lang, w)
	}
	var found []*Concept
	for i := range stems {
		ways := g.byFirst[lang][stems[i]]
		if len(ways) == 0 {
			for _, part := range Parts(lang, words[i]) {
				found = append(found, matches(g.byFirst[lang][part], []string{part})...)
			}
			continue
		}
		found = append(found, matches(ways, stems[i:])...)
	}
	return found
}

// matches returns the concepts whose phrase begins here, each once.
func matches(ways []phrase, stems []string) []*Concept {
	var found []*Concept
next:
	for _, p := range ways {
		if len(p.stems) > len(stems) {
			continue
		}
		for j, s := range p.stems {
			if s != stems[j] { //nolint:gosec // a phrase longer than the rest was passed over
				continue next
			}
		}
		for _, c := range found {
			if c == p.concept {
				continue next
			}
		}
		found = append(found, p.concept)
	}
	return found
}

const (
	shortestCompound = 8
	shortestPart     = 4
)

// Parts splits a German compound into the stems of two words that the
// glossary knows: Druckerpatrone is Drucker and Patrone. It returns nothing
// for other words and languages.
func Parts(lang desk.Language, word string) []string {
	if lang != "de" {
		return nil
	}
	known := load().known[lang]
	runes := []rune(word)
	if len(runes) < shortestCompound {
		return nil
	}
	for i := len(runes) - shortestPart; i >= shortestPart; i-- {
		head, tail := string(runes[:i]), string(runes[i:])
		if !known[tail] && !known[Stem(lang, tail)] {
			continue
		}
		for _, link := range []string{"", "s", "n", "en", "es"} {
			h, cut := strings.CutSuffix(head, link)
			if !cut || len([]rune(h)) < shortestPart {
				continue
			}
			if known[h] || known[Stem(lang, h)] {
				return []string{Stem(lang, h), Stem(lang, tail)}
			}
		}
	}
	return nil
}
