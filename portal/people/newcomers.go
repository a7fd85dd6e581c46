package people

import (
	"cmp"
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Tickets opens tickets. The room stands later in the order; cmd plugs it in.
type Tickets interface {
	// OpenFirstTx opens the ticket of somebody who was not known before, whatever
	// the switches say of tickets: staff get it.
	OpenFirstTx(ctx context.Context, tx *store.Tx, requester desk.Viewer, subject, text string) (id desk.ID, number int64, err error)
}

// NewcomerState is how far the first words of somebody unknown have come. The
// zero value is invalid.
type NewcomerState string

// The states.
const (
	StateUnproved  NewcomerState = "unproved"
	StateWaiting   NewcomerState = "waiting"
	StateAssigned  NewcomerState = "assigned"
	StateDismissed NewcomerState = "dismissed"
)

// Newcomer is a line of the review list: somebody who wrote from a domain that
// no company has.
type Newcomer struct {
	ID        desk.ID       `json:"id"`
	Email     string        `json:"email"`
	Name      string        `json:"name"`
	Language  desk.Language `json:"language"`
	Subject   string        `json:"subject"`
	Text      string        `json:"text"`
	Source    Source        `json:"source" enum:"form,mail"`
	State     NewcomerState `json:"state" enum:"waiting,assigned,dismissed"`
	At        time.Time     `json:"at"`
	DecidedAt *time.Time    `json:"decided_at,omitempty"`
	DecidedBy string        `json:"decided_by,omitempty"`
	User      desk.ID       `json:"user_id,omitempty"`
	Ticket    *FirstTicket  `json:"ticket,omitempty"`
}

// FirstTicket is the ticket that it became.
type FirstTicket struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// Placed is what became of first words. Without a user they wait on the review
// list.
type Placed struct {
	User   desk.ID
	Login  string
	Known  bool // there was an account already
	Ticket desk.ID
	Number int64
}

// FirstContact takes what somebody wrote whose address is proved, such as by
// the mail that it came with: a user in the company whose domain the address
// has, and the ticket. Without such a company nobody is created, and the message
// waits on the review list (R6).
func (s *Service) FirstContact(ctx context.Context, tx *store.Tx, m FirstMessage) (Placed, error) {
	m, err := m.check(ctx, tx)
	if err != nil {
		return Placed{}, err
	}
	p, err := s.place(ctx, tx, m)
	if err != nil || p.User != "" {
		return p, err
	}
	id := desk.NewID()
	if err := tx.InsertNewcomer(ctx, m.row(tx.Tenant, id, StateWaiting)); err != nil {
		return p, err
	}
	return p, tx.Audit(ctx, store.AuditEntry{Action: "newcomer.waits", Object: "newcomer", ObjectID: id})
}

// place finds or makes whoever wrote, and opens the ticket; an empty result is
// nobody's company. Somebody who came to an account meanwhile gets the ticket in
// their name.
func (s *Service) place(ctx context.Context, tx *store.Tx, m FirstMessage) (Placed, error) {
	if err := tx.LockTenant(ctx); err != nil {
		return Placed{}, err
	}
	u, err := tx.UserByLogin(ctx, m.Email)
	if err == nil {
		return s.known(ctx, tx, u, m)
	}
	if !store.NoRows(err) {
		return Placed{}, err
	}
	owner, err := tx.DomainOwner(ctx, domainOf(m.Email))
	if store.NoRows(err) {
		return Placed{}, nil
	}
	if err != nil {
		return Placed{}, err
	}
	p, err := s.takeIn(ctx, tx, "", m, owner.ID)
	if err != nil {
		return Placed{}, err
	}
	return p, s.welcomeNew(ctx, tx, p.User)
}

func (s *Service) known(ctx context.Context, tx *store.Tx, u db.User, m FirstMessage) (Placed, error) {
	if u.DisabledAt != nil {
		return Placed{}, policy.Refuse(policy.RulePerson)
	}
	p := Placed{User: u.ID, Login: u.Login, Known: true}
	var err error
	p.Ticket, p.Number, err = s.openFirst(ctx, tx, u, m)
	return p, err
}

// takeIn makes the user and the ticket; by is who decided so, empty: the domain.
func (s *Service) takeIn(ctx context.Context, tx *store.Tx, by desk.ID, m FirstMessage, company desk.ID) (Placed, error) {
	id, err := s.CreateUser(ctx, tx, NewUser{Email: m.Email, Name: m.Name, Role: desk.RoleContact, Language: m.Language, Company: company})
	if err != nil {
		return Placed{}, err
	}
	err = tx.Audit(ctx, store.AuditEntry{
		Actor: by, Action: "user.created", Object: "user", ObjectID: id,
		Detail: map[string]any{"role": desk.RoleContact, "company": company, "source": m.Source},
	})
	if err != nil {
		return Placed{}, err
	}
	u, err := tx.UserByID(ctx, id)
	if err != nil {
		return Placed{}, err
	}
	p := Placed{User: id, Login: u.Login}
	p.Ticket, p.Number, err = s.openFirst(ctx, tx, u, m)
	return p, err
}

func (s *Service) openFirst(ctx context.Context, tx *store.Tx, u db.User, m FirstMessage) (desk.ID, int64, error) {
	return s.tickets.OpenFirstTx(ctx, tx, desk.Viewer{
		Tenant: tx.Tenant, User: u.ID, Company: store.OrZero(u.CompanyID), Role: u.Role, Name: u.Name, Language: u.Language,
	}, m.Subject, m.Text)
}

func messageOf(n *db.Newcomer) FirstMessage {
	return FirstMessage{Email: n.Email, Name: n.Name, Language: n.Language, Subject: n.Subject, Text: n.Body, Source: Source(n.Source)}
}

// Review lists the newcomers, the newest first, for staff: those who wait, or
// those who were decided on.
func (s *Service) Review(ctx context.Context, decided bool, before time.Time, beforeID desk.ID, atMost int) (list []Newcomer, err error) {
	p := db.NewcomersParams{States: []string{string(StateWaiting)}, BeforeID: nilID, AtMost: int32(min(max(atMost, 1), 200))}
	if decided {
		p.States = []string{string(StateAssigned), string(StateDismissed)}
	}
	if !before.IsZero() {
		p.Before, p.BeforeID = &before, beforeID
	}
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = newcomers(ctx, tx, p)
		return err
	})
	return list, err
}

