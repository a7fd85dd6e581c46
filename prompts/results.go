package prompts

// The shapes of tool results, as the model reads them: JSON inside untrusted
// markers labelled with the tool's name (Data(tool, value)). They stand here
// because two rooms share them: package tools writes them, and the offline
// model reads them.

// Names of the tools. They are fixed: prompts, policies and the log use them.
const (
	ToolSearch   = "search_knowledge"
	ToolList     = "list_my_tickets"
	ToolGet      = "get_ticket"
	ToolCreate   = "create_ticket"
	ToolAdd      = "add_to_ticket"
	ToolFixed    = "ask_if_fixed"
	ToolPerson   = "talk_to_a_person"
	ToolDevices  = "list_my_devices"
	ToolAct      = "propose_device_action"
	ToolSoftware = "list_software"
	ToolInstall  = "propose_install"
	ToolRequest  = "request_software"
	ToolStatus   = "action_status"
	MaxToolBytes = 16 << 10 // of one result
)

// Passages is the result of search_knowledge: the best articles first,
// each in several passages in reading order, then single passages of others. N
// is the number that the answer cites: [1].
type Passages struct {
	Passages []Passage `json:"passages"`
}

// Passage is one retrieved chunk. Text is Markdown.
type Passage struct {
	N       int    `json:"n"`
	Title   string `json:"title"`
	Heading string `json:"heading,omitempty"`
	Lang    string `json:"lang"`
	Text    string `json:"text"`
	// Score says how much of the question the passage covers, 0 to 1,
	// comparable between questions; 0 when the search cannot tell.
	Score float64 `json:"score,omitempty"`
}

// Tickets is the result of list_my_tickets, newest first.
type Tickets struct {
	Tickets []TicketLine `json:"tickets"`
	More    bool         `json:"more,omitempty"` // there are others beyond these
}

// TicketLine is a ticket in a list. Status is new, open, pending, resolved
// or closed; StatusName is what the portal calls it, where that is another.
type TicketLine struct {
	Number     int64  `json:"number"`
	Subject    string `json:"subject,omitempty"` // not where the portal hides it, nor the status
	Status     string `json:"status,omitempty"`
	StatusName string `json:"status_name,omitempty"`
	Updated    string `json:"updated,omitempty"` // a date, 2006-01-02
}

// Ticket is the result of get_ticket.
type Ticket struct {
	TicketLine
	Description string  `json:"description,omitempty"`
	Handoff     string  `json:"handoff,omitempty"` // requested or taken
	Replies     []Reply `json:"replies,omitempty"` // oldest first, the public ones
}

// Reply is one public reply in a ticket.
type Reply struct {
	Author string `json:"author"`
	Staff  bool   `json:"staff"`
	At     string `json:"at,omitempty"`
	Text   string `json:"text"`
}

// Done is the result of an effect: create_ticket (Number, Subject, Status;
// Existing when this conversation already had its ticket), add_to_ticket
// (Number), ask_if_fixed (Number) and talk_to_a_person (Number of the ticket that the queue shows,
// if there is one).
type Done struct {
	OK       bool   `json:"ok"`
	Number   int64  `json:"number,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Status   string `json:"status,omitempty"`
	Existing bool   `json:"existing,omitempty"`
}

// Failure is the result of a call that was refused or failed. Code is a
// desk.Code; Message is safe for the model and in English.
type Failure struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// Failed renders a Failure as the result of a tool.
func Failed(tool, code, message string) string {
	var f Failure
	f.Error.Code, f.Error.Message = code, message
	return Data(tool, f)
}

// FilesLabel marks the block that names the files of the message after it.
const FilesLabel = "files"

// Files are what was sent with a message.
type Files struct {
	Files []FileLine `json:"files"`
}

// FileLine is one of them. Its name is what a person called it: it is data.
// Shown says that the model sees the picture beside the message's text.
type FileLine struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shown bool   `json:"shown"`
}
