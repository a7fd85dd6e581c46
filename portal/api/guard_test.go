package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/api"
)

func TestWritesFromOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	for _, c := range []struct {
		origin, site string
		want         int
	}{
		{"", "", 200}, // a program without a browser
		{"http://" + home, "same-origin", 200},
		{"http://" + home, "", 200},
		{"HTTP://DESK.TEST", "", 200},
		{"", "same-origin", 200},
		{"", "none", 200},
		{"null", "", 403},
		{"null", "same-origin", 403},
		{"https://" + home, "", 403},
		{"http://" + home + ":8080", "", 403},
		{"http://evil-" + home, "", 403},
		{"http://" + home + ".evil.test", "", 403},
		{"http://evil.test", "", 403},
		{"http://" + abroad, "", 403},
		{"http://a@" + home, "", 403},
		{"http://" + home + "/path", "", 403},
		{"http://" + home + "?q", "", 403},
		{"file://", "", 403},
		{"%zz", "", 403},
		{"", "cross-site", 403},
		{"", "same-site", 403},
		{"http://" + home, "cross-site", 403},
		{"http://" + home, "nonsense", 403},
	} {
		for _, route := range []call{
			{method: "PATCH", path: "/api/v1/me", body: `{"language":"it"}`, token: token},
			{method: "POST", path: "/api/v1/session", body: `{"login":"ana","password":"right-password"}`}, // log-in CSRF
			{method: "POST", path: "/api/v1/tickets", body: `{"subject":"s","description":"d"}`, token: token},
		} {
			route.header = map[string]string{}
			if c.origin != "" {
				route.header["Origin"] = c.origin
			}
			if c.site != "" {
				route.header["Sec-Fetch-Site"] = c.site
			}
			before := ""
			if c.want == 403 {
				before = w.state(t)
			}
			a := w.do(t, route)
			if refused := a.StatusCode == 403; refused != (c.want == 403) {
				t.Errorf("%s with Origin %q, site %q: %d", route.path, c.origin, c.site, a.StatusCode)
			}
			if c.want == 403 && w.state(t) != before {
				t.Errorf("%s with Origin %q, site %q: changed something", route.path, c.origin, c.site)
			}
		}
	}
	if a := w.do(t, call{path: "/api/v1/me", token: token, header: map[string]string{"Origin": "http://evil.test"}}); a.StatusCode != 200 || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("reading: %d, allowed to %q", a.StatusCode, a.Header.Get("Access-Control-Allow-Origin"))
	}
}

