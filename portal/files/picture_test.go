package files_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/files/filestest"
)

// photo is a JPEG of 60 by 40, red at its top left, that says where it was taken
// and that the camera was turned.
func photo(t *testing.T, turn byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := range 16 {
		for x := range 16 {
			img.SetRGBA(x, y, color.RGBA{220, 0, 0, 255})
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02" +
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(turn) + "\x00\x00" +
		"\x01\x0e\x00\x02\x00\x00\x00\x0c\x00\x00\x00\x26\x00\x00\x00\x00SECRET-PLACE")
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	return append(append(out, exif...), plain.Bytes()[2:]...)
}

func animation(t *testing.T) []byte {
	t.Helper()
	frame := image.NewPaletted(image.Rect(0, 0, 20, 10), color.Palette{color.White, color.Black})
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// SECURITY H3, G2: what is shown is a picture that we have written, and nothing
// but a picture.
func TestWhatAFileIsItsBytesSay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	webp, _ := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	script := []byte("<script>alert(1)</script>")
	for name, c := range map[string]struct {
		file    string
		data    []byte
		kind    string
		shown   bool
		serveAs string
	}{
		"a screenshot":             {"screen.png", filestest.PNG(t, 30, 20), "image/png", true, "image/png"},
		"a photo":                  {"photo.jpg", photo(t, 1), "image/jpeg", true, "image/jpeg"},
		"an animation":             {"moving.gif", animation(t), "image/png", true, "image/png"},
		"WebP":                     {"new.webp", webp, "image/jpeg", true, "image/jpeg"},
		"another ending":           {"screen.html", filestest.PNG(t, 30, 20), "image/png", true, "image/png"},
		"a script behind it":       {"poly.png", append(filestest.PNG(t, 30, 20), script...), "image/png", true, "image/png"},
		"a script in a GIF":        {"poly.gif", append(animation(t), script...), "image/png", true, "image/png"},
		"SVG":                      {"logo.svg", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image/svg+xml", false, "application/octet-stream"},
		"HTML":                     {"page.png", []byte("<!doctype html><script>alert(1)</script>"), "text/html", false, "application/octet-stream"},
		"a cut picture":            {"cut.png", filestest.PNG(t, 300, 200)[:200], "image/png", false, "application/octet-stream"},
		"only the start of a GIF":  {"start.gif", []byte("GIF89a\x09\x00\x09\x00<script>alert(1)</script>"), "image/gif", false, "application/octet-stream"},
		"PDF":                      {"manual.pdf", []byte("%PDF-1.7\n%âãÏÓ\n"), "application/pdf", false, "application/pdf"},
		"a log":                    {"app.log", []byte("2026-11-26 12:00 it broke\n"), "text/plain", false, "text/plain"},
		"text that is called HTML": {"a.html", []byte("just words"), "text/plain", false, "text/plain"},
	} {
		a, err := b.files.Send(as(t, b.ana), c.file, bytes.NewReader(c.data))
		if err != nil || a.Type != c.kind || a.Picture != c.shown {
			t.Errorf("%s: %+v %v", name, a, err)
			continue
		}
		f, err := b.files.Open(as(t, b.ana), a.ID)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(f)
		_ = f.Close()
		if err != nil || int64(len(got)) != f.Bytes || f.Bytes != a.Size || f.ServeAs != c.serveAs {
			t.Errorf("%s: served as %s, %d of %d bytes, %v", name, f.ServeAs, len(got), a.Size, err)
		}
		if c.shown && (bytes.Contains(got, script) || bytes.Contains(got, []byte("SECRET-PLACE"))) {
			t.Errorf("%s: more than a picture is left of it", name)
		}
		if c.shown && !strings.HasSuffix(a.Name, map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}[c.kind]) {
			t.Errorf("%s: called %s", name, a.Name)
		}
		p, err := b.files.OpenPicture(as(t, b.ana), a.ID)
		if c.shown != (err == nil) || !c.shown && desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("%s as a picture: %v", name, err)
		}
		if err == nil {
			_ = p.Close()
		}
	}
}

