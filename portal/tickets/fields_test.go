package tickets_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/tickets"
)

func (b *bundle) fields() map[string]tickets.FieldRow {
	b.t.Helper()
	list, err := b.service.Fields(as(b.t, b.adam))
	if err != nil {
		b.t.Fatal(err)
	}
	m := map[string]tickets.FieldRow{}
	for _, f := range list {
		m[f.Key+f.Names["en"]] = f
	}
	return m
}

func (b *bundle) mode(name string, mode tickets.Mode) {
	b.t.Helper()
	if _, err := b.service.ChangeField(as(b.t, b.adam), b.fields()[name].ID, tickets.FieldDraft{Mode: &mode}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) addField(kind tickets.FieldKind, name string, options ...string) tickets.FieldRow {
	b.t.Helper()
	d := tickets.FieldDraft{Kind: kind, Names: &tickets.Names{"en": name}}
	if len(options) > 0 {
		list := []tickets.FieldOption{}
		for _, o := range options {
			list = append(list, tickets.FieldOption{Names: tickets.Names{"en": o}})
		}
		d.Options = &list
	}
	f, err := b.service.AddField(as(b.t, b.adam), d)
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

func raw(v any) json.RawMessage {
	r, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return r
}

// Holds R21, R26: each built-in field in each mode, for what is read, changed,
// opened with and searched, at the next request.
func TestR21FieldsAreWhatTheirModeSaysAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ticket := b.create(b.ana, "Zanzibar")
	typ := b.fields()["type"]
	wish := typ.Options[0].ID
	if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Assignee: &b.tess.User, Fields: tickets.Values{"type": raw(wish)}}); err != nil {
		t.Fatal(err)
	}
	high := tickets.Priority("high")
	changes := map[string]tickets.Change{
		"subject": {Subject: new("Zanzibar again")}, "description": {Description: new("Quagga")}, "status": {Status: new(tickets.StatusResolved)},
		"priority": {Priority: &high}, "assignee": {Assignee: &b.adam.User}, "type": {Fields: tickets.Values{"type": raw(typ.Options[1].ID)}},
	}
	told := map[string]func(d tickets.Details) bool{
		"subject": func(d tickets.Details) bool { return d.Subject != "" }, "description": func(d tickets.Details) bool { return d.Description != "" },
		"status": func(d tickets.Details) bool { return d.Status != "" || d.Kind != "" }, "priority": func(d tickets.Details) bool { return d.Priority != "" },
		"assignee": func(d tickets.Details) bool { return d.Assignee != nil }, "type": func(d tickets.Details) bool { return len(d.Fields) > 0 },
	}
	for field, change := range changes {
		for _, mode := range []tickets.Mode{tickets.ModeHidden, tickets.ModeReadOnly, tickets.ModeEdit} {
			b.mode(field, mode)
			d, err := b.service.Get(as(t, b.ana), ticket.ID)
			if err != nil || told[field](d) != (mode != tickets.ModeHidden) {
				t.Errorf("%s %s: told %v, %v", mode, field, told[field](d), err)
			}
			if whole, err := b.service.Get(as(t, b.tess), ticket.ID); err != nil || !told[field](whole) {
				t.Errorf("%s %s is not told to staff: %v", mode, field, err)
			}
			form, err := b.service.Form(as(t, b.ana))
			if met := slices.ContainsFunc(form, func(f tickets.FieldInfo) bool { return f.Key == field }); err != nil || met != (mode != tickets.ModeHidden) {
				t.Errorf("%s %s: in the form %v, %v", mode, field, met, err)
			}
			_, err = b.service.Change(as(t, b.ana), ticket.ID, change)
			switch mode {
			case tickets.ModeHidden:
				wantRule(t, err, policy.RuleFieldHidden)
			case tickets.ModeReadOnly:
				wantRule(t, err, policy.RuleFieldReadOnly)
			default:
				if err != nil {
					t.Errorf("%s %s: %v", mode, field, err)
				}
			}
		}
	}
	d, err := b.service.Get(as(t, b.tess), ticket.ID)
	if err != nil || d.Subject != "Zanzibar again" || d.Description != "Quagga" || d.Status != tickets.StatusResolved || d.Priority != high ||
		d.Assignee.ID != b.adam.User || d.Fields[0].Options[0].ID != typ.Options[1].ID {
		t.Errorf("%+v %v", d, err)
	}
}

