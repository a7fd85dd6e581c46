package files

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a name, in characters.
const maxName = 120

// nameless is what a file is called whose name has nothing left.
const nameless = "file"

// CleanName makes a name harmless to show, to save under and to tell a model
// (SECURITY B3): the last element of a path, without control, bidirectional,
// zero-width and tag characters, without what file systems take for something
// else, not hidden, and short. The ending is kept.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector) || r == utf8.RuneError:
			return -1
		case strings.ContainsRune(`:*?"<>|`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Trim(name, ". ")
	if name == "" {
		return nameless
	}
	if runes := []rune(name); len(runes) > maxName {
		end := []rune(path.Ext(name))
		if len(end) > 12 {
			end = nil
		}
		name = strings.TrimRight(string(runes[:maxName-len(end)]), ". ") + string(end)
	}
	return name
}

// endingFor gives a name the ending of what the bytes are.
func endingFor(name, kind string) string {
	want := map[string][]string{typePNG: {".png"}, typeJPEG: {".jpg", ".jpeg"}}[kind]
	ending := strings.ToLower(path.Ext(name))
	if len(want) == 0 || slices.Contains(want, ending) {
		return name
	}
	switch ending {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".apng", ".jfif":
		name = name[:len(name)-len(ending)]
	}
	return CleanName(name + want[0])
}