func TestTheCookieIsAsStrictAsItsHostAllows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"login":"ana","password":"right-password"}`
	for _, c := range []struct {
		host, name string
		secure     bool
	}{
		{"localhost", "conserje", false},
		{"localhost:8080", "conserje", false},
		{"127.0.0.1:8080", "conserje", false},
		{"LOCALHOST", "conserje", false},
		{home, "__Host-conserje", true},
		{home + ":8080", "__Host-conserje", true},
	} {
		a := w.do(t, call{method: "POST", path: "/api/v1/session", host: c.host, body: body})
		cookies := a.Cookies()
		if len(cookies) != 2 {
			t.Errorf("%s: %d, cookies %v", c.host, a.StatusCode, cookies)
			continue
		}
		k, known := cookies[0], cookies[1]
		if known.Name != c.name+"-known" || known.Secure != c.secure || !known.HttpOnly || known.SameSite != http.SameSiteLaxMode || known.Path != "/" || known.Domain != "" || known.MaxAge <= 0 {
			t.Errorf("%s: %s", c.host, known)
		}
		if again := w.do(t, call{method: "POST", path: "/api/v1/session", host: c.host, body: body, header: map[string]string{"Cookie": known.Name + "=" + known.Value}}); len(again.Cookies()) != 1 {
			t.Errorf("%s: a browser that is known is marked again: %v", c.host, again.Cookies())
		}
		if k.Name != c.name || k.Secure != c.secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.MaxAge <= 0 || len(k.Value) != 43 {
			t.Errorf("%s: %s", c.host, a.Header.Get("Set-Cookie"))
		}
		out := w.do(t, call{method: "DELETE", path: "/api/v1/session", host: c.host, token: k.Value})
		if gone := out.Cookies(); len(gone) != 1 || gone[0].Name != c.name || gone[0].MaxAge != -1 || gone[0].Value != "" || gone[0].Secure != c.secure {
			t.Errorf("%s: log-out sets %q", c.host, out.Header.Get("Set-Cookie"))
		}
		if again := w.do(t, call{path: "/api/v1/me", host: c.host, token: k.Value}); again.StatusCode != 401 {
			t.Errorf("%s: the session lives on after log-out: %d", c.host, again.StatusCode)
		}
	}
}

func TestAPlainCookieOpensNothingElsewhereThanOnThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	for _, c := range []struct {
		host, cookie string
		want         int
	}{
		{home, "conserje", 401}, {home, "__Host-conserje", 200}, {"localhost", "conserje", 200}, {"localhost", "__Host-conserje", 401},
	} {
		a := w.do(t, call{path: "/api/v1/me", host: c.host, header: map[string]string{"Cookie": c.cookie + "=" + token}})
		if a.StatusCode != c.want {
			t.Errorf("%s at %s: %d, want %d", c.cookie, c.host, a.StatusCode, c.want)
		}
	}
}

func TestALogInNeverKeepsTheSessionThatCameWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	planted, _ := w.logIn(t, "ana")
	a := w.do(t, call{method: "POST", path: "/api/v1/session", body: `{"login":"ana","password":"right-password"}`, token: planted, header: map[string]string{"Idempotency-Key": "k"}})
	b := w.do(t, call{method: "POST", path: "/api/v1/session", body: `{"login":"ana","password":"right-password"}`, token: planted, header: map[string]string{"Idempotency-Key": "k"}})
	if len(a.Cookies()) != 2 || len(b.Cookies()) != 2 || a.Cookies()[0].Value == planted || a.Cookies()[0].Value == b.Cookies()[0].Value {
		t.Errorf("%v %v", a.Cookies(), b.Cookies())
	}
}

const policyOfContent = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func TestEveryKindOfAnswerCarriesTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	for _, c := range []struct {
		call
		want int
	}{
		{call{path: "/"}, 200},
		{call{path: "/assets/app.js"}, 200},
		{call{path: "/missing.js"}, 404},
		{call{path: "/", header: map[string]string{"If-None-Match": `"abc"`}}, 304},
		{call{method: "POST", path: "/"}, 405},
		{call{path: "/healthz"}, 200},
		{call{path: "/readyz"}, 200},
		{call{path: "/metrics"}, 200},
		{call{path: "/api/openapi.json"}, 200},
		{call{path: "/api/v1/me", token: token}, 200},
		{call{path: "/api/v1/me"}, 401},
		{call{path: "/api/v1/nothing"}, 404},
		{call{path: "/api/nothing"}, 404},
		{call{path: "/api/v1/me", host: "unknown.test"}, 421},
		{call{method: "PUT", path: "/api/v1/me", token: token}, 405},
		{call{method: "PATCH", path: "/api/v1/me", body: "{", token: token}, 400},
		{call{method: "DELETE", path: "/api/v1/session", token: token}, 204},
	} {
		a := w.do(t, c.call)
		if a.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, a.StatusCode, c.want, a.body)
		}
		for header, value := range map[string]string{
			"Content-Security-Policy": policyOfContent, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
			"Server": "", "Strict-Transport-Security": "",
		} {
			if got := a.Header.Get(header); got != value {
				t.Errorf("%s %s (%d): %s is %q", c.method, c.path, c.want, header, got)
			}
		}
		if api := strings.HasPrefix(c.path, "/api/"); api && a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s (%d): Cache-Control is %q", c.path, c.want, a.Header.Get("Cache-Control"))
		}
	}
}

func TestForwardedHeadersCountFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	forwarded := map[string]string{"X-Forwarded-Host": home, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Real-Ip": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
	spoofed := newWorld(t)
	if a := spoofed.do(t, call{path: "/api/v1/me", host: "unknown.test", header: forwarded}); a.StatusCode != 421 {
		t.Errorf("X-Forwarded-Host of a stranger: %d", a.StatusCode)
	}
	a := spoofed.do(t, call{method: "POST", path: "/api/v1/session", host: "localhost", body: `{"login":"ana","password":"right-password"}`, header: forwarded})
	if a.StatusCode != 200 || a.Cookies()[0].Name != "conserje" || a.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("X-Forwarded-Proto of a stranger: %d %s", a.StatusCode, a.Header.Get("Set-Cookie"))
	}
	if s := spoofed.do(t, call{path: "/api/v1/session", host: "localhost", token: a.Cookies()[0].Value}); strings.Contains(string(s.body), "203.0.113.9") {
		t.Error("X-Forwarded-For of a stranger is believed")
	}
	behind := newWorld(t, func(c *api.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	a = behind.do(t, call{method: "POST", path: "/api/v1/session", host: "inside.test", body: `{"login":"ana","password":"right-password"}`, header: forwarded})
	if a.StatusCode != 200 || a.Cookies()[0].Name != "__Host-conserje" || a.Header.Get("Strict-Transport-Security") == "" {
		t.Fatalf("behind a proxy: %d %s", a.StatusCode, a.body)
	}
	if s := behind.do(t, call{path: "/api/v1/session", host: "inside.test", token: a.Cookies()[0].Value, header: forwarded}); !strings.Contains(string(s.body), `"ip":"203.0.113.9"`) {
		t.Errorf("behind a proxy: %s", s.body)
	}
	// Most proxies append to what a request came with: only what they added counts.
	for given, want := range map[string]string{
		"198.51.100.7, 203.0.113.9": "203.0.113.9", "198.51.100.7, 203.0.113.9, 127.0.0.1": "203.0.113.9", "198.51.100.7, nonsense": "127.0.0.1",
		"::ffff:203.0.113.9": "203.0.113.9", "2001:db8::9": "2001:db8::9", "": "127.0.0.1",
		"198.51.100.7\n203.0.113.9": "203.0.113.9", // a proxy that adds a line below the client's
	} {
		in := map[string]string{"X-Forwarded-Host": home, "X-Forwarded-Proto": "https", "X-Forwarded-For": given}
		a := behind.do(t, call{method: "POST", path: "/api/v1/session", host: "inside.test", body: `{"login":"ana","password":"right-password"}`, header: in})
		if a.StatusCode != 200 {
			t.Fatalf("%q: %d", given, a.StatusCode)
		}
		var s struct {
			Sessions []struct {
				Current bool
				IP      string
			}
		}
		shown := behind.do(t, call{path: "/api/v1/session", host: "inside.test", token: a.Cookies()[0].Value, header: in})
		if err := json.Unmarshal(shown.body, &s); err != nil {
			t.Fatal(err)
		}
		for _, one := range s.Sessions {
			if one.Current && one.IP != want {
				t.Errorf("%q counts for %s, want %s", given, one.IP, want)
			}
		}
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if a := behind.do(t, call{path: "/metrics", header: map[string]string{header: "203.0.113.9"}}); a.StatusCode != 404 {
			t.Errorf("/metrics through a proxy with %s: %d", header, a.StatusCode)
		}
	}
}

func TestMetricsAnswerThisMachineOnly(t *testing.T) {
	t.Parallel()
	app, _ := api.NewApp(api.Config{Metrics: func(c *fiber.Ctx) error { return c.SendString("numbers") }})
	// app.Test has a peer of 0.0.0.0: not this machine.
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/metrics", nil)
	res, err := app.Test(r)
	if err != nil || res.StatusCode != 404 {
		t.Errorf("from elsewhere: %v %v", res, err)
	}
	w := newWorld(t)
	if a := w.do(t, call{path: "/metrics"}); a.StatusCode != 200 || string(a.body) != "numbers" {
		t.Errorf("from here: %d", a.StatusCode)
	}
	for _, path := range []string{"/debug/pprof/", "/debug/vars", "/api/debug", "/api/v1/setup"} {
		if a := w.do(t, call{path: path}); strings.HasPrefix(path, "/api") != (a.StatusCode == 404) {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func TestAServerThatStopsIsAliveAndNotReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draining.Store(true)
	res, err := http.DefaultTransport.RoundTrip(call{path: "/readyz"}.request(t, w))
	if err != nil || res.StatusCode != 503 {
		t.Errorf("/readyz: %v %v", res, err)
	}
	_ = res.Body.Close()
	if a := w.do(t, call{path: "/healthz"}); a.StatusCode != 200 {
		t.Errorf("/healthz: %d", a.StatusCode)
	}
}

func TestHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	ticket := string(w.ticket(t, "ana"))
	for _, path := range []string{"/", "/missing.js", "/healthz", "/api/openapi.json", "/api/v1/me", "/api/v1/tickets", "/api/v1/tickets/" + ticket, "/api/v1/tickets/x", "/api/v1/admin/users", "/api/v1/nothing"} {
		get, head := w.do(t, call{path: path, token: token}), w.do(t, call{method: "HEAD", path: path, token: token})
		if path == "/api/openapi.json" {
			continue // served by huma for GET alone
		}
		if head.StatusCode != get.StatusCode || len(head.body) > 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.Header.Get("ETag") != get.Header.Get("ETag") {
			t.Errorf("%s: HEAD %d %v, GET %d", path, head.StatusCode, head.Header, get.StatusCode)
		}
	}
}

func TestAssetsAnswerConditionsAndIgnoreRanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"If-None-Match", `"abc"`, 304},
		{"If-None-Match", `W/"abc"`, 304},
		{"If-None-Match", `"x", "abc"`, 304},
		{"If-None-Match", `*`, 304},
		{"If-None-Match", `"abcd"`, 200},
		{"If-None-Match", `abc`, 200},
		{"Range", "bytes=0-3", 200},
		{"Range", "bytes=-1,-2,-3,-4,-5,0-99999999999999999999", 200},
	} {
		a := w.do(t, call{path: "/", header: map[string]string{c.header: c.value}})
		if a.StatusCode != c.want || a.Header.Get("ETag") != `"abc"` || a.Header.Get("Vary") != "Accept-Encoding" || c.want == 304 && len(a.body) > 0 || c.want == 200 && len(a.body) != 25 {
			t.Errorf("%s %s: %d %v %q", c.header, c.value, a.StatusCode, a.Header, a.body)
		}
	}
}

func TestAPageThatIsNotThereIsShownWith404(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// As a browser asks: no problem document for a page.
	res, err := http.DefaultTransport.RoundTrip(call{path: "/nowhere", header: map[string]string{"If-None-Match": "*"}}.request(t, w))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusNotFound || res.Header.Get("ETag") != "" || !strings.HasPrefix(string(body), "<!doctype html>") {
		t.Errorf("%d %v %q %v", res.StatusCode, res.Header, body, err)
	}
}

func TestATicketThatSomebodyChangedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "tess")
	path := "/api/v1/tickets/" + string(w.ticket(t, "ana"))
	etag := w.do(t, call{path: path, token: token}).Header.Get("ETag")
	for _, c := range []struct {
		match, priority string
		want            int
	}{{etag, "high", 200}, {etag, "low", 409}, {`"banana"`, "low", 422}, {"*", "urgent", 200}} {
		a := w.do(t, call{method: "PATCH", path: path, token: token, body: `{"priority":"` + c.priority + `"}`, header: map[string]string{"If-Match": c.match}})
		if a.StatusCode != c.want {
			t.Errorf("If-Match %s: %d, want %d: %s", c.match, a.StatusCode, c.want, a.body)
		}
	}
}

// SECURITY E10: Fiber reuses the memory of requests; ours must not shine
// through into another's.
func TestParallelRequestsNeverSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	logins := []string{"ana", "carl", "chloe", "ben", "tess", "adam"}
	done := make(chan string, len(logins))
	for _, login := range logins {
		token, _ := w.logIn(t, login)
		go func() {
			for range 150 {
				r := call{path: "/api/v1/session", token: token, header: map[string]string{"User-Agent": "agent-of-" + login}}.request(t, w)
				res, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					done <- err.Error()
					return
				}
				raw, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if !strings.Contains(string(raw), `"login":"`+login+`"`) {
					done <- login + " sees " + string(raw)
					return
				}
			}
			done <- ""
		}()
	}
	for range logins {
		if problem := <-done; problem != "" {
			t.Error(problem)
		}
	}
}
