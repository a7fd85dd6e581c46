package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
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
