package chat_test

import (
	"encoding/json"
	"testing"

	"github.com/conserje/conserje/portal/desk"
)

// A technician's first keystroke silences the assistant, and its user sees who
// is there and that they write; typing in one's own chat takes nothing.
// Holds P3, P4.
func TestATechniciansFirstKeystrokeTakesTheConversation(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	tessa := h.visitor("tess", desk.RoleTechnician)
	ana, tess := n.dial(t, h.visitor("ana", desk.RoleContact)), n.dial(t, tessa)
	id := ana.open("", 0)
	ana.send(`{"type":"say","id":"m1","text":"hello"}`)
	ana.until("turn_ended")
	tess.open(id, 0)
	tess.send(`{"type":"typing"}`)
	taken := func() (by string) {
		for _, e := range h.log(id) {
			var b desk.Handoff
			if e.Kind == desk.KindHandoff && json.Unmarshal(e.Body, &b) == nil && b.State == "taken" {
				by = b.Name
			}
		}
		return by
	}
	if m := ana.until("presence"); m.Name != "tess" || m.State != "typing" {
		t.Errorf("%+v", m)
	}
	if by := taken(); by != "tess" {
		t.Errorf("taken by %q at the first keystroke", by)
	}
	before := len(h.log(id))
	ana.send(`{"type":"say","id":"m2","text":"are you there?"}`)
	ana.until("ack")
	for _, e := range h.log(id)[before:] {
		if e.Kind == desk.KindAssistantMessage || e.Kind == desk.KindTurnEnded {
			t.Errorf("the assistant answered: %s", e.Body)
		}
	}
	own := tess.open("", 0)
	tess.send(`{"type":"say","id":"m3","text":"a question of my own"}`)
	tess.until("turn_ended")
	tess.send(`{"type":"typing"}`)
	tess.send(`{"type":"ping"}`)
	tess.until("pong")
	for _, e := range h.log(own) {
		if e.Kind == desk.KindHandoff {
			t.Error("a technician took their own conversation by typing")
		}
	}
}
