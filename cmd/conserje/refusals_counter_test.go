package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// counter is a whole portal to which people bring what they should not.
type counter struct {
	*lane
	at        map[string]string // what a row has prepared
	before    map[string]string // the database, table by table, when it was
	measured  measured
	tables    []string
	sentences map[desk.Language]map[string]any // the web's sentences for refusals
}

func openCounter(t *testing.T) *counter {
	t.Helper()
	x := &counter{lane: openLane(t), at: map[string]string{}, sentences: map[desk.Language]map[string]any{}}
	x.http.Timeout = 2 * time.Minute // the first PDF file compiles its reader, which takes its time under the race detector
	x.let("tess", storetest.User(t, x.portal.database.Store, x.people["ana"].Tenant, "", desk.RoleTechnician, "tess"))
	for _, lang := range desk.Languages() {
		raw, err := os.ReadFile(filepath.Join("..", "..", "portal", "web", "src", "locales", string(lang), "errors.json"))
		if err != nil {
			t.Fatal(err)
		}
		x.sentences[lang] = decode(raw)
	}
	storetest.InTx(t, x.portal.database.Store, x.people["ana"].Tenant, func(ctx context.Context, tx *store.Tx) error {
		// What each request leaves behind, refused or not, is no change.
		return tx.QueryRow(ctx, `select array_agg(table_name::text order by table_name) from information_schema.columns
			where table_schema = 'public' and column_name = 'tenant_id' and table_name not in ('sessions', 'limits', 'idempotency_keys', 'secret_outbox', 'ticket_presence')`).Scan(&x.tables)
	})
	return x
}

// given ends what a row prepares: from here on nothing may change.
func (x *counter) given() {
	x.t.Helper()
	x.until("the jobs to be done", func() bool { return x.jobs() == 0 })
	x.before, x.measured = x.state(), spent()
}

func (x *counter) jobs() (n int) {
	x.t.Helper()
	storetest.InTx(x.t, x.portal.database.Store, x.people["ana"].Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, "select count(*) from river.river_job where state in ('available', 'running', 'retryable') and kind in ('ticket_mail', 'message_send', 'kb_embed')").Scan(&n)
	})
	return n
}

func (x *counter) state() map[string]string {
	x.t.Helper()
	out := map[string]string{}
	storetest.InTx(x.t, x.portal.database.Store, x.people["ana"].Tenant, func(ctx context.Context, tx *store.Tx) error {
		for _, table := range x.tables {
			var rows string
			if err := tx.QueryRow(ctx, "select count(*)::text || ' ' || coalesce(md5(string_agg(r::text, '' order by r::text)), '') from "+table+" r").Scan(&rows); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			out[table] = rows
		}
		return nil
	})
	return out
}

func (x *counter) unchanged() {
	x.t.Helper()
	for table, now := range x.state() {
		if now != x.before[table] {
			x.t.Errorf("%s has changed: %s, was %s", table, now, x.before[table])
		}
	}
}

// reply is an answer of the portal, whatever it says.
type reply struct {
	status int
	raw    string
}

// refusal is the problem that the answer is, or the first that it lists.
func (r reply) refusal() map[string]any {
	all := decode([]byte(r.raw))
	if list, ok := all["problems"].([]any); ok && len(list) > 0 {
		first, _ := list[0].(map[string]any)
		return first
	}
	return all
}

func (r reply) code() desk.Code {
	code, _ := r.refusal()["code"].(string)
	return desk.Code(code)
}

func (r reply) params() map[string]any {
	p, _ := r.refusal()["params"].(map[string]any)
	return p
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// ask sends a request that may be refused; more are headers, by name and value.
func (x *counter) ask(who, method, path string, in any, more ...string) reply {
	x.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		x.t.Fatal(err)
	}
	return x.bring(who, method, path, bytes.NewReader(body), append([]string{"Content-Type", "application/json"}, more...)...)
}

func (x *counter) bring(who, method, path string, body io.Reader, headers ...string) reply {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), method, x.address+"/api/v1"+path, body)
	if err != nil {
		x.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	req.AddCookie(&http.Cookie{Name: "conserje", Value: x.tokens[who]})
	return x.read(x.http.Do(req))
}

