package tools

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

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

// asked is a knowledge base that remembers in which language it was asked.
type asked struct{ lang desk.Language }

func (a *asked) Passages(_ context.Context, _ desk.Viewer, q kb.Query) ([]kb.Hit, error) {
	a.lang = q.Lang
	return nil, nil
}

func TestPassagesAreLookedForInTheLanguageOfTheQuestion(t *testing.T) {
	ctx := desk.WithViewer(t.Context(), desk.Viewer{Tenant: desk.NewID(), User: desk.NewID(), Role: desk.RoleContact, Language: "es"})
	for query, want := range map[string]desk.Language{
		"Wie richte ich eine Abwesenheitsnotiz ein?": "de",
		"¿Cómo cambio la contraseña?":                "es",
		"error 0x80070005":                           "es",
	} {
		var base asked
		args, err := json.Marshal(searchArgs{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		bound, err := SearchKnowledge(&base).Bind(string(args))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bound.Read(ctx, Call{Sources: &Sources{}}); err != nil || base.lang != want {
			t.Errorf("%q: asked in %s, want %s, %v", query, base.lang, want, err)
		}
	}
}
