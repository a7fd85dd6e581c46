package offline

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// Everything about a language is in its folder: words.txt (what people say,
// by concept), sample.txt (ordinary prose, to tell the languages apart) and
// texts.json (what we say). No code names a language.
//
//go:embed lang
var folders embed.FS

type language struct {
	name  string
	rules []phrase          // all phrases of words.txt
	index map[string][]int  // rules by the first letter of their first token
	known map[string]bool   // every whole token of words.txt: never taken for a typing mistake
	stop  map[string]bool   // the tokens of the concept "stop"
	place map[string]bool   // the stems of the concept "device"
	grams map[string]weight // trigrams of sample.txt
	texts map[string]*template.Template
}

type weight = float64

// phrase is one entry of words.txt: tokens in a row. A token may end in *
// (any ending); ~ stands for up to three tokens.
type phrase struct {
	concept string
	tokens  []string
}

var languages = sync.OnceValue(func() []*language {
	ls, err := loadLanguages(folders)
	if err != nil {
		panic(err) // embedded and tested
	}
	return ls
})

func loadLanguages(fsys fs.FS) ([]*language, error) {
	dirs, err := fs.ReadDir(fsys, "lang")
	if err != nil {
		return nil, err
	}
	var out []*language
	for _, d := range dirs {
		l, err := loadLanguage(fsys, d.Name())
		if err != nil {
			return nil, fmt.Errorf("language %s: %w", d.Name(), err)
		}
		out = append(out, l)
	}
	weighGrams(out)
	return out, nil
}

func loadLanguage(fsys fs.FS, name string) (*language, error) {
	l := &language{name: name, index: map[string][]int{}, known: map[string]bool{}, stop: map[string]bool{}, place: map[string]bool{}, texts: map[string]*template.Template{}}
	words, err := fs.ReadFile(fsys, "lang/"+name+"/words.txt")
	if err != nil {
		return nil, err
	}
	if err := l.readWords(string(words)); err != nil {
		return nil, err
	}
	sample, err := fs.ReadFile(fsys, "lang/"+name+"/sample.txt")
	if err != nil {
		return nil, err
	}
	l.grams = trigrams(string(sample))
	raw, err := fs.ReadFile(fsys, "lang/"+name+"/texts.json")
	if err != nil {
		return nil, err
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, err
	}
	for k, v := range texts {
		t, err := template.New(k).Option("missingkey=zero").Parse(v)
		if err != nil {
			return nil, fmt.Errorf("text %s: %w", k, err)
		}
		l.texts[k] = t
	}
	return l, nil
}

// readWords reads sections [concept] of phrases separated by commas or line
// ends; # begins a comment.
func (l *language) readWords(text string) error {
	concept := ""
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			concept = strings.Trim(line, "[]")
			if !slices.Contains(concepts, concept) {
				return fmt.Errorf("line %d: unknown concept %q", n+1, concept)
			}
			continue
		}
		for entry := range strings.SplitSeq(line, ",") {
			if entry = strings.TrimSpace(entry); entry == "" {
				continue
			}
			if concept == "" {
				return fmt.Errorf("line %d: words before a concept", n+1)
			}
			l.add(concept, entry)
		}
	}
	return nil
}

// add takes one phrase, and a second time in the spelling without umlauts
// (ae for ä), which people type on foreign keyboards.
func (l *language) add(concept, entry string) {
	forms := []string{entry}
	if alt := umlauts.Replace(entry); alt != entry {
		forms = append(forms, alt)
	}
	for _, form := range forms {
		p := phrase{concept: concept}
		for field := range strings.FieldsSeq(form) {
			if field == "~" {
				p.tokens = append(p.tokens, field)
				continue
			}
			stem := strings.HasSuffix(field, "*")
			parts := tokenise(strings.TrimSuffix(field, "*"))
			for i, t := range parts {
				w := t.norm
				if stem && i == len(parts)-1 {
					w += "*"
				} else {
					l.known[w] = true
				}
				p.tokens = append(p.tokens, w)
			}
		}
		if len(p.tokens) == 0 || p.tokens[0] == "~" || p.tokens[len(p.tokens)-1] == "~" {
			continue
		}
		if concept == "stop" && len(p.tokens) == 1 {
			l.stop[p.tokens[0]] = true
		}
		if concept == "device" {
			l.place[stem(p.tokens[0])] = true
		}
		first := p.tokens[0][:1]
		l.index[first] = append(l.index[first], len(l.rules))
		l.rules = append(l.rules, p)
	}
}

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

func languageNamed(name string) *language {
	for _, l := range languages() {
		if l.name == name {
			return l
		}
	}
	return nil
}

// say renders one of the language's texts. A missing text comes from English;
// tests hold that none is missing.
func (l *language) say(key string, params map[string]any) string {
	for _, from := range []*language{l, languageNamed("en")} {
		if from == nil || from.texts[key] == nil {
			continue
		}
		var b strings.Builder
		if err := from.texts[key].Execute(&b, params); err == nil {
			return b.String()
		}
	}
	return ""
}
