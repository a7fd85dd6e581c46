package files

import (
	"bytes"
	"context"
	"image"
	"io"
	"time"

	"gocloud.dev/gcerrors"
	"golang.org/x/image/draw"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Content is a file's bytes on their way to somebody who may have them.
type Content struct {
	io.ReadCloser
	desk.Attachment
	ServeAs string // the media type to say; never one that a browser would run
	Bytes   int64
}

// see finds a file that v may see: a loose one of their own, or one at a place
// that they see. All others are not found, whatever the reason.
func (s *Service) see(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (db.File, error) {
	row, err := tx.FileByID(ctx, id)
	if store.NoRows(err) {
		return db.File{}, notFound()
	}
	if err != nil {
		return db.File{}, err
	}
	f := row.File
	if loose(f) {
		if f.UploaderID != v.User {
			return db.File{}, notFound()
		}
		return f, nil
	}
	p := Place{Ticket: store.OrZero(f.TicketID), Reply: store.OrZero(f.ReplyID), Conversation: store.OrZero(f.ConversationID), Internal: store.OrZero(row.Internal)}
	if p.Reply != "" {
		p.Ticket = store.OrZero(row.ReplyTicket)
	}
	switch err := s.cfg.Sees(ctx, tx, v, p); desk.CodeOf(err) {
	case desk.CodeNotFound, desk.CodePolicy, desk.CodeForbidden:
		return db.File{}, notFound()
	default:
		return f, err
	}
}

// Open opens a file for reading.
func (s *Service) Open(ctx context.Context, id desk.ID) (*Content, error) {
	return s.open(ctx, id, func(f db.File) (string, string) {
		if f.Picture {
			return key(f.TenantID, f.ID), f.Type
		}
		return key(f.TenantID, f.ID), downloadType(f.Type)
	})
}

// OpenPicture opens a picture as it may stand in a page, at most as large as a
// time line needs. What is no picture is not found.
func (s *Service) OpenPicture(ctx context.Context, id desk.ID) (*Content, error) {
	return s.open(ctx, id, func(f db.File) (string, string) {
		switch {
		case !f.Picture:
			return "", ""
		case store.OrZero(f.Width) > smallSide || store.OrZero(f.Height) > smallSide:
			return smallKey(f.TenantID, f.ID), ""
		}
		return key(f.TenantID, f.ID), f.Type
	})
}

// open reads the object that which names, with the media type to say; empty is
// one of the two that we write.
func (s *Service) open(ctx context.Context, id desk.ID, which func(db.File) (key, kind string)) (*Content, error) {
	var f db.File
	err := s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) (err error) {
		f, err = s.see(ctx, tx, v, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	object, kind := which(f)
	if object == "" {
		return nil, notFound()
	}
	// The reader outlives the request's handler, and ends with what is sent.
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	silent := time.AfterFunc(s.cfg.Patience, cancel)
	r, err := s.cfg.Bucket.NewReader(reading, object, nil)
	silent.Stop()
	if err != nil {
		cancel()
	}
	switch gcerrors.Code(err) {
	case gcerrors.OK:
	case gcerrors.NotFound:
		s.cfg.Log.ErrorContext(ctx, "a file's bytes are missing", "tenant", f.TenantID, "file", f.ID)
		return nil, notFound()
	default:
		return nil, desk.Wrap(desk.CodeUnavailable, err, "files cannot be read just now; try again")
	}
	c := &Content{ReadCloser: patient{r, cancel, s.cfg.Patience}, Attachment: attachment(f), ServeAs: kind, Bytes: r.Size()}
	if kind != "" {
		return c, nil
	}
	return c, c.peek()
}

// patient gives up on a bucket that falls silent in the middle of a file.
type patient struct {
	io.ReadCloser

	cancel   context.CancelFunc
	patience time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	silent := time.AfterFunc(p.patience, p.cancel)
	defer silent.Stop()
	return p.ReadCloser.Read(b)
}

func (p patient) Close() error {
	defer p.cancel()
	return p.ReadCloser.Close()
}

// peek tells which of our two kinds a small picture is.
func (c *Content) peek() error {
	head := make([]byte, 1)
	if _, err := io.ReadFull(c.ReadCloser, head); err != nil {
		_ = c.Close()
		return desk.Wrap(desk.CodeUnavailable, err, "files cannot be read just now; try again")
	}
	c.ServeAs = typePNG
	if head[0] == 0xFF {
		c.ServeAs = typeJPEG
	}
	rest := c.ReadCloser
	c.ReadCloser = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), rest}
	return nil
}

// ForModel returns a picture that the viewer may see as a JPEG of a size that
// models read.
func (s *Service) ForModel(ctx context.Context, id desk.ID) ([]byte, error) {
	c, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if !c.Picture {
		return nil, notFound()
	}
	need := min(int64(c.Width)*int64(c.Height)*formats[c.Type].bytesPerPixel+1, decodeMemory)
	if err := s.memory.Acquire(ctx, need); err != nil {
		return nil, err
	}
	defer s.memory.Release(need)
	img, err := formats[c.Type].decode(c)
	if err != nil {
		return nil, err
	}
	return encode(onWhite(fit(img, modelSide)), typeJPEG)
}

// onWhite is a picture without what shines through, which JPEG draws black.
func onWhite(img image.Image) image.Image {
	if opaque(img) {
		return img
	}
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for i := range out.Pix {
		out.Pix[i] = 0xFF
	}
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	return out
}
