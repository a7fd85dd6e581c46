package tickets

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// DraftKind is what somebody is about to write. The zero value is invalid.
type DraftKind string

// The kinds of drafts.
const (
	DraftReply DraftKind = "reply"
	DraftNote  DraftKind = "note" // internal, for staff
)

func kindOfReply(internal bool) DraftKind {
	if internal {
		return DraftNote
	}
	return DraftReply
}

// TextDraft is a text that its author has not sent.
type TextDraft struct {
	Kind      DraftKind `json:"kind" enum:"reply,note"`
	Text      string    `json:"text"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Drafts are the viewer's own drafts in a ticket.
func (s *Service) Drafts(ctx context.Context, id desk.ID) (list []TextDraft, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := GetTx(ctx, tx, v, id); err != nil {
			return err
		}
		rows, err := tx.DraftsOf(ctx, db.DraftsOfParams{UserID: v.User, TicketID: id})
		list = make([]TextDraft, len(rows))
		for i, r := range rows {
			list[i] = TextDraft{Kind: DraftKind(r.Kind), Text: r.Text, UpdatedAt: r.UpdatedAt.UTC()}
		}
		return err
	})
	return list, err
}

// KeepDraft keeps what the viewer has written so far; an empty text forgets it.
// A code that was typed by mistake is not kept.
func (s *Service) KeepDraft(ctx context.Context, id desk.ID, kind DraftKind, text string) (d TextDraft, err error) {
	d = TextDraft{Kind: kind, Text: text}
	if kind != DraftReply && kind != DraftNote {
		return d, desk.Errorf(desk.CodeInvalid, "a reply or a note").On("kind")
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if kind == DraftNote && !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff write internal notes").On("kind")
		}
		if _, err := GetTx(ctx, tx, v, id); err != nil {
			return err
		}
		if text == "" {
			return tx.DropDraft(ctx, db.DropDraftParams{UserID: v.User, TicketID: id, Kind: string(kind)})
		}
		if err := desk.CheckText(text, MaxText); err != nil {
			if desk.CodeOf(err) == desk.CodeEmptyText {
				return tx.DropDraft(ctx, db.DropDraftParams{UserID: v.User, TicketID: id, Kind: string(kind)})
			}
			return desk.OnField("text", err)
		}
		if _, err := tx.MaskCodes(ctx, v.User, &d.Text); err != nil {
			return err
		}
		at, err := tx.KeepDraft(ctx, db.KeepDraftParams{TenantID: tx.Tenant, UserID: v.User, TicketID: id, Kind: string(kind), Text: d.Text})
		d.UpdatedAt = at.UTC()
		return err
	})
	return d, err
}
