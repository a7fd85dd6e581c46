// Package assistant answers a turn: a bounded loop in which a model proposes
// tool calls and the portal decides.
//
// Contract of a turn, for whoever changes it:
//
//   - The log is the only memory. Everything that the loop decides upon can be
//     read back from the conversation's events, so a node that takes a turn
//     over goes on where the other stopped: a call with a result is not run
//     again, and an effect without one is run through Turn.Effect, which makes
//     it once.
//   - What the model calls is written down before it runs, and every result
//     before the model reads it.
//   - Bounds hold whatever the model does: model calls, model time, tokens of
//     the turn and of the tenant's day, calls in a step, effects in a turn, the
//     same call again. When one is reached, one last call without tools gives
//     an answer, and if even that fails, a canned sentence does.
//   - What the user reads went through the Filter; citations that were not
//     retrieved in this turn are taken out of the final text.
//   - What may be proposed for a device is what the person's own words of this
//     turn name (asked.go), whatever the model read in between.
//   - The system prompt and the order of the tools depend on nothing that
//     anybody wrote. Everything else is data.
package assistant

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools"
)

// Config sets up the engine. Store, Model, Tools and Log are required; the
// zero values of the rest are the production settings.
type Config struct {
	Store *store.Store
	Model model.Client
	Tools *tools.Registry
	Log   *slog.Logger

	// Ledger tells the viewer's devices and open actions; nil: none are told.
	Ledger tools.Ledger

	// Files gives the pictures of a question; with Sees, which says that the
	// model reads them, they go with it. Optional.
	Files Files
	Sees  bool

	// Spare answers when the tenant's tokens of the day are spent: the built-in
	// model, which costs none. Without it the turn says that they are.
	Spare model.Client
	// Filter sees all text before it goes out; nil lets everything pass.
	Filter Filter

	Steps         int           // calls of the model in one turn; 8
	ModelTime     time.Duration // all of them together; 60 s
	TurnTokens    int           // read and written in one turn; 100,000
	DayTokens     int64         // of one tenant in one day (UTC); 5,000,000, negative: no bound
	PersonTokens  int           // of one person in 24 hours; a fifth of DayTokens
	HistoryTokens int           // of earlier turns in the context; 6,000
	Parallel      int           // read tools at once; 4

	Now func() time.Time
}

func (c Config) withDefaults() Config {
	for _, n := range []struct {
		of    *int
		value int
	}{{&c.Steps, 8}, {&c.TurnTokens, 100_000}, {&c.HistoryTokens, 6_000}, {&c.Parallel, 4}} {
		if *n.of == 0 {
			*n.of = n.value
		}
	}
	if c.ModelTime == 0 {
		c.ModelTime = 60 * time.Second
	}
	if c.DayTokens == 0 {
		c.DayTokens = 5_000_000
	}
	if c.PersonTokens == 0 {
		c.PersonTokens = int(c.DayTokens / 5)
	}
	if c.Filter == nil {
		c.Filter = pass{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Files gives pictures to a model.
type Files interface {
	// ForModel returns one that the viewer in ctx sees, as a JPEG.
	ForModel(ctx context.Context, id desk.ID) ([]byte, error)
}

// Engine implements conversations.Engine.
type Engine struct{ cfg Config }

var _ conversations.Engine = (*Engine)(nil)

// New returns the engine.
func New(cfg Config) (*Engine, error) {
	if cfg.Store == nil || cfg.Model == nil || cfg.Tools == nil || cfg.Log == nil {
		return nil, errors.New("assistant: store, model, tools and log are required")
	}
	return &Engine{cfg: cfg.withDefaults()}, nil
}

// turn is what the loop does to the outside; *conversations.Turn does it.
type turn interface {
	History(ctx context.Context) ([]desk.Event, error)
	Delta(text string)
	Restart()
	Step(code string, params map[string]any)
	Append(ctx context.Context, kind desk.Kind, body any) (desk.Event, error)
	Effect(ctx context.Context, call desk.ToolCall, fn func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error)) (desk.ToolResult, error)
	Finish(ctx context.Context, msg desk.AssistantMessage) error
}

// Run answers one turn.
func (e *Engine) Run(ctx context.Context, t *conversations.Turn) error {
	return e.run(ctx, t, &job{id: t.ID, conversation: t.Conversation, viewer: t.Viewer, seq: t.MessageSeq})
}

func (e *Engine) run(ctx context.Context, t turn, j *job) error {
	ctx = desk.WithViewer(ctx, j.viewer)
	j.cfg, j.turn, j.model = &e.cfg, t, e.cfg.Model
	j.counts = map[string]int{}
	err := j.answer(ctx)
	j.settle(ctx)
	if err != nil && ctx.Err() != nil {
		// Stopped, handed off, draining: the cause says which.
		return context.Cause(ctx)
	}
	return err
}
