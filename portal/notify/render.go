package notify

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
)

//go:embed texts/*.json
var textFiles embed.FS

// text is one message in one language. Its only construct is {{name}}, filled
// once: what is filled in is text and never looked at again (SECURITY H10).
type text struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// texts reads the catalogues that are compiled in.
var texts = sync.OnceValue(func() map[desk.Language]map[string]text {
	all := map[desk.Language]map[string]text{}
	for _, l := range desk.Languages() {
		raw, err := textFiles.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err) // compiled in
		}
		var list map[string]text
		if err := json.Unmarshal(raw, &list); err != nil {
			panic(fmt.Sprintf("texts/%s.json: %v", l, err))
		}
		all[l] = list
	}
	return all
})

var hole = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

const (
	maxParam  = 120
	maxDetail = 400 // of the one that is our own sentence
)

// render writes the template in the language. A hole that nothing fills is a
// mistake of the program and sends nothing.
func render(l desk.Language, template string, params map[string]string, portal, secret string) (content, error) {
	list, ok := texts()[l]
	if !ok {
		list = texts()[desk.Languages()[0]]
	}
	t, ok := list[template]
	if !ok {
		return content{}, fmt.Errorf("there is no message %q", template)
	}
	missing := ""
	fill := func(s string) string {
		return hole.ReplaceAllStringFunc(s, func(m string) string {
			name := m[2 : len(m)-2]
			value, ok := params[name]
			switch name {
			case "portal":
				value, ok = portal, true
			case "secret":
				return secret // made by us
			}
			if !ok {
				missing = name
			}
			if name == "detail" {
				return clip(cleanAll(value), maxDetail)
			}
			return clean(value)
		})
	}
	c := content{Subject: fill(t.Subject), Text: fill(t.Text)}
	if missing != "" {
		return content{}, fmt.Errorf("message %q lacks %q", template, missing)
	}
	return c, nil
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
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || r == 0x2028 || r == 0x2029:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// clip keeps at most n bytes of valid UTF-8.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
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
