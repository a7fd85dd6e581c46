package files

import (
	"cmp"
	"context"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// CheckIDs reads the ids of a message's files: real ones, none twice, not too
// many.
func CheckIDs(ids []desk.ID) ([]desk.ID, error) {
	if len(ids) > MaxPerMessage {
		return nil, tooMany(MaxPerMessage)
	}
	out := make([]desk.ID, 0, len(ids))
	for _, raw := range ids {
		id, err := desk.ParseID(string(raw))
		if err != nil || slices.Contains(out, id) {
			return nil, desk.Errorf(desk.CodeInvalid, "each attachment is the id of a file, once").On("attachments")
		}
		out = append(out, id)
	}
	return out, nil
}

func tooMany(most int) error {
	return desk.Errorf(desk.CodeTooManyFiles, "at most %d files", most).With("max", most).On("attachments")
}

// AttachTx attaches files that v has sent, in the order of their ids. All of
// them or none: a file that is not there, not theirs or attached already is
// CodeFileGone.
func AttachTx(ctx context.Context, tx *store.Tx, v desk.Viewer, ids []desk.ID, to Place) ([]desk.Attachment, error) {
	ids, err := CheckIDs(ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if err := room(ctx, tx, len(ids), to); err != nil {
		return nil, err
	}
	p := db.AttachFilesParams{Ids: ids, UploaderID: v.User, ReplyID: store.Optional(to.Reply), ConversationID: store.Optional(to.Conversation)}
	if to.Reply == "" {
		p.TicketID = store.Optional(to.Ticket)
	}
	rows, err := tx.AttachFiles(ctx, p)
	if err != nil {
		return nil, err
	}
	if len(rows) != len(ids) {
		return nil, desk.Errorf(desk.CodeFileGone, "a file is not there any more; send it again").On("attachments")
	}
	slices.SortFunc(rows, func(a, b db.File) int { return cmp.Compare(a.Position, b.Position) })
	list := make([]desk.Attachment, len(rows))
	for i, f := range rows {
		list[i] = attachment(f)
	}
	return list, nil
}

func room(ctx context.Context, tx *store.Tx, more int, to Place) (err error) {
	var have int64
	if to.Conversation != "" {
		have, err = tx.CountFilesOfConversation(ctx, to.Conversation)
	} else {
		have, err = tx.CountFilesOfTicket(ctx, to.Ticket)
	}
	if err == nil && have+int64(more) > maxPerPlace {
		err = tooMany(maxPerPlace)
	}
	return err
}

// OfTicket are a ticket's files by where they hang; the empty id is the
// ticket's opening.
type OfTicket map[desk.ID][]desk.Attachment

// OfTicketTx lists a ticket's files; those of internal notes for staff only.
// Callers have checked that v sees the ticket.
func OfTicketTx(ctx context.Context, tx *store.Tx, v desk.Viewer, ticket desk.ID) (OfTicket, error) {
	rows, err := tx.FilesOfTicket(ctx, db.FilesOfTicketParams{TicketID: ticket, Staff: v.Role.Staff()})
	of := OfTicket{}
	for _, f := range rows {
		of[store.OrZero(f.ReplyID)] = append(of[store.OrZero(f.ReplyID)], attachment(f))
	}
	return of, err
}
