package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/conserje/conserje/"

// rooms is the order of the house: a package may import its own room and those on lower floors. A package belongs to
// the room with the longest matching path.
var rooms = []struct {
	path  string
	floor int
}{
	// Words and texts. Nothing but the standard library.
	{"portal/desk", 0},
	{"prompts", 0},
	{"tools/devices/wire", 0},
	// Seams to the outside; they know the words only.
	{"kb/words", 1}, // what is known about words without a model: search and offline model share it
	{"kb/fetch", 1},
	{"kb/pdf", 1},
	{"assistant/model", 1},
	{"assistant/offline", 2},
	{"portal/socket", 1},
	{"portal/web", 1},
	{"tools/agent", 1},
	// The house itself.
	{"portal/store", 2},
	{"portal/policy", 3},
	{"portal/notify", 4},
	{"portal/verify", 5},
	{"portal/people", 6},
	{"portal/files", 6},
	{"portal/domains", 6},
	{"portal/tickets", 7},
	{"portal/conversations", 8},
	{"portal/audit", 8},
	{"kb", 9},
	{"tools/software", 10},
	{"tools/actions", 11},
	{"tools/devices", 12},
	{"tools", 13},
	{"assistant", 14},
	{"assistant/chat", 15},
	{"portal/api", 15},
	{"portal/demo", 16},
	{"cmd", 17},
}

// fences name libraries that only some rooms may touch.
var fences = []struct {
	library string
	rooms   []string
}{
	{"github.com/gofiber/", []string{"assistant/chat", "portal/api", "portal/socket", "tools/devices", "cmd"}},
	{"github.com/sashabaranov/go-openai", []string{"assistant/model"}},
	{"gocloud.dev/", []string{"portal/files"}},
	{"github.com/klippa-app/go-pdfium", []string{"kb/pdf"}},
	{"github.com/tetratelabs/wazero", []string{"kb/pdf"}},
}

type listed struct {
	ImportPath string
	Imports    []string
}

// packages lists every package of the repository without its tests.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// roomOf returns the room of a package of ours and its floor.
func roomOf(importPath string) (room string, floor int, ok bool) {
	path := strings.TrimPrefix(importPath, module)
	for _, r := range rooms {
		if (path == r.path || strings.HasPrefix(path, r.path+"/")) && len(r.path) > len(room) {
			room, floor, ok = r.path, r.floor, true
		}
	}
	return room, floor, ok
}

// isStandard tells a package of the standard library: its first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// breach says why a package of the room may not import another; empty when it may.
func breach(from, imported string) string {
	room, floor, ok := roomOf(from)
	if !ok {
		return "has no room: give it a floor in this test and in the design"
	}
	if strings.HasPrefix(imported, module) {
		other, otherFloor, ok := roomOf(imported)
		switch {
		case !ok:
			return "imports " + imported + ", which has no room"
		case room == "tools/agent" && other != "tools/agent" && other != "tools/devices/wire":
			return "runs on the device and imports " + imported
		case other != room && otherFloor >= floor:
			return "imports " + imported + ", which is not below it"
		}
		return ""
	}
	if floor == 0 && !isStandard(imported) {
		return "imports " + imported + ", and may use the standard library only"
	}
	for _, f := range fences {
		if !strings.HasPrefix(imported, f.library) {
			continue
		}
		if slices.Contains(f.rooms, room) {
			return ""
		}
		return "imports " + imported + ", which only " + strings.Join(f.rooms, ", ") + " may"
	}
	return ""
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 10 {
		t.Fatalf("only %d packages found", len(all))
	}
	for _, p := range all {
		for _, imported := range p.Imports {
			if why := breach(p.ImportPath, imported); why != "" {
				t.Errorf("%s %s", p.ImportPath, why)
			}
		}
	}
}

