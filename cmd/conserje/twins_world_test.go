package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// twins are two tenants on one server that say the same in everything: what
// tells them apart is ids, the numbers of their tickets, and one word.
type twins struct {
	t            *testing.T
	url, address string
	portal       *portal
	http         *http.Client
	pair         [2]*twin
}

// twin is one of them. own are the addresses of what it has, with who may read
// there.
type twin struct {
	tenant     desk.ID
	host, mark string
	people     map[string]desk.Viewer
	own        []errand
	files      []string
}

// errand is a page that somebody asks for.
type errand struct{ who, path string }

const (
	apart     = 5000 // the second one's tickets have numbers from here on
	topicsOf  = 12
	peopleOf  = 6
	inTheFile = "What the printer wrote down before it stopped."
)

var (
	contacts = []string{"ana", "bea", "cem", "ben"}
	// topics are what both of them have articles and tickets about.
	topics = [topicsOf][3]string{
		{"printer", "The printer jams", "Open the rear door of the printer and pull the paper out slowly."},
		{"vpn", "The VPN does not connect", "Restart the VPN client and type the token once more."},
		{"password", "Change a password", "Choose a password of three words in the account settings."},
		{"mailbox", "The mailbox is full", "Empty the deleted items and archive what is older than a year."},
		{"monitor", "A monitor stays black", "Press the source button of the monitor and check both plugs."},
		{"wireless", "Wireless in the meeting room", "Forget the wireless network and join it again with your badge number."},
		{"scanner", "Scan to a folder", "The scanner asks for the folder after the second page."},
		{"license", "A license has expired", "Sign out of the program and in again; the license is renewed then."},
		{"headset", "The headset is silent", "Choose the headset in the sound settings of the call."},
		{"backup", "Bring a file back from the backup", "Right-click the folder and choose an earlier version from the backup."},
		{"calendar", "Share a calendar", "Open the calendar's permissions and add your colleague as a reader."},
		{"docking", "The docking station is not found", "Pull the cable of the docking station for ten seconds."},
	}
)

func openTwins(t *testing.T) *twins {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	x := &twins{t: t, url: storetest.URL(t), http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	t.Cleanup(x.http.CloseIdleConnections)
	x.portal, x.address = serving{
		url: x.url, log: log, messages: notify.Config{Demo: true, Log: log},
		start: func(ctx context.Context, p *portal) error { return p.start(ctx) },
	}.open(t)
	return x
}

// born makes a tenant and fills every room of it.
func (x *twins) born(mark string, numbers int) *twin {
	x.t.Helper()
	s := x.portal.database.Store
	w := &twin{tenant: storetest.Tenant(x.t, s), mark: mark, people: map[string]desk.Viewer{}}
	w.host = "t" + string(w.tenant[24:]) + ".test"
	x.exec(w, "insert into ticket_counters (tenant_id, last) values ($1, $2)", w.tenant, numbers)
	x.joins(w, "adam", "", desk.RoleAdmin)
	x.joins(w, "tess", "", desk.RoleTechnician)
	company := x.post(w, "adam", "/admin/companies", map[string]any{"name": "Acme " + mark, "domains": []string{"acme.example"}})
	for _, who := range contacts {
		x.joins(w, who, desk.ID(company), map[bool]desk.Role{true: desk.RoleMainContact, false: desk.RoleContact}[who == "ben"])
	}
	w.has("tess", "/admin/companies/"+company)
	x.writes(w)
	x.opens(w)
	x.furnishes(w, company)
	return w
}

// joins makes somebody with a session.
func (x *twins) joins(w *twin, login string, company desk.ID, role desk.Role) {
	x.t.Helper()
	v := storetest.User(x.t, x.portal.database.Store, w.tenant, company, role, login)
	w.people[login] = v
	sum := sha256.Sum256([]byte(w.token(login)))
	x.exec(w, "insert into sessions (tenant_id, id, user_id, token_hash, expires_at) values ($1, $2, $3, $4, now() + interval '1 day')", w.tenant, desk.NewID(), v.User, sum[:])
	x.exec(w, "update users set name = initcap(login) || ' Lindqvist ' || $2 where id = $1", v.User, w.mark)
	w.has("tess", "/admin/users/"+string(v.User))
}

func (w *twin) token(who string) string { return "session-of-" + who + "-" + string(w.tenant) }

func (w *twin) has(who string, paths ...string) {
	for _, path := range paths {
		w.own = append(w.own, errand{who, path})
	}
}

// writes is the knowledge base.
func (x *twins) writes(w *twin) {
	x.t.Helper()
	var docs []kb.Document
	for _, c := range topics {
		text := fmt.Sprintf("---\nid: %s\nlang: en\ntitle: %s\n---\n# %s\n\n%s Said by %s.\n", c[0], c[1], c[1], c[2], w.mark)
		docs = append(docs, kb.Document{Name: c[0] + ".md", Data: []byte(text)})
	}
	report, err := x.portal.knowledge.Import(x.t.Context(), w.people["adam"], docs, kb.ImportOptions{})
	if err != nil || report.Created != topicsOf {
		x.t.Fatal(report, err)
	}
	for _, id := range x.ids(w, "select id::text from articles order by key") {
		w.has("ana", "/articles/"+id)
		w.has("tess", "/admin/articles/"+id)
	}
	x.put(w, "ana", w.own[len(w.own)-2].path+"/feedback", map[string]any{"lang": "en", "change": 1, "rating": "down", "reason": "It says nothing of the lamp, " + w.mark})
}

// opens is tickets, what was written in them, and files.
func (x *twins) opens(w *twin) {
	x.t.Helper()
	for i, c := range topics {
		who := contacts[i%len(contacts)]
		id := x.post(w, who, "/tickets", map[string]any{"subject": c[1] + " " + w.mark, "description": "Since Monday: " + c[0] + "."})
		reply := map[string]any{"text": "Please try this: " + c[2] + " " + w.mark}
		if i < 3 {
			w.files = append(w.files, x.upload(w, c[0]+".log", []byte(inTheFile+" "+w.mark)), x.upload(w, c[0]+".png", filestest.PNG(x.t, 20, 20)))
			reply["attachments"] = w.files[len(w.files)-2:]
		}
		x.post(w, "tess", "/tickets/"+id+"/replies", reply)
		w.has("tess", "/tickets/"+id, "/tickets/"+id+"/replies", "/tickets/"+id+"/changes")
		w.has(who, "/tickets/"+id)
	}
	for _, f := range w.files {
		w.has("tess", "/files/"+f)
	}
	w.has("tess", "/files/"+w.files[1]+"/picture")
}

// furnishes puts one of each kind into the other rooms.
func (x *twins) furnishes(w *twin, company string) {
	x.t.Helper()
	say := func(what string) map[string]string { return map[string]string{"en": what + " " + w.mark} }
	x.post(w, "adam", "/admin/macros", map[string]any{"names": say("Ask again"), "texts": say("Hello {{contact_name}}")})
	x.post(w, "adam", "/views", map[string]any{"name": "Waiting " + w.mark, "shared": true, "filter": map[string]any{"view": "queue"}})
	x.post(w, "adam", "/admin/categories", map[string]any{"names": say("Devices")})
	x.post(w, "adam", "/admin/fields", map[string]any{"kind": "text", "names": say("Room")})
	x.post(w, "adam", "/admin/statuses", map[string]any{"kind": "pending", "names": say("Ordered")})
	software := x.post(w, "adam", "/admin/software", map[string]any{
		"name": "Firefox " + w.mark, "audience": map[string]any{"mode": "everyone"},
		"packages": []any{map[string]any{"system": "windows", "manager": "chocolatey", "package": "firefox"}},
	})
	w.has("tess", "/admin/software/"+software)
	x.post(w, "ana", "/software/requests", map[string]any{"name": "Figaro " + w.mark})
	device := desk.NewID()
	x.exec(w, "insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key) values ($1, $2, $3, $4, 'windows', $5, $5)",
		w.tenant, device, company, "LAPTOP-7 "+w.mark, bytes.Repeat([]byte(w.mark[:1]), 32))
	w.has("tess", "/admin/devices/"+string(device))
	x.exec(w, "insert into kb_sources (tenant_id, id, url, kind, prefix, lang, every_hours, next_sync_at) values ($1, $2, 'https://wiki.example/' || $3, 'page', '', 'en', 24, now() + interval '1 day')",
		w.tenant, desk.NewID(), w.mark)
	storetest.InTx(x.t, x.portal.database.Store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := x.portal.people.FirstContact(ctx, tx, people.FirstMessage{Name: "Nora " + w.mark, Email: "nora@nobody.example", Text: "My printer jams.", Source: people.FromMail})
		return err
	})
}

