package offline

import (
	"slices"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// intent is what a message wants: the name of a tool, or one of these.
type intent string

const (
	wantsSearch    intent = prompts.ToolSearch
	wantsList      intent = prompts.ToolList
	wantsTicket    intent = prompts.ToolGet
	wantsCreate    intent = prompts.ToolCreate
	wantsAdd       intent = prompts.ToolAdd
	wantsPerson    intent = prompts.ToolPerson
	saysHello      intent = "hello"
	saysThanks     intent = "thanks"
	saysYes        intent = "yes"
	saysNo         intent = "no"
	saysFine       intent = "fine"    // solved
	saysStill      intent = "still"   // not solved
	saysForget     intent = "forget"  // no ticket, no person
	asksWho        intent = "who"     // what are you
	asksWhat       intent = "what"    // what can you do
	saysNothing    intent = "nothing" // filler, or nothing to go by
	saysTicketWord intent = "ticket"  // wants a ticket, does not say what about
)

// reading is a message understood as far as rules can.
type reading struct {
	text    string
	lang    *language
	tokens  []token
	hits    []hit
	numbers []int64 // of tickets, in order, at most four
	content []int   // tokens that are not function words and belong to no courtesy or request
	intent  intent

	operation string // what wantsAct wants
	program   string // what wantsInstall and wantsRequest want
}

// read understands a message in a language.
func read(text string, l *language) *reading {
	r := &reading{text: text, lang: l, tokens: tokenise(text)}
	r.hits = l.match(r.tokens)
	r.numbers = r.ticketNumbers()
	r.content = r.contentTokens()
	r.intent = r.classify()
	return r
}

// has reports whether one of the concepts is said and not taken back.
func (r *reading) has(cs ...string) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return !h.negated && slices.Contains(cs, h.concept) })
}

// denies reports whether one of the concepts is said and taken back.
func (r *reading) denies(cs ...string) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.negated && slices.Contains(cs, h.concept) })
}

// near reports whether two concepts stand within reach of each other in one
// clause, in any order: languages differ in where they put the verb.
func (r *reading) near(as, bs []string, reach int) bool {
	for _, a := range r.hits {
		if a.negated || !slices.Contains(as, a.concept) {
			continue
		}
		for _, b := range r.hits {
			if !b.negated && a.clause == b.clause && slices.Contains(bs, b.concept) &&
				(b.from >= a.end && b.from-a.end <= reach || a.from >= b.end && a.from-b.end <= reach) {
				return true
			}
		}
	}
	return false
}

// ticketNumbers finds numbers that name tickets: with #, after the word, or
// in a row with one that does.
func (r *reading) ticketNumbers() []int64 {
	var out []int64
	last := -10
	for i, t := range r.tokens {
		if t.number == 0 || slices.Contains(out, t.number) || len(out) == 4 {
			continue
		}
		named := t.hash || i-last <= 2
		for _, h := range r.hits {
			gap := i - h.end
			if (h.concept == "ticket" || h.concept == "tickets") && gap >= 0 && gap <= 2 && r.onlyBetween(h.end, i, "number", "stop") {
				named = true
			}
		}
		if named {
			out = append(out, t.number)
			last = i
		}
	}
	return out
}

// onlyBetween reports whether the tokens from to end, without end, all belong
// to the concepts.
func (r *reading) onlyBetween(from, end int, cs ...string) bool {
	for i := from; i < end; i++ {
		if !r.belongs(i, cs...) {
			return false
		}
	}
	return true
}

// talk are the concepts that say nothing about the matter itself.
var talk = []string{
	"stop", "ticket", "tickets", "number", "create", "newticket", "show", "mine", "add", "also", "person", "person_please", "contact",
	"give", "greeting", "thanks", "yes", "no", "neg", "filler", "want", "lead", "and", "report", "order", "tell", "reported",
	"identity", "abilities", "forget", "fine", "anything_open", "exist", "still", "fails",
}

func (r *reading) contentTokens() []int {
	var out []int
	for i, t := range r.tokens {
		if t.number > 0 && slices.Contains(r.numbers, t.number) {
			continue
		}
		if !r.belongs(i, talk...) {
			out = append(out, i)
		}
	}
	return out
}

// concrete reports whether the message itself says what it is about: a thing,
// a fault or a way to do something. One that does not leans on what was said
// before it.
func (r *reading) concrete() bool {
	return r.has("thing", "problem", "howto") || r.denies("thing", "problem")
}

// leans reports whether the message needs an earlier one to be understood:
// "and on the Mac?", "I did that twice already".
func (r *reading) leans() bool {
	return !r.concrete() || len(r.content) <= 2 && r.startsWith("and")
}

// asksHow reports a question about how something is done, which the knowledge
// base answers even when it is about tickets.
func (r *reading) asksHow() bool { return r.has("howto") }

