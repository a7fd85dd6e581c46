package tools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// Registry holds the tools in a fixed order and is the gate before each.
type Registry struct {
	store *store.Store
	log   *slog.Logger
	tools []Tool
}

// NewRegistry returns a registry of the tools in their order. Two of one name
// are an error.
func NewRegistry(s *store.Store, log *slog.Logger, tools ...Tool) (*Registry, error) {
	r := &Registry{store: s, log: log}
	for _, t := range tools {
		if _, taken := r.find(t.Spec().Name); taken {
			return nil, fmt.Errorf("two tools are named %s", t.Spec().Name)
		}
		r.tools = append(r.tools, t)
	}
	return r, nil
}

func (r *Registry) find(name string) (Tool, bool) {
	for _, t := range r.tools {
		if t.Spec().Name == name {
			return t, true
		}
	}
	return nil, false
}

// Offered lists the tools that the policy allows, always in the same order;
// those that a person must have asked for only when they asked for any act.
func (r *Registry) Offered(p policy.Effective, asked []string) []Spec {
	var list []Spec
	for _, t := range r.tools {
		if s := t.Spec(); allowed(s, p) && (!s.Asked || len(asked) > 0) {
			list = append(list, s)
		}
	}
	return list
}

// IsEffect reports whether name is a tool that changes something.
func (r *Registry) IsEffect(name string) bool {
	t, ok := r.find(name)
	return ok && t.Spec().Effect
}

// allowed is the gate. A rule that it does not know refuses.
func allowed(s Spec, p policy.Effective) bool {
	switch s.Rule {
	case "":
		return true
	case policy.RuleKnowledgeBase:
		return p.KnowledgeBase
	case policy.RuleTicketing:
		return p.Ticketing
	case policy.RuleSelfService:
		return p.SelfService
	}
	return false
}

// bind finds the tool, checks the arguments and asks the gate, in this order:
// a call that is malformed costs no look into the database.
func (r *Registry) bind(ctx context.Context, c Call, effect bool, look func() (policy.Effective, error)) (Bound, error) {
	if _, err := desk.ViewerFrom(ctx); err != nil {
		return Bound{}, err
	}
	t, ok := r.find(c.Name)
	if !ok {
		return Bound{}, desk.Errorf(desk.CodeNotFound, "there is no tool %s", quoted(c.Name))
	}
	if t.Spec().Effect != effect {
		return Bound{}, fmt.Errorf("tool %s was called the wrong way", t.Spec().Name)
	}
	b, err := t.Bind(c.Arguments)
	if err != nil {
		return Bound{}, err
	}
	if t.Spec().Asked && (b.Wants == "" || !slices.Contains(c.Asked, b.Wants)) {
		return Bound{}, desk.Errorf(desk.CodeForbidden, "the user's own message does not ask for this; nothing was proposed")
	}
	p, err := look()
	if err != nil {
		return Bound{}, err
	}
	if !allowed(t.Spec(), p) {
		return Bound{}, policy.Refuse(t.Spec().Rule)
	}
	return b, nil
}

// Read runs a tool that only looks. Whatever goes wrong in it is told to the
// model, since the conversation can go on without; only an ended context is an
// error.
func (r *Registry) Read(ctx context.Context, c Call) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.ErrorContext(ctx, "tool panicked", "tool", c.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			res, err = Refused(c.Name, desk.Errorf(desk.CodeInternal, "the tool failed")), nil
		}
	}()
	b, err := r.bind(ctx, c, false, func() (p policy.Effective, err error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return p, err
		}
		err = r.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			p, err = policy.For(ctx, tx, v)
			return err
		})
		return p, err
	})
	if err == nil {
		res, err = b.Read(ctx, c)
	}
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	if err != nil {
		if !Refusal(err) {
			r.log.ErrorContext(ctx, "tool failed", "tool", quoted(c.Name), "error", err)
		}
		return Refused(c.Name, err), nil
	}
	return bounded(c, res), nil
}

// Effect runs a tool that changes something inside the caller's transaction,
// which must roll back on any error. Refusal tells the errors that the model
// is told from those of the turn.
func (r *Registry) Effect(ctx context.Context, tx *store.Tx, c Call) (Result, error) {
	b, err := r.bind(ctx, c, true, func() (policy.Effective, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return policy.Effective{}, err
		}
		return policy.For(ctx, tx, v)
	})
	if err != nil {
		return Result{}, err
	}
	res, err := b.Effect(ctx, tx, c)
	if err != nil {
		return Result{}, err
	}
	return bounded(c, res), nil
}

// Refusal reports whether err is an answer for the model rather than trouble
// of the turn.
func Refusal(err error) bool {
	coded, ok := errors.AsType[*desk.Error](err)
	if !ok {
		return false
	}
	trouble := []desk.Code{desk.CodeInternal, desk.CodeUnavailable, desk.CodeUnauthenticated, desk.CodeSessionExpired}
	return !slices.Contains(trouble, coded.Code)
}

// Refused is the result of a call that did not run, for the model.
func Refused(name string, err error) Result {
	code, message := desk.CodeInternal, "the tool does not work at the moment"
	if coded, ok := errors.AsType[*desk.Error](err); ok {
		code, message = coded.Code, coded.Message
	}
	return Result{Code: code, Content: prompts.Failed(label(name), string(code), message)}
}

// label keeps an invented name from standing in the model's context at length.
func label(name string) string {
	if len(name) > 40 {
		return "tool"
	}
	return name
}

// bounded holds the last line: a tool shortens its own result sensibly.
func bounded(c Call, res Result) Result {
	if len(res.Content) <= prompts.MaxToolBytes {
		return res
	}
	return Refused(c.Name, desk.Errorf(desk.CodeTooLarge, "the result is too long to be shown"))
}
