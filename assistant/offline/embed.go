package offline

import (
	"hash/fnv"
	"math"
	"strings"

	"github.com/conserje/conserje/kb/words"
	"github.com/conserje/conserje/portal/desk"
)

// EmbeddingModel names the built-in embedder. Vectors of two models are never
// compared: a change below that moves vectors needs a new name.
const (
	EmbeddingModel      = "conserje-offline-2"
	EmbeddingDimensions = 512
)

// What a feature weighs. A concept joins words of all five languages, so it
// carries most; function words carry nothing.
const (
	conceptWeight = 1.0
	stemWeight    = 0.5
	gramWeight    = 0.5
	titleWeight   = 3.0 // the first line of a passage is its title

	gramLength = 4
	probes     = 2 // places of the vector that one feature moves
)

// Embed returns the unit vector of a text: hashed concepts of the glossary,
// stems and character n-grams, the frequent ones damped, what only holds a
// sentence together left out. It is deterministic and needs no network. The
// vector of a text without a single word is zero.
func Embed(text string) []float32 {
	title, rest, _ := strings.Cut(text, "\n")
	titleWords, restWords := words.Split(title), words.Split(rest)
	all := make([]string, 0, len(titleWords)+len(restWords))
	all = append(append(all, titleWords...), restWords...)
	langs := languagesOf(all)
	f := features{counts: map[feature]float64{}}
	f.add(langs, titleWords, titleWeight)
	f.add(langs, restWords, 1)
	return f.vector()
}

// languagesOf tells which languages to read a text in: the one its function words
// speak, or all of them when it has none ("VPN error 809").
func languagesOf(all []string) []desk.Language {
	lang, share := words.Detect(all)
	if share == 0 {
		return desk.Languages()
	}
	return []desk.Language{lang}
}

// feature is one thing that a text has; kind keeps equal spellings apart.
type feature struct {
	kind byte
	text string
}

// features counts them. Order is kept, so that sums of floats are the same on
// every run.
type features struct {
	counts  map[feature]float64
	order   []feature
	weights []float64
}

func (f *features) count(kind byte, text string, n, weight float64) {
	k := feature{kind, text}
	if _, ok := f.counts[k]; !ok {
		f.order = append(f.order, k)
		f.weights = append(f.weights, weight)
	}
	f.counts[k] += n
}

func (f *features) add(langs []desk.Language, all []string, n float64) {
	for _, lang := range langs {
		for _, m := range words.Meanings(lang, all) {
			f.count('c', m.Name, n*m.Counts()/m.Weight, conceptWeight*m.Weight)
		}
	}
	lang := langs[0]
	for _, w := range all {
		if words.Function(lang, w) {
			continue
		}
		f.count('s', words.Stem(lang, w), n, stemWeight)
		for _, part := range words.Parts(lang, w) {
			f.count('s', part, n, stemWeight)
		}
		runes := []rune("<" + w + ">")
		for i := 0; i+gramLength <= len(runes); i++ {
			f.count('n', string(runes[i:i+gramLength]), n/math.Sqrt(float64(len(runes))), gramWeight)
		}
	}
}

func (f *features) vector() []float32 {
	sum := make([]float64, EmbeddingDimensions)
	for i, k := range f.order {
		w := f.weights[i] * damped(f.counts[k])
		h := fnv.New64a()
		h.Write([]byte{k.kind})
		h.Write([]byte(k.text))
		x := mix(h.Sum64())
		for range probes {
			x = mix(x + 0x9e3779b97f4a7c15)
			if x&1 == 0 {
				sum[(x>>32)%EmbeddingDimensions] += w
			} else {
				sum[(x>>32)%EmbeddingDimensions] -= w
			}
		}
	}
	var norm float64
	for _, v := range sum {
		norm += v * v
	}
	out := make([]float32, EmbeddingDimensions)
	if norm == 0 {
		return out
	}
	norm = math.Sqrt(norm)
	for i, v := range sum {
		out[i] = float32(v / norm)
	}
	return out
}

// damped grows slowly with the count: the tenth "printer" says little more
// than the first. Below one it is linear, for n-grams are counted in parts.
func damped(n float64) float64 {
	if n < 1 {
		return n * (1 + math.Ln2)
	}
	return 1 + math.Log1p(n)
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