func newcomers(ctx context.Context, tx *store.Tx, p db.NewcomersParams) ([]Newcomer, error) {
	rows, err := tx.Newcomers(ctx, p)
	list := make([]Newcomer, len(rows))
	for i, r := range rows {
		list[i] = Newcomer{
			ID: r.ID, Email: r.Email, Name: r.Name, Language: r.Language, Subject: r.Subject, Text: r.Body,
			Source: Source(r.Source), State: NewcomerState(r.State), At: r.CreatedAt, DecidedAt: r.DecidedAt,
			DecidedBy: orEmpty(r.DecidedByName), User: store.OrZero(r.UserID),
		}
		if r.TicketID != nil {
			list[i].Ticket = &FirstTicket{ID: *r.TicketID, Number: store.OrZero(r.TicketNumber)}
		}
	}
	return list, err
}

// Assign puts a newcomer into a company: a user, the ticket, and the welcome
// mail that they wait for. Whoever came to an account meanwhile gets the ticket
// there.
func (s *Service) Assign(ctx context.Context, id, company desk.ID) (Newcomer, error) {
	return s.decide(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, m FirstMessage) (p Placed, state NewcomerState, err error) {
		u, err := tx.UserByLogin(ctx, m.Email)
		if err == nil {
			p, err = s.known(ctx, tx, u, m)
			return p, StateAssigned, err
		}
		if !store.NoRows(err) {
			return p, "", err
		}
		if company == "" {
			return p, "", desk.Errorf(desk.CodeCompanyNeeded, "users have a company").On("company_id")
		}
		if p, err = s.takeIn(ctx, tx, v.User, m, company); err != nil {
			return p, "", err
		}
		if s.notify == nil {
			return p, StateAssigned, nil
		}
		if u, err = tx.UserByID(ctx, p.User); err == nil {
			err = s.welcome(ctx, tx, &u)
		}
		return p, StateAssigned, err
	})
}

// Dismiss takes a newcomer off the list: nothing becomes of the message.
func (s *Service) Dismiss(ctx context.Context, id desk.ID) (Newcomer, error) {
	return s.decide(ctx, id, func(context.Context, *store.Tx, desk.Viewer, FirstMessage) (Placed, NewcomerState, error) {
		return Placed{}, StateDismissed, nil
	})
}

// decide runs fn on somebody who waits, held for the transaction. Somebody who
// was decided on already is CodeConflict.
func (s *Service) decide(ctx context.Context, id desk.ID, fn func(context.Context, *store.Tx, desk.Viewer, FirstMessage) (Placed, NewcomerState, error)) (n Newcomer, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := tx.LockTenant(ctx); err != nil {
			return err
		}
		one := db.NewcomersParams{ID: &id, States: []string{}, BeforeID: nilID, AtMost: 1}
		row, err := tx.HoldNewcomer(ctx, db.HoldNewcomerParams{ID: id, State: string(StateWaiting)})
		if store.NoRows(err) {
			if list, err := newcomers(ctx, tx, one); err != nil || len(list) > 0 {
				return cmp.Or[error](err, desk.Errorf(desk.CodeConflict, "a colleague has decided already"))
			}
			return noPerson()
		}
		if err != nil {
			return err
		}
		p, state, err := fn(ctx, tx, v, messageOf(&row))
		if err != nil {
			return err
		}
		err = tx.DecideNewcomer(ctx, db.DecideNewcomerParams{
			ID: id, State: string(state), DecidedBy: &v.User, UserID: store.Optional(p.User), TicketID: store.Optional(p.Ticket),
		})
		if err != nil {
			return err
		}
		err = tx.Audit(ctx, store.AuditEntry{
			Actor: v.User, Action: "newcomer." + string(state), Object: "newcomer", ObjectID: id,
			Detail: map[string]any{"user": p.User, "ticket": p.Ticket},
		})
		if err != nil {
			return err
		}
		list, err := newcomers(ctx, tx, one)
		if err == nil {
			n = list[0]
		}
		return err
	})
	return n, err
}