func TestATurnedPhotoStandsUpright(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// Where the red corner, top left in the file, belongs.
	for turn, c := range map[byte]struct{ w, h, x, y int }{
		1: {60, 40, 4, 4}, 2: {60, 40, 55, 4}, 3: {60, 40, 55, 35}, 4: {60, 40, 4, 35},
		5: {40, 60, 4, 4}, 6: {40, 60, 35, 4}, 7: {40, 60, 35, 55}, 8: {40, 60, 4, 55},
	} {
		a := filestest.Send(t, b.files, b.ana, "photo.jpg", photo(t, turn))
		f, err := b.files.Open(as(t, b.ana), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(f)
		_ = f.Close()
		if err != nil || img.Bounds().Dx() != c.w || img.Bounds().Dy() != c.h || a.Width != c.w || a.Height != c.h {
			t.Errorf("turn %d: %v, %+v", turn, err, a)
			continue
		}
		if r, g, _, _ := img.At(c.x, c.y).RGBA(); r < 0x9000 || g > 0x6000 {
			t.Errorf("turn %d: the corner is not at %d, %d", turn, c.x, c.y)
		}
	}
}

func TestALargePictureHasASmallOneForThePage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := filestest.Send(t, b.files, b.ana, "wide.png", filestest.PNG(t, 2000, 500))
	p, err := b.files.OpenPicture(as(t, b.ana), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	img, kind, err := image.DecodeConfig(p)
	if err != nil || img.Width != 640 || img.Height != 160 || "image/"+kind != p.ServeAs {
		t.Errorf("%+v %s %s %v", img, kind, p.ServeAs, err)
	}
	data, err := b.files.ForModel(as(t, b.ana), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || img.Width != 1536 || img.Height != 384 {
		t.Errorf("for a model: %+v %v", img, err)
	}
}

// SECURITY H3: the header says how large a picture is, and nothing is decoded.
func TestAPixelFloodIsRefusedByItsHeader(t *testing.T) { // alone: it counts what is allocated
	b := setup(t)
	jpegFlood := []byte("\xFF\xD8\xFF\xC0\x00\x11\x08\xFF\xFF\xFF\xFF\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xFF\xDA\x00\x0C\x03\x01\x00\x02\x11\x03\x11\x00\x3F\x00\x00\xFF\xD9")
	gifFlood := []byte("GIF89a\xFF\xFF\xFF\xFF\xF0\x00\x00\x00\x00\x00\xFF\xFF\xFF,\x00\x00\x00\x00\xFF\xFF\xFF\xFF\x00\x02\x02D\x01\x00;")
	webpFlood := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xFF\x3F\x00\xFF\x3F\x00")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for name, data := range map[string][]byte{
		"PNG": filestest.FloodPNG(60_000, 60_000), "a thin PNG": filestest.FloodPNG(1<<30, 1), "just too large": filestest.FloodPNG(5001, 5000),
		"JPEG": jpegFlood, "GIF": gifFlood, "WebP": webpFlood, "a long PNG": append(filestest.FloodPNG(60_000, 60_000), make([]byte, 20<<20)...),
	} {
		_, err := b.files.Send(as(t, b.ana), "flood", bytes.NewReader(data))
		if desk.CodeOf(err) != desk.CodePictureTooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	runtime.ReadMemStats(&after)
	if took, used := time.Since(start), after.TotalAlloc-before.TotalAlloc; took > 20*time.Second || used > 1<<30 {
		t.Errorf("%s and %d MB", took, used>>20)
	}
	if n := b.count(t, "select count(*) from files"); n != 0 {
		t.Errorf("%d files are kept", n)
	}
}

// A flood that its header does not tell of: what is decoded at once is bounded.
func TestThePictureAtTheLimitIsTaken(t *testing.T) {
	desktest.Unraced(t, "25 megapixels, one after the other")
	if testing.Short() {
		t.Skip("decodes 25 megapixels")
	}
	t.Parallel()
	b := setup(t)
	img := image.NewGray(image.Rect(0, 0, 5000, 5000))
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	if a := filestest.Send(t, b.files, b.ana, "large.png", out.Bytes()); !a.Picture {
		t.Errorf("%+v", a)
	}
}

func TestNamesAreHarmlessAndKeepTheirEnding(t *testing.T) {
	for in, want := range map[string]string{
		"Screenshot 1.png":                      "Screenshot 1.png",
		"Größe ÄÖÜ 日本.txt":                      "Größe ÄÖÜ 日本.txt",
		"../../etc/passwd":                      "passwd",
		`C:\Users\ana\bad.txt`:                  "bad.txt",
		"invoice\u202Egnp.exe":                  "invoicegnp.exe",
		"a\x00b\r\nSet-Cookie: x.txt":           "ab Set-Cookie_ x.txt",
		"tag\U000E0041\U000E0042.png":           "tag.png",
		"zero\u200B\uFEFFwidth.png":             "zerowidth.png",
		".htaccess":                             "htaccess",
		"":                                      "file",
		"...":                                   "file",
		"/":                                     "file",
		"\xFF\xFE.txt":                          "txt",
		`"><img src=x onerror=alert(1)>.png`:    "___img src=x onerror=alert(1)_.png",
		strings.Repeat("x", 300) + ".log":       strings.Repeat("x", 116) + ".log",
		strings.Repeat("é", 300):                strings.Repeat("é", 120),
		"x." + strings.Repeat("very", 100):      "x." + strings.Repeat("very", 29) + "ve",
		"con\u00A0non\u2028breaking\tspace.txt": "con non breaking space.txt",
	} {
		if got := files.CleanName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if again := files.CleanName(files.CleanName(in)); again != files.CleanName(in) {
			t.Errorf("%q: not the same twice: %q", in, again)
		}
	}
}

// ofScans is a progressive JPEG of one gray square that is drawn over n times.
func ofScans(n int) []byte {
	out := append([]byte("\xFF\xD8\xFF\xDB\x00\x43\x00"), bytes.Repeat([]byte{1}, 64)...)
	out = append(out, "\xFF\xC2\x00\x0B\x08\x00\x08\x00\x08\x01\x01\x11\x00"...)
	for _, table := range []string{"\x00%s\x00", "\x10%s\xE0"} { // one code, of one bit
		out = append(out, "\xFF\xC4\x00\x14"+strings.Replace(table, "%s", "\x01"+strings.Repeat("\x00", 15), 1)...)
	}
	out = append(out, "\xFF\xDA\x00\x08\x01\x01\x00\x00\x00\x00\x00"...)
	for range n - 1 {
		out = append(out, "\xFF\xDA\x00\x08\x01\x01\x00\x01\x3F\x00\x00\x00"...)
	}
	return append(out, "\xFF\xD9"...)
}

// A JPEG may draw over its 25 megapixels as often as it likes, at thirty bytes
// a time: one of 25 MB would keep a processor busy for hours.
func TestAJPEGThatDrawsWithoutEndIsNotDecoded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for scans, shown := range map[int]bool{10: true, 64: true, 65: false, 50_000: false} {
		if a := filestest.Send(t, b.files, b.ana, "scans.jpg", ofScans(scans)); a.Picture != shown {
			t.Errorf("%d scans: shown %t", scans, a.Picture)
		}
	}
	// What stands inside of another segment is no scan of the picture.
	preview := "\xFF\xE1\x02\x02" + strings.Repeat("\xFF\xDA\x00\x08", 128)
	if a := filestest.Send(t, b.files, b.ana, "preview.jpg", append([]byte("\xFF\xD8"+preview), ofScans(3)[2:]...)); !a.Picture {
		t.Error("a photo with a preview in it is not shown")
	}
}
