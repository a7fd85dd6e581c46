package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/web"
)

type doctorCmd struct{}

// Run opens the installation as the server would and says what it found.
func (doctorCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	say := func(what, found string) { fmt.Printf("%-16s %s\n", what, found) }
	say("conserje", release()+" ("+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")")
	say("web interface", map[bool]string{true: "built in", false: "missing: run make build"}[web.Built()])
	what, vectors := modelState(ctx, s.Model, log)
	say("model", what)
	d, err := openDatabase(ctx, s, log, func(string) {}, true)
	if err != nil {
		say("database", err.Error())
		return errors.New("the server cannot start like this")
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f, err := d.Facts(ctx)
	if err != nil {
		return err
	}
	say("postgres", f.Postgres)
	say("pgvector", f.Vector)
	if f.OldVector() {
		say("", "before 0.8.4: vector indexes are built without parallel workers, and below 20,000 passages the search is exact")
	}
	say("tenant wall", "whole: row-level security is forced on every table")
	say("message bus", map[bool]string{true: "embedded: one node", false: "NATS_URL"}[d.bus.Embedded()])
	tenants, err := d.TenantIDs(ctx)
	if err != nil {
		return err
	}
	say("portals", fmt.Sprint(len(tenants)))
	state, err := vectorState(ctx, d.Store, vectors)
	if err != nil {
		return err
	}
	say("vectors", state)
	return nil
}

// vectorState compares what is stored with the vectors that the configured
// model returns: of another length they cannot be compared, and searches go by
// words alone until somebody changes the setting.
func vectorState(ctx context.Context, s *store.Store, now model.EmbeddingModel) (string, error) {
	tenants, err := s.TenantIDs(ctx)
	if err != nil {
		return "", err
	}
	var other, wrong, have int
	stored := int32(0)
	for _, id := range tenants {
		err := s.Tenant(id).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			models, err := tx.EmbeddingModels(ctx)
			for _, m := range models {
				switch {
				case m.State != "serving":
				case m.Name != now.Name:
					other++
				case now.Dimensions != 0 && int(m.Dimensions) != now.Dimensions:
					wrong, stored = wrong+1, m.Dimensions
				default:
					have++
				}
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	switch {
	case wrong > 0:
		return fmt.Sprintf("%d portals have %s vectors of length %d, and the model now returns %d: they search words only; set another OPENAI_EMBEDDING_MODEL, or the earlier model",
			wrong, now.Name, stored, now.Dimensions), nil
	case other > 0:
		return fmt.Sprintf("%d portals still have those of an earlier model; the server makes those of %s in the background", other, now.Name), nil
	case have == 0:
		return "none yet; " + now.Name + " will make them", nil
	case now.Dimensions == 0:
		return now.Name + ", which does not answer: their length could not be compared", nil
	}
	return fmt.Sprintf("%s, of length %d as stored", now.Name, now.Dimensions), nil
}

// modelPatience is how long a model may take to say its first word.
const modelPatience = 30 * time.Second

// modelState asks the configured model for a word: a wrong key, address or name
// shows here, and not only when somebody asks for help. It also tells which
// model makes the vectors, and of what length as far as that is known.
func modelState(ctx context.Context, s modelSettings, log *slog.Logger) (string, model.EmbeddingModel) {
	builtIn := model.EmbeddingModel{Name: offline.EmbeddingModel, Dimensions: offline.EmbeddingDimensions}
	if !s.configured() {
		return "the built-in one; set OPENAI_API_KEY or OPENAI_BASE_URL for another", builtIn
	}
	ctx, cancel := context.WithTimeout(ctx, modelPatience)
	defer cancel()
	m, err := model.New(model.Config{BaseURL: s.BaseURL, Key: s.Key, Model: s.Model, EmbeddingModel: s.EmbeddingModel, Log: log})
	if err != nil {
		return err.Error(), builtIn
	}
	var trouble error
	for _, err := range m.Stream(ctx, model.Request{Messages: []model.Message{{Role: model.RoleUser, Text: "Say yes."}}}) {
		trouble = err
		break
	}
	what, vectors := s.Model, builtIn
	if s.EmbeddingModel != "" {
		vectors = m.Model() // its length is known when OpenAI documents it
		if trouble == nil {
			var made [][]float32
			what = s.EmbeddingModel
			if made, trouble = m.Embed(ctx, []string{"yes"}, model.PurposeQuery); trouble == nil {
				vectors.Dimensions = len(made[0])
			}
		}
	}
	if e, ok := errors.AsType[*desk.Error](trouble); ok {
		return fmt.Sprintf("%s: %s; check OPENAI_API_KEY, OPENAI_BASE_URL and the model's name. Meanwhile the built-in one answers", what, e.Message), vectors
	}
	if trouble != nil {
		return fmt.Sprintf("%s: %v", what, trouble), vectors
	}
	return s.Model + ", which answers", vectors
}
