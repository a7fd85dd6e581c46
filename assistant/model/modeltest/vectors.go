package modeltest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
)

// Vectors answers a request for embeddings: the same text gives the same
// vector of that length, different texts nearly orthogonal ones. floatsOnly
// ignores a request for base64.
func Vectors(req EmbeddingRequest, dimensions int, floatsOnly bool) Reply {
	data := make([]any, len(req.Input))
	for i, text := range req.Input {
		var embedding any = Vector(text, dimensions)
		if req.EncodingFormat == "base64" && !floatsOnly {
			embedding = encode(Vector(text, dimensions))
		}
		// The other way round: the order is the index's, not the list's.
		data[len(data)-1-i] = map[string]any{"object": "embedding", "index": i, "embedding": embedding}
	}
	body, err := json.Marshal(map[string]any{
		"object": "list", "model": req.Model, "data": data,
		"usage": map[string]any{"prompt_tokens": len(req.Input), "total_tokens": len(req.Input)},
	})
	if err != nil {
		panic(err) // numbers and strings
	}
	return JSON(http.StatusOK, string(body))
}

// Vector is the vector that Vectors gives a text, before anybody scales it.
func Vector(text string, dimensions int) []float32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func encode(v []float32) string {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