func (r *reading) classify() intent {
	for _, rule := range []func(*reading) intent{
		(*reading).aboutPeople, (*reading).aboutNumbers, (*reading).aboutDevices, (*reading).aboutCreating, (*reading).aboutList, (*reading).smallTalk,
	} {
		if i := rule(r); i != "" {
			return i
		}
	}
	return wantsSearch
}

func (r *reading) aboutPeople() intent {
	switch {
	case r.has("identity") && !r.near([]string{"contact", "give", "want"}, []string{"person"}, 4):
		return "" // "are you a person or a bot" asks for none
	case r.has("tell") && (len(r.numbers) > 0 || r.has("ticket")):
		return ""
	case r.has("person_please"):
		return wantsPerson
	case r.denies("machine") && (r.has("contact", "want") || r.denies("contact", "want")):
		return wantsPerson
	case r.near([]string{"contact"}, []string{"person"}, 4):
		return wantsPerson
	case r.asksHow() || len(r.numbers) > 0:
		return ""
	case r.near([]string{"give", "exist"}, []string{"person"}, 4):
		return wantsPerson
	case r.has("person") && len(r.tokens) <= 3 && len(r.content) == 0 && !r.has("no", "neg"):
		return wantsPerson // the bare word
	}
	return ""
}

func (r *reading) aboutNumbers() intent {
	if len(r.numbers) == 0 {
		return ""
	}
	switch {
	case r.asksHow() && !r.has("status", "show"):
		return wantsTicket
	case r.has("tell", "also"), r.has("add") && !r.has("show"):
		return wantsAdd
	case r.has("newticket"):
		return wantsCreate
	}
	return wantsTicket
}

func (r *reading) aboutCreating() intent {
	if len(r.numbers) > 0 || r.asksHow() {
		return ""
	}
	about := len(r.content) > 0
	ticket := r.has("ticket") || r.has("tickets") && !r.has("mine")
	switch {
	case r.denies("ticket", "tickets", "create", "report", "newticket", "order"):
		return ""
	case r.has("newticket") && (!r.has("status") || !r.has("mine")), // «anything new on my ticket?»
		ticket && r.has("create"),
		ticket && r.has("want", "order") && !r.has("show", "status", "mine", "state"):
		if !about {
			return saysTicketWord
		}
		return wantsCreate
	case (r.has("report") || r.near([]string{"want"}, []string{"order"}, 3)) && about && !r.startsWith("question"):
		return wantsCreate
	case ticket && !about && len(r.tokens) <= 3 && !r.has("show", "status", "mine", "question"):
		return saysTicketWord
	case r.has("tell", "add") && ticket && about:
		return wantsAdd
	}
	return ""
}

// startsWith reports whether the first words that say anything are of the
// concept.
func (r *reading) startsWith(concept string) bool {
	for _, h := range r.hits {
		if h.concept == concept && h.from <= 1 {
			return true
		}
	}
	return false
}

func (r *reading) aboutList() intent {
	switch {
	case r.asksHow():
		return ""
	case r.has("reported", "anything_open"):
		return wantsList
	case r.has("tickets") && r.has("mine", "show") && (r.has("show", "status", "state", "question", "exist", "give") || len(r.content) == 0):
		return wantsList
	case r.has("ticket") && r.has("mine") && (r.has("status", "show") || r.has("state") && !r.has("problem") || len(r.content) == 0):
		return wantsList
	case r.has("tickets") && r.has("question") && r.has("state", "status"):
		return wantsList
	}
	return ""
}

// smallTalk covers what needs no tool: courtesy, answers, and messages with
// nothing to go by.
func (r *reading) smallTalk() intent {
	matter := len(r.content)
	if r.asksHow() || r.concrete() && !r.has("fine") {
		matter += 2
	}
	switch {
	case r.has("identity") && matter <= 2 && !r.has("problem"):
		return asksWho
	case r.has("abilities") && matter <= 3 && !r.has("problem", "thing"):
		return asksWhat
	case r.has("still") && len(r.content) <= 2 && !r.has("thing", "howto"), r.has("fails") && len(r.content) == 0 && !r.has("howto"):
		return saysStill
	case r.has("fine") && !r.has("still", "howto"):
		return saysFine
	case r.denies("person", "ticket", "tickets", "person_please", "create", "newticket") && matter <= 1, r.has("forget") && matter <= 1:
		return saysForget
	}
	if matter >= 2 {
		return ""
	}
	switch {
	case r.has("thanks") && r.has("no"), r.has("no"), r.has("neg") && len(r.tokens) == 1:
		return saysNo
	case r.has("thanks"):
		return saysThanks
	case r.has("yes"):
		return saysYes
	case r.has("greeting"):
		return saysHello
	}
	return saysNothing
}

// span is the text of the tokens from to end, without end, as written.
func (r *reading) span(from, end int) string {
	if from >= end || from < 0 || end > len(r.tokens) {
		return ""
	}
	return strings.TrimSpace(r.text[r.tokens[from].start:r.tokens[end-1].end])
}