// asks has somebody say something to the assistant.
func (x *twins) asks(w *twin, who, text string) {
	x.t.Helper()
	id := desk.NewID()
	ctx := desk.WithViewer(x.t.Context(), w.people[who])
	if _, err := x.portal.conversations.Say(ctx, conversations.Message{Conversation: id, ID: string(id), Text: text}); err != nil {
		x.t.Error(err)
		return
	}
	w.has(who, "/conversations/"+string(id)+"/events", "/conversations/"+string(id))
	w.has("tess", "/conversations/"+string(id)+"/events")
}

// exec is for what no address makes.
func (x *twins) exec(w *twin, statement string, args ...any) {
	x.t.Helper()
	storetest.InTx(x.t, x.portal.database.Store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

func (x *twins) ids(w *twin, query string) (list []string) {
	x.t.Helper()
	storetest.InTx(x.t, x.portal.database.Store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return list
}

// post makes something and returns its id.
func (x *twins) post(w *twin, who, path string, in any) string {
	x.t.Helper()
	id, _ := decode(x.sends(w, who, http.MethodPost, path, in))["id"].(string)
	return id
}

func (x *twins) put(w *twin, who, path string, in any) {
	x.t.Helper()
	x.sends(w, who, http.MethodPut, path, in)
}

func (x *twins) sends(w *twin, who, method, path string, in any) []byte {
	x.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		x.t.Fatal(err)
	}
	status, answer := x.do(w, who, method, path, "application/json", raw)
	if status >= http.StatusBadRequest {
		x.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return []byte(answer)
}

func (x *twins) upload(w *twin, name string, data []byte) string {
	x.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err != nil || m.Close() != nil {
		x.t.Fatal(err)
	}
	status, answer := x.do(w, "tess", http.MethodPost, "/files", m.FormDataContentType(), body.Bytes())
	id, _ := decode([]byte(answer))["id"].(string)
	if status != http.StatusCreated || id == "" {
		x.t.Fatalf("%s: %d %s", name, status, answer)
	}
	return id
}

// get is what somebody is told at an address.
func (x *twins) get(w *twin, e errand) (status int, answer string) {
	x.t.Helper()
	return x.do(w, e.who, http.MethodGet, e.path, "", nil)
}

func (x *twins) do(w *twin, who, method, path, kind string, body []byte) (status int, answer string) {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), method, "http://"+x.address+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		x.t.Error(err)
		return 0, ""
	}
	req.Host = w.host
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Cookie", "__Host-conserje="+w.token(who))
	res, err := x.http.Do(req)
	if err != nil {
		x.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	var text strings.Builder
	if _, err := io.Copy(&text, res.Body); err != nil {
		x.t.Error(err)
	}
	return res.StatusCode, text.String()
}
