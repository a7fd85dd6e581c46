package offline

import (
	"slices"
	"strings"

	"github.com/conserje/conserje/prompts"
)

// devices answers a wish about devices or software. text is what names the
// device, the message itself when it is empty.
func (c *conversation) devices(r *reading, text string) reply {
	if text == "" {
		text = r.text
	}
	if !c.offers(string(r.intent)) {
		return c.cannot("off_act")
	}
	switch r.intent {
	case wantsDevices, wantsStatus:
		return reply{calls: []call{{string(r.intent), map[string]any{}}}}
	case wantsSoftware:
		return reply{calls: []call{{prompts.ToolSoftware, map[string]any{"device": nil, "query": nil}}}}
	case wantsRequest:
		name := r.program
		if name == "" {
			name = clip(r.text, 100)
		}
		return reply{calls: []call{{prompts.ToolRequest, map[string]any{"name": name, "reason": clip(r.text, 1000)}}}}
	default: // an act, on one device
	}
	if c.facts == nil {
		if c.offers(prompts.ToolDevices) {
			return reply{calls: []call{{prompts.ToolDevices, map[string]any{}}}}
		}
		return c.cannot("off_act")
	}
	fits := c.meant(text)
	switch len(fits) {
	case 0:
		return reply{text: join(" ", c.lang.say("no_device", nil), c.offer("offer"))}
	case 1:
	default:
		return reply{text: c.lang.say("ask_device", map[string]any{"Devices": names(fits)})}
	}
	if r.intent == wantsInstall {
		return reply{calls: []call{{prompts.ToolInstall, map[string]any{"device": fits[0].Name, "software": r.program}}}}
	}
	return reply{calls: []call{{prompts.ToolAct, map[string]any{"device": fits[0].Name, "operation": r.operation}}}}
}

func names(list []prompts.DeviceLine) string {
	var out []string
	for _, d := range list {
		out = append(out, inline(d.Name, 60))
	}
	return strings.Join(out, ", ")
}

// meant are the devices that a text means: those it names, else those of the
// system it names, else all.
func (c *conversation) meant(text string) []prompts.DeviceLine {
	said := bag(text)
	var named, system []prompts.DeviceLine
	for _, d := range c.facts.Devices {
		parts := wordsOf(d.Name)
		if len(parts) > 0 && !slices.ContainsFunc(parts, func(w string) bool { return !slices.Contains(said, w) }) {
			named = append(named, d)
		}
		for _, w := range systemWords[d.System] {
			if slices.Contains(said, w) {
				system = append(system, d)
				break
			}
		}
	}
	switch {
	case len(named) > 0:
		return named
	case len(system) > 0:
		return system
	}
	return c.facts.Devices
}

// systemWords are names of makers, the same in every language.
var systemWords = map[string][]string{
	"windows": {"windows", "win"}, "macos": {"mac", "macbook", "macos", "imac", "apple"}, "linux": {"linux", "ubuntu", "debian", "fedora"},
}

func (c *conversation) onlyDevice() string {
	if c.facts != nil && len(c.facts.Devices) > 0 {
		return c.facts.Devices[0].Name
	}
	return "-"
}

// theDevice takes the device that answers "which one?", for the wish before it.
func (c *conversation) theDevice() (reply, bool) {
	for _, s := range slices.Backward(c.before) {
		if !s.user {
			continue
		}
		r := read(s.text, detect(s.text, c.lang))
		if r.intent == wantsAct || r.intent == wantsInstall {
			return c.devices(r, c.user), true
		}
	}
	return reply{}, false
}

// tellDevices says what a tool for devices answered, and nothing more.
func (c *conversation) tellDevices(r result) string {
	switch r.tool {
	case prompts.ToolDevices:
		var d prompts.Devices
		if decode(r.content, &d) {
			return c.tellOwn(d)
		}
	case prompts.ToolSoftware:
		var s prompts.Software
		if decode(r.content, &s) {
			return c.tellShelf(s)
		}
	case prompts.ToolStatus:
		var a prompts.Actions
		if decode(r.content, &a) {
			return c.tellActions(a)
		}
	case prompts.ToolRequest:
		var q prompts.Requested
		if decode(r.content, &q) && q.OK {
			key := "requested"
			if q.Ticket > 0 {
				key = "requested_ticket"
			}
			return c.lang.say(key, map[string]any{"Name": inline(q.Name, 100), "Number": q.Ticket})
		}
	default:
		var p prompts.Proposed
		if decode(r.content, &p) && p.OK {
			return c.lang.say("proposed", map[string]any{"Action": c.action(p.ActionLine)})
		}
	}
	return c.lang.say("fail_other", nil)
}

// action is an act and its device, as a title: "Restart, LAPTOP-7".
func (c *conversation) action(a prompts.ActionLine) string {
	name := c.lang.say("act_"+a.Operation, nil)
	if a.Software != "" {
		name += " " + inline(a.Software, 80)
	}
	return name + ", " + inline(a.Device, 60)
}

func (c *conversation) tellOwn(d prompts.Devices) string {
	if len(d.Devices) == 0 {
		return join(" ", c.lang.say("no_device", nil), c.offer("offer"))
	}
	lines := []string{}
	for _, one := range d.Devices {
		key := "device_offline"
		if one.Online {
			key = "device_online"
		}
		lines = append(lines, "- "+c.lang.say(key, map[string]any{"Name": inline(one.Name, 60), "System": inline(one.System, 20)}))
	}
	return c.lang.say("devices_intro", nil) + "\n\n" + strings.Join(lines, "\n")
}

func (c *conversation) tellShelf(s prompts.Software) string {
	if len(s.Software) == 0 {
		return c.lang.say("shelf_none", nil)
	}
	lines := []string{}
	for _, one := range s.Software[:min(len(s.Software), 20)] {
		line := "- **" + inline(one.Name, 80) + "**"
		if one.Description != "" {
			line += ": " + inline(one.Description, 120)
		}
		lines = append(lines, line)
	}
	return join("\n\n", c.lang.say("shelf_intro", nil), strings.Join(lines, "\n"), c.lang.say("shelf_after", nil))
}

func (c *conversation) tellActions(a prompts.Actions) string {
	if len(a.Actions) == 0 {
		return c.lang.say("actions_none", nil)
	}
	lines := []string{}
	for _, one := range a.Actions[:min(len(a.Actions), 5)] {
		state := c.lang.say("state_"+one.State, nil)
		if state == "" {
			state = inline(one.State, 20)
		}
		lines = append(lines, "- "+c.action(one)+": "+state)
	}
	return c.lang.say("actions_intro", nil) + "\n\n" + strings.Join(lines, "\n")
}
