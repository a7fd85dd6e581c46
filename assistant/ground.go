package assistant

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// smallTalk are the words of messages that ask nothing: greetings, thanks,
// yes and no, in the portal's languages. A message of nothing else is not
// worth a search; one that is missed costs a few milliseconds.
var smallTalk = func() map[string]bool {
	const words = `
hi hello hey there good morning afternoon evening thanks thank you very much yes no ok okay sure please bye goodbye great perfect fine cool
hola buenos buenas días dias tardes noches gracias muchas sí si vale de acuerdo por favor adiós adios hasta luego perfecto genial
hallo guten morgen tag abend danke vielen dank ja nein gut bitte tschüss servus moin super alles klar passt
bonjour bonsoir salut merci beaucoup oui non d accord s il vous plaît te au revoir parfait très bien
ciao buongiorno buonasera salve grazie mille sì va bene per favore arrivederci perfetto accordo`
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}()

// isSmallTalk reports whether a message holds nothing to search for.
func isSmallTalk(text string) bool {
	if utf8.RuneCountInString(text) > 60 {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range words {
		if !smallTalk[w] {
			return false
		}
	}
	return true
}
