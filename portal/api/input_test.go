package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
)

func TestBadInputGetsItsCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, chat := "/tickets/"+string(w.ticket(t, "ana")), "/conversations/"+string(w.conversation(t, "ana"))
	token := map[string]string{}
	for _, who := range []string{"ana", "tess", "adam"} {
		token[who], _ = w.logIn(t, who)
	}
	long := func(n int) string { return strings.Repeat("é", n) }
	for _, c := range []struct {
		what, who, method, path, body string
		status                        int
		code                          desk.Code
		field                         string
	}{
		{"wrong password", "", "POST", "/session", `{"login":"ana","password":"wrong-password"}`, 401, desk.CodeBadCredentials, ""},
		{"unknown login", "", "POST", "/session", `{"login":"nobody","password":"wrong-password"}`, 401, desk.CodeBadCredentials, ""},
		{"empty password", "", "POST", "/session", `{"login":"ana","password":""}`, 401, desk.CodeBadCredentials, ""},
		{"NUL in login", "", "POST", "/session", `{"login":"ana\u0000","password":"x"}`, 401, desk.CodeBadCredentials, ""},
		{"over-long login", "", "POST", "/session", `{"login":"` + long(300) + `","password":"x"}`, 422, desk.CodeTextTooLong, "login"},
		{"log-in without password", "", "POST", "/session", `{"login":"ana"}`, 422, desk.CodeInvalid, ""},
		{"log-in with null", "", "POST", "/session", `{"login":null,"password":null}`, 422, desk.CodeInvalid, "login"},
		{"log-in of a list", "", "POST", "/session", `{"login":["ana"],"password":"x"}`, 422, desk.CodeInvalid, "login"},
		{"no body", "", "POST", "/session", ``, 400, desk.CodeInvalid, ""},
		{"malformed JSON", "ana", "POST", "/tickets", `{"subject":`, 400, desk.CodeInvalid, ""},
		{"two documents", "ana", "POST", "/tickets", `{"subject":"a","description":"b"}{}`, 400, desk.CodeInvalid, ""},
		{"JSON of another kind", "ana", "POST", "/tickets", `[1]`, 422, desk.CodeInvalid, ""},
		{"deep JSON", "ana", "POST", "/tickets", strings.Repeat("[", 20_000), 400, desk.CodeInvalid, ""},
		{"unknown field", "ana", "POST", "/tickets", `{"subject":"a","description":"b","status":"closed"}`, 422, desk.CodeInvalid, "status"},
		{"own role", "ana", "PATCH", "/me", `{"role":"admin"}`, 422, desk.CodeInvalid, "role"},
		{"own company", "ana", "PATCH", "/me", `{"company_id":"` + string(w.globex) + `"}`, 422, desk.CodeInvalid, "company_id"},
		{"invalid UTF-8 in JSON", "ana", "POST", "/tickets", "{\"subject\":\"a\xff\",\"description\":\"b\"}", 422, desk.CodeInvalidUTF8, ""},
		{"NUL in JSON", "ana", "POST", "/tickets", `{"subject":"a\u0000","description":"b"}`, 422, desk.CodeInvalidUTF8, "subject"},
		{"NUL in a name", "ana", "PATCH", "/me", `{"name":"a\u0000"}`, 422, desk.CodeInvalidUTF8, "name"},
		{"blank name", "ana", "PATCH", "/me", `{"name":"  "}`, 422, desk.CodeEmptyText, "name"},
		{"empty name", "ana", "PATCH", "/me", `{"name":""}`, 422, desk.CodeEmptyText, "name"},
		{"over-long name", "ana", "PATCH", "/me", `{"name":"` + long(121) + `"}`, 422, desk.CodeTextTooLong, "name"},
		{"unknown language", "ana", "PATCH", "/me", `{"language":"pt"}`, 422, desk.CodeInvalid, "language"},
		{"short password", "ana", "PATCH", "/me", `{"password":{"old":"right-password","new":"short"}}`, 422, desk.CodeInvalid, "password.new"},
		{"wrong old password", "ana", "PATCH", "/me", `{"password":{"old":"wrong","new":"long-enough-1"}}`, 401, desk.CodeBadCredentials, "old"},
		{"empty subject", "ana", "POST", "/tickets", `{"subject":" ","description":"b"}`, 422, desk.CodeEmptyText, "subject"},
		{"over-long subject", "ana", "POST", "/tickets", `{"subject":"` + long(201) + `","description":"b"}`, 422, desk.CodeTextTooLong, "subject"},
		{"over-long description", "ana", "POST", "/tickets", `{"subject":"a","description":"` + long(20_001) + `"}`, 422, desk.CodeTextTooLong, "description"},
		{"empty reply", "ana", "POST", own + "/replies", `{"text":"\n\t "}`, 422, desk.CodeEmptyText, "text"},
		{"over-long reply", "ana", "POST", own + "/replies", `{"text":"` + long(20_001) + `"}`, 422, desk.CodeTextTooLong, "text"},
		{"NUL in a reply", "ana", "POST", own + "/replies", `{"text":"a\u0000"}`, 422, desk.CodeInvalidUTF8, "text"},
		{"empty message", "tess", "POST", chat + "/messages", `{"text":""}`, 422, desk.CodeEmptyText, ""},
		{"over-long message", "tess", "POST", chat + "/messages", `{"text":"` + long(8001) + `"}`, 422, desk.CodeTextTooLong, "text"},
		{"over-long reason", "ana", "POST", chat + "/handoff", `{"reason":"` + long(1001) + `"}`, 422, desk.CodeTextTooLong, "reason"},
		{"NUL in a reason", "ana", "POST", chat + "/handoff", `{"reason":"a\u0000"}`, 422, desk.CodeInvalidUTF8, ""},
		{"unknown status", "ana", "PATCH", own, `{"status":"done"}`, 422, desk.CodeInvalid, "status"},
		{"unknown priority", "tess", "PATCH", own, `{"priority":"mega"}`, 422, desk.CodeInvalid, "priority"},
		{"garbage assignee", "tess", "PATCH", own, `{"assignee_id":"x"}`, 422, desk.CodeInvalid, "assignee_id"},
		{"garbage requester", "tess", "POST", "/tickets", `{"subject":"a","description":"b","requester_id":"x"}`, 422, desk.CodeInvalid, "requester_id"},
		{"garbage id", "ana", "GET", "/tickets/1", "", 422, desk.CodeInvalid, "path.id"},
		{"SQL as id", "ana", "GET", "/tickets/'%20or%201=1--", "", 422, desk.CodeInvalid, "path.id"},
		{"NUL as id", "ana", "GET", "/tickets/%00", "", 422, desk.CodeInvalid, "path.id"},
		{"absent ticket", "ana", "GET", "/tickets/" + string(desk.NewID()), "", 404, desk.CodeNotFound, ""},
		{"absent article", "ana", "GET", "/articles/" + string(desk.NewID()), "", 404, desk.CodeNotFound, ""},
		{"absent conversation", "ana", "GET", "/conversations/" + string(desk.NewID()), "", 404, desk.CodeNotFound, ""},
		{"garbage conversation", "ana", "POST", "/conversations", `{"id":"x"}`, 422, desk.CodeInvalid, "id"},
		{"limit 0", "ana", "GET", "/tickets?limit=0", "", 422, desk.CodeInvalid, "query.limit"},
		{"limit as text", "ana", "GET", "/tickets?limit=many", "", 422, desk.CodeInvalid, "query.limit"},
		{"limit beyond int64", "ana", "GET", "/tickets?limit=99999999999999999999", "", 422, desk.CodeInvalid, "query.limit"},
		{"negative after", "ana", "GET", chat + "/events?after=-1", "", 422, desk.CodeInvalid, "query.after"},
		{"garbage cursor", "ana", "GET", "/tickets?cursor=%25%25", "", 422, desk.CodeInvalid, "cursor"},
		{"cursor of another list", "ana", "GET", "/tickets?cursor=eyJOYW1lIjoiYSJ9", "", 422, desk.CodeInvalid, "cursor"},
		{"garbage cursor of conversations", "ana", "GET", "/conversations?cursor=AAAA", "", 422, desk.CodeInvalid, "cursor"},
		{"garbage cursor of people", "tess", "GET", "/admin/users?cursor=AAAA", "", 422, desk.CodeInvalid, "cursor"},
		{"cursor with a garbage id", "tess", "GET", "/admin/users?cursor=eyJOYW1lIjoiYSIsIklEIjoieCJ9", "", 422, desk.CodeInvalid, "cursor"},
		{"cursor with NUL", "tess", "GET", "/admin/users?cursor=eyJOYW1lIjoiYVx1MDAwMCIsIklEIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIn0", "", 422, desk.CodeInvalid, "cursor"},
		{"NUL in a query", "ana", "GET", "/tickets?q=%00", "", 422, desk.CodeInvalidUTF8, "q"},
		{"NUL in a search", "ana", "GET", "/articles?query=a%00", "", 422, desk.CodeInvalidUTF8, "query"},
		{"NUL in an article cursor", "ana", "GET", "/articles?cursor=%00", "", 422, desk.CodeInvalidUTF8, "cursor"},
		{"invalid UTF-8 in a query", "ana", "GET", "/articles?query=%ff%fe", "", 422, desk.CodeInvalidUTF8, "query"},
		{"over-long search", "ana", "GET", "/articles" + query("query", long(501)), "", 422, desk.CodeTextTooLong, "query.query"},
		{"unknown view", "ana", "GET", "/tickets?view=all", "", 422, desk.CodeInvalid, "query.view"},
		{"unknown status in a list", "ana", "GET", "/tickets?status=new,done", "", 422, desk.CodeInvalid, "status"},
		{"unknown policy", "adam", "PATCH", "/admin/policies", `{"root":true}`, 422, desk.CodeInvalid, "root"},
		{"policy of another type", "adam", "PATCH", "/admin/policies", `{"reopen":"yes"}`, 422, desk.CodeInvalid, "reopen"},
		{"policy null", "adam", "PATCH", "/admin/policies", `{"operations":null}`, 422, desk.CodeInvalid, "operations"},
		{"half a change of policies", "adam", "PATCH", "/admin/policies", `{"assistant":false,"operations":{"fly":true}}`, 422, desk.CodeInvalid, ""},
		{"unknown address", "ana", "GET", "/nothing", "", 404, desk.CodeNotFound, ""},
		{"unknown address, deep", "ana", "POST", "/tickets/x/y/z", "{}", 404, desk.CodeNotFound, ""},
		{"wrong method", "ana", "PUT", "/me", `{}`, 405, desk.CodeUnsupported, ""},
		{"wrong method on an object", "ana", "DELETE", own, "", 405, desk.CodeUnsupported, ""},
	} {
		before := w.state(t)
		a := w.do(t, call{method: c.method, path: "/api/v1" + c.path, body: c.body, token: token[c.who]})
		p := a.problem()
		if a.StatusCode != c.status || p.Code != c.code || p.Field != c.field && c.field != "" {
			t.Errorf("%s: %d %s on %q, want %d %s on %q: %s", c.what, a.StatusCode, p.Code, p.Field, c.status, c.code, c.field, a.body)
		}
		if p.Code == desk.CodeTextTooLong && p.Params["max"] == nil {
			t.Errorf("%s: does not say how long it may be: %s", c.what, a.body)
		}
		if c.status == 405 && a.Header.Get("Allow") == "" {
			t.Errorf("%s: does not say what is allowed", c.what)
		}
		if w.state(t) != before {
			t.Errorf("%s: changed something", c.what)
		}
		if c.status != 405 && c.code != desk.CodeNotFound {
			w.valid(t, call{method: c.method, path: "/api/v1" + c.path, body: c.body}, a)
		}
	}
}

