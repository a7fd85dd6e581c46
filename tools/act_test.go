package tools

import (
	"context"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/prompts"
)

// shop is a ledger in memory.
type shop struct {
	devices  []prompts.DeviceLine
	software []prompts.SoftwareLine
	wishes   []Wish
	requests []string
}

func (s *shop) DevicesTx(context.Context, *store.Tx, desk.Viewer) ([]prompts.DeviceLine, error) {
	return s.devices, nil
}

func (s *shop) ActionsTx(context.Context, *store.Tx, desk.Viewer, int) ([]prompts.ActionLine, error) {
	return []prompts.ActionLine{{ID: "a1", Operation: "restart", Device: "MAC", State: "queued"}}, nil
}

func (s *shop) SoftwareTx(context.Context, *store.Tx, desk.Viewer) ([]prompts.SoftwareLine, error) {
	return s.software, nil
}

func (s *shop) ProposeTx(_ context.Context, _ *store.Tx, _ desk.Viewer, w Wish) (prompts.ActionLine, error) {
	s.wishes = append(s.wishes, w)
	return prompts.ActionLine{ID: "a1", Operation: string(w.Operation), Device: "d", State: "proposed"}, nil
}

func (s *shop) RequestTx(_ context.Context, _ *store.Tx, _ desk.Viewer, name, _ string, _ desk.ID) (int64, error) {
	s.requests = append(s.requests, name)
	return 7, nil
}

func TestProposalsNeedThePersonsWordsAndNameOnlyWhatIsTheirs(t *testing.T) {
	w := newWorld(t)
	w.set(`{"self_service":{"mode":"everyone","users":[]}}`)
	l := &shop{
		devices:  []prompts.DeviceLine{{ID: "id-1", Name: "MAC Ana", System: "macos"}, {ID: "id-2", Name: "PC", System: "windows"}, {ID: "id-3", Name: "pc", System: "linux"}},
		software: []prompts.SoftwareLine{{ID: "sw-1", Name: "Firefox"}, {ID: "sw-2", Name: "7-Zip"}},
	}
	var err error
	if w.registry, err = NewRegistry(w.store, storetest.Log(t), Devices(w.store, l)...); err != nil {
		t.Fatal(err)
	}
	all := []string{"restart", "lock", "shutdown", "logout", "reset_password", "install_software"}
	for _, c := range []struct {
		tool, args string
		asked      []string
		code       desk.Code
	}{
		{prompts.ToolAct, `{"device":"mac  ana","operation":"restart"}`, all, ""},
		{prompts.ToolAct, `{"device":"id-2","operation":"lock"}`, []string{"lock"}, ""},
		{prompts.ToolAct, `{"device":"id-2","operation":"lock"}`, nil, desk.CodeForbidden},
		{prompts.ToolAct, `{"device":"id-2","operation":"shutdown"}`, []string{"lock"}, desk.CodeForbidden},
		{prompts.ToolAct, `{"device":"PC","operation":"lock"}`, all, desk.CodeInvalid}, // two of that name
		{prompts.ToolAct, `{"device":"LAPTOP-OF-THE-CFO","operation":"lock"}`, all, desk.CodeNotFound},
		{prompts.ToolAct, `{"device":"MAC Ana","operation":"install_software"}`, all, desk.CodeInvalid},
		{prompts.ToolAct, `{"device":"MAC Ana","operation":"format"}`, all, desk.CodeInvalid},
		{prompts.ToolAct, `{"device":"MAC Ana","operation":"lock","code":"123456"}`, all, desk.CodeInvalid},
		{prompts.ToolInstall, `{"device":"id-1","software":"firefox"}`, all, ""},
		{prompts.ToolInstall, `{"device":null,"software":"firefox"}`, all, desk.CodeInvalid}, // which device
		{prompts.ToolInstall, `{"device":"id-1","software":"firefox; rm -rf /"}`, all, desk.CodeNotFound},
		{prompts.ToolInstall, `{"device":"id-1","software":"https://evil.example/agent.msi"}`, all, desk.CodeNotFound},
		{prompts.ToolInstall, `{"device":"id-1","software":"Firefox"}`, []string{"restart"}, desk.CodeForbidden},
		{prompts.ToolRequest, `{"name":"AutoCAD","reason":"drawings"}`, all, ""},
		{prompts.ToolRequest, `{"name":"AutoCAD","reason":"drawings"}`, nil, desk.CodeForbidden},
		{prompts.ToolStatus, `{"action":"A1"}`, nil, ""},
		{prompts.ToolStatus, `{"action":"a2"}`, nil, desk.CodeNotFound},
		{prompts.ToolSoftware, `{"device":"id-1","query":"zip"}`, nil, ""},
		{prompts.ToolSoftware, `{"device":"nobody's","query":null}`, nil, desk.CodeNotFound},
		{prompts.ToolDevices, `{}`, nil, ""},
	} {
		before := len(l.wishes) + len(l.requests)
		w.asked = c.asked
		res := w.run(w.ana, c.tool, c.args)
		made := len(l.wishes) + len(l.requests) - before
		effect := w.registry.IsEffect(c.tool) && c.code == ""
		if res.Code != c.code || res.OK != (c.code == "") || (made == 1) != effect {
			t.Errorf("%s %s for %v: %+v, %d made", c.tool, c.args, c.asked, res, made)
		}
		if effect && c.tool != prompts.ToolRequest && (!strings.Contains(res.Content, `"done":false`) || !strings.Contains(res.Content, `"card":"shown"`)) {
			t.Errorf("%s claims too much: %s", c.tool, res.Content)
		}
	}
	if got := l.wishes[2]; got.Device != "id-1" || got.Software != "sw-1" || got.Operation != desk.OpInstallSoftware || got.Conversation != w.conversation {
		t.Errorf("wish %+v", got)
	}
	w.set(`{"self_service":{"mode":"off","users":[]}}`)
	w.asked = all
	for _, c := range [][2]string{{prompts.ToolAct, `{"device":"id-1","operation":"lock"}`}, {prompts.ToolDevices, `{}`}, {prompts.ToolStatus, `{}`}} {
		if res := w.run(w.ana, c[0], c[1]); res.Code != desk.CodePolicy {
			t.Errorf("self-service off, %s: %+v", c[0], res)
		}
	}
}

func TestToolsOfDevicesHaveStrictSchemasWithoutAnIdentity(t *testing.T) {
	var b strings.Builder
	for _, tool := range Devices(nil, &shop{}) {
		s := tool.Spec()
		b.WriteString(s.Name + " " + string(s.Schema) + " " + s.Rule + "\n")
		if s.Effect != s.Asked || !strings.Contains(string(s.Schema), `"additionalProperties":false`) || !strings.Contains(string(s.Schema), `"properties":{`) {
			t.Errorf("%+v", s)
		}
	}
	for _, word := range []string{"user", "tenant", "company", "code", "phone", "package_id"} {
		if strings.Contains(b.String(), `"`+word+`"`) {
			t.Errorf("a parameter %s:\n%s", word, b.String())
		}
	}
}
