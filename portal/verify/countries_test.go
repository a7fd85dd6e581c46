package verify

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// The page offers what SetRules takes: no more, and no less.
func TestTheWebOffersTheCountriesThatTheServerKnows(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../web/src/admin/countries.ts")
	if err != nil {
		t.Fatal(err)
	}
	var offered []string
	if list := regexp.MustCompile(`"([A-Z ]+)"`).FindSubmatch(page); list != nil {
		offered = regexp.MustCompile(`[A-Z]+`).FindAllString(string(list[1]), -1)
	}
	if known := slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())); !slices.Equal(offered, known) {
		t.Errorf("the page offers %v,\nthe server knows %v", offered, known)
	}
}
