package main

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files/filestest"
)

// spoiled is one kind of bad input at the service desk: what is tried, what is
// said about it, and what must still be there.
type spoiled struct {
	name   string
	try    func(x *counter) reply
	status int
	code   desk.Code      // of the refusal, or of the one problem that the answer lists
	params map[string]any // that the words need
	words  string         // in English: what is wrong, and what to do
	kept   func(x *counter)
}

// The list of bad input: each gets a message that says what to do, in every
// language, and nothing is changed or lost.
func TestBadInputIsRefusedInWordsAndNothingIsLost(t *testing.T) { //nolint:tparallel // its rows share a counter
	t.Parallel()
	x := openCounter(t)
	for _, row := range append(spoiledPeople, spoiledTickets...) {
		t.Run(row.name, func(t *testing.T) { row.refuse(t, x) })
	}
}

// So do files, which in addition take little of the server. The test runs while
// no other does: what it counts is what the whole process takes.
func TestBadFilesAreRefusedInWordsAndTakeLittle(t *testing.T) {
	x := openCounter(t)
	for _, row := range spoiledFiles {
		t.Run(row.name, func(t *testing.T) {
			row.refuse(t, x)
			if took, made := time.Since(x.measured.at), spent().bytes-x.measured.bytes; took > 30*time.Second || made > 512<<20 {
				t.Errorf("it took %s and %d MB", took, made>>20)
			}
		})
	}
}

func (s spoiled) refuse(t *testing.T, x *counter) {
	t.Helper()
	x.t, x.before = t, nil
	got := s.try(x)
	if got.status != s.status || got.code() != s.code {
		t.Fatalf("%d %q, want %d %q: %s", got.status, got.code(), s.status, s.code, got.raw)
	}
	for name, want := range s.params {
		if asJSON(got.params()[name]) != asJSON(want) {
			t.Errorf("%s is %v, want %v", name, got.params()[name], want)
		}
	}
	x.says(got, s.words)
	x.unchanged()
	if s.kept != nil {
		s.kept(x)
	}
}

var spoiledPeople = []spoiled{
	{
		name: "duplicate user name", try: func(x *counter) reply {
			x.given()
			return x.ask("tess", http.MethodPost, "/admin/users", map[string]any{"name": "Another Ana", "login": "Ana", "company_id": x.people["ana"].Company})
		}, status: 409, code: desk.CodeLoginTaken, params: map[string]any{"login": "ana"},
		words: "The user name ana is taken. Choose another",
	},

	{
		name: "mail domain of another company, new", try: func(x *counter) reply {
			x.do("adam", http.MethodPost, "/admin/companies", map[string]any{"name": "Globex", "domains": []string{"globex.example"}}, true)
			x.given()
			return x.ask("adam", http.MethodPost, "/admin/companies", map[string]any{"name": "Initech", "domains": []string{"initech.example", "GLOBEX.example"}})
		}, status: 409, code: desk.CodeDomainTaken, params: map[string]any{"domain": "globex.example", "company": "Globex"},
		words: "globex.example belongs to Globex. Remove it there first",
	},

	{
		name: "mail domain of another company, changed", try: func(x *counter) reply {
			x.given()
			return x.ask("adam", http.MethodPatch, "/admin/companies/"+string(x.people["ana"].Company), map[string]any{"domains": []string{"globex.example"}})
		}, status: 409, code: desk.CodeDomainTaken, params: map[string]any{"domain": "globex.example", "company": "Globex"},
		words: "globex.example belongs to Globex. Remove it there first",
	},

	{
		name: "table with broken rows", try: func(x *counter) reply {
			x.given()
			return x.table("/admin/users/import", "people.csv", brokenTable)
		}, status: 200, code: desk.CodeRowBroken,
		words: "The quotation marks of this row do not fit. Check it in the file.",
		kept:  goodRowsAreKept,
	},

	{
		name: "template with an unknown variable", try: func(x *counter) reply {
			x.given()
			return x.ask("adam", http.MethodPut, "/admin/templates/ticket_replied/en", map[string]any{"subject": "{{number}}", "text": "Dear {{name}},\n{{relpy}}\n{{link}}", "version": 0})
		}, status: 422, code: desk.CodeTemplateVariable, params: map[string]any{"line": 2, "variable": "relpy"},
		words: "Line 2: there is no variable “relpy” here. Possible are: ",
		kept: func(x *counter) {
			now := x.get("adam", "/admin/templates/ticket_replied/en")
			if now["version"] != 0.0 || now["text"] != now["built_in_text"] {
				x.t.Errorf("the text is another one: %v", now)
			}
		},
	},

	{
		name: "macro with an unknown variable", try: func(x *counter) reply {
			x.given()
			return x.ask("adam", http.MethodPost, "/admin/macros", map[string]any{"names": map[string]string{"en": "Hello"}, "texts": map[string]string{"en": "Hello {{contact}}"}})
		}, status: 422, code: desk.CodeUnknownVariable, params: map[string]any{"name": "contact"},
		words: "There is no variable “contact”. Choose one of those below the text.",
	},
}

