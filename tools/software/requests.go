package software

import (
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

const (
	maxWish   = 100
	maxReason = 2000
	// wishesADay bounds the tickets that one person, or a model that was talked
	// into it, can fill a queue with.
	wishesADay = 20
)

// RequestState is where a wish stands. The zero value is invalid.
type RequestState string

// The states of a request.
const (
	RequestOpen     RequestState = "open"
	RequestApproved RequestState = "approved"
	RequestDeclined RequestState = "declined"
)

// Request is a wish for software that is not in the catalogue (B11).
type Request struct {
	ID           desk.ID        `json:"id"`
	Name         string         `json:"name"`
	Reason       string         `json:"reason"`
	State        RequestState   `json:"state" enum:"open,approved,declined"`
	Requester    RequestedBy    `json:"requester"`
	Device       *RequestDevice `json:"device,omitempty"`
	Conversation desk.ID        `json:"conversation_id,omitempty"`
	Ticket       *RequestTicket `json:"ticket,omitempty"`
	Software     *RequestRef    `json:"software,omitempty" doc:"What was approved."`
	Action       desk.ID        `json:"action_id,omitempty" doc:"The install that the requester was offered."`
	Answer       string         `json:"answer,omitempty"`
	DecidedBy    *RequestRef    `json:"decided_by,omitempty"`
	DecidedAt    *time.Time     `json:"decided_at,omitempty"`
	CreatedAt    time.Time      `json:"created_at"`
}

// RequestRef is something by id and name.
type RequestRef struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
}

// RequestedBy is whose wish it is.
type RequestedBy struct {
	ID      desk.ID `json:"id"`
	Name    string  `json:"name"`
	Company string  `json:"company,omitempty"`
}

// RequestDevice is the device that the wish is for.
type RequestDevice struct {
	ID     desk.ID `json:"id"`
	Name   string  `json:"name"`
	System string  `json:"system" enum:"windows,macos,linux"`
}

// RequestTicket is the approval's ticket.
type RequestTicket struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// Wish is what a person asks for.
type Wish struct {
	Name   string  `json:"name" minLength:"1" maxLength:"100"`
	Reason string  `json:"reason,omitempty" maxLength:"2000"`
	Device desk.ID `json:"device_id,omitempty"`
}

// Request is RequestTx for the viewer of the context, without a conversation.
func (s *Service) Request(ctx context.Context, w Wish) (r Request, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		r, err = s.RequestTx(ctx, tx, v, w.Name, w.Reason, w.Device, "")
		return err
	})
	return r, err
}

// RequestTx opens an approval ticket for software that is not in the
// catalogue. device and conversation may be empty; a device that v may not act
// on and a conversation that is not v's are CodeNotFound. The same wish while
// it is open is the same request.
func (s *Service) RequestTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name, reason string, device, conversation desk.ID) (Request, error) {
	if err := mayInstall(ctx, tx, v); err != nil {
		return Request{}, err
	}
	name, reason, err := checkWish(name, reason)
	if err != nil {
		return Request{}, err
	}
	if _, err := tx.MaskCodes(ctx, v.User, &name, &reason); err != nil {
		return Request{}, err
	}
	deviceName, err := wishedDevice(ctx, tx, v, device)
	if err != nil {
		return Request{}, err
	}
	if conversation != "" {
		held, err := tx.HoldConversation(ctx, conversation)
		if store.NoRows(err) || err == nil && held.UserID != v.User {
			return Request{}, desk.Errorf(desk.CodeNotFound, "no such conversation")
		}
		if err != nil {
			return Request{}, err
		}
	}
	// One at a time for each person: the same wish twice at once is one ticket.
	if err := tx.Hit(ctx, "software_request "+string(v.User), 24*time.Hour, wishesADay, desk.Errorf(desk.CodeRateLimited, "too many requests for software today")); err != nil {
		return Request{}, err
	}
	open, err := tx.OpenSoftwareRequest(ctx, db.OpenSoftwareRequestParams{UserID: v.User, Name: name, DeviceID: store.Optional(device)})
	if err == nil {
		return one(ctx, tx, v, open)
	}
	if !store.NoRows(err) {
		return Request{}, err
	}
	t, err := approvalTicket(ctx, tx, v, name, reason, deviceName, conversation)
	if err != nil {
		return Request{}, err
	}
	id := desk.NewID()
	err = tx.InsertSoftwareRequest(ctx, db.InsertSoftwareRequestParams{
		TenantID: tx.Tenant, ID: id, UserID: v.User, DeviceID: store.Optional(device), ConversationID: store.Optional(conversation),
		TicketID: &t.ID, Name: name, Reason: reason,
	})
	if err != nil {
		return Request{}, err
	}
	if err := tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: "software.requested", Object: "software_request", ObjectID: id,
		Detail: map[string]any{"ticket": t.Number, "device": device},
	}); err != nil {
		return Request{}, err
	}
	return one(ctx, tx, v, id)
}

// mayInstall holds the switches that a wish would end at anyway: R12.
func mayInstall(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
	p, err := policy.For(ctx, tx, v)
	if err == nil && !p.SelfService {
		err = policy.Refuse(policy.RuleSelfService)
	}
	return err
}

func checkWish(name, reason string) (string, string, error) {
	if err := desk.CheckText(name, maxWish); err != nil {
		return "", "", desk.OnField("name", err)
	}
	if reason != "" {
		if err := desk.CheckText(reason, maxReason); err != nil {
			return "", "", desk.OnField("reason", err)
		}
	}
	return desk.FirstLine(name, maxWish), reason, nil
}

