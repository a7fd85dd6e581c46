package tickets

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/store"
)

// SeesFileTx is the one rule of who sees a file where it hangs: whoever sees the
// ticket, of an internal note staff only; in a conversation its owner, staff,
// and who reads it as the transcript of a ticket that they see.
func SeesFileTx(ctx context.Context, tx *store.Tx, v desk.Viewer, p files.Place) error {
	if v.Role.Staff() {
		return nil
	}
	switch {
	case p.Internal:
		return notFound()
	case p.Ticket != "":
		_, err := GetTx(ctx, tx, v, p.Ticket)
		return err
	case p.Conversation != "":
		return seesTranscript(ctx, tx, v, p.Conversation)
	}
	return notFound()
}

func seesTranscript(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID) error {
	c, err := tx.ConversationByID(ctx, conversation)
	if store.NoRows(err) {
		return notFound()
	}
	if err != nil || c.UserID == v.User {
		return err
	}
	rights, err := rules(ctx, tx, v)
	if err != nil {
		return err
	}
	list, err := OfConversationTx(ctx, tx, conversation)
	if err != nil {
		return err
	}
	for _, t := range list {
		if sees(v, rights, t) {
			return nil
		}
	}
	return notFound()
}
