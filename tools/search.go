package tools

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/prompts"
)

// Knowledge is the knowledge base as the viewer may read it; *kb.KB is one.
// Passages answers with the best articles, each in several passages in
// reading order, and then single passages of others.
type Knowledge interface {
	Passages(ctx context.Context, v desk.Viewer, q kb.Query) ([]kb.Hit, error)
}

// Bounds of what the model is shown.
const (
	maxArticles    = 5
	maxPassages    = 16
	maxPassageText = 2_400 // characters
	maxQuote       = 400
)

type searchArgs struct {
	Query string `json:"query" max:"500"`
}

// SearchKnowledge searches the knowledge base.
func SearchKnowledge(base Knowledge) Tool {
	return reading(prompts.ToolSearch, policy.RuleKnowledgeBase, func(ctx context.Context, c Call, a searchArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		// Who asks in German wants to read German, whatever the portal is set to.
		lang := desk.Language(offline.Language(a.Query, string(v.Language)))
		found, err := base.Passages(ctx, v, kb.Query{Text: a.Query, Lang: lang, Limit: maxArticles})
		if err != nil {
			return Result{}, err
		}
		return passages(c.Sources, found), nil
	})
}

// passages numbers what was found and shows as much of it as fits.
func passages(sources *Sources, found []kb.Hit) Result {
	out := prompts.Passages{Passages: []prompts.Passage{}}
	res := Result{OK: true, Citations: []desk.Citation{}}
	for _, p := range found[:min(len(found), maxPassages)] {
		text := shorten(p.Text, maxPassageText)
		// Room is kept for the numbers, which are given only to what is shown.
		trial := append(slices.Clip(out.Passages), prompts.Passage{
			N: 1_000, Title: p.Title, Heading: p.Heading, Lang: string(p.Lang), Text: text, Score: math.Round(p.Score*100) / 100,
		})
		if len(prompts.Data(prompts.ToolSearch, prompts.Passages{Passages: trial})) > prompts.MaxToolBytes {
			break
		}
		c := sources.Number(desk.Citation{
			Article: p.Article, Lang: p.Lang, Title: p.Title, Heading: p.Heading, Anchor: p.Anchor, Quote: shorten(spoken(p.Text), maxQuote),
		})
		trial[len(trial)-1].N = c.N
		out.Passages = trial
		res.Citations = append(res.Citations, c)
	}
	res.Content = prompts.Data(prompts.ToolSearch, out)
	return res
}

var (
	links  = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	markup = regexp.MustCompile("\\*\\*|__|`+")
)

// spoken is Markdown as a person reads it, for a quotation that is shown as
// it is.
func spoken(markdown string) string {
	return markup.ReplaceAllString(links.ReplaceAllString(markdown, "$1"), "")
}

// shorten cuts text to at most n characters, at a blank where one is near.
func shorten(text string, n int) string {
	text = strings.TrimSpace(text)
	if len(text) <= n {
		return text
	}
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexAny(cut, " \n"); i > len(cut)*3/4 {
		cut = cut[:i]
	}
	return strings.TrimSpace(cut) + "…"
}
