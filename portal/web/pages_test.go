package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPagesAreThoseOfTheRouter(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("src/app/routes/*.ts*")
	if err != nil {
		t.Fatal(err)
	}
	var raw strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		raw.Write(text)
	}
	route := regexp.MustCompile(`(?s)const (\w+) = createRoute\(\{\s*getParentRoute: \(\) => (\w+),\s*(?:path: "([^"]*)"|id: "[^"]*"),`)
	parent, path := map[string]string{}, map[string]string{}
	var names []string
	for _, m := range route.FindAllStringSubmatch(raw.String(), -1) {
		parent[m[1]], path[m[1]] = m[2], m[3]
		if m[3] != "" && m[3] != "$" { // that one is for addresses that lead nowhere
			names = append(names, m[1])
		}
	}
	if n := strings.Count(raw.String(), "= createRoute("); n != len(path) {
		t.Fatalf("%d routes, %d of them understood", n, len(path))
	}
	parameter := regexp.MustCompile(`\$\w+`)
	var want []string
	for _, name := range names {
		full := ""
		for at := name; at != ""; at = parent[at] {
			if p := strings.Trim(path[at], "/"); p != "" {
				full = "/" + p + full
			}
		}
		want = append(want, parameter.ReplaceAllString(max(full, "/"), "*"))
	}
	have := slices.Sorted(slices.Values(pages))
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("pages.go has %v,\nthe router has %v", have, want)
	}
}