func wishedDevice(ctx context.Context, tx *store.Tx, v desk.Viewer, device desk.ID) (name string, err error) {
	if device == "" {
		return "", nil
	}
	own, err := devicesOf(ctx, tx, v.User, device)
	if err != nil {
		return "", err
	}
	return own[0].Name, nil
}

// devicesOf lists the devices that a person may act on, or only the one; one
// that is not among them is CodeNotFound.
func devicesOf(ctx context.Context, tx *store.Tx, user, device desk.ID) ([]db.ShelfDevicesRow, error) {
	params := db.ShelfDevicesParams{Viewer: user}
	if device != "" {
		id, err := desk.ParseID(string(device))
		if err != nil {
			return nil, noDevice()
		}
		params.Device = &id
	}
	rows, err := tx.ShelfDevices(ctx, params)
	if err == nil && device != "" && len(rows) == 0 {
		err = noDevice()
	}
	return rows, err
}

func noDevice() error { return desk.Errorf(desk.CodeNotFound, "no such device") }

// approvalTicket speaks the requester's language, as the answer to it will: it
// stands in their own list. It is opened for the house: also for somebody who
// sees no tickets (R7).
func approvalTicket(ctx context.Context, tx *store.Tx, v desk.Viewer, name, reason, device string, conversation desk.ID) (tickets.Ticket, error) {
	origin := tickets.FromForm
	if conversation != "" {
		origin = tickets.FromChat
	}
	words := map[string]any{"Name": name, "Reason": reason, "Device": device, "Person": v.Name}
	return tickets.OpenTx(ctx, tx, v.User, tickets.Opening{
		Requester: v, Origin: origin, Conversation: conversation,
		Subject:     desk.FirstLine(prompts.Text(string(v.Language), "software_request_subject", words), tickets.MaxSubject),
		Description: prompts.Text(string(v.Language), "software_request_description", words),
	})
}

// RequestFilter says which requests to list.
type RequestFilter struct {
	State  RequestState // empty: all
	Cursor desk.ID      // the last of the page before
	Limit  int          // 0: 50; at most 100
}

// Requests lists the viewer's requests, for staff everybody's, newest first.
// next is the cursor of the page after; empty on the last.
func (s *Service) Requests(ctx context.Context, f RequestFilter) (list []Request, next desk.ID, err error) {
	limit := min(f.Limit, 100)
	if limit <= 0 {
		limit = 50
	}
	p := db.SoftwareRequestsParams{State: string(f.State), AtMost: int32(limit) + 1}
	if f.Cursor != "" {
		id, err := desk.ParseID(string(f.Cursor))
		if err != nil {
			return nil, "", desk.OnField("cursor", err)
		}
		p.Before = &id
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			p.Owner = &v.User
		}
		rows, err := tx.SoftwareRequests(ctx, p)
		if err != nil {
			return err
		}
		list = make([]Request, len(rows))
		for i, r := range rows {
			list[i] = requestOf(r)
		}
		return withTickets(ctx, tx, v, list)
	})
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	return list, next, err
}

func one(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Request, error) {
	rows, err := tx.SoftwareRequests(ctx, db.SoftwareRequestsParams{ID: &id, AtMost: 1})
	if err != nil {
		return Request{}, err
	}
	if len(rows) == 0 {
		return Request{}, noRequest()
	}
	list := []Request{requestOf(rows[0])}
	err = withTickets(ctx, tx, v, list)
	return list[0], err
}

// withTickets takes from requests the tickets that their viewer does not see:
// with ticketing off (R7) or in a status that users are not shown (R19).
func withTickets(ctx context.Context, tx *store.Tx, v desk.Viewer, list []Request) error {
	if v.Role.Staff() {
		return nil
	}
	var ids []desk.ID
	for _, r := range list {
		if r.Ticket != nil {
			ids = append(ids, r.Ticket.ID)
		}
	}
	seen, err := tickets.SeenAmongTx(ctx, tx, v, ids)
	for i, r := range list {
		if r.Ticket != nil && !slices.Contains(seen, r.Ticket.ID) {
			list[i].Ticket = nil
		}
	}
	return err
}

func noRequest() error { return desk.Errorf(desk.CodeNotFound, "no such request") }

func requestOf(r db.SoftwareRequestsRow) Request {
	out := Request{
		ID: r.ID, Name: r.Name, Reason: r.Reason, State: RequestState(r.State), Conversation: store.OrZero(r.ConversationID),
		Requester: RequestedBy{ID: r.UserID, Name: r.UserName, Company: store.OrZero(r.CompanyName)},
		Software:  ref(r.SoftwareID, r.SoftwareName), Action: store.OrZero(r.ActionID), Answer: r.Answer,
		DecidedBy: ref(r.DecidedBy, r.DecidedByName), DecidedAt: r.DecidedAt, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.DeviceID != nil {
		out.Device = &RequestDevice{ID: *r.DeviceID, Name: store.OrZero(r.DeviceName), System: store.OrZero(r.DeviceSystem)}
	}
	if r.TicketID != nil {
		out.Ticket = &RequestTicket{ID: *r.TicketID, Number: store.OrZero(r.TicketNumber)}
	}
	return out
}

func ref(id *desk.ID, name *string) *RequestRef {
	if id == nil {
		return nil
	}
	return &RequestRef{ID: *id, Name: store.OrZero(name)}
}
