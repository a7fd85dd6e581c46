package offline

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// conversation is a request seen as a conversation.
type conversation struct {
	lang    *language
	tools   []string       // offered, in order; empty when the choice is none
	forced  string         // the one tool that must be called, "*" for any
	user    string         // the last message of the user
	now     *reading       // that message, understood
	before  []said         // what was said before it, oldest first
	results []result       // what tools answered since
	facts   *prompts.Facts // of the viewer, once the portal told them
	files   int            // sent with the last message; nobody here can look into them
	last    bool           // no tool may be called any more, though some were
}

// said is one earlier message.
type said struct {
	user  bool
	text  string
	calls []string // names of the tools that the assistant called
}

// result is what one tool answered in this turn.
type result struct {
	tool    string
	args    string
	content string
}

// answer is the whole model.
func answer(in chatRequest) reply {
	if text, ok := summary(in); ok {
		return shorten(reply{text: text}, in)
	}
	c := newConversation(in)
	r := c.reply()
	r.text = strings.ToValidUTF8(r.text, "\uFFFD")
	if r.text == "" && len(r.calls) == 0 {
		r.text = c.lang.say("unclear", nil)
	}
	if c.files > 0 && len(r.calls) == 0 && strings.TrimSpace(c.user) != "" {
		r.text = join("\n\n", r.text, c.lang.say("files_unseen", nil))
	}
	return shorten(r, in)
}

func newConversation(in chatRequest) *conversation {
	c := &conversation{lang: systemLanguage(in.Messages)}
	c.choose(in)
	last := -1
	for i, m := range in.Messages {
		if m.Role == "user" && !isContext(string(m.Content)) {
			last = i
		}
	}
	if last < 0 {
		c.now = read("", c.lang)
		return c
	}
	c.user = prompts.Neutral(string(in.Messages[last].Content))
	var earlier []string
	for _, m := range in.Messages[:last] {
		text := string(m.Content)
		switch {
		case m.Role == "user" && isContext(text):
			c.ground(text)
		case m.Role == "user":
			c.before = append(c.before, said{user: true, text: prompts.Neutral(text)})
			c.results, c.files = nil, 0 // of an earlier turn
			earlier = append(earlier, text)
		case m.Role == "assistant":
			s := said{text: text}
			for _, k := range m.ToolCalls {
				s.calls = append(s.calls, k.Function.Name)
			}
			if text != "" || len(s.calls) > 0 {
				c.before = append(c.before, s)
			}
		}
	}
	c.collect(in.Messages[last+1:])
	// A short answer such as "ok" keeps the language of what was said before.
	c.lang = detect(strings.Join(tail(earlier, 3), "\n"), c.lang)
	c.lang = courteous(c.user, detect(c.user, c.lang))
	c.now = read(c.user, c.lang)
	return c
}

func tail(s []string, n int) []string { return s[max(0, len(s)-n):] }

// isContext reports messages of role user that the portal made: nothing but
// one block of marked data.
func isContext(text string) bool {
	text = strings.TrimSpace(text)
	_, _, ok := prompts.Unwrap(text)
	return ok && strings.HasPrefix(text, "<untrusted") && strings.HasSuffix(text, "</untrusted>")
}

// ground takes passages that the portal found on its own.
func (c *conversation) ground(text string) {
	label, _, ok := prompts.Unwrap(text)
	if ok && label == prompts.ToolSearch {
		c.results = append(c.results, result{tool: label, content: text})
	}
	if ok && label == prompts.FilesLabel {
		var sent prompts.Files
		if decode(text, &sent) {
			c.files = len(sent.Files)
		}
	}
	if ok && label == prompts.ViewerLabel {
		var f prompts.Facts
		if decode(text, &f) {
			c.facts = &f
		}
	}
}

var systemLine = regexp.MustCompile(`(?m)^User's language: ([a-z]{2,3})\b`)

// systemLanguage is the viewer's language, which the system prompt names.
func systemLanguage(ms []message) *language {
	l := languageNamed("en")
	for _, m := range ms {
		if m.Role != "system" && m.Role != "developer" {
			continue
		}
		if found := systemLine.FindStringSubmatch(string(m.Content)); found != nil {
			if named := languageNamed(found[1]); named != nil {
				l = named
			}
		}
	}
	return l
}