func (x *counter) read(res *http.Response, err error) reply {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return reply{res.StatusCode, string(raw)}
}

func (x *counter) upload(who, path, field, name string, data []byte) reply {
	x.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return x.bring(who, http.MethodPost, path, &body, "Content-Type", form.FormDataContentType())
}

func (x *counter) table(path, name, rows string) reply {
	x.t.Helper()
	return x.upload("tess", path, "file", name, []byte(rows))
}

// announce says that a large body comes, and hears what the server says to that.
func (x *counter) announce(who, path string, size int) reply {
	x.t.Helper()
	host := strings.TrimPrefix(x.address, "http://")
	conn, err := new(net.Dialer).DialContext(x.t.Context(), "tcp", host)
	if err != nil {
		x.t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST /api/v1%s HTTP/1.1\r\nHost: %s\r\nCookie: conserje=%s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", path, host, x.tokens[who], size)
	if err != nil {
		x.t.Fatal(err)
	}
	return x.read(http.ReadResponse(bufio.NewReader(conn), nil))
}

// ticket opens one and returns its id.
func (x *counter) ticket(who string, more map[string]any) string {
	x.t.Helper()
	in := map[string]any{"subject": "The printer hums", "description": "Since yesterday."}
	maps.Copy(in, more)
	return fmt.Sprint(x.post(who, "/tickets", in)["id"])
}

func words(markdown string) map[string]any {
	return map[string]any{"title": "Printers", "summary": "", "markdown": markdown}
}

// tag is the ETag of an article's first language.
func tag(languages any) string {
	list, _ := languages.([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	return fmt.Sprintf("%q", fmt.Sprint(first["version"]))
}

func (x *counter) save(who, seen, markdown string) {
	x.t.Helper()
	if saved := x.ask(who, http.MethodPut, x.at["text"], words(markdown), "If-Match", seen); saved.status != http.StatusOK {
		x.t.Fatalf("%d %s", saved.status, saved.raw)
	}
}

// wordBomb is a document of some KB that unpacks to 64 MB.
func wordBomb(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	part, err := z.Create("word/document.xml")
	if err == nil {
		_, err = part.Write(make([]byte, 64<<20))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil || out.Len() > 1<<20 {
		t.Fatal(out.Len(), err)
	}
	return out.Bytes()
}

var hole = regexp.MustCompile(`\{\{(\w+)\}\}`)

// says holds that a person reads what is wrong and what to do, in each
// language: the English words are the row's.
func (x *counter) says(got reply, want string) {
	x.t.Helper()
	said := map[string]bool{}
	for _, lang := range desk.Languages() {
		text := hole.ReplaceAllStringFunc(x.sentence(lang, got), func(h string) string { return shownParam(got, strings.Trim(h, "{}")) })
		if lang == "en" && !strings.HasPrefix(text, want) {
			x.t.Errorf("it says %q, want %q", text, want)
		}
		if said[text] || strings.Contains(text, "{{") || len(strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == ':' || r == ';' })) < 2 {
			x.t.Errorf("%s: %q", lang, text)
		}
		said[text] = true
	}
}

// sentence is the one that the web chooses.
func (x *counter) sentence(lang desk.Language, got reply) string {
	all, params := x.sentences[lang], got.params()
	key := string(got.code())
	if special, ok := all[key+"_of"].(map[string]any); ok {
		s, _ := special[fmt.Sprint(params["what"])].(string)
		return s
	}
	if into, ok := all[key+"_into"].(string); ok && params["number"] != nil {
		return into
	}
	s, _ := all[key].(string)
	return s
}

func shownParam(got reply, name string) string {
	v := got.params()[name]
	switch v := v.(type) {
	case nil:
		return "{{" + name + "}}" // a hole stays one
	case []any:
		return strings.Trim(fmt.Sprint(v...), "[]")
	case float64:
		if got.code() == desk.CodeTooLarge {
			return fmt.Sprintf("%g MB", v/(1<<20))
		}
	}
	return fmt.Sprint(v)
}
