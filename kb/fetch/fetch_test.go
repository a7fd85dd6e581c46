package fetch

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/conserje/conserje/portal/desk"
)

// site is a server on this machine that counts who comes.
type site struct {
	*httptest.Server
	hits atomic.Int64
}

func newSite(t *testing.T, handle http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) host() string { return strings.TrimPrefix(s.URL, "http://") }

func client(t *testing.T, allowed ...string) *Client {
	t.Helper()
	c, err := New(Config{Allowed: allowed})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<h1>inside</h1>")
}

// spellings are ways to write addresses inside of a network.
func spellings(t *testing.T, port string) []string {
	t.Helper()
	list := []string{
		"127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "localhost", "localhost.",
		"LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
		"[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "169.254.169.254", "[::ffff:169.254.169.254]", "100.100.100.200",
		"192.0.0.192", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"①②⑦.⓪.⓪.①", "127。0。0。1",
	}
	dir := os.Getenv("CONSERJE_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if f, err := os.Open(filepath.Join(dir, "data/security/ssrf/fuzzdb-localhost.txt")); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
				list = append(list, line)
			}
		}
	}
	for i, s := range list {
		if !strings.Contains(s, "://") {
			s = "http://" + s
		}
		if u, err := url.Parse(s); err == nil && u.Port() == "" && port != "" {
			u.Host += ":" + port
			s = u.String()
		}
		list[i] = s
	}
	return list
}

// SECURITY H1: however the inside of a network is written, nothing gets there.
func TestH1NoSpellingOfAnInsideAddressIsFetched(t *testing.T) {
	inside := newSite(t, page)
	_, port, _ := net.SplitHostPort(inside.host())
	c := client(t)
	for _, p := range []string{"", port} {
		for _, address := range spellings(t, p) {
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			got, err := c.Get(ctx, address, Seen{})
			cancel()
			switch code := desk.CodeOf(err); {
			case err == nil:
				t.Errorf("%s was fetched: %+v", address, got)
			case code != desk.CodeSourcePrivate && code != desk.CodeSourceAddress && code != desk.CodeSourceAway:
				t.Errorf("%s: %v", address, err)
			}
		}
	}
	if n := inside.hits.Load(); n != 0 {
		t.Errorf("%d requests came in", n)
	}
}

func TestH1ARedirectToTheInsideIsNotFollowed(t *testing.T) {
	inside := newSite(t, page)
	var to string
	outside := newSite(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	c := client(t, outside.host()) // the first step is let through, and nothing else
	for _, to = range []string{
		inside.URL, "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://localhost/", "file:///etc/passwd", "gopher://localhost/",
		"http://user:secret@example.com/", "http://other.test/", "//other.test/x",
	} {
		if got, err := c.Get(t.Context(), outside.URL+"/start", Seen{}); err == nil {
			t.Errorf("%s was followed: %+v", to, got)
		} else if code := desk.CodeOf(err); code != desk.CodeSourcePrivate && code != desk.CodeSourceElsewhere && code != desk.CodeSourceAddress {
			t.Errorf("%s: %v", to, err)
		}
	}
	to = "/start" // for ever
	if _, err := c.Get(t.Context(), outside.URL+"/start", Seen{}); desk.CodeOf(err) != desk.CodeSourceAway {
		t.Errorf("an endless redirect: %v", err)
	}
	if n := inside.hits.Load(); n != 0 {
		t.Errorf("%d requests came in", n)
	}
}

// rebinding is a name server whose answer is another one the first time than
// from then on.
func rebinding(t *testing.T) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			if q.Type == dnsmessage.TypeA {
				ip := [4]byte{127, 0, 0, 1}
				if asked.Add(1) == 1 {
					ip = [4]byte{10, 9, 8, 7}
				}
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: ip},
				}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, &asked
}

func TestH1ANameIsCheckedByTheAddressThatIsDialledEachTimeAnew(t *testing.T) {
	resolver, asked := rebinding(t)
	c, err := New(Config{Resolver: resolver})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		_, err := c.Get(ctx, "http://rebind.test/", Seen{})
		cancel()
		if code := desk.CodeOf(err); code != desk.CodeSourcePrivate {
			t.Errorf("%v", err)
		}
	}
	if asked.Load() < 2 {
		t.Errorf("the name was asked for %d times: nothing was rebound", asked.Load())
	}
}

