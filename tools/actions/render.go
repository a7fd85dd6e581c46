package actions

import (
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
)

// views renders actions with their history for a viewer who may see them.
func (s *Service) views(ctx context.Context, tx *store.Tx, v desk.Viewer, rows []db.ListActionsRow) ([]View, error) {
	ids := make([]desk.ID, len(rows))
	for i, r := range rows {
		ids[i] = r.Action.ID
	}
	history, err := tx.ActionHistory(ctx, ids)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(rows))
	for i, r := range rows {
		if views[i], err = s.render(ctx, tx, v, r, history); err != nil {
			return nil, err
		}
	}
	return views, nil
}

func (s *Service) render(ctx context.Context, tx *store.Tx, v desk.Viewer, r db.ListActionsRow, history []db.ActionHistoryRow) (View, error) {
	a, w := &r.Action, words(v.Language)
	params := parametersOf(a)
	n := names{device: r.DeviceName, software: r.SoftwareName, account: params.Account}
	view := View{
		ID: a.ID, Operation: desk.Operation(a.Operation), State: desk.ActionState(a.State),
		Device:  ActionDevice{ID: a.DeviceID, Name: r.DeviceName, System: r.DeviceSystem, Online: r.Online},
		Account: params.Account, Requester: tickets.Ref{ID: a.UserID, Name: r.UserName}, Source: a.Source, Conversation: store.OrZero(a.ConversationID),
		ProposedAt: a.ProposedAt.UTC(), EndedAt: utc(a.EndedAt), Outcome: desk.Outcome(a.Outcome), Code: a.Code, Rule: a.Rule,
		Next: nextFor(v, a), History: []ActionStep{},
		Text: ActionText{Title: w.title(a, n), Effect: w.effect(a, n), State: w.state(a.State, a.Outcome, ""), Detail: w.detail(a, r.Online), Buttons: map[string]string{}},
	}
	if err := s.addPassword(ctx, tx, v, a, &view); err != nil {
		return view, err
	}
	if a.EndedAt == nil {
		view.Deadline = utc(&a.Deadline)
	}
	if a.Code == codePostponed {
		e, err := evidenceOf(a)
		if err != nil {
			return view, err
		}
		view.PostponedTo = utc(e.PostponedUntil)
	}
	if a.SoftwareID != nil {
		view.Software = &ActionSoftware{ID: *a.SoftwareID, Name: r.SoftwareName, Version: params.Version, Icon: r.SoftwareIcon}
	}
	if a.TicketID != nil {
		view.Ticket = &ActionTicket{ID: *a.TicketID, Number: r.TicketNumber}
	}
	for _, b := range view.Next {
		view.Text.Buttons[b] = w["button."+b]
	}
	for _, h := range history {
		if h.ActionID == a.ID {
			view.History = append(view.History, step(w, h, a.Outcome))
		}
	}
	if err := view.addEvidence(a); err != nil {
		return view, err
	}
	if s.cfg.Verify != nil && a.UserID == v.User && slices.Contains(view.Next, "verify") {
		var err error
		if view.Factor, err = s.factors(ctx, tx, a); err != nil {
			return view, err
		}
	}
	if a.UserID == v.User {
		return view, s.addLost(ctx, tx, w, a, &view)
	}
	return view, nil
}

// factors is what the owner has to verify with, and how the newest code fares.
func (s *Service) factors(ctx context.Context, tx *store.Tx, a *db.Action) (*ActionFactors, error) {
	f, err := s.cfg.Verify.Status(ctx, tx, a.UserID)
	if err != nil {
		return nil, err
	}
	sent, err := s.cfg.Verify.SentFor(ctx, tx, a.UserID, a.ID)
	return &ActionFactors{
		PhoneMasked: f.PhoneMasked, PhoneVerified: f.PhoneVerified, TOTP: f.TOTP, SMS: f.SMS, ResendAt: f.ResendAt,
		WaitsUntil: f.CountsFrom(), Held: f.Held,
		AttemptsLeft: sent.AttemptsLeft, SMSState: sent.State, SMSReason: string(sent.Reason),
	}, err
}

// addPassword offers the temporary password once more while it is kept.
func (s *Service) addPassword(ctx context.Context, tx *store.Tx, v desk.Viewer, a *db.Action, view *View) error {
	if a.UserID != v.User || a.Operation != string(desk.OpResetPassword) || a.State != string(desk.StateSucceeded) {
		return nil
	}
	e, err := evidenceOf(a)
	if err != nil {
		return err
	}
	now, err := s.now(ctx, tx)
	if err == nil && e.askable(a, now) {
		view.Next = append(view.Next, "password")
	}
	return err
}

func (view *View) addEvidence(a *db.Action) error {
	e, err := evidenceOf(a)
	if err != nil || a.DeliveredAt == nil {
		return err
	}
	view.Evidence = &ActionEvidence{
		BootBefore: e.BootBefore, BootAfter: e.BootAfter, VersionBefore: e.VersionBefore, VersionAfter: e.VersionAfter, Sessions: e.Sessions,
		Packages: e.Packages, LinkLost: utc(e.LinkLost), ExitCode: e.ExitCode, Output: e.Output, Signed: a.Result != nil,
	}
	return nil
}

func step(w catalog, h db.ActionHistoryRow, outcome string) ActionStep {
	st := ActionStep{State: desk.ActionState(h.State), At: h.At.UTC(), By: h.By, Name: h.Name, Code: h.Code, Text: w.state(h.State, outcome, h.Code)}
	switch h.Code {
	case "late_report", codeUnsent, codeGone, codeCodeLost, codePasswordLost:
		st.Text = w["code."+h.Code]
	}
	return st
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// nextFor is what a viewer may do with the action, by the table.
func nextFor(v desk.Viewer, a *db.Action) []string {
	state, owner := desk.ActionState(a.State), a.UserID == v.User
	list := []string{}
	can := func(c Cause, by By) bool { _, ok := next(state, c, by); return ok }
	if owner {
		for _, b := range []Cause{CauseConfirm, CauseDecline} {
			if can(b, ByUser) && (b != CauseDecline || state == desk.StateProposed) {
				list = append(list, string(b))
			}
		}
		if can(CauseVerify, ByUser) {
			list = append(list, "send_code", "verify")
		}
	}
	if can(CauseCancel, ByUser) && (v.Role.Staff() && !owner || owner && state != desk.StateProposed) {
		list = append(list, string(CauseCancel))
	}
	if owner && over(state) && state != desk.StateSucceeded {
		list = append(list, "retry")
	}
	return list
}
