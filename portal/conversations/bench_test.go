package conversations_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

// BenchmarkSayToEngine is the time from a message to the engine that answers
// it: stored, acknowledged and claimed, at 50 messages a second.
func BenchmarkSayToEngine(b *testing.B) {
	w := newWorld(b)
	var mu sync.Mutex
	said := map[desk.ID]time.Time{}
	var acked, started, finished []time.Duration
	s, _ := w.node(b, engineFunc(func(ctx context.Context, t *conversations.Turn) error {
		mu.Lock()
		began := said[t.Conversation]
		started = append(started, time.Since(began))
		mu.Unlock()
		err := t.Finish(ctx, desk.AssistantMessage{Text: "x"})
		mu.Lock()
		finished = append(finished, time.Since(began))
		mu.Unlock()
		return err
	}), func(c *conversations.Config) {
		*c = conversations.Config{Store: c.Store, Engine: c.Engine, Log: c.Log, UserPerMinute: 1 << 20, TenantPerMinute: 1 << 20, ConversationsPerHour: 1 << 20, MaxEvents: 1 << 20}
	})
	people := []desk.Viewer{w.ana, w.ben, w.chloe}
	var wg sync.WaitGroup
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	i := 0
	for b.Loop() {
		<-tick.C
		v := people[i%len(people)]
		i++
		wg.Go(func() {
			conv := desk.NewID()
			began := time.Now()
			mu.Lock()
			said[conv] = began
			mu.Unlock()
			w.say(b, s, v, conv, "hello")
			mu.Lock()
			acked = append(acked, time.Since(began))
			mu.Unlock()
		})
	}
	wg.Wait()
	eventually(b, "all answers", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(finished) == i
	})
	for name, list := range map[string][]time.Duration{"ack": acked, "engine": started, "finish": finished} {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(list[len(list)*99/100].Microseconds())/1000, name+"-p99-ms")
	}
}
