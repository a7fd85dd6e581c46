package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/tickets"
)

// maxFile is how large a file may be in these tests: above what a request
// without files may hold.
const maxFile = 5 << 20

// file is a picture in a ticket of theirs.
func (w *world) file(t testing.TB, login string) desk.ID {
	t.Helper()
	f := filestest.Send(t, w.files, w.viewers[login], "screen.png", filestest.PNG(t, 12, 8))
	if _, err := w.tickets.Create(w.as(t, login), tickets.Draft{Subject: "A printer", Description: "See the picture.", Attachments: []desk.ID{f.ID}}); err != nil {
		t.Fatal(err)
	}
	return f.ID
}

func (w *world) send(t testing.TB, token, name, content string) answer {
	t.Helper()
	body, kind := upload(t, "file", name, content)
	return w.do(t, call{method: http.MethodPost, path: "/api/v1/files", body: body, token: token, header: map[string]string{"Content-Type": kind}})
}

func attachmentOf(t testing.TB, a answer) (f desk.Attachment) {
	t.Helper()
	if err := json.Unmarshal(a.body, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// SECURITY G2, H3: only pictures that we wrote are shown; nothing else is ever
// more than a download that runs nothing.
func TestFilesAreHandedOutAsDownloadsThatRunNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	for name, content := range map[string]string{
		"page.html":      "<!doctype html><script>alert(1)</script>",
		"logo.svg":       `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"screen.png":     string(filestest.PNG(t, 900, 700)),
		"Größe 日本.log":   "it broke\n",
		"a\"b\r\nX: y.t": "x",
	} {
		a := w.send(t, token, name, content)
		if a.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %d %s", name, a.StatusCode, a.body)
		}
		sent := attachmentOf(t, a)
		path := "/api/v1/files/" + string(sent.ID)
		for _, c := range []struct{ path, disposition string }{{path, "attachment"}, {path + "/picture", "inline"}} {
			got := w.do(t, call{path: c.path, token: token})
			if c.disposition == "inline" && !sent.Picture {
				if got.StatusCode != http.StatusNotFound {
					t.Errorf("%s is shown as a picture: %d", name, got.StatusCode)
				}
				continue
			}
			disposition, params, err := mime.ParseMediaType(got.Header.Get("Content-Disposition"))
			if err != nil || disposition != c.disposition || params["filename"] != sent.Name {
				t.Errorf("%s: %q, %v", name, got.Header.Get("Content-Disposition"), err)
			}
			kind := got.Header.Get("Content-Type")
			if strings.Contains(kind, "html") || strings.Contains(kind, "svg") || strings.Contains(kind, "xml") {
				t.Errorf("%s is served as %s", name, kind)
			}
			for header, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got.Header.Get(header) != want {
					t.Errorf("%s: %s is %q", name, header, got.Header.Get(header))
				}
			}
			if c.disposition == "attachment" && int64(len(got.body)) != sent.Size {
				t.Errorf("%s: %d of %d bytes", name, len(got.body), sent.Size)
			}
		}
	}
}

func TestTooLargeAFileIsRefusedWithTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	if a := w.send(t, token, "fits.bin", strings.Repeat("x", maxFile)); a.StatusCode != http.StatusCreated {
		t.Errorf("as large as it may be: %d %s", a.StatusCode, a.body)
	}
	for name, size := range map[string]int{"one too many": maxFile + 1, "twice as large": 2 * maxFile} {
		a := w.send(t, token, "large.bin", strings.Repeat("x", size))
		p := a.problem()
		if a.StatusCode != http.StatusRequestEntityTooLarge || p.Code != desk.CodeFileTooLarge || fmt.Sprint(p.Params["max"]) != "5" || p.Params["name"] != "large.bin" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

// What nobody waits for is told by its headers: a body is not even read.
func TestAnEndlessUploadIsCutWithAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	for name, c := range map[string]struct {
		token, length string
		code          desk.Code
	}{
		"fifty megabytes":     {token, "Content-Length: 52428800", desk.CodeFileTooLarge},
		"without end":         {token, "Transfer-Encoding: chunked", desk.CodeTooLarge},
		"after the session":   {"", "Content-Length: 6000000", desk.CodeSessionExpired},
		"large and forgotten": {"", "Content-Length: 52428800", desk.CodeFileTooLarge},
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		var request bytes.Buffer
		fmt.Fprintf(&request, "POST /api/v1/files HTTP/1.1\r\nHost: localhost\r\nCookie: conserje=%s\r\nContent-Type: multipart/form-data; boundary=b\r\n%s\r\n\r\n", c.token, c.length)
		if strings.HasPrefix(c.length, "Transfer") {
			for range 5 {
				fmt.Fprintf(&request, "%x\r\n%s\r\n", 1<<20, strings.Repeat("x", 1<<20))
			}
		}
		go func() { _, _ = conn.Write(request.Bytes()) }()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a := answer{Response: res}
		if a.body, err = io.ReadAll(res.Body); err != nil {
			t.Error(err)
		}
		if a.problem().Code != c.code {
			t.Errorf("%s: %d %s", name, res.StatusCode, a.body)
		}
		_ = conn.Close()
	}
}

func TestAFormHasOneFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.logIn(t, "ana")
	one, kind := upload(t, "file", "a.txt", "x")
	boundary := strings.TrimPrefix(kind, "multipart/form-data; boundary=")
	two := strings.Replace(one, "--"+boundary+"--", "--"+boundary+"\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.txt\"\r\n\r\ny\r\n--"+boundary+"--", 1)
	other, otherKind := upload(t, "attachment", "a.txt", "x")
	for name, c := range map[string]struct{ body, kind string }{"two": {two, kind}, "none": {other, otherKind}, "no form": {"x", "text/plain"}, "broken": {one[:len(one)-20], kind}} {
		before := w.state(t)
		a := w.do(t, call{method: http.MethodPost, path: "/api/v1/files", body: c.body, token: token, header: map[string]string{"Content-Type": c.kind}})
		if a.StatusCode < 400 || a.StatusCode >= 500 || w.state(t) != before {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}

// An attached file is told of where it hangs, and a foreign one cannot be
// hung anywhere.
func TestAForeignFileIsNotAttached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ticket := string(w.ticket(t, "ana"))
	foreign := filestest.Send(t, w.files, w.viewers["chloe"], "secret.txt", []byte("secret"))
	token, _ := w.logIn(t, "ana")
	for path, body := range map[string]string{
		"/tickets":                        `{"subject":"s","description":"d","attachments":["%s"]}`,
		"/tickets/" + ticket + "/replies": `{"text":"x","attachments":["%s"]}`,
	} {
		before := w.state(t)
		a := w.do(t, call{method: http.MethodPost, path: "/api/v1" + path, body: fmt.Sprintf(body, foreign.ID), token: token})
		if a.problem().Code != desk.CodeFileGone || w.state(t) != before {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}
