package kb

import (
	"cmp"
	"context"
	_ "embed"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

//go:embed sql/passages.sql
var passagesSQL string

// How much of the best articles stands around the passage that was found: the
// steps are often in the section after the one that names the problem.
const (
	wholeArticles  = 2
	sectionsBefore = 3
	sectionsAfter  = 4
	sectionsBytes  = 5_000 // of one article
)

// Passages finds what an answer is made of. First come the two best articles,
// each with the passage that was found and those around it, in reading order;
// then the best passages of others. Only a passage that was found has a Score.
// Text is Markdown, so that lists stay lists.
func (k *KB) Passages(ctx context.Context, viewer desk.Viewer, q Query) ([]Hit, error) {
	found, err := k.Search(ctx, viewer, q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	sections, err := k.sections(ctx, viewer, found)
	if err != nil {
		return nil, err
	}
	var out []Hit
	for i, hit := range found {
		var around []Hit
		for _, h := range sections {
			if h.Article == hit.Article && h.Lang == hit.Lang {
				around = append(around, h)
			}
		}
		at := slices.IndexFunc(around, func(h Hit) bool { return h.Chunk == hit.Chunk })
		if at < 0 {
			continue // deleted since the search: not answered from
		}
		hit.Text = cmp.Or(around[at].Text, hit.Text)
		around[at] = hit
		if i >= wholeArticles {
			around, at = around[at:at+1], 0
		}
		out = append(out, fitting(around, at)...)
	}
	return out, nil
}

// sections reads the passages that were found and those around the best, in
// reading order.
func (k *KB) sections(ctx context.Context, viewer desk.Viewer, found []Hit) ([]Hit, error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return nil, err
	}
	ids := make([]desk.ID, len(found))
	for i, h := range found {
		ids[i] = h.Chunk
	}
	var out []Hit
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		best := ids[:min(len(ids), wholeArticles)]
		rows, err := tx.Query(ctx, passagesSQL, ids, best, staff, company, sectionsBefore, sectionsAfter)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var h Hit
			var start, end int
			var source string
			if err := rows.Scan(&h.Chunk, &h.Article, &h.Key, &h.Lang, &h.Title, &h.Heading, &h.Anchor, &start, &end, &source); err != nil {
				return err
			}
			h.Text = excerpt(source, start, end)
			out = append(out, h)
		}
		return rows.Err()
	})
	return out, err
}

// fitting keeps the passage at and as many around it as there is room for,
// those after it first.
func fitting(around []Hit, at int) []Hit {
	first, last, room := at, at, sectionsBytes-len(around[at].Text)
	for last+1 < len(around) && len(around[last+1].Text) <= room {
		last++
		room -= len(around[last].Text)
	}
	for first > 0 && len(around[first-1].Text) <= room {
		first--
		room -= len(around[first].Text)
	}
	return around[first : last+1]
}

// excerpt cuts whole lines from an article's Markdown, without the heading
// that the passage carries apart, and closes a block of code that it opened.
func excerpt(source string, start, end int) string {
	start, end = max(0, min(start, len(source))), max(0, min(end, len(source)))
	if start >= end {
		return ""
	}
	start = strings.LastIndexByte(source[:start], '\n') + 1
	if i := strings.IndexByte(source[end:], '\n'); i >= 0 && source[end-1] != '\n' {
		end += i
	}
	text := strings.TrimSpace(source[start:end])
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
		text = strings.TrimSpace(text)
	}
	if strings.Count(text, "```")%2 == 1 {
		text += "\n```"
	}
	return text
}
