package actions

import (
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/devices/wire"
)

// allowed writes down, apart from the code's own table, everything that may
// happen: state, cause, who, and what follows. What is not here must not be.
const allowed = `
proposed  confirm  user         confirmed
proposed  decline  user         declined
proposed  cancel   user,staff   cancelled
proposed  refuse   system       refused
proposed  expire   system       expired
confirmed decline  user         declined
confirmed verify   user         verified
confirmed cancel   user,staff   cancelled
confirmed refuse   system       refused
confirmed expire   system       expired
verified  dispatch system       queued
verified  cancel   user,staff   cancelled
verified  refuse   system       refused
verified  expire   system       expired
queued    deliver  system       delivered
queued    cancel   user,staff   cancelled
queued    refuse   system       refused
queued    expire   system       expired
delivered run      device       running
delivered succeed  device       succeeded
delivered fail     device       failed
delivered lose     system,device unknown
delivered settle   system       succeeded
running   succeed  device       succeeded
running   fail     device       failed
running   lose     system,device unknown
running   settle   system       succeeded
unknown   succeed  device       succeeded
unknown   fail     device       failed
`

// Holds B1.
func TestEveryPairOfStateAndCauseIsAllowedOrRefusedAsWritten(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(allowed)) {
		f := strings.Fields(line)
		for by := range strings.SplitSeq(f[2], ",") {
			want[f[0]+" "+f[1]+" "+by] = f[3]
		}
	}
	causes := []Cause{
		CauseConfirm, CauseDecline, CauseVerify, CauseDispatch, CauseCancel, CauseRefuse, CauseExpire, CauseDeliver, CauseRun, CauseSucceed,
		CauseFail, CauseLose, CauseSettle,
	}
	if len(causes) != len(transitions) {
		t.Errorf("%d causes, %d in the table", len(causes), len(transitions))
	}
	pairs := 0
	for _, state := range append(desk.ActionStates(), "") {
		for _, cause := range append(causes, "") {
			for _, by := range []By{ByUser, ByStaff, BySystem, ByDevice, ByAssistant, ""} {
				pairs++
				key := string(state) + " " + string(cause) + " " + string(by)
				to, ok := next(state, cause, by)
				if ok != (want[key] != "") || string(to) != want[key] {
					t.Errorf("%s leads to %q, want %q", key, to, want[key])
				}
			}
		}
	}
	t.Logf("%d combinations, %d allowed", pairs, len(want))
}

func TestEveryLanguageHasEveryWordWithTheSamePlaceholders(t *testing.T) {
	t.Parallel()
	en := catalogs["en"]
	for l, c := range catalogs {
		for key, text := range c {
			if _, ok := en[key]; !ok || strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is unknown or empty", l, key)
			}
		}
		for key := range en {
			for _, p := range []string{"{device}", "{software}", "{account}"} {
				if strings.Contains(en[key], p) != strings.Contains(c[key], p) {
					t.Errorf("%s: %s and %s", l, key, p)
				}
			}
		}
	}
}

func TestEveryOperationStateCodeAndButtonHasItsWords(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, op := range desk.Operations() {
		keys = append(keys, "title."+string(op), "effect."+string(op))
	}
	for _, s := range desk.ActionStates() {
		if s != desk.StateSucceeded {
			keys = append(keys, "state."+string(s))
		}
	}
	keys = append(keys, "state.succeeded.verified", "state.succeeded.assumed")
	for _, code := range append(wire.Codes(), "policy", "action_changed", "still_logged_in", "postponed", "late_report", "no_phone") {
		if code != "" {
			keys = append(keys, "code."+code)
		}
	}
	for _, r := range []string{"person", "self_service", "operation", "assigned", "assignment_new", "device_trusted", "account", "install_linux", "catalogue", "software_system"} {
		keys = append(keys, "rule."+r, "explain."+r+".yes", "explain."+r+".no")
	}
	for _, b := range []string{"confirm", "decline", "send_code", "verify", "cancel", "retry"} {
		keys = append(keys, "button."+b)
	}
	for l, c := range catalogs {
		for _, k := range keys {
			if c[k] == "" {
				t.Errorf("%s: %s is missing", l, k)
			}
		}
	}
}

// Holds B1.
func TestQueuedNeverReadsAsDone(t *testing.T) {
	t.Parallel()
	for l, c := range catalogs {
		done := []string{c["state.succeeded.verified"], c["state.succeeded.assumed"]}
		for _, s := range desk.ActionStates() {
			if s != desk.StateSucceeded && slices.Contains(done, c.state(string(s), "", "")) {
				t.Errorf("%s: %s reads as done", l, s)
			}
		}
	}
}

func TestTemporaryPasswordsAreReadableComplexAndDifferent(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2000 {
		raw, err := temporaryPassword()
		p := string(raw)
		if err != nil || len(p) != 14 || seen[p] || strings.ContainsAny(p, "0O1lI") ||
			!strings.ContainsAny(p, lower) || !strings.ContainsAny(p, upper) || !strings.ContainsAny(p, digits) {
			t.Fatal(err, len(p))
		}
		seen[p] = true
	}
}
