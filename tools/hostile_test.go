package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
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

// fleet gives ana and ben a device each, one program to both, and the registry
// every tool there is over the real ledger. commands counts what the agents
// would be given.
func (w *world) fleet() (laptop, foreign, program desk.ID, commands func() int) {
	w.t.Helper()
	laptop, foreign, program = desk.NewID(), desk.NewID(), desk.NewID()
	storetest.InTx(w.t, w.store, w.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		for id, v := range map[desk.ID]desk.Viewer{laptop: w.ana, foreign: w.ben} {
			_, err := tx.Exec(ctx, `with d as (insert into devices (tenant_id, id, name, system, sign_key, seal_key)
				values ($1, $2::uuid, 'LAPTOP-' || $4, 'windows', decode(repeat(replace($2::uuid::text, '-', ''), 2), 'hex'), decode(repeat('00', 32), 'hex')))
				insert into device_assignments (tenant_id, device_id, user_id, account) values ($1, $2::uuid, $3, $4)`, v.Tenant, id, v.User, v.Name)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `with s as (insert into software (tenant_id, id, name) values ($1, $2, 'Firefox'))
			insert into software_packages (tenant_id, software_id, system, manager, package) values ($1, $2, 'windows', 'chocolatey', 'firefox')`, w.ana.Tenant, program)
		return err
	})
	catalogue := software.New(w.store)
	service := actions.New(actions.Config{Store: w.store, Catalogue: catalogue, Log: storetest.Log(w.t), ProposalsAtMost: 100_000})
	ledger := &Own{Software: catalogue, Actions: service}
	var err error
	if w.registry, err = NewRegistry(w.store, storetest.Log(w.t), All(w.store, finder(func() []kb.Hit { return w.passages }), w.tickets, ledger)...); err != nil {
		w.t.Fatal(err)
	}
	return laptop, foreign, program, func() (n int) {
		w.t.Helper()
		for _, device := range []desk.ID{laptop, foreign} {
			list, err := service.Deliverable(w.t.Context(), w.ana.Tenant, device)
			if err != nil {
				w.t.Fatal(err)
			}
			n += len(list)
		}
		return n
	}
}

// effects is what an act would leave behind: actions, their steps, requests,
// codes, messages, jobs. That a ticket came in is mailed to its user; tickets are
// counted elsewhere.
func (w *world) effects() string {
	w.t.Helper()
	var s string
	storetest.InTx(w.t, w.store, w.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select concat_ws(' ', (select count(*) from actions), (select count(*) from action_history where state <> 'proposed'),
			(select count(*) from software_requests), (select count(*) from challenges), (select count(*) from phones), (select count(*) from messages_out),
			(select count(*) from secret_outbox), (select count(*) from river.river_job where not (kind = 'ticket_mail' and args ->> 'template' = 'ticket_opened')))`).Scan(&s)
	})
	return s
}

// What is wrong with the file's calls is wrong for every tool, so each is tried
// on each of ours too, whatever the person asked for.
func TestHostileCallsChangeNoRow(t *testing.T) {
	w := newWorld(t)
	own, foreign := w.ticket(w.ana, "mine"), w.ticket(w.chloe, "not mine")
	laptop, cfo, program, commands := w.fleet()
	w.asked = []string{"restart", "lock", "shutdown", "logout", "reset_password", "install_software"}
	fill := strings.NewReplacer("{{OTHER_USERS_DEVICE_ID}}", string(cfo), "{{OTHER_TENANT_DEVICE_ID}}", string(desk.NewID()), "{{OWN_DEVICE_ID}}", string(laptop),
		"{{APPROVED_PACKAGE}}", string(program), "{{UNAPPROVED_PACKAGE}}", string(desk.NewID()), "{{OTHER_USER_ID}}", string(w.ben.User))
	ours := strings.NewReplacer(`"device_id"`, `"device"`, `"package_id"`, `"software"`)
	good := map[string]string{
		prompts.ToolSearch: `{"query":"x"}`, prompts.ToolList: `{"status":null}`, prompts.ToolGet: fmt.Sprintf(`{"number":%d}`, own.Number),
		prompts.ToolCreate: `{"subject":"s","description":"d"}`, prompts.ToolAdd: fmt.Sprintf(`{"number":%d,"text":"t"}`, own.Number),
		prompts.ToolAct: fmt.Sprintf(`{"device":%q,"operation":"lock"}`, laptop), prompts.ToolInstall: fmt.Sprintf(`{"device":%q,"software":%q}`, laptop, program),
		prompts.ToolRequest: `{"name":"AutoCAD","reason":"drawings"}`,
		prompts.ToolPerson:  `{"reason":"r"}`,
	}
	before := w.rows()
	tried := map[string]int{}
	for _, h := range hostileCalls(t) {
		class, _, _ := strings.Cut(h.Class, ":")
		if h.Tool == nil {
			continue // text only: text is never read as a call
		}
		tried[class]++
		args := fill.Replace(h.Arguments)
		if res := w.run(w.ana, *h.Tool, args); res.OK || len(res.Content) > 600 || strings.ContainsAny(res.Content[30:], "\r") {
			t.Errorf("%s as it stands: %.300s", h.ID, res.Content)
		}
		for name := range good {
			if class == "invented_tool" {
				continue
			}
			if res := w.run(w.ana, name, args); res.OK {
				t.Errorf("%s on %s: %.300s", h.ID, name, res.Content)
			}
		}
		if class == "foreign_device" || class == "package_id" { // the same wish in the words of our own schema
			if res := w.run(w.ana, prompts.ToolInstall, ours.Replace(args)); res.OK {
				t.Errorf("%s in our words: %.300s", h.ID, res.Content)
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
	if got := w.effects(); got != "0 0 0 0 0 0 0 0" {
		t.Errorf("actions, steps, requests, codes, numbers, messages, secrets, jobs: %s", got)
	}
	if n := commands(); n != 0 {
		t.Errorf("%d commands for agents", n)
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
	// The good ones propose and ask; that is all that a call can do.
	if got := w.effects(); got != "2 0 1 0 0 0 0 0" {
		t.Errorf("good calls: actions, steps, requests, codes, numbers, messages, secrets, jobs: %s", got)
	}
	if n := commands(); n != 0 {
		t.Errorf("%d commands by good calls", n)
	}
}
