package chat_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/portal/desk"
)

// raw is a client that may break every rule of RFC 6455.
type raw struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (n *node) raw(t *testing.T, v visitor) raw {
	t.Helper()
	c, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET /api/v1/chat HTTP/1.1\r\nHost: %[1]s\r\nOrigin: http://%[1]s\r\nCookie: %[2]s=%[3]s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %[4]s\r\n\r\n", v.host, cookie, v.token, chat.Subprotocol)
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	return raw{t, c, in}
}

const (
	fin    = 0x80
	more   = 0x00
	cont   = 0
	text   = 1
	binry  = 2
	closes = 8
	ping   = 9
	pong   = 10
)

// wire is one frame of a client: masked, as it must be.
func wire(head byte, payload string) []byte {
	mask := [4]byte{1, 2, 3, 4}
	out := append(length([]byte{head}, len(payload), 0x80), mask[:]...)
	for i := range len(payload) {
		out = append(out, payload[i]^mask[i%4])
	}
	return out
}

func length(out []byte, n int, masked byte) []byte {
	switch {
	case n < 126:
		return append(out, masked|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, masked|126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(out, masked|127), uint64(n))
}

func unmasked(head byte, payload string) []byte {
	return append(length([]byte{head}, len(payload), 0), payload...)
}

// read returns the next frame of the server.
func (r raw) read() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(head[1] & 0x7f)
	if n == 126 {
		var size [2]byte
		if _, err := io.ReadFull(r.in, size[:]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(size[:]))
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r.in, payload)
	return head[0] & 0x0f, payload, err
}

// ends reads up to the server's close frame and returns its code, 0 when the
// connection just ended.
func (r raw) ends() int {
	for {
		op, payload, err := r.read()
		if err != nil {
			return 0
		}
		if op == closes {
			if len(payload) < 2 {
				return 1005
			}
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

func closeFrame(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// SECURITY C2, C3: the numbers are those of the Autobahn suite
// (data/security/websocket/autobahn-case-index.tsv).
func TestBrokenFramesCloseWithTheRightCodeAndHurtNobodyElse(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	v := h.visitor("ana", desk.RoleContact)
	bystander := n.dial(t, v)
	hello := `{"type":"ping"}`
	cases := map[string]struct {
		send []byte
		want int
	}{
		"2.5 ping of 126 bytes":                    {wire(fin|ping, strings.Repeat("x", 126)), 1002},
		"5.1 ping in two fragments":                {append(wire(more|ping, "a"), wire(fin|cont, "b")...), 1002},
		"5.2 pong in two fragments":                {append(wire(more|pong, "a"), wire(fin|cont, "b")...), 1002},
		"5.9 continuation of nothing":              {wire(fin|cont, hello), 1002},
		"5.12 continuation of nothing, unfinished": {wire(more|cont, hello), 1002},
		"5.18 a second beginning":                  {append(wire(more|text, hello), wire(fin|text, hello)...), 1002},
		"6.3.1 invalid UTF-8":                      {wire(fin|text, "\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), 1007},
		"6.3.2 invalid UTF-8 over fragments":       {append(wire(more|text, "\xce\xba\xe1"), wire(fin|cont, "\x28")...), 1007},
		"6.6.11 lone continuation byte":            {wire(fin|text, "\x80"), 1007},
		"7.3.2 close of one byte":                  {wire(fin|closes, "\x03"), 1005}, // the library reads no code in it, and answers without one
		"7.3.6 close of 126 bytes":                 {wire(fin|closes, closeFrame(1000, strings.Repeat("x", 124))), 1002},
		"7.5.1 close with invalid UTF-8":           {wire(fin|closes, closeFrame(1000, "\xce\xba\xe1\x80")), 1002},
		"unmasked":                                 {unmasked(fin|text, hello), 1002},
		"binary":                                   {wire(fin|binry, hello), 1003},
		"9.1 frame of 65 KiB":                      {wire(fin|text, strings.Repeat(" ", 65<<10)), 1009},
		"9.3 65 KiB in pieces of 1 KiB":            {append(append(wire(more|text, "{"), bytes.Repeat(wire(more|cont, strings.Repeat(" ", 1<<10)), 65)...), wire(fin|cont, "}")...), 1009},
		"length above 63 bits":                     {append([]byte{fin | text, 0x80 | 127}, bytes.Repeat([]byte{0xff}, 8)...), 0}, // cut off without a word
		"1 TiB announced":                          {append([]byte{fin | text, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0}, 1, 2, 3, 4), 1009},
		"7.1.1 by the book":                        {append(wire(fin|text, hello), wire(fin|closes, closeFrame(1000, ""))...), 1000},
	}
	for rsv := 1; rsv <= 7; rsv++ {
		cases[fmt.Sprintf("3.%d reserved bits", rsv)] = struct {
			send []byte
			want int
		}{wire(fin|byte(rsv)<<4|text, hello), 1002}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		cases[fmt.Sprintf("4 opcode %d", op)] = struct {
			send []byte
			want int
		}{wire(fin|op, hello), 1002}
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2999, 5000, 65535} {
		cases[fmt.Sprintf("7.9 close code %d", code)] = struct {
			send []byte
			want int
		}{wire(fin|closes, closeFrame(code, "")), 1002}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sock := n.raw(t, v)
			if _, err := sock.Write(c.send); err != nil {
				t.Fatal(err)
			}
			if got := sock.ends(); got != c.want {
				t.Errorf("closed with %d, want %d", got, c.want)
			}
		})
	}
	bystander.send(hello)
	bystander.until("pong")
}

// Autobahn 2.1 to 2.10, 5.3 to 5.8, 1.1.8.
func TestFragmentsAndPingsThatAreRightAreTaken(t *testing.T) {
	h := newHouse(t)
	n := h.node(echo, nil)
	sock := n.raw(t, h.visitor("ana", desk.RoleContact))
	message := `{"type":"ping"}`
	var all []byte
	all = append(all, wire(fin|pong, "nobody asked")...)
	all = append(all, wire(more|text, message[:1])...)
	for i := 1; i < len(message); i++ {
		all = append(all, wire(more|cont, message[i:i+1])...)
		if i == 5 {
			all = append(all, wire(fin|ping, strings.Repeat("p", 125))...)
		}
	}
	all = append(all, wire(fin|cont, "")...)
	for i := range all { // in single bytes
		if _, err := sock.Write(all[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{strings.Repeat("p", 125), `{"type":"pong"}`} {
		if _, got, err := sock.read(); err != nil || string(got) != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
}
