package demo

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

// ticket is one of the demo's, told from its opening to where it stands.
type ticket struct {
	from, subject, description string
	priority                   tickets.Priority
	replies                    []reply
	assignee                   string
	status                     tickets.Status
}

type reply struct {
	from, text string
	internal   bool
}

func demoTickets() []ticket {
	return []ticket{
		{
			from: "ana", subject: "El escáner de la segunda planta no envía a mi correo",
			description: "Desde el lunes, el escáner de la segunda planta dice «enviado», pero el documento no me llega. A mis compañeras sí les llega.",
			replies: []reply{
				{"tess", "Hola, Ana. Su dirección estaba escrita con un error en la libreta del escáner. Ya la he corregido; ¿puede probar otra vez?", false},
				{"tess", "Libreta de direcciones del equipo: torrres@ con tres erres.", true},
			},
			assignee: "tess", status: tickets.StatusPending,
		},
		{
			from: "ana", subject: "Acceso a la carpeta compartida «Presupuestos 2027»",
			description: "Necesito leer y escribir en la carpeta Presupuestos 2027 a partir del 1 de diciembre. Mi responsable, Ben Carter, está de acuerdo.",
			priority:    "low",
		},
		{
			from: "ben", subject: "New starter on 7 December: laptop and accounts",
			description: "Lucía Prado joins our sales team on Monday 7 December. She needs a laptop, a phone, mail and access to the shared sales folder, like Ana has.",
			replies: []reply{
				{"adam", "Thanks for the early notice, Ben. The laptop is ordered and should arrive on the 2nd. Does she need the VPN from the first day?", false},
				{"ben", "Yes please, she will work from home two days a week.", false},
			},
			assignee: "adam", status: tickets.StatusOpen,
		},
		{
			from: "ben", subject: "Meeting room Lisbon: no picture on the big screen",
			description: "The HDMI cable in Lisbon gives no picture with any of our laptops. We have a customer visit on Thursday at 10.",
			priority:    "high",
		},
		{
			from: "chloe", subject: "Connexion Wi-Fi instable dans l’open space",
			description: "Depuis la semaine dernière, le Wi-Fi se coupe plusieurs fois par heure près des fenêtres. En salle de réunion, tout va bien.",
			replies: []reply{
				{"tess", "Bonjour Chloé, une des bornes ne répondait plus. Elle a été remplacée ce matin. Est-ce que la connexion tient maintenant ?", false},
				{"chloe", "Oui, plus aucune coupure depuis ce matin, merci !", false},
			},
			assignee: "tess", status: tickets.StatusResolved,
		},
	}
}

func openTickets(ctx context.Context, tx *store.Tx, who map[string]desk.Viewer) error {
	ctx = tickets.WithoutMail(ctx) // what was long ago is no news
	for _, d := range demoTickets() {
		t, err := tickets.OpenTx(ctx, tx, who[d.from].User, tickets.Opening{
			Requester: who[d.from], Origin: tickets.FromForm, Subject: d.subject, Description: d.description,
		})
		if err != nil {
			return err
		}
		for _, r := range d.replies {
			if _, err := tickets.ReplyTx(ctx, tx, who[r.from], t.ID, r.text, r.internal); err != nil {
				return err
			}
		}
		change := tickets.Change{}
		if d.status != "" {
			change.Status = &d.status
		}
		if d.priority != "" {
			change.Priority = &d.priority
		}
		if d.assignee != "" {
			id := who[d.assignee].User
			change.Assignee = &id
		}
		if _, err := tickets.ChangeTx(ctx, tx, who["adam"], t.ID, change); err != nil {
			return err
		}
	}
	return nil
}
