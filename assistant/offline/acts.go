package offline

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/prompts"
)

// Limits of what a call carries; the tools have their own, wider ones.
const (
	maxQuery       = 400  // runes
	maxSubject     = 90   // runes
	maxDescription = 4000 // runes
	maxCalls       = 4
)

func (c *conversation) search() reply {
	if !c.offers(prompts.ToolSearch) {
		return c.cannot("off_search")
	}
	return reply{calls: []call{{prompts.ToolSearch, map[string]any{"query": c.query()}}}}
}

// query is the message without courtesy and without what is refused ("no
// ticket please"). A message that leans on an earlier one ("and on the Mac?",
// "I did that twice already") takes it along.
func (c *conversation) query() string {
	q := c.now.matter()
	if c.leans() {
		p, _ := c.problem(false)
		q = p.matter() + " " + q
	}
	return clip(q, maxQuery)
}

// leans reports whether the message can only be understood with an earlier
// one.
func (c *conversation) leans() bool {
	if !c.now.leans() {
		return false
	}
	p, _ := c.problem(false)
	return p != nil
}

func (c *conversation) list() reply {
	if !c.offers(prompts.ToolList) {
		return c.cannot("off_list")
	}
	args := map[string]any{}
	if s := c.now.statusWanted(); s != "" {
		args["status"] = s
	}
	return reply{calls: []call{{prompts.ToolList, args}}}
}

func (c *conversation) get(numbers []int64) reply {
	if !c.offers(prompts.ToolGet) {
		return c.cannot("off_list")
	}
	var r reply
	for _, n := range numbers {
		if len(r.calls) < maxCalls {
			r.calls = append(r.calls, call{prompts.ToolGet, map[string]any{"number": n}})
		}
	}
	return r
}

func (c *conversation) create(subject, description string) reply {
	if !c.offers(prompts.ToolCreate) {
		key := "off_create"
		if c.last {
			key = "last_step"
		}
		return reply{text: join(" ", c.lang.say(key, nil), c.offer("offer"))}
	}
	if subject == "" {
		subject = c.lang.say("no_subject", nil)
	}
	return reply{calls: []call{{prompts.ToolCreate, map[string]any{
		"subject": subject, "description": clip(description, maxDescription),
	}}}}
}

// createFromBefore opens a ticket for what was told earlier, or asks.
func (c *conversation) createFromBefore() reply {
	if !c.offers(prompts.ToolCreate) {
		return c.create("", "")
	}
	p, description := c.problem(true)
	if p == nil {
		return c.say("ask_description")
	}
	return c.create(p.subject(), description)
}

// problem finds what the conversation is about: the latest message that names
// a matter, and everything of substance that the user said from there on.
// With untold, what already became a ticket does not count.
func (c *conversation) problem(untold bool) (*reading, string) {
	var found *reading
	var texts []string
	for _, s := range slices.Backward(c.before) {
		if !s.user {
			if untold && slices.Contains(s.calls, prompts.ToolCreate) {
				break
			}
			continue
		}
		r := read(s.text, detect(s.text, c.lang))
		matters := r.intent == wantsSearch || r.intent == wantsCreate
		if len(r.content) < 2 && !matters {
			continue
		}
		if found != nil && !matters {
			break // nothing more of the same matter before it
		}
		texts = append([]string{strings.TrimSpace(s.text)}, texts...)
		if matters {
			found = r
			if !r.leans() {
				break
			}
		}
	}
	if found == nil {
		return nil, ""
	}
	return found, clip(strings.Join(texts, "\n\n"), maxDescription)
}

// askIfFixed has the card ask, where there is a ticket: who says so in words has
// not resolved it by that.
func (c *conversation) askIfFixed() reply {
	if !c.offers(prompts.ToolFixed) {
		return c.say("closing")
	}
	return reply{calls: []call{{prompts.ToolFixed, map[string]any{}}}}
}

func (c *conversation) add() reply {
	if !c.offers(prompts.ToolAdd) {
		return c.cannot("off_add")
	}
	if len(c.now.numbers) == 0 {
		return c.say("ask_number")
	}
	n := c.now.numbers[0]
	text := c.now.addition()
	if text == "" {
		return reply{text: c.lang.say("ask_add", map[string]any{"Number": n})}
	}
	return c.addTo(n, text)
}

func (c *conversation) addTo(n int64, text string) reply {
	if !c.offers(prompts.ToolAdd) {
		return c.cannot("off_add")
	}
	return reply{calls: []call{{prompts.ToolAdd, map[string]any{"number": n, "text": clip(text, maxDescription)}}}}
}

func (c *conversation) person() reply {
	if !c.offers(prompts.ToolPerson) {
		return c.cannot("off_person")
	}
	args := map[string]any{}
	if p, _ := c.problem(false); p != nil {
		args["reason"] = p.subject()
	} else if len(c.now.content) >= 2 {
		args["reason"] = clip(strings.Join(strings.Fields(c.user), " "), maxSubject)
	}
	return reply{calls: []call{{prompts.ToolPerson, args}}}
}

// clip shortens to n runes at a word's end and marks the cut.
func clip(s string, n int) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	s = string([]rune(s)[:n-1])
	if i := strings.LastIndexAny(s, " \n"); i > len(s)/2 {
		s = s[:i]
	}
	return strings.TrimSpace(s) + "…"
}
