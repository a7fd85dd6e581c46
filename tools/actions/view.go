package actions

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Action is an action as one viewer sees it, in the viewer's language: the card
// in the chat, the line on the self-service page and in the ticket.
type Action struct {
	ID           desk.ID          `json:"id"`
	Operation    desk.Operation   `json:"operation"`
	State        desk.ActionState `json:"state"`
	Device       ActionDevice     `json:"device"`
	Software     *ActionSoftware  `json:"software,omitempty"`
	Account      string           `json:"account,omitempty"`
	Requester    tickets.Ref      `json:"requester"`
	Source       string           `json:"source" enum:"assistant,self_service,technician,request"`
	Conversation desk.ID          `json:"conversation_id,omitempty"`
	Ticket       *ActionTicket    `json:"ticket,omitempty"`
	ProposedAt   time.Time        `json:"proposed_at"`
	Deadline     *time.Time       `json:"deadline,omitempty"`
	EndedAt      *time.Time       `json:"ended_at,omitempty"`
	PostponedTo  *time.Time       `json:"postponed_until,omitempty" doc:"A person at the device put it off until then; only while it runs."`
	Outcome      desk.Outcome     `json:"outcome,omitempty"`
	Code         string           `json:"code,omitempty" doc:"Why it was refused or failed."`
	Rule         string           `json:"rule,omitempty" doc:"The policy that refused."`
	Next         []string         `json:"next" enum:"confirm,decline,send_code,verify,cancel,retry,password" doc:"What this viewer may do now."`
	Factor       *ActionFactors   `json:"factor,omitempty"`
	Text         ActionText       `json:"text"`
	Evidence     *ActionEvidence  `json:"evidence,omitempty"`
	History      []ActionStep     `json:"history"`
}

// View is Action, for those who speak of the ledger.
type View = Action

// ActionDevice is the device of an action.
type ActionDevice struct {
	ID     desk.ID `json:"id"`
	Name   string  `json:"name"`
	System string  `json:"system" enum:"windows,macos,linux"`
	Online bool    `json:"online"`
}

// ActionSoftware is the software of an installation.
type ActionSoftware struct {
	ID      desk.ID `json:"id"`
	Name    string  `json:"name"`
	Version string  `json:"version,omitempty"`
	Icon    string  `json:"icon,omitempty"`
}

// ActionTicket is the ticket that an action from no conversation has.
type ActionTicket struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// ActionText is the words of the card.
type ActionText struct {
	Title   string            `json:"title"`
	Effect  string            `json:"effect"`
	State   string            `json:"state"`
	Detail  string            `json:"detail,omitempty"`
	Buttons map[string]string `json:"buttons"`
}

// ActionFactors is what the owner has to verify with.
type ActionFactors struct {
	PhoneMasked   string     `json:"phone_masked,omitempty"`
	PhoneVerified bool       `json:"phone_verified"`
	TOTP          bool       `json:"totp"`
	SMS           bool       `json:"sms" doc:"Whether this portal sends codes by SMS."`
	ResendAt      *time.Time `json:"resend_at,omitempty" doc:"No other code is sent before, for this or anything else."`
	AttemptsLeft  *int       `json:"attempts_left,omitempty" doc:"Of the code that was sent; absent when none is open."`
	WaitsUntil    *time.Time `json:"waits_until,omitempty" doc:"The phone or app that there is counts from then on."`
	Held          bool       `json:"held,omitempty" doc:"The support team gave the account a password or another address: what is set up now counts after 24 hours, unless an admin releases it."`
	SMSState      string     `json:"sms_state,omitempty" enum:"queued,sent,delivered,undelivered,failed" doc:"How the message with the newest code fares."`
	SMSReason     string     `json:"sms_reason,omitempty" doc:"Why it was not sent."`
}

// ActionEvidence is what the device showed of the effect.
type ActionEvidence struct {
	BootBefore    string         `json:"boot_before,omitempty"`
	BootAfter     string         `json:"boot_after,omitempty"`
	VersionBefore string         `json:"version_before,omitempty"`
	VersionAfter  string         `json:"version_after,omitempty"`
	Sessions      []string       `json:"sessions,omitempty"`
	Packages      []wire.Package `json:"packages,omitempty"`
	LinkLost      *time.Time     `json:"link_lost,omitempty"`
	ExitCode      int            `json:"exit_code,omitempty"`
	Output        string         `json:"output,omitempty" doc:"What the device's program printed; for display."`
	Signed        bool           `json:"signed" doc:"Whether there is a report that the device signed."`
}

