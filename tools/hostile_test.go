package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/prompts"
)

type hostileCall struct {
	ID, Class, Arguments string
	Tool                 *string
}

var repeat = regexp.MustCompile(`\{\{REPEAT (.+?) (\d+)\}\}`)

func hostileCalls(t *testing.T) []hostileCall {
	t.Helper()
	raw, err := os.ReadFile(desktest.SharedData(t, "data/security/adversarial-tool-calls.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Calls []hostileCall }
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Calls {
		a := strings.NewReplacer("{{REPEAT {\"a\": 5000}}", strings.Repeat(`{"a":`, 5000), "{{REPEAT } 5000}}", strings.Repeat("}", 5000)).Replace(file.Calls[i].Arguments)
		file.Calls[i].Arguments = repeat.ReplaceAllStringFunc(a, func(m string) string {
			part := repeat.FindStringSubmatch(m)
			n, _ := strconv.Atoi(part[2])
			return strings.Repeat(part[1], n)
		})
	}
	return file.Calls
}

// The file speaks of a tool that comes later; what is wrong with its calls is
// wrong for every tool, so each is tried on each of ours too.
func TestHostileCallsChangeNoRow(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.ticket(w.ana, "mine"), w.ticket(w.chloe, "not mine")
	good := map[string]string{
		prompts.ToolSearch: `{"query":"x"}`, prompts.ToolList: `{"status":null}`, prompts.ToolGet: fmt.Sprintf(`{"number":%d}`, own.Number),
		prompts.ToolCreate: `{"subject":"s","description":"d"}`, prompts.ToolAdd: fmt.Sprintf(`{"number":%d,"text":"t"}`, own.Number),
		prompts.ToolPerson: `{"reason":"r"}`,
	}
	before := w.rows()
	tried := map[string]int{}
	for _, h := range hostileCalls(t) {
		class, _, _ := strings.Cut(h.Class, ":")
		if h.Tool == nil {
			continue // text only: text is never read as a call
		}
		tried[class]++
		if res := w.run(w.ana, *h.Tool, h.Arguments); res.OK || len(res.Content) > 600 || strings.ContainsAny(res.Content[30:], "\r") {
			t.Errorf("%s as it stands: %.300s", h.ID, res.Content)
		}
		for name := range good {
			if class == "invented_tool" {
				continue
			}
			if res := w.run(w.ana, name, h.Arguments); res.OK {
				t.Errorf("%s on %s: %.300s", h.ID, name, res.Content)
			}
		}
	}
	smuggled := map[string]any{
		"user_id": w.chloe.User, "tenant_id": w.stranger.Tenant, "company_id": "x", "role": "admin", "approved": true, "skip_2fa": true,
		"code": "000000", "requester_id": w.chloe.User, "conversation_id": w.conversation, "internal": true, "Number": foreign.Number, "__proto__": 1,
	}
	for name, args := range good {
		for key, value := range smuggled {
			extra, _ := json.Marshal(map[string]any{key: value})
			if res := w.run(w.ana, name, args[:len(args)-1]+","+string(extra[1:])); res.OK || res.Code != desk.CodeInvalid {
				t.Errorf("%s with %s: %+v", name, key, res)
			}
			tried["smuggled_identity"]++
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("rows changed:\n%s\n%s", before, after)
	}
	for _, class := range []string{"invented_tool", "smuggled_identity", "malformed_json", "foreign_device", "package_id"} {
		if tried[class] == 0 {
			t.Errorf("no call of class %s", class)
		}
	}
	for name, args := range good {
		if res := w.run(w.ana, name, args); !res.OK {
			t.Errorf("the good call of %s is refused: %s", name, res.Content)
		}
	}
}
