package notify

import (
	"context"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// welcome begins the names of mails that can be written anew.
const welcome = "welcome"

// StateRetrying is a message that was refused for now and is tried again.
const StateRetrying = "retrying"

// Sent is a message as staff see it: to whom, of which kind, and how it went,
// never its words.
type Sent struct {
	ID       desk.ID    `json:"id"`
	Channel  Channel    `json:"channel" enum:"sms,mail"`
	Template string     `json:"template"`
	To       string     `json:"to"`
	User     *SentTo    `json:"user,omitempty"`
	Ticket   *SentAbout `json:"ticket,omitempty"`
	State    string     `json:"state" enum:"queued,retrying,sent,delivered,undelivered,failed,withheld"`
	Reason   Reason     `json:"reason,omitempty" doc:"Why it was not sent, in a word."`
	Detail   string     `json:"detail,omitempty" doc:"What the provider said, for technicians."`
	Tries    int        `json:"tries"`
	At       time.Time  `json:"at"`
	SentAt   *time.Time `json:"sent_at,omitempty"`
	NextTry  *time.Time `json:"next_try_at,omitempty"`
	Again    bool       `json:"again" doc:"Whether it can be sent again. Codes and passwords cannot: nobody keeps them."`
}

// SentTo is whom a message is for.
type SentTo struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
}

// SentAbout is the ticket that a mail is about.
type SentAbout struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// SentFilter narrows the list; zero values narrow nothing.
type SentFilter struct {
	State   string
	Channel Channel
	User    desk.ID
	Cursor  desk.ID // the last of the page before
	Limit   int
}

func onlyStaff(v desk.Viewer) error {
	if !v.Role.Staff() {
		return desk.Errorf(desk.CodeForbidden, "only staff may do this")
	}
	return nil
}

// Sent lists what was sent, newest first, for staff.
func (s *Service) Sent(ctx context.Context, f SentFilter) (list []Sent, next desk.ID, err error) {
	if f.Limit < 1 || f.Limit > 100 {
		f.Limit = 50
	}
	p := db.DeliveriesParams{Before: store.Optional(f.Cursor), UserID: store.Optional(f.User), Channel: string(f.Channel), State: f.State, Page: int32(f.Limit + 1)} //nolint:gosec // at most 101
	if f.State == StateRetrying {
		p.State, p.Retrying = stateQueued, true
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := onlyStaff(v); err != nil {
			return err
		}
		list, err = sentRows(ctx, tx, p)
		return err
	})
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[f.Limit-1].ID
	}
	return list, next, err
}

func sentRows(ctx context.Context, tx *store.Tx, p db.DeliveriesParams) ([]Sent, error) {
	// Filters that are left out must not cost the index of those that are given.
	if err := tx.CustomPlans(ctx); err != nil {
		return nil, err
	}
	rows, err := tx.Deliveries(ctx, p)
	list := make([]Sent, len(rows))
	for i, r := range rows {
		reason, detail := ReasonOf(r.Detail)
		list[i] = Sent{
			ID: r.ID, Channel: Channel(r.Channel), Template: r.Template, To: r.Recipient, State: r.State,
			Reason: reason, Detail: detail, Tries: int(r.Attempts), At: r.CreatedAt.UTC(), SentAt: r.SentAt, NextTry: r.NextTryAt,
		}
		if r.UserID != nil {
			list[i].User = &SentTo{ID: *r.UserID, Name: store.OrZero(r.UserName)}
		}
		if r.TicketID != nil {
			list[i].Ticket = &SentAbout{ID: *r.TicketID, Number: store.OrZero(r.TicketNumber)}
		}
		if r.State == stateQueued && r.NextTryAt != nil {
			list[i].State = StateRetrying
		}
		list[i].Again = list[i].State == StateRetrying || Lost(r.State) && (!r.Sealed || strings.HasPrefix(r.Template, welcome))
		if r.State == StateUndelivered {
			list[i].Reason, list[i].Detail = "", r.Detail // the provider's own words
		}
	}
	return list, err
}

// TryAgain sends a message that did not go out once more, now. One that is out,
// or whose words held a secret and are gone, is CodeNotAgain and given back.
func (s *Service) TryAgain(ctx context.Context, id desk.ID) (m Sent, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := onlyStaff(v); err != nil {
			return err
		}
		list, err := sentRows(ctx, tx, db.DeliveriesParams{One: &id, Page: 1})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return desk.Errorf(desk.CodeNotFound, "no such message")
		}
		m = list[0]
		channel, err := tx.TryAgain(ctx, id)
		if store.NoRows(err) {
			return desk.Errorf(desk.CodeNotAgain, "this message is out, or its words are gone")
		}
		if err != nil {
			return err
		}
		if err := tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "message.tried_again", Object: "message", ObjectID: id, Detail: map[string]any{"template": list[0].Template}}); err != nil {
			return err
		}
		if err := enqueueSend(ctx, tx, Channel(channel), id); err != nil {
			return err
		}
		list, err = sentRows(ctx, tx, db.DeliveriesParams{One: &id, Page: 1})
		m = list[0]
		return err
	})
	return m, err
}
