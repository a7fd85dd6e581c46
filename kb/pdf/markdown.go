package pdf

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Block is a heading (Level 1 to 3), an item of a list, or a paragraph.
type Block struct {
	Level int
	Item  bool // of a list
	Count bool // of a numbered one
	Text  string
	Page  int // from 1
}

const (
	headingSize   = 1.15 // of the size of running text, at least
	longestTitle  = 120  // characters of a heading
	headingLevels = 3
	// Lines that stand on so many pages at the same place are no text of any.
	repeatedOn = 3
)

// Blocks tells headings, lists and paragraphs apart by how they are set: what
// is larger, or bold on a line of its own, is a heading. Headings are only
// guessed: where nothing stands out there are none.
func (d Document) Blocks() []Block {
	body := d.bodySize()
	repeated := d.repeated()
	sizes := d.headingSizes(body, repeated)
	var out []Block
	for n, p := range d.Pages {
		var last Line
		open := false // whether the last block goes on in the next line
		for i, l := range p.Lines {
			if repeated[mark(l)] {
				continue
			}
			gap := last.Top - l.Top
			follows := open && gap > 0 && gap < 1.6*max(last.Size, l.Size)
			b := blockOf(l, sizes, body, i+1 < len(p.Lines) && standsAlone(l, last, p.Lines[i+1]))
			b.Page = n + 1
			switch k := len(out) - 1; {
			case follows && b.Level == 0 && !b.Item && out[k].Level == 0:
				out[k].Text = joined(out[k].Text, b.Text)
			case follows && b.Level > 0 && out[k].Level == b.Level && utf8.RuneCountInString(out[k].Text) < longestTitle/2:
				out[k].Text = joined(out[k].Text, b.Text) // a heading on two lines
			default:
				out = append(out, b)
			}
			last, open = l, true
		}
	}
	return out
}

// bodySize is the size that most characters are set in.
func (d Document) bodySize() float64 {
	count := map[float64]int{}
	for _, p := range d.Pages {
		for _, l := range p.Lines {
			count[rounded(l.Size)] += utf8.RuneCountInString(l.Text)
		}
	}
	best, most := 10.0, 0
	for size, n := range count {
		if n > most || n == most && size < best {
			best, most = size, n
		}
	}
	return best
}

func rounded(size float64) float64 { return math.Round(size*2) / 2 }

// headingSizes are the largest sizes of short lines, the largest first.
func (d Document) headingSizes(body float64, repeated map[string]bool) []float64 {
	var sizes []float64
	for _, p := range d.Pages {
		for _, l := range p.Lines {
			if size := rounded(l.Size); size >= headingSize*body && titled(l.Text) && !repeated[mark(l)] && !slices.Contains(sizes, size) {
				sizes = append(sizes, size)
			}
		}
	}
	slices.SortFunc(sizes, func(a, b float64) int { return cmp.Compare(b, a) })
	return sizes[:min(len(sizes), headingLevels)]
}

// titled reports whether a line reads like a heading.
func titled(text string) bool {
	n := utf8.RuneCountInString(text)
	return n >= 2 && n <= longestTitle && strings.ContainsFunc(text, unicode.IsLetter)
}

// mark names a line by its place and its words without numbers, so that
// "page 3 of 9" is the same on each page.
func mark(l Line) string {
	words := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, l.Text)
	return strconv.Itoa(int(math.Round(l.Top/4))) + " " + words
}

// repeated are the heads and feet of pages.
func (d Document) repeated() map[string]bool {
	on := map[string]int{}
	for _, p := range d.Pages {
		seen := map[string]bool{}
		for _, l := range p.Lines {
			if m := mark(l); !seen[m] {
				seen[m] = true
				on[m]++
			}
		}
	}
	out := map[string]bool{}
	for m, n := range on {
		out[m] = n >= repeatedOn && 2*n > len(d.Pages)
	}
	return out
}

// standsAlone reports a line with room above and below it.
func standsAlone(l, before, after Line) bool {
	above, below := before.Top-l.Top, l.Top-after.Top
	return (before.Text == "" || above < 0 || above > 1.3*l.Size) && below > 0
}

var (
	bullet = regexp.MustCompile(`^[•◦▪●○■□∙·‣–—*-]\s+`)
	count  = regexp.MustCompile(`^\(?\d{1,2}[.)]\s+`)
)

func blockOf(l Line, sizes []float64, body float64, alone bool) Block {
	text := l.Text
	if i := slices.Index(sizes, rounded(l.Size)); i >= 0 && titled(text) {
		return Block{Level: i + 1, Text: text}
	}
	if m := bullet.FindString(text); m != "" {
		return Block{Item: true, Text: text[len(m):]}
	}
	if l.Bold && alone && titled(text) && len(strings.Fields(text)) <= 12 && !strings.HasSuffix(text, ".") && rounded(l.Size) >= body {
		return Block{Level: min(len(sizes)+1, headingLevels), Text: text}
	}
	if m := count.FindString(text); m != "" {
		return Block{Item: true, Count: true, Text: text[len(m):]}
	}
	return Block{Text: text}
}

// joined puts the next line after a text. A word that was divided at the end
// of a line is whole again.
func joined(text, next string) string {
	if whole, divided := strings.CutSuffix(text, "-"); divided {
		before, _ := utf8.DecodeLastRuneInString(whole)
		after, _ := utf8.DecodeRuneInString(next)
		if unicode.IsLetter(before) && unicode.IsLower(after) {
			return whole + next
		}
	}
	if whole, soft := strings.CutSuffix(text, "\u00ad"); soft {
		return whole + next
	}
	return text + " " + next
}
