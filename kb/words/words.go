// Package words is what the portal knows about words without any model: how
// to cut a text into words, which of the five languages it is in, stems,
// German compounds, and a glossary of IT support that gives words of all five
// languages one common concept. The search indexes concepts beside lexemes,
// and the built-in embedder builds its vectors from them.
//
// The glossary was written from general knowledge before any question of a
// test set was measured; it is never patched for one. The package is a leaf:
// it imports nothing of the house but desk.
package words

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/spanish"

	"github.com/conserje/conserje/portal/desk"
)

//go:embed function.txt
var functionWords string

var stemmers = map[desk.Language]func(*snowballstem.Env) bool{
	"en": english.Stem, "es": spanish.Stem, "de": german.Stem, "fr": french.Stem, "it": italian.Stem,
}

// Split cuts a text into lower-case words: runs of letters and digits.
func Split(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Stem returns the word's Snowball stem in lang; a word of a language without
// a stemmer is returned as it is.
func Stem(lang desk.Language, word string) string {
	stem, ok := stemmers[lang]
	if !ok {
		return word
	}
	env := snowballstem.NewEnv(word)
	stem(env)
	return env.Current()
}

var function = sync.OnceValue(func() map[desk.Language]map[string]bool {
	sets := map[desk.Language]map[string]bool{}
	for line := range strings.Lines(functionWords) {
		lang, list, _ := strings.Cut(line, ":")
		set := map[string]bool{}
		for _, w := range Split(list) {
			set[w] = true
		}
		sets[desk.Language(lang)] = set
	}
	return sets
})

// Function reports whether word only holds sentences together in lang: an
// article, a preposition, an auxiliary, the words of asking.
func Function(lang desk.Language, word string) bool { return function()[lang][word] }

// Detect tells the language of a text by its function words, and which share
// of its words they are. Without any it is English with a share of 0.
func Detect(words []string) (lang desk.Language, share float64) {
	lang = desk.Languages()[0]
	most := 0
	for _, l := range desk.Languages() {
		n := 0
		for _, w := range words {
			if function()[l][w] {
				n++
			}
		}
		if n > most {
			lang, most = l, n
		}
	}
	if most == 0 {
		return lang, 0
	}
	return lang, float64(most) / float64(len(words))
}