// choose reads which tools are offered and what tool_choice says about them.
func (c *conversation) choose(in chatRequest) {
	for _, t := range in.Tools {
		if t.Function.Name != "" && !slices.Contains(c.tools, t.Function.Name) {
			c.tools = append(c.tools, t.Function.Name)
		}
	}
	var word string
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	switch {
	case len(in.ToolChoice) == 0:
	case json.Unmarshal(in.ToolChoice, &word) == nil:
		switch word {
		case "none":
			c.last = len(c.tools) > 0
			c.tools = nil
		case "required":
			c.forced = "*"
		}
	case json.Unmarshal(in.ToolChoice, &named) == nil && c.offers(named.Function.Name):
		c.forced = named.Function.Name
	}
}

func (c *conversation) offers(tool string) bool { return slices.Contains(c.tools, tool) }

// collect pairs the results of this turn with the calls they answer.
func (c *conversation) collect(ms []message) {
	calls := map[string]toolCall{}
	for _, m := range ms {
		for _, k := range m.ToolCalls {
			calls[k.ID] = k
		}
		if m.Role == "user" {
			c.ground(string(m.Content))
		}
		if m.Role == "tool" || m.Role == "function" {
			k := calls[m.ToolCallID]
			r := result{tool: k.Function.Name, args: k.Function.Arguments, content: string(m.Content)}
			if label, _, ok := prompts.Unwrap(r.content); ok && r.tool == "" {
				r.tool = label
			}
			c.results = append(c.results, r)
		}
	}
}

// reply decides. What a tool did in this turn is told, never followed by
// another call, so that a turn ends. Passages alone do not settle it: the
// portal may have searched before anybody knew what the message wants.
func (c *conversation) reply() reply {
	if strings.TrimSpace(c.user) == "" {
		if len(c.results) > 0 {
			return reply{text: c.tell(true)}
		}
		if c.files > 0 {
			return c.say("files_unseen", "ask_matter")
		}
		return c.say("hello", "ask_matter")
	}
	searched := c.searches()
	acted := slices.ContainsFunc(c.results, func(r result) bool { return r.tool != prompts.ToolSearch })
	if acted || searched && len(c.results) > 0 && !c.missed() {
		return reply{text: c.tell(searched || !acted)}
	}
	r := c.decide()
	if c.forced != "" && !slices.ContainsFunc(r.calls, func(k call) bool { return c.forced == "*" || k.name == c.forced }) {
		return c.force()
	}
	return r
}

// missed reports whether passages were found for this message's words alone,
// though it leans on an earlier one, so that a search of our own is due.
func (c *conversation) missed() bool {
	if !c.leans() || !c.offers(prompts.ToolSearch) {
		return false
	}
	ours := c.query()
	return !slices.ContainsFunc(c.results, func(r result) bool {
		var a struct {
			Query string `json:"query"`
		}
		return decode(r.args, &a) && a.Query == ours
	})
}

// searches reports whether the message would be answered by a search, offered
// or not.
func (c *conversation) searches() bool {
	open := *c
	open.tools = append(slices.Clone(c.tools), prompts.ToolSearch)
	return slices.ContainsFunc(open.decide().calls, func(k call) bool { return k.name == prompts.ToolSearch })
}

// say joins texts that need no parameters.
func (c *conversation) say(keys ...string) reply {
	var parts []string
	for _, k := range keys {
		if t := c.lang.say(k, nil); t != "" {
			parts = append(parts, t)
		}
	}
	return reply{text: strings.Join(parts, " ")}
}

