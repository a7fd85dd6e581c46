// Package web holds the web interface: the files that Vite has built into
// dist, each beside its compressed forms. It knows nothing of HTTP servers;
// whoever serves it asks Lookup.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// File is what to answer with.
type File struct {
	Body         []byte
	ContentType  string
	Encoding     string // "br", "gzip" or empty
	CacheControl string
	ETag         string
	Missing      bool // the page that says so: to be sent with 404
}

// Built reports whether the interface was built into this binary.
func Built() bool {
	_, ok := built()["/index.html"]
	return ok
}

// Lookup finds the file for a request's path in the best form that the client
// takes. Paths of the application itself, such as /tickets/7, are answered
// with its page, and so is any other that a person may have typed, marked as
// missing: the application says so in the reader's language. A missing asset
// or anything below /api is not found, so that a broken link never looks like
// a page.
func Lookup(requestPath, acceptEncoding string) (File, bool) {
	files := built()
	name := path.Clean("/" + requestPath)
	entry, ok := files[name]
	if !ok && !maybePage(name) {
		return File{}, false
	}
	if ok {
		return entry.best(acceptEncoding), true
	}
	f := unbuilt()
	if entry, ok = files["/index.html"]; ok {
		f = entry.best(acceptEncoding)
	}
	f.Missing = !isPage(name)
	return f, true
}

// maybePage tells addresses of the application from those of files.
func maybePage(name string) bool {
	return name != "/api" && !strings.HasPrefix(name, "/api/") &&
		!strings.HasPrefix(name, "/assets/") && path.Ext(name) == ""
}

type entry struct {
	plain, br, gzip []byte
	contentType     string
	cacheControl    string
	etag            string
}

func (e entry) best(acceptEncoding string) File {
	f := File{Body: e.plain, ContentType: e.contentType, CacheControl: e.cacheControl, ETag: `"` + e.etag + `"`}
	switch {
	case e.br != nil && accepts(acceptEncoding, "br"):
		f.Body, f.Encoding, f.ETag = e.br, "br", `"`+e.etag+`-br"`
	case e.gzip != nil && accepts(acceptEncoding, "gzip"):
		f.Body, f.Encoding, f.ETag = e.gzip, "gzip", `"`+e.etag+`-gz"`
	}
	return f
}

// accepts reads an Accept-Encoding header (RFC 9110, section 12.5.3) as far
// as it matters here: named, and not with a weight of nothing.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q := strings.ReplaceAll(strings.ToLower(params), " ", "")
		return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || !strings.HasPrefix(q, "q=")
	}
	return false
}

// built reads the embedded files once.
var built = sync.OnceValue(func() map[string]entry {
	files := map[string]entry{}
	_ = fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		ext := path.Ext(name)
		if err != nil || d.IsDir() || ext == ".br" || ext == ".gz" || d.Name() == ".keep" {
			return err
		}
		body := read(name)
		sum := sha256.Sum256(body)
		files[strings.TrimPrefix(name, "dist")] = entry{
			plain:        body,
			br:           read(name + ".br"),
			gzip:         read(name + ".gz"),
			contentType:  contentType(ext),
			cacheControl: cacheControl(name),
			etag:         base64.RawURLEncoding.EncodeToString(sum[:12]),
		}
		return nil
	})
	return files
})

func read(name string) []byte {
	body, err := dist.ReadFile(name)
	if err != nil {
		return nil
	}
	return body
}

// cacheControl: names below assets carry a hash of their content.
func cacheControl(name string) string {
	if strings.HasPrefix(name, "dist/assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// contentType has the kinds that we ship; the machine's own table may differ.
func contentType(ext string) string {
	switch ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}

func unbuilt() File {
	return File{
		Body: []byte(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Conserje</title>` +
			`<p>The web interface is not in this binary. Run <code>make web</code>, then build again.`),
		ContentType:  contentType(".html"),
		CacheControl: "no-store",
	}
}
