package people

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/conserje/conserje/portal/desk"
)

// publicProviders give an address to whoever asks: none of their domains says
// that somebody belongs to a company.
var publicProviders = strings.Fields(`
	126.com 163.com alice.it aol.com arcor.de att.net bellsouth.net bluewin.ch btinternet.com charter.net comcast.net cox.net
	fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hey.com hotmail.co.uk
	hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.com laposte.net libero.it live.co.uk
	live.com live.de live.fr live.it mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com ono.com orange.fr
	outlook.com outlook.de outlook.es outlook.fr outlook.it pm.me posteo.de proton.me protonmail.com qq.com rediffmail.com
	rocketmail.com sbcglobal.net seznam.cz sfr.fr sky.com t-online.de talktalk.net telefonica.net terra.es tin.it tiscali.it
	tuta.com tutanota.com verizon.net virgilio.it virginmedia.com wanadoo.fr web.de wp.pl yahoo.co.jp yahoo.co.uk yahoo.com
	yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com`)

// mailDomain brings what an admin typed into the form that domains are kept
// and compared in: lower case, IDNA's A-labels. What nobody owns alone, such as
// gmail.com or co.uk, is refused: mail from there would put strangers into the
// company.
func mailDomain(typed string) (string, error) {
	plain := strings.TrimPrefix(strings.TrimSpace(typed), "@")
	shown := desk.FirstLine(strings.ToValidUTF8(plain, ""), 80)
	d, err := idna.Lookup.ToASCII(strings.ToLower(plain))
	if err != nil || len(d) > 253 || !strings.Contains(d, ".") || !hostName.MatchString(d) || strings.Trim(d, "0123456789.") == "" {
		return "", desk.Errorf(desk.CodeBadDomain, "a mail domain looks like example.com").On("domains").With("domain", shown)
	}
	suffix, listed := publicsuffix.PublicSuffix(d)
	if listed && suffix == d || slices.Contains(publicProviders, d) {
		return "", desk.Errorf(desk.CodePublicDomain, "anybody can have an address at this domain").On("domains").With("domain", shown)
	}
	return d, nil
}

// readableDomain is how people write a domain.
func readableDomain(d string) string {
	if u, err := idna.Display.ToUnicode(d); err == nil {
		return u
	}
	return d
}

// domainOf is the domain of a mail address in the form that it is kept in;
// empty when it is none.
func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	d, err := idna.Lookup.ToASCII(strings.ToLower(domain))
	if err != nil {
		return ""
	}
	return d
}
