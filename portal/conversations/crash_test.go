package conversations_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// The crash tests start this test's binary again, built with the tag
// failpoint, as a node of its own: a process that can be killed.

const crashNodeURL = "CONSERJE_CRASH_NODE"

// order is what the test tells such a node.
type order struct {
	Viewer  desk.Viewer
	Message conversations.Message
	Stop    desk.ID
}

// crashNode serves orders from its standard input until it ends, or dies.
func crashNode(url string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := bus.Start("", log)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{AdminURL: url, Secret: storetest.Secret, Bus: b, Log: log})
	if err != nil {
		return err
	}
	service := conversations.New(conversations.Config{Store: s, Engine: engineFunc(ticketEngine), Log: log})
	if err := service.Start(ctx); err != nil {
		return err
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			return err
		}
		ctx := desk.WithViewer(ctx, o.Viewer)
		if o.Stop != "" {
			err = service.Stop(ctx, o.Stop)
		} else {
			var ack conversations.Ack
			if ack, err = service.Say(ctx, o.Message); err == nil {
				err = out.Encode(ack)
			}
		}
		if err != nil {
			return err
		}
	}
}

// ticketEngine opens one ticket by a call that it finds in the log again after
// a crash, and answers in two pieces. To "wait" it waits for the end.
func ticketEngine(ctx context.Context, turn *conversations.Turn) error {
	events, err := turn.History(ctx)
	if err != nil {
		return err
	}
	call := desk.ToolCall{Turn: turn.ID, Call: desk.NewID(), Name: "create_ticket", Arguments: []byte("{}")}
	known, text := false, ""
	for _, e := range events {
		var before desk.ToolCall
		var said desk.UserMessage
		switch {
		case e.Seq == turn.MessageSeq && json.Unmarshal(e.Body, &said) == nil:
			text = said.Text
		case e.Kind == desk.KindToolCall && json.Unmarshal(e.Body, &before) == nil && before.Turn == turn.ID:
			call, known = before, true
		}
	}
	turn.Delta("Your ticket ")
	turn.Delta("is open.")
	if text == "wait" && turn.Attempt == 1 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	if !known {
		if _, err := turn.Append(ctx, desk.KindToolCall, call); err != nil {
			return err
		}
	}
	_, err = turn.Effect(ctx, call, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
		_, err := tickets.FromConversationTx(ctx, tx, turn.Viewer, turn.Conversation, "By the assistant", "")
		return desk.ToolResult{OK: true, Content: "opened"}, err
	})
	if err != nil {
		return err
	}
	return turn.Finish(ctx, desk.AssistantMessage{Text: "Your ticket is open."})
}

// process is a node that runs as a process of its own.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	in   io.WriteCloser
	acks chan conversations.Ack
	dead chan struct{}
}

// crashDir is where crashBinary builds; TestMain removes it.
var crashDir string

var crashBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "crash-node-")
	if err != nil {
		return "", err
	}
	crashDir = dir
	bin := filepath.Join(dir, "node.test")
	out, err := exec.Command("go", "test", "-c", "-tags", "failpoint", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

func startProcess(t *testing.T, url, failpoint string) *process {
	t.Helper()
	bin, err := crashBinary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(bin), acks: make(chan conversations.Ack, 8), dead: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), crashNodeURL+"="+url, "CONSERJE_FAILPOINT="+failpoint)
	p.cmd.Stderr = t.Output()
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.dead)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var a conversations.Ack
			if json.Unmarshal(lines.Bytes(), &a) == nil {
				p.acks <- a
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.dead
	})
	return p
}

func (p *process) tell(o order) {
	raw, err := json.Marshal(o)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = p.in.Write(raw) // a dead node hears nothing; that is the test
}

// ack waits for an ack, or for the death of the node.
func (p *process) ack() (conversations.Ack, bool) {
	select {
	case a := <-p.acks:
		return a, true
	case <-p.dead:
		select {
		case a := <-p.acks:
			return a, true
		default:
			return conversations.Ack{}, false
		}
	case <-time.After(30 * time.Second):
		p.t.Fatal("neither an ack nor death")
		return conversations.Ack{}, false
	}
}