func TestALoginIsLockedAfterFiveWrongPasswordsAndSaysForHowLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wrong := call{method: "POST", path: "/api/v1/session", body: `{"login":"ana","password":"wrong-password"}`}
	for i := range 5 {
		if a := w.do(t, wrong); a.StatusCode != 401 || a.problem().Code != desk.CodeBadCredentials {
			t.Fatalf("attempt %d: %s", i+1, a.body)
		}
	}
	right := wrong
	right.body = strings.Replace(wrong.body, "wrong", "right", 1)
	for _, spoof := range []string{"", "203.0.113.1", "203.0.113.2"} {
		right.header = map[string]string{"X-Forwarded-For": spoof, "X-Real-Ip": spoof, "Cf-Connecting-Ip": spoof}
		a := w.do(t, right)
		if a.StatusCode != 429 || a.problem().Code != desk.CodeAccountLocked || a.problem().Params["retry_after_seconds"] == nil || a.Header.Get("Retry-After") == "" {
			t.Errorf("locked: %d %v %s", a.StatusCode, a.Header, a.body)
		}
	}
}

func TestMediaTypesThatAreNotServedAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	before := w.state(t)
	for _, c := range []struct {
		path, kind, encoding, body string
		want                       int
	}{
		{"/tickets", "text/plain", "", `{"subject":"a","description":"b"}`, 415},
		{"/tickets", "application/x-www-form-urlencoded", "", `subject=a&description=b`, 415},
		{"/tickets", "application/xml", "", `<subject/>`, 415},
		{"/tickets", "multipart/form-data; boundary=x", "", "--x--", 415},
		{"/tickets", "application/json", "gzip", "\x1f\x8b", 400},
		{"/tickets", "application/json", "br", "x", 400},
		{"/admin/articles/import", "application/json", "", `{}`, 0},
		{"/admin/articles/import", "multipart/form-data", "", "x", 0},
		{"/admin/articles/import", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=\"files\"; file", 0},
		{"/admin/articles/import", "multipart/form-data; boundary=x", "", "--x--\r\n", 0},
	} {
		a := w.do(t, call{method: "POST", path: "/api/v1" + c.path, token: token, body: c.body, header: map[string]string{"Content-Type": c.kind, "Content-Encoding": c.encoding}})
		if c.want != 0 && a.StatusCode != c.want || a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%s %s %s: %d, want %d: %s", c.path, c.kind, c.encoding, a.StatusCode, c.want, a.body)
		}
	}
	if w.state(t) != before {
		t.Error("something changed")
	}
}

