package people

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The form for people whom the portal does not know (R6). Nothing becomes of
// what they write before they have opened the link that is mailed to their
// address, and nobody learns from the form whether an address has an account.

// ProofLife is how long the link of a sign-up counts.
const ProofLife = 24 * time.Hour

// How much comes by the form (SECURITY C7, D5): mail goes to addresses that
// strangers type.
const (
	signUpWindow    = time.Hour
	signUpByIP      = 10
	signUpDay       = 24 * time.Hour
	signUpByAddress = 3
	signUpByPortal  = 300
	maxFirstWords   = 5000
)

// Source is where the first words of somebody unknown came from.
type Source string

// The sources.
const (
	FromForm Source = "form"
	FromMail Source = "mail"
)

// FirstMessage is what somebody unknown wrote.
type FirstMessage struct {
	Email, Name   string
	Language      desk.Language // empty: the tenant's
	Subject, Text string        // without a subject, the text's first line is one
	Source        Source
}

// check brings the message into the form that it is kept in.
func (m FirstMessage) check(ctx context.Context, tx *store.Tx) (FirstMessage, error) {
	var err error
	if m.Email, err = checkEmail(m.Email); err != nil {
		return m, err
	}
	if m.Email == "" {
		return m, desk.Errorf(desk.CodeBadEmail, "a mail address is needed").On("email")
	}
	if m.Name, err = personName(m.Name); err != nil {
		return m, err
	}
	if err := desk.CheckText(m.Text, maxFirstWords); err != nil {
		return m, desk.OnField("text", err)
	}
	if m.Subject = desk.FirstLine(m.Subject, maxSubject); m.Subject == "" {
		m.Subject = desk.FirstLine(m.Text, maxSubject)
	}
	if m.Language == "" {
		tenant, err := tx.ThisTenant(ctx)
		if err != nil {
			return m, err
		}
		m.Language = tenant.Language
	}
	if !m.Language.Valid() {
		return m, desk.Errorf(desk.CodeInvalid, "the portal does not speak this language").On("language")
	}
	return m, nil
}

const maxSubject = 200

// SignUp takes what somebody wrote into the public form, if the portal has one,
// and mails a link that proves the address. An address that has an account gets
// a mail that says so; the answer and the work before it are the same.
func (s *Service) SignUp(ctx context.Context, tenant desk.ID, m FirstMessage, c Client) error {
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		switches, err := policy.Load(ctx, tx)
		if err != nil {
			return err
		}
		if !switches.SignUp {
			return policy.Refuse(policy.RuleSignUp)
		}
		if s.notify == nil || !s.notify.Can(notify.Mail) {
			return desk.Errorf(desk.CodeNoMail, "this portal has no mail server")
		}
		m.Source = FromForm
		if m, err = m.check(ctx, tx); err != nil {
			return err
		}
		for _, l := range []struct {
			key    string
			window time.Duration
			atMost int
		}{
			{"sign-up-ip:" + c.network(), signUpWindow, signUpByIP},
			{"sign-up:" + m.Email, signUpDay, signUpByAddress},
			{"sign-up-portal", signUpDay, signUpByPortal},
		} {
			if err := tx.Hit(ctx, l.key, l.window, l.atMost, errTooMany); err != nil {
				return err
			}
		}
		id := desk.NewID()
		if err := tx.InsertNewcomer(ctx, m.row(tx.Tenant, id, StateUnproved)); err != nil {
			return err
		}
		return tx.Enqueue(ctx, ProofArgs{Tenant: tenant, Newcomer: id}, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 3})
	})
}

func (m FirstMessage) row(tenant, id desk.ID, state NewcomerState) db.InsertNewcomerParams {
	return db.InsertNewcomerParams{
		TenantID: tenant, ID: id, Email: m.Email, Name: m.Name, Language: m.Language, Subject: m.Subject, Body: m.Text,
		Source: string(m.Source), State: string(state),
	}
}

