package files

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/conserje/conserje/portal/desk"
)

// The bounds of decoding (SECURITY H3). The header says how large a picture is,
// and it is asked before anything is decoded.
const (
	maxPixels    = 25_000_000
	maxSide      = 20_000
	maxScans     = 64        // of a JPEG: each goes over all of its pixels, and takes thirty bytes
	decodeMemory = 512 << 20 // of all pictures at once on one node

	smallSide   = 640  // of the picture in a time line
	modelSide   = 1536 // of the picture that a model reads
	jpegQuality = 88
)

// format is how one kind of picture is read.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	meta   imagemeta.ImageFormat
	// bytesPerPixel is what decoding takes at worst: of a progressive JPEG all
	// coefficients are held beside the picture.
	bytesPerPixel int64
}

// Of an animation only the first picture is read: the header does not say how
// many there are.
var formats = map[string]format{
	typePNG:  {png.DecodeConfig, png.Decode, imagemeta.PNG, 12},
	typeJPEG: {jpeg.DecodeConfig, jpeg.Decode, imagemeta.JPEG, 20},
	typeGIF:  {gif.DecodeConfig, gif.Decode, imagemeta.ImageFormatAuto, 5},
	typeWebP: {webp.DecodeConfig, webp.Decode, imagemeta.WebP, 12},
}

// picture is what is kept of one: made anew, without what else its file held.
type picture struct {
	data, small   []byte // small is nil where data is small enough
	kind          string
	width, height int
}

// remake decodes a picture and writes it anew. One that cannot be decoded is
// none (nil): it is a file like any other, and never shown. One with too many
// pixels is refused.
func (s *Service) remake(ctx context.Context, name, kind string, data []byte) (*picture, error) {
	f, ok := formats[kind]
	if !ok {
		return nil, nil //nolint:nilnil // no picture is no error
	}
	size, err := f.config(bytes.NewReader(data))
	if err != nil || size.Width <= 0 || size.Height <= 0 {
		return nil, nil //nolint:nilnil // it only begins like one
	}
	pixels := int64(size.Width) * int64(size.Height)
	if pixels > maxPixels || size.Width > maxSide || size.Height > maxSide {
		const most = maxPixels / 1_000_000
		return nil, desk.Errorf(desk.CodePictureTooLarge, "a picture may have at most %d megapixels", most).With("max", most).With("name", name)
	}
	if kind == typeJPEG && scansOf(data) > maxScans {
		return nil, nil //nolint:nilnil // nobody's camera writes such a one
	}
	need := min(pixels*f.bytesPerPixel+1, decodeMemory)
	if err := s.memory.Acquire(ctx, need); err != nil {
		return nil, err
	}
	defer s.memory.Release(need)
	img, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, nil //nolint:nilnil // it only begins like one
	}
	return encoded(upright(img, turnOf(data, f.meta)), kind)
}

// scansOf counts how often a JPEG draws over its picture, without drawing.
func scansOf(data []byte) (n int) {
	const startOfScan, endOfImage = 0xDA, 0xD9
	for i := 2; i+3 < len(data); {
		if data[i] != 0xFF || data[i+1] == 0xFF { // a scan's data, or filling
			i++
			continue
		}
		marker := data[i+1]
		i += 2
		switch {
		case marker == endOfImage:
			return n
		case marker < 0xC0, marker >= 0xD0 && marker < endOfImage: // no segment: data, or where a reader may start anew
			continue
		case marker == startOfScan:
			n++
		}
		i += int(data[i])<<8 | int(data[i+1])
	}
	return n
}

func encoded(img image.Image, kind string) (*picture, error) {
	p := &picture{kind: typePNG, width: img.Bounds().Dx(), height: img.Bounds().Dy()}
	if kind == typeJPEG || kind == typeWebP && opaque(img) {
		p.kind = typeJPEG
	}
	var err error
	if p.data, err = encode(img, p.kind); err != nil {
		return nil, err
	}
	if p.width > smallSide || p.height > smallSide {
		small, as := fit(img, smallSide), typePNG
		if opaque(img) {
			as = typeJPEG
		}
		p.small, err = encode(small, as)
	}
	return p, err
}

func encode(img image.Image, kind string) ([]byte, error) {
	var out bytes.Buffer
	if kind == typeJPEG {
		err := jpeg.Encode(&out, img, &jpeg.Options{Quality: jpegQuality})
		return out.Bytes(), err
	}
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// fit scales a picture down so that no side is longer than most.
func fit(img image.Image, most int) image.Image {
	b := img.Bounds()
	long := max(b.Dx(), b.Dy())
	if long <= most {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()*most/long), max(1, b.Dy()*most/long)))
	draw.BiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	return out
}

// turnOf reads how the camera was held, 1 to 8 as EXIF counts; it is lost with
// the rest of what the file says about itself, so the picture is turned.
func turnOf(data []byte, kind imagemeta.ImageFormat) int {
	turn := 1
	if kind == imagemeta.ImageFormatAuto {
		return turn
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: kind, Sources: imagemeta.EXIF, Timeout: time.Second, LimitNumTags: 200, LimitTagSize: 100,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Tag == "Orientation" && t.Namespace == "IFD0" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if n, err := fmt.Sscan(fmt.Sprint(t.Value), &turn); n != 1 || err != nil || turn < 1 || turn > 8 {
				turn = 1
			}
			return nil
		},
	}) // what cannot be read says nothing
	return turn
}

// upright undoes a turn.
func upright(img image.Image, turn int) image.Image {
	if turn <= 1 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	from := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(from, from.Bounds(), img, b.Min, draw.Src)
	ow, oh := w, h
	if turn >= 5 {
		ow, oh = h, w
	}
	to := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := source(turn, x, y, w, h)
			copy(to.Pix[y*to.Stride+4*x:][:4], from.Pix[sy*from.Stride+4*sx:][:4])
		}
	}
	return to
}

// source is the point of a picture of w by h that stands at (x, y) once it is
// upright.
func source(turn, x, y, w, h int) (int, int) {
	switch turn {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	default:
		return w - 1 - y, x
	}
}
