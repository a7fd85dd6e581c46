package tickets

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/prompts"
)

// Whoever is not looking is told by mail: the requester of what staff did in
// the ticket, its technician of what was answered. What one did oneself, one
// knows; but for the confirmation that a ticket has come in. A mail says only
// what its reader sees in the portal when it goes out, and is not sent when they
// no longer see the ticket.

// The mails.
const (
	mailOpened   = "ticket_opened"
	mailReplied  = "ticket_replied"
	mailStatus   = "ticket_status"
	mailResolved = "ticket_resolved"
	mailAsked    = "ticket_is_it_fixed"
	mailMerged   = "ticket_merged"
	mailAnswered = "ticket_answered" // to the technician
)

// notices tell of a change that nobody wrote words to.
var notices = []string{mailStatus, mailResolved, mailMerged}

// MailArgs is the job that queues one mail about a ticket.
type MailArgs struct {
	Tenant   desk.ID `json:"tenant"`
	ID       desk.ID `json:"id"` // of the message: the job makes one, however often it runs
	Template string  `json:"template"`
	Ticket   desk.ID `json:"ticket"`
	Reply    desk.ID `json:"reply,omitempty"`
	To       desk.ID `json:"to"`
	Status   Status  `json:"status,omitempty"` // that the mail tells of
}

// Kind names the job.
func (MailArgs) Kind() string { return "ticket_mail" }

type withoutMail struct{}

// WithoutMail is for who changes a ticket and tells its people by a mail of
// their own.
func WithoutMail(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutMail{}, true)
}

func mailLater(ctx context.Context, tx *store.Tx, a MailArgs) error {
	if ctx.Value(withoutMail{}) != nil {
		return nil
	}
	a.Tenant, a.ID = tx.Tenant, desk.NewID()
	return tx.Enqueue(ctx, a, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 5, Priority: 3})
}

// mailOpening confirms that a ticket has come in. Of one that a chat opened by
// itself (R10), and of the record of an action, its person knows.
func mailOpening(ctx context.Context, tx *store.Tx, t Ticket) error {
	if t.session || t.Origin == FromAction {
		return nil
	}
	return mailLater(ctx, tx, MailArgs{Template: mailOpened, Ticket: t.ID, To: t.Requester.ID})
}

// mailReply tells of a reply that is no internal note, and of the status that
// came with it.
func mailReply(ctx context.Context, tx *store.Tx, v desk.Viewer, before, after Ticket, r Reply) error {
	a := MailArgs{Template: mailReplied, Ticket: before.ID, Reply: r.ID}
	if after.Kind == KindResolved && after.Status != before.Status {
		a.Template, a.Status = mailResolved, after.Status
	}
	if a.To = before.Requester.ID; a.To != v.User {
		if err := mailLater(ctx, tx, a); err != nil {
			return err
		}
	}
	if v.Role.Staff() || before.Assignee == nil || before.Assignee.ID == v.User {
		return nil
	}
	return mailLater(ctx, tx, MailArgs{Template: mailAnswered, Ticket: before.ID, Reply: r.ID, To: before.Assignee.ID})
}

// mailChange tells the requester of a new status, and asks whether it is fixed.
func mailChange(ctx context.Context, tx *store.Tx, v desk.Viewer, before, after Ticket) error {
	if before.Requester.ID == v.User {
		return nil
	}
	a := MailArgs{Template: mailStatus, Ticket: before.ID, To: before.Requester.ID, Status: after.Status}
	switch {
	case after.FixAsked && !before.FixAsked:
		a.Template = mailAsked
	case after.Status == before.Status:
		return nil
	case after.Kind == KindResolved && !before.Kind.Done():
		a.Template = mailResolved
	}
	return mailLater(ctx, tx, a)
}

// mailMerge tells the requester in which ticket it goes on, or, where a merge is
// taken back, how the own one stands again.
func mailMerge(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket, template string) error {
	if t.Requester.ID == v.User {
		return nil
	}
	return mailLater(ctx, tx, MailArgs{Template: template, Ticket: t.ID, To: t.Requester.ID, Status: t.Status})
}

// Mailer queues mails.
type Mailer interface {
	Can(c notify.Channel) bool
	Mail(ctx context.Context, tx *store.Tx, m notify.Message) error
}

// Mails are the mails about tickets: the job that queues them, and their words.
type Mails struct {
	store   *store.Store
	mailer  Mailer
	address func(ctx context.Context, tx *store.Tx) (string, error) // of the portal
}

// NewMails returns them; address says where the tenant's portal is.
func NewMails(s *store.Store, m Mailer, address func(ctx context.Context, tx *store.Tx) (string, error)) *Mails {
	return &Mails{store: s, mailer: m, address: address}
}

type mailWorker struct {
	river.WorkerDefaults[MailArgs]

	mails *Mails
}

// AddWorkers registers the job; it works store.QueueMail.
func (m *Mails) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &mailWorker{mails: m})
}

// NextRetry comes soon: what fails here is ours.
func (*mailWorker) NextRetry(*river.Job[MailArgs]) time.Time { return time.Now().Add(2 * time.Second) }

func (w *mailWorker) Work(ctx context.Context, job *river.Job[MailArgs]) error {
	return w.mails.queue(ctx, job.Args)
}

// How much one person is told in an hour: of one ticket (SECURITY H4), where
// more is a quarrel of machines, and, by mails that nobody wrote to them, of all
// of theirs together. Who tidies up a hundred tickets at once buries nobody
// under mail; the portal marks each as unread.
const (
	mailsAnHour   = 30
	noticesAnHour = 20
)

