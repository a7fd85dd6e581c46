package kb_test

import (
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

const jam = `The printer reports a jam and stops.

## Before you start

1. Read the display.
2. Let the fuser cool.

## Take the paper out

Open the flaps:

- first the rear one,
- then the **front** one.

## Settings

` + "```\nfeed = slow\n```" + `

## Afterwards

Print one page.`

func TestTheBestArticlesComeWithTheSectionsAroundWhatWasFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "", article("jam", "en", "Clear a paper jam", jam), article("toner", "en", "Order toner", "Toner and paper are in the shop."))
	hits, err := b.Passages(t.Context(), b.admin, kb.Query{Text: "paper jam flaps", Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	scored := 0
	for _, h := range hits {
		if h.Key == "jam" {
			headings = append(headings, h.Heading)
			if h.Score > 0 {
				scored++
			}
		}
		if strings.Contains(h.Text, "#") || h.Anchor == "" && h.Heading != "" {
			t.Errorf("%+v", h)
		}
	}
	if got := strings.Join(headings, "|"); got != "|Before you start|Take the paper out|Settings|Afterwards" || scored != 1 {
		t.Errorf("sections %q, %d scored", got, scored)
	}
	if last := hits[len(hits)-1]; last.Key != "toner" {
		t.Errorf("last is %s", last.Key)
	}
	want := map[string]string{
		"Before you start":   "1. Read the display.\n2. Let the fuser cool.",
		"Take the paper out": "Open the flaps:\n\n- first the rear one,\n- then the **front** one.",
		"Settings":           "```\nfeed = slow\n```",
		"Afterwards":         "Print one page.",
	}
	for _, h := range hits {
		if w, ok := want[h.Heading]; ok && h.Text != w {
			t.Errorf("%s: %q", h.Heading, h.Text)
		}
	}
}

func TestPassagesOfAnotherCompanyAreNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	b.put(t, acme.Company, article("jam", "en", "Clear a paper jam", jam))
	for v, want := range map[desk.Viewer]bool{acme: true, globex: false} {
		hits, err := b.Passages(t.Context(), v, kb.Query{Text: "paper jam", Lang: "en"})
		if err != nil || len(hits) > 0 != want {
			t.Errorf("%s: %d hits, %v", v.Name, len(hits), err)
		}
	}
}
