// Package tools holds what the assistant can do: typed tools, one file each,
// and the Registry, where an action is allowed.
//
// Contract:
//
//   - The model proposes a call as text. Bind reads it strictly: what is not
//     exactly the tool's arguments never runs.
//   - Identity comes from the viewer of the context, never from an argument.
//     No tool has a parameter for a user, a company or a tenant.
//   - The Registry asks the portal's policy at each call, in the transaction of
//     the effect; no tool asks it itself, so none can forget to.
//   - Two ways to fail. A refusal is a Result that is not OK: text for the
//     model, which says so to the user. An error is the turn's: the database is
//     away, the turn was stopped.
//   - What may set off an act on a device is the person's own message, never
//     what a tool answered: the engine reads the acts that it names (Call.Asked),
//     and the Registry refuses every other.
//   - A tool that changes something runs only inside the caller's transaction,
//     together with the record of it.
//   - What a tool answers is data: marked as untrusted and at most
//     prompts.MaxToolBytes long.
package tools

import (
	"context"
	"encoding/json"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Spec says what a tool is, to the model and to the gate.
type Spec struct {
	Name        string
	Description string          // from prompts
	Schema      json.RawMessage // a strict JSON schema of an object
	Rule        string          // the policy that must allow it; empty: none
	Effect      bool            // it changes something
	// Asked: only the person's own words of this turn set it off (the rule of
	// two, SECURITY B5, B6). Without them it is neither offered nor run.
	Asked bool
}

// Tool is one thing that the assistant can do.
type Tool interface {
	Spec() Spec
	// Bind checks the arguments that a model wrote and returns the call ready
	// to run. Nothing has run yet. Its error is a *desk.Error for the model.
	Bind(arguments string) (Bound, error)
}

// Bound is a call whose arguments are checked. Exactly one of the two is set:
// Effect when the tool's Spec says so.
type Bound struct {
	Read   func(ctx context.Context, c Call) (Result, error)
	Effect func(ctx context.Context, tx *store.Tx, c Call) (Result, error)
	// Wants is what the person must have asked for, when the Spec says Asked.
	Wants string
}

// Call is one call in a turn. ID is our own and the key of an effect.
type Call struct {
	ID           desk.ID
	Conversation desk.ID
	Name         string
	Arguments    string   // as the model wrote them
	Sources      *Sources // numbers the passages of the turn
	Asked        []string // the acts that the person's own words of this turn name; see Wants
}

// Result is what a call came to. Content is what the model reads.
type Result struct {
	OK        bool
	Code      desk.Code // why not
	Content   string
	Citations []desk.Citation
	Handoff   bool // a person was called: the turn ends here
}

type typed[A any] struct {
	spec   Spec
	read   func(ctx context.Context, c Call, args A) (Result, error)
	effect func(ctx context.Context, tx *store.Tx, c Call, args A) (Result, error)
	wants  func(A) string
}

func (t typed[A]) Spec() Spec { return t.spec }

func (t typed[A]) Bind(arguments string) (Bound, error) {
	var args A
	if err := decode(arguments, &args); err != nil {
		return Bound{}, err
	}
	if t.effect != nil {
		wants := ""
		if t.wants != nil {
			wants = t.wants(args)
		}
		return Bound{Wants: wants, Effect: func(ctx context.Context, tx *store.Tx, c Call) (Result, error) { return t.effect(ctx, tx, c, args) }}, nil
	}
	return Bound{Read: func(ctx context.Context, c Call) (Result, error) { return t.read(ctx, c, args) }}, nil
}

// reading makes a tool that only looks.
func reading[A any](name, rule string, run func(context.Context, Call, A) (Result, error)) Tool {
	return typed[A]{spec: spec[A](name, rule, false), read: run}
}

// changing makes a tool with an effect.
func changing[A any](name, rule string, run func(context.Context, *store.Tx, Call, A) (Result, error)) Tool {
	return typed[A]{spec: spec[A](name, rule, true), effect: run}
}