func TestTheImportRulesRefuseWhatTheyShould(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"portal/store", "portal/policy"},
		{"portal/desk", "portal/store"},
		{"portal/desk/desktest", "github.com/jackc/pgx/v5"},
		{"assistant/chat", "portal/api"},
		{"tools/agent", "portal/desk"},
		{"assistant", "github.com/gofiber/fiber/v2"},
		{"assistant/offline", "github.com/sashabaranov/go-openai"},
		{"portal/unheard_of", "strings"},
	} {
		imported := pair[1]
		if !strings.Contains(imported, ".") && imported != "strings" {
			imported = module + imported
		}
		if breach(module+pair[0], imported) == "" {
			t.Errorf("%s may import %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"tools/agent", module + "tools/devices/wire"},
		{"cmd/conserje", module + "assistant/chat"},
		{"assistant/model/modeltest", "github.com/sashabaranov/go-openai"},
		{"portal/socket", "github.com/gofiber/contrib/websocket"},
		{"portal/store/storetest", module + "portal/store/cluster"},
	} {
		if why := breach(module+pair[0], pair[1]); why != "" {
			t.Errorf("%s %s", pair[0], why)
		}
	}
}

// TestNoFileGrowsBeyondAScreenful holds the size that keeps a folder's listing its table of contents. The length of
// functions is held by a linter.
func TestNoFileGrowsBeyondAScreenful(t *testing.T) {
	t.Parallel()
	const limit, testLimit = 420, 500 // a story of cases may be a little longer
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if name == "node_modules" || name == "dist" || name == "bin" || strings.HasPrefix(name, ".") && name != ".." {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".ts", ".tsx", ".css":
		default:
			return nil
		}
		lines, generated, err := measure(path)
		allowed := limit
		if strings.Contains(path, "_test.") || strings.Contains(path, ".test.") {
			allowed = testLimit
		}
		if err == nil && lines > allowed && !generated {
			t.Errorf("%s has %d lines", strings.TrimPrefix(path, "../../"), lines)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func measure(path string) (lines int, generated bool, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false, err
	}
	head, _ := bufio.NewReader(bytes.NewReader(data)).Peek(min(len(data), 512))
	for _, mark := range []string{"Code generated", "auto-generated", "@generated"} {
		generated = generated || bytes.Contains(head, []byte(mark))
	}
	return bytes.Count(data, []byte("\n")), generated, nil
}

// TestTheWebLockServesEveryPlatform holds what `npm ci` demands: an entry for each optional package of each platform,
// also of those that the registry of whoever wrote the lock did not carry.
func TestTheWebLockServesEveryPlatform(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../portal/web/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			OptionalDependencies map[string]string `json:"optionalDependencies"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(data, &lock); err != nil {
		t.Fatal(err)
	}
	for path, p := range lock.Packages {
		for name := range p.OptionalDependencies {
			_, own := lock.Packages[path+"/node_modules/"+name]
			_, shared := lock.Packages["node_modules/"+name]
			if !own && !shared {
				t.Errorf("%s is missing: make web-lock", name)
			}
		}
	}
}

// TestWhatTheRaceDetectorIsSparedIsRunWithoutIt holds how .tools/unraced.sh finds those tests: by the first line of a
// test, and nowhere else.
func TestWhatTheRaceDetectorIsSparedIsRunWithoutIt(t *testing.T) {
	t.Parallel()
	found := 0
	call, first := regexp.MustCompile(`desktest\.Unraced\(`), regexp.MustCompile(`(?m)^func Test\w+\(t \*testing\.T\) \{.*\n\tdesktest\.Unraced\(t, "`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "desktest") {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") || d.Name() == "house_test.go" {
			return err
		}
		data, err := os.ReadFile(path)
		if calls, good := len(call.FindAll(data, -1)), len(first.FindAll(data, -1)); calls != good {
			t.Errorf("%s: %d calls of Unraced, %d of them the first line of a test", strings.TrimPrefix(path, "../../"), calls, good)
		} else {
			found += good
		}
		return err
	})
	if err != nil || found == 0 {
		t.Fatal(found, err)
	}
}
