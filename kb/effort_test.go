package kb_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

func repeat(format string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return b.String()
}

func wideTable(columns, rows int) string {
	return strings.Repeat("a|", columns) + "\n" + strings.Repeat("-|", columns) + "\n" + strings.Repeat("a\n", rows)
}

func deepList(mark, step string, depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(step, i) + mark + "a\n")
	}
	return b.String()
}

func growingRuns(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("`", i+1) + " ")
	}
	return b.String()
}

// markdownBombs are small texts on which a reader of Markdown would spend
// seconds to hours, or gigabytes.
var markdownBombs = []struct{ name, text string }{
	{"wide and long table", wideTable(20_000, 20_000)},
	{"wide and long table in a quote", "> " + strings.ReplaceAll(wideTable(20_000, 20_000), "\n", "\n> ")},
	{"many tables", strings.Repeat(wideTable(200, 200)+"\n", 700)},
	{"escaped bars", "a|b\n-|-\n" + strings.Repeat("`\\|`|\n", 40_000)},
	{"links that never close", strings.Repeat("[a](", 50_000)},
	{"links that never close, behind a fence", "```\n```\n" + strings.Repeat("[a](", 50_000)},
	{"links in a fence that is none", "    ```\n" + strings.Repeat("[a](", 50_000)},
	{"links whose titles never close", strings.Repeat(`[a](b "`, 1_900) + strings.Repeat("word ", 180_000)},
	{"pictures in pictures", strings.Repeat("![", 50_000) + strings.Repeat("](a)", 50_000)},
	{"definitions in one block", repeat("[a#]: b\n", 30_000) + "\n" + repeat("[a#]\n\n", 30_000)},
	{"a long address that is used often", "[a]: https://example.org/" + strings.Repeat("a", 250_000) + "\n\n" + strings.Repeat("[a]\n\n", 100_000)},
	{"a long address with blanks that is used often", "[a]:\n<" + strings.Repeat("a ", 125_000) + ">\n\n" + strings.Repeat("[a]\n\n", 100_000)},
	{"a long address with blanks that are none", "[a]: https://example.org/" + strings.Repeat("a\u00a0", 150_000) + "\n\n" + strings.Repeat("[a]\n\n", 100_000)},
	{"tags that never close", strings.Repeat("<a ", 100_000)},
	{"attributes that never close", strings.Repeat("<a b='", 9_000) + strings.Repeat("word ", 180_000)},
	{"deep list", deepList("- ", "  ", 900)},
	{"deep list by tabs", deepList("- ", "\t", 1_000)},
	{"deep list in one line", strings.Repeat("- ", 1_500) + "a\n"},
	{"deep numbered list in one line", strings.Repeat("1. ", 1_500) + "a\n"},
	{"deep list whose items are lines apart", strings.Repeat(strings.Repeat("- ", 50)+"a\nlazy\n"+strings.Repeat(" ", 100), 3) + "a\n"},
	{"deep quote", strings.Repeat(">", 5_000) + "a\n"},
	{"blank lines in a deep list", strings.Repeat("- ", 90) + "a\n" + strings.Repeat("\n", 900_000) + strings.Repeat("  ", 90) + "a\n"},
	{"emphasis that never closes", strings.Repeat("*a_ ", 200_000)},
	{"emphasis of many blocks", strings.Repeat(strings.Repeat("*a_ ", 4_900)+"\n\n", 50)},
	{"code of no length twice", growingRuns(1_300)},
	{"emphasis in emphasis", strings.Repeat("*", 400_000) + "a" + strings.Repeat("*", 400_000)},
	{"headings and no more", strings.Repeat("# a\n\nb\n", 100_000)},
	{"underlined headings and no more", strings.Repeat("a\n=\nb\n", 100_000)},
}

// The tests that take the time run before those that run beside each other.

