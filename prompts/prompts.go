// Package prompts holds every word that a model is told and every sentence
// that stands in for a model's answer: Markdown templates, one file per tool,
// and a folder of texts per language. It imports only the standard library.
//
// Contract: rendering is deterministic, so that provider caches hit and golden
// tests hold. Nothing that a person or a device wrote ever enters the system
// prompt; it goes through Untrusted into a message of its own.
package prompts

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/template"
)

//go:embed *.md tools/*.md lang
var files embed.FS

// SystemData is what the system prompt depends on: a language and the names
// of the tools offered, both from fixed lists. There is deliberately no field
// for anybody's free text.
type SystemData struct {
	Language string   // the viewer's interface language, such as "es"
	Tools    []string // names of the tools offered in this request
}

// Has reports whether a tool is offered; the template asks.
func (d SystemData) Has(tool string) bool { return slices.Contains(d.Tools, tool) }

// LanguageName is the English name of the viewer's language.
func (d SystemData) LanguageName() string { return Text(d.Language, "english_name", nil) }

// System renders the system prompt.
func System(d SystemData) string {
	if !slices.Contains(Languages(), d.Language) {
		d.Language = Languages()[0]
	}
	return render("system.md", d)
}

// Facts are the viewer's facts. They hold free text (names, subjects), so
// Context renders them as untrusted data.
type Facts struct {
	Name        string       `json:"name"`
	Role        string       `json:"role"`
	Company     string       `json:"company,omitempty"`
	Language    string       `json:"language"`
	OpenTickets []TicketLine `json:"open_tickets,omitempty"`
	// Devices are those assigned to the viewer, by name: the only ones on which
	// anything may be proposed for them. Nil when self-service is off.
	Devices     []DeviceLine `json:"devices,omitempty"`
	OpenActions []ActionLine `json:"open_actions,omitempty"` // not over yet, newest first
	Today       string       `json:"today,omitempty"`        // a date, 2006-01-02; no clock time, for the caches
}

// ViewerLabel marks the block that Context renders.
const ViewerLabel = "viewer"

// Context renders the viewer's facts for a message of role user that stands
// between the system prompt and the history.
func Context(f Facts) string { return Data(ViewerLabel, f) }

// Summarise is the system prompt that asks for a summary of older turns.
func Summarise(language string) string {
	return render("summarise.md", SystemData{Language: language})
}

// SummaryLabel marks a summary of older turns in the history. The summary was
// written by a model from people's words: it is data as well.
const SummaryLabel = "summary"

// LastStep is said to the model as a system message when its budget of steps
// is spent: one last call without tools.
func LastStep() string { return render("laststep.md", nil) }

// Tool returns the description of a tool as the model reads it.
func Tool(name string) (string, error) {
	b, err := files.ReadFile("tools/" + name + ".md")
	if err != nil {
		return "", fmt.Errorf("no description for tool %q: %w", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Option("missingkey=error").ParseFS(files, "*.md"))
})

func render(name string, data any) string {
	var b strings.Builder
	if err := templates().ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the templates are ours and tested; there is nothing to fall back to.
	}
	return strings.TrimSpace(b.String())
}

// Data renders v as JSON inside untrusted markers.
func Data(label string, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return Untrusted(label, "{}")
	}
	return Untrusted(label, string(b))
}