// R1: kill -9 at every point, with the production lease. The next node, started
// after the death or there before it, answers within 30 s, once.
func TestKilledNodeLosesNothingAndRepeatsNothing(t *testing.T) { //nolint:tparallel // its subtests run beside each other by themselves
	t.Parallel()
	points := []string{
		"say.in_tx", "say.before_ack", "turn.claimed", "turn.delta", "turn.delta:2", "turn.before_effect",
		"turn.effect_in_tx", "turn.after_effect", "turn.finish_in_tx", "turn.finished", "turn.stop_in_tx",
	}
	for round := range rounds(t, 1) {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			var wg sync.WaitGroup // all at once: each mostly waits for a lease to run out
			for i, point := range points {
				wg.Go(func() {
					t.Run(point, func(t *testing.T) { killAt(t, point, (round+i)%2 == 0) })
				})
			}
			wg.Wait()
		})
	}
}

func killAt(t *testing.T, point string, otherNode bool) {
	w := newWorld(t)
	var second *process
	if otherNode {
		second = startProcess(t, w.url, "")
	}
	first := startProcess(t, w.url, point)
	m := conversations.Message{Conversation: desk.NewID(), ID: "m1", Text: "Open a ticket"}
	if point == "turn.stop_in_tx" {
		m.Text = "wait"
	}
	first.tell(order{Viewer: w.ana, Message: m})
	ack, acked := first.ack()
	if point == "turn.stop_in_tx" {
		eventually(t, "the turn to run", func() bool {
			return w.count(t, `select count(*) from turns where state = 'running'`) == 1
		})
		first.tell(order{Viewer: w.ana, Stop: ack.Turn})
	}
	select {
	case <-first.dead:
	case <-time.After(30 * time.Second):
		t.Fatal("the node did not die at its failpoint")
	}
	died := time.Now()
	if second == nil {
		second = startProcess(t, w.url, "")
	}
	second.tell(order{Viewer: w.ana, Message: m}) // the client sends again what it has no answer to
	again, ok := second.ack()
	if !ok || acked && (again.Seq != ack.Seq || again.Turn != ack.Turn || !again.Repeated) {
		t.Fatalf("first %+v, then %+v", ack, again)
	}
	deadline := died.Add(30 * time.Second)
	for w.count(t, `select count(*) from turns where state <> 'ended'`) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("no answer within 30 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("answered %.1f s after the death", time.Since(died).Seconds())
	w.checkAfterKill(t, point, m.Conversation)
}

func (w *world) checkAfterKill(t *testing.T, point string, conv desk.ID) {
	t.Helper()
	count := map[desk.Kind]int{}
	for _, e := range w.log(t, conv) {
		count[e.Kind]++
	}
	want := map[desk.Kind]int{
		desk.KindUserMessage: 1, desk.KindToolCall: 1, desk.KindToolResult: 1, desk.KindTicket: 2,
		desk.KindAssistantMessage: 1, desk.KindTurnEnded: 1,
	}
	if point == "turn.stop_in_tx" { // stopped: no effect; what was shown died with its node
		want = map[desk.Kind]int{desk.KindUserMessage: 1, desk.KindTicket: 1, desk.KindTurnEnded: 1}
	}
	for kind, n := range want {
		if count[kind] != n {
			t.Errorf("%d of %s, want %d", count[kind], kind, n)
		}
	}
}

// R2: the owner is stopped beyond its lease and comes back.
func TestStoppedProcessThatComesBackCannotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := startProcess(t, w.url, "")
	m := conversations.Message{Conversation: desk.NewID(), ID: "m1", Text: "wait"}
	first.tell(order{Viewer: w.ana, Message: m})
	ack, _ := first.ack()
	eventually(t, "the turn to run", func() bool {
		return w.count(t, `select count(*) from turns where state = 'running'`) == 1
	})
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	startProcess(t, w.url, "")
	if end := w.ended(t, m.Conversation, ack.Turn); end.Reason != desk.TurnAnswered {
		t.Errorf("ended as %+v", end)
	}
	before := kinds(w.log(t, m.Conversation))
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// The node that came back lives: it takes another message, and has let go of
	// the turn by then or is refused.
	next := conversations.Message{Conversation: desk.NewID(), ID: "m2", Text: "Open a ticket"}
	first.tell(order{Viewer: w.ana, Message: next})
	if a, ok := first.ack(); ok {
		w.ended(t, next.Conversation, a.Turn)
	} else {
		t.Error("the node did not come back")
	}
	if after := kinds(w.log(t, m.Conversation)); !slices.Equal(before, after) {
		t.Errorf("log %v became %v", before, after)
	}
}
