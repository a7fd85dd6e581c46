//go:build bench

package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

func init() { engines["paced"] = paced }

// deltasEvery is what each answer of the bench streams.
const deltasEvery = 100 * time.Millisecond

// paced answers "BEGIN COUNT" with so many deltas, each at its time whatever
// became of those before; a delta tells its number and when it was due.
func paced(ctx context.Context, t *conversations.Turn) error {
	text, err := question(ctx, t)
	if err != nil {
		return err
	}
	var begin int64
	var count int
	if _, err := fmt.Sscan(text, &begin, &count); err != nil {
		return err
	}
	var whole strings.Builder
	for i := range count {
		due := time.Unix(0, begin).Add(time.Duration(i) * deltasEvery)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return ctx.Err()
		}
		delta := fmt.Sprintf("%d@%d ", i, due.UnixNano())
		whole.WriteString(delta)
		t.Delta(delta)
	}
	return t.Finish(ctx, desk.AssistantMessage{Turn: t.ID, Text: whole.String(), Model: "paced"})
}

// listener is one socket and what it heard of the answer.
type listener struct {
	conn
	elsewhere bool // the turn runs on the other node
	heard     int  // deltas in their order, none left out
	frames    int
	took      []time.Duration
	err       error
}

// listen reads until the turn has ended.
func (l *listener) listen(ctx context.Context) {
	for {
		_, data, err := l.Read(ctx)
		now := time.Now()
		var m msg
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err == nil && m.Type == "error" {
			err = fmt.Errorf("%s", data)
		}
		if err != nil {
			l.err = err
			return
		}
		if m.Kind == desk.KindTurnEnded {
			return
		}
		if m.Type != "delta" {
			continue
		}
		l.frames++
		for word := range strings.FieldsSeq(m.Text) {
			number, due, _ := strings.Cut(word, "@")
			at, err := strconv.ParseInt(due, 10, 64)
			if err != nil || number != strconv.Itoa(l.heard) {
				l.err = fmt.Errorf("delta %d is missing or came again: %q", l.heard, m.Text)
				return
			}
			l.heard++
			l.took = append(l.took, now.Sub(time.Unix(0, at)))
		}
	}
}

// routedNATS is a bus of two servers, one for each node.
func routedNATS(t *testing.T) (urls [2]string) {
	t.Helper()
	var first *server.Server
	for i := range urls {
		o := &server.Options{
			ServerName: fmt.Sprintf("nats-%d", i), Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "bench", Host: "127.0.0.1", Port: -1},
		}
		if first != nil {
			o.Routes = server.RoutesFromStr("nats://" + first.ClusterAddr().String())
		}
		srv, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
		if !srv.ReadyForConnections(5 * time.Second) {
			t.Fatal("no bus")
		}
		if first == nil {
			first = srv
		}
		urls[i] = srv.ClientURL()
	}
	for begin := time.Now(); first.NumRoutes() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("the two servers do not find each other")
		}
	}
	return urls
}

// Issue 3: two nodes over NATS, 10,000 deliveries a second to 1,000 sockets:
// none missing, p99 at most 50 ms. 250 people have their conversation open four
// times, twice on each node; half of the turns run on either.
func TestBenchTwoNodesOverNATS(t *testing.T) {
	const people, windows = 250, 4
	during := seconds("BENCH_SECONDS", 10)
	count := int(during / deltasEvery)
	h := newHouse(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var nodes [2]*node
	var processes [2]*process
	for i, url := range routedNATS(t) {
		processes[i] = start(t, exe, "node", nodeConfig{Database: h.url, NATS: url, Engine: "paced"})
		nodes[i] = &node{addr: processes[i].addr}
	}
	begin := time.Now().Add(20 * time.Second)
	var listeners []*listener
	for i, token := range h.crowd(people) {
		v := visitor{token: token, host: h.host}
		var conversation desk.ID
		for w := range windows {
			l := &listener{conn: nodes[(i+w)%2].dial(t, v), elsewhere: w%2 == 1}
			conversation = l.open(conversation, 0)
			listeners = append(listeners, l)
		}
		mine := begin.Add(time.Duration(i) * deltasEvery / people) // not all at the same moment
		listeners[i*windows].send(`{"type":"say","id":"%d","text":"%d %d"}`, i, mine.UnixNano(), count)
	}
	if late := time.Since(begin); late > -time.Second {
		t.Fatalf("the sockets came %s after the first delta", late)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithDeadline(t.Context(), begin.Add(during+30*time.Second))
	defer cancel()
	for _, l := range listeners {
		all.Go(func() { l.listen(ctx) })
	}
	time.Sleep(time.Until(begin))
	idle := processes[0].weigh().CPU + processes[1].weigh().CPU
	all.Wait()
	load, _ := os.ReadFile("/proc/loadavg")
	busy := processes[0].weigh().CPU + processes[1].weigh().CPU - idle

	var took, near, far []time.Duration
	frames, odd := 0, 0
	for _, l := range listeners {
		frames += l.frames
		if l.err != nil {
			if odd++; odd == 1 {
				t.Error(l.err)
			}
		}
		took = append(took, l.took...)
		if l.elsewhere {
			far = append(far, l.took...)
		} else {
			near = append(near, l.took...)
		}
	}
	wanted := len(listeners) * count
	row := func(name string, took []time.Duration) []string {
		return []string{name, strconv.Itoa(len(took)), ms(quantile(took, .5)), ms(quantile(took, .99)), ms(quantile(took, 1))}
	}
	show(t, fmt.Sprintf("two nodes over NATS: %d deliveries a second to %d sockets for %s, %d missing (must 0), p99 must 50; milliseconds",
		wanted/int(during.Seconds()), len(listeners), during, wanted-len(took)),
		[]string{"", "deliveries", "p50", "p99", "longest"},
		[][]string{row("on the turn's own node", near), row("on the other node", far), row("all", took)})
	fmt.Fprintf(os.Stdout, "    in %d frames; CPU of both nodes %.0f %%; load %s", frames, float64(busy)/float64(during)*100, load)
	if len(took) != wanted || odd > 0 {
		t.Errorf("%d deliveries, %d wanted; %d sockets had trouble", len(took), wanted, odd)
	}
	if p99 := quantile(took, .99); p99 > 50*time.Millisecond {
		t.Errorf("p99 %s, at most 50 ms wanted", p99)
	}
}
