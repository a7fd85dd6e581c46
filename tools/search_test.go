package tools

import "testing"

func TestAQuotationIsShownWithoutMarkup(t *testing.T) {
	for in, want := range map[string]string{
		"Open **Settings > System** and type `ipconfig`.":         "Open Settings > System and type ipconfig.",
		"1. See [the page](article:vpn) ![shot](x.png)\n2. Done.": "1. See the page shot\n2. Done.",
		"snake_case stays, 2 * 3 too":                             "snake_case stays, 2 * 3 too",
	} {
		if got := spoken(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}
