package kb

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// The limits of a DOCX, which is a zip of XML (SECURITY H3). They hold before
// anything is unpacked and again while it is: what a file says of itself is not
// believed. Only the parts named here are ever opened, in memory; pictures and
// whatever else lies in the zip stay packed.
const (
	maxDocx      = 16 << 20 // packed
	maxDocxFiles = 2_000
	maxDocxPart  = 16 << 20 // unpacked, each of the parts that are read
	maxDocxRatio = 200      // unpacked to packed
	maxXMLDepth  = 200
)

var errDocxBomb = errors.New("it unpacks to far more than it is")

// wordNS is the namespace of Word's elements, in both of its spellings.
func wordNS(space string) bool {
	return space == "http://schemas.openxmlformats.org/wordprocessingml/2006/main" || space == "http://purl.oclc.org/ooxml/wordprocessingml/main"
}

// readDocx makes an article of a Word document: headings, paragraphs, lists,
// tables and links to the web.
func (v *version) readDocx(data []byte) *desk.Error {
	broken := func(err error) *desk.Error {
		if errors.Is(err, errDocxBomb) {
			return desk.Wrap(desk.CodeFileTooHard, err, "the file unpacks to too much").With("name", v.name)
		}
		return desk.Wrap(desk.CodeBrokenFile, err, "the file is damaged, or no Word document; open it and save it again").With("name", v.name)
	}
	// Every entry has this mark; the directory is not even read when there are too many.
	if bytes.Count(data, []byte("PK\x01\x02")) > maxDocxFiles {
		return broken(errDocxBomb)
	}
	files, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return broken(err)
	}
	d := docx{styles: map[string]string{}, ordered: map[string]bool{}, links: map[string]string{}}
	for _, part := range []struct {
		name string
		read func([]byte) error
		must bool
	}{
		{"word/styles.xml", d.readStyles, false},
		{"word/numbering.xml", d.readNumbering, false},
		{"word/_rels/document.xml.rels", d.readLinks, false},
		{"docProps/core.xml", d.readCore, false},
		{"word/document.xml", d.readBody, true},
	} {
		raw, err := partOf(files, part.name)
		if err == nil && raw != nil {
			err = part.read(raw)
		}
		if err == nil && raw == nil && part.must {
			err = errors.New("it has no " + part.name)
		}
		if err != nil {
			return broken(err)
		}
	}
	v.markdown = d.markdown()
	v.title, v.summary = d.title, ""
	if l := desk.Language(d.lang); l.Valid() {
		v.lang = l
	}
	if h := firstHeading(v.markdown); v.title == "" {
		v.title = h
	}
	return nil
}

// partOf unpacks one file of the zip, within its limits; nil when it is not
// there.
func partOf(files *zip.Reader, name string) ([]byte, error) {
	for _, f := range files.File {
		if f.Name != name {
			continue
		}
		if f.UncompressedSize64 > maxDocxPart || f.UncompressedSize64 > 1<<16 && f.UncompressedSize64 > maxDocxRatio*f.CompressedSize64 {
			return nil, errDocxBomb
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		raw, err := io.ReadAll(io.LimitReader(r, maxDocxPart+1))
		if len(raw) > maxDocxPart {
			return nil, errDocxBomb
		}
		return raw, err
	}
	return nil, nil
}

// docx is a Word document on its way to Markdown.
type docx struct {
	styles  map[string]string // style id to its name: «heading 1», «Title»
	ordered map[string]bool   // list and level to whether it counts
	links   map[string]string // relation to address
	title   string
	lang    string
	blocks  []docxBlock
}

// docxBlock is a paragraph or a table.
type docxBlock struct {
	style, list string // list: «7/0», number and level; empty is none
	level       int
	text        string
	rows        [][]string
}

// eachElement walks XML with a bound on its depth. Neither a document type nor
// an entity of its own is taken: encoding/xml fetches nothing and expands only
// the five that XML has.
func eachElement(raw []byte, start func(xml.StartElement), end func(xml.EndElement), text func(string)) error {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	depth := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("it declares a document type")
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return errDocxBomb
			}
			start(t)
		case xml.EndElement:
			depth--
			if end != nil {
				end(t)
			}
		case xml.CharData:
			if text != nil {
				text(string(t))
			}
		}
	}
}

