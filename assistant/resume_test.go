package assistant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

var errCrash = errors.New("the node is gone")

// crashing is a turn whose node dies at the nth thing it does to the outside,
// before it or right after it: nothing that it does later happens.
type crashing struct {
	turn
	left  *int
	after bool
	dead  bool
}

func (c *crashing) dies() bool {
	*c.left--
	c.dead = c.dead || *c.left <= 0
	return c.dead
}

func (c *crashing) History(ctx context.Context) ([]desk.Event, error) {
	if c.dead {
		return nil, errCrash
	}
	return c.turn.History(ctx)
}

func (c *crashing) Append(ctx context.Context, kind desk.Kind, body any) (e desk.Event, err error) {
	if c.dead || c.dies() && !c.after {
		return e, errCrash
	}
	if e, err = c.turn.Append(ctx, kind, body); c.dead {
		err = errCrash
	}
	return e, err
}

func (c *crashing) Effect(ctx context.Context, call desk.ToolCall, fn func(context.Context, *store.Tx) (desk.ToolResult, error)) (r desk.ToolResult, err error) {
	if c.dead || c.dies() && !c.after {
		return r, errCrash
	}
	if r, err = c.turn.Effect(ctx, call, fn); c.dead {
		err = errCrash
	}
	return r, err
}

func (c *crashing) Finish(ctx context.Context, msg desk.AssistantMessage) error {
	if c.dead || c.dies() {
		return errCrash // after Finish there is no turn left to resume
	}
	return c.turn.Finish(ctx, msg)
}

func TestATurnGoesOnFromWhereverItsNodeDied(t *testing.T) {
	for _, after := range []bool{false, true} {
		for point := 1; ; point++ {
			left, reached := point, false
			b := newBench(t)
			b.set(`{"assistant_tickets":false}`)
			own := b.ticket(b.ana, "Printer", "It jams")
			var searches atomic.Int64
			b.passages = func(string) []kb.Hit { searches.Add(1); return vpn() }
			b.fake.Handle(func(c modeltest.Captured) modeltest.Reply {
				switch results := c.ToolResults(); len(results) {
				case 0:
					return modeltest.Calls(modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, own.Number)},
						modeltest.Call{Name: prompts.ToolList, Arguments: `{}`})
				case 2:
					return modeltest.Calls(modeltest.Call{Name: prompts.ToolCreate, Arguments: `{"subject":"s","description":"d"}`})
				case 1: // the node died between the two calls of the first step
					return modeltest.Calls(modeltest.Call{Name: prompts.ToolCreate, Arguments: `{"subject":"s","description":"d"}`})
				default:
					return modeltest.Text("Done, see [1].")
				}
			})
			ran := make(chan struct{}, 1)
			b.wrap = func(ctx context.Context, ct *conversations.Turn) error {
				defer func() { ran <- struct{}{} }()
				run := func(t turn) error {
					return b.engine.run(ctx, t, &job{id: ct.ID, conversation: ct.Conversation, viewer: ct.Viewer, seq: ct.MessageSeq})
				}
				err := run(&crashing{turn: ct, left: &left, after: after})
				if reached = errors.Is(err, errCrash); !reached {
					return err
				}
				return run(ct)
			}
			o := b.ask(b.ana, "Connect me to the VPN and open a ticket")
			<-ran // the answer is out a moment before its run returns
			if reached && left > 0 {
				t.Errorf("point %d: %d left", point, left)
			}
			done := b.count("tickets") - 1
			if done != 1 || o.message.Text == "" || o.end.Reason != desk.TurnAnswered {
				t.Errorf("point %d, after %v: %d tickets, %q, %+v", point, after, done, o.message.Text, o.end)
			}
			if o.message.Text == "Done, see [1]." && len(o.message.Citations) != 1 {
				t.Errorf("point %d, after %v: citations %+v", point, after, o.message.Citations)
			}
			for _, c := range o.calls {
				n := 0
				for _, r := range o.results {
					if r.Call == c.Call {
						n++
					}
				}
				if n != 1 {
					t.Errorf("point %d, after %v: call %s has %d results", point, after, c.Name, n)
				}
			}
			b.validate()
			if !reached {
				if point < 8 {
					t.Errorf("only %d points were reached", point)
				}
				break
			}
		}
	}
}

func TestATurnThatHadSaidWhyItFailedOnlyEnds(t *testing.T) {
	b := newBench(t)
	b.fake.Add(modeltest.Fail(401, "invalid_api_key"))
	b.wrap = func(ctx context.Context, ct *conversations.Turn) error {
		_ = b.engine.Run(ctx, ct) // its node dies before the runner ends the turn
		return b.engine.Run(ctx, ct)
	}
	o := b.ask(b.ana, "hello")
	if b.fake.Count() != 1 || o.end.Reason != desk.TurnFailed {
		t.Errorf("%d requests, %+v", b.fake.Count(), o.end)
	}
}

func TestTheContextAfterACrashIsTheContextBeforeIt(t *testing.T) {
	bodies := map[bool]string{}
	for _, crash := range []bool{false, true} {
		b := newBench(t)
		b.passages = func(string) []kb.Hit { return vpn() }
		b.fake.Handle(func(c modeltest.Captured) modeltest.Reply {
			if len(c.ToolResults()) > 0 {
				return modeltest.Text("ok")
			}
			return modeltest.Calls(modeltest.Call{Name: prompts.ToolSearch, Arguments: `{"query":"vpn"}`})
		})
		left := 4 // the result of the model's own search is the fourth thing written
		b.wrap = func(ctx context.Context, ct *conversations.Turn) error {
			if crash {
				err := b.engine.run(ctx, &crashing{turn: ct, left: &left, after: true}, &job{id: ct.ID, conversation: ct.Conversation, viewer: ct.Viewer, seq: ct.MessageSeq})
				if !errors.Is(err, errCrash) {
					t.Errorf("no crash: %v", err)
				}
			}
			return b.engine.Run(ctx, ct)
		}
		b.ask(b.ana, "vpn trouble")
		all := b.fake.Requests()
		bodies[crash] = strings.Join(contents(all[len(all)-1]), "\n")
	}
	if bodies[true] != bodies[false] {
		t.Errorf("before\n%s\nafter\n%s", bodies[false], bodies[true])
	}
}

// contents are the messages of a request, one a line.
func contents(c modeltest.Captured) []string {
	var list []string
	for _, m := range c.Chat.Messages {
		s := m.Role + ": " + m.Content
		for _, k := range m.ToolCalls {
			s += " → " + k.Function.Name + " " + k.Function.Arguments
		}
		list = append(list, s)
	}
	return list
}
