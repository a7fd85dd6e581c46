package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk/desktest"
)

func TestTheQuickCountIsCloseToTheVocabularysInEachLanguage(t *testing.T) {
	articles := filepath.Join(desktest.RepoRoot(t), "portal", "demo", "articles")
	for _, lang := range []string{"en", "es", "de", "fr", "it"} {
		files, err := filepath.Glob(filepath.Join(articles, lang, "*.md"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no articles in %s: %v", lang, err)
		}
		quick, exact := 0, 0
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			quick += CountTokens(string(b))
			exact += exactTokens(string(b))
		}
		if ratio := float64(quick) / float64(exact); ratio < 0.9 || ratio > 1.2 {
			t.Errorf("%s: %d for %d, ratio %.2f", lang, quick, exact, ratio)
		}
	}
}

func TestTheQuickCountNeverFallsFarBelowOnOtherText(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":   "",
		"one":       "a",
		"json":      `{"status":"open","number":1042,"items":[1,2,3]}`,
		"path":      `C:\Windows\System32\drivers\etc\hosts 0x80070005 192.168.0.1`,
		"base64":    "QWxhZGRpbjpvcGVuIHNlc2FtZSBhbmQgc29tZSBtb3JlIHRleHQgdGhhdCBpcyBsb25nZXI=",
		"japanese":  "プリンターが印刷できません。再起動してください。",
		"cyrillic":  "Принтер не печатает, перезагрузите компьютер.",
		"emoji":     "😀👍🏽🎉",
		"shouting":  "PLEASE RESTART THE COMPUTER",
		"long word": strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3),
	} {
		quick, exact := CountTokens(text), exactTokens(text)
		if float64(quick) < 0.6*float64(exact) {
			t.Errorf("%s: %d for %d", name, quick, exact)
		}
	}
}

func BenchmarkCountTokens(b *testing.B) {
	text := strings.Repeat("Ich habe ein Problem mit dem Drucker im dritten Stock, er druckt nicht. ", 100)
	b.Run("quick", func(b *testing.B) {
		for b.Loop() {
			CountTokens(text)
		}
	})
	b.Run("vocabulary", func(b *testing.B) {
		for b.Loop() {
			exactTokens(text)
		}
	})
}
