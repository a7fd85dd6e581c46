// Package pdf reads the text of PDF files.
//
// The contract (SECURITY H3): a file is taken apart by PDFium inside of
// WebAssembly, which has a bounded memory of its own, no file, no network and
// no clock, and is stopped when its time is over. Whatever a file does to its
// reader, the next one gets a fresh one. One file is read at a time.
//
// PDFium is compiled for this machine when the first file comes. That takes
// seconds, so its result is kept in a folder and loaded from there the next
// time.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	perrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The bounds of one file.
const (
	MaxPages    = 300
	maxChars    = 60_000  // of one page: a poster in small print has a third
	maxText     = 1 << 20 // of all pages together, in bytes
	memoryPages = 2_048   // of 64 KiB: 128 MiB
	timeForFile = 90 * time.Second
)

// Why a file cannot be read.
var (
	ErrBroken   = errors.New("not a PDF, or damaged")
	ErrLocked   = errors.New("protected by a password")
	ErrTooMany  = fmt.Errorf("more than %d pages", MaxPages)
	ErrTooLarge = errors.New("more text than an article may have")
	ErrTooSlow  = errors.New("not read within its time or memory")
	ErrNoText   = errors.New("pictures of text, without text")
)

// Reader reads PDF files. It is safe for concurrent use.
type Reader struct {
	cache string
	limit time.Duration
	seat  chan struct{} // of one; whoever sits there owns pool
	pool  pdfium.Pool
	quit  context.CancelFunc // stops what runs in the pool, for good
}

// New returns a reader that keeps the compiled PDFium in a folder; without one
// it compiles it in each process. Nothing happens before the first file.
func New(cache string) *Reader {
	return &Reader{cache: cache, limit: timeForFile, seat: make(chan struct{}, 1)}
}

// Document is what a file says.
type Document struct {
	Title string
	Lang  string // as the file names it, such as en-GB; mostly empty
	Pages []Page
}

// Page is one page's text, line by line in reading order.
type Page struct{ Lines []Line }

// Line is a line of text. Top is where it stands, from the page's foot, in
// points.
type Line struct {
	Text      string
	Size, Top float64
	Bold      bool
}

// Read takes a file apart.
func (r *Reader) Read(ctx context.Context, data []byte) (Document, error) {
	select {
	case r.seat <- struct{}{}:
		defer func() { <-r.seat }()
	case <-ctx.Done():
		return Document{}, ctx.Err()
	}
	if r.pool == nil {
		if err := r.open(ctx); err != nil {
			return Document{}, err
		}
	}
	inside, err := r.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return Document{}, fmt.Errorf("pdf reader: %w", err)
	}
	limit, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	// Not by the instance's own Kill, which writes without a lock what a running
	// call reads: the pool is stopped by its context, and the next file opens
	// another.
	stop := context.AfterFunc(limit, r.quit)
	doc, err := read(inside, data)
	if !stop() {
		r.quit()
		_ = r.pool.Close() // what stood in it is over
		r.pool = nil
		return Document{}, ErrTooSlow
	}
	if closeErr := inside.Close(); closeErr != nil && err == nil {
		err = ErrTooSlow // it fell over its own memory
	}
	return doc, err
}

func (r *Reader) open(ctx context.Context) error {
	cfg := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(true)
	if r.cache != "" {
		kept, err := wazero.NewCompilationCacheWithDir(r.cache)
		if err != nil {
			return fmt.Errorf("folder of the compiled pdf reader: %w", err)
		}
		cfg = cfg.WithCompilationCache(kept)
	}
	ctx, quit := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the file that it is opened for
	pool, err := webassembly.Init(webassembly.Config{
		Context: ctx,
		MaxIdle: 1, MaxTotal: 1, RuntimeConfig: cfg,
		FSConfig: wazero.NewFSConfig(), // no file is within its reach
		Stdout:   io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		quit()
		return fmt.Errorf("pdf reader: %w", err)
	}
	r.pool, r.quit = pool, quit
	return nil
}

// read turns every way in which PDFium ends into one of this package's errors.
func read(inside pdfium.Pdfium, data []byte) (doc Document, err error) {
	defer func() {
		if p := recover(); p != nil { // memory that it cannot get ends it abruptly
			doc, err = Document{}, ErrTooSlow
		}
	}()
	opened, err := inside.OpenDocument(&requests.OpenDocument{File: &data})
	switch {
	case errors.Is(err, perrors.ErrPassword), errors.Is(err, perrors.ErrSecurity):
		return doc, ErrLocked
	case damaged(err):
		return doc, ErrBroken
	case err != nil:
		return doc, ErrTooSlow
	}
	count, err := inside.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return doc, ErrTooSlow
	}
	switch {
	case count.PageCount > MaxPages:
		return doc, ErrTooMany
	case count.PageCount <= 0:
		return doc, ErrBroken
	}
	doc.Title, doc.Lang = about(inside, opened.Document)
	size, readable := 0, 0
	for i := range count.PageCount {
		p, err := readPage(inside, opened.Document, i)
		switch {
		case err == nil:
			readable++
		case errors.Is(err, ErrTooLarge):
			return doc, err
		case !damaged(err):
			return doc, ErrTooSlow // PDFium itself fell over
		}
		doc.Pages = append(doc.Pages, p) // a page that is damaged is an empty one
		for _, l := range p.Lines {
			size += len(l.Text)
		}
		if size > maxText {
			return doc, ErrTooLarge
		}
	}
	switch {
	case readable == 0:
		return doc, ErrBroken
	case size == 0:
		return doc, ErrNoText
	}
	return doc, nil
}

