package offline

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clause is a stretch of tokens between punctuation.
type clause struct{ from, end int }

func (r *reading) clauses() []clause {
	var out []clause
	for i, t := range r.tokens {
		if i == 0 || t.clause != r.tokens[i-1].clause {
			out = append(out, clause{i, i})
		}
		out[len(out)-1].end = i + 1
	}
	return out
}

// says reports whether a clause holds a concept, and whether it is taken back.
func (r *reading) says(k clause, cs ...string) (said, denied bool) {
	for _, h := range r.hits {
		if h.from >= k.from && h.from < k.end && slices.Contains(cs, h.concept) {
			if h.negated {
				denied = true
			} else {
				said = true
			}
		}
	}
	return said, denied
}

func (r *reading) contentIn(k clause) int {
	n := 0
	for _, i := range r.content {
		if i >= k.from && i < k.end {
			n++
		}
	}
	return n
}

// matter is the message without the clauses that only greet, thank, or refuse
// a ticket or a person.
func (r *reading) matter() string {
	var keep []string
	for _, k := range r.clauses() {
		_, refused := r.says(k, "ticket", "tickets", "create", "newticket", "person")
		courtesy, _ := r.says(k, "greeting", "thanks", "filler", "yes", "no")
		if n := r.contentIn(k); n == 0 && (refused || courtesy) {
			continue
		}
		keep = append(keep, r.span(k.from, k.end))
	}
	if len(keep) == 0 {
		return strings.TrimSpace(r.text)
	}
	return strings.Join(keep, ", ")
}

// subject is what a ticket would be about: what follows the request ("open a
// ticket:", "I want to report"), else what stands before it, else the first
// clause with substance.
func (r *reading) subject() string {
	after := 0
	for _, h := range r.hits {
		switch h.concept {
		case "ticket", "create", "newticket", "report", "order":
			if r.intent != wantsSearch && !h.negated && r.hasContent(h.end, len(r.tokens)) {
				after = max(after, h.end)
			}
		}
	}
	from := r.skip(after, "lead", "want", "ticket", "number", "greeting", "and", "thanks")
	end := len(r.tokens)
	if !r.hasContent(from, end) {
		from = r.skip(0, "greeting", "want", "thanks", "filler")
	}
	for _, k := range r.clauses() { // not into the next sentence once there is substance
		if k.end > from && k.end < end && r.sentenceEnds(k.end) && r.hasContent(from, k.end) {
			end = k.end
		}
	}
	end = r.trimEnd(from, end)
	return capital(clip(strings.Join(strings.Fields(r.span(from, end)), " "), maxSubject))
}

// trimEnd leaves out what a request ends with: clauses without substance,
// courtesy, and the second half of a verb ("legen Sie … an").
func (r *reading) trimEnd(from, end int) int {
	for _, k := range slices.Backward(r.clauses()) {
		if k.from > from && k.from < end && r.contentIn(k) == 0 {
			end = k.from
		}
	}
	for end > from+1 && !r.hasContent(end-1, end) && r.belongs(end-1, "want", "thanks", "lead", "create", "add") {
		end--
	}
	return end
}

func (r *reading) hasContent(from, end int) bool {
	return slices.ContainsFunc(r.content, func(i int) bool { return i >= from && i < end })
}

// skip moves from over tokens that belong to the concepts.
func (r *reading) skip(from int, cs ...string) int {
	for {
		next := from
		for _, h := range r.hits {
			if h.from <= from && h.end > next && slices.Contains(cs, h.concept) {
				next = h.end
			}
		}
		if next == from || next >= len(r.tokens) {
			return from
		}
		from = next
	}
}

// belongs reports whether a token is part of one of the concepts.
func (r *reading) belongs(i int, cs ...string) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.from <= i && i < h.end && slices.Contains(cs, h.concept) })
}

// sentenceEnds reports whether a sentence ends before token i.
func (r *reading) sentenceEnds(i int) bool {
	return i < len(r.tokens) && strings.ContainsAny(r.text[r.tokens[i-1].end:r.tokens[i].start], ".!?;\n")
}

// addition is what to add to a ticket: what follows the number, else what
// stands before the request.
func (r *reading) addition() string {
	last := -1
	for i, t := range r.tokens {
		if t.number > 0 && slices.Contains(r.numbers, t.number) {
			last = i
		}
	}
	from := r.skip(last+1, "lead", "add", "also", "tell", "and")
	if from < len(r.tokens) && r.tokensOfSubstance(from, len(r.tokens)) {
		text := strings.TrimSpace(r.text[r.tokens[from].start:])
		if r.startsWith("want") {
			text = strings.TrimRight(text, "? ") // of "can you add …?"
		}
		return capital(text)
	}
	first := len(r.tokens)
	for _, h := range r.hits {
		if (h.concept == "ticket" || h.concept == "number") && h.end <= last+1 {
			first = min(first, h.from)
		}
	}
	from = r.skip(0, "want", "add", "also", "greeting", "lead", "tell")
	if end := min(first, last); end > from && r.hasContent(from, end) {
		return capital(strings.Trim(r.span(from, r.trimEnd(from, end)), " \"“”«»„"))
	}
	return ""
}

// tokensOfSubstance reports whether a stretch says anything: a word of
// content, or at least two words that are not courtesy.
func (r *reading) tokensOfSubstance(from, end int) bool {
	if r.hasContent(from, end) {
		return true
	}
	n := 0
	for i := from; i < end; i++ {
		if !r.belongs(i, "want", "thanks") {
			n++
		}
	}
	return n >= 3
}

func capital(s string) string {
	c, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(c)) + s[n:]
}

// statusWanted is the status that a request for a list names, if it names
// one in words that the language's file knows as exactly that.
func (r *reading) statusWanted() string {
	if len(r.askedAfter()) > 0 {
		return "" // «is my ticket about the printer closed?» is answered by its status, whatever it is
	}
	if r.has("is_open") {
		return "" // three statuses are open to people; the answer picks them
	}
	for _, s := range []string{"closed", "resolved"} {
		if r.has("is_" + s) {
			return s
		}
	}
	return ""
}
