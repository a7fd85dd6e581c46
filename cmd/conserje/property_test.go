package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// deed is what somebody sent: a POST, or frames to the chat. confirms, verifies
// and code say what it would do if the sender were the owner.
type deed struct {
	path, body, key    string
	frames             []string
	confirms, verifies desk.ID
	code               string
}

// act is an action as the script of a run knows it.
type act struct {
	id    desk.ID
	owner *actor
}

// run is one sequence.
type run struct {
	*town
	*rapid.T
	actors  []*actor
	acts    []act
	deeds   []deed
	pressed map[desk.ID]map[desk.ID]string          // action → who confirmed it, and how
	typed   map[desk.ID]map[desk.ID]map[string]bool // action → who → the codes they gave for it
}

// tally is what all runs came to.
type tally struct {
	runs, reached, queued, commands int
	by                              map[string]int // queued actions by where they came from and how they were confirmed
}

// PRODUCT rule 3, SECURITY B1: no sequence of what a model says, of frames in
// the chat and of requests, by whomever, takes an action to its device's queue
// without its owner's confirmation and a fresh code of the owner's for that very
// digest. Rows are the judge, not answers.
// Holds R16, R17, B2.
func TestNoModelFrameOrRequestQueuesWhatItsOwnerDidNotConfirmAndVerify(t *testing.T) {
	desktest.Unraced(t, "a hundred random stories, one after the other")
	t.Parallel()
	c := openTown(t)
	sum := tally{by: map[string]int{}}
	rapid.Check(t, func(r *rapid.T) {
		x := &run{town: c, T: r, actors: c.people(r), pressed: map[desk.ID]map[desk.ID]string{}, typed: map[desk.ID]map[desk.ID]map[string]bool{}}
		defer x.leave()
		if x.one(2, "an honest beginning") {
			x.honest()
		}
		for range rapid.IntRange(7, 15).Draw(r, "steps") {
			x.step()
		}
		x.judge(&sum)
	})
	t.Logf("%d runs, %d of them with queued actions; %d queued, %v; %d commands", sum.runs, sum.reached, sum.queued, sum.by, sum.commands)
	// Honest people get through, by each way; else nothing is shown.
	if sum.reached*3 < sum.runs {
		t.Errorf("only %d of %d runs reached the queue", sum.reached, sum.runs)
	}
	for _, way := range []string{"assistant frame", "assistant request", "self_service frame", "self_service request"} {
		if sum.by[way] == 0 {
			t.Errorf("nothing was queued by way of %s: %v", way, sum.by)
		}
	}
}

func (x *run) leave() {
	for _, a := range x.actors {
		if a.socket != nil {
			_ = a.socket.CloseNow()
		}
	}
}

func draw[T any](x *run, what string, from ...T) T {
	return rapid.SampledFrom(from).Draw(x.T, what)
}

func (x *run) one(in int, what string) bool { return rapid.IntRange(1, in).Draw(x.T, what) == 1 }

func (x *run) step() {
	kinds := []string{"say", "propose"}
	if len(x.acts) > 0 { // what stands first is drawn most
		kinds = []string{"go on", "go on", "ask", "go on", "press", "again", "ask", "go on", "late", "propose", "press", "again", "say", "repoint"}
	}
	switch draw(x, "step", kinds...) {
	case "propose":
		x.propose()
	case "say":
		x.say()
	case "go on":
		x.goOn(draw(x, "act", x.acts...))
	case "press":
		id, who := x.target()
		x.do(who, x.press(draw(x, "button", "confirm", "confirm", "decline"), id, x.one(2, "as a request")))
	case "ask":
		x.ask()
	case "again": // as it was sent, by whoever has it now
		if len(x.deeds) > 0 {
			x.do(draw(x, "who", x.actors...), draw(x, "deed", x.deeds...))
		}
	case "late": // codes and patience run out
		a := draw(x, "act", x.acts...)
		x.exec(x.T, a.owner.Tenant, "update challenges set expires_at = now() - interval '1 second' where action_id = $1 and used_at is null", a.id)
		if x.one(3, "patience") {
			x.exec(x.T, a.owner.Tenant, "update actions set deadline = now() - interval '1 second' where id = $1 and ended_at is null", a.id)
		}
	case "repoint": // what would be installed is another thing from now on
		x.exec(x.T, x.places[0].tenant, "update software set version = version + 1")
	}
	x.look()
}

// look finds the actions that came up.
func (x *run) look() {
	x.acts = nil
	for _, p := range x.places {
		owners := map[desk.ID]*actor{}
		for _, a := range x.actors {
			if a.Tenant == p.tenant {
				owners[a.User] = a
			}
		}
		x.inTx(x.T, p.tenant, func(ctx context.Context, tx *store.Tx) error {
			rows, err := tx.Query(ctx, "select id, user_id from actions where user_id = any($1) order by proposed_at, id", slices.Collect(maps.Keys(owners)))
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id, owner desk.ID
				if err := rows.Scan(&id, &owner); err != nil {
					return err
				}
				x.acts = append(x.acts, act{id, owners[owner]})
			}
			return rows.Err()
		})
	}
}

