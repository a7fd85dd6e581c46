package offline

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// tell answers from the results of this turn. Several results are told one
// after the other; passages only when they were asked for.
func (c *conversation) tell(passages bool) string {
	var parts []string
	search := prompts.Passages{}
	searched, broken := false, false
	for _, r := range c.results {
		if r.tool == prompts.ToolSearch {
			searched = true
			if fault := failure(r.content); fault != "" {
				broken = true
				continue
			}
			var p prompts.Passages
			if decode(r.content, &p) {
				search.Passages = append(search.Passages, p.Passages...)
			}
			continue
		}
		if text := c.tellOne(r); text != "" {
			parts = append(parts, text)
		}
	}
	if searched && passages {
		parts = append(parts, c.tellSearch(search.Passages, broken))
	}
	return join("\n\n", parts...)
}

func (c *conversation) tellOne(r result) string {
	if code := failure(r.content); code != "" {
		return c.tellFailure(r, code)
	}
	switch r.tool {
	case prompts.ToolList:
		var list prompts.Tickets
		if decode(r.content, &list) {
			return c.tellList(list)
		}
	case prompts.ToolGet:
		var t prompts.Ticket
		if decode(r.content, &t) && t.Number > 0 {
			return c.tellTicket(t)
		}
	case prompts.ToolCreate, prompts.ToolAdd, prompts.ToolFixed, prompts.ToolPerson:
		var d prompts.Done
		if decode(r.content, &d) && d.OK {
			return c.tellDone(r, d)
		}
	case prompts.ToolDevices, prompts.ToolSoftware, prompts.ToolStatus, prompts.ToolAct, prompts.ToolInstall, prompts.ToolRequest:
		return c.tellDevices(r)
	default:
		return clip(plain(inner(r.content)), 600)
	}
	return c.lang.say("fail_other", nil)
}

// tellDone says what a result says was done, and nothing more.
func (c *conversation) tellDone(r result, d prompts.Done) string {
	number := map[string]any{"Number": d.Number, "Subject": inline(d.Subject, 120)}
	switch {
	case r.tool == prompts.ToolPerson:
		return c.lang.say("person_asked", nil)
	case r.tool == prompts.ToolFixed && d.Number <= 0:
		return c.lang.say("closing", nil) // there is nothing to ask about
	case r.tool == prompts.ToolFixed:
		return c.lang.say("fixed_asked", number)
	case d.Number <= 0:
		return c.lang.say("fail_other", nil)
	case r.tool == prompts.ToolAdd:
		return c.lang.say("added", number)
	case d.Existing:
		return c.lang.say("existing", number)
	case d.Subject == "":
		return join(" ", c.lang.say("created_plain", number), c.lang.say("created_after", nil))
	}
	return join("\n\n", c.lang.say("created", number), c.lang.say("created_after", nil))
}

func (c *conversation) tellFailure(r result, code string) string {
	key, offer := "fail_other", ""
	switch code {
	case "not_found":
		if r.tool == prompts.ToolGet || r.tool == prompts.ToolAdd {
			key = "fail_ticket"
		}
		switch r.tool {
		case prompts.ToolAct, prompts.ToolSoftware, prompts.ToolStatus:
			key = "fail_device"
		case prompts.ToolInstall:
			return join(" ", c.lang.say("fail_software", nil), c.offer("offer"))
		}
	case "policy", "forbidden":
		key = "fail_policy"
	}
	if r.tool != prompts.ToolPerson && key != "fail_ticket" && c.offers(prompts.ToolPerson) {
		offer = c.lang.say("offer_person", nil)
	}
	return join(" ", c.lang.say(key, nil), offer)
}

func (c *conversation) tellList(list prompts.Tickets) string {
	var lines []string
	matter := c.now.askedAfter()
	filter := c.now.has("is_open") && len(matter) == 0
	tickets := list.Tickets
	if len(matter) > 0 {
		tickets = about(tickets, matter, c.lang.name)
		list.More = list.More && len(tickets) == len(list.Tickets)
	}
	for _, t := range tickets {
		if filter && (t.Status == "resolved" || t.Status == "closed") {
			continue
		}
		if len(lines) == 15 {
			list.More = true
			break
		}
		lines = append(lines, "- "+c.lang.say("ticket_line", c.line(t)))
	}
	if len(lines) == 0 {
		if len(list.Tickets) > 0 || c.now.statusWanted() != "" {
			return c.lang.say("list_none_status", nil)
		}
		return c.lang.say("list_none", nil)
	}
	more := ""
	if list.More {
		more = c.lang.say("list_more", nil)
	}
	return join("\n\n", c.lang.say("list_intro", nil), strings.Join(lines, "\n"), more)
}

func (c *conversation) line(t prompts.TicketLine) map[string]any {
	status := inline(t.StatusName, 60)
	if status == "" && t.Status != "" {
		status = c.lang.say("status_"+t.Status, nil)
	}
	if status == "" {
		status = inline(t.Status, 20)
	}
	return map[string]any{"Number": strconv.FormatInt(t.Number, 10), "Subject": inline(t.Subject, 120), "Status": status}
}

func (c *conversation) tellTicket(t prompts.Ticket) string {
	head := c.lang.say("ticket_status", c.line(t.TicketLine))
	if t.Updated != "" {
		head += " " + c.lang.say("ticket_updated", map[string]any{"Date": inline(t.Updated, 20)})
	}
	if len(t.Replies) == 0 {
		return head + " " + c.lang.say("ticket_no_reply", nil)
	}
	last := t.Replies[len(t.Replies)-1]
	quote := "> " + strings.ReplaceAll(clip(plain(last.Text), 600), "\n", "\n> ")
	return head + "\n\n" + c.lang.say("ticket_reply", map[string]any{"Author": inline(last.Author, 60)}) + "\n\n" + quote
}

// inner is the payload of a tool result: what the untrusted markers hold, or
// all of it without them.
func inner(content string) string {
	if _, text, ok := prompts.Unwrap(content); ok {
		return text
	}
	return content
}

// decode reads the JSON object in a result, whatever stands around it.
func decode(content string, v any) bool {
	text := inner(content)
	start, end := strings.IndexByte(text, '{'), strings.LastIndexByte(text, '}')
	if start < 0 || end < start {
		return false
	}
	return json.Unmarshal([]byte(text[start:end+1]), v) == nil
}

// failure returns the code of a result that reports an error, "" for others.
// What cannot be read at all is a failure too: nothing may be claimed on it.
func failure(content string) string {
	var f prompts.Failure
	if !decode(content, &f) {
		return "unreadable"
	}
	if f.Error.Code == "" && f.Error.Message != "" {
		return "error"
	}
	return f.Error.Code
}

// inline makes somebody's text safe to stand in a line of ours.
func inline(s string, n int) string {
	s = clip(strings.Join(strings.Fields(prompts.Neutral(s)), " "), n)
	return escapes.Replace(s)
}

var escapes = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, "!", "!", "|", `\|`)