// ActionStep is one line of the history.
type ActionStep struct {
	State desk.ActionState `json:"state"`
	At    time.Time        `json:"at"`
	By    string           `json:"by" enum:"user,staff,system,device,assistant"`
	Name  string           `json:"name,omitempty"`
	Code  string           `json:"code,omitempty"`
	Text  string           `json:"text"`
}

// Filter says which actions to list: the viewer's own, or, for staff, anybody's.
type Filter struct {
	Device desk.ID
	User   desk.ID // staff only
	Own    bool    // staff: only the own ones
	States []desk.ActionState
	Cursor string
	Limit  int // 0: 50; at most 100
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Items []View
	Next  string
}

// Get reads one action: its owner's, any for staff. For everybody else, main
// contacts too, it does not exist.
func (s *Service) Get(ctx context.Context, id desk.ID) (view View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if id, err = desk.ParseID(string(id)); err != nil {
			return notFound()
		}
		view, err = s.view(ctx, tx, v, id)
		return err
	})
	return view, err
}

func (s *Service) view(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (View, error) {
	p := db.ActionRowParams{ID: id}
	if !v.Role.Staff() {
		p.UserID = &v.User
	}
	row, err := tx.ActionRow(ctx, p)
	if store.NoRows(err) {
		err = notFound()
	}
	if err != nil {
		return View{}, err
	}
	list, err := s.views(ctx, tx, v, []db.ListActionsRow{db.ListActionsRow(row)})
	if err != nil {
		return View{}, err
	}
	return list[0], nil
}

// List reads actions, the newest first.
func (s *Service) List(ctx context.Context, f Filter) (page Page, err error) {
	limit := min(f.Limit, 100)
	if limit <= 0 {
		limit = 50
	}
	p := db.ListActionsParams{DeviceID: store.Optional(f.Device), UserID: store.Optional(f.User), States: []string{}, AtMost: int32(limit + 1)}
	for _, state := range f.States {
		p.States = append(p.States, string(state))
	}
	if f.Cursor != "" {
		if p.Before, p.BeforeID, err = readCursor(f.Cursor); err != nil {
			return page, err
		}
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() || f.Own {
			p.UserID = &v.User
		}
		rows, err := tx.ListActions(ctx, p)
		if err != nil {
			return err
		}
		page.Items, err = s.views(ctx, tx, v, rows)
		return err
	})
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(last.ProposedAt.Format(time.RFC3339Nano) + " " + string(last.ID)))
	}
	return page, err
}

func readCursor(s string) (*time.Time, *desk.ID, error) {
	bad := desk.Errorf(desk.CodeInvalid, "not a cursor of this list").On("cursor")
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, nil, bad
	}
	at, id, _ := strings.Cut(string(raw), " ")
	t, err := time.Parse(time.RFC3339Nano, at)
	parsed, idErr := desk.ParseID(id)
	if err != nil || idErr != nil {
		return nil, nil, bad
	}
	return &t, &parsed, nil
}

// OfTicketTx lists the actions of a ticket, those of its conversation among
// them, for the time line. Only staff and the actions' owners see them.
func (s *Service) OfTicketTx(ctx context.Context, tx *store.Tx, v desk.Viewer, ticket, conversation desk.ID) ([]View, error) {
	p := db.ActionsOfTicketParams{Ticket: ticket, Conversation: store.Optional(conversation), AtMost: 200}
	if !v.Role.Staff() {
		p.UserID = &v.User
	}
	found, err := tx.ActionsOfTicket(ctx, p)
	if err != nil {
		return nil, err
	}
	rows := make([]db.ListActionsRow, len(found))
	for i, r := range found {
		rows[len(rows)-1-i] = db.ListActionsRow(r) // a time line begins with the oldest
	}
	return s.views(ctx, tx, v, rows)
}

// OfTicket is OfTicketTx for whoever asks in their own name; the caller has
// found that they may see the ticket.
func (s *Service) OfTicket(ctx context.Context, ticket, conversation desk.ID) (list []View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = s.OfTicketTx(ctx, tx, v, ticket, conversation)
		return err
	})
	return list, err
}

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

func (s *Service) namesOf(ctx context.Context, tx *store.Tx, a *db.Action) (names, error) {
	r, err := tx.ActionRow(ctx, db.ActionRowParams{ID: a.ID})
	if err != nil {
		return names{}, err
	}
	return names{device: r.DeviceName, software: r.SoftwareName, account: parametersOf(a).Account}, nil
}