func TestOnlyAddressesOnTheWebAreTaken(t *testing.T) {
	c := client(t, "wiki.inside.test:8080")
	for typed, good := range map[string]bool{
		"https://example.com/help": true, "http://example.com": true, "https://example.com:443/a?b=c#d": true, " https://example.com/ ": true,
		"http://wiki.inside.test:8080/x": true, "https://EXAMPLE.com/A": true,
		"": false, "example.com": false, "ftp://example.com/": false, "file:///etc/passwd": false, "javascript:alert(1)": false, "https:///x": false,
		"https://example.com:8443/": false, "http://user@example.com/": false, "http://user:pw@example.com/": false, "http:example.com": false,
		"http://wiki.inside.test:8081/": false, "https://example.com/" + strings.Repeat("x", 1000): false, "http://exa mple.com/": false, "http://[::1]/": false,
	} {
		u, err := c.Address(typed)
		if (err == nil) != good {
			t.Errorf("%q: %v", typed, err)
		}
		if err == nil && (u.Fragment != "" || u.Host != strings.ToLower(u.Host)) {
			t.Errorf("%q: %s", typed, u)
		}
	}
	for _, host := range []string{"", "http://wiki.test", "wiki.test/x", "a b", "user@wiki.test"} {
		if _, err := New(Config{Allowed: []string{host}}); err == nil {
			t.Errorf("%q is taken for a host", host)
		}
	}
}

func TestAnAnswerIsBoundedAndOfAKindThatCanBeRead(t *testing.T) {
	zeros := make([]byte, 1<<20)
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		kind := "text/html; charset=utf-8"
		switch r.URL.Path {
		case "/latin":
			kind = "text/html; charset=iso-8859-1"
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte("<h1>Gr\xfc\xdfe</h1>"))
			return
		case "/bomb": // a few KB that unpack to 64 MB
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 {
				_, _ = z.Write(zeros)
			}
			_ = z.Close()
			return
		case "/endless":
			w.Header().Set("Content-Type", kind)
			for r.Context().Err() == nil {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
			return
		case "/image":
			kind = "image/png"
		case "/none":
			kind = ""
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", 100<<10))
		case "/gone":
			w.WriteHeader(http.StatusGone)
			return
		case "/absent":
			w.WriteHeader(http.StatusNotFound)
			return
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
			return
		case "/seen":
			if r.Header.Get("If-None-Match") == `"v1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"v1"`)
		}
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, "<h1>Hello</h1>")
	})
	c := client(t, s.host())
	for path, want := range map[string]desk.Code{
		"/": "", "/latin": "", "/seen": "", "/gone": "", "/absent": "",
		"/bomb": desk.CodeTooLarge, "/endless": desk.CodeTooLarge, "/image": desk.CodeSourceKind, "/none": desk.CodeSourceKind,
		"/header": desk.CodeSourceAway, "/broken": desk.CodeSourceStatus,
	} {
		got, err := c.Get(t.Context(), s.URL+path, Seen{})
		if desk.CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if gone := path == "/gone" || path == "/absent"; got.Gone != gone {
			t.Errorf("%s: gone %v", path, got.Gone)
		}
		if path == "/latin" && string(got.Body) != "<h1>Grüße</h1>" {
			t.Errorf("%q", got.Body)
		}
	}
	first, err := c.Get(t.Context(), s.URL+"/seen", Seen{})
	if err != nil || first.ETag != `"v1"` {
		t.Fatalf("%+v %v", first, err)
	}
	if again, err := c.Get(t.Context(), s.URL+"/seen", first.Seen); err != nil || !again.Unchanged || again.ETag != `"v1"` {
		t.Errorf("%+v %v", again, err)
	}
}

func TestAHostThatTheOperatorNamedIsFetchedByThatNameOnly(t *testing.T) {
	s := newSite(t, page)
	_, port, _ := net.SplitHostPort(s.host())
	c := client(t, "localhost:"+port)
	if _, err := c.Get(t.Context(), "http://localhost:"+port+"/", Seen{}); err != nil {
		t.Errorf("by its name: %v", err)
	}
	for _, other := range []string{s.URL, "http://127.1:" + port + "/", "http://localhost.:" + port + "/"} {
		if _, err := c.Get(t.Context(), other, Seen{}); err == nil {
			t.Errorf("%s is fetched too", other)
		}
	}
	// Not even a named host opens the addresses where clouds keep their keys.
	c = client(t, "169.254.169.254")
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if _, err := c.Get(ctx, "http://169.254.169.254/", Seen{}); desk.CodeOf(err) != desk.CodeSourcePrivate {
		t.Errorf("%v", err)
	}
}
