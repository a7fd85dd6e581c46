package software

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	_ "image/gif"  // read, written as PNG
	_ "image/jpeg" // read, written as PNG
	"image/png"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// Icons are the built-in icons that a row may name. The web interface draws
// them; an icon of one's own is a data URL instead.
func Icons() []string {
	return []string{
		"app", "api", "archive", "browser", "chat", "cloud", "code", "database", "document", "key",
		"mail", "music", "note", "office", "pdf", "photo", "security", "terminal", "tool", "video",
	}
}

const (
	iconSize     = 64        // pixels, of the larger side
	maxIconInput = 256 << 10 // bytes of the data URL
	maxIconSide  = 2048      // pixels of what is sent: no flood (ASVS 5.2.6)
)

// checkIcon returns the icon as it is stored: a built-in name, or a small PNG
// made anew from the pixels of what was sent, so that nothing but pixels
// arrives. SVG is none: it can hold programs (ASVS 1.3.4).
func checkIcon(icon string) (string, error) {
	if icon == "" || slices.Contains(Icons(), icon) {
		return icon, nil
	}
	bad := desk.Errorf(desk.CodeInvalid, "an icon is a built-in one or a picture: PNG, JPEG or GIF").On("icon")
	if len(icon) > maxIconInput {
		return "", desk.Errorf(desk.CodeTooLarge, "the picture is larger than %d bytes", maxIconInput).With("max", maxIconInput).On("icon")
	}
	head, encoded, found := strings.Cut(icon, ";base64,")
	if !found || !slices.Contains([]string{"data:image/png", "data:image/jpeg", "data:image/gif"}, head) {
		return "", bad
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", bad
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > maxIconSide || size.Height > maxIconSide {
		return "", bad
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", bad
	}
	var out bytes.Buffer
	if err := png.Encode(&out, shrink(picture)); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// shrink fits a picture into an icon: each pixel is the mean of those that it
// stands for. A smaller picture stays as it is.
func shrink(src image.Image) image.Image {
	b := src.Bounds()
	scale := max(b.Dx(), b.Dy(), iconSize)
	w, h := max(1, b.Dx()*iconSize/scale), max(1, b.Dy()*iconSize/scale)
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			area := image.Rect(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h, b.Min.X+(x+1)*b.Dx()/w, b.Min.Y+(y+1)*b.Dy()/h)
			dst.Set(x, y, mean(src, area))
		}
	}
	return dst
}

func mean(src image.Image, area image.Rectangle) color.Color {
	var sum [4]uint64
	n := uint64(area.Dx() * area.Dy()) //nolint:gosec // positive: of a picture's own bounds
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			r, g, b, a := src.At(x, y).RGBA()
			for i, v := range []uint32{r, g, b, a} {
				sum[i] += uint64(v)
			}
		}
	}
	part := func(i int) uint16 { return uint16(sum[i] / n) } //nolint:gosec // a mean of 16-bit values
	return color.RGBA64{R: part(0), G: part(1), B: part(2), A: part(3)}
}
