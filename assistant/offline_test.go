package assistant

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/evaltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools"
)

// built makes the bench a portal as it starts: the built-in model behind the
// real client, and the articles of the demo in the real knowledge base.
func built(t testing.TB, b *bench) *kb.KB {
	t.Helper()
	provider, err := model.New(model.Config{
		Name: offline.ModelName, BaseURL: "http://built-in.invalid/v1", Model: offline.ModelName,
		Offline: true, Transport: offline.Transport(), Log: storetest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	base := kb.New(kb.Config{Store: b.store, Embedder: evaltest.Offline{}, Log: storetest.Log(t)})
	docs, err := kb.Folder(filepath.Join(desktest.RepoRoot(t), "portal/demo/articles"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := base.Import(t.Context(), b.adam, docs, kb.ImportOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Fatal(report, err)
	}
	registry, err := tools.NewRegistry(b.store, storetest.Log(t), tools.All(b.store, base, b.tickets, b.ledger)...)
	if err != nil {
		t.Fatal(err)
	}
	b.engine.cfg.Model, b.engine.cfg.Tools = provider, registry
	return base
}

// Holds R23, B5.
func TestTheBuiltInModelDoesTheWholeJobInEveryLanguage(t *testing.T) {
	b := newBench(t)
	built(t, b)
	for _, c := range []struct {
		lang                              desk.Language
		question, list, ticket, add, call string
	}{
		{"en", "My laptop won't connect to the VPN", "Show me my open tickets", "Please open a ticket: the printer on floor 2 jams", "Add to ticket 1 that it happened again today", "I want to talk to a human"},
		{"es", "Mi portátil no se conecta a la VPN", "Muéstrame mis tickets abiertos", "Abre un ticket: la impresora de la planta 2 se atasca", "Añade al ticket 1 que hoy ha vuelto a pasar", "Quiero hablar con una persona"},
		{"de", "Mein Laptop verbindet sich nicht mit dem VPN", "Zeig mir meine offenen Tickets", "Bitte öffne ein Ticket: der Drucker im 2. Stock hat Papierstau", "Ergänze in Ticket 1, dass es heute wieder passiert ist", "Ich möchte mit einem Menschen sprechen"},
		{"fr", "Mon portable ne se connecte pas au VPN", "Montre-moi mes tickets ouverts", "Ouvre un ticket : l'imprimante du 2e étage fait des bourrages", "Ajoute au ticket 1 que c'est encore arrivé aujourd'hui", "Je veux parler à une personne"},
		{"it", "Il mio portatile non si connette alla VPN", "Mostrami i miei ticket aperti", "Apri un ticket: la stampante al 2° piano si inceppa", "Aggiungi al ticket 1 che è successo di nuovo oggi", "Voglio parlare con una persona"},
	} {
		t.Run(string(c.lang), func(t *testing.T) {
			b.t = t
			b.sql("update users set language = $1", c.lang)
			b.sql("delete from ticket_replies")
			v := b.ana
			v.Language = c.lang
			o := b.ask(v, c.question)
			if len(o.message.Citations) == 0 || o.message.Citations[0].Lang != c.lang || !strings.Contains(o.message.Text, fmt.Sprintf("[%d]", o.message.Citations[0].N)) || !o.message.Offline {
				t.Errorf("%q: %q cites %+v", c.question, o.message.Text, o.message.Citations)
			}
			if !slices.ContainsFunc(o.message.Citations, func(k desk.Citation) bool { return strings.Contains(strings.ToLower(k.Title), "vpn") }) {
				t.Errorf("%q stands on %+v", c.question, o.message.Citations)
			}
			o = b.ask(v, c.list)
			if !called(o, prompts.ToolList) || len(o.message.Citations) != 0 {
				t.Errorf("%q: %v, %q", c.list, names(o), o.message.Text)
			}
			before := b.count("tickets")
			o = b.ask(v, c.ticket)
			if !called(o, prompts.ToolCreate) || b.count("tickets") != before+1 { // its own (R10), described
				t.Errorf("%q: %v, %q", c.ticket, names(o), o.message.Text)
			}
			o = b.ask(v, c.add)
			if !called(o, prompts.ToolAdd) || b.count("ticket_replies") != 1 {
				t.Errorf("%q: %v, %q", c.add, names(o), o.message.Text)
			}
			o = b.ask(v, c.call)
			if o.end.Reason != desk.TurnHandoff || o.message.Text != prompts.Text(string(c.lang), "handoff_requested", nil) {
				t.Errorf("%q: %+v %q", c.call, o.end, o.message.Text)
			}
		})
	}
}

// Holds P5: whoever says in words that it works is asked by a card; the ticket
// is resolved by their press on it and by nothing that anybody says.
func TestTheBuiltInModelAsksWhetherItIsFixedAndResolvesNothing(t *testing.T) {
	b := newBench(t)
	built(t, b)
	for lang, fine := range map[desk.Language]string{
		"en": "It works now, thank you", "es": "Ya funciona, gracias", "de": "Jetzt geht es wieder, danke", "fr": "Ça marche maintenant, merci", "it": "Ora funziona, grazie",
	} {
		t.Run(string(lang), func(t *testing.T) {
			b.t = t
			b.sql("update users set language = $1", lang)
			v := b.ana
			v.Language = lang
			conversation := desk.NewID()
			b.askIn(v, conversation, "My laptop won't connect to the VPN")
			o := b.askIn(v, conversation, fine)
			if !called(o, prompts.ToolFixed) || !slices.ContainsFunc(o.events, func(e desk.Event) bool { return e.Kind == desk.KindNote }) {
				t.Errorf("%v, %q", names(o), o.message.Text)
			}
			list, err := b.tickets.List(desk.WithViewer(t.Context(), v), tickets.Filter{Limit: 1})
			if err != nil || !list.Items[0].FixAsked || list.Items[0].Kind.Done() {
				t.Errorf("%+v %v", list.Items, err)
			}
		})
	}
}

func called(o outcome, tool string) bool {
	return slices.ContainsFunc(o.results, func(r desk.ToolResult) bool { return r.Name == tool && r.OK })
}

func names(o outcome) (list []string) {
	for _, c := range o.calls {
		list = append(list, c.Name+" "+string(c.Arguments))
	}
	return list
}

// Holds P15, B5.
func TestASpentDayIsAnsweredByTheBuiltInModel(t *testing.T) {
	spare, err := model.New(model.Config{
		BaseURL: "http://built-in.invalid/v1", Model: offline.ModelName, Offline: true, Transport: offline.Transport(), Log: storetest.Log(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.DayTokens, c.Spare = 50_000, spare })
	b.passages = func(string) []kb.Hit { return vpn() }
	b.spend(50_000)
	o := b.ask(b.ana, "How do I connect to the VPN?")
	b.service.Drain(t.Context())
	if b.fake.Count() != 0 || !o.message.Offline || o.end.Reason != desk.TurnAnswered || len(o.message.Citations) == 0 || b.tokens() != 50_000 {
		t.Errorf("%d requests, %+v, %d tokens", b.fake.Count(), o.message, b.tokens())
	}
}

// Holds R8.
func TestWithoutKnowledgeBaseNothingIsSearched(t *testing.T) {
	b := newBench(t)
	built(t, b)
	b.set(`{"knowledge_base":{"mode":"off","users":[]}}`)
	o := b.ask(b.ana, "My laptop won't connect to the VPN")
	if len(o.calls) != 0 || len(o.message.Citations) != 0 || o.end.Reason != desk.TurnAnswered {
		t.Errorf("%v %+v", names(o), o.message)
	}
	var n int
	storetest.InTx(t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from conversation_events where convert_from(body, 'UTF8') like '%anchor%'").Scan(&n)
	})
	if n != 0 {
		t.Errorf("%d events speak of passages", n)
	}
}
