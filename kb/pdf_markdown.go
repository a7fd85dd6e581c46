package kb

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/conserje/conserje/kb/pdf"
	"github.com/conserje/conserje/portal/desk"
)

const maxPDF = 16 << 20

// PDFReader takes PDF files apart; *pdf.Reader is one. Its errors are those of
// its package.
type PDFReader interface {
	Read(ctx context.Context, data []byte) (pdf.Document, error)
}

// pageWord names a page in an article whose file has no headings.
var pageWord = map[desk.Language]string{"en": "Page", "es": "Página", "de": "Seite", "fr": "Page", "it": "Pagina"}

// readPDF makes an article of a PDF: its headings where there are some, else
// its pages as sections, so that a citation leads to the right place.
func (v *version) readPDF(ctx context.Context, r PDFReader, data []byte) *desk.Error {
	doc, err := r.Read(ctx, data)
	if err != nil {
		return v.pdfProblem(err)
	}
	if l, _, _ := strings.Cut(strings.ToLower(doc.Lang), "-"); desk.Language(l).Valid() {
		v.lang = desk.Language(l)
	}
	blocks := doc.Blocks()
	v.title = oneLine(doc.Title)
	if looksLikeFile(v.title) {
		v.title = ""
	}
	headings := 0
	for i, b := range blocks {
		if b.Level == 0 {
			continue
		}
		if v.title == "" && headings == 0 {
			v.title = b.Text
		}
		if i == 0 && oneLine(b.Text) == v.title {
			blocks[i].Text = ""
			continue
		}
		headings++
	}
	if v.title == "" {
		v.title = strings.ReplaceAll(stemOf(v.name), "_", " ")
	}
	v.markdown = markdownOf(blocks, headings == 0 && len(doc.Pages) > 1, pageWord[v.lang])
	return nil
}

// looksLikeFile reports a title that a program made of a file's name.
func looksLikeFile(title string) bool {
	lower := strings.ToLower(title)
	return strings.HasPrefix(lower, "microsoft word - ") || strings.HasPrefix(lower, "untitled") ||
		strings.HasSuffix(lower, ".doc") || strings.HasSuffix(lower, ".docx") || strings.HasSuffix(lower, ".pdf") || strings.HasSuffix(lower, ".indd")
}

func markdownOf(blocks []pdf.Block, byPage bool, word string) string {
	var b strings.Builder
	page, list := 0, false
	for _, x := range blocks {
		if x.Text == "" {
			continue
		}
		if byPage && x.Page != page {
			page, list = x.Page, false
			b.WriteString("\n## " + word + " " + strconv.Itoa(page) + "\n")
		}
		if !list || !x.Item {
			b.WriteByte('\n')
		}
		list = x.Item
		text := plainly.Replace(x.Text)
		switch {
		case x.Level > 0:
			b.WriteString(strings.Repeat("#", x.Level+1) + " " + text + "\n")
		case x.Count:
			b.WriteString("1. " + text + "\n")
		case x.Item:
			b.WriteString("- " + text + "\n")
		default:
			b.WriteString(unmarked(text) + "\n")
		}
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// pdfProblem says in words why a PDF was not taken.
func (v *version) pdfProblem(err error) *desk.Error {
	switch {
	case errors.Is(err, pdf.ErrLocked):
		return desk.Errorf(desk.CodeFileLocked, "the file is protected by a password; save it without one").With("name", v.name)
	case errors.Is(err, pdf.ErrNoText):
		return desk.Errorf(desk.CodeFileNoText, "the file holds pictures of text and no text; run text recognition on it first").With("name", v.name)
	case errors.Is(err, pdf.ErrTooMany):
		return desk.Errorf(desk.CodeTooManyPages, "the file has more than %d pages; split it", pdf.MaxPages).With("name", v.name).With("max", pdf.MaxPages)
	case errors.Is(err, pdf.ErrTooLarge):
		return desk.Errorf(desk.CodeTooLarge, "its text is larger than %d bytes", maxDocument).With("name", v.name).With("max", maxDocument)
	case errors.Is(err, pdf.ErrTooSlow):
		return desk.Errorf(desk.CodeFileTooHard, "the file took too much time or memory to read; save it anew or split it").With("name", v.name)
	case errors.Is(err, pdf.ErrBroken):
		return desk.Errorf(desk.CodeBrokenFile, "the file is damaged, or no PDF; open it and save it again").With("name", v.name)
	}
	return desk.Wrap(desk.CodeUnavailable, err, "PDF files cannot be read at the moment; try again").With("name", v.name)
}
