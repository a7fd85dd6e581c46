//go:build bench

package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	ws "github.com/coder/websocket"
	openai "github.com/sashabaranov/go-openai"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func show(t *testing.T, title string, head []string, rows [][]string) {
	t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, r := range append([][]string{head}, rows...) {
		fmt.Fprintln(w, strings.Join(r, "\t")+"\t")
	}
	_ = w.Flush()
	fmt.Fprintf(os.Stdout, "\n%s\n%s\n", title, b.String())
}

// sample collects what a run measures.
type sample struct {
	mu      sync.Mutex
	relay   []time.Duration // from the model's write to the client's frame
	request []time.Duration // from the client's say to the model's request
	failed  int
	firstly error
}

func (s *sample) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed++; s.firstly == nil {
		s.firstly = err
	}
}

func (s *sample) add(relay []time.Duration, request time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relay = append(s.relay, relay...)
	s.request = append(s.request, request)
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(float64(len(all))*q))]
}

func ms(d time.Duration) string { return strconv.FormatFloat(float64(d)/1e6, 'f', 2, 64) }

// stopwatch reads the moments out of one answer's text as it comes.
type stopwatch struct {
	said  time.Time
	relay []time.Duration
	asked time.Duration
	text  strings.Builder
}

func (w *stopwatch) hear(text string, now time.Time) {
	w.text.WriteString(text)
	for word := range strings.FieldsSeq(text) {
		at, err := strconv.ParseInt(word[1:], 10, 64)
		switch {
		case err != nil:
		case word[0] == 'E':
			w.relay = append(w.relay, now.Sub(time.Unix(0, at)))
		case word[0] == 'R':
			w.asked = time.Unix(0, at).Sub(w.said)
		}
	}
}

// load begins streams at a fixed rate, whatever becomes of those before
// (open loop), and waits for the last.
func load(rate int, during time.Duration, stream func() (stopwatch, error)) *sample {
	s := &sample{}
	var group sync.WaitGroup
	begin := time.Now()
	total := int(during.Seconds() * float64(rate))
	for i := range total {
		time.Sleep(time.Until(begin.Add(during * time.Duration(i) / time.Duration(total))))
		group.Go(func() {
			w, err := stream()
			if err == nil {
				err = wholeAnswer(w.text.String())
			}
			if err != nil {
				s.fail(err)
				return
			}
			s.add(w.relay, w.asked)
		})
	}
	group.Wait()
	return s
}

// direct asks the model without anything in between.
func direct(url string) func() (stopwatch, error) {
	cfg := openai.DefaultConfig("k")
	cfg.BaseURL = url
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}
	client := openai.NewClientWithConfig(cfg)
	return func() (w stopwatch, err error) {
		w.said = time.Now()
		stream, err := client.CreateChatCompletionStream(context.Background(), openai.ChatCompletionRequest{
			Model: "fake", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: "hi"}},
		})
		if err != nil {
			return w, err
		}
		defer func() { _ = stream.Close() }()
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return w, nil
			}
			if err != nil {
				return w, err
			}
			if len(part.Choices) > 0 {
				w.hear(part.Choices[0].Delta.Content, time.Now())
			}
		}
	}
}

// line is one open socket with a conversation of its own.
type line struct {
	*ws.Conn
	conversation desk.ID
	said         int
}

// lines are clients that take turns: a stream takes a free one.
type lines struct {
	free chan *line
	all  []*line
	say  func(l *line) string
}

func dialLines(t *testing.T, addr, host string, tokens []string, hello string) *lines {
	t.Helper()
	ls := &lines{free: make(chan *line, len(tokens))}
	for _, token := range tokens {
		c, _, err := ws.Dial(t.Context(), "ws://"+addr+"/api/v1/chat", &ws.DialOptions{
			Subprotocols: []string{chat.Subprotocol}, Host: host,
			HTTPHeader: http.Header{"Origin": {"http://" + host}, "Cookie": {cookie + "=" + token}},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		t.Cleanup(func() { _ = c.CloseNow() })
		if err := c.Write(t.Context(), ws.MessageText, []byte(hello)); err != nil {
			t.Fatal(err)
		}
		_, data, err := c.Read(t.Context())
		var m msg
		if err != nil || json.Unmarshal(data, &m) != nil || m.Type != "opened" {
			t.Fatal(string(data), err)
		}
		l := &line{Conn: c, conversation: m.Conversation}
		ls.all = append(ls.all, l)
		ls.free <- l
	}
	return ls
}

// stream says something and reads its answer to the end.
func (ls *lines) stream() (w stopwatch, err error) {
	l := <-ls.free
	defer func() { ls.free <- l }()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	l.said++
	say := []byte(ls.say(l))
	w.said = time.Now()
	if err := l.Write(ctx, ws.MessageText, say); err != nil {
		return w, err
	}
	for {
		_, data, err := l.Read(ctx)
		now := time.Now()
		if err != nil {
			return w, err
		}
		var m msg
		if err := json.Unmarshal(data, &m); err != nil {
			return w, err
		}
		switch {
		case m.Type == "error":
			return w, fmt.Errorf("%s", data)
		case m.Type == "delta":
			w.hear(m.Text, now)
		case m.Kind == desk.KindAssistantMessage:
			var a desk.AssistantMessage
			if err := json.Unmarshal(m.Body, &a); err != nil || a.Text != w.text.String() {
				return w, fmt.Errorf("the message is not the text that was streamed: %w", err)
			}
		case m.Kind == desk.KindTurnEnded:
			return w, nil
		}
	}
}

// peak samples what a process weighs until stop is called.
func peak(p *process) (stop func() uint64) {
	var most atomic.Uint64
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-done:
				return
			case <-time.After(300 * time.Millisecond):
			}
			res, err := http.Get("http://" + p.addr + "/stats")
			if err != nil {
				continue
			}
			var w weight
			_ = json.NewDecoder(res.Body).Decode(&w)
			_ = res.Body.Close()
			most.Store(max(most.Load(), w.RSS))
		}
	}()
	return func() uint64 { close(done); <-over; return most.Load() }
}

