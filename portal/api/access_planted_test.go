package api_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/software"
)

// planted is a text that lies in the world once. Whoever is not among its
// readers must find it in no answer of any route; some reader finds it at each
// of the addresses that it names, which shows that it was there to be found.
type planted struct {
	what, text string
	readers    []string
	at         []string // below /api/v1
}

// plants put texts into a world. A room adds its own beside its rows.
var plants = []func(w *world, t testing.TB) []planted{
	(*world).plantTickets, (*world).plantConversations, (*world).plantArticles, (*world).plantPeople, (*world).plantMachines, (*world).plantAbroad,
}

var (
	staffRead = []string{"tess", "adam"}
	zaraReads = []string{"zara"}
)

func readBy(who ...string) []string { return append(who, staffRead...) }

// plant makes the texts, and what a device holds.
func (w *world) plant(t testing.TB) (all []planted) {
	t.Helper()
	made, err := w.devices.NewToken(w.as(t, "tess"), w.acme, "")
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := w.device(t, "ana", false)
	w.held = [2]string{string(id), made.Token + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(id)))}
	for _, p := range plants {
		all = append(all, p(w, t)...)
	}
	return all
}

// word is a text that nobody else has.
func word(about string) string { return about + string(desk.NewID())[24:] }

func (w *world) plantTickets(t testing.TB) []planted {
	hidden := w.field(t)
	mode := tickets.ModeHidden
	if _, err := w.tickets.ChangeField(w.as(t, "adam"), hidden, tickets.FieldDraft{Mode: &mode}); err != nil {
		t.Fatal(err)
	}
	note, value := word("note"), word("hidden")
	texts := map[string]string{}
	at := map[string]string{}
	for _, who := range []string{"ana", "carl", "chloe"} {
		texts[who] = word(who)
		k, err := w.tickets.Create(w.as(t, who), tickets.Draft{Subject: texts[who], Description: "d"})
		if err == nil {
			_, err = w.tickets.Reply(w.as(t, "tess"), k.ID, note, true)
		}
		if err == nil {
			_, err = w.tickets.Change(w.as(t, "tess"), k.ID, tickets.Change{Fields: tickets.Values{string(hidden): json.RawMessage(`"` + value + `"`)}})
		}
		if err != nil {
			t.Fatal(err)
		}
		at[who] = "/tickets/" + string(k.ID)
	}
	return []planted{
		{"ana's ticket", texts["ana"], readBy("ana", "ben"), []string{at["ana"]}},
		{"carl's ticket", texts["carl"], readBy("carl", "ben"), []string{at["carl"], "/tickets"}},
		{"another company's ticket", texts["chloe"], readBy("chloe"), []string{at["chloe"], "/tickets"}},
		{"a note of the staff", note, staffRead, []string{at["ana"], at["chloe"]}},
		{"a hidden field", value, staffRead, []string{at["ana"], at["chloe"]}},
	}
}

func (w *world) plantConversations(t testing.TB) (all []planted) {
	for _, who := range []string{"ana", "chloe"} {
		id, text := desk.NewID(), word("said")
		if _, err := w.conversations.Say(w.as(t, who), conversations.Message{Conversation: id, ID: string(desk.NewID()), Text: text}); err != nil {
			t.Fatal(err)
		}
		// A main contact reads the company's tickets, and with them what was said in their conversations.
		readers := readBy(who)
		if who == "ana" {
			readers = readBy(who, "ben")
		}
		all = append(all, planted{who + "'s conversation", text, readers, nil})
		// By its own address a conversation is its person's and the staff's.
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			var ticket string
			err := tx.QueryRow(ctx, "select coalesce((select id::text from tickets where conversation_id = $1), '')", id).Scan(&ticket)
			if ticket != "" {
				all[len(all)-1].at = []string{"/tickets/" + ticket}
			}
			return err
		})
	}
	return all
}

