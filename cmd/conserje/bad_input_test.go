package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	link "github.com/conserje/conserje/tools/devices/wire" // wire is what main does
)

// wrong is one kind of bad input: what is tried, and what becomes of it.
type wrong struct {
	name string
	try  func(x *yard) (answer map[string]any, action string)
	code string // of the problem that the one who tried gets; empty: it is not told by an answer
	// state is where the action ends, why the code or the rule that it gives;
	// empty: there is no action.
	state, why string
	audit      string // the line that is written down
	commands   int    // what devices got; nothing, but where they lie about it
}

// The list: each its own clear end state and words, a line in the
// audit, and no effect.
func TestBadInputEndsClearlyAndHasNoEffect(t *testing.T) { //nolint:tparallel // its rows share a yard and follow each other
	t.Parallel()
	x := openYard(t)
	for _, row := range append(wrongWishes, append(wrongCodes, wrongDevices...)...) {
		t.Run(row.name, func(t *testing.T) {
			x.t = t
			x.forgetLimits()
			audited, commands := x.audited(row.audit), x.commands()
			answer, action := row.try(x)
			if got, _ := answer["code"].(string); got != row.code || row.code != "" && answer["detail"] == "" {
				t.Errorf("it is answered with %q: %v", got, answer)
			}
			if action != "" {
				x.ends(action, row)
			}
			x.until("the line in the audit: "+row.audit, func() bool { return x.audited(row.audit) > audited })
			if got := x.commands() - commands; got != row.commands {
				t.Errorf("%d commands went out, want %d", got, row.commands)
			}
			x.nothingElse()
		})
	}
}

// nothingElse holds that no job but those of the portal itself was made, and no
// message but codes and what their owner is told of the outcome.
func (x *yard) nothingElse() {
	x.t.Helper()
	for what, query := range map[string]string{
		"message": `select coalesce(string_agg(distinct template, ' '), '') from messages_out where template not like 'code%' and template <> 'mail_action'`,
		"job": `select coalesce(string_agg(distinct kind, ' '), '') from river.river_job
			where kind not in ('message_send', 'message_sweep', 'store_sweep', 'factor_sweep', 'files_sweep', 'kb_embed', 'kb_sync_due', 'turn_takeover', 'welcome_mails')`,
	} {
		var kinds string
		storetest.InTx(x.t, x.portal.database.Store, x.people["ana"].Tenant, func(ctx context.Context, tx *store.Tx) error {
			return tx.QueryRow(ctx, query).Scan(&kinds)
		})
		if kinds != "" {
			x.t.Errorf("there is another %s: %s", what, kinds)
		}
	}
}

// ends waits for the action's state, and looks at what its owner reads.
func (x *yard) ends(action string, row wrong) {
	x.t.Helper()
	var v map[string]any
	x.until("the action to be "+row.state, func() bool { v = x.get("ana", "/actions/"+action); return v["state"] == row.state })
	if v["code"] != row.why && v["rule"] != row.why && (row.why != "" || v["code"] != nil) {
		x.t.Errorf("why: %v, %v; want %q", v["code"], v["rule"], row.why)
	}
	text, _ := v["text"].(map[string]any)
	if state, _ := text["state"].(string); state == "" {
		x.t.Error("the card has no words for where it stands")
	}
	if detail, _ := text["detail"].(string); row.why != "" && detail == "" {
		x.t.Error("the card has no words for why")
	}
}

var wrongWishes = []wrong{
	{name: "another's device", try: wish("lock", "foreign"), code: "not_found", audit: "action.not_proposed"},
	{name: "device of nobody", try: wish("lock", "spare"), code: "not_found", audit: "action.not_proposed"},
	{name: "device that is none", try: func(x *yard) (map[string]any, string) {
		return x.try("ana", "/actions", map[string]any{"device_id": desk.NewID(), "operation": "lock"}), ""
	}, code: "not_found", audit: "action.not_proposed"},
	{name: "unknown operation", try: wish("format_disk", "laptop"), code: "invalid", audit: "action.not_proposed"},
	{name: "package that is not in the catalogue", try: func(x *yard) (map[string]any, string) {
		return x.try("ana", "/actions", map[string]any{"device_id": x.devices["laptop"].id, "operation": "install_software", "software_id": desk.NewID()}), ""
	}, code: "policy", audit: "action.not_proposed"},
	{name: "package for another system", try: func(x *yard) (map[string]any, string) {
		return x.try("ana", "/actions", map[string]any{"device_id": x.devices["laptop"].id, "operation": "install_software", "software_id": x.macOnly}), ""
	}, code: "policy", audit: "action.not_proposed"},
	{name: "expired action", try: func(x *yard) (map[string]any, string) {
		id := x.wished("lock")
		x.pass(id)
		return x.try("ana", "/actions/"+id+"/confirm", nil), id
	}, code: "conflict", state: "expired", audit: "action.expired"},
}

