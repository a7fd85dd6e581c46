// Package notify sends mail and SMS.
//
// A message is a row in messages_out and a River job on store.QueueMail, both
// written in the caller's transaction. The row says who was sent what kind of
// message and how it went; the job carries ids only. Words that hold a code or
// a password are made at once, lie sealed in secret_outbox until they are sent,
// and no longer than their life; sending deletes them (rule 5). All others are
// made when they are sent, of what the row keeps and, in a mail about a ticket,
// of what its reader may see by then. No error, log line or detail of a row
// repeats any of them.
//
// A text message that is refused for now gets one more try, since somebody
// waits for it; a mail gets several, further and further apart. Then the
// message is failed with a reason.
package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Channel is how a message travels.
type Channel string

// The channels.
const (
	SMS  Channel = "sms"
	Mail Channel = "mail"
)

// Outgoing is what a provider sends. ID is the key that makes two tries one
// message, where the provider knows such keys.
type Outgoing struct {
	Tenant, ID, User desk.ID
	To               string
	Subject          string // mail only
	Text             string
	HTML             string // mail only: the same as Text
	Thread           string // mail only: those of one matter share it; empty is none
}

// Provider hands a message over. Its errors are of type *Failure and never
// repeat the text.
type Provider interface {
	Send(ctx context.Context, o Outgoing) (providerID string, err error)
}

// Config is what the service stands on.
type Config struct {
	Store *store.Store
	// SMS and Mail hand messages over; nil is a channel that this installation
	// does not have.
	SMS, Mail Provider
	// Demo keeps both channels' messages in an outbox that the portal shows.
	Demo bool
	// KeepFor is how long it is known to whom a message went and what its words
	// were made of, after that nothing of it is left; 0 is 90 days.
	KeepFor time.Duration
	// Wait is how long after so many tries the next one comes, if one does;
	// nil is waitFor.
	Wait func(c Channel, tries int) (wait time.Duration, again bool)
	Log  *slog.Logger
}

// Service takes messages and sends them.
type Service struct {
	store     *store.Store
	log       *slog.Logger
	providers map[Channel]Provider
	demo      bool
	keepFor   time.Duration
	wait      func(c Channel, tries int) (time.Duration, bool)
	composer  Composer                                                       // nil: there are no mails about tickets
	lost      func(ctx context.Context, tx *store.Tx, message desk.ID) error // nil: nobody hears
}

// New returns the service.
func New(cfg Config) *Service {
	s := &Service{store: cfg.Store, log: cfg.Log, providers: map[Channel]Provider{}, demo: cfg.Demo, keepFor: cfg.KeepFor, wait: cfg.Wait}
	if s.keepFor == 0 {
		s.keepFor = keepFor
	}
	if s.wait == nil {
		s.wait = waitFor
	}
	if cfg.Demo {
		s.providers[SMS], s.providers[Mail] = demo{cfg.Store, SMS}, demo{cfg.Store, Mail}
		return s
	}
	if cfg.SMS != nil {
		s.providers[SMS] = cfg.SMS
	}
	if cfg.Mail != nil {
		s.providers[Mail] = cfg.Mail
	}
	return s
}

// Can reports whether this installation has the channel.
func (s *Service) Can(c Channel) bool { return s.providers[c] != nil }

// Message is one text to one person, in that person's language.
type Message struct {
	ID       desk.ID       // of the row; empty makes one
	User     desk.ID       // whose language it is in, and whose mail address it goes to when To is empty
	To       string        // number in E.164 form, or mail address
	Language desk.Language // of somebody who is no user
	Template string
	Params   map[string]string
	Secret   string        // {{code}}, {{password}} or {{one_time_link}} in the text
	Life     time.Duration // how long it may wait; 0 is an hour, or a day for a mail
	Ticket   desk.ID       // a mail about a ticket: the rest of its words come from the Composer
	Reply    desk.ID       // the reply that it tells of, if it does
}

// Composer says, when a mail about a ticket is sent, what its reader may read
// by then (R26). Fields that it does not name come from the message's own.
type Composer interface {
	ComposeTx(ctx context.Context, tx *store.Tx, m Message) (params map[string]string, withheld Reason, err error)
}

// PlugTickets says who composes mails about tickets.
func (s *Service) PlugTickets(c Composer) { s.composer = c }

const (
	smsLife  = time.Hour
	mailLife = 24 * time.Hour
	keepFor  = 90 * 24 * time.Hour
	sealing  = "message"
)

// content is what lies sealed until it is sent.
type content struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

// SMS sends a text message when tx commits. Without a provider it is
// CodeSMSUnavailable.
func (s *Service) SMS(ctx context.Context, tx *store.Tx, m Message) error {
	if !s.Can(SMS) {
		return desk.Errorf(desk.CodeSMSUnavailable, "this portal sends no text messages; an authenticator app works without them")
	}
	return s.queue(ctx, tx, SMS, m)
}

