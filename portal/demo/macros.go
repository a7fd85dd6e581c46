package demo

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

func addMacros(ctx context.Context, tx *store.Tx, adam desk.Viewer) error {
	for _, d := range demoMacros() {
		if _, err := tickets.AddMacroTx(ctx, tx, adam, d); err != nil {
			return err
		}
	}
	return nil
}

func demoMacros() []tickets.MacroDraft {
	return []tickets.MacroDraft{{
		Names: &tickets.Names{
			"en": "Ask to try again", "es": "Pedir que lo pruebe de nuevo", "de": "Um erneuten Versuch bitten",
			"fr": "Demander de réessayer", "it": "Chiedere di riprovare",
		},
		Texts: &tickets.Names{
			"en": "Hello {{contact_first_name}},\n\nplease try it once more and tell us in ticket {{ticket_number}} whether it works now.\n\n{{technician_name}}",
			"es": "Hola, {{contact_first_name}}:\n\nPor favor, pruébelo una vez más y díganos en el ticket {{ticket_number}} si ya funciona.\n\n{{technician_name}}",
			"de": "Guten Tag {{contact_first_name}},\n\nbitte versuchen Sie es noch einmal und schreiben Sie uns in Ticket {{ticket_number}}, ob es jetzt geht.\n\n{{technician_name}}",
			"fr": "Bonjour {{contact_first_name}},\n\nveuillez réessayer et nous dire dans le ticket {{ticket_number}} si cela fonctionne maintenant.\n\n{{technician_name}}",
			"it": "Salve {{contact_first_name}},\n\nprovi ancora una volta e ci dica nel ticket {{ticket_number}} se ora funziona.\n\n{{technician_name}}",
		},
		Changes: &tickets.MacroChanges{Status: tickets.StatusPending, Assignee: "me"},
	}}
}
