package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	ws "github.com/coder/websocket"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// The points at which a node is killed (SECURITY R1), with what a person does
// so that a turn passes there.
var crashes = []struct {
	point string
	say   string
	stop  bool // presses Stop in the middle
}{
	{"say.in_tx", "tell me something", false},
	{"say.before_ack", "tell me something", false},
	{"turn.claimed", "tell me something", false},
	{"turn.delta:5", "tell me something", false},
	{"turn.before_effect", "open a ticket", false},
	{"turn.effect_in_tx", "open a ticket", false},
	{"turn.after_effect", "open a ticket", false},
	{"turn.finish_in_tx", "tell me something", false},
	{"turn.finished", "tell me something", false},
	{"turn.stop_in_tx", "talk for ever", true},
}

// crashModel answers as a model would: at length, or by a tool call first.
func crashModel(c modeltest.Captured) modeltest.Reply {
	asked := c.LastUser()
	switch {
	case strings.Contains(asked, "open a ticket") && len(c.ToolResults()) == 0:
		return modeltest.Calls(modeltest.Call{Name: "create_ticket", Arguments: `{"subject":"Broken","description":"It does not work."}`})
	case strings.Contains(asked, "talk for ever"):
		return modeltest.Stall("on ", "and ", "on ", "and ", "on ")
	}
	reply := modeltest.Text(strings.SplitAfter("Restart it, wait a moment, and then look whether it works again. If it does not, tell me.", " ")...)
	for i := range reply.Frames {
		reply.Frames[i].After = time.Duration(i) * 10 * time.Millisecond
	}
	return reply
}

