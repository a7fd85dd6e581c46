package prompts

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// Languages lists the folders of texts, English first. A further language is
// one more folder under lang.
func Languages() []string { return slices.Clone(catalogues().languages) }

// Text renders a canned text in a language: what the portal says when no
// model can. An unknown language or a missing key falls back to English; a
// key that English lacks is our mistake and comes back as the key itself.
func Text(language, key string, params map[string]any) string {
	c := catalogues()
	for _, l := range []string{language, c.languages[0]} {
		if t := c.texts[l][key]; t != nil {
			var b strings.Builder
			if err := t.Execute(&b, params); err == nil {
				return b.String()
			}
		}
	}
	return key
}

// Keys lists the keys of the English texts, sorted.
func Keys() []string {
	var keys []string
	for k := range catalogues().texts["en"] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

type catalogue struct {
	languages []string
	texts     map[string]map[string]*template.Template
}

var catalogues = sync.OnceValue(func() catalogue {
	c, err := load(files)
	if err != nil {
		panic(err) // embedded and tested
	}
	return c
})

func load(fsys fs.FS) (catalogue, error) {
	dirs, err := fs.ReadDir(fsys, "lang")
	if err != nil {
		return catalogue{}, err
	}
	c := catalogue{languages: []string{"en"}, texts: map[string]map[string]*template.Template{}}
	for _, d := range dirs {
		raw, err := fs.ReadFile(fsys, "lang/"+d.Name()+"/texts.json")
		if err != nil {
			return catalogue{}, err
		}
		var m map[string]string
		if err := json.Unmarshal(raw, &m); err != nil {
			return catalogue{}, fmt.Errorf("texts of %s: %w", d.Name(), err)
		}
		c.texts[d.Name()] = map[string]*template.Template{}
		for k, v := range m {
			t, err := template.New(k).Option("missingkey=error").Parse(v)
			if err != nil {
				return catalogue{}, fmt.Errorf("text %s of %s: %w", k, d.Name(), err)
			}
			c.texts[d.Name()][k] = t
		}
		if d.Name() != "en" {
			c.languages = append(c.languages, d.Name())
		}
	}
	return c, nil
}
