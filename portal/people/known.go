package people

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// A browser in which somebody has logged in keeps a mark of that. It opens
// nothing: it only keeps the tries from there apart. Wrong passwords of a login
// are counted together, wherever they come from, so that anybody who knows a
// user name could lock its person out from afar; what comes from browsers of
// their own is counted beside that, and they get in meanwhile (ASVS 6.1.1).

// KnownLife is how long a browser keeps its mark.
const KnownLife = 180 * 24 * time.Hour

const sealingKnown = "known browser"

// KnownMark is what a browser keeps after a log-in; the empty string when it
// has one of that person already.
func (s *Service) KnownMark(v desk.Viewer, c Client) string {
	if s.knows(v.Tenant, v.User, c.Known) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.store.Seal(sealingKnown, string(v.Tenant), []byte(v.User)))
}

// knows reports whether a mark is of a browser in which that person has logged
// in.
func (s *Service) knows(tenant, user desk.ID, mark string) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || mark == "" || user == "" {
		return false
	}
	of, err := s.store.Unseal(sealingKnown, string(tenant), sealed)
	return err == nil && same(string(of), string(user))
}

// countedAs is the key under which a try to log in counts. Whose it is counts
// only for that: the account is read for the log-in after the count, for which
// tries at once wait in line.
func (s *Service) countedAs(ctx context.Context, tx *store.Tx, login string, c Client) (string, error) {
	if c.Known != "" {
		u, err := tx.UserByLogin(ctx, login)
		if err != nil && !store.NoRows(err) {
			return "", err
		}
		if s.knows(tx.Tenant, u.ID, c.Known) {
			return knownKey(u.ID), nil
		}
	}
	return "login:" + login, nil
}

func knownKey(user desk.ID) string { return "login-known:" + string(user) }
