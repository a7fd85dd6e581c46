package actions

import (
	"embed"
	"encoding/json"
	"path"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store/db"
)

//go:embed words/*.json
var wordFiles embed.FS

// catalog is the ledger's words in one language.
type catalog map[string]string

var catalogs = loadWords()

func loadWords() map[desk.Language]catalog {
	all := map[desk.Language]catalog{}
	for _, l := range desk.Languages() {
		raw, err := wordFiles.ReadFile(path.Join("words", string(l)+".json"))
		if err != nil {
			panic(err) // compiled in
		}
		c := catalog{}
		if err := json.Unmarshal(raw, &c); err != nil {
			panic(err)
		}
		all[l] = c
	}
	return all
}

// words are those of a language, English for one that the portal does not
// speak.
func words(l desk.Language) catalog {
	if c, ok := catalogs[l]; ok {
		return c
	}
	return catalogs[desk.Languages()[0]]
}

// names are what an action's texts speak of.
type names struct{ device, software, account string }

// text fills a sentence; a missing one is empty.
func (c catalog) text(key string, n names) string {
	return strings.NewReplacer("{device}", n.device, "{software}", n.software, "{account}", n.account).Replace(c[key])
}

func (c catalog) title(a *db.Action, n names) string  { return c.text("title."+a.Operation, n) }
func (c catalog) effect(a *db.Action, n names) string { return c.text("effect."+a.Operation, n) }

// state is where the action stands, in words. Queued never reads as done.
func (c catalog) state(state, outcome, code string) string {
	if state == string(desk.StateSucceeded) {
		if outcome == string(desk.OutcomeDeviceVerified) {
			return c["state.succeeded.verified"]
		}
		return c["state.succeeded.assumed"]
	}
	if code == "postponed" {
		return c["code.postponed"]
	}
	return c["state."+state]
}

// detail says why, or what to wait for.
func (c catalog) detail(a *db.Action, online bool) string {
	switch {
	case a.Rule != "":
		return c["rule."+a.Rule]
	case a.Code != "" && c["code."+a.Code] != "":
		return c["code."+a.Code]
	case a.Code != "":
		return c["code.failed"]
	case a.State == string(desk.StateQueued) && !online:
		return c["detail.offline"]
	case a.State == string(desk.StateSucceeded) && a.Operation == string(desk.OpResetPassword):
		return c["detail.password"]
	case a.State == string(desk.StateUnknown):
		return c["detail.unknown"]
	case a.State == string(desk.StateExpired):
		return c["detail.expired"]
	}
	return ""
}

// ExplainText is a line of policy.Explain for an admin.
func ExplainText(l desk.Language, line policy.Line) string {
	c, answer := words(l), ".no"
	if line.Allowed {
		answer = ".yes"
	}
	return c["explain."+line.Rule+answer]
}

// RuleText is the rule that refused, in plain words for the person it refused.
func RuleText(l desk.Language, rule string) string { return words(l)["rule."+rule] }
