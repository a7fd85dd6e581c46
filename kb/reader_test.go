package kb_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
)

func (b bundle) read(t *testing.T, v desk.Viewer, key string) kb.Article {
	t.Helper()
	items, _, err := b.List(t.Context(), v, "en", "", 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if i.Key == key {
			a, err := b.Article(t.Context(), v, i.ID, "en")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
	}
	t.Fatalf("no article %s", key)
	return kb.Article{}
}

func TestEveryHitOpensAtAnAnchorOfTheReader(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("One more sentence about nothing in particular. ", 60)
	b.put(t, "", doc("en/a.md", "# Printing\n\nThe lead speaks of margins.\n\n## Paper\n\nTrays hold paper.\n\n### Thick paper\n\nUse the bypass.\n\n"+
		"```sh\nlpstat -t\n```\n\n| a | b |\n|---|---|\n| gravure | offset |\n\n## Paper\n\nThe same heading again, with zirconium.\n\n"+long+"\n\n"+long+"\n\nThe last block mentions quinoa.\n"))
	html := b.read(t, b.admin, "a").HTML
	for question, anchor := range map[string]string{"margins": "b-", "trays": "s-paper", "bypass": "s-thick-paper", "zirconium": "s-paper-2", "quinoa": "b-", "gravure": "s-thick-paper", "lpstat": "s-thick-paper"} {
		hits := b.find(t, b.admin, question, "en")
		if len(hits) != 1 || !strings.HasPrefix(hits[0].Anchor, anchor) || !strings.Contains(html, `id="`+hits[0].Anchor+`"`) {
			t.Errorf("%s: %+v", question, hits)
		}
		if !strings.Contains(strings.ToLower(hits[0].Text), question) {
			t.Errorf("%s is not in the passage %q", question, hits[0].Text)
		}
	}
	if strings.Contains(html, "<h1") {
		t.Error("the title stands twice")
	}
}

func TestAnchorsOfOtherBlocksStayWhenOneIsEdited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	anchors := func(text string) []string {
		b.put(t, "", doc("en/a.md", text))
		return regexp.MustCompile(`id="[^"]+"`).FindAllString(b.read(t, b.admin, "a").HTML, -1)
	}
	before := anchors("# T\n\nFirst.\n\nSecond.\n\n## Third\n\nFourth.\n")
	after := anchors("# T\n\nNew before.\n\nFirst.\n\nSecond, edited.\n\n## Third\n\nFourth.\n")
	if len(before) != 4 || len(after) != 5 || before[0] != after[1] || before[1] == after[2] || before[2] != after[3] || before[3] != after[4] {
		t.Errorf("%v, then %v", before, after)
	}
}

func TestLinksStayInTheBaseAndImagesComeFromOurFilesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := b.contact(t, "Acme")
	globex := b.contact(t, "Globex")
	b.put(t, acme.Company, article("secret", "en", "Secret", "x"))
	b.put(t, "", article("target", "en", "Target", "x"), doc("en/a.md", `# A

[in](article:target) [file](../en/target.md#s-x) [company](article:secret) [gone](article:nothing) [here](#s-b) [web](https://example.test/x)
[mail](mailto:a@b.test) [js](javascript:alert(1)) [data](data:text/html,x) [abs](/admin) [host](//evil.test/x) <https://auto.test>
![own](/files/a.png) ![foreign](https://evil.test/pixel.png) ![up](/files/../admin)
`))
	html := b.read(t, globex, "a").HTML
	target := b.read(t, globex, "target").ID
	for _, want := range []string{`href="/articles/` + string(target) + `"`, `href="/articles/` + string(target) + `#s-x"`, `href="#s-b"`, `href="https://example.test/x"`, `href="mailto:a@b.test"`, `src="/files/a.png"`, "company", "gone"} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing in %s", want, html)
		}
	}
	for _, bad := range []string{"javascript", "data:", "evil.test", "/admin", "article:"} {
		if strings.Contains(html, bad) {
			t.Errorf("%s is in %s", bad, html)
		}
	}
	if html := b.read(t, acme, "a").HTML; strings.Count(html, `href="/articles/`) != 3 {
		t.Errorf("their own company's article is not linked: %s", html)
	}
}

// active finds what a browser would run or fetch by itself.
var active = regexp.MustCompile(`(?i)<(script|style|iframe|object|embed|svg|math|form|input|button|link|meta|base|video|audio)\b|<[^>]+\s(on\w+|style|srcset|class)\s*=|<[^>]+\s(href|src)\s*=\s*["']?\s*(javascript|data|vbscript):|<[^>]+\ssrc\s*=\s*["'](https?:)?//`)

func TestNothingActiveSurvivesTheImport(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../shared/data/security/xss/dompurify-expect.json")
	if err != nil {
		raw, err = os.ReadFile("../../../shared/data/security/xss/dompurify-expect.json")
	}
	payloads := []string{`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `[x](javascript:alert(1))`, `<svg/onload=alert(1)>`, `<a href="jAvAsCrIpT:alert(1)">x</a>`, "<style>@import 'https://evil.test'</style>"}
	if err == nil {
		var cases []struct {
			Payload string `json:"payload"`
		}
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			payloads = append(payloads, c.Payload)
		}
	}
	b := setup(t)
	var docs []kb.Document
	for i, p := range payloads {
		name := strings.Repeat("x", i/26) + string(rune('a'+i%26))
		docs = append(docs, doc("en/m"+name+".md", "# Title\n\nBefore "+p+" after\n\n"+p+"\n"), doc("en/h"+name+".html", "<h1>Title</h1><p>Before "+p+" after</p>"))
	}
	r, err := b.Import(t.Context(), b.admin, docs, kb.ImportOptions{})
	if err != nil || r.Created < len(docs)*9/10 {
		t.Fatalf("%d of %d imported: %v %v", r.Created, len(docs), err, r.Problems)
	}
	for cursor, more := "", true; more; more = cursor != "" {
		items, next, err := b.List(t.Context(), b.admin, "en", cursor, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			a, err := b.Article(t.Context(), b.admin, i.ID, "en")
			if err != nil {
				t.Fatal(err)
			}
			if found := active.FindString(a.HTML); found != "" {
				t.Errorf("%s keeps %q: %s", i.Key, found, a.HTML)
			}
		}
		cursor = next
	}
	t.Logf("%d payloads", len(payloads))
}