func (m *Mails) queue(ctx context.Context, a MailArgs) error {
	if !m.mailer.Can(notify.Mail) {
		return nil
	}
	return m.store.Tenant(a.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.MessageState(ctx, a.ID); !store.NoRows(err) {
			return err // the job ran before
		}
		message := notify.Message{ID: a.ID, User: a.To, Template: a.Template, Ticket: a.Ticket, Reply: a.Reply, Params: map[string]string{statusTold: string(a.Status)}}
		_, withheld, err := m.ComposeTx(ctx, tx, message)
		if err != nil || withheld != "" {
			return err
		}
		n, err := tx.MailsAboutTicket(ctx, db.MailsAboutTicketParams{TicketID: &a.Ticket, UserID: &a.To})
		if err != nil || n >= mailsAnHour {
			return err
		}
		if a.Reply == "" && slices.Contains(notices, a.Template) {
			n, err := tx.MailsToPerson(ctx, db.MailsToPersonParams{UserID: &a.To, Templates: notices})
			if err != nil || n >= noticesAnHour {
				return err
			}
		}
		err = m.mailer.Mail(ctx, tx, message)
		if desk.CodeOf(err) == desk.CodeInvalid {
			return nil // the address on file is none
		}
		return err
	})
}

// statusTold is the status that a mail was to tell of; no text names it.
const statusTold = "status_told"

// ComposeTx says what a mail tells its reader as things are now, or why it
// tells nothing.
func (m *Mails) ComposeTx(ctx context.Context, tx *store.Tx, message notify.Message) (map[string]string, notify.Reason, error) {
	u, err := tx.UserByID(ctx, message.User)
	if store.NoRows(err) || err == nil && u.DisabledAt != nil {
		return nil, notify.ReasonHidden, nil
	}
	if err != nil {
		return nil, "", err
	}
	if message.To != "" && message.To != store.OrZero(u.Email) {
		return nil, notify.ReasonOutdated, nil // another address by now, and perhaps another's
	}
	v, err := person(ctx, tx, u.ID)
	if err != nil {
		return nil, "", err
	}
	t, err := GetTx(ctx, tx, v, message.Ticket)
	switch desk.CodeOf(err) {
	case "":
	case desk.CodeNotFound, desk.CodePolicy:
		return nil, notify.ReasonHidden, nil
	default:
		return nil, "", err
	}
	if why := stale(t, v, message); why != "" {
		return nil, why, nil
	}
	params, err := m.words(ctx, tx, v, t)
	if err == nil && message.Template == mailMerged {
		return m.whither(ctx, tx, v, t, params)
	}
	if err != nil || message.Reply == "" {
		return params, "", err
	}
	r, err := tx.ReplyByID(ctx, message.Reply)
	if store.NoRows(err) || err == nil && (r.Internal || r.TicketID != t.ID) {
		return nil, notify.ReasonHidden, nil
	}
	params["reply"], params["author"] = r.Text, r.AuthorName
	return params, "", err
}

// whither adds where a merged ticket goes on, as far as its reader sees that.
func (m *Mails) whither(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket, params map[string]string) (map[string]string, notify.Reason, error) {
	where, merged, err := WhereTx(ctx, tx, t.ID)
	if err != nil || !merged {
		return nil, notify.ReasonOutdated, err
	}
	to, err := GetTx(ctx, tx, v, where)
	if desk.CodeOf(err) == desk.CodeNotFound {
		return nil, notify.ReasonHidden, nil
	}
	if err != nil {
		return nil, "", err
	}
	address, err := m.address(ctx, tx)
	params["into"], params["link"] = strconv.FormatInt(to.Number, 10), linkOf(address, v, to.ID)
	return params, "", err
}

// stale reports a mail whose reader may not read what it was to tell, or of
// which it is no longer true.
func stale(t Ticket, v desk.Viewer, message notify.Message) notify.Reason {
	ofStatus := message.Template == mailStatus || message.Template == mailResolved && message.Reply == ""
	switch {
	case message.Template == mailAnswered:
		if t.Assignee == nil || t.Assignee.ID != v.User {
			return notify.ReasonOutdated
		}
	case t.Requester.ID != v.User:
		return notify.ReasonHidden
	case ofStatus && t.Hides(FieldStatus):
		return notify.ReasonHidden
	case ofStatus && string(t.Status) != message.Params[statusTold]:
		return notify.ReasonOutdated
	case message.Template == mailAsked && !t.FixAsked:
		return notify.ReasonOutdated
	}
	return ""
}

func (m *Mails) words(ctx context.Context, tx *store.Tx, v desk.Viewer, t Ticket) (map[string]string, error) {
	address, err := m.address(ctx, tx)
	if err != nil {
		return nil, err
	}
	p, err := rules(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	params := map[string]string{
		"name": v.Name, "number": strconv.FormatInt(t.Number, 10), "subject": t.Subject, "description": t.Description, "status": statusWord(t, v),
		"reply": "", "author": "", "question": "", "link": linkOf(address, v, t.ID),
	}
	if p.Reopen {
		params["question"] = prompts.Text(string(v.Language), "resolved_question", nil)
	}
	return params, nil
}

func linkOf(portal string, v desk.Viewer, ticket desk.ID) string {
	if v.Role.Staff() {
		return portal + "/queue/" + string(ticket)
	}
	return portal + "/tickets/" + string(ticket)
}

// statusWord is what the reader calls the ticket's status; empty when the
// portal hides it.
func statusWord(t Ticket, v desk.Viewer) string {
	if t.Status == "" {
		return ""
	}
	if name := t.StatusName(v); name != "" {
		return name
	}
	key := "status_" + string(t.Kind)
	if v.Role.Staff() && t.Kind == KindPending {
		key += "_staff"
	}
	return prompts.Text(string(v.Language), key, nil)
}
