package model_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/assistant/model/modeltest"
)

const benchEvents = 84

// rawStream is the least that a program can do: one request, lines by a
// scanner, no JSON. It is the floor that the adapter is measured against.
func rawStream(b testing.TB, client *http.Client, url string, line func([]byte)) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/chat/completions", strings.NewReader(`{"model":"m","messages":[],"stream":true}`))
	if err != nil {
		b.Error(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	scan := bufio.NewScanner(resp.Body)
	for scan.Scan() {
		line(scan.Bytes())
	}
	_, _ = io.Copy(io.Discard, resp.Body)
}

// BenchmarkStream compares one stream of 84 events, sent without pauses,
// through the adapter, through adapter and chain, and without either.
func BenchmarkStream(b *testing.B) {
	fake := modeltest.Start()
	b.Cleanup(fake.Close)
	body := strings.Repeat(say("word "), benchEvents) + finish("stop") +
		`data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":84}}` + "\n\n" + done
	fake.Handle(func(modeltest.Captured) modeltest.Reply { return modeltest.Raw(body) })
	p := provider(b, fake.URL, nil)
	clients := []struct {
		name string
		c    model.Client
	}{{"adapter", p}, {"adapter+chain", model.Chain(p)}}
	b.Run("raw", func(b *testing.B) {
		b.ReportAllocs()
		transport := model.NewTransport()
		defer transport.CloseIdleConnections()
		for b.Loop() {
			n := 0
			rawStream(b, &http.Client{Transport: transport}, fake.URL, func(l []byte) {
				if bytes.HasPrefix(l, []byte("data: ")) {
					n++
				}
			})
			if n != benchEvents+3 {
				b.Fatal(n)
			}
		}
		perEvent(b)
	})
	for _, c := range clients {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range c.c.Stream(b.Context(), ask("hi")) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != benchEvents+1 {
					b.Fatal(n)
				}
			}
			perEvent(b)
		})
	}
}

func perEvent(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/event")
}

// BenchmarkRelayLatency is the shape of the relay bench: streams of 84 events
// over one second, started at a fixed rate whatever became of those before.
// It reports the time from the moment before the server's write to the delta in
// hand. Every other stream is read raw, so that both meet the same machine.
func BenchmarkRelayLatency(b *testing.B) {
	const seconds = 5
	for _, rate := range []int{25, 100} {
		b.Run(fmt.Sprintf("%d-per-second", rate), func(b *testing.B) {
			for b.Loop() {
				raw, adapter := openLoop(b, rate, rate*seconds)
				for name, lat := range map[string][]time.Duration{"raw": raw, "adapter": adapter} {
					slices.Sort(lat)
					b.ReportMetric(float64(lat[len(lat)/2])/1e6, name+"-p50-ms")
					b.ReportMetric(float64(lat[len(lat)*99/100])/1e6, name+"-p99-ms")
				}
			}
		})
	}
}

func openLoop(b *testing.B, rate, streams int) (raw, adapter []time.Duration) {
	fake := modeltest.Start()
	defer fake.Close()
	fake.Handle(func(modeltest.Captured) modeltest.Reply {
		return modeltest.Paced(modeltest.Pace{Events: benchEvents, Over: time.Second, Text: func(_ int, at time.Time) string {
			return "@" + strconv.FormatInt(at.UnixNano(), 10) + "@"
		}})
	})
	transport := model.NewTransport()
	defer transport.CloseIdleConnections()
	p, err := model.New(model.Config{BaseURL: fake.URL, Model: "m", Transport: transport})
	if err != nil {
		b.Fatal(err)
	}
	chain := model.Chain(p)
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for i := range streams {
		time.Sleep(time.Until(start.Add(time.Second * time.Duration(i) / time.Duration(rate))))
		wg.Go(func() {
			into := &adapter
			var lat []time.Duration
			if i%2 == 0 {
				into = &raw
				rawStream(b, &http.Client{Transport: transport}, fake.URL, func(l []byte) { lat = since(lat, string(l)) })
			} else {
				for d, err := range chain.Stream(b.Context(), ask("hi")) {
					if err != nil {
						b.Error(err)
						return
					}
					lat = since(lat, d.Text)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			*into = append(*into, lat...)
		})
	}
	wg.Wait()
	if n := len(raw) + len(adapter); n != streams*benchEvents {
		b.Fatalf("%d events", n)
	}
	return raw, adapter
}

// since appends the age of a text that holds its moment between two signs.
func since(lat []time.Duration, text string) []time.Duration {
	_, rest, ok := strings.Cut(text, "@")
	if !ok {
		return lat
	}
	digits, _, _ := strings.Cut(rest, "@")
	ns, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return lat
	}
	return append(lat, time.Duration(time.Now().UnixNano()-ns))
}
