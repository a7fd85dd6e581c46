package tickets_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

func (b *bundle) macro(d tickets.MacroDraft) tickets.Macro {
	b.t.Helper()
	m, err := b.service.AddMacro(as(b.t, b.adam), d)
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func TestAMacroSpeaksTheRequestersLanguageAndIsSentWithItsChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	field, incident := b.choiceOf("type", 0)
	m := b.macro(tickets.MacroDraft{
		Names: &tickets.Names{"en": "Ask to restart"},
		Texts: &tickets.Names{"en": "Hello {{ contact_name }} of {{company}}, about #{{ticket_number}} “{{ticket_subject}}”: {{technician_name}}", "fr": "Bonjour {{contact_first_name}}"},
		Changes: &tickets.MacroChanges{Status: "pending", Priority: "high", Assignee: "me", Fields: map[string]any{
			"type": string(incident),
		}},
	})
	ticket := b.create(b.ana, "{{technician_name}} cannot print")
	p, err := b.service.Prepare(as(t, b.tess), ticket.ID, m.ID)
	want := "Hello ana of Acme, about #1 “{{technician_name}} cannot print”: tess"
	if err != nil || p.Text != want || p.Assignee == nil || p.Assignee.ID != b.tess.User || p.Changes.Status != "pending" {
		t.Fatalf("%+v %v", p, err)
	}
	if d, err := b.service.Get(as(t, b.tess), ticket.ID); err != nil || d.Status != tickets.StatusNew || len(d.Replies) != 0 {
		t.Errorf("looking at it changed something: %+v %v", d, err)
	}
	list, err := b.service.ApplyMacro(as(t, b.tess), []desk.ID{ticket.ID, desk.NewID()}, m.ID)
	if err != nil || !list[0].OK || list[1].OK || list[1].Code != desk.CodeNotFound {
		t.Fatalf("%+v %v", list, err)
	}
	d, err := b.service.Get(as(t, b.tess), ticket.ID)
	if err != nil || len(d.Replies) != 1 || d.Replies[0].Text != want || d.Status != tickets.StatusPending || d.Priority != "high" ||
		d.Assignee == nil || d.Assignee.ID != b.tess.User || len(d.Fields) != 1 || d.Fields[0].Field != field {
		t.Errorf("%+v %v", d, err)
	}
	_, err = b.service.ApplyMacro(as(t, b.ana), []desk.ID{ticket.ID}, m.ID)
	wantCode(t, "a contact applies it", err, desk.CodeForbidden)
	_, err = b.service.Prepare(as(t, b.ana), ticket.ID, m.ID)
	wantCode(t, "a contact looks at it", err, desk.CodeForbidden)
	_, err = b.service.Prepare(as(t, b.zara), ticket.ID, m.ID)
	wantCode(t, "another portal", err, desk.CodeNotFound)
}

func TestAReplyAndItsChangesAreMadeTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "x")
	status, high, bad := tickets.StatusPending, tickets.Priority("high"), tickets.Priority("loud")
	_, err := b.service.Answer(as(t, b.ana), ticket.ID, tickets.Answer{Text: "hello", Change: tickets.Change{Priority: &high}})
	wantCode(t, "a contact", err, desk.CodeForbidden)
	_, err = b.service.Answer(as(t, b.tess), ticket.ID, tickets.Answer{Text: "hello", Change: tickets.Change{Status: &status, Priority: &bad}})
	wantCode(t, "no priority", err, desk.CodeInvalid)
	if d, err := b.service.Get(as(t, b.tess), ticket.ID); err != nil || len(d.Replies) != 0 || d.Status != tickets.StatusNew {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := b.service.Answer(as(t, b.tess), ticket.ID, tickets.Answer{Text: "hello", Change: tickets.Change{Status: &status, Priority: &high, Assignee: &b.adam.User}}); err != nil {
		t.Fatal(err)
	}
	if d, err := b.service.Get(as(t, b.tess), ticket.ID); err != nil || len(d.Replies) != 1 || d.Status != status || d.Priority != high || d.Assignee.ID != b.adam.User {
		t.Errorf("%+v %v", d, err)
	}
}

func TestMacrosAreKeptByAdminsAndHaveNoLogic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	names := &tickets.Names{"en": "x"}
	for _, c := range []struct {
		name string
		who  desk.Viewer
		d    tickets.MacroDraft
		want desk.Code
	}{
		{"a technician", b.tess, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "hello"}}, desk.CodeForbidden},
		{"a contact", b.ana, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "hello"}}, desk.CodeForbidden},
		{"no name", b.adam, tickets.MacroDraft{Texts: &tickets.Names{"en": "hello"}}, desk.CodeEmptyText},
		{"nothing in it", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "  "}}, desk.CodeEmptyText},
		{"no such variable", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "{{password}}"}}, desk.CodeUnknownVariable},
		{"logic", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "{{if contact_name}}"}}, desk.CodeUnknownVariable},
		{"arithmetic", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "{{7*7}}"}}, desk.CodeUnknownVariable},
		{"no such language", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"xx": "hello"}}, desk.CodeInvalid},
		{"no such status", b.adam, tickets.MacroDraft{Names: names, Changes: &tickets.MacroChanges{Status: "lost"}}, desk.CodeInvalid},
		{"no technician", b.adam, tickets.MacroDraft{Names: names, Changes: &tickets.MacroChanges{Assignee: string(b.ana.User)}}, desk.CodeInvalid},
		{"no such field", b.adam, tickets.MacroDraft{Names: names, Changes: &tickets.MacroChanges{Fields: map[string]any{"weather": 1}}}, desk.CodeInvalid},
		{"too long", b.adam, tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": strings.Repeat("x", 5001)}}, desk.CodeTextTooLong},
	} {
		_, err := b.service.AddMacro(as(t, c.who), c.d)
		wantCode(t, c.name, err, c.want)
	}
	_, err := b.service.AddMacro(as(t, b.adam), tickets.MacroDraft{Names: names, Texts: &tickets.Names{"en": "{{password}}"}})
	var e *desk.Error
	if !errors.As(err, &e) || e.Params["name"] != "password" {
		t.Errorf("which variable: %+v", e)
	}
	m := b.macro(tickets.MacroDraft{Names: names, Changes: &tickets.MacroChanges{Priority: "low"}})
	if m, err = b.service.ChangeMacro(as(t, b.adam), m.ID, tickets.MacroDraft{Names: &tickets.Names{"en": "Later", "de": "Später"}}); err != nil || m.Changes.Priority != "low" {
		t.Errorf("%+v %v", m, err)
	}
	list, err := b.service.Macros(as(t, b.tess))
	if err != nil || !slices.ContainsFunc(list, func(x tickets.Macro) bool { return x.Name == "Later" }) {
		t.Errorf("%+v %v", list, err)
	}
	if other, err := b.service.Macros(as(t, b.zara)); err != nil || len(other) != 0 {
		t.Errorf("another portal: %+v %v", other, err)
	}
	wantCode(t, "a technician removes it", b.service.RemoveMacro(as(t, b.tess), m.ID), desk.CodeForbidden)
	if err := b.service.RemoveMacro(as(t, b.adam), m.ID); err != nil {
		t.Error(err)
	}
}