func seconds(name string, otherwise int) time.Duration {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		otherwise = v
	}
	return time.Duration(otherwise) * time.Second
}

// Issue 2, bench (a).
func TestBenchRelay(t *testing.T) {
	const rate, saysPerSecond = 100, 5
	during := seconds("BENCH_SECONDS", 10)
	h := newHouse(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	upstream := start(t, exe, "upstream", nil).addr
	var table [][]string
	var base *sample
	row := func(name string, s *sample, over, cpu string) {
		if s.failed > 0 {
			t.Errorf("%s: %d streams failed, the first: %v", name, s.failed, s.firstly)
		}
		p50, p99 := quantile(s.relay, .5), quantile(s.relay, .99)
		if base == nil {
			base = s
		}
		table = append(table, []string{
			name, strconv.Itoa(len(s.request)), ms(p50), ms(p99), ms(p50 - quantile(base.relay, .5)), ms(p99 - quantile(base.relay, .99)),
			over, cpu, ms(quantile(s.request, .5)), ms(quantile(s.request, .99)),
		})
	}
	_ = load(rate, 2*time.Second, direct(upstream)) // warms the model
	row("the model asked directly", load(rate, during, direct(upstream)), "", "")

	tokens := h.crowd(400)
	run := func(name string, p *process, ls *lines) *sample {
		_ = load(rate, 3*time.Second, ls.stream)
		time.Sleep(time.Second)
		idle := p.weigh()
		stop := peak(p)
		s := load(rate, during, ls.stream)
		most := stop()
		cpu := float64(p.weigh().CPU-idle.CPU) / float64(during)
		row(name, s, fmt.Sprintf("%.0f MB", float64(int64(most)-int64(idle.RSS))/(1<<20)), fmt.Sprintf("%.0f %%", cpu*100))
		return s
	}
	bare := start(t, exe, "bare", map[string]string{"Model": upstream})
	ls := dialLines(t, bare.addr, h.host, tokens, "hello")
	ls.say = func(*line) string { return "hi" }
	run("bare Fiber and go-openai, nothing stored", bare, ls)
	bare.stop()

	cfg := nodeConfig{Database: h.url, Model: upstream, Unlimited: true, Search: true}
	importArticles(t, h)
	node := start(t, exe, "node", cfg)
	ls = dialLines(t, node.addr, h.host, tokens, `{"type":"open"}`)
	says := func(text string) func(*line) string {
		return func(l *line) string {
			return fmt.Sprintf(`{"type":"say","id":"%s-%d","text":%q}`, l.conversation, l.said, text)
		}
	}
	ls.say = says("hi")
	ours := run("conserje, everything stored", node, ls)
	// A few lines that are busy enough to answer the server's pings.
	few := dialLines(t, node.addr, h.host, tokens[:4*saysPerSecond], `{"type":"open"}`)
	var asked [][]string
	for _, c := range []struct{ name, text string }{
		{"without retrieval", "hi"},
		{"with retrieval", "how do I connect to the VPN from home?"},
	} {
		few.say = says(c.text)
		_ = load(saysPerSecond, 4*time.Second, few.stream)
		s := load(saysPerSecond, during, few.stream)
		if s.failed > 0 {
			t.Errorf("%s: %d streams failed, the first: %v", c.name, s.failed, s.firstly)
		}
		asked = append(asked, []string{c.name, strconv.Itoa(len(s.request)), ms(quantile(s.request, .5)), ms(quantile(s.request, .99))})
	}
	node.stop()
	checkStored(t, h, ls)
	checkStored(t, h, few)
	show(t, fmt.Sprintf("(a) relay: %d streams a second of %d events over %s each, for %s; milliseconds", rate, streamEvents, streamOver, during),
		[]string{"", "streams", "p50", "p99", "p50 over", "p99 over", "memory over idle", "CPU", "say to request p50", "p99"}, table)
	show(t, fmt.Sprintf("    from say to the model's request, at %d a second; milliseconds", saysPerSecond), []string{"", "turns", "p50", "p99"}, asked)
	fmt.Fprintln(os.Stdout, databaseFacts(t, h))
	if p50 := quantile(ours.relay, .5) - quantile(base.relay, .5); p50 > 2*time.Millisecond {
		t.Errorf("p50 %s over the model, at most 2 ms wanted", p50)
	}
	if p99 := quantile(ours.relay, .99) - quantile(base.relay, .99); p99 > 10*time.Millisecond {
		t.Errorf("p99 %s over the model, at most 10 ms wanted", p99)
	}
}

// checkStored holds, for every stream: exactly one user_message, one
// assistant_message, one turn_ended.
func checkStored(t *testing.T, h *house, ls *lines) {
	t.Helper()
	for _, l := range ls.all {
		checkTurns(t, h.log(l.conversation), l.said)
	}
}

func databaseFacts(t *testing.T, h *house) (facts string) {
	t.Helper()
	storetest.InTx(t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, `select 'Postgres ' || current_setting('server_version') || ', fsync ' || current_setting('fsync') ||
			', synchronous_commit ' || current_setting('synchronous_commit') || ', ' || (select count(*) from conversation_events) || ' events stored'`).Scan(&facts)
	})
	return facts
}