// written imports an article; audience and the text in the draft are optional.
func (w *world) written(t testing.TB, as string, audience desk.ID, text, draft string) desk.ID {
	t.Helper()
	key, v := "p"+string(desk.NewID()), w.viewers[as]
	doc := kb.Document{Name: key + ".md", Data: []byte("---\nid: " + key + "\nlang: en\ntitle: " + text + "\n---\n# " + text + "\n\n" + text + " is the word.\n")}
	r, err := w.kb.Import(w.as(t, as), v, []kb.Document{doc}, kb.ImportOptions{Audience: audience})
	if err != nil || r.Created != 1 {
		t.Fatal(r, err)
	}
	var id desk.ID
	storetest.InTx(t, w.store, v.Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select id from articles where key = $1", key).Scan(&id)
	})
	if draft == "" {
		return id
	}
	a, err := w.kb.Edit(t.Context(), v, id)
	if err == nil {
		_, err = w.kb.SaveDraft(t.Context(), v, id, "en", a.Languages[0].Version, kb.Text{Title: "Printers", Markdown: draft})
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) plantArticles(t testing.TB) []planted {
	forAcme, forGlobex, draft := word("acme"), word("globex"), word("draft")
	a := w.written(t, "adam", w.acme, forAcme, "")
	g := w.written(t, "adam", w.globex, forGlobex, draft)
	return []planted{
		{"an article for one company", forAcme, readBy("ana", "carl", "ben"), []string{"/articles/" + string(a), "/articles?query=" + forAcme}},
		{"an article for another company", forGlobex, readBy("chloe"), []string{"/articles/" + string(g), "/articles?query=" + forGlobex}},
		{"a draft", draft, staffRead, []string{"/admin/articles/" + string(g)}},
	}
}

func (w *world) plantPeople(t testing.TB) []planted {
	domain := word("d") + ".example"
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "insert into company_domains (tenant_id, company_id, domain) values ($1, $2, $3)", w.tenant, w.globex, domain)
		return err
	})
	chloe := "/admin/users/" + string(w.viewers["chloe"].User)
	return []planted{
		{"another company's mail address", "chloe@example.test", readBy("chloe"), []string{chloe}},
		{"a colleague's mail address", "carl@example.test", readBy("carl"), nil},
		{"another company's domain", domain, staffRead, []string{"/admin/companies/" + string(w.globex), "/admin/companies"}},
		{"a password's hash", "$argon2", nil, nil},
	}
}

