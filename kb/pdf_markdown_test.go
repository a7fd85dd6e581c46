package kb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/evaltest"
	"github.com/conserje/conserje/kb/pdf"
	"github.com/conserje/conserje/kb/pdf/pdftest"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

func withPDF(t *testing.T) bundle {
	t.Helper()
	base := storetest.New(t)
	b := on(t, base, evaltest.Offline{})
	b.KB = kb.New(kb.Config{Store: base, Embedder: evaltest.Offline{}, PDF: pdf.New(pdftest.Cache()), Log: storetest.Log(t)})
	return b
}

func line(size, top float64, text string) pdftest.Line {
	return pdftest.Line{Size: size, Top: top, Text: text}
}

func TestP9APDFBecomesAnArticleWhosePassagesAreCited(t *testing.T) {
	t.Parallel()
	b := withPDF(t)
	headed := pdftest.File("Fax machines", []pdftest.Line{
		line(22, 780, "Fax machines"), line(16, 740, "Zebra mode"), line(11, 720, "Press the zebra key for three seconds."),
		line(16, 680, "Paper"), line(11, 660, "Use thin paper."),
	})
	plain := pdftest.File("scan.docx", []pdftest.Line{line(11, 700, "First the quokka is switched on.")}, []pdftest.Line{line(11, 700, "Then the wombat is switched off.")})
	r, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: "fax.pdf", Data: headed}, {Name: "de/ger_aet.pdf", Data: plain}}, kb.ImportOptions{})
	if err != nil || r.Created != 2 || len(r.Problems) != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	hits := b.find(t, b.admin, "zebra key", "en")
	if len(hits) == 0 || hits[0].Title != "Fax machines" || hits[0].Heading != "Zebra mode" || !strings.Contains(hits[0].Text, "Press the zebra key") {
		t.Errorf("%+v", hits)
	}
	hits = b.find(t, b.admin, "wombat", "de")
	if len(hits) == 0 || hits[0].Title != "ger aet" || hits[0].Heading != "Seite 2" {
		t.Errorf("%+v", hits)
	}
	again, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: "fax.pdf", Data: headed}}, kb.ImportOptions{})
	if err != nil || again.Unchanged != 1 {
		t.Errorf("%+v %v", again, err)
	}
}

// fails is a reader that meets one thing only.
type fails struct{ err error }

func (f fails) Read(context.Context, []byte) (pdf.Document, error) { return pdf.Document{}, f.err }

func TestAPDFThatCannotBeReadSaysWhyAndStopsNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for err, want := range map[error]desk.Code{
		pdf.ErrBroken: desk.CodeBrokenFile, pdf.ErrLocked: desk.CodeFileLocked, pdf.ErrNoText: desk.CodeFileNoText, pdf.ErrTooMany: desk.CodeTooManyPages,
		pdf.ErrTooLarge: desk.CodeTooLarge, pdf.ErrTooSlow: desk.CodeFileTooHard, context.DeadlineExceeded: desk.CodeUnavailable,
	} {
		k := kb.New(kb.Config{Store: b.store, PDF: fails{err}, Log: storetest.Log(t)})
		good := article("good-"+string(want), "en", "Good", "Text.")
		r, importErr := k.Import(t.Context(), b.admin, []kb.Document{{Name: "x.pdf", Data: []byte("%PDF")}, good}, kb.ImportOptions{})
		if importErr != nil || r.Created != 1 || len(r.Problems) != 1 || r.Problems[0].Err.Code != want || r.Problems[0].Err.Params["name"] != "x.pdf" {
			t.Errorf("%v: %+v %v", err, r, importErr)
		}
	}
	if r, err := b.Import(t.Context(), b.admin, []kb.Document{{Name: "x.pdf", Data: []byte("%PDF")}}, kb.ImportOptions{}); err != nil || len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeUnsupportedFile {
		t.Errorf("without a reader: %+v %v", r, err)
	}
}