// ProofArgs is the job that mails somebody who signed up.
type ProofArgs struct {
	Tenant   desk.ID `json:"tenant"`
	Newcomer desk.ID `json:"newcomer"`
}

// Kind names the job.
func (ProofArgs) Kind() string { return "sign_up_mail" }

type prover struct {
	river.WorkerDefaults[ProofArgs]

	service *Service
}

// Work mails the link; whoever has an account is told that instead, and what
// they wrote is dropped: it is said again after a log-in.
func (w *prover) Work(ctx context.Context, job *river.Job[ProofArgs]) error {
	return w.service.store.Tenant(job.Args.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.HoldNewcomer(ctx, db.HoldNewcomerParams{ID: job.Args.Newcomer, State: string(StateUnproved)})
		if store.NoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return w.service.mailProof(ctx, tx, &n)
	})
}

func (s *Service) mailProof(ctx context.Context, tx *store.Tx, n *db.Newcomer) error {
	address, err := s.AddressTx(ctx, tx)
	if err != nil {
		return err
	}
	u, err := tx.UserByLogin(ctx, n.Email)
	if err == nil {
		if u.DisabledAt == nil {
			err = s.mail(ctx, tx, notify.Message{User: u.ID, Template: "sign_up_known", Params: map[string]string{"login": u.Login, "address": address}})
		}
		if err != nil {
			return err
		}
		return tx.DropNewcomer(ctx, n.ID)
	}
	if !store.NoRows(err) {
		return err
	}
	token := newToken()
	if err := tx.GiveNewcomerLink(ctx, db.GiveNewcomerLinkParams{ID: n.ID, TokenHash: tokenHash(token)}); err != nil {
		return err
	}
	// Nothing that was typed stands in this mail: it may go to anybody.
	return s.mail(ctx, tx, notify.Message{
		To: n.Email, Language: n.Language, Template: "sign_up_proof", Secret: address + "/sign-up/confirm#" + token, Life: ProofLife,
	})
}

// SignedUp is what became of a sign-up whose address was proved.
type SignedUp struct {
	Outcome      string `json:"outcome" enum:"account,review,known" doc:"account: you have an account and a ticket; review: the team decides; known: you had an account already."`
	Login        string `json:"login,omitempty"`
	TicketNumber int64  `json:"ticket_number,omitempty"`
	Token        string `json:"token,omitempty" doc:"With it a password is set, once: /password-link/use."`
}

// ConfirmSignUp takes the token of the link, once.
func (s *Service) ConfirmSignUp(ctx context.Context, tenant desk.ID, token string, c Client) (out SignedUp, err error) {
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Hit(ctx, "sign-up-link:"+c.network(), ipWindow, ipAfter, errTooMany)
	})
	if err != nil {
		return out, err
	}
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.NewcomerByLink(ctx, db.NewcomerByLinkParams{TokenHash: tokenHash(token), LifeSeconds: ProofLife.Seconds()})
		if store.NoRows(err) {
			return errLinkOver
		}
		if err != nil {
			return err
		}
		out, err = s.proved(ctx, tx, &n)
		return err
	})
	return out, err
}

func (s *Service) proved(ctx context.Context, tx *store.Tx, n *db.Newcomer) (SignedUp, error) {
	p, err := s.place(ctx, tx, messageOf(n))
	if err != nil {
		return SignedUp{}, err
	}
	if p.User == "" {
		if err := tx.NewcomerWaits(ctx, n.ID); err != nil {
			return SignedUp{}, err
		}
		return SignedUp{Outcome: "review"}, tx.Audit(ctx, store.AuditEntry{Action: "newcomer.waits", Object: "newcomer", ObjectID: n.ID})
	}
	if err := tx.DropNewcomer(ctx, n.ID); err != nil {
		return SignedUp{}, err
	}
	out := SignedUp{Outcome: "known", Login: p.Login, TicketNumber: p.Number}
	if p.Known {
		return out, nil
	}
	// The address is proved: its owner sets a password without another mail.
	out.Outcome = "account"
	out.Token, err = putLink(ctx, tx, p.User)
	return out, err
}