// Holds R21: what is hidden is not found by its words, nor asked for by a filter.
func TestR21HiddenFieldIsNotSearched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "zanzibar", Description: "quagga"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		hidden            []string
		subject, describe int
	}{
		{nil, 1, 1},
		{[]string{"subject"}, 0, 1},
		{[]string{"description"}, 1, 0},
	} {
		for _, f := range []string{"subject", "description"} {
			b.mode(f, tickets.ModeEdit)
		}
		for _, f := range c.hidden {
			b.mode(f, tickets.ModeHidden)
		}
		for _, who := range []desk.Viewer{b.ana, b.ben, b.tess} {
			for q, want := range map[string]int{"zanzibar": c.subject, "quagg": c.describe, "1": 1} {
				if who.Role.Staff() {
					want = 1
				}
				page, err := b.service.List(as(t, who), tickets.Filter{Query: q})
				if err != nil || len(page.Items) != want {
					t.Errorf("%v hidden, %s asks for %q: %d, want %d, %v", c.hidden, who.Name, q, len(page.Items), want, err)
				}
			}
		}
	}
	b.mode("status", tickets.ModeHidden)
	_, err := b.service.List(as(t, b.ana), tickets.Filter{Status: []tickets.Status{"open"}})
	wantRule(t, err, policy.RuleFieldHidden)
	_, err = b.service.List(as(t, b.ana), tickets.Filter{Kinds: []tickets.StatusKind{"open"}})
	wantRule(t, err, policy.RuleFieldHidden)
}

// Holds R21: a form may only bring what users fill in.
func TestR21FormIsHeldToTheModes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	option := b.fields()["impact"].Options[0].ID
	_, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Priority: "high"})
	wantRule(t, err, policy.RuleFieldReadOnly)
	_, err = b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Fields: tickets.Values{"impact": raw(option)}})
	wantRule(t, err, policy.RuleFieldHidden)
	b.mode("priority", tickets.ModeEdit)
	b.mode("impact", tickets.ModeEdit)
	d, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Priority: "high", Fields: tickets.Values{"impact": raw(option)}})
	if err != nil || d.Priority != "high" {
		t.Errorf("%+v %v", d, err)
	}
	b.mode("subject", tickets.ModeHidden)
	_, err = b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Description: "y"})
	wantRule(t, err, policy.RuleFieldHidden)
	d, err = b.service.Create(as(t, b.ana), tickets.Draft{Description: "The first line.\nThe second."})
	whole, wholeErr := b.service.Get(as(t, b.tess), d.ID)
	if err != nil || wholeErr != nil || d.Subject != "" || whole.Subject != "The first line." {
		t.Errorf("%+v %+v %v %v", d, whole, err, wholeErr)
	}
	_, err = b.service.ChangeField(as(t, b.adam), b.fields()["description"].ID, tickets.FieldDraft{Mode: new(tickets.ModeHidden)})
	wantCode(t, "hiding both words", err, desk.CodeInvalid)
}