const brokenTable = `name,email,company
Una One,una@acme.test,Acme
"Two Broken,two@acme.test,Acme
Tria Three,tria@acme.test,Acme
`

// The row that is broken keeps no other out, neither from what is shown nor
// from what is imported.
func goodRowsAreKept(x *counter) {
	preview := decode([]byte(x.table("/admin/users/import", "people.csv", brokenTable).raw))
	if preview["created"] != 2.0 || preview["broken"] != 1.0 || preview["committed"] != false {
		x.t.Errorf("what is shown: %v", preview)
	}
	whole := decode([]byte(x.table("/admin/users/import?commit=true&whole=true", "people.csv", brokenTable).raw))
	if whole["committed"] != false {
		x.t.Errorf("all or none: %v", whole)
	}
	x.unchanged()
	done := decode([]byte(x.table("/admin/users/import?commit=true", "people.csv", brokenTable).raw))
	if done["committed"] != true || done["created"] != 2.0 {
		x.t.Errorf("row by row: %v", done)
	}
}

var spoiledTickets = []spoiled{
	{
		name: "custom field removed while in use", try: func(x *counter) reply {
			field := x.post("adam", "/admin/fields", map[string]any{"kind": "text", "names": map[string]string{"en": "Room"}})["id"]
			x.at["ticket"] = x.ticket("ana", map[string]any{"fields": map[string]any{fmt.Sprint(field): "B 12"}})
			x.given()
			return x.ask("adam", http.MethodDelete, "/admin/fields/"+fmt.Sprint(field), nil)
		}, status: 409, code: desk.CodeInUse, params: map[string]any{"what": "field", "name": "Room", "tickets": 1},
		words: "Tickets still have something in “Room”: 1. Archive the field instead",
		kept: func(x *counter) {
			if now := x.ask("ana", http.MethodGet, "/tickets/"+x.at["ticket"], nil); !strings.Contains(now.raw, "B 12") {
				x.t.Errorf("the ticket has lost its value: %s", now.raw)
			}
		},
	},

	{
		name: "status removed while tickets have it", try: func(x *counter) reply {
			status := fmt.Sprint(x.post("adam", "/admin/statuses", map[string]any{"kind": "open", "names": map[string]string{"en": "At the vendor"}})["key"])
			x.at["ticket"], x.at["status"] = x.ticket("ana", nil), status
			x.do("tess", http.MethodPatch, "/tickets/"+x.at["ticket"], map[string]any{"status": status}, true)
			x.given()
			return x.ask("adam", http.MethodDelete, "/admin/statuses/"+status, nil)
		}, status: 409, code: desk.CodeInUse, params: map[string]any{"what": "status", "name": "At the vendor", "tickets": 1},
		words: "Tickets still stand at “At the vendor”: 1. Choose the status that they get instead",
		kept: func(x *counter) {
			if now := x.get("tess", "/tickets/"+x.at["ticket"])["status"]; now != x.at["status"] {
				x.t.Errorf("the ticket stands at %v", now)
			}
			if gone := x.ask("adam", http.MethodDelete, "/admin/statuses/"+x.at["status"]+"?replacement=open", nil); gone.status != 204 {
				x.t.Errorf("what the message says does not help: %s", gone.raw)
			}
		},
	},

	{
		name: "two people edit the same article", try: func(x *counter) reply {
			article := x.post("adam", "/admin/articles", map[string]any{"lang": "en", "title": "Printers", "summary": "", "markdown": "As it was."})
			x.at["text"] = "/admin/articles/" + fmt.Sprint(article["id"]) + "/texts/en"
			seen := tag(article["languages"])
			x.save("adam", seen, "What the first wrote.")
			x.given()
			return x.ask("adam", http.MethodPut, x.at["text"], words("What the second wrote."), "If-Match", seen)
		}, status: 409, code: desk.CodeConflict, words: "Somebody has changed this in the meantime. Load it again",
		kept: func(x *counter) {
			now := x.ask("adam", http.MethodGet, strings.TrimSuffix(x.at["text"], "/texts/en"), nil)
			if !strings.Contains(now.raw, "What the first wrote.") {
				x.t.Errorf("the first text is gone: %s", now.raw)
			}
			// … and the second goes in its place or is joined with it: the choice is its writer's.
			x.save("adam", tag(decode([]byte(now.raw))["languages"]), "What both wrote.")
		},
	},

	{
		name: "ticket changed by somebody else meanwhile", try: func(x *counter) reply {
			x.at["ticket"] = x.ticket("ana", nil)
			x.do("adam", http.MethodPatch, "/tickets/"+x.at["ticket"], map[string]any{"priority": "high"}, true)
			x.given()
			return x.ask("tess", http.MethodPatch, "/tickets/"+x.at["ticket"], map[string]any{"priority": "low", "status": "pending"}, "If-Match", `"1"`)
		}, status: 409, code: desk.CodeConflict, params: map[string]any{"changed": []any{"priority"}, "by": []any{"adam"}, "version": 2},
		words: "Somebody has changed this in the meantime. Load it again",
		kept: func(x *counter) {
			if now := x.get("tess", "/tickets/"+x.at["ticket"]); now["priority"] != "high" || now["status"] == "pending" {
				x.t.Errorf("what was first does not stand: %v", now)
			}
		},
	},

	{
		name: "reply to a merged ticket", try: func(x *counter) reply {
			x.at["ticket"], x.at["into"] = x.ticket("ana", nil), x.ticket("ana", nil)
			x.do("ana", http.MethodPut, "/tickets/"+x.at["ticket"]+"/drafts/reply", map[string]any{"text": "It hums as well."}, true)
			x.post("tess", "/tickets/"+x.at["ticket"]+"/merge", map[string]any{"into": x.at["into"]})
			x.given()
			return x.ask("ana", http.MethodPost, "/tickets/"+x.at["ticket"]+"/replies", map[string]any{"text": "It hums as well."})
		}, status: 409, code: desk.CodeMerged, words: "This ticket was merged into ticket #",
		kept: func(x *counter) {
			if kept := x.ask("ana", http.MethodGet, "/tickets/"+x.at["ticket"]+"/drafts", nil); !strings.Contains(kept.raw, "It hums as well.") {
				x.t.Errorf("what was written is gone: %s", kept.raw)
			}
			x.post("ana", "/tickets/"+x.at["into"]+"/replies", map[string]any{"text": "It hums as well."})
		},
	},
}

