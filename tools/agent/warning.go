package agent

import (
	"embed"
	"encoding/json"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed words/*.json
var wordFiles embed.FS

// words are the agent's own in one language: a catalogue for each file in the
// folder. Nothing that comes over the link is ever among them.
type words map[string]string

const fallback = "en"

var catalogues = loadWords()

func loadWords() map[string]words {
	files, err := wordFiles.ReadDir("words")
	if err != nil {
		panic(err) // compiled in
	}
	all := map[string]words{}
	for _, f := range files {
		raw, err := wordFiles.ReadFile("words/" + f.Name())
		if err != nil {
			panic(err)
		}
		var w words
		if err := json.Unmarshal(raw, &w); err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(f.Name(), path.Ext(f.Name()))] = w
	}
	return all
}

// speak returns the words of the first language that there are words for:
// "de", or as systems write it, "de-AT" and "de_AT.UTF-8".
func speak(languages ...string) words {
	for _, l := range languages {
		l = strings.ToLower(strings.TrimSpace(l))
		if i := strings.IndexAny(l, "-_.@"); i >= 0 {
			l = l[:i]
		}
		if w, ok := catalogues[l]; ok {
			return w
		}
	}
	return catalogues[fallback]
}

// text is what a person reads before the device goes off.
func (w words) text(about Warning) string {
	return strings.ReplaceAll(w[about.Operation], "{time}", w.span(about.For))
}

// button says what the button for later does, where a window has our buttons.
func (w words) button(about Warning) string {
	return strings.NewReplacer("{later}", w["later"], "{time}", w.span(about.PostponedFor)).Replace(w["postpone"])
}

// question asks for yes or no, where a window has the system's own buttons.
func (w words) question(about Warning) string {
	return strings.ReplaceAll(w["ask."+about.Operation], "{time}", w.span(about.PostponedFor))
}

func (w words) span(d time.Duration) string {
	n, one, many := int(d/time.Second), "second", "seconds"
	if d >= 2*time.Minute || d == time.Minute {
		n, one, many = int(d/time.Minute), "minute", "minutes"
	}
	if n == 1 {
		return w[one]
	}
	return strings.ReplaceAll(w[many], "{n}", strconv.Itoa(n))
}