func (w *world) plantMachines(t testing.TB) []planted {
	device, wish, row, password := word("PC-"), word("wish"), word("app"), word("secret")
	id := w.laptop(t, "chloe")
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update devices set name = $2 where id = $1", id, device)
		return err
	})
	_, err := w.software.Request(w.as(t, "chloe"), software.Wish{Name: wish})
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.software.Create(w.as(t, "adam"), software.RowDraft{
		Name: row, Audience: software.RowAudience{Mode: "companies", Companies: []desk.ID{w.globex}},
		Packages: []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "firefox"}},
	})
	if err == nil {
		_, err = w.software.AddSource(w.as(t, "adam"), software.SourceDraft{
			Manager: "chocolatey", Name: word("source"), URL: "https://packages.example/nuget",
			Credentials: &software.SourceCredentials{User: "u", Password: password},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return []planted{
		{"another company's device", device, readBy("chloe"), []string{"/devices", "/admin/devices"}},
		{"another person's wish", wish, readBy("chloe"), []string{"/software/requests"}},
		{"software for another company", row, readBy("chloe"), []string{"/admin/software/" + string(s.ID)}},
		{"a source's password", password, nil, nil},
	}
}

// plantAbroad puts one of each kind into the other tenant.
func (w *world) plantAbroad(t testing.TB) (all []planted) {
	zara := w.as(t, "zara")
	text := func(what string, at ...string) string {
		s := word("abroad")
		all = append(all, planted{"the other tenant's " + what, s, zaraReads, at})
		return s
	}
	note := func(path string) { all[len(all)-1].at = append(all[len(all)-1].at, path) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k, err := w.tickets.Create(zara, tickets.Draft{Subject: text("ticket", "/tickets"), Description: "d"})
	must(err)
	note("/tickets/" + string(k.ID))
	f, err := w.tickets.AddField(zara, tickets.FieldDraft{Kind: tickets.FieldText, Names: &tickets.Names{"en": text("field", "/fields", "/admin/fields")}})
	must(err)
	_, err = w.tickets.Change(zara, k.ID, tickets.Change{Fields: tickets.Values{string(f.ID): json.RawMessage(`"` + text("value", "/tickets/"+string(k.ID)) + `"`)}})
	must(err)
	_, err = w.tickets.AddStatus(zara, tickets.StatusDraft{Kind: tickets.KindPending, Names: &tickets.Names{"en": text("status", "/statuses", "/admin/statuses")}})
	must(err)
	_, err = w.kb.SaveCategory(t.Context(), w.viewers["zara"], kb.ArticleCategory{Names: map[desk.Language]string{"en": text("category", "/admin/categories")}})
	must(err)
	name := text("article", "/articles")
	note("/articles?query=" + name)
	note("/articles/" + string(w.written(t, "zara", "", name, "")))
	said := desk.NewID()
	_, err = w.conversations.Say(zara, conversations.Message{Conversation: said, ID: string(desk.NewID()), Text: text("conversation", "/conversations/"+string(said)+"/events")})
	must(err)
	company := storetest.Company(t, w.store, w.other, text("company", "/admin/companies"))
	note("/admin/companies/" + string(company))
	_, err = w.software.Create(zara, software.RowDraft{
		Name: text("software", "/admin/software"), Audience: software.RowAudience{Mode: "everyone"},
		Packages: []software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "firefox"}},
	})
	must(err)
	_, err = w.software.Request(zara, software.Wish{Name: text("wish", "/software/requests")})
	must(err)
	storetest.InTx(t, w.store, w.other, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key) values ($1, $2, $3, $4, 'windows', $5, $5)",
			w.other, desk.NewID(), company, text("device", "/admin/devices"), []byte(desk.NewID()[:32]))
		return err
	})
	all = append(all, planted{"the other tenant's person", "zara@example.test", zaraReads, []string{"/me", "/admin/users"}})
	return all
}

// Holds B13, R26. The texts are really there to be found, and only their readers
// find them, at whatever address.
func TestPlantedTextsAreFoundByTheirReadersAndByNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secrets := w.plant(t)
	var addresses []string
	for _, s := range secrets {
		addresses = append(addresses, s.at...)
	}
	for route, r := range access { // every list besides, as each actor sees it
		if path, ok := strings.CutPrefix(route, "GET /api/v1"); ok && r.target == "" {
			addresses = append(addresses, path)
		}
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	told := map[string]bool{}
	for _, actor := range actors {
		w.forgetLogIns(t)
		var as call
		w.present(t, &as, actor)
		for _, path := range addresses {
			c := as
			c.path = "/api/v1" + path
			a := w.do(t, c)
			for _, s := range secrets {
				reads, found := slices.Contains(s.readers, actor), strings.Contains(string(a.body), s.text)
				switch {
				case found && !reads:
					t.Errorf("%s tells %s %s: %s", path, actor, s.what, a.body)
				case found && slices.Contains(s.at, path):
					told[s.what+path] = true
				}
			}
		}
	}
	for _, s := range secrets {
		for _, path := range s.at {
			if !told[s.what+path] {
				t.Errorf("%s tells nobody %s: it is no proof that others do not find it", path, s.what)
			}
		}
	}
	t.Logf("%d texts, %d addresses, %d actors", len(secrets), len(addresses), len(actors))
}