// Holds R22: values of each kind are stored as what they are, and others refused.
func TestR22FieldOfEachKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	choice, choices := b.addField(tickets.FieldChoice, "Floor", "One", "Two"), b.addField(tickets.FieldChoices, "Rooms", "A", "B", "C")
	foreign := b.addField(tickets.FieldChoice, "Building", "North").Options[0].ID
	ticket := b.create(b.ana, "Printer")
	for _, c := range []struct {
		field     tickets.FieldRow
		good, bad []any
	}{
		{b.addField(tickets.FieldText, "Asset"), []any{"LT-7", "ünï"}, []any{7, true, "a\x00", string(make([]byte, 501))}},
		{b.addField(tickets.FieldLongText, "Steps"), []any{"one\ntwo"}, []any{[]string{"x"}, string(make([]byte, 8001))}},
		{b.addField(tickets.FieldNumber, "Seats"), []any{7.5, 0, -3}, []any{"7", 1e16, true}},
		{b.addField(tickets.FieldDate, "Until"), []any{"2026-12-24"}, []any{"24.12.2026", "2026-02-30", "0001-01-01", 5}},
		{b.addField(tickets.FieldYesNo, "Urgent"), []any{true, false}, []any{"yes", 1}},
		{choice, []any{choice.Options[1].ID}, []any{foreign, "x", choices.Options[0].ID, []desk.ID{choice.Options[0].ID}}},
		{choices, []any{[]desk.ID{choices.Options[2].ID, choices.Options[0].ID}}, []any{choices.Options[0].ID, []desk.ID{foreign}}},
	} {
		set := func(v any) error {
			_, err := b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Fields: tickets.Values{string(c.field.ID): raw(v)}})
			return err
		}
		for _, v := range c.good {
			if err := set(v); err != nil {
				t.Errorf("%s %v: %v", c.field.Kind, v, err)
			}
			d, err := b.service.Get(as(t, b.ana), ticket.ID)
			if err != nil || len(d.Fields) != 1 || d.Fields[0].Name != c.field.Name {
				t.Errorf("%s %v: %+v %v", c.field.Kind, v, d.Fields, err)
			}
		}
		before, err := b.service.Get(as(t, b.ana), ticket.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range c.bad {
			var e *desk.Error
			if err := set(v); !errors.As(err, &e) || e.Field != "fields."+string(c.field.ID) || e.Params["name"] != c.field.Name {
				t.Errorf("%s %v: %v", c.field.Kind, v, err)
			}
		}
		after, err := b.service.Get(as(t, b.ana), ticket.ID)
		if err != nil || after.Version != before.Version || string(raw(after.Fields)) != string(raw(before.Fields)) {
			t.Errorf("%s: refused, and changed: %+v %v", c.field.Kind, after.Fields, err)
		}
		if err := set(nil); err != nil {
			t.Errorf("%s: not emptied: %v", c.field.Kind, err)
		}
	}
	_, err := b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Fields: tickets.Values{string(desk.NewID()): raw("x")}})
	wantCode(t, "no such field", err, desk.CodeInvalid)
	_, err = b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Fields: tickets.Values{"subject": raw("x")}})
	wantCode(t, "a column as a value", err, desk.CodeInvalid)
	_, err = b.service.Change(as(t, b.ben), ticket.ID, tickets.Change{Fields: tickets.Values{string(choice.ID): raw(choice.Options[0].ID)}})
	wantCode(t, "a colleague's ticket", err, desk.CodeForbidden)
}

// Holds R22, R26.
func TestR22HiddenFieldIsForStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.addField(tickets.FieldText, "Contract")
	ticket := b.create(b.ana, "Printer")
	value := tickets.Values{string(f.ID): raw("K-77")}
	for _, mode := range []tickets.Mode{tickets.ModeEdit, tickets.ModeHidden, tickets.ModeEdit} {
		b.mode("Contract", mode)
		if _, err := b.service.Change(as(t, b.tess), ticket.ID, tickets.Change{Fields: value}); err != nil {
			t.Fatal(err)
		}
		for who, sees := range map[*desk.Viewer]bool{&b.ana: mode == tickets.ModeEdit, &b.ben: mode == tickets.ModeEdit, &b.tess: true} {
			d, err := b.service.Get(as(t, *who), ticket.ID)
			if err != nil || (len(d.Fields) == 1) != sees {
				t.Errorf("%s, %s sees %+v, %v", mode, who.Name, d.Fields, err)
			}
		}
		_, err := b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Fields: value})
		if mode == tickets.ModeHidden {
			wantRule(t, err, policy.RuleFieldHidden)
		} else if err != nil {
			t.Error(err)
		}
	}
	_, err := b.service.ChangeField(as(t, b.adam), f.ID, tickets.FieldDraft{Mode: new(tickets.ModeReadOnly)})
	wantCode(t, "read-only is for built-in fields", err, desk.CodeInvalid)
}

