package model

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// readEvents reads body to its end through an eventBody, fed by wrap.
func readEvents(body string, wrap func(io.Reader) io.Reader) (string, string) {
	out, err := io.ReadAll(newEventBody(io.NopCloser(wrap(strings.NewReader(body)))))
	var e *Error
	switch {
	case errors.As(err, &e):
		return string(out), string(e.Reason)
	case err != nil:
		return string(out), err.Error()
	}
	return string(out), "done"
}

func whole(r io.Reader) io.Reader { return r }

// streamText draws text that looks like a stream, more or less.
func streamText(t *rapid.T) string {
	line := rapid.SampledFrom([]string{
		`data: {"choices":[{"delta":{"content":"Größe"}}]}`, `data:{"a":1}`, `data: {"a":`, `data: 1}`, "data: [DONE]", "data:", "data",
		": ping", "event: error", "event: x", "id: 7", "", "", "", "<html>", "\xef\xbb\xbf", `data: {"error":null}`, `data: {"error":{"code":"x"}}`, "data: \xff", "data: \"",
	})
	end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\r"})
	var b strings.Builder
	for range rapid.IntRange(0, 20).Draw(t, "lines") {
		b.WriteString(line.Draw(t, "line"))
		b.WriteString(end.Draw(t, "end"))
	}
	s := b.String()
	return s[:rapid.IntRange(0, len(s)).Draw(t, "cut")]
}

func TestEventsDoNotDependOnHowTheBytesArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := streamText(t)
		out, end := readEvents(body, whole)
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"one byte at a time": iotest.OneByteReader, "halves": iotest.HalfReader, "the end with the last bytes": iotest.DataErrReader,
		} {
			if o, e := readEvents(body, wrap); o != out || e != end {
				t.Fatalf("%s: %q and %s, at once %q and %s", name, o, e, out, end)
			}
		}
	})
}

func TestEventsAreLinesOfValidTextAndOnlyDoneEndsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkEvents(t, streamText(t)) })
}

func FuzzEvents(f *testing.F) {
	f.Add("data: {\"a\":1}\n\ndata: [DONE]\n\n")
	f.Add("\xef\xbb\xbfdata:1\rdata:2\r\n\r\n: x\nevent: error\ndata: boom\n\n")
	f.Fuzz(func(t *testing.T, body string) { checkEvents(t, body) })
}

// failer is a test or a property's draw.
type failer interface {
	Fatalf(format string, args ...any)
}

func checkEvents(t failer, body string) {
	out, end := readEvents(body, whole)
	if !utf8.ValidString(out) {
		t.Fatalf("not UTF-8: %q", out)
	}
	lines := strings.SplitAfter(out, "\n")
	for i, l := range lines[:len(lines)-1] {
		if !strings.HasPrefix(l, "data: ") || strings.HasPrefix(l, `data: {"error":`) {
			t.Fatalf("line %q", l)
		}
		if last := i == len(lines)-2; (l == "data: [DONE]\n") != (last && end == "done") {
			t.Fatalf("%q ended with %s", out, end)
		}
	}
	if lines[len(lines)-1] != "" {
		t.Fatalf("half a line: %q", out)
	}
}

func TestAnEndlessLineIsRefusedBeforeItIsRead(t *testing.T) {
	src := &countingReader{}
	_, err := io.Copy(io.Discard, newEventBody(io.NopCloser(src)))
	var e *Error
	if !errors.As(err, &e) || e.Reason != ReasonTooLarge || src.n > 3*maxLine {
		t.Fatalf("%v after %d bytes", err, src.n)
	}
}

// countingReader is an endless line.
type countingReader struct{ n int }

// Read implements io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte("a"), len(p)))
	r.n += len(p)
	return len(p), nil
}
