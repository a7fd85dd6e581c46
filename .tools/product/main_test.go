package main

import (
	"maps"
	"slices"
	"testing"
)

func TestIDsCountOnlyWhereATestNamesThem(t *testing.T) {
	text := `// R1 in a comment says nothing, and SECURITY B1 neither.
// Holds R10, R11 and P3.
func TestFirstMessage(t *testing.T) {
	t.Run("R7, R9: off is off", nil)
}
func TestR4PasswordIsGone(t *testing.T) {}
func TestR40x(t *testing.T) {}
	it("B11: an approval ticket", async () => {
`
	got := named("x_test.go", text)
	ids := slices.Sorted(maps.Keys(got))
	if want := []string{"B11", "P3", "R10", "R11", "R4", "R7", "R9"}; !slices.Equal(ids, want) {
		t.Errorf("ids %v, want %v", ids, want)
	}
	if got["R9"][0] != "TestFirstMessage" || got["P3"][0] != "TestFirstMessage" || got["B11"][0] != "B11: an approval ticket" {
		t.Errorf("tests %v", got)
	}
}

func TestEveryRowStandsOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range parse(rows) {
		if seen[r.id] || !id.MatchString(r.id) || r.title == "" {
			t.Errorf("row %+v", r)
		}
		seen[r.id] = true
	}
	if len(seen) != 26+19+13 {
		t.Errorf("%d rows", len(seen))
	}
}
