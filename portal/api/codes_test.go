package api_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/desk"
)

// constants reads the values of a type's constants from a file of desk.
func constants(t *testing.T, file, typ string) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, s)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("no constants of %s in %s", typ, file)
	}
	return values
}

func TestEveryCodeHasAStatusAndEveryKindIsDocumented(t *testing.T) {
	t.Parallel()
	for _, c := range constants(t, "../desk/errors.go", "Code") {
		if got := api.StatusOfCode(desk.Code(c)); got == 500 && c != string(desk.CodeInternal) {
			t.Errorf("%s has no status", c)
		}
	}
	_, a := api.NewApp(api.Config{})
	enum := enumOf(t, a, "Event", "kind")
	for _, k := range constants(t, "../desk/events.go", "Kind") {
		if !slices.Contains(enum, any(k)) {
			t.Errorf("kind %s is not in the document", k)
		}
	}
}

// enumOf reads the words of a field from the document.
func enumOf(t *testing.T, a *api.API, schema, field string) []any {
	t.Helper()
	raw, err := a.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Enum []any `json:"enum"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d.Components.Schemas[schema].Properties[field].Enum
}
