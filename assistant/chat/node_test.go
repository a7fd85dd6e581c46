package chat_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/riverqueue/river"

	"github.com/conserje/conserje/assistant"
	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// Tests that kill a node, and those that weigh one, need it as a process of
// its own: the test binary starts itself with one of these roles.
const (
	roleVar = "CHAT_TEST_ROLE"
	conf    = "CHAT_TEST_CONFIG"
)

// roles are what the binary can be besides a test.
var roles = map[string]func() error{"node": runNode}

// playRole reports whether this process was started for a role, and plays it.
func playRole() bool {
	role := roles[os.Getenv(roleVar)]
	if role == nil {
		return false
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// engines are what can answer on a node of its own, by name.
var engines = map[string]engineFunc{}

// nodeConfig is a real node: store, engine, tools, search and chat.
type nodeConfig struct {
	Database  string
	NATS      string // empty: an embedded bus
	Model     string // base URL
	Engine    string // one of engines, instead of the assistant
	Search    bool   // the knowledge base, with the built-in embeddings
	Unlimited bool   // no limits of messages: one person plays many
}

func runNode() error {
	var cfg nodeConfig
	if err := json.Unmarshal([]byte(os.Getenv(conf)), &cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := bus.Start(cfg.NATS, log)
	if err != nil {
		return err
	}
	defer b.Close()
	s, err := store.Open(ctx, store.Config{AdminURL: cfg.Database, Secret: storetest.Secret, Bus: b, Log: log})
	if err != nil {
		return err
	}
	defer s.Close()
	convs, err := wireConversations(s, cfg, log)
	if err != nil {
		return err
	}
	if err := convs.Start(ctx); err != nil {
		return err
	}
	workers := river.NewWorkers()
	convs.AddWorkers(workers)
	jobs, err := s.StartJobs(ctx, workers, map[string]river.QueueConfig{store.QueueTurns: {MaxWorkers: 4}}, nil)
	if err != nil {
		return err
	}
	persons, err := people.New(s, log, people.Config{})
	if err != nil {
		return err
	}
	cc := chat.Config{Store: s, Conversations: convs, People: persons, Token: cookieToken, SessionEnds: people.SessionsSubject, Status: statusOf, Log: log}
	if cfg.Unlimited {
		lots := chat.Rate{PerSecond: 1e6, Burst: 1e6}
		cc.Limits = chat.Limits{SocketsPerUser: 1e6, FramesPerSec: lots, SaysPerUser: lots}
	}
	chats := chat.New(ctx, cc)
	if err := serveUntilTold(func(app *fiber.App) { app.Get("/api/v1/chat", chats.Handler()) }, chats.Len); err != nil {
		return err
	}
	chats.Close()
	stopping, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	convs.Drain(stopping)
	return jobs.Stop(stopping)
}

func wireConversations(s *store.Store, cfg nodeConfig, log *slog.Logger) (*conversations.Service, error) {
	if engine := engines[cfg.Engine]; engine != nil {
		return conversations.New(conversations.Config{Store: s, Engine: engine, Log: log}), nil
	}
	builtIn, err := model.New(model.Config{
		Name: offline.ModelName, BaseURL: "http://built-in.invalid/v1", Model: offline.ModelName,
		EmbeddingModel: offline.EmbeddingModel, Dimensions: offline.EmbeddingDimensions, Offline: true, Transport: offline.Transport(), Log: log,
	})
	if err != nil {
		return nil, err
	}
	first, err := model.New(model.Config{BaseURL: cfg.Model, Key: "k", Model: "fake", Log: log})
	if err != nil {
		return nil, err
	}
	catalogue := software.New(s)
	ledger := &tools.Own{Software: catalogue, Actions: actions.New(actions.Config{Store: s, Catalogue: catalogue, Log: log})}
	registry, err := tools.NewRegistry(s, log, tools.All(s, finder(s, cfg, builtIn, log), tickets.New(s), ledger)...)
	if err != nil {
		return nil, err
	}
	engine, err := assistant.New(assistant.Config{
		Store: s, Model: model.NewChain(model.Policy{Log: log}, first, builtIn), Tools: registry, Log: log, DayTokens: -1,
	})
	if err != nil {
		return nil, err
	}
	cc := conversations.Config{Store: s, Engine: engine, Log: log}
	if cfg.Unlimited {
		cc.UserPerMinute, cc.TenantPerMinute, cc.ConversationsPerHour, cc.MaxEvents = 1e9, 1e9, 1e9, 1e9
	}
	return conversations.New(cc), nil
}

// serveUntilTold serves on a free port, prints its address, and ends when the
// parent closes our input or dies.
func serveUntilTold(routes func(*fiber.App), sockets func() int) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	routes(app)
	app.Get("/stats", func(c *fiber.Ctx) error { return c.JSON(weigh(sockets(), c.QueryBool("gc"))) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening", ln.Addr())
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = app.ShutdownWithTimeout(time.Second)
	}()
	return <-served
}

// weight is what a process takes up. RSS is 0 where the system does not tell.
type weight struct {
	Sockets    int
	Goroutines int
	Heap       uint64 // in use, after a collection if one was asked for
	Stacks     uint64
	RSS        uint64
	CPU        time.Duration // so far
}

func weigh(sockets int, collect bool) weight {
	if collect {
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w := weight{Sockets: sockets, Goroutines: runtime.NumGoroutine(), Heap: m.HeapInuse, Stacks: m.StackInuse}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		_, after, _ := strings.Cut(string(status), "VmRSS:")
		kb, _ := strconv.ParseUint(strings.Fields(after)[0], 10, 64)
		w.RSS = kb << 10
	}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		w.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return w
}

// process is a started role.
type process struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
	in   io.Closer
	dead chan struct{}
	kill func()
}

// start runs binary in a role and waits until it listens. It ends with the
// test.
func start(t testing.TB, binary, role string, cfg any, env ...string) *process {
	t.Helper()
	body, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(append(os.Environ(), roleVar+"="+role, conf+"="+string(body)), env...)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, in: in, dead: make(chan struct{})}
	p.kill = sync.OnceFunc(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "listening ") {
		p.kill()
		_ = cmd.Wait()
		t.Fatalf("%s did not start: %q", role, lines.Text())
	}
	p.addr = strings.TrimPrefix(lines.Text(), "listening ")
	go func() {
		defer close(p.dead)
		_ = cmd.Wait()
	}()
	t.Cleanup(p.stop)
	return p
}

// stop ends the process in order, or by force after a while.
func (p *process) stop() {
	_ = p.in.Close()
	select {
	case <-p.dead:
	case <-time.After(10 * time.Second):
		p.kill()
		<-p.dead
	}
}

func (p *process) weigh() (w weight) {
	p.t.Helper()
	res, err := http.Get("http://" + p.addr + "/stats?gc=true")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&w); err != nil {
		p.t.Fatal(err)
	}
	return w
}

// natsCluster is a bus between processes.
func natsCluster(t testing.TB) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(5 * time.Second) {
		t.Fatal("no bus")
	}
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	return srv.ClientURL()
}
