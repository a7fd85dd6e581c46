package kb

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/portal/desk"
)

const (
	maxSitemaps = 20
	maxLocs     = 50_000 // entries of a sitemap, as its format has it
)

// keyOfPage is an article's key by its page's address.
func keyOfPage(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return slug(address)
	}
	words := u.Hostname() + " " + strings.TrimSuffix(u.Path, path.Ext(u.Path)) + " " + u.RawQuery
	key := slug(words)
	if r := []rune(key); len(r) > 48 || u.RawQuery != "" { // cut, perhaps: what is left out still tells pages apart
		key = strings.TrimRight(string(r[:min(len(r), 48)]), "-") + "-" + digest(address)
	}
	return key
}

// webPage understands what an address answered. The key is of our making: no
// page takes another article's by naming it.
func (k *KB) webPage(ctx context.Context, address string, got fetch.Page, lang desk.Language, keyOf func(string) (string, bool)) (version, *desk.Error) {
	v := version{name: address, lang: lang}
	var problem *desk.Error
	switch got.Kind {
	case "text/html", "application/xhtml+xml":
		var text string
		if text, problem = mainPart(got, keyOf); problem == nil {
			problem = v.readHTML(text)
		}
	case "application/pdf":
		v, problem = k.parse(ctx, Document{Name: path.Base(got.URL.Path) + ".pdf", Data: got.Body}, lang)
		v.title = strings.TrimSuffix(v.title, ".pdf")
	case "text/markdown", "text/plain":
		problem = v.readMarkdown(strings.ReplaceAll(string(got.Body), "\r\n", "\n"))
	default:
		problem = desk.Errorf(desk.CodeSourceKind, "this is no page that can be read: %s", got.Kind).With("kind", got.Kind)
	}
	if problem != nil {
		return v, problem
	}
	v.name, v.key = address, keyOfPage(address)
	if !v.lang.Valid() {
		v.lang = lang
	}
	if v.title == "" {
		v.title = strings.TrimSuffix(got.URL.Hostname()+got.URL.Path, "/")
	}
	v.title, v.summary = shortened(v.title, maxTitle), shortened(v.summary, maxSummary)
	switch {
	case strings.TrimSpace(v.markdown) == "":
		return v, desk.Errorf(desk.CodeSourceBlank, "the page holds no text; perhaps a script draws it")
	case strings.ContainsRune(v.markdown+v.title, 0):
		return v, desk.Errorf(desk.CodeInvalidUTF8, "the page's text is not valid")
	}
	return v, v.finish()
}

// mainPart is a page without what stands around its matter on every page of
// its site. Links are written so that they lead to the same place from here:
// to articles of the same source by their keys, to everything else in full.
func mainPart(got fetch.Page, keyOf func(string) (string, bool)) (string, *desk.Error) {
	unreadable := func(err error) *desk.Error {
		return desk.Wrap(desk.CodeSourceKind, err, "the page is no readable HTML").With("kind", got.Kind)
	}
	doc, err := html.Parse(bytes.NewReader(got.Body))
	if err != nil {
		return "", unreadable(err)
	}
	body := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil {
		return "", unreadable(errors.New("no body"))
	}
	matter := find(body, func(n *html.Node) bool { return n.DataAtom == atom.Main || attribute(n, "role") == "main" })
	if matter == nil {
		matter = find(body, func(n *html.Node) bool { return n.DataAtom == atom.Article })
	}
	around := []atom.Atom{atom.Nav, atom.Aside, atom.Form, atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Img, atom.Svg, atom.Iframe, atom.Button}
	if matter == nil {
		matter, around = body, append(around, atom.Header, atom.Footer)
	}
	prune(matter, func(n *html.Node) bool {
		return slices.Contains(around, n.DataAtom) || attribute(n, "aria-hidden") == "true" || attribute(n, "role") == "navigation"
	})
	rewriteLinks(matter, got.URL, keyOf)
	if matter != body {
		matter.Parent.RemoveChild(matter)
		for body.FirstChild != nil {
			body.RemoveChild(body.FirstChild)
		}
		body.AppendChild(matter)
	}
	var b strings.Builder
	if err := html.Render(&b, doc); err != nil {
		return "", unreadable(err)
	}
	return b.String(), nil
}

func find(n *html.Node, is func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && is(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := find(c, is); found != nil {
			return found
		}
	}
	return nil
}

func prune(n *html.Node, gone func(*html.Node) bool) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode && gone(c) {
			n.RemoveChild(c)
		} else {
			prune(c, gone)
		}
		c = next
	}
}