// wish tries an operation on a device.
func wish(operation, device string) func(x *yard) (map[string]any, string) {
	return func(x *yard) (map[string]any, string) {
		return x.try("ana", "/actions", map[string]any{"device_id": x.devices[device].id, "operation": operation}), ""
	}
}

var wrongCodes = []wrong{
	{name: "wrong code", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		return x.verifies(id, other(x.codeFor(id))), id
	}, code: "code_wrong", state: "confirmed", audit: "action.code_refused"},
	{name: "old code", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		code := x.codeFor(id)
		x.run("update challenges set expires_at = now() - interval '1 second' where action_id = $1", id)
		return x.verifies(id, code), id
	}, code: "code_expired", state: "confirmed", audit: "action.code_refused"},
	{name: "reused code", try: func(x *yard) (map[string]any, string) {
		first := x.confirmedLock()
		code := x.codeFor(first)
		x.run("update challenges set used_at = now() where action_id = $1", first)
		return x.verifies(first, code), first
	}, code: "code_used", state: "confirmed", audit: "action.code_refused"},
	{name: "code of another act", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		code := x.codeFor(id)
		x.forgetLimits()
		next := x.confirmed("logout", nil)
		_ = x.codeFor(next)
		defer func() { _ = x.post("ana", "/actions/"+next+"/cancel", nil) }()
		return x.verifies(next, code), id
	}, code: "code_wrong", state: "confirmed", audit: "action.code_refused"},
	{name: "raced code", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		code := x.codeFor(id)
		x.forgetLimits()
		audited := x.audited("action.code_refused")
		var all sync.WaitGroup
		answers := make(chan map[string]any, 12)
		for range cap(answers) {
			all.Go(func() { answers <- x.verifies(id, code) })
		}
		all.Wait()
		close(answers)
		right, refused, last := 0, 0, map[string]any{}
		for a := range answers {
			if a["code"] == nil {
				right++
			} else if last = a; strings.HasPrefix(fmt.Sprint(a["code"]), "code_") {
				refused++
			} else if a["code"] != "conflict" && a["code"] != "rate_limited" { // so late that no code was looked at
				x.t.Errorf("a code that came second: %v", a)
			}
		}
		if refused > 0 {
			x.until("the line in the audit of a code that came second", func() bool { return x.audited("action.code_refused") > audited })
		}
		if right != 1 {
			x.t.Errorf("one code was right %d times", right)
		}
		_ = x.try("ana", "/actions/"+id+"/cancel", nil)
		return map[string]any{"code": "raced", "detail": last["detail"]}, id
	}, code: "raced", state: "cancelled", audit: "action.verified"},
	{name: "sixth attempt", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		code := x.codeFor(id)
		for range 5 {
			_ = x.verifies(id, other(code))
		}
		return x.verifies(id, code), id
	}, code: "code_attempts", state: "confirmed", audit: "action.code_refused"},
	{name: "unusable number", try: func(x *yard) (map[string]any, string) {
		x.run("delete from phones where user_id = $1", x.people["ana"].User)
		defer x.phone()
		id := x.confirmedLock()
		return x.try("ana", "/actions/"+id+"/code", map[string]any{"phone": "+34 806 000 000"}), id
	}, code: "phone_unusable", state: "confirmed", audit: "action.code_not_sent"},
	{name: "provider down", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		x.texts.fail(true)
		defer x.texts.fail(false)
		_ = x.post("ana", "/actions/"+id+"/code", map[string]any{})
		var v map[string]any
		x.until("the card to say that no code came", func() bool {
			v = x.get("ana", "/actions/"+id)
			f, _ := v["factor"].(map[string]any)
			return f["sms_state"] == "failed"
		})
		text, _ := v["text"].(map[string]any)
		return map[string]any{"code": "failed", "detail": text["detail"]}, id
	}, code: "failed", state: "confirmed", audit: "message.failed"},
	{name: "code that does not arrive", try: func(x *yard) (map[string]any, string) {
		id := x.confirmedLock()
		_ = x.codeFor(id)
		var v map[string]any
		x.until("the card to say that no code came", func() bool {
			x.texts.report(x, "undelivered")
			v = x.get("ana", "/actions/"+id)
			f, _ := v["factor"].(map[string]any)
			return f["sms_state"] == "undelivered"
		})
		text, _ := v["text"].(map[string]any)
		return map[string]any{"code": "undelivered", "detail": text["detail"]}, id
	}, code: "undelivered", state: "confirmed", audit: "message.undelivered"},
}

