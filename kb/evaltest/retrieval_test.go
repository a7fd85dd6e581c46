//go:build eval || bench

package evaltest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

// squad is the format of SQuAD and its translations.
type squad struct {
	Data []struct {
		Paragraphs []struct {
			Context string `json:"context"`
			QAs     []struct {
				Question string `json:"question"`
			} `json:"qas"`
		} `json:"paragraphs"`
	} `json:"data"`
}

func readSquad(t *testing.T, file string, lang desk.Language) (docs []kb.Document, questions []Question) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var set squad
	if err := json.NewDecoder(in).Decode(&set); err != nil {
		t.Fatal(err)
	}
	// The paragraph is the document; its name says nothing. The same paragraph
	// twice is one document.
	keys := map[string]string{}
	for i, a := range set.Data {
		for j, p := range a.Paragraphs {
			key, known := keys[p.Context]
			if !known {
				key = fmt.Sprintf("p%d-%d", i, j)
				keys[p.Context] = key
				text := strings.NewReplacer("#", " ", "<", " ", "*", " ", "_", " ", "`", " ", "[", " ", "\n", " ").Replace(p.Context)
				docs = append(docs, kb.Document{Name: string(lang) + "/" + key + ".md", Data: []byte("---\ntitle: " + key + "\n---\n" + text)})
			}
			for n, q := range p.QAs {
				if n%sampled() != 0 {
					continue
				}
				questions = append(questions, Question{Lang: lang, Query: q.Question, IDs: []string{key}})
			}
		}
	}
	return docs, questions
}

func TestBenchLexicalHalfOnPublicQuestionSets(t *testing.T) {
	data := shared(t)
	s := storetest.New(t)
	fmt.Println("\nlexical half, paragraph as document            n     @1     @10   must   p50 ms  p95 ms")
	for _, c := range []struct {
		file string
		lang desk.Language
		want float64
	}{
		{"xquad/xquad.en.json", "en", 0},
		{"xquad/xquad.es.json", "es", 0.98},
		{"xquad/xquad.de.json", "de", 0.98},
		{"squad-it/squad-it-test.json.gz", "it", 0.92},
	} {
		docs, questions := readSquad(t, filepath.Join(data, "retrieval", c.file), c.lang)
		tenant := storetest.Tenant(t, s)
		k := kb.New(kb.Config{Store: s, Log: storetest.Log(t)})
		report, err := k.Import(t.Context(), admin(tenant), docs, kb.ImportOptions{})
		if err != nil || len(report.Problems) > 0 {
			t.Fatal(err, report.Problems)
		}
		ranks, times := answers(t, questions, func(q Question) ([]string, error) {
			hits, err := k.Search(t.Context(), admin(tenant), kb.Query{Text: q.Query, Lang: q.Lang, Limit: 10, Mode: kb.Lexical})
			return keysOf(hits), err
		})
		score := ranks.Score()
		fmt.Printf("%-40s %7d  %.3f   %.3f   %.2f   %6.1f  %6.1f\n", c.file, len(questions), score.At1, score.At10, c.want, percentile(times, 50), percentile(times, 95))
		if score.At10 < c.want {
			t.Errorf("%s: recall at 10 is %.3f, must be %.2f", c.file, score.At10, c.want)
		}
	}
}

// TestSearchAcrossLanguages reports, without a threshold,
// how questions do when every article is in one foreign language.
func TestSearchAcrossLanguages(t *testing.T) {
	data := shared(t)
	docs, err := kb.Folder(filepath.Join(data, "kb", "gnome-help"))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := Questions(filepath.Join(data, "kb", "questions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := Questions("../testdata/questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.New(t)
	k := kb.New(kb.Config{Store: s, Embedder: Offline{}, Log: storetest.Log(t)})
	fmt.Printf("\nthe articles in one language only, the question in another: recall at 5 by the question's language\n%s\n", Header)
	for _, lang := range desk.Languages() {
		tenant := storetest.Tenant(t, s)
		var some []kb.Document
		for _, d := range docs {
			if strings.HasPrefix(d.Name, string(lang)+"/") {
				some = append(some, d)
			}
		}
		if _, err := k.Import(t.Context(), admin(tenant), some, kb.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, set := range []struct {
			name      string
			questions []Question
		}{{"shown", questions}, {"ours", own}} {
			var foreign []Question
			for _, q := range set.questions {
				if q.Lang != lang {
					foreign = append(foreign, q)
				}
			}
			ranks, _ := answers(t, foreign, func(q Question) ([]string, error) {
				hits, err := k.Search(t.Context(), admin(tenant), kb.Query{Text: q.Query, Lang: q.Lang, Limit: 10})
				return keysOf(hits), err
			})
			fmt.Println(Line("articles in "+string(lang)+", "+set.name, foreign, ranks))
		}
	}
}

// sampled is 1, or more to look at every so many questions only.
func sampled() int {
	n, err := strconv.Atoi(os.Getenv("CONSERJE_EVAL_SAMPLE"))
	if err != nil {
		return 1
	}
	return max(1, n)
}