// Holds R22: what a form needs is asked for by name, of those who see it.
func TestR22RequiredFieldIsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.addField(tickets.FieldText, "Asset")
	if _, err := b.service.ChangeField(as(t, b.adam), f.ID, tickets.FieldDraft{Required: new(true)}); err != nil {
		t.Fatal(err)
	}
	for _, values := range []tickets.Values{nil, {string(f.ID): raw(nil)}, {string(f.ID): raw("")}} {
		_, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Fields: values})
		var e *desk.Error
		if !errors.As(err, &e) || e.Code != desk.CodeFieldRequired || e.Params["name"] != "Asset" {
			t.Errorf("%s: %v", raw(values), err)
		}
	}
	if _, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x", Fields: tickets.Values{string(f.ID): raw("LT-7")}}); err != nil {
		t.Error(err)
	}
	b.mode("Asset", tickets.ModeHidden)
	if _, err := b.service.Create(as(t, b.ana), tickets.Draft{Subject: "x"}); err != nil {
		t.Errorf("users are asked for what they do not see: %v", err)
	}
	if _, ticket := b.chat(b.ana); ticket.ID == "" {
		t.Error("a ticket from the chat needs no form")
	}
}

// Holds R22: what tickets have is archived, not lost.
func TestR22FieldInUseIsArchivedAndKeepsItsValues(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.addField(tickets.FieldChoice, "Floor", "One", "Two")
	ticket := b.create(b.ana, "Printer")
	value := tickets.Values{string(f.ID): raw(f.Options[0].ID)}
	if _, err := b.service.Change(as(t, b.ana), ticket.ID, tickets.Change{Fields: value}); err != nil {
		t.Fatal(err)
	}
	err := b.service.RemoveField(as(t, b.adam), f.ID)
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.CodeInUse || e.Params["tickets"] != int64(1) || e.Params["name"] != "Floor" {
		t.Errorf("%v", err)
	}
	_, err = b.service.ChangeField(as(t, b.adam), f.ID, tickets.FieldDraft{Options: &[]tickets.FieldOption{f.Options[1]}})
	if !errors.As(err, &e) || e.Code != desk.CodeInUse || e.Params["name"] != "One" {
		t.Errorf("%v", err)
	}
	gone := f.Options[0]
	gone.Archived = true
	if _, err := b.service.ChangeField(as(t, b.adam), f.ID, tickets.FieldDraft{Options: &[]tickets.FieldOption{f.Options[1], gone}}); err != nil {
		t.Fatal(err)
	}
	other := b.create(b.ana, "Another")
	_, err = b.service.Change(as(t, b.ana), other.ID, tickets.Change{Fields: value})
	wantCode(t, "an archived choice", err, desk.CodeInvalid)
	if _, err := b.service.ChangeField(as(t, b.adam), f.ID, tickets.FieldDraft{Archived: new(true)}); err != nil {
		t.Fatal(err)
	}
	d, err := b.service.Get(as(t, b.ana), ticket.ID)
	if err != nil || len(d.Fields) != 1 || d.Fields[0].Options[0].Name != "One" {
		t.Errorf("the value went with its field: %+v %v", d.Fields, err)
	}
	form, err := b.service.Form(as(t, b.tess))
	if err != nil || slices.ContainsFunc(form, func(x tickets.FieldInfo) bool { return x.ID == f.ID }) {
		t.Errorf("an archived field is in the form, %v", err)
	}
	if err := b.service.RemoveField(as(t, b.adam), b.addField(tickets.FieldText, "Unused").ID); err != nil {
		t.Error(err)
	}
	wantCode(t, "a built-in field", b.service.RemoveField(as(t, b.adam), b.fields()["type"].ID), desk.CodeBuiltIn)
}
