// Command product prints the product's capabilities with the tests that name each, and *open* where there is none. It
// fails when a reference row (R) has no test, unless the row says `later`.
//
// A test names a row in one of three ways: by its name (`TestR4…`), by the name of a subtest or of a test of the web
// interface that begins with the id ("R4: …", "R4, R5: …"), or by a line `// Holds R4, R5.` right above it. Ids in other
// comments do not count: the security document numbers its rows with the same letters.
package main

import (
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed rows.txt
var rows string

type row struct {
	id, title string
	later     bool
}

func parse(text string) (list []row) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		title, mark, _ := strings.Cut(line, "|")
		id, title, _ := strings.Cut(strings.TrimSpace(title), " ")
		list = append(list, row{id: id, title: title, later: strings.TrimSpace(mark) == "later"})
	}
	return list
}

var (
	goTest  = regexp.MustCompile(`^func (Test(?:([RPB]\d{1,2})(?:[A-Z_]|\())?\w*)`)
	webTest = regexp.MustCompile("^\\s*(?:it|test)(?:\\.\\w+)?(?:\\([^)]*\\))?\\(\\s*[\"'`](.*)")
	subtest = regexp.MustCompile("[\"'`]((?:[RPB]\\d{1,2}, )*[RPB]\\d{1,2}): ")
	holds   = regexp.MustCompile(`^\s*// Holds ((?:[RPB]\d{1,2}(?:, | and )?)+)\.`)
	id      = regexp.MustCompile(`[RPB]\d{1,2}`)
)

// named returns the tests of one file by the rows that they name.
func named(path, text string) map[string][]string {
	found := map[string][]string{}
	var promised []string
	current := filepath.Base(path)
	add := func(ids []string, test string) {
		for _, id := range ids {
			if !slices.Contains(found[id], test) {
				found[id] = append(found[id], test)
			}
		}
	}
	for line := range strings.Lines(text) {
		if m := holds.FindStringSubmatch(line); m != nil {
			promised = append(promised, id.FindAllString(m[1], -1)...)
			continue
		}
		m, inWeb := goTest.FindStringSubmatch(line), false
		if m == nil {
			m = webTest.FindStringSubmatch(line)
			inWeb = m != nil
		}
		if m != nil {
			current = m[1]
			if inWeb {
				current = strings.TrimRight(strings.SplitN(current, `",`, 2)[0], "\"'`,) =>{}(\n")
			} else if m[2] != "" {
				add([]string{m[2]}, current)
			}
			add(promised, current)
			promised = nil
		}
		for _, m := range subtest.FindAllStringSubmatch(line, -1) {
			add(id.FindAllString(m[1], -1), current)
		}
	}
	return found
}

func tests(root string) (map[string][]string, error) {
	all := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (name == "node_modules" || name == "dist" || name == "bin" || name == "data" || name[0] == '.') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".test.ts") && !strings.HasSuffix(path, ".test.tsx") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		where, _ := filepath.Rel(root, filepath.Dir(path))
		for id, names := range named(path, string(text)) {
			for _, n := range names {
				all[id] = append(all[id], where+" "+n)
			}
		}
		return nil
	})
	return all, err
}

func main() {
	found, err := tests(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	open := 0
	for _, r := range parse(rows) {
		fmt.Printf("%-4s %s\n", r.id, r.title)
		switch {
		case len(found[r.id]) > 0:
			for _, t := range found[r.id] {
				fmt.Printf("       %s\n", t)
			}
		case r.later:
			fmt.Println("       open (later)")
		default:
			fmt.Println("       open")
			if r.id[0] == 'R' {
				open++
			}
		}
	}
	if open > 0 {
		fmt.Fprintf(os.Stderr, "%d rows of the reference portal have no test that names them\n", open)
		os.Exit(1)
	}
}
