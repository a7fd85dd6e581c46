package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
)

type mergeTicket struct {
	ByID
	Body struct {
		Into desk.ID `json:"into" doc:"The ticket that goes on. It belongs to the same company, and its user, or a main contact, opened this one."`
	}
}

func (a *API) mountMerges() {
	route(a, staff, http.MethodPost, "/tickets/{id}/merge", "Merge a ticket into another: it is closed and points there", func(ctx context.Context, in *mergeTicket) (*withETag[ShownTicket], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		into, err := desk.ParseID(string(in.Body.Into))
		if err != nil {
			return nil, desk.Errorf(desk.CodeInvalid, "not an id").On("into")
		}
		t, err := a.cfg.Tickets.Merge(ctx, id, into)
		return shownAnswer(t), err
	})
	route(a, staff, http.MethodDelete, "/tickets/{id}/merge", "Take a merge back; what was written into the other ticket stays there", func(ctx context.Context, in *ByID) (*withETag[ShownTicket], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		t, err := a.cfg.Tickets.Unmerge(ctx, id)
		return shownAnswer(t), err
	})
}
