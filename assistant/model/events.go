package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// Bounds of one stream. A provider that passes them is broken or hostile.
const (
	maxLine   = 1 << 20  // one event; go-openai itself reads a line of any length
	maxLines  = 1 << 10  // data lines of one event
	maxStream = 64 << 20 // all bytes, comments and empty events included
)

// eventBody reads server-sent events as the standard has them and hands
// go-openai what its reader understands: one line "data: JSON" an event and at
// last "data: [DONE]". go-openai knows neither multi-line data nor a lone CR nor
// a byte order mark, swallows comments only up to a count, reads lines without
// bound, takes the end of the connection for the end of the answer, and
// replaces invalid UTF-8 silently; here each is right or an error. A stream
// that ends without [DONE] ends with io.ErrUnexpectedEOF.
type eventBody struct {
	src io.ReadCloser

	buf        []byte // read and not yet split are buf[start:end]
	start, end int
	scanned    int // bytes after start known to hold no line end
	total      int

	out     []byte // ready for the reader from sent on
	sent    int
	data    []byte // the event so far
	lines   int    // data lines in it; 0: no event
	isError bool   // the event's type is error
	first   bool   // no line was read yet
	skipLF  bool   // the last line ended with CR
	done    bool   // [DONE] was seen
	eof     bool   // src has ended
	err     error  // after out is read
}

func newEventBody(src io.ReadCloser) *eventBody {
	return &eventBody{src: src, buf: make([]byte, 8<<10), first: true}
}

// Read implements io.Reader.
func (b *eventBody) Read(p []byte) (int, error) {
	for b.sent == len(b.out) {
		b.out, b.sent = b.out[:0], 0
		if b.err != nil {
			return 0, b.err
		}
		b.step()
	}
	n := copy(p, b.out[b.sent:])
	b.sent += n
	return n, nil
}

// Close ends the connection, or gives it back to the pool: after [DONE] only
// the end of the body is left, and a body that was read to its end keeps the
// connection. The caller bounds the wait by ending the request's context.
func (b *eventBody) Close() error {
	if b.done && !b.eof {
		for range 4 {
			if _, err := b.src.Read(b.buf); err != nil {
				break
			}
		}
	}
	return b.src.Close()
}

// step splits one line off, or reads more bytes.
func (b *eventBody) step() {
	if b.skipLF && b.start < b.end {
		b.skipLF = false
		if b.buf[b.start] == '\n' {
			b.start++
		}
	}
	rest := b.buf[b.start:b.end]
	if i := bytes.IndexAny(rest[b.scanned:], "\r\n"); i >= 0 {
		i += b.scanned
		b.scanned = 0
		b.start += i + 1
		b.skipLF = rest[i] == '\r'
		b.line(rest[:i])
		return
	}
	b.scanned = len(rest)
	if b.eof {
		b.finish(rest)
		return
	}
	b.fill()
}

func (b *eventBody) fill() {
	if b.end-b.start > maxLine {
		b.err = failure(ClassRetryable, ReasonTooLarge, errors.New("one line above its limit"))
		return
	}
	if b.start > 0 {
		b.end = copy(b.buf, b.buf[b.start:b.end])
		b.start = 0
	}
	if b.end == len(b.buf) {
		b.buf = append(b.buf, make([]byte, len(b.buf))...)
	}
	n, err := b.src.Read(b.buf[b.end:])
	b.end += n
	b.total += n
	switch {
	case b.total > maxStream:
		b.err = failure(ClassRetryable, ReasonTooLarge, errors.New("the stream is above its limit"))
	case errors.Is(err, io.EOF):
		b.eof = true
	case err != nil:
		b.eof, b.err = true, err
	}
}

// finish handles what stands before the end of the connection: a last line
// without its line end counts if it is a whole event.
func (b *eventBody) finish(rest []byte) {
	b.start, b.scanned = b.end, 0
	if len(rest) > 0 {
		b.line(rest)
	}
	if b.err == nil && b.lines > 0 && (b.whole() || isDone(b.data)) {
		b.dispatch()
	}
	if b.err == nil {
		b.err = io.ErrUnexpectedEOF
	}
}

// line takes one line of the stream without its end.
func (b *eventBody) line(line []byte) {
	if b.first {
		b.first = false
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if len(line) == 0 {
		b.dispatch()
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		b.addData(value)
	case "event":
		b.isError = string(value) == "error"
	}
}

func (b *eventBody) addData(value []byte) {
	if !utf8.Valid(value) {
		b.err = failure(ClassRetryable, ReasonBadUTF8, errors.New("an event is not UTF-8"))
		return
	}
	if b.lines > 0 && (b.whole() || isDone(b.data)) {
		// Some servers forget the empty line between events.
		b.dispatch()
		if b.err != nil {
			return
		}
	}
	if b.lines > 0 {
		// A line break between two parts of an event; a tab is white space
		// to JSON as well, and as illegal inside a string.
		b.data = append(b.data, '\t')
	}
	if len(b.data)+len(value) > maxLine || b.lines == maxLines {
		b.err = failure(ClassRetryable, ReasonTooLarge, errors.New("one event above its limit"))
		return
	}
	b.data = append(b.data, value...)
	b.lines++
}

func (b *eventBody) whole() bool { return json.Valid(b.data) }

func isDone(data []byte) bool { return string(bytes.TrimSpace(data)) == "[DONE]" }

// dispatch hands the finished event over.
func (b *eventBody) dispatch() {
	data, isError := bytes.TrimSpace(b.data), b.isError
	b.data, b.lines, b.isError = b.data[:0], 0, false
	switch {
	case isError:
		b.err = providerError(data)
	case len(data) == 0:
	case string(data) == "[DONE]":
		b.done, b.err = true, io.EOF
		b.out = append(b.out, "data: [DONE]\n"...)
	default:
		b.out = append(b.out, "data: "...)
		if bytes.HasPrefix(data, []byte(`{"error":`)) {
			// go-openai reads on to the end of the connection after an
			// event that begins so, even if the error is null; a space
			// keeps it an event for the adapter to judge.
			b.out, data = append(b.out, "{ "...), data[1:]
		}
		b.out = append(b.out, data...)
		b.out = append(b.out, '\n')
	}
}
