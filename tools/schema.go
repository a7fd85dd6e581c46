package tools

import (
	"encoding/json"
	"reflect"

	"github.com/conserje/conserje/prompts"
)

// spec describes a tool whose arguments are the struct A. A tool without a
// description is a programming error, met at the start.
func spec[A any](name, rule string, effect bool) Spec {
	description, err := prompts.Tool(name)
	if err != nil {
		panic(err)
	}
	return Spec{Name: name, Description: description, Schema: schemaOf(reflect.TypeFor[A]()), Rule: rule, Effect: effect}
}

type schemaNode struct {
	Type                 any        `json:"type"`
	Properties           properties `json:"properties,omitzero"`
	Required             []string   `json:"required,omitempty"`
	AdditionalProperties *bool      `json:"additionalProperties,omitempty"` //nolint:tagliatelle // JSON schema's word
	Enum                 []any      `json:"enum,omitempty"`
}

// properties keeps the order of the struct, so that a provider's cache hits.
type properties []property

type property struct {
	name string
	node schemaNode
}

func (ps properties) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, p := range ps {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(p.name)
		if err != nil {
			return nil, err
		}
		node, err := json.Marshal(p.node)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), node...)
	}
	return append(out, '}'), nil
}

// schemaOf writes the strict form that providers enforce: the object is
// closed and every property required; an optional one may be null. Bounds of
// length are not part of that form and are checked by us alone.
func schemaOf(t reflect.Type) json.RawMessage {
	closed := false
	root := schemaNode{Type: "object", Properties: properties{}, Required: []string{}, AdditionalProperties: &closed}
	for _, p := range paramsOf(t) {
		node := schemaNode{Type: p.kind}
		for _, e := range p.enum {
			node.Enum = append(node.Enum, e)
		}
		if p.optional {
			node.Type = []string{p.kind, "null"}
			if p.enum != nil {
				node.Enum = append(node.Enum, nil)
			}
		}
		root.Properties = append(root.Properties, property{p.name, node})
		root.Required = append(root.Required, p.name)
	}
	b, err := json.Marshal(root)
	if err != nil {
		panic(err) // strings and lists of them
	}
	return b
}