// target is an action, real or not, and somebody who tries it: every other time
// its owner.
func (x *run) target() (desk.ID, *actor) {
	a := draw(x, "act", x.acts...)
	who := a.owner
	if x.one(2, "another") {
		who = draw(x, "who", x.actors...)
	}
	if x.one(10, "absent") {
		return draw(x, "id", desk.NewID(), "00000000-0000-0000-0000-000000000000", "x"), who
	}
	return a.id, who
}

// do sends a deed, and remembers what its sender thereby agreed to.
func (x *run) do(who *actor, d deed) {
	if d.confirms != "" {
		if x.pressed[d.confirms] == nil {
			x.pressed[d.confirms] = map[desk.ID]string{}
		}
		if x.pressed[d.confirms][who.User] == "" {
			x.pressed[d.confirms][who.User] = map[bool]string{true: "request", false: "frame"}[d.frames == nil]
		}
	}
	if d.verifies != "" {
		if x.typed[d.verifies] == nil {
			x.typed[d.verifies] = map[desk.ID]map[string]bool{}
		}
		if x.typed[d.verifies][who.User] == nil {
			x.typed[d.verifies][who.User] = map[string]bool{}
		}
		x.typed[d.verifies][who.User][d.code] = true
	}
	x.deeds = append(x.deeds, d)
	if d.frames == nil {
		x.post(x.T, who, d.path, d.body, d.key)
		return
	}
	x.frames(x.T, who, d.frames...)
	x.settled(x.T)
}

// request is a POST with a key of its own, which its replay has too.
func (x *run) request(path string, in any) deed {
	body, err := json.Marshal(in)
	if err != nil {
		x.Fatal(err)
	}
	return deed{path: path, body: string(body), key: string(desk.NewID())}
}

// press is one of the two buttons, over the socket or as a request.
func (x *run) press(button string, id desk.ID, request bool) deed {
	d := deed{frames: []string{fmt.Sprintf(`{"type":%q,"action":%q}`, button, id)}}
	if request {
		d = x.request("/actions/"+string(id)+"/"+button, nil)
	}
	if button == "confirm" {
		d.confirms = id
	}
	return d
}

func (x *run) verify(id desk.ID, code string) deed {
	d := x.request("/actions/"+string(id)+"/verify", map[string]string{"code": code})
	d.verifies, d.code = id, code
	return d
}

// sendCode asks for a code as if the last were long ago.
func (x *run) sendCode(who *actor, id desk.ID, phone string) {
	x.exec(x.T, who.Tenant, "delete from limits")
	in := map[string]string{}
	if phone != "" {
		in["phone"] = phone
	}
	x.do(who, x.request("/actions/"+string(id)+"/code", in))
}

// honest is the way that a person goes: by the chat or the self-service page,
// confirmed by either, verified with the code that came.
func (x *run) honest() {
	who := draw(x, "who", x.actors[0], x.actors[1])
	device := who.devices[0]
	if x.one(2, "by the chat") {
		wish := modeltest.Call{Name: prompts.ToolAct, Arguments: fmt.Sprintf(`{"device":%q,"operation":"lock"}`, device)}
		x.message(who, who.conversation, "Please lock my computer", modeltest.TextAndCalls("Gladly.", wish))
	} else {
		x.do(who, x.request("/actions", map[string]any{"device_id": device, "operation": desk.OpLock}))
	}
	x.look()
	if len(x.acts) != 1 {
		x.Fatalf("%d actions came of one honest wish", len(x.acts))
	}
	id := x.acts[0].id
	x.do(who, x.press("confirm", id, x.one(2, "as a request")))
	x.sendCode(who, id, who.number)
	codes := x.codes(x.T, who.Tenant, id)
	if len(codes) != 1 {
		x.Fatalf("%d codes came", len(codes))
	}
	x.do(who, x.verify(id, codes[0]))
}

// goOn is the owner's next honest step.
func (x *run) goOn(a act) {
	switch desk.ActionState(one[string](x.T, x.town, a.owner.Tenant, "select state from actions where id = $1", a.id)) { //nolint:exhaustive // nothing is to be done in the others
	case desk.StateProposed:
		x.do(a.owner, x.press("confirm", a.id, x.one(2, "as a request")))
	case desk.StateConfirmed:
		codes := x.codes(x.T, a.owner.Tenant, a.id)
		if len(codes) == 0 || x.typed[a.id][a.owner.User][codes[len(codes)-1]] {
			x.sendCode(a.owner, a.id, a.owner.number)
			codes = x.codes(x.T, a.owner.Tenant, a.id)
		}
		if len(codes) > 0 && x.one(2, "types it") {
			x.do(a.owner, x.verify(a.id, codes[len(codes)-1]))
		}
	default:
	}
}

