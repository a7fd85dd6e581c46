package offline

import (
	"slices"

	"github.com/conserje/conserje/kb/words"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/prompts"
)

// askedAfter is what the one ticket is about that a message asks after: the words
// beside the asking. It is nothing when the message asks after tickets at
// large, by their status perhaps.
func (r *reading) askedAfter() []string {
	if !r.has("ticket") || r.has("tickets") || !r.has("mine") {
		return nil
	}
	var said []string
	for _, i := range r.content {
		if !r.belongs(i, "status", "state", "question", "is_open", "is_closed", "is_resolved") {
			said = append(said, words.Split(r.text[r.tokens[i].start:r.tokens[i].end])...)
		}
	}
	return said
}

// about picks the tickets whose subject is about the matter, in whatever
// language it is written; all of them when none is: the person sees more than
// was asked for rather than nothing.
func about(tickets []prompts.TicketLine, matter []string, lang string) []prompts.TicketLine {
	asked := gist(lang, matter)
	var out []prompts.TicketLine
	for _, t := range tickets {
		subject := gist(Language(t.Subject, lang), words.Split(t.Subject))
		if slices.ContainsFunc(subject, func(s string) bool { return slices.Contains(asked, s) }) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return tickets
	}
	return out
}

// gist is the stems of what a text says and the concepts that it means, those
// aside that every ticket mentions.
func gist(lang string, said []string) []string {
	l := desk.Language(lang)
	var out []string
	for _, w := range said {
		if len([]rune(w)) > 2 && !words.Function(l, w) {
			out = append(out, words.Stem(l, w))
		}
	}
	for _, m := range words.Meanings(l, said) {
		if m.Weight == 1 {
			out = append(out, "#"+m.Name)
		}
	}
	return out
}
