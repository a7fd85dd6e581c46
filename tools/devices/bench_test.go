//go:build bench

package devices_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
)

// TestMain also is the server of the bench: a process of its own, so that its
// memory is its own.
func TestMain(m *testing.M) {
	if url := os.Getenv("DEVICES_BENCH_DATABASE"); url != "" {
		serveBench(url)
		return
	}
	os.Exit(m.Run())
}

type weight struct {
	Links, Goroutines int
	RSS, Heap, Stacks uint64
}

func serveBench(url string) {
	ctx, log := context.Background(), slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	b, err := bus.Start("", log)
	must(err)
	s, err := store.Open(ctx, store.Config{AdminURL: url, Secret: storetest.Secret, Bus: b, Log: log})
	must(err)
	links, err := devices.NewLinkServer(ctx, devices.LinkConfig{Store: s, Registry: devices.New(s, log), Ledger: newLedger(), Log: log})
	must(err)
	app, _ := api.NewApp(api.Config{
		Store: s, Log: log, AgentLink: links.Handler(), AgentEnrol: links.EnrolHandler(), Draining: func() bool { return false },
		Metrics: func(*fiber.Ctx) error { return nil },
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() { _ = app.Listener(ln) }()
	fmt.Println(ln.Addr())
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		debug.FreeOSMemory()
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		raw, _ := os.ReadFile("/proc/self/statm")
		pages, _ := strconv.ParseUint(strings.Fields(string(raw))[1], 10, 64)
		_ = json.NewEncoder(os.Stdout).Encode(weight{links.Len(), runtime.NumGoroutine(), pages * uint64(os.Getpagesize()), ms.HeapInuse, ms.StackInuse})
	}
}

// fleet makes n devices in one statement.
func (h *house) fleet(n int) []*device {
	h.t.Helper()
	list := make([]*device, n)
	var ids []desk.ID
	var keys [][]byte
	for i := range list {
		_, priv, err := ed25519.GenerateKey(nil)
		if err != nil {
			h.t.Fatal(err)
		}
		list[i] = &device{id: desk.NewID(), priv: priv}
		ids, keys = append(ids, list[i].id), append(keys, list[i].public())
	}
	storetest.InTx(h.t, h.store, h.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key)
			select $1, id, $2, 'D', 'linux', key, key from unnest($3::uuid[], $4::bytea[]) as u(id, key)`, h.tenant, h.company, ids, keys)
		return err
	})
	return list
}

// Issue 3: 10,000 connected agents, at most 30 KB each.
func TestBenchMemoryOfAConnectedAgent(t *testing.T) {
	n := 10_000
	if v, err := strconv.Atoi(os.Getenv("BENCH_SOCKETS")); err == nil {
		n = v
	}
	h := newHouse(t)
	fleet := h.fleet(n)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), exe)
	server.Env = append(os.Environ(), "DEVICES_BENCH_DATABASE="+h.url)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	lines := bufio.NewScanner(out)
	lines.Scan()
	address := strings.TrimSpace(lines.Text())
	weigh := func() (w weight) {
		t.Helper()
		if _, err := io.WriteString(in, "\n"); err != nil || !lines.Scan() {
			t.Fatal(err)
		}
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			t.Fatal(err)
		}
		return w
	}
	near := &node{h: h, address: address}
	warm := h.come(near, fleet[0]) // the first one pays for what all share
	time.Sleep(time.Second)
	before := weigh()
	var all sync.WaitGroup
	slots := make(chan struct{}, 40)
	begin := time.Now()
	for _, d := range fleet[1:] {
		slots <- struct{}{}
		all.Go(func() { defer func() { <-slots }(); h.come(near, d) })
	}
	all.Wait()
	t.Logf("%d agents connected in %s", n, time.Since(begin).Round(time.Millisecond))
	time.Sleep(35 * time.Second) // a ping and a touch have gone by
	after := weigh()
	_ = warm
	per := func(a, b uint64) float64 { return float64(int64(a)-int64(b)) / float64(n-1) / 1024 }
	rss := per(after.RSS, before.RSS)
	fmt.Printf("\n%d connected agents: KB each %.1f (must 30), of it heap %.1f, stacks %.1f; goroutines each %.2f\n", after.Links, rss,
		per(after.Heap, before.Heap), per(after.Stacks, before.Stacks), float64(after.Goroutines-before.Goroutines)/float64(n-1))
	if after.Links != n || rss > 30 {
		t.Errorf("%d links, %.1f KB each, at most 30 wanted", after.Links, rss)
	}
}

// From the wake-up of the commit to the command on the agent's socket, 50 a
// second, over two nodes on one bus.
func TestBenchWakeUpToCommand(t *testing.T) {
	h := newHouse(t)
	one, two := h.node(), h.node()
	fleet := h.fleet(50)
	agents := make([]*agent, len(fleet))
	for i, d := range fleet {
		agents[i] = h.come([]*node{one, two}[i%2], d)
	}
	time.Sleep(time.Second)
	const rounds = 10 // of 50 a second
	var took []time.Duration
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range rounds * len(fleet) {
		d, a := fleet[i%len(fleet)], agents[i%len(fleet)]
		h.ledger.queue(d.id)
		begin := time.Now()
		if err := one.store.Bus().Publish(devices.Subject(h.tenant, d.id), nil); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			c := h.command(a)
			elapsed := time.Since(begin)
			h.ledger.mu.Lock()
			h.ledger.waiting[d.id] = slices.DeleteFunc(h.ledger.waiting[d.id], func(w wire.Command) bool { return w.ID == c.ID })
			h.ledger.mu.Unlock()
			mu.Lock()
			took = append(took, elapsed)
			mu.Unlock()
		})
		time.Sleep(20 * time.Millisecond)
	}
	all.Wait()
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	fmt.Printf("\nwake-up to the signed command, over two nodes on one bus: %d commands, 50 a second: p50 %s (must 15 ms), p99 %s (must 60 ms)\n", len(took), p50, p99)
	if p50 > 15*time.Millisecond || p99 > 60*time.Millisecond {
		t.Error("slower than p50 15 ms, p99 60 ms")
	}
}
