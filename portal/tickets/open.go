package tickets

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Draft is what a person fills in to open a ticket by hand. Staff may open one
// for somebody else.
type Draft struct {
	Subject     string
	Description string
	Requester   desk.ID // empty: the viewer
	Priority    Priority
	Assignee    desk.ID
	Fields      Values
	Attachments []desk.ID
}

// Create opens a ticket that comes from no conversation. Policies ticketing
// (R7) and manual_tickets (R11) bind contacts.
func (s *Service) Create(ctx context.Context, d Draft) (t Ticket, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		p, err := rules(ctx, tx, v)
		if err != nil {
			return err
		}
		if !p.ManualTickets {
			return policy.Refuse(policy.RuleManualTickets)
		}
		if err := bounded(ctx, tx, v, "tickets:", ticketsAnHour, ticketsAnHourOfStaff); err != nil {
			return err
		}
		o := Opening{Origin: FromForm, Subject: d.Subject, Description: d.Description, Requester: v}
		if d.Requester != "" && d.Requester != v.User {
			if !v.Role.Staff() {
				return desk.Errorf(desk.CodeForbidden, "only staff open tickets for others").On("requester_id")
			}
			if o.Requester, err = person(ctx, tx, d.Requester); err != nil {
				return err
			}
		}
		list, err := fields(ctx, tx, v)
		if err != nil {
			return err
		}
		values, err := d.fill(ctx, tx, v, p, list)
		if err != nil {
			return err
		}
		if o.Subject == "" && !p.shows(FieldSubject) {
			o.Subject = desk.FirstLine(d.Description, MaxSubject) // who cannot write one has none
		}
		if t, err = OpenTx(ctx, tx, v.User, o); err != nil {
			return err
		}
		if _, err := files.AttachTx(ctx, tx, v, d.Attachments, files.Place{Ticket: t.ID}); err != nil {
			return err
		}
		if t, err = d.finish(ctx, tx, v, t, values); err != nil {
			return err
		}
		t = p.show(t)
		if o.Requester.User != v.User { // news for whom it was opened for, and none for who did
			if err := tx.HearTicket(ctx, t.ID); err != nil {
				return err
			}
		}
		return see(ctx, tx, v, t.ID)
	})
	return t, err
}

// How much one person writes by hand in an hour (SECURITY C7): far more than
// anybody does, and too little for a flood. Staff have a queue to work through,
// and an answer to many tickets at once. What comes through the chat is bounded
// by its messages.
const (
	ticketsAnHour        = 60
	ticketsAnHourOfStaff = 600
	repliesAnHour        = 300
	repliesAnHourOfStaff = 2000
)

// bounded counts what a person writes.
func bounded(ctx context.Context, tx *store.Tx, v desk.Viewer, what string, atMost, ofStaff int) error {
	if v.Role.Staff() {
		atMost = ofStaff
	}
	return tx.Hit(ctx, what+string(v.User), time.Hour, atMost, desk.Errorf(desk.CodeRateLimited, "too much at once; wait a little"))
}

// fill checks a form: each field against what the viewer may do with it, and
// that none is missing. Read-only is no bar to the words that a ticket is opened
// with, only to changing them later.
func (d Draft) fill(ctx context.Context, tx *store.Tx, v desk.Viewer, p sight, list fieldList) ([]bound, error) {
	for _, f := range []struct {
		field string
		asked bool
		check func(string) error
	}{
		{FieldSubject, d.Subject != "", p.maySee},
		{FieldDescription, d.Description != "", p.maySee},
		{FieldPriority, d.Priority != "", p.mayEdit},
		{FieldAssignee, d.Assignee != "", p.mayEdit},
	} {
		if !f.asked {
			continue
		}
		if err := f.check(f.field); err != nil {
			return nil, err
		}
	}
	values, err := p.bind(ctx, tx, v, list, d.Fields)
	if err != nil {
		return nil, err
	}
	return values, p.missing(list, values)
}

// finish gives a new ticket what else its form has.
func (d Draft) finish(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket, values []bound) (Ticket, error) {
	c := Change{}
	if d.Priority != "" {
		c.Priority = &d.Priority
	}
	if d.Assignee != "" {
		c.Assignee = &d.Assignee
	}
	after, err := c.apply(ctx, tx, v, t)
	if err != nil {
		return Ticket{}, err
	}
	return save(ctx, tx, v, t, after, values)
}

// person is a user as the viewer that they would be, without a session.
func person(ctx context.Context, tx *store.Tx, id desk.ID) (desk.Viewer, error) {
	u, err := tx.UserByID(ctx, id)
	if store.NoRows(err) {
		return desk.Viewer{}, desk.Errorf(desk.CodeNotFound, "no such person")
	}
	return desk.Viewer{Tenant: tx.Tenant, User: u.ID, Company: store.OrZero(u.CompanyID), Role: u.Role, Name: u.Name, Language: u.Language}, err
}

