package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/conserje/conserje/portal/api"
)

//go:generate go test -run TestDocument -update .
//go:generate npm run --silent --prefix ../web api

var update = flag.Bool("update", false, "write openapi.json anew")

// The web interface's client is generated from the committed file, so a change
// of the interface breaks the build and not the user.
// Holds P14.
func TestDocumentIsValidAndCommitted(t *testing.T) {
	_, a := api.NewApp(api.Config{})
	raw, err := a.Document()
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile("openapi.json", pretty.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(committed, pretty.Bytes()) {
		t.Errorf("openapi.json is not what the routes say: go generate ./portal/api (%v)", err)
	}
	v, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems {
			t.Errorf("%s: %s", p.Message, p.Reason)
		}
	}
}
