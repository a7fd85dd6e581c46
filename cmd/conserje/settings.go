package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Settings are what every command understands. Each can be set by its flag or
// by its environment variable; the README lists them all, and a test holds it.
type Settings struct {
	Data        string     `env:"CONSERJE_DATA" default:"data" type:"path" help:"Folder for the embedded database, files and the secret."`
	DatabaseURL string     `env:"DATABASE_URL" help:"Postgres 15 or later with pgvector 0.8 or later, as its owner. Without it, the server runs its own."`
	Secret      string     `env:"CONSERJE_SECRET" help:"At least 32 characters, the same on every node. Without it, one is made in the data folder."`
	NATSURL     string     `env:"NATS_URL" name:"nats-url" help:"A NATS cluster, for several nodes. Without it, one is embedded."`
	LogLevel    slog.Level `env:"CONSERJE_LOG_LEVEL" default:"warn" help:"debug, info, warn or error."`

	Model    modelSettings   `embed:"" group:"The model:"`
	Messages messageSettings `embed:"" group:"Text messages and mail:"`

	Knowledge knowledgeSettings `embed:"" group:"The knowledge base:"`
}

// modelSettings name any model that speaks the OpenAI API.
type modelSettings struct {
	Key            string `env:"OPENAI_API_KEY" name:"openai-api-key" help:"Key of the provider. Without key and address, the built-in model answers."`
	BaseURL        string `env:"OPENAI_BASE_URL" name:"openai-base-url" help:"Address of the provider or of a local model server, with /v1."`
	Model          string `env:"OPENAI_MODEL" name:"openai-model" default:"gpt-5-mini" help:"Model for the chat."`
	Fallback       string `env:"OPENAI_FALLBACK_MODEL" name:"openai-fallback-model" help:"Model of the same provider that is asked when the first fails; then the built-in one."`
	Vision         bool   `env:"OPENAI_VISION" name:"openai-vision" help:"Says that the models see: the screenshots of a question are sent with it."`
	EmbeddingModel string `env:"OPENAI_EMBEDDING_MODEL" name:"openai-embedding-model" help:"Model for vectors. Without it, the built-in vectors."`
}

func (m modelSettings) configured() bool { return m.Key != "" || m.BaseURL != "" }

const minSecret = 32

// secret is what the installation's keys and its database roles' passwords are
// derived from.
func (s *Settings) secret() ([]byte, error) {
	if s.Secret != "" {
		if len(s.Secret) < minSecret {
			return nil, fmt.Errorf("CONSERJE_SECRET has %d characters; it needs at least %d (openssl rand -hex 32 makes one)", len(s.Secret), minSecret)
		}
		return []byte(s.Secret), nil
	}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	path := filepath.Join(s.Data, "secret")
	have, err := os.ReadFile(path)
	if err == nil {
		if text := strings.TrimSpace(string(have)); len(text) >= minSecret {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("%s is damaged: put back the backup of it, or set CONSERJE_SECRET", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	raw := make([]byte, minSecret)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	text := hex.EncodeToString(raw)
	return []byte(text), writeWhole(path, text+"\n")
}

// writeWhole writes a private file so that a crash leaves the old one or the
// new one, never a part.
func writeWhole(path, text string) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
