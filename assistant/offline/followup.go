package offline

import (
	"slices"
	"strconv"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// asked is what the assistant's last message left open.
type asked struct {
	helped, ticket, person     bool // asked whether it helped; offered a ticket; offered a person
	description, number, added bool // asked what the ticket is about; which ticket; what to add
	to                         int64
	device                     bool // which device
}

// open reads the assistant's last message: our own questions in any language
// are known by their words; of another model's message the last question is
// understood like a user's.
func (c *conversation) open() asked {
	var a asked
	if len(c.before) == 0 || c.before[len(c.before)-1].user {
		return a
	}
	last := c.before[len(c.before)-1].text
	for _, l := range languages() {
		asks := func(key string) bool {
			text, _, _ := strings.Cut(l.say(key, map[string]any{"Number": "\x00", "Devices": "\x00"}), "\x00")
			return text != "" && strings.Contains(last, text)
		}
		a.helped = a.helped || asks("helped")
		a.ticket = a.ticket || asks("offer_both") || asks("offer_ticket")
		a.person = a.person || asks("offer_person")
		a.description = a.description || asks("ask_description")
		a.number = a.number || asks("ask_number")
		a.added = a.added || asks("ask_add")
		a.device = a.device || asks("ask_device")
	}
	if a.added {
		for _, t := range tokenise(last) {
			if t.number > 0 {
				a.to = t.number
			}
		}
	}
	if a == (asked{}) {
		a = foreignQuestion(last, c.lang)
	}
	return a
}

// foreignQuestion looks at the last question of a message that is not ours.
func foreignQuestion(text string, l *language) asked {
	end := strings.LastIndexAny(text, "?")
	if end < 0 || len(text)-end > 120 {
		return asked{}
	}
	start := strings.LastIndexAny(text[:end], ".!?\n") + 1
	r := read(text[start:end], detect(text, l))
	switch {
	case r.has("ticket", "tickets", "newticket") && r.has("create", "newticket", "want"):
		return asked{ticket: true}
	case r.has("person", "person_please"):
		return asked{person: true}
	}
	return asked{}
}

// followUp answers a message that answers a question of ours. Requests of
// their own go the usual way.
func (c *conversation) followUp() (reply, bool) {
	a := c.open()
	i := c.now.intent
	if i == wantsPerson || i == wantsList || i == asksWho || i == asksWhat {
		return reply{}, false
	}
	yes := i == saysYes || c.now.startsWith("yes") && len(c.now.content) <= 2
	no := i == saysNo || i == saysForget || i == saysStill
	switch {
	case a.device && !no && (i == wantsSearch || i == saysNothing || i == saysYes || i == wantsAct || i == wantsDevices):
		return c.theDevice()
	case a.description && len(c.now.content) > 0 && !no && (i == wantsSearch || i == wantsCreate || i == saysNothing):
		return c.create(c.now.subject(), c.now.text), true
	case a.added && a.to > 0 && !no && i != saysThanks && i != saysYes && len(c.now.numbers) == 0:
		return c.addTo(a.to, c.user), true
	case a.number && i != wantsCreate:
		return c.theNumber()
	case a.ticket && yes:
		return c.createFromBefore(), true
	case a.person && yes:
		return c.person(), true
	case a.helped && (yes || i == saysThanks):
		return c.say("closing"), true
	case a.helped && no && i != saysForget:
		return c.sorry(), true
	case (a.ticket || a.person) && i == saysStill:
		return c.sorry(), true
	case (a.ticket || a.person || a.description || a.added || a.device) && no:
		return c.say("declined"), true
	}
	return reply{}, false
}

// theNumber takes the number that answers "which ticket?", and does with it
// what was asked before.
func (c *conversation) theNumber() (reply, bool) {
	at := slices.IndexFunc(c.now.tokens, func(t token) bool { return t.number > 0 })
	if at < 0 {
		return reply{}, false
	}
	n := c.now.tokens[at].number
	for _, v := range slices.Backward(c.before) {
		if !v.user {
			continue
		}
		r := read(v.text+" #"+strconv.FormatInt(n, 10), c.lang)
		if r.intent == wantsAdd && c.offers(prompts.ToolAdd) {
			if text := v.text; strings.TrimSpace(text) != "" {
				return c.addTo(n, text), true
			}
		}
		break
	}
	return c.get([]int64{n}), true
}