func rewriteLinks(n *html.Node, base *url.URL, keyOf func(string) (string, bool)) {
	if n.Type == html.ElementNode && n.DataAtom == atom.A {
		for i, a := range n.Attr {
			if a.Key == "href" {
				n.Attr[i].Val = linkFrom(base, a.Val, keyOf)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		rewriteLinks(c, base, keyOf)
	}
}

func linkFrom(base *url.URL, href string, keyOf func(string) (string, bool)) string {
	u, err := base.Parse(strings.TrimSpace(href))
	if err != nil {
		return ""
	}
	if strings.HasPrefix(href, "#") {
		return "" // its places have other names here
	}
	if key, known := keyOf(withoutFragment(u)); known {
		return key + ".html"
	}
	return u.String()
}

func withoutFragment(u *url.URL) string {
	c := *u
	c.Fragment, c.RawFragment = "", ""
	return c.String()
}

// appendNew keeps a list without doubles and within its bound.
func appendNew(list []string, address string) []string {
	if slices.Contains(list, address) || len(list) >= 2*maxSourcePages {
		return list
	}
	return append(list, address)
}

// list finds the addresses of a source's pages, and what was wrong with it.
func (s *look) list(ctx context.Context) (list []string, problem *desk.Error) {
	if s.source.Kind == "page" {
		return []string{s.source.Url}, nil
	}
	prefix, err := url.Parse(s.source.Prefix)
	if err != nil {
		return nil, desk.Wrap(desk.CodeSourceAddress, err, "the prefix is no address").With("url", s.source.Prefix)
	}
	queue, seen, more := []string{s.source.Url}, map[string]bool{}, false
	for len(queue) > 0 && len(seen) < maxSitemaps {
		address := queue[0]
		queue = queue[1:]
		if seen[address] {
			continue
		}
		seen[address] = true
		got, err := s.k.web.Get(ctx, address, fetch.Seen{})
		if err == nil && got.Gone {
			err = desk.Errorf(desk.CodeSourceStatus, "there is no such page (404)").With("status", 404)
		}
		if err != nil {
			problem = problemOf(err)
			continue
		}
		pages, maps, err := addressesIn(got)
		if err != nil {
			problem = problemOf(err)
			continue
		}
		queue = append(queue, maps...)
		for _, p := range pages {
			if at := s.within(p, prefix); at != "" && at != s.source.Url {
				more = more || len(list) >= maxSourcePages
				if len(list) < maxSourcePages {
					list = appendNew(list, at)
				}
			}
		}
	}
	switch {
	case problem != nil:
	case len(list) == 0:
		problem = desk.Errorf(desk.CodeSourceEmpty, "no page is listed whose address begins with %s", s.source.Prefix).With("prefix", s.source.Prefix)
	case more:
		problem = desk.Errorf(desk.CodeSourceMany, "more than %d pages are listed; the first were taken", maxSourcePages).With("max", maxSourcePages)
	}
	return list, problem
}

// within is an address as it is kept, or empty when it lies elsewhere.
func (s *look) within(address string, prefix *url.URL) string {
	u, err := s.k.web.Address(address)
	if err != nil || u.Host != prefix.Host || !strings.HasPrefix(u.Path, prefix.Path) {
		return ""
	}
	// A path that climbs out of its folder is in another one.
	if clean := path.Clean(u.Path); !strings.HasPrefix(clean+"/", prefix.Path) && clean != strings.TrimSuffix(prefix.Path, "/") {
		return ""
	}
	return u.String()
}

// addressesIn reads the addresses that a sitemap, a page of links or a plain
// list names, and further sitemaps.
func addressesIn(got fetch.Page) (pages, maps []string, err error) {
	switch got.Kind {
	case "application/xml", "text/xml":
		return sitemap(got.Body)
	case "text/html", "application/xhtml+xml":
		doc, err := html.Parse(bytes.NewReader(got.Body))
		if err != nil {
			return nil, nil, desk.Wrap(desk.CodeSourceKind, err, "the page is no readable HTML").With("kind", got.Kind)
		}
		return linksIn(doc, got.URL, nil), nil, nil
	case "text/plain", "text/markdown":
		for line := range strings.Lines(string(got.Body)) {
			pages = append(pages, strings.TrimSpace(line))
		}
		return pages, nil, nil
	}
	return nil, nil, desk.Errorf(desk.CodeSourceKind, "this is no list of pages: %s", got.Kind).With("kind", got.Kind)
}

func linksIn(n *html.Node, base *url.URL, list []string) []string {
	if n.Type == html.ElementNode && n.DataAtom == atom.A {
		if u, err := base.Parse(strings.TrimSpace(attribute(n, "href"))); err == nil && attribute(n, "href") != "" {
			list = append(list, withoutFragment(u))
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		list = linksIn(c, base, list)
	}
	return list
}

// sitemap reads the format of sitemaps.org. Nothing that the file declares is
// expanded, and what it nests is not followed further than its format goes.
func sitemap(raw []byte) (pages, maps []string, err error) {
	inMap, inLoc := false, false
	var loc strings.Builder
	count := 0
	err = eachElement(raw, func(t xml.StartElement) {
		switch t.Name.Local {
		case "sitemap":
			inMap = true
		case "url":
			inMap = false
		case "loc":
			inLoc = true
			loc.Reset()
		}
	}, func(t xml.EndElement) {
		if t.Name.Local != "loc" || !inLoc {
			return
		}
		inLoc = false
		if count++; count > maxLocs {
			return
		}
		if inMap {
			maps = append(maps, strings.TrimSpace(loc.String()))
		} else {
			pages = append(pages, strings.TrimSpace(loc.String()))
		}
	}, func(text string) {
		if inLoc && loc.Len() < 4_000 {
			loc.WriteString(text)
		}
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, desk.Wrap(desk.CodeSourceKind, err, "the sitemap cannot be read").With("kind", "sitemap")
	}
	return pages, maps, nil
}
