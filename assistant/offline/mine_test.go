package offline

import (
	"strings"
	"testing"

	"github.com/conserje/conserje/prompts"
)

func TestTheTicketThatIsAskedAfterIsToldWhateverItsStatusAndLanguage(t *testing.T) {
	for text, lang := range map[string]string{
		"is my ticket about the printer done already?":          "en",
		"¿Sigue abierto mi ticket de la impresora?":             "es",
		"Ist mein Ticket zum Drucker schon erledigt?":           "de",
		"Mon ticket pour l'imprimante est-il fermé ?":           "fr",
		"Il mio ticket della stampante è già chiuso?":           "it",
		"Has anybody looked at the ticket I opened on printing": "en",
	} {
		p := newPartner(t, lang)
		p.results[prompts.ToolList] = prompts.Data(prompts.ToolList, prompts.Tickets{Tickets: []prompts.TicketLine{
			{Number: 7, Subject: "Der Drucker im zweiten Stock steht", Status: "resolved"},
			{Number: 9, Subject: "VPN drops every hour", Status: "open"},
		}})
		calls, answer := p.says(text)
		if len(calls) != 1 || calls[0] != prompts.ToolList+` {"status":null}` && calls[0] != prompts.ToolList+" {}" {
			t.Errorf("%q: %v", text, calls)
		}
		if !strings.Contains(answer, "Drucker") || strings.Contains(answer, "VPN") {
			t.Errorf("%q: %q", text, answer)
		}
	}
}

func TestWhenNoTicketIsAboutTheMatterAllAreTold(t *testing.T) {
	p := newPartner(t, "en")
	p.results[prompts.ToolList] = prompts.Data(prompts.ToolList, prompts.Tickets{Tickets: []prompts.TicketLine{
		{Number: 9, Subject: "VPN drops every hour", Status: "resolved"},
	}})
	if _, answer := p.says("Is my ticket about the broken projector still open?"); !strings.Contains(answer, "VPN") {
		t.Errorf("%q", answer)
	}
}
