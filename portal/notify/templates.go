package notify

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
)

// TemplateVariable is what a template may say: a name, and what it could stand for.
type TemplateVariable struct {
	Name     string `json:"name"`
	Example  string `json:"example"`
	Required bool   `json:"required" doc:"Whether the text must say it."`
	Secret   bool   `json:"secret" doc:"A code, a password or a one-time link: not for the subject."`
}

// The bounds of a text that an admin writes.
const (
	maxSubjectChars = 200
	maxMailChars    = 5000
	maxSMSChars     = 600
	maxRendered     = 64 << 10
)

// Which templates there are and which variables each may use follows from the
// built-in text in English, besides these that it does not use.
var besides = map[string][]string{
	"ticket_opened": {"status"}, "ticket_replied": {"description"}, "ticket_status": {"description"},
	"ticket_resolved": {"status", "author", "description"}, "ticket_is_it_fixed": {"status", "description"}, "ticket_answered": {"status"},
	"ticket_merged": {"description"},
}

// What a message is sent for must be in it, besides its secret. A code names
// the act and the device that it is for (SECURITY 2).
var required = map[string][]string{
	"welcome": {"address", "login"}, "welcome_link": {"address"}, "temporary_password": {"device"},
	"ticket_is_it_fixed": {"link"}, "ticket_merged": {"into"}, "mail_action": {"state"},
}

// samples are values that read the same in every language; the others stand in
// the examples of each.
var samples = map[string]string{
	"portal": "Example Help", "name": "Ana López", "login": "ana", "author": "Tess Berger", "device": "LAPTOP-7", "software": "Inkscape",
	"account": "ana", "ending": "33", "number": "1042", "into": "1040", "address": "https://help.example.com",
	"link": "https://help.example.com/tickets/1042", "code": "123456", "password": "Example-word-42",
	"one_time_link": "https://help.example.com/set-password#example", "secret": "123456",
}

// templateNames lists all templates, sorted.
func templateNames() []string { return slices.Sorted(maps.Keys(texts()[desk.Languages()[0]])) }

func channelOf(t text) Channel {
	if t.Subject == "" {
		return SMS
	}
	return Mail
}

// variablesOf lists what a template may say, with examples in the language.
func variablesOf(template string, l desk.Language) []TemplateVariable {
	t, ok := builtIn(desk.Languages()[0], template)
	if !ok {
		return nil
	}
	names := []string{"portal"}
	for _, m := range hole.FindAllStringSubmatch(t.Subject+t.Text, -1) {
		names = append(names, m[1])
	}
	names = append(names, besides[template]...)
	list := []TemplateVariable{}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		list = append(list, TemplateVariable{
			Name: name, Example: sampleOf(name, l), Secret: secrets[name],
			Required: secrets[name] || slices.Contains(required[template], name) || strings.HasPrefix(template, "code_") && (name == "device" || name == "software"),
		})
	}
	return list
}

func sampleOf(name string, l desk.Language) string {
	if v, ok := samples[name]; ok {
		return v
	}
	if v, ok := examples()[l][name]; ok {
		return v
	}
	return name
}

// checkText refuses a text that could not be sent as it was meant, naming the
// variable and the line.
func checkText(template string, t text) error {
	b, ok := builtIn(desk.Languages()[0], template)
	if !ok {
		return desk.Errorf(desk.CodeNotFound, "there is no such template")
	}
	limit := maxMailChars
	if channelOf(b) == SMS {
		limit = maxSMSChars
	}
	if err := desk.CheckText(t.Text, limit); err != nil {
		return desk.OnField("text", err)
	}
	if channelOf(b) == Mail {
		if err := desk.CheckText(t.Subject, maxSubjectChars); err != nil {
			return desk.OnField("subject", err)
		}
	} else if t.Subject != "" {
		return desk.Errorf(desk.CodeInvalid, "a text message has no subject").On("subject")
	}
	if strings.ContainsAny(t.Subject, "\r\n") {
		return desk.Errorf(desk.CodeInvalid, "a subject is one line").On("subject")
	}
	known := variablesOf(template, desk.Languages()[0])
	inSubject, err := namesIn(t.Subject, known)
	if err != nil {
		return desk.OnField("subject", err)
	}
	inText, err := namesIn(t.Text, known)
	if err != nil {
		return desk.OnField("text", err)
	}
	for _, v := range known {
		switch {
		case v.Secret && slices.Contains(inSubject, v.Name):
			return desk.Errorf(desk.CodeTemplateSecret, "{{%s}} may not stand in the subject", v.Name).On("subject").With("variable", v.Name)
		case v.Required && !slices.Contains(inText, v.Name):
			return desk.Errorf(desk.CodeTemplateMissing, "the text must say {{%s}}", v.Name).On("text").With("variable", v.Name)
		}
	}
	return nil
}

// namesIn lists the variables of a text. Anything else between double braces,
// and braces that nothing closes, are refused.
func namesIn(s string, known []TemplateVariable) (names []string, err error) {
	for at := 0; ; {
		i := strings.Index(s[at:], "{{")
		if i < 0 {
			return names, nil
		}
		at += i
		line := 1 + strings.Count(s[:at], "\n")
		end := strings.Index(s[at:], "}}")
		if next := strings.IndexByte(s[at:], '\n'); end < 0 || next >= 0 && next < end {
			return nil, desk.Errorf(desk.CodeTemplateBroken, "line %d: nothing closes the braces of %q", line, start(s[at:])).
				With("line", line).With("near", start(s[at:]))
		}
		name := s[at+2 : at+end]
		if !slices.ContainsFunc(known, func(v TemplateVariable) bool { return v.Name == name }) {
			all := make([]string, len(known))
			for i, v := range known {
				all[i] = v.Name
			}
			return nil, desk.Errorf(desk.CodeTemplateVariable, "line %d: there is no variable %q here", line, name).
				With("line", line).With("variable", clip(name, 60)).With("supported", all)
		}
		names = append(names, name)
		at += end + 2
	}
}

// start is the beginning of a line, to be found by.
func start(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if utf8.RuneCountInString(s) > 20 {
		s = string([]rune(s)[:20]) + "…"
	}
	return s
}
