package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/conserje/conserje/portal/store/storetest"
)

// The table of the README and the flags of `conserje serve` name the same
// settings, with the same variable, flag and default.
func TestTheReadmeListsEverySetting(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n## Settings\n")
	section, _, found := strings.Cut(section, "\nThe device agent")
	if !found {
		t.Fatal("the README has no table of settings before the agent's")
	}
	row := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| `(--[a-z-]+)` \\| ([^|]*) \\|")
	listed := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		listed[m[1]] = m[2] + " " + strings.TrimSpace(m[3])
	}
	var c cli
	parser, err := kong.New(&c, flags()...)
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range k.Flags() {
		for _, variable := range f.Envs {
			have, ok := listed[variable]
			flag, standard, _ := strings.Cut(have, " ")
			switch {
			case !ok:
				t.Errorf("the README does not list %s", variable)
			case flag != "--"+f.Name:
				t.Errorf("%s is --%s; the README says %s", variable, f.Name, flag)
			case f.HasDefault && f.Default != "" && standard != "`"+f.Default+"`":
				t.Errorf("%s is %q when left out; the README says %s", variable, f.Default, standard)
			}
			delete(listed, variable)
		}
	}
	if rest := slices.Sorted(maps.Keys(listed)); len(rest) > 0 {
		t.Errorf("the README lists what is no setting: %v", rest)
	}
}

func TestAWaitIsASpanThatSomebodyWouldWait(t *testing.T) {
	for span, good := range map[time.Duration]bool{
		time.Second: true, 15 * time.Minute: true, longestWait: true,
		0: false, -time.Minute: false, time.Millisecond: false, longestWait + 1: false,
	} {
		for variable, w := range map[string]waits{
			"CONSERJE_ACTION_WAIT": {Action: span, Install: time.Hour}, "CONSERJE_INSTALL_WAIT": {Action: time.Hour, Install: span},
		} {
			err := w.check()
			if (err == nil) != good || err != nil && !strings.Contains(err.Error(), variable) {
				t.Errorf("%s=%s: %v", variable, span, err)
			}
		}
	}
}

// A carrier that cannot work is told at once, before anything is started or
// written for the server.
func TestABadCarrierIsToldBeforeTheDatabaseStarts(t *testing.T) {
	mail := messageSettings{SMTPHost: "smtp.example.com", SMTPPort: 587, SMTPSecurity: "starttls", SMTPFrom: "IT <desk@example.com>"}
	gateway := messageSettings{SMS: "gateway", GatewayURL: "https://sms.example.com/send", GatewayFormat: "json"}
	twilio := messageSettings{SMS: "twilio", TwilioAccount: "AC1", TwilioToken: "t", TwilioFrom: "+34600000000"}
	smpp := messageSettings{SMS: "smpp", SMPPAddress: "smsc.example.com:2775", SMPPUser: "u", SMPPFrom: "Desk"}
	for _, m := range []messageSettings{{}, mail, gateway, twilio, smpp} {
		m.KeepDays = 90
		if err := (&serveCmd{Waits: waits{time.Minute, time.Hour}, Files: fileSettings{MaxMB: 25, DayMB: 500}}).check(&Settings{Messages: m}); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	with := func(m messageSettings, change func(*messageSettings)) messageSettings { change(&m); return m }
	for _, bad := range []struct {
		says string
		m    messageSettings
	}{
		{"SMTP_FROM", with(mail, func(m *messageSettings) { m.SMTPFrom = "desk" })},
		{"SMTP_HOST", with(mail, func(m *messageSettings) { m.SMTPHost = "smtp.example.com:25" })},
		{"SMTP_HOST", with(mail, func(m *messageSettings) { m.SMTPHost = "smtp://smtp.example.com" })},
		{"SMTP_PORT", with(mail, func(m *messageSettings) { m.SMTPPort = 0 })},
		{"SMTP_SECURITY", with(mail, func(m *messageSettings) { m.SMTPSecurity = "none" })},
		{"SMS_GATEWAY_URL", with(gateway, func(m *messageSettings) { m.GatewayURL = "sms.example.com" })},
		{"SMS_GATEWAY_URL", with(gateway, func(m *messageSettings) { m.GatewayURL = "http://sms.example.com" })},
		{"TWILIO_URL", with(twilio, func(m *messageSettings) { m.TwilioURL = "http://api.example.com" })},
		{"TWILIO_FROM", with(twilio, func(m *messageSettings) { m.TwilioFrom = "" })},
		{"SMPP_ADDRESS", with(smpp, func(m *messageSettings) { m.SMPPAddress = "smsc.example.com" })},
		{"CONSERJE_MESSAGES_DAYS", with(mail, func(m *messageSettings) { m.KeepDays = -1 })},
		{"CONSERJE_MESSAGES_DAYS", with(mail, func(m *messageSettings) { m.KeepDays = mostMessageDays + 1 })},
	} {
		if bad.m.KeepDays == 0 {
			bad.m.KeepDays = 90
		}
		data := filepath.Join(t.TempDir(), "data")
		err := (&serveCmd{Addr: "127.0.0.1:0", Waits: waits{time.Minute, time.Hour}, Files: fileSettings{MaxMB: 25, DayMB: 500}}).Run(t.Context(), &Settings{Data: data, Messages: bad.m}, storetest.Log(t))
		if err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%+v: %v", bad.m, err)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%s: the data folder was made before it was told", bad.says)
		}
	}
}

func TestATrustedProxyIsAnAddressOrANetwork(t *testing.T) {
	for proxy, good := range map[string]bool{
		"10.0.0.1": true, "10.0.0.0/8": true, "fd00::/8": true, "::1": true,
		"proxy.example": false, "10.0.0.0/99": false, "10.0.0.1:80": false, "": false,
	} {
		err := (&serveCmd{TrustedProxies: []string{proxy}}).checkProxies()
		if (err == nil) != good {
			t.Errorf("%q: %v", proxy, err)
		}
		if err != nil && !strings.Contains(err.Error(), "CONSERJE_TRUSTED_PROXIES") {
			t.Errorf("%q: the sentence does not name the setting: %v", proxy, err)
		}
	}
}
