package people

import (
	"context"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// loginText is how user names are written: nothing that looks like a mail
// address, which people log in with, too.
var loginText = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

const maxEmail = 254

func checkLogin(login string) (string, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if !loginText.MatchString(login) {
		return "", desk.Errorf(desk.CodeBadLogin, "a user name has 2 to 64 letters, digits, dots, dashes and underscores").On("login")
	}
	return login, nil
}

// checkEmail brings a mail address into the form that it is kept in: lower
// case. Empty stays empty.
func checkEmail(typed string) (string, error) {
	email := strings.ToLower(strings.TrimSpace(typed))
	if email == "" {
		return "", nil
	}
	a, err := mail.ParseAddress(email)
	odd := strings.ContainsFunc(email, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '"' })
	if err != nil || a.Address != email || odd || len(email) > maxEmail || domainOf(email) == "" {
		return "", desk.Errorf(desk.CodeBadEmail, "a mail address looks like name@example.com").On("email")
	}
	return email, nil
}

// plainLetters are those that do not fall apart into a letter and its accent.
var plainLetters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th", "ı", "i")

// loginFrom makes a user name of somebody's name, ana.lopez of Ana María López,
// or of the mail address when no Latin letter is in it.
func loginFrom(name, email string) string {
	local, _, _ := strings.Cut(email, "@")
	for _, text := range []string{name, local} {
		w := strings.FieldsFunc(plain(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
		if len(w) > 2 {
			w = []string{w[0], w[len(w)-1]}
		}
		if login := strings.Join(w, "."); len(login) > 1 {
			return strings.TrimRight(login[:min(len(login), 40)], ".")
		}
	}
	return "user"
}

// plain takes the accents off.
func plain(s string) string {
	s = norm.NFD.String(plainLetters.Replace(strings.ToLower(s)))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, s)
}

// freeLogin is the first of base, base2, base3 that nobody has. The tenant is
// locked, so nobody takes it meanwhile.
func freeLogin(ctx context.Context, tx *store.Tx, base string) (string, error) {
	rows, err := tx.LoginsLike(ctx, base)
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, l := range rows {
		taken[l] = true
	}
	return untaken(base, taken), nil
}

func untaken(base string, taken map[string]bool) string {
	login := base
	for n := 2; taken[login]; n++ {
		login = base + strconv.Itoa(n)
	}
	return login
}

// checkFree refuses a user name or mail address that somebody else has.
func checkFree(ctx context.Context, tx *store.Tx, own desk.ID, login, email string) error {
	r, err := tx.WhoHas(ctx, db.WhoHasParams{ID: own, Login: login, Email: email})
	if store.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Login == login {
		return loginTaken(login)
	}
	return emailTaken(email)
}

func loginTaken(login string) *desk.Error {
	return desk.Errorf(desk.CodeLoginTaken, "somebody else has this user name").On("login").With("login", login)
}

func emailTaken(email string) *desk.Error {
	return desk.Errorf(desk.CodeEmailTaken, "somebody else has this mail address").On("email").With("email", email)
}
