package offline

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// concepts are what words.txt may speak of. Intents are decided on concepts,
// never on words, so that one set of rules serves every language.
var concepts = []string{
	"ticket", "tickets", "number", "create", "newticket", "report", "order", "show", "status", "mine", "reported", "state",
	"anything_open", "add", "tell", "also", "person", "person_please", "contact", "give", "machine", "howto", "question",
	"problem", "thing", "neg", "greeting", "thanks", "yes", "no", "fine", "still", "identity", "abilities", "filler", "want",
	"lead", "stop", "and", "forget", "exist", "is_closed", "is_resolved", "is_open", "fails", "device",
	"mydevice", "pwd", "act_restart", "act_lock", "act_shutdown", "act_logout", "act_reset", "act_install", "act_shelf", "act_devices",
	"act_state", "act_request", "act_itself", "act_newpw", "act_order",
}

// token is a word or number of a message. Bytes start to end of the message
// are its text.
type token struct {
	norm       string // lower case, without accents
	start, end int
	clause     int
	number     int64 // above 0 for a plain number of up to nine digits
	hash       bool  // written #12
}

// hit is a phrase found: tokens from to end, without end.
type hit struct {
	concept   string
	from, end int
	clause    int
	negated   bool
}

// maxTokens bounds the work on one message: 8,000 characters rarely have more.
const maxTokens = 2000

// tokenise cuts text into words and numbers, folds case and accents, and
// counts clauses by punctuation.
func tokenise(text string) []token {
	var out []token
	clause, start, hash := 0, -1, false
	flush := func(end int) {
		if start < 0 {
			return
		}
		t := token{norm: fold(text[start:end]), start: start, end: end, clause: clause, hash: hash}
		if len(t.norm) <= 9 {
			if n, err := strconv.ParseInt(t.norm, 10, 64); err == nil && n > 0 {
				t.number = n
			}
		}
		if t.norm != "" {
			out = append(out, t)
		}
		start, hash = -1, false
	}
	for i, r := range text {
		if len(out) >= maxTokens {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && unicode.Is(unicode.Mn, r) {
			if start < 0 {
				start = i
			}
			continue
		}
		flush(i)
		switch r {
		case '#':
			hash = true
		case '.', '!', '?', ';', ':', ',', '\n', '(', ')', '–', '—', '…', '¿', '¡':
			clause++
			hash = false
		case '-':
			if i > 0 && text[i-1] == ' ' {
				clause++
			}
			hash = false
		default:
			hash = hash && r == ' '
		}
	}
	flush(len(text))
	return out
}

var special = strings.NewReplacer("ß", "ss", "œ", "oe", "æ", "ae", "ø", "o", "ł", "l", "đ", "d")

func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		if !unicode.Is(unicode.Mn, r) && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			b.WriteRune(r)
		}
	}
	return special.Replace(b.String())
}

// match finds every phrase of the language in the tokens. A hit that lies
// inside a longer one is dropped, except that a ticket stays a ticket, and
// mine mine.
func (l *language) match(tokens []token) []hit {
	var hits []hit
	for i := range tokens {
		key := tokens[i].norm
		for _, r := range l.index[key[:1]] {
			p := l.rules[r]
			if end := matchAt(p.tokens, tokens, i); end > 0 {
				hits = append(hits, hit{concept: p.concept, from: i, end: end, clause: tokens[i].clause})
			}
		}
		if c := l.mistyped(key); c != "" {
			hits = append(hits, hit{concept: c, from: i, end: i + 1, clause: tokens[i].clause})
		}
	}
	return negate(outermost(hits))
}

// matchAt returns where the phrase that begins at token i ends, or 0.
func matchAt(p []string, tokens []token, i int) int {
	for k := range p {
		if p[k] == "~" {
			for gap := 0; gap <= 3 && i+gap < len(tokens); gap++ {
				if end := matchAt(p[k+1:], tokens, i+gap); end > 0 {
					return end
				}
			}
			return 0
		}
		if i >= len(tokens) || !same(p[k], tokens[i].norm) {
			return 0
		}
		i++
	}
	return i
}

func same(pattern, word string) bool {
	if stem, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(word, stem)
	}
	return pattern == word
}

var lasting = map[string]bool{"ticket": true, "tickets": true, "mine": true}

func outermost(hits []hit) []hit {
	var out []hit
	for _, h := range hits {
		inside := false
		for _, o := range hits {
			longer := o.end-o.from > h.end-h.from
			if longer && o.from <= h.from && h.end <= o.end && !lasting[h.concept] && o.concept != "stop" {
				inside = true
				break
			}
		}
		if !inside {
			out = append(out, h)
		}
	}
	return out
}

// negate marks what is taken back: by a negation before it, in the same
// clause and at most three words away; a success also by one right after it;
// the wish to open something by not being able to.
func negate(hits []hit) []hit {
	for i := range hits {
		h := &hits[i]
		for _, n := range hits {
			before, after := h.from-n.end, n.from-h.end
			switch {
			case n.clause != h.clause:
			case n.concept == "neg" && before >= 0 && before <= 3,
				n.concept == "neg" && h.concept == "fine" && after >= 0 && after <= 1,
				n.concept == "problem" && h.concept == "create" && before >= 0 && before <= 1:
				h.negated = true
			}
		}
	}
	return hits
}

// fuzzy are the concepts whose single words are recognised with one typing
// mistake: the nouns on which everything turns.
var fuzzy = map[string]bool{"ticket": true, "tickets": true, "person": true, "thanks": true}

// mistyped returns the concept of the word that key is one mistake away from.
func (l *language) mistyped(key string) string {
	if len(key) < 5 || l.known[key] {
		return ""
	}
	for _, r := range l.index[key[:1]] {
		p := l.rules[r]
		if w := p.tokens[0]; fuzzy[p.concept] && len(p.tokens) == 1 && len(w) >= 5 && !strings.HasSuffix(w, "*") && oneMistake(w, key) {
			return p.concept
		}
	}
	return ""
}

// oneMistake reports whether a and b differ by one letter missing, added,
// wrong, or exchanged with its neighbour.
func oneMistake(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return false
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
