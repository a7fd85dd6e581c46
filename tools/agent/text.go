package agent

import (
	"strings"
	"unicode"
)

// display makes a program's words harmless to show: whole UTF-8, no control,
// direction or invisible characters but line ends, at most max bytes.
func display(s string, maxBytes int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar, unicode.Is(unicode.C, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	if len(s) > maxBytes {
		s = strings.ToValidUTF8(s[:maxBytes], "") // not in the middle of a character
	}
	return s
}

// hide takes secrets out of a text.
func hide(s string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	return s
}
