package kb

import (
	"strings"
	"unicode/utf8"
)

// chunk is a passage: what stands under one heading, or a part of it when
// that is long.
type chunk struct {
	heading    string // the nearest heading
	path       string // it and the headings above it: «Mail › Send › Attachments»
	anchor     string
	start, end int
	body       string
}

const (
	fullChunk    = 1_800 // bytes after which a passage ends at the next block
	largestChunk = 4_000 // bytes after which even one block is cut
)

// chunks cuts a page by its headings.
func (p page) chunks() []chunk {
	var all []chunk
	var open *chunk
	var path []string // headings in force, by level below the title
	var levels []int
	finish := func() {
		if open != nil && strings.TrimSpace(open.body) != "" {
			all = append(all, *open)
		}
		open = nil
	}
	for _, b := range p.blocks {
		if b.heading > 0 {
			finish()
			for len(levels) > 0 && levels[len(levels)-1] >= b.heading {
				levels, path = levels[:len(levels)-1], path[:len(path)-1]
			}
			heading := shortened(oneLine(b.text), maxTitle) // every passage below repeats it
			levels, path = append(levels, b.heading), append(path, heading)
			open = &chunk{heading: heading, path: strings.Join(path, " › "), anchor: b.anchor, start: b.start, end: b.end}
			continue
		}
		if open != nil && open.body != "" && len(open.body)+len(b.text) > fullChunk {
			finish()
		}
		for i, piece := range pieces(b.text) {
			if i > 0 {
				finish()
			}
			if open == nil {
				open = &chunk{anchor: b.anchor, start: b.start, path: strings.Join(path, " › ")}
				if len(path) > 0 {
					open.heading = path[len(path)-1]
				}
			}
			open.body = strings.TrimPrefix(open.body+"\n"+piece, "\n")
			open.end = b.end
		}
	}
	finish()
	return all
}

// pieces cuts a block that is too long for one passage at a white space.
func pieces(s string) []string {
	var out []string
	for len(s) > largestChunk {
		cut := strings.LastIndexAny(s[:largestChunk], " \n")
		if cut < largestChunk/2 {
			cut = largestChunk
			for !utf8.RuneStart(s[cut]) {
				cut--
			}
		}
		out, s = append(out, s[:cut]), strings.TrimSpace(s[cut:])
	}
	return append(out, s)
}
