package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/web"
)

type doctorCmd struct{}

// Run opens the installation as the server would and says what it found.
func (doctorCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	say := func(what, found string) { fmt.Printf("%-16s %s\n", what, found) }
	say("conserje", release()+" ("+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+")")
	say("web interface", map[bool]string{true: "built in", false: "missing: run make build"}[web.Built()])
	say("model", modelState(ctx, s.Model, log))
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
	return nil
}

// modelPatience is how long a model may take to say its first word.
const modelPatience = 30 * time.Second

// modelState asks the configured model for a word: a wrong key, address or name
// shows here, and not only when somebody asks for help.
func modelState(ctx context.Context, s modelSettings, log *slog.Logger) string {
	if !s.configured() {
		return "the built-in one; set OPENAI_API_KEY or OPENAI_BASE_URL for another"
	}
	ctx, cancel := context.WithTimeout(ctx, modelPatience)
	defer cancel()
	m, err := model.New(model.Config{BaseURL: s.BaseURL, Key: s.Key, Model: s.Model, EmbeddingModel: s.EmbeddingModel, Log: log})
	if err != nil {
		return err.Error()
	}
	var trouble error
	for _, err := range m.Stream(ctx, model.Request{Messages: []model.Message{{Role: model.RoleUser, Text: "Say yes."}}}) {
		trouble = err
		break
	}
	what := s.Model
	if trouble == nil && s.EmbeddingModel != "" {
		what = s.EmbeddingModel
		_, trouble = m.Embed(ctx, []string{"yes"}, model.PurposeQuery)
	}
	if e, ok := errors.AsType[*desk.Error](trouble); ok {
		return fmt.Sprintf("%s: %s; check OPENAI_API_KEY, OPENAI_BASE_URL and the model's name. Meanwhile the built-in one answers", what, e.Message)
	}
	if trouble != nil {
		return fmt.Sprintf("%s: %v", what, trouble)
	}
	return s.Model + ", which answers"
}