// damaged tells what PDFium says of a file from what happens to PDFium.
func damaged(err error) bool {
	return errors.Is(err, perrors.ErrFile) || errors.Is(err, perrors.ErrFormat) || errors.Is(err, perrors.ErrPage) || errors.Is(err, perrors.ErrUnknown)
}

// about reads what the file says of itself; it says so seldom that a failure
// is no reason.
func about(inside pdfium.Pdfium, d references.FPDF_DOCUMENT) (title, lang string) {
	if t, err := inside.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: d, Tag: "Title"}); err == nil {
		title = strings.TrimSpace(t.Value)
	}
	if l, err := inside.FPDFCatalog_GetLanguage(&requests.FPDFCatalog_GetLanguage{Document: d}); err == nil {
		lang = strings.TrimSpace(l.Language)
	}
	return title, lang
}

func readPage(inside pdfium.Pdfium, d references.FPDF_DOCUMENT, i int) (Page, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: d, Index: i}}
	// Counted before anything is copied out of PDFium's own memory.
	text, err := inside.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return Page{}, err
	}
	chars, err := inside.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return Page{}, err
	}
	if chars.Count > maxChars {
		return Page{}, ErrTooLarge
	}
	if _, err := inside.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}); err != nil {
		return Page{}, err
	}
	found, err := inside.GetPageTextStructured(&requests.GetPageTextStructured{
		Page: page, Mode: requests.GetPageTextStructuredModeRects, CollectFontInformation: true,
	})
	if err != nil {
		return Page{}, err
	}
	return Page{Lines: lines(found.Rects)}, nil
}

// asWritten puts back the hyphen at the end of a line, which PDFium marks.
var asWritten = strings.NewReplacer("\x00", "", "\x02", "-", "\ufffe", "-")

// lines joins the pieces that stand beside each other. PDFium gives them in the
// order of the page, which is the order of reading in all but odd files.
func lines(pieces []*responses.GetPageTextStructuredRect) []Line {
	var out []Line
	var right float64
	for _, p := range pieces {
		text := strings.Join(strings.Fields(strings.ToValidUTF8(asWritten.Replace(p.Text), "")), " ")
		if text == "" {
			continue
		}
		at := p.PointPosition
		l := Line{Text: text, Size: at.Top - at.Bottom, Top: (at.Top + at.Bottom) / 2}
		if f := p.FontInformation; f != nil {
			if f.RenderedSize > 0 {
				l.Size = f.RenderedSize
			}
			l.Bold = f.Weight >= 600 || strings.Contains(strings.ToLower(f.Name), "bold")
		}
		if n := len(out); n > 0 && at.Left >= right-1 && near(out[n-1], l) {
			last := &out[n-1]
			if at.Left-right > 0.12*l.Size {
				last.Text += " "
			}
			last.Text += text
			last.Size, last.Bold = max(last.Size, l.Size), last.Bold && l.Bold
		} else {
			out = append(out, l)
		}
		right = at.Right
	}
	return out
}

// near reports whether two pieces stand on one line.
func near(a, b Line) bool {
	apart := a.Top - b.Top
	return apart < 0.4*max(a.Size, b.Size) && apart > -0.4*max(a.Size, b.Size)
}
