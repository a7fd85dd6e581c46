package chat

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
)

func FuzzFrames(f *testing.F) {
	for _, s := range []string{
		`{"type":"ping"}`, `{"type":"say","id":"a","text":"b"}`, `{"type":"open","after":1}`, `{"type":"event"}`, `[]`, `{`, "\x00", `{"type":"rate","seq":9e99}`,
		`{"type":"open","conversation":"01a209f4-c109-7a10-a4a1-022ab33a6154","after":3}`, strings.Repeat(`{"a":`, 3000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := parseFrame(data)
		if err == nil {
			if _, known := frameFields[frame.Type]; !known || !json.Valid(data) {
				t.Errorf("%q was taken", data)
			}
			if frame.Type == "say" && (frame.ID == "" || len(frame.ID) > maxMessageID) {
				t.Errorf("id %q was taken", frame.ID)
			}
			return
		}
		if code := desk.CodeOf(err); code == desk.CodeInternal {
			t.Errorf("%q: %v", data, err)
		}
		if out := errorFrame(err, frame.ID); !json.Valid(out) || !utf8.Valid(out) {
			t.Errorf("answer %q", out)
		}
	})
}

func TestDeltasInAnyOrderNeverShowAWrongText(t *testing.T) {
	const full = "one two three four 🙂 five"
	turn := desk.NewID()
	piece := func(attempt, from, to int) delta {
		return delta{Turn: turn, Attempt: attempt, Offset: from, Text: full[from:to]}
	}
	for _, c := range []struct {
		name   string
		deltas []delta
		base   int
		want   string
	}{
		{"in order", []delta{piece(1, 0, 4), piece(1, 4, 8)}, 0, full[:8]},
		{"twice", []delta{piece(1, 0, 4), piece(1, 0, 4), piece(1, 4, 8)}, 0, full[:8]},
		{"overlapping", []delta{piece(1, 0, 4), piece(1, 2, 8)}, 0, full[:8]},
		{"after a hole", []delta{piece(1, 0, 4), piece(1, 8, 13)}, 8, full[8:13]},
		{"a new attempt", []delta{piece(1, 0, 8), piece(2, 0, 4)}, 0, full[:4]},
		{"an old attempt", []delta{piece(2, 0, 4), piece(1, 0, 8)}, 0, full[:4]},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a answer
			for _, d := range c.deltas {
				a.add(d)
			}
			if string(a.text) != c.want || a.base != c.base {
				t.Errorf("%q from %d, want %q from %d", a.text, a.base, c.want, c.base)
			}
		})
	}
	for heard := range 12 { // a snapshot taken before, inside and after what was heard
		for taken := range len(full) {
			a := answer{turn: turn, attempt: 1, base: heard, text: []byte(full[heard:12])}
			a.merge(turn, 1, full[:taken])
			if !bytes.HasPrefix([]byte(full[a.base:]), a.text) || taken >= heard && (a.base != 0 || a.end() < 12) {
				t.Errorf("heard %d to 12, snapshot %d: %q from %d", heard, taken, a.text, a.base)
			}
		}
	}
}

func TestBucketLetsABurstThroughAndThenTheRate(t *testing.T) {
	var b bucket
	r := Rate{PerSecond: 2, Burst: 5}
	now := time.Now()
	for i := range 5 {
		if wait := b.take(r, now); wait > 0 {
			t.Errorf("frame %d waits %s", i, wait)
		}
	}
	if wait := b.take(r, now); wait != 500*time.Millisecond {
		t.Errorf("waits %s", wait)
	}
	now = now.Add(500 * time.Millisecond)
	if wait := b.take(r, now); wait > 0 {
		t.Errorf("waits %s", wait)
	}
}