// Mail sends a mail when tx commits. Somebody without an address, or an
// installation without a mail server, gets none: what a mail tells stands in
// the portal too.
func (s *Service) Mail(ctx context.Context, tx *store.Tx, m Message) error {
	if !s.Can(Mail) {
		return nil
	}
	return s.queue(ctx, tx, Mail, m)
}

func (s *Service) queue(ctx context.Context, tx *store.Tx, channel Channel, m Message) error {
	language := m.Language
	if !language.Valid() {
		language = desk.Languages()[0]
	}
	if m.User != "" {
		u, err := tx.UserByID(ctx, m.User)
		if err != nil {
			return err
		}
		language = u.Language
		if m.To == "" && channel == Mail && u.Email != nil {
			m.To = *u.Email
		}
	}
	if m.To == "" {
		return nil // nowhere to send it
	}
	if err := checkRecipient(channel, m.To); err != nil {
		return err
	}
	if m.Ticket != "" {
		return s.put(ctx, tx, channel, m, language)
	}
	c, err := s.write(ctx, tx, m, language)
	switch {
	case err != nil:
		return err
	case m.Secret != "":
		return s.putSealed(ctx, tx, channel, m, language, c)
	}
	return s.put(ctx, tx, channel, m, language)
}

// write makes the words of a message as they are now.
func (s *Service) write(ctx context.Context, tx *store.Tx, m Message, l desk.Language) (content, error) {
	if _, ok := builtIn(l, m.Template); !ok {
		return content{}, fmt.Errorf("there is no message %q", m.Template)
	}
	tenant, err := tx.ThisTenant(ctx)
	if err != nil {
		return content{}, err
	}
	t, err := wordsFor(ctx, tx, m.Template, l)
	if err != nil {
		return content{}, err
	}
	return render(m.Template, t, fillings{params: m.Params, portal: tenant.Name, secret: m.Secret})
}

func (m *Message) complete(c Channel) {
	if m.ID == "" {
		m.ID = desk.NewID()
	}
	if m.Life == 0 && c == Mail {
		m.Life = mailLife
	} else if m.Life == 0 {
		m.Life = smsLife
	}
}

// put queues a message whose words are made when it is sent.
func (s *Service) put(ctx context.Context, tx *store.Tx, channel Channel, m Message, l desk.Language) error {
	m.complete(channel)
	return s.enqueue(ctx, tx, channel, m, l, false)
}

// putSealed queues a message with its words.
func (s *Service) putSealed(ctx context.Context, tx *store.Tx, channel Channel, m Message, l desk.Language, c content) error {
	m.complete(channel)
	plain, err := json.Marshal(c)
	if err != nil {
		return err
	}
	err = tx.PutSecret(ctx, db.PutSecretParams{
		TenantID: tx.Tenant, ID: m.ID, Purpose: sealing, OwnerID: store.Optional(m.User),
		Sealed: s.store.Seal(sealing, bound(tx.Tenant, m.ID), plain), LifeSeconds: m.Life.Seconds(),
	})
	if err != nil {
		return err
	}
	m.Params = nil
	return s.enqueue(ctx, tx, channel, m, l, true)
}

func (s *Service) enqueue(ctx context.Context, tx *store.Tx, channel Channel, m Message, l desk.Language, sealed bool) error {
	params, err := json.Marshal(m.Params)
	if err != nil {
		return err
	}
	if m.Params == nil {
		params = []byte("{}")
	}
	err = tx.CreateMessage(ctx, db.CreateMessageParams{
		TenantID: tx.Tenant, ID: m.ID, Channel: string(channel), Template: m.Template, UserID: store.Optional(m.User),
		Recipient: m.To, Language: string(l), Sealed: sealed, Params: params,
		TicketID: store.Optional(m.Ticket), ReplyID: store.Optional(m.Reply), LifeSeconds: m.Life.Seconds(),
	})
	if err != nil {
		return err
	}
	return enqueueSend(ctx, tx, channel, m.ID)
}

func enqueueSend(ctx context.Context, tx *store.Tx, channel Channel, id desk.ID) error {
	priority := 1
	if channel == Mail {
		priority = 3 // somebody waits for the text message
	}
	return tx.Enqueue(ctx, SendArgs{Tenant: tx.Tenant, Message: id},
		&river.InsertOpts{Queue: store.QueueMail, MaxAttempts: jobTries, Priority: priority})
}

// bound ties a sealed text to its row.
func bound(tenant, id desk.ID) string { return string(tenant) + "/" + string(id) }

// State is how a message fares: queued, sent, delivered, undelivered, failed
// or withheld, and the reason.
type State struct {
	State  string
	Reason Reason
}

// StateOf looks a message up; the zero State is none.
func StateOf(ctx context.Context, tx *store.Tx, id desk.ID) (State, error) {
	r, err := tx.MessageState(ctx, id)
	if store.NoRows(err) {
		return State{}, nil
	}
	reason, _ := ReasonOf(r.Detail)
	return State{State: r.State, Reason: reason}, err
}