func value(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (d *docx) readStyles(raw []byte) error {
	id := ""
	return eachElement(raw, func(t xml.StartElement) {
		switch t.Name.Local {
		case "style":
			id = value(t, "styleId")
		case "name":
			if id != "" {
				d.styles[id] = strings.ToLower(value(t, "val"))
			}
		case "lang":
			if d.lang == "" {
				d.lang, _, _ = strings.Cut(strings.ToLower(value(t, "val")), "-")
			}
		}
	}, nil, nil)
}

func (d *docx) readNumbering(raw []byte) error {
	counts := map[string]bool{} // abstract list and level
	abstract, num, level := "", "", ""
	return eachElement(raw, func(t xml.StartElement) {
		switch t.Name.Local {
		case "abstractNum":
			abstract, num = value(t, "abstractNumId"), ""
		case "num":
			num = value(t, "numId")
		case "lvl":
			level = value(t, "ilvl")
		case "numFmt":
			f := value(t, "val")
			counts[abstract+"/"+level] = f != "bullet" && f != "none"
		case "abstractNumId":
			for l := range 9 {
				at := "/" + strconv.Itoa(l)
				d.ordered[num+at] = counts[value(t, "val")+at]
			}
		}
	}, nil, nil)
}

func (d *docx) readLinks(raw []byte) error {
	return eachElement(raw, func(t xml.StartElement) {
		target := value(t, "Target")
		if value(t, "TargetMode") == "External" && (strings.HasPrefix(target, "https://") || strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "mailto:")) {
			d.links[value(t, "Id")] = target
		}
	}, nil, nil)
}

func (d *docx) readCore(raw []byte) error {
	inside := false
	return eachElement(raw,
		func(t xml.StartElement) { inside = t.Name.Local == "title" },
		func(xml.EndElement) { inside = false },
		func(s string) {
			if inside {
				d.title += s
			}
		})
}

// readBody reads paragraphs and tables. What was deleted under tracked changes
// is not text, and neither are field codes.
func (d *docx) readBody(raw []byte) error {
	b := docxBody{docx: d}
	return eachElement(raw, b.start, b.end, func(s string) {
		if b.inText {
			b.p.text += plainly.Replace(s)
		}
	})
}

// docxBody is where the reading of a body stands.
type docxBody struct {
	*docx
	p      docxBlock  // the paragraph that is open
	rows   [][]string // of the outermost table that is open
	tables int        // how many are open, one in another
	inText bool
	link   string // target of the link that is open
}

func (b *docxBody) start(t xml.StartElement) {
	if !wordNS(t.Name.Space) {
		return
	}
	switch t.Name.Local {
	case "tbl":
		if b.tables++; b.tables == 1 {
			b.rows = nil
		}
	case "tr":
		if b.tables == 1 {
			b.rows = append(b.rows, nil)
		}
	case "tc":
		if n := len(b.rows); b.tables == 1 && n > 0 {
			b.rows[n-1] = append(b.rows[n-1], "")
		}
	case "p":
		b.p = docxBlock{}
	case "pStyle":
		b.p.style = b.styles[value(t, "val")]
	case "ilvl":
		b.p.level, _ = strconv.Atoi(value(t, "val"))
	case "numId":
		if id := value(t, "val"); id != "0" {
			b.p.list = id
		}
	case "t":
		b.inText = true
	case "br", "cr", "tab":
		b.p.text += " "
	case "hyperlink":
		if b.link = b.links[value(t, "id")]; b.link != "" {
			b.p.text += "["
		}
	}
}

func (b *docxBody) end(t xml.EndElement) {
	if !wordNS(t.Name.Space) {
		return
	}
	switch t.Name.Local {
	case "t":
		b.inText = false
	case "hyperlink":
		if b.link != "" {
			b.p.text += "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "").Replace(b.link) + ">)"
		}
		b.link = ""
	case "p":
		b.paragraph()
	case "tbl":
		if b.tables--; b.tables == 0 && len(b.rows) > 0 {
			b.blocks = append(b.blocks, docxBlock{rows: b.rows})
			b.rows = nil
		}
	}
}

// paragraph puts a read paragraph into its cell, or among the blocks.
func (b *docxBody) paragraph() {
	b.p.text = oneLine(b.p.text)
	if n := len(b.rows); b.tables > 0 && n > 0 && len(b.rows[n-1]) > 0 {
		cell := &b.rows[n-1][len(b.rows[n-1])-1]
		*cell = strings.TrimSpace(*cell + " " + b.p.text)
	} else if b.p.text != "" {
		b.blocks = append(b.blocks, b.p)
	}
}
