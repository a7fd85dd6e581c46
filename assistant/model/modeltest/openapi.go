package modeltest

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/jsonschema/v6"

	"github.com/conserje/conserje/portal/desk/desktest"
)

var schemas struct {
	once        sync.Once
	chat, embed *jsonschema.Schema
	err         error
}

// Validate checks a captured request against OpenAI's published schema (the
// shared data's data/security/openai) and fails the test with what is wrong.
func Validate(t testing.TB, c Captured) {
	t.Helper()
	path := desktest.SharedData(t, "data/security/openai/openai-subset.json")
	schemas.once.Do(func() { schemas.chat, schemas.embed, schemas.err = compile(path) })
	if schemas.err != nil {
		t.Fatalf("OpenAI's schema: %v", schemas.err)
	}
	schema := schemas.chat
	if strings.HasSuffix(c.Path, "/embeddings") {
		schema = schemas.embed
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Body))
	if err != nil {
		t.Errorf("request body: %v", err)
		return
	}
	if err := schema.Validate(body); err != nil {
		t.Errorf("request to %s is not what OpenAI's schema allows: %v\n%s", c.Path, err, c.Body)
	}
	if got := c.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
}

func compile(path string) (chat, embed *jsonschema.Schema, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, err
	}
	const url = "https://api.openai.com/openapi.json"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(url, doc); err != nil {
		return nil, nil, err
	}
	if chat, err = c.Compile(url + "#/components/schemas/CreateChatCompletionRequest"); err != nil {
		return nil, nil, err
	}
	embed, err = c.Compile(url + "#/components/schemas/CreateEmbeddingRequest")
	return chat, embed, err
}
