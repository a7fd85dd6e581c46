package assistant

import (
	"slices"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

// What stands between a message and the model: from the call of Say to the
// request at the provider, one turn after the other, with and without a search
// of the real knowledge base.
func BenchmarkSayToUpstream(b *testing.B) {
	for _, c := range []struct{ name, text string }{{"plain", "thanks"}, {"grounded", "My laptop won't connect to the VPN"}} {
		b.Run(c.name, func(b *testing.B) {
			w := newBench(b)
			chat := w.engine.cfg.Model
			built(b, w)
			w.engine.cfg.Model = chat
			arrived := make(chan time.Time, 1)
			w.fake.Handle(func(r modeltest.Captured) modeltest.Reply {
				arrived <- r.At
				return modeltest.Text("ok")
			})
			ctx := desk.WithViewer(b.Context(), w.ana)
			var took, committed []time.Duration
			for b.Loop() {
				conversation := desk.NewID()
				start := time.Now()
				ack, err := w.service.Say(ctx, conversations.Message{Conversation: conversation, ID: string(conversation), Text: c.text})
				if err != nil {
					b.Fatal(err)
				}
				committed = append(committed, time.Since(start))
				took = append(took, (<-arrived).Sub(start))
				b.StopTimer()
				w.ended(w.ana, conversation, ack.Turn)
				b.StartTimer()
			}
			slices.Sort(took)
			slices.Sort(committed)
			at := func(list []time.Duration, share float64) float64 {
				return float64(list[min(len(list)-1, int(share*float64(len(list))))].Microseconds()) / 1000
			}
			b.ReportMetric(at(committed, 0.5), "ms_say_p50")
			b.ReportMetric(at(took, 0.5), "ms_p50")
			b.ReportMetric(at(took, 0.99), "ms_p99")
		})
	}
}
