package actions

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Rebind makes an action what the rules and the catalogue would make of it now,
// its digest included. Nothing in the product does that.
func (s *Service) Rebind(ctx context.Context, tx *store.Tx, id desk.ID) error {
	a, err := hold(ctx, tx, id)
	if err != nil {
		return err
	}
	f, _, err := s.again(ctx, tx, a)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "update actions set digest = $2 where id = $1", id, digestOf(a, f.params, f.softwareVersion()))
	return err
}

// CodeText is why something did not go as asked, in words.
func CodeText(l desk.Language, code string) string { return words(l)["code."+code] }