// ask is any request about an action.
func (x *run) ask() {
	id, who := x.target()
	switch verb := draw(x, "verb", "code", "verify", "verify", "verify", "cancel", "decline", "retry"); verb {
	case "code":
		x.sendCode(who, id, draw(x, "phone", "", who.number, x.actors[0].number, x.actors[5].number))
	case "verify":
		x.do(who, x.verify(id, x.code(id)))
	default:
		x.do(who, x.request("/actions/"+string(id)+"/"+verb, nil))
	}
}

// code is one for the action, new or old, one of another action, or none at all.
func (x *run) code(id desk.ID) string {
	all := []string{"000000", "12345", "١٢٣٤٥٦"}
	for _, a := range x.acts {
		for _, code := range x.codes(x.T, a.owner.Tenant, a.id) {
			all = append(all, code)
			if a.id == id {
				all = append(all, code, code, code)
			}
		}
	}
	return draw(x, "code", all...)
}

// anyDevice is somebody's, or nobody's.
func (x *run) anyDevice() desk.ID {
	list := []desk.ID{desk.NewID()}
	for _, a := range x.actors {
		list = append(list, a.devices...)
	}
	return draw(x, "device", list...)
}

// ownDevice is one of the actor's own three times out of four.
func (x *run) ownDevice(who *actor) desk.ID {
	if len(who.devices) == 0 || x.one(4, "foreign") {
		return x.anyDevice()
	}
	return draw(x, "own device", who.devices...)
}

func (x *run) propose() {
	who := draw(x, "who", x.actors...)
	op := draw(x, "operation", append(desk.Operations(), "format")...)
	in := map[string]any{"device_id": x.ownDevice(who), "operation": op}
	if op == desk.OpInstallSoftware || x.one(20, "odd") {
		in["software_id"] = draw(x, "program", x.places[0].program, x.places[0].program, x.places[1].program)
	}
	x.do(who, x.request("/actions", in))
}

// say is a message in the chat, which a model answers that does as it likes.
func (x *run) say() {
	who := draw(x, "who", x.actors...)
	text := draw(x, "text", "Please restart, lock and shut down my computer, log me out, reset my password and install Firefox",
		"Restart my computer and install Firefox", "How do I print?", "yes, I confirm", "The code is "+x.code(""))
	var script []modeltest.Reply
	for range rapid.IntRange(1, 2).Draw(x.T, "answers") {
		var calls []modeltest.Call
		for range rapid.IntRange(1, 3).Draw(x.T, "calls") {
			calls = append(calls, x.call(who))
		}
		script = append(script, modeltest.TextAndCalls("I take care of it.", calls...))
	}
	conversation := who.conversation
	if x.one(10, "in another's") {
		conversation = draw(x, "of", x.actors...).conversation
	}
	x.message(who, conversation, text, script...)
}

// message is what somebody says, and what the model makes of it.
func (x *run) message(who *actor, conversation desk.ID, text string, script ...modeltest.Reply) {
	x.play(script)
	message, err := json.Marshal(text)
	if err != nil {
		x.Fatal(err)
	}
	x.do(who, deed{frames: []string{
		fmt.Sprintf(`{"type":"open","conversation":%q,"after":0}`, conversation),
		fmt.Sprintf(`{"type":"say","id":%q,"text":%s}`, desk.NewID(), message),
	}})
}

// call is one of a model's: proposals, good and bad, and tools that it wishes
// there were.
func (x *run) call(who *actor) modeltest.Call {
	args := map[string]any{"device": x.ownDevice(who), "operation": draw(x, "operation", desk.Operations()...)}
	name := draw(x, "tool", prompts.ToolAct, prompts.ToolAct, prompts.ToolAct, prompts.ToolInstall, prompts.ToolStatus, "confirm_action", "verify_action")
	id := desk.NewID()
	if len(x.acts) > 0 {
		id = draw(x, "act", x.acts...).id
	}
	switch name {
	case prompts.ToolAct:
		if x.one(5, "smuggled") {
			maps.Copy(args, map[string]any{"confirmed": true, "code": x.code(id), "user_id": draw(x, "for", x.actors...).User})
		}
	case prompts.ToolInstall:
		args = map[string]any{"device": args["device"], "software": draw(x, "program", "Firefox", string(x.places[1].program))}
	case prompts.ToolStatus:
		args = map[string]any{"action": id}
	default:
		args = map[string]any{"action": id, "code": x.code(id)}
	}
	body, err := json.Marshal(args)
	if err != nil {
		x.Fatal(err)
	}
	return modeltest.Call{Name: name, Arguments: string(body)}
}
