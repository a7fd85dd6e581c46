package desk

import (
	"strings"
	"unicode"
)

// CodeMask stands where a person wrote what may be a one-time code.
const CodeMask = "••••••"

// codeLength is how many digits a one-time code has.
const codeLength = 6

// group is a row of digits; end and start are bytes of the text.
type group struct {
	start, end, digits int
	joined             bool // only blanks, dashes and the like stand between it and the group before
}

// MaskCodes replaces everything in a text that may be a one-time code: six
// digits of any script in a row, or in whole groups with blanks, dashes or dots
// between them. It rather masks a date too many than leaves a code. The second
// result says whether there was any.
func MaskCodes(text string) (string, bool) {
	groups := digitGroups(text)
	var out strings.Builder
	done := 0
	for i := 0; i < len(groups); i++ {
		last, sum := i, groups[i].digits
		for sum < codeLength && last+1 < len(groups) && groups[last+1].joined {
			last++
			sum += groups[last].digits
		}
		if sum != codeLength {
			continue
		}
		out.WriteString(text[done:groups[i].start] + CodeMask)
		done, i = groups[last].end, last
	}
	return out.String() + text[done:], done > 0
}

func digitGroups(text string) []group {
	var groups []group
	inside, joined := false, false
	for i, r := range text {
		size := len(string(r))
		switch {
		case codeDigit(r):
			if !inside {
				groups = append(groups, group{start: i, joined: joined && len(groups) > 0})
			}
			g := &groups[len(groups)-1]
			g.end, inside, joined = i+size, true, true
			g.digits++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || unicode.Is(unicode.Variation_Selector, r):
			// Part of a keycap, or hidden between two digits: nothing a reader sees.
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Pc), strings.ContainsRune(".,·•/\\|*'’`\"~+", r), r == 0x2212:
			inside = false
		default:
			inside, joined = false, false
		}
	}
	return groups
}

// codeDigit reports digits of any script, and those in circles, brackets and
// small type.
func codeDigit(r rune) bool {
	return unicode.IsDigit(r) || unicode.Is(unicode.No, r) &&
		(r == 0xB2 || r == 0xB3 || r == 0xB9 || r >= 0x2070 && r <= 0x2089 ||
			r >= 0x2460 && r <= 0x2468 || r >= 0x2474 && r <= 0x247C || r >= 0x2488 && r <= 0x2490 || r == 0x24EA ||
			r >= 0x24F5 && r <= 0x24FD || r == 0x24FF || r >= 0x2776 && r <= 0x277E || r >= 0x2780 && r <= 0x2788 || r >= 0x278A && r <= 0x2792)
}
