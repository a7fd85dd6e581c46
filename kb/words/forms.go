package words

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/conserje/conserje/portal/desk"
)

//go:embed forms.txt
var formsText string

// irregular maps a form to its base, as «frozen» to «freeze».
var irregular = sync.OnceValue(func() map[desk.Language]map[string]string {
	bases := map[desk.Language]map[string]string{}
	for line := range strings.Lines(formsText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lang, rest, _ := strings.Cut(line, ": ")
		base, forms, _ := strings.Cut(rest, ":")
		if bases[desk.Language(lang)] == nil {
			bases[desk.Language(lang)] = map[string]string{}
		}
		for f := range strings.FieldsSeq(forms) {
			bases[desk.Language(lang)][f] = base
			if plain := fold(f); bases[desk.Language(lang)][plain] == "" {
				bases[desk.Language(lang)][plain] = base
			}
		}
	}
	return bases
})

// fold takes accents away: people type «telefono» and «loeschen».
var fold = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ä", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "ì", "i",
	"î", "i", "ï", "i", "ó", "o", "ò", "o", "ô", "o", "ö", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ñ", "n", "ç", "c", "ß", "ss", "œ", "oe").Replace

// rootOf is what a word of a phrase is compared by.
func rootOf(lang desk.Language, word string) string { return fold(Stem(lang, word)) }

// Roots returns what a word may be a form of, the likeliest first: its own
// stem, the stem of the base of an irregular form, a German participle's
// infinitive.
func Roots(lang desk.Language, word string) []string {
	roots := []string{rootOf(lang, word)}
	add := func(w string) {
		if r := rootOf(lang, w); r != roots[0] {
			roots = append(roots, r)
		}
	}
	if base := irregular()[lang][word]; base != "" {
		add(base)
	} else if lang == "de" {
		if infinitive := infinitiveOf(word); infinitive != "" {
			add(infinitive)
		}
	}
	return roots
}

// separable are what a German verb leaves at the end of the sentence.
var separable = []string{
	"herunter", "heraus", "herein", "zurück", "weiter", "wieder", "runter", "zusammen", "nach", "hoch", "raus", "rein", "frei", "fest",
	"durch", "weg", "her", "hin", "vor", "mit", "los", "aus", "ein", "auf", "ab", "an", "zu", "um",
}

// infinitiveOf makes «ausgeschaltet» or «gespeichert» its infinitive, and
// «auszuschalten» too.
func infinitiveOf(word string) string {
	prefix := ""
	for _, p := range separable {
		if rest, ok := strings.CutPrefix(word, p); ok && (strings.HasPrefix(rest, "ge") || strings.HasPrefix(rest, "zu")) {
			prefix, word = p, rest
			break
		}
	}
	if rest, ok := strings.CutPrefix(word, "zu"); ok && prefix != "" && strings.HasSuffix(rest, "en") {
		return prefix + rest
	}
	rest, ok := strings.CutPrefix(word, "ge")
	if !ok || len(rest) < 4 {
		return ""
	}
	for _, end := range []string{"et", "t"} {
		if stem, ok := strings.CutSuffix(rest, end); ok {
			if strings.HasSuffix(stem, "er") || strings.HasSuffix(stem, "el") {
				return prefix + stem + "n"
			}
			return prefix + stem + "en"
		}
	}
	if base := irregular()["de"]["ge"+rest]; base != "" && prefix != "" {
		return prefix + base
	}
	return ""
}

// particles end an English verb of two words: «turn the old computer off».
var particles = []string{"off", "on", "up", "down", "out", "in", "back", "away"}

// apart splits «ausschalten» into what stands first in a sentence and what
// stands last: «schalten … aus».
func apart(word string) (verb, particle string) {
	if !strings.HasSuffix(word, "n") {
		return "", ""
	}
	for _, p := range separable {
		if rest, ok := strings.CutPrefix(word, p); ok && len(rest) >= 5 {
			return rest, p
		}
	}
	return "", ""
}