// decide answers the last message.
func (c *conversation) decide() reply {
	if r, ok := c.followUp(); ok {
		return r
	}
	switch c.now.intent {
	case wantsSearch:
		return c.search()
	case wantsList:
		return c.list()
	case wantsTicket:
		return c.get(c.now.numbers)
	case wantsCreate:
		return c.create(c.now.subject(), c.now.text)
	case saysTicketWord:
		return c.createFromBefore()
	case wantsAdd:
		return c.add()
	case wantsPerson:
		return c.person()
	case wantsDevices, wantsSoftware, wantsStatus, wantsAct, wantsInstall, wantsRequest:
		return c.devices(c.now, "")
	case saysHello:
		return c.say("hello", "ask_matter")
	case saysThanks:
		return c.say("thanks")
	case saysFine:
		return c.askIfFixed()
	case saysForget:
		return c.say("declined")
	case saysStill:
		if p, _ := c.problem(false); p == nil {
			return c.say("unclear")
		}
		return c.sorry()
	case asksWho:
		return c.say("who", "ask_matter")
	case asksWhat:
		return c.abilities()
	case saysYes, saysNo, saysNothing:
	}
	return c.say("unclear")
}

// abilities lists what is offered, and nothing else.
func (c *conversation) abilities() reply {
	var lines []string
	for _, a := range []struct{ tool, key string }{
		{prompts.ToolSearch, "can_search"},
		{prompts.ToolList, "can_list"},
		{prompts.ToolCreate, "can_create"},
		{prompts.ToolAdd, "can_add"},
		{prompts.ToolDevices, "can_act"},
		{prompts.ToolSoftware, "can_install"},
		{prompts.ToolPerson, "can_person"},
	} {
		if c.offers(a.tool) {
			lines = append(lines, "- "+c.lang.say(a.key, nil))
		}
	}
	if len(lines) == 0 {
		return c.say("can_nothing")
	}
	return reply{text: c.lang.say("can_intro", nil) + "\n\n" + strings.Join(lines, "\n") + "\n\n" + c.lang.say("ask_matter", nil)}
}

// offer is the sentence that offers what is possible; prefix is "offer" for a
// question of its own and "or" for the end of an answer.
func (c *conversation) offer(prefix string) string {
	ticket, person := c.offers(prompts.ToolCreate), c.offers(prompts.ToolPerson)
	switch {
	case ticket && person:
		return c.lang.say(prefix+"_both", nil)
	case ticket:
		return c.lang.say(prefix+"_ticket", nil)
	case person:
		return c.lang.say(prefix+"_person", nil)
	case c.last:
		return ""
	}
	return c.lang.say(prefix+"_none", nil)
}

// cannot says that something is not offered, and what is instead.
func (c *conversation) cannot(key string) reply {
	if c.last {
		key = "last_step"
	}
	return reply{text: join(" ", c.lang.say(key, nil), c.offer("offer"))}
}

func (c *conversation) sorry() reply {
	return reply{text: join(" ", c.lang.say("still", nil), c.offer("offer"))}
}

func join(sep string, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
	return strings.Join(parts, sep)
}

// force obeys a tool_choice that names a tool or requires any.
func (c *conversation) force() reply {
	tool := c.forced
	if tool == "*" {
		tool = c.tools[0]
		if c.offers(prompts.ToolSearch) {
			tool = prompts.ToolSearch
		}
	}
	number := int64(0)
	if len(c.now.numbers) > 0 {
		number = c.now.numbers[0]
	}
	args := map[string]any{}
	switch tool {
	case prompts.ToolSearch:
		args["query"] = c.query()
	case prompts.ToolGet:
		args["number"] = number
	case prompts.ToolCreate:
		args["subject"], args["description"] = c.now.subject(), c.user
	case prompts.ToolAdd:
		args["number"], args["text"] = number, c.user
	case prompts.ToolAct:
		args["device"], args["operation"] = c.onlyDevice(), cmp.Or(c.now.operation, "restart")
	case prompts.ToolInstall:
		args["device"], args["software"] = nil, cmp.Or(c.now.program, c.user)
	case prompts.ToolRequest:
		args["name"], args["reason"] = cmp.Or(c.now.program, clip(c.user, 100)), clip(c.user, 1000)
	case prompts.ToolSoftware:
		args["device"], args["query"] = nil, nil
	case prompts.ToolStatus:
		args["action"] = nil
	}
	return reply{calls: []call{{tool, args}}}
}
