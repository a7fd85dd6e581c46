package notify

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
)

//go:embed texts/*.json examples/*.json
var textFiles embed.FS

// text is one message in one language. Its only construct is {{name}}, filled
// once: what is filled in is text and never looked at again (SECURITY H10). A
// line none of whose variables has anything to say is left out.
type text struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// texts reads the catalogues that are compiled in.
var texts = sync.OnceValue(func() map[desk.Language]map[string]text { return readAll[text]("texts") })

// examples are sample values in words of each language.
var examples = sync.OnceValue(func() map[desk.Language]map[string]string { return readAll[string]("examples") })

func readAll[T any](folder string) map[desk.Language]map[string]T {
	all := map[desk.Language]map[string]T{}
	for _, l := range desk.Languages() {
		raw, err := textFiles.ReadFile(folder + "/" + string(l) + ".json")
		if err != nil {
			panic(err) // compiled in
		}
		var list map[string]T
		if err := json.Unmarshal(raw, &list); err != nil {
			panic(fmt.Sprintf("%s/%s.json: %v", folder, l, err))
		}
		all[l] = list
	}
	return all
}

// builtIn is the program's own text of a message.
func builtIn(l desk.Language, template string) (text, bool) {
	list, ok := texts()[l]
	if !ok {
		list = texts()[desk.Languages()[0]]
	}
	t, ok := list[template]
	return t, ok
}

var hole = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

const (
	maxParam  = 120
	maxDetail = 400    // of the one that is our own sentence
	maxLink   = 500    // host name, path and token
	maxWords  = 10_000 // of what a person wrote at length
)

// shapes say how long a value may be and whether it has lines; all others are
// one short line.
var shapes = map[string]struct {
	max         int
	lines, link bool
}{
	"detail":      {max: maxDetail},
	"question":    {max: maxDetail},
	"subject":     {max: maxDetail},
	"reply":       {max: maxWords, lines: true},
	"description": {max: maxWords, lines: true},
	"link":        {max: maxLink, link: true},
	"address":     {max: maxLink, link: true},

	"one_time_link": {max: maxLink, link: true},
}

// secrets are the names that a template has for what is made by us and lies
// sealed until it is sent.
var secrets = map[string]bool{"secret": true, "code": true, "password": true, "one_time_link": true}

// fillings are what a text's variables stand for.
type fillings struct {
	params         map[string]string
	portal, secret string
}

func (f fillings) value(name string) (string, bool) {
	switch {
	case name == "portal":
		return clean(f.portal), true
	case secrets[name]:
		return f.secret, true
	}
	v, ok := f.params[name]
	s := shapes[name]
	switch {
	case s.lines:
		return clip(cleanLines(v), s.max), ok
	case s.max > 0:
		return clip(cleanAll(v), s.max), ok
	}
	return clean(v), ok
}

// render fills a text. A hole that nothing fills is a mistake of the program
// and sends nothing.
func render(template string, t text, f fillings) (content, error) {
	for _, m := range hole.FindAllStringSubmatch(t.Subject+t.Text, -1) {
		if _, ok := f.value(m[1]); !ok {
			return content{}, fmt.Errorf("message %q lacks %q", template, m[1])
		}
	}
	subject := hole.ReplaceAllStringFunc(t.Subject, func(h string) string {
		v, _ := f.value(h[2 : len(h)-2])
		return v
	})
	c := content{Subject: clip(cleanAll(subject), maxDetail), Text: f.plain(t.Text)}
	if t.Subject != "" {
		c.HTML = f.html(t.Text)
	}
	return c, nil
}

// said are the lines of a text that have something to say.
func (f fillings) said(s string) (lines []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		holes := hole.FindAllStringSubmatch(line, -1)
		empty := len(holes) > 0
		for _, h := range holes {
			v, _ := f.value(h[1])
			empty = empty && v == ""
		}
		if empty || line == "" && len(lines) > 0 && lines[len(lines)-1] == "" {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func (f fillings) plain(s string) string {
	return hole.ReplaceAllStringFunc(strings.Join(f.said(s), "\n"), func(h string) string {
		v, _ := f.value(h[2 : len(h)-2])
		return v
	})
}

// html is the text as paragraphs. Words of the template and of values are
// escaped; an address that we made becomes a link.
func (f fillings) html(s string) string {
	var b strings.Builder
	b.WriteString(`<div style="font-family:sans-serif;font-size:16px;line-height:1.5;max-width:40em">`)
	open := false
	for _, line := range f.said(s) {
		switch {
		case line == "" && open:
			b.WriteString("</p>")
			open = false
			continue
		case line == "":
			continue
		case open:
			b.WriteString("<br>")
		default:
			b.WriteString("<p>")
			open = true
		}
		b.WriteString(f.htmlLine(line))
	}
	if open {
		b.WriteString("</p>")
	}
	return b.String() + "</div>"
}

func (f fillings) htmlLine(line string) string {
	var b strings.Builder
	done := 0
	for _, at := range hole.FindAllStringIndex(line, -1) {
		b.WriteString(html.EscapeString(line[done:at[0]]))
		name := line[at[0]+2 : at[1]-2]
		v, _ := f.value(name)
		b.WriteString(htmlValue(name, v))
		done = at[1]
	}
	return b.String() + html.EscapeString(line[done:])
}

func htmlValue(name, v string) string {
	escaped := strings.ReplaceAll(html.EscapeString(v), "\n", "<br>")
	if u, err := url.Parse(v); shapes[name].link && err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		return `<a href="` + escaped + `">` + escaped + `</a>`
	}
	return escaped
}

// clean makes a value one short line: names of devices and people come from
// outside. Control characters, among them those that begin a header line, and
// invisible ones are gone (SECURITY H4, B3).
func clean(s string) string { return clip(cleanAll(s), maxParam) }

func cleanAll(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unseen(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cleanLines keeps the lines of what a person wrote.
func cleanLines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unseen(r) {
			return -1
		}
		return r
	}, s))
}

func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || r == 0x2028 || r == 0x2029
}

// clip keeps at most n bytes of valid UTF-8, without the zero bytes that Postgres takes in no text: a provider may say anything.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

// checkRecipient refuses what is more than one plain address or number.
func checkRecipient(c Channel, to string) error {
	if c == SMS {
		if !e164.MatchString(to) {
			return desk.Errorf(desk.CodePhoneUnusable, "this is not a phone number").On("phone")
		}
		return nil
	}
	a, err := mail.ParseAddress(to)
	if err != nil || a.Address != to || strings.ContainsFunc(to, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return desk.Errorf(desk.CodeInvalid, "this is not a mail address").On("email")
	}
	return nil
}