var wrongDevices = []wrong{
	{name: "device offline past the deadline", try: func(x *yard) (map[string]any, string) {
		id := x.queued("lock")
		x.pass(id)
		x.until("its end", func() bool { return x.get("ana", "/actions/"+id)["state"] == "expired" })
		d := x.devices["laptop"]
		d.come(x.t)
		defer d.leave()
		time.Sleep(300 * time.Millisecond) // a command would be there
		return nil, id
	}, state: "expired", audit: "action.expired"},
	{name: "policy changed between confirmation and delivery", try: func(x *yard) (map[string]any, string) {
		id := x.queued("lock")
		x.do("adam", "PATCH", "/admin/policies", map[string]any{"self_service": map[string]any{"mode": "off", "users": []any{}}}, true)
		defer x.do("adam", "PATCH", "/admin/policies", map[string]any{"self_service": map[string]any{"mode": "everyone", "users": []any{}}}, true)
		return nil, x.after(id, "refused")
	}, state: "refused", why: "self_service", audit: "action.refused"},
	{name: "account changed between confirmation and delivery", try: func(x *yard) (map[string]any, string) {
		id := x.queued("lock")
		d := x.devices["laptop"]
		x.assign(d, "second")
		defer x.assign(d, "ana")
		return nil, x.after(id, "refused")
	}, state: "refused", why: "action_changed", audit: "action.refused"},
	{name: "agent that lies about what it was not given", try: func(x *yard) (map[string]any, string) {
		id := x.queued("lock")
		d := x.devices["spare"]
		d.come(x.t)
		defer d.leave()
		d.say(link.Progress{ID: id, State: link.ProgressRunning})
		d.say(d.report(id, d.id))
		d.say(d.report(id, x.devices["laptop"].id)) // in another's name
		x.until("it to be told", func() bool { return d.refusals() >= 3 })
		if v := x.get("ana", "/actions/"+id); v["state"] != "queued" {
			x.t.Errorf("a lie made it %v", v["state"])
		}
		_ = x.post("ana", "/actions/"+id+"/cancel", nil)
		return nil, id
	}, state: "cancelled", audit: "device.word_refused"},
	{name: "agent that lies about what it did", try: func(x *yard) (map[string]any, string) {
		id := x.queued("restart")
		d := x.devices["laptop"]
		d.come(x.t)
		defer d.leave()
		x.until("the command", func() bool { return d.has(id) })
		d.say(d.report(id, d.id)) // and the boot is the one before
		x.until("its word", func() bool { return x.get("ana", "/actions/"+id)["state"] == "running" })
		x.pass(id)
		x.until("its end", func() bool { return x.get("ana", "/actions/"+id)["state"] == "unknown" })
		return nil, id
	}, state: "unknown", why: "still_on", audit: "action.unknown", commands: 1},
	{name: "agent with a revoked key", try: func(x *yard) (map[string]any, string) {
		d := x.newPuppet("RETIRED", "ana")
		id := x.queuedOn(d, "lock")
		_ = x.post("adam", "/admin/devices/"+d.id+"/revoke", nil)
		if code := d.comes(x.t); code != link.CloseRevoked {
			x.t.Errorf("a revoked device's link ends with %d", code)
		}
		return nil, id
	}, state: "refused", why: "device_trusted", audit: "device.revoked_came"},
	{name: "two agents with one key", try: func(x *yard) (map[string]any, string) {
		d := x.devices["laptop"]
		d.come(x.t)
		copied := d.copy()
		copied.come(x.t)
		defer d.leave()
		defer copied.leave()
		x.until("the device to be suspect", func() bool { return x.get("adam", "/admin/devices/"+d.id)["suspect"] == true })
		defer x.post("adam", "/admin/devices/"+d.id+"/trust", nil)
		return x.try("ana", "/actions", map[string]any{"device_id": d.id, "operation": "lock"}), ""
	}, code: "policy", audit: "device.key_seen_twice"},
}
