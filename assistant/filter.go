package assistant

import "github.com/conserje/conserje/portal/desk"

// Filter sees every piece of text before it goes out to the user. It is where
// claims are checked against what tools really did.
type Filter interface {
	// Begin is called before each answer of the model; results are what the
	// tools of this turn came to so far.
	Begin(v desk.Viewer, results []desk.ToolResult) Screen
}

// Screen filters one answer.
type Screen interface {
	// Next takes the next piece of the model's text and returns what may go
	// out now; it may hold back the rest.
	Next(text string) string
	// Rest returns what was held back, when the answer is complete.
	Rest() string
}

// pass lets everything through as it comes.
type pass struct{}

func (pass) Begin(desk.Viewer, []desk.ToolResult) Screen { return pass{} }
func (pass) Next(text string) string                     { return text }
func (pass) Rest() string                                { return "" }