var spoiledFiles = []spoiled{
	{
		name: "attachment bomb", try: func(x *counter) reply {
			x.given()
			return x.upload("ana", "/files", "file", "screen.png", append(filestest.FloodPNG(60_000, 60_000), make([]byte, 4<<20)...))
		}, status: 413, code: desk.CodePictureTooLarge, params: map[string]any{"name": "screen.png", "max": 25},
		words: "“screen.png” has too many pixels. A picture may have at most 25 megapixels. Make it smaller",
	},

	{name: "document bomb", try: func(x *counter) reply {
		x.given()
		return x.upload("adam", "/admin/articles/import", "files", "guide.docx", wordBomb(x.t))
	}, status: 200, code: desk.CodeFileTooHard, words: "guide.docx takes too much time or memory to read. Save it anew, or split it."},

	{
		name: "50 MB upload", try: func(x *counter) reply {
			x.given()
			return x.upload("ana", "/files", "file", "video.mp4", make([]byte, 50<<20))
		}, status: 413, code: desk.CodeFileTooLarge, params: map[string]any{"name": "video.mp4", "max": 25},
		words: "“video.mp4” is too large: a file may have at most 25 MB. Make it smaller or leave it out. Your text is still here.",
	},

	{
		name: "50 MB of articles", try: func(x *counter) reply {
			x.given()
			return x.announce("adam", "/admin/articles/import", 50<<20)
		}, status: 413, code: desk.CodeTooLarge, params: map[string]any{"max": 32 << 20},
		words: "This is too large: at most 32 MB can be sent. Make it smaller, or split it.",
	},

	{
		name: "broken PDF", try: func(x *counter) reply {
			broken := []byte("%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
			x.upload("adam", "/admin/articles/import", "files", "first.pdf", broken) // the first one compiles the reader, which is not measured
			x.given()
			return x.upload("adam", "/admin/articles/import", "files", "manual.pdf", broken)
		}, status: 200, code: desk.CodeBrokenFile, params: map[string]any{"name": "manual.pdf"},
		words: "manual.pdf cannot be read: it is damaged, or not what its name says. Open it, save it again",
	},
}

type measured struct {
	at    time.Time
	bytes uint64 // allocated so far, whoever took them
}

func spent() measured {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return measured{time.Now(), m.TotalAlloc}
}
