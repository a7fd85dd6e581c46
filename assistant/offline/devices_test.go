package offline

import (
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/prompts"
)

// owner is a partner with devices.
func owner(t *testing.T, lang string, devices ...prompts.DeviceLine) *partner {
	t.Helper()
	p := newPartner(t, lang)
	p.messages = append(p.messages, user(prompts.Context(prompts.Facts{Name: "Ana", Role: "contact", Devices: devices})))
	p.results[prompts.ToolAct] = prompts.Data(prompts.ToolAct, prompts.Proposed{
		OK: true, Card: "shown", Next: prompts.WhatFollows, ActionLine: prompts.ActionLine{Operation: "restart", Device: "MAC-ANA", State: "proposed"},
	})
	p.results[prompts.ToolStatus] = prompts.Data(prompts.ToolStatus, prompts.Actions{Actions: []prompts.ActionLine{{Operation: "restart", Device: "MAC-ANA", State: "queued"}}})
	return p
}

var two = []prompts.DeviceLine{{Name: "LAPTOP-ANA-WIN", System: "windows"}, {Name: "MAC-ANA", System: "macos"}}

func TestWithSeveralDevicesTheModelAsksWhichOneInEveryLanguage(t *testing.T) {
	for lang, lines := range map[string][2]string{
		"en": {"Please restart my computer", "the Mac"}, "de": {"Starte bitte meinen Rechner neu", "den Mac"}, "es": {"Reinicia mi ordenador", "el Mac"},
		"fr": {"Redémarre mon ordinateur", "le Mac"}, "it": {"Riavvia il mio computer", "il Mac"},
	} {
		p := owner(t, lang, two...)
		calls, text := p.says(lines[0])
		if len(calls) != 0 || !strings.Contains(text, "LAPTOP-ANA-WIN") || !strings.Contains(text, "MAC-ANA") || !strings.Contains(text, "?") {
			t.Errorf("%s: %v %q", lang, calls, text)
		}
		calls, text = p.says(lines[1])
		if !slices.Equal(calls, []string{prompts.ToolAct + ` {"device":"MAC-ANA","operation":"restart"}`}) {
			t.Errorf("%s: %v %q", lang, calls, text)
		}
		if !strings.Contains(text, "MAC-ANA") || !strings.Contains(text, languageNamed(lang).say("act_restart", nil)) {
			t.Errorf("%s: told as %q", lang, text)
		}
	}
}

func TestANamedDeviceNeedsNoQuestion(t *testing.T) {
	p := owner(t, "en", two...)
	if calls, text := p.says("Lock LAPTOP-ANA-WIN, my windows laptop"); len(calls) != 1 || !strings.Contains(calls[0], `"device":"LAPTOP-ANA-WIN","operation":"lock"`) {
		t.Errorf("%v %q", calls, text)
	}
	p = owner(t, "en")
	if calls, text := p.says("Restart my computer"); len(calls) != 0 || !strings.Contains(text, "No device") {
		t.Errorf("without a device: %v %q", calls, text)
	}
	p = owner(t, "es", two...)
	if calls, text := p.says("¿Cómo va el reinicio?"); len(calls) != 1 || !strings.Contains(text, "espera al dispositivo") {
		t.Errorf("state: %v %q", calls, text)
	}
}

func TestActsAreReadFromAPersonsWordsInAnyLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"Please restart my pc": "restart", "Sperr meinen Rechner": "lock", "apaga mi equipo": "shutdown", "Déconnectez-moi": "logout",
		"Reimposta la password del portatile": "reset_password", "installa Firefox": "install_software", "How do I print?": "", "thanks": "",
		"please don't restart my computer": "", "what about the VPN": "", "": "",
	} {
		if got := Acts(text); want == "" && len(got) > 0 || want != "" && !slices.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
