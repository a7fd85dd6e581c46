package words

import (
	_ "embed"
	"math"
	"slices"
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

// phrase is one way to say a concept: the roots of its words in order, and
// how many other words may stand between two of them: «switch my laptop off».
type phrase struct {
	roots   []string
	between int
	concept *Concept
}

const (
	betweenWords = 2
	betweenParts = 6 // of a verb that is said in two parts
)

type glossary struct {
	byFirst map[desk.Language]map[string][]phrase // by the first root
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
		roots := make([]string, len(words))
		for i, w := range words {
			roots[i] = rootOf(lang, w)
		}
		between := betweenWords
		if lang == "en" && len(words) == 2 && slices.Contains(particles, words[1]) {
			between = betweenParts
		}
		g.byFirst[lang][roots[0]] = append(g.byFirst[lang][roots[0]], phrase{roots: roots, between: between, concept: c})
		if len(words) > 1 {
			continue
		}
		g.known[lang][words[0]], g.known[lang][Stem(lang, words[0])] = true, true
		if verb, particle := apart(words[0]); lang == "de" && verb != "" {
			first := rootOf(lang, verb)
			g.byFirst[lang][first] = append(g.byFirst[lang][first], phrase{roots: []string{first, particle}, between: betweenParts, concept: c})
		}
	}
}

// Meaning is a concept that a text mentions: in a phrase of how many words,
// and how many other meanings the same words may have.
type Meaning struct {
	*Concept
	Words  int
	Senses int
}

// phraseWeight is what a concept counts that several words name together.
const phraseWeight = 1.5

// Counts is how sure the meaning is: surer for a phrase, less sure for a word
// that has several.
func (m Meaning) Counts() float64 {
	if m.Words > 1 {
		return phraseWeight * m.Weight
	}
	return m.Weight / math.Sqrt(float64(m.Senses))
}

// Meanings returns what the words of a text in lang mean, once for each time
// it is said.
func Meanings(lang desk.Language, words []string) []Meaning {
	ways := load().byFirst[lang]
	roots := make([][]string, len(words))
	for i, w := range words {
		roots[i] = Roots(lang, w)
	}
	var found []Meaning
	for i := range roots {
		begin := len(found)
		for _, root := range roots[i] {
			found = matches(found, begin, ways[root], roots[i+1:])
		}
		share(found[begin:])
		if len(found) > begin {
			continue
		}
		for _, part := range Parts(lang, words[i]) {
			begin := len(found)
			found = matches(found, begin, ways[fold(part)], nil)
			share(found[begin:])
		}
	}
	return found
}

// share tells the meanings of one word how many they are.
func share(meanings []Meaning) {
	single := 0
	for _, m := range meanings {
		if m.Words == 1 {
			single++
		}
	}
	for i := range meanings {
		if meanings[i].Words == 1 {
			meanings[i].Senses = single
		}
	}
}

// matches adds the concepts whose phrase begins with a word and goes on in
// the rest, each once since begin.
func matches(found []Meaning, begin int, ways []phrase, rest [][]string) []Meaning {
	for _, p := range ways {
		if !p.goesOn(rest) {
			continue
		}
		at := slices.IndexFunc(found[begin:], func(m Meaning) bool { return m.Concept == p.concept })
		if at < 0 {
			found = append(found, Meaning{Concept: p.concept, Words: len(p.roots), Senses: 1})
		} else {
			found[begin+at].Words = max(found[begin+at].Words, len(p.roots))
		}
	}
	return found
}

// goesOn reports whether all roots but the first stand in the rest in order,
// close enough to each other.
func (p phrase) goesOn(rest [][]string) bool {
	at := 0
	for _, root := range p.roots[1:] {
		next := -1
		for i := at; i < len(rest) && i <= at+p.between; i++ {
			if slices.Contains(rest[i], root) {
				next = i
				break
			}
		}
		if next < 0 {
			return false
		}
		at = next + 1
	}
	return true
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
