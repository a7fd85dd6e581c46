package words_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb/words"
	"github.com/conserje/conserje/portal/desk"
)

func meant(lang desk.Language, text string) []string {
	var names []string
	for _, m := range words.Meanings(lang, words.Split(text)) {
		names = append(names, m.Name)
	}
	return names
}

func TestEachWayToSayAThingMeansTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		concept string
		ways    map[desk.Language][]string
	}{
		{"turn-off", map[desk.Language][]string{
			"en": {"How do I turn off the laptop?", "turn my old laptop off"},
			"de": {"Den Rechner ausschalten", "Wie schalte ich den alten Rechner im Büro aus?", "Er wurde ausgeschaltet", "ohne ihn auszuschalten"},
			"es": {"apagar el equipo", "se apaga"}, "fr": {"éteindre le poste", "il s'éteint", "un ecran eteint"}, "it": {"spegnere il PC", "si è spento"},
		}},
		{"suspend", map[desk.Language][]string{
			"en": {"the laptop slept"}, "es": {"que no se duerma"}, "de": {"er schläft"}, "fr": {"il dort"}, "it": {"la sospensione", "è sospeso"},
		}},
		{"find", map[desk.Language][]string{
			"en": {"I found it"}, "es": {"no lo encuentro"}, "de": {"nicht gefunden"}, "fr": {"introuvable, je cherche"}, "it": {"cerco"},
		}},
		{"reset-password", map[desk.Language][]string{
			"en": {"reset my old password"}, "es": {"restablecer la contraseña", "restablecer mi contrasena"}, "de": {"Passwort zurücksetzen"},
		}},
	} {
		for lang, ways := range c.ways {
			for _, way := range ways {
				if got := meant(lang, way); !slices.Contains(got, c.concept) {
					t.Errorf("%s %q means %v, want %s among it", lang, way, got, c.concept)
				}
			}
		}
	}
}

func TestWordsFarApartAreNoPhrase(t *testing.T) {
	t.Parallel()
	for lang, text := range map[desk.Language]string{
		"en": "turn the page and then, much later, take the lid off",
		"fr": "ouvrir le fichier avant de fermer enfin la session",
	} {
		for _, m := range words.Meanings(lang, words.Split(text)) {
			if m.Name == "turn-off" || m.Name == "log-in" && m.Words > 1 {
				t.Errorf("%s %q: the phrase of %s was seen", lang, text, m.Name)
			}
		}
	}
}

func TestAWordOfSeveralMeaningsCountsLessAndAPhraseMore(t *testing.T) {
	t.Parallel()
	for _, m := range words.Meanings("en", words.Split("print queue")) {
		switch {
		case m.Name == "print-queue" && m.Counts() <= 1:
			t.Errorf("the phrase counts %.2f", m.Counts())
		case m.Words == 1 && m.Senses > 1 && m.Counts() >= m.Weight:
			t.Errorf("%s, one of %d meanings, counts %.2f", m.Name, m.Senses, m.Counts())
		}
	}
}

func TestPartsOfACompoundAreKnown(t *testing.T) {
	t.Parallel()
	if got := strings.Join(words.Parts("de", "druckerpatrone"), " "); got != "druck patron" {
		t.Errorf("druckerpatrone is %q", got)
	}
	if got := meant("de", "Bildschirmhelligkeit"); !slices.Contains(got, "screen") || !slices.Contains(got, "brightness") {
		t.Errorf("Bildschirmhelligkeit means %v", got)
	}
}
