package store

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
)

// MaskCodes masks what may be a one-time code in the texts that a person wrote,
// while one is awaited from them (SECURITY A8): an action of theirs is proposed
// or confirmed, or a code was sent and is still good. It reports whether it
// masked any. It asks the database in the transaction that stores the text, so
// no wiring can leave it out; what it cannot find out is an error, and the text
// is not stored.
func (tx *Tx) MaskCodes(ctx context.Context, user desk.ID, texts ...*string) (bool, error) {
	masked := make([]string, len(texts))
	found := false
	for i, t := range texts {
		var here bool
		masked[i], here = desk.MaskCodes(*t)
		found = found || here
	}
	if !found {
		return false, nil
	}
	awaited, err := tx.CodeAwaited(ctx, user)
	if err != nil || !awaited {
		return false, err
	}
	for i := range texts {
		*texts[i] = masked[i]
	}
	return true, nil
}
