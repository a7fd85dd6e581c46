package offline

import (
	"math"
	"slices"
	"strings"
)

// trigrams counts the three-letter sequences of a text's words.
func trigrams(text string) map[string]weight {
	g := map[string]weight{}
	for _, t := range tokenise(text) {
		r := []rune(" " + strings.ToLower(text[t.start:t.end]) + " ")
		for i := 0; i+3 <= len(r); i++ {
			g[string(r[i:i+3])]++
		}
	}
	return g
}

// weighGrams turns the counts of every language into weights: the logarithm
// of how much more usual a sequence is there than in the others.
func weighGrams(ls []*language) {
	totals := make([]float64, len(ls))
	all := map[string]bool{}
	for i, l := range ls {
		for g, n := range l.grams {
			totals[i] += n
			all[g] = true
		}
	}
	for g := range all {
		sum := 0.0
		for i, l := range ls {
			sum += (l.grams[g] + 0.5) / (totals[i] + 1)
		}
		for i, l := range ls {
			l.grams[g] = math.Log((l.grams[g] + 0.5) / (totals[i] + 1) / (sum / float64(len(ls))))
		}
	}
}

// Language tells in which language a text is written: the name of a folder of
// languages, or fallback when it cannot be told.
func Language(text, fallback string) string {
	l := detect(text, languageNamed(fallback))
	if l == nil {
		return fallback
	}
	return l.name
}

// detect tells the language of a text, if it can: by stop words, by the words
// we know, and by letter sequences. Without a clear lead it returns fallback.
func detect(text string, fallback *language) *language {
	tokens := tokenise(text)
	grams := trigramsOf(text, tokens)
	var best *language
	top, second := math.Inf(-1), math.Inf(-1)
	for _, l := range languages() {
		s := l.likeness(tokens, grams)
		if l == fallback {
			s += 0.8 // a short word that exists in several languages is the reader's
		}
		switch {
		case s > top:
			best, top, second = l, s, top
		case s > second:
			second = s
		}
	}
	if best == nil || top < 0.8 || top-second < 0.6 {
		return fallback
	}
	return best
}

func trigramsOf(text string, tokens []token) []string {
	var out []string
	for _, t := range tokens {
		if t.number > 0 {
			continue
		}
		r := []rune(" " + strings.ToLower(text[t.start:t.end]) + " ")
		for i := 0; i+3 <= len(r); i++ {
			out = append(out, string(r[i:i+3]))
		}
	}
	return out
}

func (l *language) likeness(tokens []token, grams []string) float64 {
	s := 0.0
	for _, t := range tokens {
		switch {
		case l.stop[t.norm]:
			s += 1 / share(t.norm)
		case l.known[t.norm]:
			s += 0.8 / share(t.norm)
		}
	}
	for _, g := range grams {
		s += 0.12 * l.grams[g]
	}
	return s
}

// share counts the languages that know a word, so that a word of all of them
// says little.
func share(word string) float64 {
	n := 0.0
	for _, l := range languages() {
		if l.stop[word] || l.known[word] {
			n++
		}
	}
	return n * n
}

// longestCourtesy is how many words "hello" or "thank you very much" have.
const longestCourtesy = 5

// courteous tells the language of a message that is nothing but a greeting or
// thanks: a word that short tells too little otherwise, and «danke» is German
// under any interface. What is a courtesy in the likely language stays there.
func courteous(text string, likely *language) *language {
	tokens := tokenise(text)
	if len(tokens) == 0 || len(tokens) > longestCourtesy || likely.onlyCourtesy(tokens) {
		return likely
	}
	best, top := likely, math.Inf(-1)
	for _, l := range languages() {
		if s := l.likeness(tokens, trigramsOf(text, tokens)); s > top && l.onlyCourtesy(tokens) {
			best, top = l, s
		}
	}
	return best
}

func (l *language) onlyCourtesy(tokens []token) bool {
	said := make([]bool, len(tokens))
	for _, h := range l.match(tokens) {
		if h.concept == "greeting" || h.concept == "thanks" {
			for i := h.from; i < h.end; i++ {
				said[i] = true
			}
		}
	}
	return !slices.Contains(said, false)
}
