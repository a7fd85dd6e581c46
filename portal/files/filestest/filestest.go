// Package filestest gives tests a file store and files to put into it.
package filestest

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// Nobody sees no place at all.
func Nobody(context.Context, *store.Tx, desk.Viewer, files.Place) error {
	return desk.Errorf(desk.CodeNotFound, "nobody sees this")
}

// New returns a service on a folder of the test's own; dir is where.
func New(t testing.TB, s *store.Store, sees func(context.Context, *store.Tx, desk.Viewer, files.Place) error, set ...func(*files.Config)) (service *files.Service, dir string) {
	t.Helper()
	dir = t.TempDir()
	bucket, err := files.OpenBucket(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	cfg := files.Config{Store: s, Bucket: bucket, Sees: sees, Log: storetest.Log(t)}
	for _, f := range set {
		f(&cfg)
	}
	return files.New(cfg), dir
}

// Send sends a file as v.
func Send(t testing.TB, s *files.Service, v desk.Viewer, name string, data []byte) desk.Attachment {
	t.Helper()
	a, err := s.Send(desk.WithViewer(t.Context(), v), name, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// PNG draws a picture.
func PNG(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FloodPNG is a few bytes that say that they are a picture of this size.
func FloodPNG(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(nil, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 6, 0, 0, 0)
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		kind string
		data []byte
	}{{"IHDR", head}, {"IDAT", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01")}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		body := append([]byte(c.kind), c.data...)
		out = append(out, body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
	}
	return out
}