func TestH3ATextThatCostsTooMuchToReadIsRefusedAtOnce(t *testing.T) {
	b := setup(t)
	for _, c := range markdownBombs {
		if len(c.text) > 1_000_000 {
			t.Errorf("%s: %d bytes are refused for their size", c.name, len(c.text))
		}
		began := time.Now()
		_, err := b.Preview(t.Context(), b.admin, kb.Text{Title: "Bomb", Markdown: c.text})
		if desk.CodeOf(err) != desk.CodeTextTooHard {
			t.Errorf("%s, shown: %v", c.name, err)
		}
		if _, err = b.Create(t.Context(), b.admin, kb.NewArticle{Lang: "en", Text: kb.Text{Title: "Bomb", Markdown: c.text}}); desk.CodeOf(err) != desk.CodeTextTooHard {
			t.Errorf("%s, saved: %v", c.name, err)
		}
		r, err := b.Import(t.Context(), b.admin, []kb.Document{doc("bomb.md", c.text)}, kb.ImportOptions{})
		if err != nil || len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeFileTooHard || r.Problems[0].Err.Params["name"] != "bomb.md" {
			t.Errorf("%s, imported: %+v %v", c.name, r, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: refused after %s", c.name, took)
		}
	}
}

func TestH3APageThatCostsTooMuchToTurnIntoMarkdownIsRefused(t *testing.T) {
	b := setup(t)
	for _, c := range []struct{ name, body string }{
		{"cell over all columns there are", `<table><tr><td colspan="999999999">a</td></tr></table>`},
		{"cell over all rows there are", `<table><tr><td rowspan="999999999">a</td></tr></table>`},
		{"cells over many columns and rows", `<table><tr>` + strings.Repeat(`<td colspan="900" rowspan="900">a</td>`, 3) + `</tr></table>`},
		{"one wide row and many short ones", `<table><tr>` + strings.Repeat("<td>a", 990) + strings.Repeat("<tr><td>a", 20_000) + `</table>`},
		{"one long cell and many short ones", `<table><tr><td>` + strings.Repeat("word ", 40_000) + "<td>b" + strings.Repeat("<tr><td>a", 70_000) + `</table>`},
		{"lines in deep lists", strings.Repeat("<ul><li>", 90) + strings.Repeat("a<br>", 150_000)},
		{"words in deep quotes", strings.Repeat("<blockquote>", 90) + strings.Repeat("word ", 180_000)},
		{"lines of code in deep quotes", strings.Repeat("<blockquote>", 90) + "<pre>" + strings.Repeat("a\n", 300_000)},
		{"elements within each other", strings.Repeat("<div>", 300) + "a"},
	} {
		began := time.Now()
		page := "<title>Bomb</title>" + c.body
		r, err := b.Import(t.Context(), b.admin, []kb.Document{doc("bomb.html", page)}, kb.ImportOptions{})
		if err != nil || len(r.Problems) != 1 || r.Problems[0].Err.Code != desk.CodeFileTooHard || r.Problems[0].Err.Params["name"] != "bomb.html" {
			t.Errorf("%s: %+v %v", c.name, r, err)
		}
		if took := time.Since(began); took > 10*time.Second { // the race detector and a neighbour slow it down
			t.Errorf("%s: refused after %s", c.name, took)
		}
	}
}

// handbook is a section as people write it.
const handbook = `
## Section #

Open **Settings**, then [Network](article:network-#) and _wait_ until ` + "`eth#`" + ` is shown. See [the guide][guide#] or
https://example.org/a_b_c?x=# for what <kbd>Ctrl</kbd>+C does.

[guide#]: https://example.org/guide/# "The guide"

- Printers
    - [Laser](article:laser)
    - Ink
        1. Open the *lid*.
        2. Close it.

- Scanners

> Never ` + "`rm -rf /`" + `.

| Port | Use | Note |
| --- | :-: | --- |
| 22 | ssh | ` + "`a \\| b`" + ` |
| 443 | https | [more](https://example.org) |

` + "```sh\n# comment\nif [ \"$a\" -lt 3 ]; then\n                                        echo \"<$a>\" | tee *.log\nfi\n```\n"

func TestALongHonestArticleIsReadInASecondOrTwo(t *testing.T) {
	b := setup(t)
	index := strings.Repeat("- [A page of this portal](https://example.org/a/page/of/this/portal.html)\n", 3_000)
	text := repeat(handbook, 1_150) + "\n" + index
	text = text[:min(len(text), 1_000_000)]
	began := time.Now()
	html, err := b.Preview(t.Context(), b.admin, kb.Text{Title: "Handbook", Markdown: text})
	if err != nil || !strings.Contains(html, "Section 1149") || strings.Count(html, "A page of this portal") != 3_000 {
		t.Fatalf("%d bytes of Markdown, %d of HTML: %v", len(text), len(html), err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d bytes took %s", len(text), took)
	}
}

func TestNoRealArticleCostsTooMuch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, folder := range []string{"../portal/demo/articles", "../../shared/data/kb/gnome-help"} {
		if _, err := os.Stat(folder); err != nil {
			t.Logf("%s is not here", folder)
			continue
		}
		seen := 0
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, err := b.Preview(t.Context(), b.admin, kb.Text{Title: "Real", Markdown: string(raw)}); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			seen++
			return nil
		})
		if err != nil || seen == 0 {
			t.Errorf("%s: %d articles, %v", folder, seen, err)
		}
	}
}