func TestBadFilesAreNamedAndTheOthersImported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "adam")
	for _, c := range []struct {
		name, content string
		want          desk.Code
	}{
		{"a.pdf", "%PDF-1.7", desk.CodeUnsupportedFile},
		{"a.exe", "MZ", desk.CodeUnsupportedFile},
		{"a", "text", desk.CodeUnsupportedFile},
		{"broken.md", "---\ntitle: [\n---\ntext", desk.CodeBrokenFrontMatter},
		{"open.md", "---\ntitle: a\ntext without an end", desk.CodeBrokenFrontMatter},
		{"untitled.md", "---\nlang: en\n---\ntext", desk.CodeMissingTitle},
		{"latin1.md", "---\ntitle: caf\xe9\nlang: en\n---\ntext", desk.CodeInvalidUTF8},
		{"nul.md", "---\ntitle: a\nlang: en\n---\nte\x00xt", desk.CodeInvalidUTF8},
		{"empty.md", "", ""},
		{"../../etc/passwd.md", "---\ntitle: Up\nlang: en\n---\ntext", ""},
		{"na\x00me.md", "---\ntitle: Name\nlang: en\n---\ntext", ""},
		{"na\xffme.md", "---\ntitle: Name\nlang: en\n---\ntext", ""},
	} {
		body, kind := files(t, c.name, c.content)
		before := w.state(t)
		call := call{method: "POST", path: "/api/v1/admin/articles/import", token: token, body: body, header: map[string]string{"Content-Type": kind}}
		a := w.do(t, call)
		w.valid(t, call, a)
		if c.want == "" {
			if a.StatusCode >= 500 {
				t.Errorf("%q: %d %s", c.name, a.StatusCode, a.body)
			}
			continue
		}
		var r struct {
			Created  int
			Problems []struct {
				Name string
				Code desk.Code
			}
		}
		if err := json.Unmarshal(a.body, &r); err != nil || a.StatusCode != 200 || r.Created != 0 || len(r.Problems) != 1 || r.Problems[0].Code != c.want {
			t.Errorf("%q: %d %s, want %s", c.name, a.StatusCode, a.body, c.want)
		}
		if w.state(t) != before {
			t.Errorf("%q: changed something", c.name)
		}
	}
}

func TestHugeRequestsAreRefusedWithAProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	a := w.do(t, call{method: "POST", path: "/api/v1/tickets", token: token, body: `{"subject":"` + strings.Repeat("a", 2<<20) + `","description":""}`})
	if a.StatusCode != 413 || a.problem().Code != desk.CodeTooLarge {
		t.Errorf("2 MiB of JSON: %d %s", a.StatusCode, a.body)
	}
	for what, head := range map[string]string{
		"413 a declared length beyond the limit": "POST /api/v1/tickets HTTP/1.1\r\nHost: " + home + "\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
		"431 headers beyond the buffer":          "GET /api/v1/me HTTP/1.1\r\nHost: " + home + "\r\nX-Long: " + strings.Repeat("a", 40<<10) + "\r\n\r\n",
		"400 no HTTP at all":                     "banana\r\n\r\n",
		"421 no host":                            "GET /api/v1/me HTTP/1.0\r\n\r\n",
		"421 a host of no UTF-8":                 "GET /api/v1/me HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
		"421 a host of percent signs":            "GET /api/v1/me HTTP/1.1\r\nHost: %00\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(head))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		right := fmt.Sprint(res.StatusCode) == what[:3] || res.StatusCode == 400 && what[:3] == "421"
		if !right || res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", what, res.StatusCode, res.Header)
		}
		_ = conn.Close()
	}
}

func TestARequestSentTwiceAtOnceHappensOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	c := call{method: "POST", path: "/api/v1/tickets", token: token, body: `{"subject":"once","description":"d"}`, header: map[string]string{"Idempotency-Key": "one"}}
	var mu sync.Mutex
	got := map[int]int{}
	ids := map[string]bool{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			a := w.do(t, c)
			mu.Lock()
			defer mu.Unlock()
			got[a.StatusCode]++
			var k struct{ ID string }
			if _ = json.Unmarshal(a.body, &k); k.ID != "" {
				ids[k.ID] = true
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || got[201]+got[409] != 12 {
		t.Errorf("%d tickets; answers %v", len(ids), got)
	}
	if a := w.do(t, c); a.StatusCode != 201 || a.Header.Get("Idempotent-Replay") != "true" {
		t.Errorf("afterwards: %d %v", a.StatusCode, a.Header)
	}
	list := w.do(t, call{path: "/api/v1/tickets", token: token})
	if n := strings.Count(string(list.body), `"subject":"once"`); n != 1 {
		t.Errorf("%d tickets in the list", n)
	}
	other := c
	other.body = `{"subject":"twice","description":"d"}`
	if a := w.do(t, other); a.StatusCode != 409 || a.problem().Code != desk.CodeIDReused {
		t.Errorf("another request under the key: %d %s", a.StatusCode, a.body)
	}
	asked := c
	asked.path += "?x=1"
	if a := w.do(t, asked); a.StatusCode != 409 || a.problem().Code != desk.CodeIDReused {
		t.Errorf("the same body with another question under the key: %d %s", a.StatusCode, a.body)
	}
	other.token, _ = w.logIn(t, "carl")
	if a := w.do(t, other); a.StatusCode != 201 {
		t.Errorf("another person's key: %d %s", a.StatusCode, a.body)
	}
	for _, key := range []string{strings.Repeat("k", 129), "\xff\xfe"} {
		c.header = map[string]string{"Idempotency-Key": key}
		if a := w.do(t, c); a.StatusCode != 422 {
			t.Errorf("key %q: %d", key, a.StatusCode)
		}
	}
	handoff := call{method: "POST", path: "/api/v1/conversations/" + string(w.conversation(t, "ana")) + "/handoff", token: token, body: `{}`, header: map[string]string{"Idempotency-Key": "two"}}
	for range 2 {
		if a := w.do(t, handoff); a.StatusCode != 204 || len(a.body) != 0 {
			t.Errorf("handoff: %d %q", a.StatusCode, a.body)
		}
	}
}

// upload sends size bytes as one file.
func (w *world) upload(t *testing.T, token string, size int, query ...string) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("files", "long.md")
	if err == nil {
		_, err = part.Write([]byte("# Long\n\n" + strings.Repeat("a word\n\n", size/8)))
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	return w.do(t, call{method: "POST", path: "/api/v1/admin/articles/import" + strings.Join(query, ""), token: token, body: body.String(), header: map[string]string{"Content-Type": form.FormDataContentType()}})
}

func TestOnlyWhoIsLoggedInMaySendLargeFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	adam, _ := w.logIn(t, "adam")
	if a := w.upload(t, adam, 6<<20); a.StatusCode != 200 {
		t.Errorf("an admin's 6 MiB: %d %.200s", a.StatusCode, a.body)
	}
	if a := w.upload(t, "", 1<<10); a.StatusCode != 401 {
		t.Errorf("nobody's kibibyte: %d %.200s", a.StatusCode, a.body)
	}
	for _, c := range []struct {
		who, token string
		size, want int
	}{{"nobody", "", 6 << 20, 401}, {"a made-up session", "abc", 6 << 20, 401}, {"an admin with too much", adam, 33 << 20, 413}} {
		// Only the headers: the answer must come before any of the body.
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "POST /api/v1/admin/articles/import HTTP/1.1\r\nHost: %s\r\nCookie: conserje=%s\r\nContent-Length: %d\r\n\r\n", home, c.token, c.size)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != c.want {
			t.Errorf("%s: %v %v", c.who, res, err)
		}
		_ = conn.Close()
	}
}

