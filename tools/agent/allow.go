package agent

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/conserje/conserje/tools/devices/wire"
)

// What may become an argument of a program. The server has its own checks;
// these hold even if it is not ours any more.
var (
	chocoID   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	formulaID = regexp.MustCompile(`^([a-z0-9][a-z0-9_-]{0,38}/[a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9+._-]{0,63}(@[0-9][0-9.]{0,15})?$`)
	caskID    = regexp.MustCompile(`^([a-z0-9][a-z0-9_-]{0,38}/[a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9._-]{0,63}(@[a-z0-9][a-z0-9.-]{0,30})?$`)
	version   = regexp.MustCompile(`^[0-9][A-Za-z0-9.+_-]{0,63}$`)
	account   = regexp.MustCompile(`^([\p{L}\p{N}][\p{L}\p{N}._-]{0,62}\\)?[\p{L}\p{N}_][\p{L}\p{N}\p{M} ._@-]{0,62}\$?$`)
	systemID  = regexp.MustCompile(`^(S-1-[0-9]{1,10}(-[0-9]{1,10}){1,14}|[0-9]{1,10})$`)
	token     = regexp.MustCompile(`^[\x21-\x7e]{0,512}$`)
)

// check refuses whatever does not look exactly like a package of its manager.
func (p *Package) check() *Refusal {
	bad := &Refusal{Code: wire.CodeBadCommand, Text: "the package is not named as packages are"}
	pattern := map[string]*regexp.Regexp{wire.Chocolatey: chocoID, wire.HomebrewFormula: formulaID, wire.HomebrewCask: caskID}[p.Manager]
	if pattern == nil || !pattern.MatchString(p.ID) || strings.Contains(p.ID, "..") || p.Version != "" && !version.MatchString(p.Version) {
		return bad
	}
	if p.SourceURL == "" {
		return nil
	}
	u, err := url.Parse(p.SourceURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || !token.MatchString(p.SourceURL) || strings.ContainsAny(p.SourceURL, `;'"<>|^`+"`\\") {
		return &Refusal{Code: wire.CodeBadCommand, Text: "the package's source must be an https address"}
	}
	if !token.MatchString(p.User) || !token.MatchString(p.Password) {
		return &Refusal{Code: wire.CodeSecret, Text: "the repository's credentials have characters that cannot be passed on"}
	}
	return nil
}

func goodAccount(name string) bool { return account.MatchString(name) && !strings.HasSuffix(name, " ") }

// goodPassword takes printable ASCII without what a line-wise reader would
// stumble over: blanks, quotes, the backslash and the colon.
func goodPassword(secret []byte) bool {
	if len(secret) < 8 || len(secret) > 127 {
		return false
	}
	for _, c := range secret {
		if c <= 0x20 || c >= 0x7f || strings.IndexByte("\"'`\\:$", c) >= 0 {
			return false
		}
	}
	return true
}
