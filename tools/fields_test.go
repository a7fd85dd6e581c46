package tools

import (
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// Holds R19, R21, R26: what the portal hides from users, the assistant does not
// tell them, from the next call on.
func TestTicketToolsHideWhatThePortalHides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.ticket(w.ana, "Zanzibar")
	admin := desk.WithViewer(t.Context(), w.admin)
	list, err := w.tickets.Fields(admin)
	if err != nil {
		t.Fatal(err)
	}
	get := `{"number":` + strconv.FormatInt(k.Number, 10) + `}`
	for _, c := range []struct{ field, told string }{{"subject", `"subject"`}, {"description", `"description"`}, {"status", `"status"`}} {
		for _, f := range list {
			if f.Key == "subject" || f.Key == "description" || f.Key == "status" {
				mode := tickets.ModeEdit
				if f.Key == c.field {
					mode = tickets.ModeHidden
				}
				if _, err := w.tickets.ChangeField(admin, f.ID, tickets.FieldDraft{Mode: &mode}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for who, v := range map[string]desk.Viewer{"ana": w.ana, "tess": w.tess} {
			res := w.run(v, prompts.ToolGet, get)
			if told := strings.Contains(res.Content, c.told); !res.OK || told != (who == "tess") {
				t.Errorf("%s hidden, get_ticket as %s: %s", c.field, who, res.Content)
			}
		}
		if res := w.run(w.ana, prompts.ToolList, `{"status":null}`); !res.OK || c.field != "description" && strings.Contains(res.Content, c.told) {
			t.Errorf("%s hidden, list_my_tickets: %s", c.field, res.Content)
		}
		made := w.run(w.ana, prompts.ToolCreate, `{"subject":"Quagga `+c.field+`","description":"It barks."}`)
		if !made.OK || c.field != "description" && strings.Contains(made.Content, c.told) {
			t.Errorf("%s hidden, create_ticket: %s", c.field, made.Content)
		}
	}
	if res := w.run(w.ana, prompts.ToolList, `{"status":"open"}`); res.OK || res.Code != desk.CodePolicy {
		t.Errorf("a list by a hidden status: %+v", res)
	}
}
