package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"syscall"
	"time"

	"gocloud.dev/blob"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// parcel is a file that was looked at and may be kept.
type parcel struct {
	name, kind string
	size       int64
	sum        []byte
	body       io.ReadSeeker
	picture    *picture
}

// Send keeps a file of the viewer's, attached nowhere yet. It refuses what is
// too large, what runs, and pictures that would not fit into memory.
func (s *Service) Send(ctx context.Context, name string, body io.ReadSeeker) (desk.Attachment, error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return desk.Attachment{}, err
	}
	p, err := s.examine(ctx, CleanName(name), body)
	if err != nil {
		return desk.Attachment{}, err
	}
	f := db.InsertFileParams{TenantID: v.Tenant, ID: desk.NewID(), UploaderID: v.User, Type: p.kind, Size: p.size, Sha256: p.sum}
	if p.picture != nil {
		w, h := int32(p.picture.width), int32(p.picture.height) //nolint:gosec // at most maxSide
		f.Picture, f.Width, f.Height = true, &w, &h
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		f.Name = p.name
		if _, err := tx.MaskCodes(ctx, v.User, &f.Name); err != nil {
			return err
		}
		if err := s.spend(ctx, tx, v, p.size); err != nil {
			return err
		}
		return tx.InsertFile(ctx, f)
	})
	if err != nil {
		return desk.Attachment{}, err
	}
	if err := s.write(ctx, v.Tenant, f.ID, p); err != nil {
		return desk.Attachment{}, errors.Join(full(err), s.forget(context.WithoutCancel(ctx), v.Tenant, f.ID))
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.FileStored(ctx, f.ID) })
	return attachment(db.File{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, Picture: f.Picture, Width: f.Width, Height: f.Height}), err
}

// examine reads a file once: its size, its digest, what it is.
func (s *Service) examine(ctx context.Context, name string, body io.ReadSeeker) (*parcel, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n == 0 {
		return nil, desk.Errorf(desk.CodeBrokenFile, "the file is empty").With("name", name)
	}
	head = head[:n]
	kind, program := kindOf(name, head)
	if program {
		return nil, desk.Errorf(desk.CodeFileProgram, "programs are not taken").With("name", name)
	}
	sum := sha256.New()
	sum.Write(head)
	var whole bytes.Buffer
	to := io.Writer(sum)
	if _, shown := formats[kind]; shown {
		whole.Write(head)
		to = io.MultiWriter(sum, &whole)
	}
	rest, err := io.Copy(to, io.LimitReader(body, s.cfg.MaxBytes-int64(n)+1))
	if err != nil {
		return nil, err
	}
	p := &parcel{name: name, kind: kind, size: int64(n) + rest, sum: sum.Sum(nil), body: body}
	if p.size > s.cfg.MaxBytes {
		return nil, s.TooLarge(name)
	}
	if p.picture, err = s.remake(ctx, name, kind, whole.Bytes()); err != nil || p.picture == nil {
		return p, err
	}
	digest := sha256.Sum256(p.picture.data)
	p.kind, p.size, p.sum = p.picture.kind, int64(len(p.picture.data)), digest[:]
	p.name, p.body = endingFor(name, p.kind), bytes.NewReader(p.picture.data)
	return p, nil
}

// spend counts a file for its person (SECURITY C7, H3), a small one as much as
// quotaUnit, so that their number is bounded as well.
func (s *Service) spend(ctx context.Context, tx *store.Tx, v desk.Viewer, size int64) error {
	units := int((size + quotaUnit - 1) / quotaUnit)
	ok, err := tx.Spend(ctx, "files:"+string(v.User), quotaOver, units, int(s.cfg.DayBytes/quotaUnit))
	if err == nil && !ok {
		most := s.cfg.DayBytes / megabyte
		err = desk.Errorf(desk.CodeFileQuota, "at most %d MB of files a day", most).With("max", most)
	}
	return err
}

func (s *Service) write(ctx context.Context, tenant, id desk.ID, p *parcel) error {
	if _, err := p.body.Seek(0, io.SeekStart); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience+time.Duration(p.size/slowest)*time.Second)
	defer cancel()
	if err := s.put(ctx, key(tenant, id), p.body); err != nil {
		return err
	}
	if p.picture == nil || p.picture.small == nil {
		return nil
	}
	return s.put(ctx, smallKey(tenant, id), bytes.NewReader(p.picture.small))
}

// put writes an object whole or not at all: a writer whose context ends before
// Close leaves nothing.
func (s *Service) put(ctx context.Context, key string, body io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.cfg.Bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: typeOther, DisableContentTypeDetection: true})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, body); err != nil {
		cancel()
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// full tells no room from other trouble with the store: the first is said, and
// of both only files suffer.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return desk.Wrap(desk.CodeStorageFull, err, "there is no room for files; everything else works")
	}
	return desk.Wrap(desk.CodeUnavailable, err, "files cannot be kept just now; try again")
}

func key(tenant, id desk.ID) string      { return string(tenant) + "/" + string(id) }
func smallKey(tenant, id desk.ID) string { return key(tenant, id) + ".small" }
