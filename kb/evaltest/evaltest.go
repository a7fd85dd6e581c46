// Package evaltest measures the search: recall on questions that people
// asked, with its confidence interval, per language and beside the baselines;
// recall of the lexical half on public question sets; and how long a search
// takes. Its tests are slow and stand behind the build tag eval.
package evaltest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/portal/desk"
)

// Offline is the built-in embedder without its transport.
type Offline struct{}

// Embed embeds with the built-in model.
func (Offline) Embed(_ context.Context, texts []string, _ bool) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = offline.Embed(t)
	}
	return out, nil
}

// Model names the built-in model.
func (Offline) Model() (string, int) { return offline.EmbeddingModel, offline.EmbeddingDimensions }

// Question is one line of a question set: any of IDs answers it.
type Question struct {
	Lang  desk.Language `json:"lang"`
	Query string        `json:"query"`
	IDs   []string      `json:"ids"`
}

// Questions reads a set.
func Questions(file string) ([]Question, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Question
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var q Question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, len(all)+1, err)
		}
		all = append(all, q)
	}
	return all, lines.Err()
}

// Ranks are the places of the first right answer, 0 for none, one a question.
type Ranks []int

// Score is what a set of ranks amounts to.
type Score struct{ At1, At5, At10, MRR float64 }

// Score counts.
func (r Ranks) Score() Score {
	var s Score
	for _, rank := range r {
		if rank == 0 {
			continue
		}
		s.MRR += 1 / float64(rank)
		s.At10 += b2f(rank <= 10)
		s.At5 += b2f(rank <= 5)
		s.At1 += b2f(rank == 1)
	}
	n := max(1, float64(len(r)))
	return Score{s.At1 / n, s.At5 / n, s.At10 / n, s.MRR / n}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Interval is the 95 % bootstrap interval of recall at 5. Questions that say
// the same in several languages are drawn together: they are not independent.
func Interval(questions []Question, ranks Ranks) (low, high float64) {
	groups := map[string][]int{}
	for i, q := range questions {
		key := strings.Join(q.IDs, ",")
		groups[key] = append(groups[key], ranks[i])
	}
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	random := rand.New(rand.NewPCG(1, 2))
	draws := make([]float64, 2000)
	for d := range draws {
		var sample Ranks
		for range keys {
			sample = append(sample, groups[keys[random.IntN(len(keys))]]...)
		}
		draws[d] = sample.Score().At5
	}
	slices.Sort(draws)
	return draws[len(draws)*25/1000], draws[len(draws)*975/1000]
}

// Line formats a row of the table: overall, then recall at 5 per language.
func Line(name string, questions []Question, ranks Ranks) string {
	s := ranks.Score()
	low, high := Interval(questions, ranks)
	var line strings.Builder
	fmt.Fprintf(&line, "%-34s %4d  %.3f  %.3f [%.2f–%.2f]  %.3f  %.3f  |", name, len(ranks), s.At1, s.At5, low, high, s.At10, s.MRR)
	for _, l := range desk.Languages() {
		var own Ranks
		for i, q := range questions {
			if q.Lang == l {
				own = append(own, ranks[i])
			}
		}
		fmt.Fprintf(&line, "  %s %.2f", l, own.Score().At5)
	}
	return line.String()
}

// Header stands over the lines.
const Header = "                                      n     @1     @5  [95 %]        @10    MRR  |  recall at 5 per language"
