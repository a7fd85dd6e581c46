package web

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPagesAreThoseOfTheRouter(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("src/app/router.tsx")
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile(`(?s)const (\w+) = createRoute\(\{\s*getParentRoute: \(\) => (\w+),\s*(?:path: "([^"]*)"|id: "[^"]*"),`)
	parent, path := map[string]string{}, map[string]string{}
	var names []string
	for _, m := range route.FindAllStringSubmatch(string(raw), -1) {
		parent[m[1]], path[m[1]] = m[2], m[3]
		if m[3] != "" && m[3] != "$" { // that one is for addresses that lead nowhere
			names = append(names, m[1])
		}
	}
	if n := strings.Count(string(raw), "= createRoute("); n != len(path) {
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
