//go:build bench

package main

import (
	"fmt"
	"os"
	"sync"
	"text/tabwriter"
	"time"
)

// demand is one kind of request of a bench; ask is how it is asked, get when
// left out. Of a whim it is only told how long it takes.
type demand struct {
	name string
	path func() (token, path string)
	ask  func(token, path string) (int, error)
	whim bool
	took []time.Duration
	size int
}

// measure has all kinds asked in turn, 50 a second whatever becomes of those
// before (open loop): p95 at most 100 ms, p99 at most 300 ms.
func (h *house) measure(among string, demands []*demand) {
	h.t.Helper()
	const perSecond = 50
	during := seconds(20)
	run := func(during time.Duration, keep bool) {
		var mu sync.Mutex
		var failed []error
		var all sync.WaitGroup
		begin := time.Now()
		for i := range int(during.Seconds()) * perSecond {
			due, w := begin.Add(time.Duration(i)*time.Second/perSecond), demands[i%len(demands)]
			time.Sleep(time.Until(due))
			all.Go(func() {
				token, path := w.path()
				ask := h.get
				if w.ask != nil {
					ask = w.ask
				}
				size, err := ask(token, path)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = append(failed, err)
				} else if keep {
					w.took, w.size = append(w.took, time.Since(due)), max(w.size, size)
				}
			})
		}
		all.Wait()
		if len(failed) > 0 {
			h.t.Fatalf("%d failed, the first: %v", len(failed), failed[0])
		}
	}
	run(5*time.Second, false)
	run(during, true)
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(os.Stdout, "\n%s, %d requests a second for %s: p95 must 100, p99 must 300; milliseconds\n", among, perSecond, during)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\trequests\tp50\tp95\tp99\tlongest\tlargest answer\t")
	for _, w := range demands {
		p95, p99 := quantile(w.took, .95), quantile(w.took, .99)
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%d KB\t\n", w.name, len(w.took), ms(quantile(w.took, .5)), ms(p95), ms(p99), ms(quantile(w.took, 1)), w.size>>10)
		if !w.whim && (p95 > 100*time.Millisecond || p99 > 300*time.Millisecond) {
			h.t.Errorf("%s: slower than p95 100 ms, p99 300 ms", w.name)
		}
	}
	_ = table.Flush()
	fmt.Fprintf(os.Stdout, "    %s; load %s", h.facts(), load)
}