// crashNode builds the node with the failpoints compiled in.
func crashNode(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node")
	cmd := exec.Command("go", "test", "-c", "-tags", "failpoint", "-o", path, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Promises 1, 2, 3 and 5 (SECURITY 5): one round at each point, or SOAK=N.
// Holds P1.
func TestCrashAtAnyPointLosesNothingAndAnswersOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	rounds := 1
	if n, err := strconv.Atoi(os.Getenv("SOAK")); err == nil && n > 0 {
		rounds = n
	}
	fake := modeltest.New(t)
	fake.Handle(crashModel)
	binary, nats := crashNode(t), natsCluster(t)
	var slowest time.Duration
	var mu sync.Mutex
	var group sync.WaitGroup
	for i, c := range crashes {
		// A house for each point: a node that is to die must not find turns of
		// another point's dead.
		lab := &crashLab{h: newHouse(t), binary: binary, nats: nats, model: fake.URL}
		lab.h.set("adam", `{"assistant_tickets": false}`) // so that a ticket is the tool's own effect
		group.Go(func() {
			for round := range rounds {
				who := lab.h.visitor(fmt.Sprint("user", round), desk.RoleContact)
				takeover := (round+i)%2 == 0
				took, err := lab.round(t.Context(), who, c.point, c.say, c.stop, takeover)
				if err != nil {
					t.Errorf("round %d, killed at %s, takeover %t: %v", round, c.point, takeover, err)
				}
				mu.Lock()
				slowest = max(slowest, took)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	t.Logf("%d rounds at %d points; the slowest turn ended %s after the kill", rounds, len(crashes), slowest.Round(100*time.Millisecond))
}

type crashLab struct {
	h                   *house
	binary, nats, model string
}

// round kills a node at a point and lets a client finish its turn on the node
// that is started again, or on another that runs already.
func (l *crashLab) round(ctx context.Context, who visitor, point, say string, stop, takeover bool) (took time.Duration, err error) {
	cfg := nodeConfig{Database: l.h.url, NATS: l.nats, Model: l.model}
	victim := start(l.h.t, l.binary, "node", cfg, "CONSERJE_FAILPOINT="+point)
	defer victim.stop()
	var heir *process
	if takeover {
		heir = start(l.h.t, l.binary, "node", cfg)
		defer heir.stop()
	}
	c := &survivor{who: who, view: newView(), say: say, stop: stop}
	ctx, cancel := context.WithTimeout(ctx, 50*time.Second)
	defer cancel()
	if err := c.connect(ctx, victim.addr); err != nil {
		return 0, err
	}
	select {
	case <-victim.dead:
	case <-time.After(10 * time.Second):
		return 0, fmt.Errorf("the node was not killed; the client has\n%s", short(c.view.events))
	}
	killed := time.Now()
	if heir == nil {
		heir = start(l.h.t, l.binary, "node", cfg)
		defer heir.stop()
	}
	for !c.done() {
		if err := c.connect(ctx, heir.addr); err != nil {
			return 0, fmt.Errorf("after the kill: %w; the client has\n%s", err, short(c.view.events))
		}
	}
	took = time.Since(killed)
	if took > 30*time.Second {
		err = fmt.Errorf("took %s", took)
	}
	return took, errorsOf(err, l.check(c))
}

func errorsOf(errs ...error) error {
	var all []string
	for _, err := range errs {
		if err != nil {
			all = append(all, err.Error())
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(all, "; "))
}

// survivor is a client that asks one question, whatever it takes.
type survivor struct {
	who          visitor
	view         *view
	say          string
	stop         bool
	conversation desk.ID
	pressed      bool
}

func (c *survivor) done() bool {
	n := len(c.view.events)
	return n > 0 && c.view.events[n-1].Kind == desk.KindTurnEnded
}

// connect follows the conversation until the line breaks or the turn ends.
func (c *survivor) connect(ctx context.Context, addr string) error {
	sock, _, err := dialWith(ctx, &node{addr: addr}, c.who, header(c.who))
	if err != nil {
		return err
	}
	defer func() { _ = sock.CloseNow() }()
	write := func(frame string, args ...any) { _ = sock.Write(ctx, ws.MessageText, fmt.Appendf(nil, frame, args...)) }
	if c.conversation == "" {
		write(`{"type":"open"}`)
	} else {
		write(`{"type":"open","conversation":%q,"after":%d}`, c.conversation, c.view.last())
	}
	for !c.done() {
		_, data, err := sock.Read(ctx)
		if err != nil {
			return ctx.Err()
		}
		var m msg
		if err := json.Unmarshal(data, &m); err != nil {
			return err
		}
		c.view.apply(m)
		switch {
		case m.Type == "opened":
			c.conversation = m.Conversation
			if c.view.acks["m1"] == 0 {
				write(`{"type":"say","id":"m1","text":%q}`, c.say)
			}
			if c.pressed { // once more: the first may have died with the node
				c.pressed = false
			}
		case c.stop && m.Type == "delta" && !c.pressed:
			c.pressed = true
			write(`{"type":"stop","turn":%q}`, m.Turn)
		}
	}
	return nil
}

// check compares the client with the log, and the log with the promises.
func (l *crashLab) check(c *survivor) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	log := l.h.log(c.conversation)
	if len(c.view.faults) > 0 {
		fail("client: %v", c.view.faults)
	}
	if !sameLog(c.view.events, log) {
		fail("client\n%s\nlog\n%s", short(c.view.events), short(log))
	}
	if seq := c.view.acks["m1"]; seq < 1 || int(seq) > len(log) || log[seq-1].Kind != desk.KindUserMessage {
		fail("acknowledged as %d, log\n%s", seq, short(log))
	}
	count := map[desk.Kind]int{}
	for _, e := range log {
		count[e.Kind]++
	}
	for _, k := range []desk.Kind{desk.KindUserMessage, desk.KindAssistantMessage, desk.KindTurnEnded} {
		if k == desk.KindAssistantMessage && c.stop {
			continue // what was shown died with the node that showed it
		}
		if count[k] != 1 {
			fail("%d × %s\n%s", count[k], k, short(log))
		}
	}
	err := l.h.store.Tenant(l.h.tenant).Tx(l.h.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		var opened int
		if err := tx.QueryRow(ctx, "select count(*) from tickets where conversation_id = $1", c.conversation).Scan(&opened); err != nil {
			return err
		}
		if want := strings.Count(c.say, "ticket"); opened != want {
			fail("%d tickets opened, want %d\n%s", opened, want, short(log))
		}
		broken, err := tx.VerifyChain(ctx, c.conversation)
		if broken != 0 {
			fail("the chain breaks at %d", broken)
		}
		return err
	})
	return errorsOf(append(errs, err)...)
}
