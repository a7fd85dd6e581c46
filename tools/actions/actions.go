// Package actions is the ledger of acts on devices: one row for one act, from
// the wish to the outcome that the device's own evidence shows (DESIGN 4).
//
// Where an action is allowed: check.go, one gate that is asked at proposal,
// confirmation, dispatch and delivery. Which change of state is allowed, and
// to whom: table.go, one table. Where a change happens: move.go, one function
// that writes the row, its history, the conversation's event, the audit and
// the wake-ups together.
//
// The model and everybody else can only propose. The owner confirms; the owner
// verifies with a second factor that is bound to the digest of exactly this
// act; only then does it wait for its device. A command goes out at most as
// often as the device forgets that it had it, which is never: the agent
// remembers the id. What became of a command that nobody reported on is
// unknown, and says so.
//
// Locks are taken in the order conversation, action, tickets.
package actions

import (
	"context"
	"log/slog"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/software"
)

// Verifier is the second factor. Its contract: a code is good once, for the
// person and the digest it was made for, and an attempt is charged and
// committed before the code is looked at. Check calls then in the transaction
// that uses the code up; an error of then leaves the code unused.
type Verifier interface {
	// Status tells a person's factors, SentFor how the newest code for an action fares.
	Status(ctx context.Context, tx *store.Tx, user desk.ID) (verify.Factors, error)
	SentFor(ctx context.Context, tx *store.Tx, user, action desk.ID) (verify.Sent, error)
	SendCode(ctx context.Context, v desk.Viewer, act verify.Act, phone string) error
	Check(ctx context.Context, v desk.Viewer, act verify.Act, code string, then func(ctx context.Context, tx *store.Tx, factor string) error) error
}

// Catalogue says what a person may install: CodeNotFound when it is not for
// them, CodePolicy when there is no package for the system.
type Catalogue interface {
	PackageTx(ctx context.Context, tx *store.Tx, v desk.Viewer, software desk.ID, system string) (software.Package, error)
	// CredentialsTx opens those of a private source, when a command leaves; nil
	// when it has none.
	CredentialsTx(ctx context.Context, tx *store.Tx, source desk.ID) ([]byte, error)
}

// Messenger sends a text message, or a mail, when tx commits, its secret sealed
// until then. That it cannot is a *desk.Error, and then it has written nothing.
type Messenger interface {
	Can(c notify.Channel) bool
	SMS(ctx context.Context, tx *store.Tx, m notify.Message) error
	Mail(ctx context.Context, tx *store.Tx, m notify.Message) error
}

// Config sets up the service. Store and Log are required; without a Verifier
// nothing can be verified, without a Catalogue nothing installed, without
// SMS no password reset.
type Config struct {
	Store     *store.Store
	Verify    Verifier
	Catalogue Catalogue
	SMS       Messenger
	Log       *slog.Logger
	// Now is the clock; nil is the database's.
	Now func() time.Time
	// ProposalsAtMost bounds one person's proposals in ten minutes; 30.
	ProposalsAtMost int
	// QueueFor is how long a confirmed action waits for its device, InstallFor an
	// installation; 15 minutes and 24 hours.
	QueueFor, InstallFor time.Duration
	// Poll is how often actions are looked for whose time is up; 1 s.
	Poll time.Duration
}

// Service is the one way to the ledger.
type Service struct {
	cfg   Config
	store *store.Store
	log   *slog.Logger
}

// New returns the service.
func New(cfg Config) *Service {
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	if cfg.ProposalsAtMost == 0 {
		cfg.ProposalsAtMost = 30 // enough for a bad day, too few for a flood
	}
	if cfg.QueueFor == 0 {
		cfg.QueueFor = queueWithin
	}
	if cfg.InstallFor == 0 {
		cfg.InstallFor = installWithin
	}
	return &Service{cfg: cfg, store: cfg.Store, log: cfg.Log}
}

// Subject is where a device's link hears that there is something for it.
func Subject(tenant, device desk.ID) string { return "device." + string(tenant) + "." + string(device) }

// The sources of a proposal.
const (
	SourceAssistant   = "assistant"
	SourceSelfService = "self_service"
	SourceTechnician  = "technician"
	SourceRequest     = "request"
)

// Proposal is a wish. Conversation is the owner's, or empty.
type Proposal struct {
	Device       desk.ID
	Operation    desk.Operation
	Software     desk.ID
	Conversation desk.ID
	Source       string
	Request      desk.ID // the request for software that was approved, if one was
}

// How long an action waits in a state.
const (
	confirmWithin = 15 * time.Minute
	verifyWithin  = 15 * time.Minute
	queueWithin   = 15 * time.Minute
	installWithin = 24 * time.Hour
)

func (s *Service) queueFor(op desk.Operation) time.Duration {
	if op == desk.OpInstallSoftware {
		return s.cfg.InstallFor
	}
	return s.cfg.QueueFor
}

// runFor is how long a device may be silent about a command before nobody
// knows what became of it.
func runFor(op desk.Operation) time.Duration {
	switch op {
	case desk.OpInstallSoftware:
		return 2 * time.Hour
	case desk.OpRestart, desk.OpShutdown:
		return 30 * time.Minute
	default:
		return 3 * time.Minute
	}
}

// Once a device said that it accepted, its effect must show within this time.
const settleWithin = 10 * time.Minute

// A shut-down has happened when the link is lost and stays lost for this long.
const stayLost = 90 * time.Second

// A person may put a restart off until this long after it was delivered.
const postponeWithin = 8 * time.Hour

// warnSeconds is how long the device warns before a restart or a shut-down.
const warnSeconds = 60

func (s *Service) now(ctx context.Context, tx *store.Tx) (time.Time, error) {
	if s.cfg.Now != nil {
		return s.cfg.Now().UTC().Truncate(time.Microsecond), nil
	}
	t, err := tx.ClockTime(ctx)
	return t.UTC(), err
}

func notFound() error { return desk.Errorf(desk.CodeNotFound, "no such action") }

// hold locks an action, its conversation first.
func hold(ctx context.Context, tx *store.Tx, id desk.ID) (*db.Action, error) {
	a, err := read(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return lock(ctx, tx, a)
}

// read reads an action without a lock.
func read(ctx context.Context, tx *store.Tx, id desk.ID) (*db.Action, error) {
	id, err := desk.ParseID(string(id))
	if err != nil {
		return nil, notFound()
	}
	a, err := tx.ActionByID(ctx, id)
	if store.NoRows(err) {
		return nil, notFound()
	}
	return &a, err
}

// lock holds an action that was read, and returns it as it is then. Which
// conversation it is of never changes.
func lock(ctx context.Context, tx *store.Tx, a *db.Action) (*db.Action, error) {
	if a.ConversationID != nil {
		if _, err := tx.HoldConversation(ctx, *a.ConversationID); err != nil {
			return nil, err
		}
	}
	locked, err := tx.LockAction(ctx, a.ID)
	return &locked, err
}
