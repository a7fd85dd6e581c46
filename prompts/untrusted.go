package prompts

import (
	"regexp"
	"strings"
	"unicode"
)

// The markers around everything that people, devices or documents wrote.
const (
	openTag  = "<untrusted label=\""
	closeTag = "</untrusted>"
)

// Untrusted wraps text that somebody else wrote in markers, so that the model
// can tell it from instructions, and takes from the text whatever could end
// or imitate a marker or hide from a human reader (see Neutral). The label
// says where the text comes from.
func Untrusted(label, text string) string {
	return openTag + cleanLabel(label) + "\">\n" + Neutral(text) + "\n" + closeTag
}

// Unwrap finds the first block in untrusted markers again: its label and its
// text, and whether there is one.
func Unwrap(s string) (label, text string, ok bool) {
	_, rest, found := strings.Cut(s, openTag)
	if !found {
		return "", "", false
	}
	label, rest, found = strings.Cut(rest, "\">")
	if !found {
		return "", "", false
	}
	text, _, found = strings.Cut(rest, closeTag)
	if !found {
		return "", "", false
	}
	return label, strings.TrimSpace(text), true
}

func cleanLabel(label string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(label) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			b.WriteRune(r)
		}
		if b.Len() >= 40 {
			break
		}
	}
	if b.Len() == 0 {
		return "data"
	}
	return b.String()
}

// marker finds what a model might read as structure: our own markers, tags
// named like roles or tool traffic, and the special tokens of chat formats.
// Full-width and small forms of the angle bracket count too. Placeholders of
// honest documentation, such as <user>, are left alone.
var marker = regexp.MustCompile(`(?i)[<＜﹤]+(\s*/?\s*(?:untrusted|\||im_|s\s*>|` +
	`(?:system|assistant|developer|human|instructions?|information|important|tools?|tool_\w+|function_\w+)\b))` +
	`|[<＜﹤]{2,}(\s*/?\s*sys)`)

// token finds the bracketed forms.
var token = regexp.MustCompile(`(?i)\[(\s*/?\s*INST\s*)\]`)

// Neutral returns text that cannot be taken for a marker and hides nothing:
// no control, bidirectional, zero-width, tag or variation characters except
// those that honest text needs, and no look-alike of our markers. It is
// idempotent and leaves ordinary text in any script alone.
func Neutral(text string) string {
	text = visible(strings.ToValidUTF8(text, "\uFFFD"))
	text = marker.ReplaceAllString(text, "‹$1$2")
	return token.ReplaceAllString(text, "($1)")
}

func visible(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	joiner := false // the last kept rune was a joiner or selector: a run of them carries hidden bits
	for _, r := range text {
		switch {
		case r == '\r':
			continue
		case r == '\n', r == '\t':
			joiner = false
		case r == 0x200C, r == 0x200D, r == 0xFE0E, r == 0xFE0F:
			if joiner {
				continue
			}
			joiner = true
		case hidden(r):
			continue
		default:
			joiner = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden reports characters that a reader cannot see or that turn the text
// around: C0 and C1 controls, soft hyphen, Arabic letter mark, Mongolian vowel
// separator, zero-width and bidirectional formats, variation selectors,
// interlinear annotations, the tag block and its supplement, noncharacters.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r),
		r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0,
		r >= 0x17B4 && r <= 0x17B5,
		r >= 0x180B && r <= 0x180F,
		r >= 0x200B && r <= 0x200F,
		r >= 0x2028 && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F,
		r >= 0xFE00 && r <= 0xFE0D,
		r == 0xFEFF,
		r >= 0xFFF0 && r <= 0xFFFB,
		r >= 0xE0000 && r <= 0xE0FFF,
		r&0xFFFE == 0xFFFE:
		return true
	}
	return false
}