// FromConversationTx opens a ticket that a person asked for in a conversation,
// as the assistant's tool does. Manual tickets may be off (R11); ticketing may
// not (R7). The fields' modes bind forms: what was said in the chat goes into
// the ticket, and comes back only where its field is shown.
func FromConversationTx(ctx context.Context, tx *store.Tx, v desk.Viewer, conversation desk.ID, subject, description string) (Ticket, error) {
	p, err := rules(ctx, tx, v)
	if err != nil {
		return Ticket{}, err
	}
	t, err := OpenTx(ctx, tx, v.User, Opening{Origin: FromChat, Conversation: conversation, Subject: subject, Description: description, Requester: v})
	return p.show(t), err
}

// OpenFirstTx opens the ticket of somebody who was not known before and comes by
// mail or by the form for strangers (R6). No switch is asked: they bind users,
// and what this person wrote reaches staff in any case.
func (s *Service) OpenFirstTx(ctx context.Context, tx *store.Tx, requester desk.Viewer, subject, text string) (desk.ID, int64, error) {
	t, err := OpenTx(ctx, tx, requester.User, Opening{Origin: FromForm, Subject: subject, Description: text, Requester: requester})
	return t.ID, t.Number, err
}

// Opening is a ticket about to be opened.
type Opening struct {
	Requester    desk.Viewer
	Origin       Origin
	Conversation desk.ID // empty: comes from none
	Session      bool    // the conversation's own ticket (R10)
	Subject      string
	Description  string
}

// OpenTx opens a ticket without asking a policy: its callers have, or act for
// the house (R10, handoff), whose tickets staff see even when the requester
// sees none. actor is who did it; empty is the house itself. The conversation
// learns of it unless its owner sees no tickets.
func OpenTx(ctx context.Context, tx *store.Tx, actor desk.ID, o Opening) (Ticket, error) {
	if err := checkOpening(&o); err != nil {
		return Ticket{}, err
	}
	if o.Conversation != "" {
		// Conversation before counter and ticket: one order of locks for all.
		if _, err := tx.HoldConversation(ctx, o.Conversation); store.NoRows(err) {
			return Ticket{}, desk.Errorf(desk.CodeNotFound, "no such conversation")
		} else if err != nil {
			return Ticket{}, err
		}
	}
	if _, err := tx.MaskCodes(ctx, o.Requester.User, &o.Subject, &o.Description); err != nil {
		return Ticket{}, err
	}
	number, err := tx.NextTicketNumber(ctx, tx.Tenant)
	if err != nil {
		return Ticket{}, err
	}
	id := desk.NewID()
	err = tx.InsertTicket(ctx, db.InsertTicketParams{
		TenantID: tx.Tenant, ID: id, Number: number, RequesterID: o.Requester.User, CompanyID: store.Optional(o.Requester.Company),
		ConversationID: store.Optional(o.Conversation), Session: o.Session, Origin: string(o.Origin),
		Subject: o.Subject, Description: o.Description,
	})
	if err != nil {
		return Ticket{}, err
	}
	row, err := tx.TicketByID(ctx, id)
	if err != nil {
		return Ticket{}, err
	}
	t := fromRow(row)
	if err := tx.Audit(ctx, store.AuditEntry{
		Actor: actor, Action: "ticket.opened", Object: "ticket", ObjectID: id,
		Detail: map[string]any{"number": number, "origin": o.Origin, "conversation": o.Conversation},
	}); err != nil {
		return Ticket{}, err
	}
	if err := mailOpening(ctx, tx, t); err != nil {
		return Ticket{}, err
	}
	return t, tell(ctx, tx, t, desk.TicketChange{Change: "opened", Status: string(t.Status)})
}

func checkOpening(o *Opening) error {
	if err := desk.CheckText(o.Subject, MaxText); err != nil {
		return desk.OnField("subject", err)
	}
	if o.Origin == FromForm {
		if err := desk.CheckText(o.Subject, MaxSubject); err != nil {
			return desk.OnField("subject", err)
		}
	}
	o.Subject = desk.FirstLine(o.Subject, MaxSubject)
	if o.Description == "" {
		return nil
	}
	return desk.OnField("description", desk.CheckText(o.Description, MaxText))
}

// tell appends a ticket event to the conversation that the ticket came from,
// if it came from one and its requester sees tickets (R7).
func tell(ctx context.Context, tx *store.Tx, t Ticket, c desk.TicketChange) error {
	if t.Conversation == "" {
		return nil
	}
	requester, err := person(ctx, tx, t.Requester.ID)
	if err != nil {
		return err
	}
	p, err := policy.For(ctx, tx, requester)
	if err != nil || !p.Ticketing {
		return err
	}
	c.Ticket, c.Number = t.ID, t.Number
	_, err = tx.Append(ctx, t.Conversation, desk.KindTicket, c)
	return err
}

// OfConversationTx lists a conversation's tickets, its own first (R10), then
// the newest, whoever may see them: callers check.
func OfConversationTx(ctx context.Context, tx *store.Tx, conversation desk.ID) ([]Ticket, error) {
	rows, err := tx.TicketsOfConversation(ctx, conversation)
	if err != nil {
		return nil, err
	}
	list := make([]Ticket, len(rows))
	for i, r := range rows {
		list[i] = fromRow(r)
	}
	return list, nil
}
