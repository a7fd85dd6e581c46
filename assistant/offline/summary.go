package offline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// summary answers the prompt that asks for a summary of older turns: what the
// user said, which tickets were named, and the last answer, all quoted. Rules
// cannot retell; a short record is honest and enough to go on.
func summary(in chatRequest) (string, bool) {
	l := systemLanguage(in.Messages)
	if !slices.ContainsFunc(in.Messages, func(m message) bool {
		return m.Role == "system" && strings.TrimSpace(string(m.Content)) == prompts.Summarise(l.name)
	}) {
		return "", false
	}
	var wants, numbers []string
	last := ""
	for _, m := range in.Messages {
		text := strings.Join(strings.Fields(prompts.Neutral(inner(string(m.Content)))), " ")
		if text == "" {
			continue
		}
		r := read(text, l)
		for _, n := range r.numbers {
			if s := fmt.Sprintf("%d", n); !slices.Contains(numbers, s) {
				numbers = append(numbers, s)
			}
		}
		switch m.Role {
		case "user":
			if len(r.content) > 1 {
				wants = append(wants, "- "+clip(text, 240))
			}
		case "assistant":
			last = clip(text, 240)
		}
	}
	var parts []string
	if len(wants) > 0 {
		parts = append(parts, l.say("summary_wants", nil)+"\n"+strings.Join(wants[max(0, len(wants)-8):], "\n"))
	}
	if len(numbers) > 0 {
		parts = append(parts, l.say("summary_tickets", map[string]any{"Numbers": strings.Join(numbers[max(0, len(numbers)-10):], ", ")}))
	}
	if last != "" {
		parts = append(parts, l.say("summary_last", nil)+" "+last)
	}
	return join("\n\n", parts...), true
}
