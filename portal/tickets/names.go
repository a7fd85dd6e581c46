package tickets

import (
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// Names are what something is called, by language.
type Names map[desk.Language]string

// in is the name for a reader: in their language, else in the first that has
// one.
func (n Names) in(lang desk.Language) string {
	for _, l := range append([]desk.Language{lang}, desk.Languages()...) {
		if n[l] != "" {
			return n[l]
		}
	}
	return ""
}

// MaxName is how long a name that an admin gives may be.
const MaxName = 60

// check tidies the names and refuses what cannot be one. Without any it is
// CodeEmptyText, unless none is allowed.
func (n Names) check(noneIsFine bool) (Names, error) {
	out := Names{}
	for lang, name := range n {
		if !lang.Valid() {
			return nil, desk.Errorf(desk.CodeInvalid, "there is no language %q", lang).On("names")
		}
		if strings.TrimSpace(name) == "" {
			continue
		}
		if err := desk.CheckText(name, MaxName); err != nil {
			return nil, desk.OnField("names", err)
		}
		out[lang] = desk.FirstLine(name, MaxName)
	}
	if len(out) == 0 && !noneIsFine {
		return nil, desk.Errorf(desk.CodeEmptyText, "give it a name").On("names")
	}
	return out, nil
}
