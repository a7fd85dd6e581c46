package offline_test

import (
	"testing"

	"github.com/conserje/conserje/assistant/offline"
)

func cosine(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func TestTheSameWishIsNearInEveryLanguage(t *testing.T) {
	t.Parallel()
	away := offline.Embed("Un agenda compartido para las vacaciones del equipo de ventas")
	for _, pair := range [][2]string{
		{"My printer is out of toner", "Mi impresora no tiene tóner"},
		{"Der Drucker hat keinen Toner", "L'imprimante n'a plus de toner"},
		{"I forgot my password", "Ho dimenticato la mia password"},
		{"Reset my password", "Ich habe mein Kennwort vergessen"},
	} {
		near := cosine(offline.Embed(pair[0]), offline.Embed(pair[1]))
		if far := cosine(offline.Embed(pair[0]), away); near < far+0.1 {
			t.Errorf("%q and %q: %.2f, an unrelated text: %.2f", pair[0], pair[1], near, far)
		}
	}
}

func TestVectorIsOfUnitLengthAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	a, b := offline.Embed("Connect to a VPN\nfrom home"), offline.Embed("Connect to a VPN\nfrom home")
	if got := cosine(a, b); got < 0.9999 || got > 1.0001 || len(a) != offline.EmbeddingDimensions {
		t.Errorf("cosine with itself %v, %d dimensions", got, len(a))
	}
}

func TestTextWithoutWordsHasNoDirection(t *testing.T) {
	t.Parallel()
	for _, v := range offline.Embed(" … ?! \n\n") {
		if v != 0 {
			t.Fatal("a vector out of nothing")
		}
	}
}
