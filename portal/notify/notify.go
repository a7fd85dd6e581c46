// Package notify sends mail and SMS.
//
// A message is a row in messages_out and a River job on store.QueueMail, both
// written in the caller's transaction. The row says who was sent what kind of
// message and how it went; the job carries ids only. The words themselves,
// which may hold a code or a password, lie sealed in secret_outbox until they
// are sent, and no longer than their life; sending deletes them (rule 5). No
// error, log line or detail of a row repeats them.
//
// A provider that is down or busy gets one more try with the same key; then
// the message is failed with a reason, and its text is gone.
package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
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
	Log  *slog.Logger
}

// Service takes messages and sends them.
type Service struct {
	store     *store.Store
	log       *slog.Logger
	providers map[Channel]Provider
	demo      bool
	lost      func(ctx context.Context, tx *store.Tx, message desk.ID) error // nil: nobody hears
}

// New returns the service.
func New(cfg Config) *Service {
	s := &Service{store: cfg.Store, log: cfg.Log, providers: map[Channel]Provider{}, demo: cfg.Demo}
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
	Secret   string        // {{secret}} in the text
	Life     time.Duration // how long it may wait; 0 is an hour
}

const (
	defaultLife = time.Hour
	sealing     = "message"
)

// content is what lies sealed until it is sent.
type content struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
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
	tenant, err := tx.ThisTenant(ctx)
	if err != nil {
		return err
	}
	c, err := render(language, m.Template, m.Params, tenant.Name, m.Secret)
	if err != nil {
		return err
	}
	return s.put(ctx, tx, channel, m, language, c)
}

func (s *Service) put(ctx context.Context, tx *store.Tx, channel Channel, m Message, language desk.Language, c content) error {
	if m.ID == "" {
		m.ID = desk.NewID()
	}
	if m.Life == 0 {
		m.Life = defaultLife
	}
	err := tx.CreateMessage(ctx, db.CreateMessageParams{
		TenantID: tx.Tenant, ID: m.ID, Channel: string(channel), Template: m.Template, UserID: store.Optional(m.User),
		Recipient: m.To, Language: string(language),
	})
	if err != nil {
		return err
	}
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
	priority := 1
	if channel == Mail {
		priority = 3 // somebody waits for the text message
	}
	return tx.Enqueue(ctx, SendArgs{Tenant: tx.Tenant, Message: m.ID},
		&river.InsertOpts{Queue: store.QueueMail, MaxAttempts: tries, Priority: priority})
}

// bound ties a sealed text to its row.
func bound(tenant, id desk.ID) string { return string(tenant) + "/" + string(id) }

// State is how a message fares: queued, sent, delivered, undelivered or failed,
// and the reason.
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
	reason, _, _ := strings.Cut(r.Detail, ":")
	return State{State: r.State, Reason: Reason(reason)}, err
}
