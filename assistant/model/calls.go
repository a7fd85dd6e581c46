package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Bounds of the tool calls of one answer.
const (
	maxCalls     = 64       // the engine allows far fewer; this bounds memory
	maxArguments = 64 << 10 // of one call
	maxCallName  = 256      // longer names are cut; no tool has one
	maxCallID    = 64
)

var (
	errManyCalls = errors.New("too many tool calls in one answer")
	errLongArgs  = errors.New("arguments of a tool call above their limit")
)

// collector puts tool calls together from pieces. Servers differ: an index
// may be missing, the same for all calls, or absurd; an id may come with every
// piece, once or never. With an index, a piece belongs to the latest call of
// it, unless it brings another id. Without one, the id decides; without both
// it belongs to the latest call, unless that is complete and the piece has a
// name. Nothing grows by an index.
type collector struct {
	calls []collected
}

type collected struct {
	index int64
	id    string
	name  string
	args  []byte
}

// add takes one piece.
func (c *collector) add(p piece) error {
	call := c.find(p)
	if call == nil {
		if len(c.calls) == maxCalls {
			return errManyCalls
		}
		c.calls = append(c.calls, collected{index: p.Index.n})
		call = &c.calls[len(c.calls)-1]
	}
	if call.id == "" {
		call.id = p.ID
	}
	// A name may be split, or repeated whole with every piece.
	if p.Function.Name != call.name && len(call.name) < maxCallName {
		call.name = cutTo(call.name+p.Function.Name, maxCallName)
	}
	if len(call.args)+len(p.Function.Arguments) > maxArguments {
		return errLongArgs
	}
	call.args = append(call.args, p.Function.Arguments...)
	return nil
}

// find returns the call that p belongs to, or nil if p begins one.
func (c *collector) find(p piece) *collected {
	for i := len(c.calls) - 1; i >= 0; i-- {
		call := &c.calls[i]
		sameID := p.ID == "" || call.id == "" || p.ID == call.id
		if p.Index.set {
			if call.index != p.Index.n {
				continue
			}
			if sameID {
				return call
			}
			return nil
		}
		if !sameID {
			continue
		}
		if p.Function.Name != "" && (p.ID == "" || call.id == "") && json.Valid(call.args) {
			return nil
		}
		return call
	}
	return nil
}

// finish returns the calls, or why they are unusable. cut says that the
// answer was cut, in which case no call of it is trusted.
func (c *collector) finish(cut bool) ([]ToolCall, *Error) {
	calls := make([]ToolCall, len(c.calls))
	seen := make(map[string]bool, len(c.calls))
	var reason Reason
	var cause error
	if cut {
		reason, cause = ReasonCutCall, errors.New("the answer was cut")
	}
	for i := range c.calls {
		call := &c.calls[i]
		args := strings.TrimSpace(string(call.args))
		if args == "" {
			args = "{}" // a tool without parameters
		}
		if r := unusable(call.name, args); r != "" {
			if reason == "" {
				reason, cause = r, fmt.Errorf("call %d of %d", i+1, len(c.calls))
			}
			args = "{}"
		}
		calls[i] = ToolCall{Index: i, ID: uniqueID(call.id, i, seen), Name: call.name, Arguments: args}
	}
	if reason == "" {
		return calls, nil
	}
	e := failure(ClassRejected, reason, cause)
	e.Calls = calls
	return nil, e
}

func unusable(name, args string) Reason {
	switch {
	case name == "":
		return ReasonBadCall
	case !json.Valid([]byte(args)):
		return ReasonCutCall
	case args[0] != '{':
		return ReasonBadCall
	}
	return ""
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9_.:-]+$`)

// uniqueID keeps the provider's id where it is plain and new, so that the
// provider recognises it in the next request, and makes one where it is not.
func uniqueID(id string, i int, seen map[string]bool) string {
	if len(id) > maxCallID || !plainID.MatchString(id) {
		id = fmt.Sprintf("call_%d", i+1)
	}
	base := id
	for n := 2; seen[id]; n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	seen[id] = true
	return id
}

// cutTo shortens s to at most n bytes of whole characters.
func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