func TestAHostThatNobodyHasGetsNotEvenThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// As a browser asks: no problem document for a page.
	res, err := http.DefaultTransport.RoundTrip(call{path: "/", host: "elsewhere.test"}.request(t, w))
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != 421 {
		t.Error(res.StatusCode)
	}
	if a := w.do(t, call{method: "GET", path: "/"}); a.StatusCode != 200 {
		t.Errorf("the portal's own host: %d %s", a.StatusCode, a.body)
	}
}

func TestAnImportForOneCompanyIsReadByItsPeopleOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	adam, _ := w.logIn(t, "adam")
	if a := w.upload(t, adam, 1<<10, "?publish=true&company="+string(w.globex)); a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	for who, finds := range map[string]bool{"ana": false, "chloe": true} {
		token, _ := w.logIn(t, who)
		if a := w.do(t, call{path: "/api/v1/articles?query=long", token: token}); strings.Contains(string(a.body), `"Long"`) != finds {
			t.Errorf("%s: %s", who, a.body)
		}
	}
	for what, company := range map[string]string{"nobody's company": string(desk.NewID()), "no id at all": "Globex"} {
		before := w.state(t)
		if a := w.upload(t, adam, 1<<10, "?company="+company); a.StatusCode < 400 || a.StatusCode >= 500 || w.state(t) != before {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
}

// The server's own state of a response without a body depends on what it served before: fresh, it is none at all.
func TestAnAnswerWithoutABodyIsKeptAndGivenAgain(t *testing.T) {
	w := newWorld(t)
	token, _ := w.logIn(t, "tess")
	for i := range 3 {
		c := call{
			method: "POST", path: "/api/v1/conversations/" + string(w.conversation(t, "ana")) + "/take",
			token: token, header: map[string]string{"Idempotency-Key": "take-" + strconv.Itoa(i)},
		}
		for range 2 {
			if a := w.do(t, c); a.StatusCode != http.StatusNoContent || len(a.body) != 0 {
				t.Errorf("%d: %d %s", i, a.StatusCode, a.body)
			}
		}
	}
}
