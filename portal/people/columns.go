package people

import (
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// Field is what a column of an import holds; the empty one is left out.
type Field string

// The fields.
const (
	FieldName     Field = "name"
	FieldFirst    Field = "first_name"
	FieldLast     Field = "last_name"
	FieldEmail    Field = "email"
	FieldLogin    Field = "login"
	FieldCompany  Field = "company"
	FieldPhone    Field = "phone"
	FieldLanguage Field = "language"
	FieldRole     Field = "role" // main contact or not
)

// Fields lists them in the order in which people read them.
func Fields() []Field {
	return []Field{FieldName, FieldFirst, FieldLast, FieldEmail, FieldLogin, FieldCompany, FieldPhone, FieldLanguage, FieldRole}
}

// The names that columns have elsewhere, in the five languages, without
// accents, blanks and signs.
var columnNames = wordsOf(map[string]string{
	string(FieldName): `name fullname displayname contact person nombre nombrecompleto nombreyapellidos contacto persona vollername
		vorundnachname anzeigename kontakt ansprechpartner nom nomcomplet nometprenom personne nome nomecompleto nominativo nomeecognome contatto`,
	string(FieldFirst): `firstname givenname forename vorname prenom nombredepila primernombre nomediproprio`,
	string(FieldLast):  `lastname surname familyname secondname nachname familienname zuname apellido apellidos nomdefamille cognome`,
	string(FieldEmail): `email mail emailaddress mailaddress correo correoelectronico direcciondecorreo emailadresse mailadresse
		adresseemail adressemail adresseelectronique courriel mel indirizzoemail indirizzomail postaelettronica posta`,
	string(FieldLogin): `login username user userid userprincipalname account samaccountname usuario nombredeusuario cuenta benutzer benutzername
		anmeldename kennung konto identifiant nomdutilisateur utilisateur compte utente nomeutente`,
	string(FieldCompany): `company companyname organization organisation customer empresa compania organizacion cliente firma firmenname
		unternehmen kunde entreprise societe client azienda ditta societa`,
	string(FieldPhone): `phone phonenumber mobile mobilephone mobilenumber cell cellphone telephone telefono movil telefonomovil celular numerodetelefono
		telefon telefonnummer handy handynummer mobil mobilnummer mobiltelefon portable telephoneportable numerodetelephone gsm cellulare telefonino numeroditelefono`,
	string(FieldLanguage): `language lang locale idioma lengua sprache langue lingua`,
	string(FieldRole): `role maincontact maincontactperson rol contactoprincipal rolle hauptkontakt hauptansprechpartner contactprincipal
		ruolo contattoprincipale referente`,
})

var languageNames = wordsOf(map[string]string{
	"en": "en english ingles englisch anglais inglese", "es": "es spanish espanol castellano spanisch espagnol spagnolo",
	"de": "de german aleman deutsch allemand tedesco", "fr": "fr french frances franzosisch francais francese",
	"it": "it italian italiano italienisch italien",
})

var roleNames = wordsOf(map[string]string{
	string(desk.RoleMainContact): `maincontact contactoprincipal hauptkontakt hauptansprechpartner contactprincipal contattoprincipale referente
		yes y true 1 x si ja oui s j o wahr vrai vero verdadero`,
	string(desk.RoleContact): `contact user contacto usuario kontakt anwender benutzer utilisateur contatto utente
		no n false 0 nein non falsch faux falso`,
})

// wordsOf turns lists by meaning into meanings by word.
func wordsOf(lists map[string]string) map[string]string {
	m := map[string]string{}
	for meaning, list := range lists {
		for w := range strings.FieldsSeq(list) {
			m[w] = meaning
		}
	}
	return m
}

// bare is a word without accents, blanks and signs.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, plain(s))
}

// columnsOf guesses what each column holds by its name; of two alike the first
// counts.
func columnsOf(header []string) []Field {
	list := make([]Field, len(header))
	taken := map[Field]bool{}
	for i, h := range header {
		if f := Field(columnNames[bare(h)]); f != "" && !taken[f] {
			list[i], taken[f] = f, true
		}
	}
	return list
}

// checkColumns takes what the admin said instead of the guess.
func checkColumns(said []Field, header []string) ([]Field, error) {
	if len(said) > len(header) {
		return nil, desk.Errorf(desk.CodeInvalid, "there are more fields than columns").On("columns")
	}
	taken := map[Field]bool{}
	for _, f := range said {
		if f == "" {
			continue
		}
		known := false
		for _, k := range Fields() {
			known = known || k == f
		}
		if !known || taken[f] {
			return nil, desk.Errorf(desk.CodeInvalid, "each column is one of the fields, once, or left out").On("columns")
		}
		taken[f] = true
	}
	return append(append([]Field{}, said...), make([]Field, len(header)-len(said))...), nil
}

// fieldsOf are the cells of a row by field, cleaned.
func fieldsOf(columns []Field, cells []string) map[Field]string {
	m := map[Field]string{}
	for i, f := range columns {
		if f != "" && i < len(cells) {
			m[f] = unprefixed(cells[i])
		}
	}
	full := m[FieldName]
	if m[FieldFirst] != "" && m[FieldLast] != "" {
		full = m[FieldFirst] + " " + m[FieldLast]
	} else {
		// With one half only, the column of names has the other.
		full = strings.Join([]string{m[FieldFirst], full, m[FieldLast]}, " ")
	}
	m[FieldName] = strings.Join(strings.Fields(full), " ")
	return m
}

// languageFrom reads a language, by code (de, de-AT) or by name; empty when
// there is none.
func languageFrom(cell string) (desk.Language, bool) {
	if cell == "" {
		return "", true
	}
	code, _, _ := strings.Cut(strings.NewReplacer("_", "-").Replace(cell), "-")
	l := languageNames[bare(code)]
	if l == "" {
		l = languageNames[bare(cell)]
	}
	return desk.Language(l), l != ""
}

// roleFrom reads whether somebody is a main contact. Staff are not imported.
func roleFrom(cell string) (desk.Role, bool) {
	if cell == "" {
		return "", true
	}
	r := roleNames[bare(cell)]
	return desk.Role(r), r != ""
}
