package offline

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/prompts"
)

// What a message may want of a device or of the catalogue.
const (
	wantsDevices  intent = prompts.ToolDevices
	wantsSoftware intent = prompts.ToolSoftware
	wantsStatus   intent = prompts.ToolStatus
	wantsAct      intent = prompts.ToolAct
	wantsInstall  intent = prompts.ToolInstall
	wantsRequest  intent = prompts.ToolRequest
)

// acts are the concepts that name an act, with its operation, the rarer first.
var acts = []struct{ concept, operation string }{
	{"act_logout", "logout"}, {"act_shutdown", "shutdown"}, {"act_restart", "restart"}, {"act_lock", "lock"},
}

// Acts lists the acts on devices that a person's own words name, in whichever
// of the languages: operations, as the tools call them. It is generous, since
// it only says what a proposal may follow from; what was taken back does not
// count.
func Acts(text string) []string {
	var found []string
	add := func(operation string) {
		if !slices.Contains(found, operation) {
			found = append(found, operation)
		}
	}
	text = prompts.Neutral(text)
	for _, l := range languages() {
		tokens := tokenise(text)
		r := reading{text: text, lang: l, tokens: tokens, hits: l.match(tokens)}
		for _, a := range acts {
			if r.has(a.concept) {
				add(a.operation)
			}
		}
		if r.newPassword() {
			add("reset_password")
		}
		if r.has("act_install") || r.saysAtAll("act_request") {
			add("install_software")
		}
	}
	slices.Sort(found)
	return found
}

// Asks reports whether a message is a question for the knowledge base: no
// courtesy, no wish for a person, a ticket or an act. fallback is the language
// of a text that shows none.
func Asks(text, fallback string) bool {
	text = prompts.Neutral(text)
	l := detect(text, languageNamed(fallback))
	return l != nil && read(text, l).intent == wantsSearch
}

// Leans reports whether a message is so short that it answers a question or
// goes on with what was said before it.
func Leans(text string) bool {
	return utf8.RuneCountInString(text) <= 80 && len(tokenise(text)) <= 8
}

// saysAtAll is has, whatever is denied: "not in the catalogue" is said by its no.
func (r *reading) saysAtAll(concept string) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool { return h.concept == concept })
}

// aboutDevices finds what is asked of devices and software. Questions how and
// why, and faults, are for the knowledge base, though they name the same acts.
func (r *reading) aboutDevices() intent {
	if r.saysAtAll("act_request") && !r.asksHow() {
		r.program = r.programIn(clause{0, len(r.tokens)})
		return wantsRequest
	}
	if len(r.numbers) > 0 || r.has("ticket", "tickets", "newticket") {
		return ""
	}
	if i := r.aboutLooking(); i != "" {
		return i
	}
	if r.asksHow() {
		return ""
	}
	for _, k := range r.clauses() {
		if i := r.aboutActing(k); i != "" {
			return i
		}
	}
	return ""
}

func (r *reading) aboutLooking() intent {
	switch {
	case r.has("problem"):
	case r.has("act_state"):
		return wantsStatus
	case r.has("act_shelf"):
		return wantsSoftware
	case r.has("act_devices"):
		return wantsDevices
	}
	return ""
}

// aboutActing reads one clause as a request for an act.
func (r *reading) aboutActing(k clause) intent {
	in := func(cs ...string) bool { said, _ := r.says(k, cs...); return said }
	if r.faultIn(k) || r.saysAtAll("act_itself") {
		return ""
	}
	if in("act_install") && !r.foreign(k) {
		if r.program = r.programIn(k); r.program != "" {
			return wantsInstall
		}
	}
	if r.newPassword() && r.has("mydevice") {
		r.operation = "reset_password"
		return wantsAct
	}
	for _, a := range acts {
		if in(a.concept) && r.onOwnDevice() {
			r.operation = a.operation
			return wantsAct
		}
	}
	return ""
}

func (r *reading) newPassword() bool {
	return r.has("act_newpw") || r.has("act_reset") && r.has("pwd")
}

// faultIn reports whether a clause tells of a fault. A word that names an act as
// well ("bloquea") is none.
func (r *reading) faultIn(k clause) bool {
	return slices.ContainsFunc(r.hits, func(h hit) bool {
		return h.concept == "problem" && !h.negated && h.from >= k.from && h.from < k.end &&
			!slices.ContainsFunc(r.hits, func(o hit) bool { return o.from == h.from && o.end == h.end && slices.Contains(actConcepts, o.concept) })
	})
}

// onOwnDevice reports whether the act of a clause is meant for the computer: it
// is named, or nothing else is.
func (r *reading) onOwnDevice() bool {
	if r.has("mydevice") {
		return true
	}
	if r.has("thing") {
		return false
	}
	n := 0
	for _, i := range r.content {
		if !r.belongs(i, actConcepts...) {
			n++
		}
	}
	return n <= 1
}

var actConcepts = []string{"act_logout", "act_shutdown", "act_restart", "act_lock", "act_reset", "act_install", "act_request", "act_order", "mydevice"}

// foreign reports whether a clause names hardware, which nobody installs from
// a catalogue.
func (r *reading) foreign(k clause) bool {
	for i := k.from; i < k.end; i++ {
		w := r.tokens[i].norm
		for _, p := range []string{"print", "drucker", "impres", "imprim", "stampan", "scanner", "update", "aktualis", "actualiz", "aggiorn", "driver", "treiber"} {
			if strings.HasPrefix(w, p) {
				return true
			}
		}
	}
	return false
}

// programIn is what is to be installed: the words of a clause that say neither
// courtesy nor act nor device, the first row of them.
func (r *reading) programIn(k clause) string {
	skip := append([]string{"stop", "want", "lead", "thanks", "greeting", "filler", "create", "give", "mine", "yes", "neg", "and", "device", "add", "order", "report", "show"}, actConcepts...)
	from := -1
	for i := k.from; i <= k.end; i++ {
		out := i == k.end || r.belongs(i, skip...) || from >= 0 && r.tokens[i].clause != r.tokens[from].clause
		switch {
		case !out && from < 0:
			from = i
		case out && from >= 0:
			return clip(r.span(from, i), 100)
		}
	}
	return ""
}
