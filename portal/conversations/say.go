package conversations

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
	"github.com/conserje/conserje/portal/tickets"
)

// Message is what a person says. The client makes both ids: a conversation that
// does not exist yet is begun, and the message's id makes saying it again
// harmless.
type Message struct {
	Conversation desk.ID
	ID           string
	Text         string // may be empty where there are files
	Attachments  []desk.ID
}

// Ack says that a message is stored for good.
type Ack struct {
	Conversation desk.ID
	ID           string
	Seq          int64
	Turn         desk.ID // empty: no turn was opened; a person answers
	Repeated     bool    // it was said before, and nothing happened now
}

const (
	maxMessageID = 64
	maxTitle     = 80
)

// Say stores a message and opens the turn that answers it, in one transaction;
// when it returns without an error, neither can be lost. The same id again is
// the same ack; with another text or in another conversation it is CodeIDReused.
// With the assistant off (R9) or a person in charge there is no turn, and the
// log says why.
func (s *Service) Say(ctx context.Context, m Message) (Ack, error) {
	if err := m.check(); err != nil {
		return Ack{}, err
	}
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return Ack{}, err
	}
	// The turn begins in the transaction that opens it, if there is a seat for it.
	n := opening{ref: store.TurnRef{Tenant: v.Tenant, Turn: desk.NewID()}}
	seat := s.seats.reserve(n.ref)
	n.seated = seat != nil
	var ack Ack
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) (err error) {
		n.turn = nil
		ack, err = s.say(ctx, tx, v, m, &n)
		return err
	})
	switch {
	case err == nil && n.turn != nil:
		s.seats.begin(n.ref, seat, func() { s.runTurn(n.turn, seat) }) //nolint:contextcheck // the turn outlives the message's request
	case seat != nil:
		s.seats.leave(n.ref, seat)
	}
	if err != nil {
		return Ack{}, err
	}
	failpoint.Hit("say.before_ack")
	return ack, nil
}

// opening is the turn that a message opens, unless a person answers.
type opening struct {
	ref    store.TurnRef
	seated bool
	turn   *Turn // set when it began at once
}

func (m *Message) check() error {
	id, err := desk.ParseID(string(m.Conversation))
	if err != nil {
		return desk.Errorf(desk.CodeInvalid, "the conversation's id is no UUID").On("conversation")
	}
	m.Conversation = id
	if err := desk.CheckText(m.ID, maxMessageID); err != nil {
		return desk.Errorf(desk.CodeInvalid, "a message needs an id of at most %d characters", maxMessageID).On("id")
	}
	if m.Attachments, err = files.CheckIDs(m.Attachments); err != nil {
		return err
	}
	return checkWords(m.Text, len(m.Attachments))
}

// checkWords is CheckText of a message, which needs none beside files.
func checkWords(text string, attachments int) error {
	if text == "" && attachments > 0 {
		return nil
	}
	return desk.CheckText(text, MaxText)
}

func (s *Service) say(ctx context.Context, tx *store.Tx, v desk.Viewer, m Message, n *opening) (Ack, error) {
	if ack, known, err := said(ctx, tx, v, m); known || err != nil {
		return ack, err
	}
	sum := m.hash()
	masked, err := tx.MaskCodes(ctx, v.User, &m.Text)
	if err != nil {
		return Ack{}, err
	}
	conv, err := s.begin(ctx, tx, v, m)
	if err != nil {
		return Ack{}, err
	}
	if err := s.roomIn(conv); err != nil {
		return Ack{}, err
	}
	remembered, err := tx.RememberSaid(ctx, db.RememberSaidParams{
		TenantID: tx.Tenant, UserID: v.User, MessageID: m.ID, ConversationID: conv.id, Seq: conv.LastSeq + 1, TextHash: sum,
	})
	if err != nil {
		return Ack{}, err
	}
	if remembered == 0 { // said at the same moment in another tab, and committed while we waited
		ack, _, err := said(ctx, tx, v, m)
		return ack, err
	}
	if err := s.limit(ctx, tx, v); err != nil {
		return Ack{}, err
	}
	ack, err := s.record(ctx, tx, m, conv, n)
	if err == nil && masked {
		_, err = tx.Append(ctx, conv.id, desk.KindNote, desk.Note{Code: noteCodeMasked})
	}
	return ack, err
}

// roomIn refuses more in a conversation that is very long: the whole log is
// read at each turn, and for the transcript.
func (s *Service) roomIn(conv conversation) error {
	if conv.LastSeq >= int64(s.cfg.MaxEvents) {
		return desk.Errorf(desk.CodeConversationFull, "the conversation is too long; begin a new one")
	}
	return nil
}

// hash is of the text without what may be a code: six digits are soon guessed
// from their hash, and what was masked once is the same message when it comes
// again. Its files belong to it.
func (m *Message) hash() []byte {
	text, _ := desk.MaskCodes(m.Text)
	for _, id := range m.Attachments {
		text += "\x00" + string(id) // no text has a NUL
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// said looks whether this person's message id was used before.
func said(ctx context.Context, tx *store.Tx, v desk.Viewer, m Message) (Ack, bool, error) {
	before, err := tx.Said(ctx, db.SaidParams{UserID: v.User, MessageID: m.ID})
	if store.NoRows(err) {
		return Ack{}, false, nil
	}
	if err != nil {
		return Ack{}, false, err
	}
	if before.ConversationID != m.Conversation || !bytes.Equal(before.TextHash, m.hash()) {
		return Ack{}, true, desk.Errorf(desk.CodeIDReused, "this message id was used for another text")
	}
	ack := Ack{Conversation: m.Conversation, ID: m.ID, Seq: before.Seq, Repeated: true}
	ack.Turn, err = tx.TurnOfMessage(ctx, db.TurnOfMessageParams{ConversationID: m.Conversation, MessageSeq: before.Seq})
	if store.NoRows(err) {
		err = nil
	}
	return ack, true, err
}

// begin holds the conversation, which it makes if the id is new. A
// conversation of somebody else is not found, like one that does not exist for
// whoever may not make it.
func (s *Service) begin(ctx context.Context, tx *store.Tx, v desk.Viewer, m Message) (conversation, error) {
	title := desk.FirstLine(m.Text, maxTitle)
	conv, err := hold(ctx, tx, m.Conversation)
	if desk.CodeOf(err) == desk.CodeNotFound {
		if err := s.create(ctx, tx, v, m.Conversation, title); err != nil {
			return conversation{}, err
		}
		conv, err = hold(ctx, tx, m.Conversation)
	}
	if err != nil {
		return conversation{}, err
	}
	if conv.UserID != v.User {
		return conversation{}, notFound()
	}
	if conv.Title == "" && title != "" {
		conv.Title = title
		return conv, tx.TitleConversation(ctx, db.TitleConversationParams{ID: conv.id, Title: title})
	}
	return conv, nil
}

// create makes a conversation, if its id is new, and counts it for its person
// (SECURITY C7): also an empty one costs rows for ever.
func (s *Service) create(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, title string) error {
	n, err := tx.CreateConversation(ctx, db.CreateConversationParams{
		TenantID: tx.Tenant, ID: id, UserID: v.User, CompanyID: store.Optional(v.Company), Title: title, Language: v.Language,
	})
	if err != nil || n == 0 {
		return err
	}
	return tx.Hit(ctx, "conversations:"+string(v.User), time.Hour, s.cfg.ConversationsPerHour,
		desk.Errorf(desk.CodeRateLimited, "too many new conversations; go on in one that you have"))
}

// record appends the message and what follows from it: the conversation's own
// ticket (R10) with the first message, and the turn, or the way to a person.
func (s *Service) record(ctx context.Context, tx *store.Tx, m Message, conv conversation, n *opening) (Ack, error) {
	v, disabled, err := viewerOf(ctx, tx, conv.UserID)
	if err != nil {
		return Ack{}, err
	}
	if disabled { // since the session was last looked at
		return Ack{}, desk.Errorf(desk.CodeSessionExpired, "log in again")
	}
	p, err := policy.For(ctx, tx, v)
	if err != nil {
		return Ack{}, err
	}
	sent, err := files.AttachTx(ctx, tx, v, m.Attachments, files.Place{Conversation: conv.id})
	if err != nil {
		return Ack{}, err
	}
	subject := m.Text
	if subject == "" {
		subject = sent[0].Name // check lets nobody say nothing at all
		if err := tx.TitleConversation(ctx, db.TitleConversationParams{ID: conv.id, Title: cmp.Or(conv.Title, desk.FirstLine(subject, maxTitle))}); err != nil {
			return Ack{}, err
		}
	}
	ack := Ack{Conversation: conv.id, ID: m.ID}
	if p.Assistant && conv.Handoff == handoffNone {
		ack.Turn = n.ref.Turn
	}
	e, err := tx.Append(ctx, conv.id, desk.KindUserMessage, desk.UserMessage{
		ID: m.ID, Text: m.Text, Author: v.User, Turn: ack.Turn, Attachments: sent,
	})
	if err != nil {
		return Ack{}, err
	}
	ack.Seq = e.Seq
	if p.AssistantTickets && conv.LastSeq == 0 {
		if _, err := tickets.OpenTx(ctx, tx, "", tickets.Opening{
			Requester: v, Origin: tickets.FromChat, Conversation: conv.id, Session: true, Subject: subject,
		}); err != nil {
			return Ack{}, err
		}
	}
	switch {
	case ack.Turn != "":
		err = s.openTurn(ctx, tx, v, ack, n)
	case conv.Handoff != handoffNone:
		err = leaveToPerson(ctx, tx, conv)
	default:
		err = requestHandoff(ctx, tx, v, conv, reasonAssistantOff)
	}
	failpoint.Hit("say.in_tx")
	return ack, err
}

// openTurn opens the turn, as this node's own when it has a seat and no other
// turn of the conversation is open.
func (s *Service) openTurn(ctx context.Context, tx *store.Tx, v desk.Viewer, ack Ack, n *opening) error {
	p := db.OpenTurnParams{
		TenantID: tx.Tenant, ID: ack.Turn, ConversationID: ack.Conversation, MessageSeq: ack.Seq, LeaseSeconds: s.cfg.Lease.Seconds(),
	}
	if n.seated {
		p.Node = s.node
	}
	running, err := tx.OpenTurn(ctx, p)
	if err != nil {
		return err
	}
	if running {
		n.turn = s.turn(ack.Turn, ack.Conversation, v, ack.Seq, 1)
	} else {
		tx.AfterCommit(func(context.Context) { s.seats.kick(n.ref) })
	}
	return tx.Enqueue(ctx, TakeoverArgs(n.ref), &river.InsertOpts{Queue: store.QueueTurns, ScheduledAt: time.Now().Add(s.cfg.Takeover)})
}

// leaveToPerson says in the log, once, why the assistant is silent, and moves
// the ticket up for those who answer.
func leaveToPerson(ctx context.Context, tx *store.Tx, conv conversation) error {
	note := noteWaiting
	if conv.Handoff == handoffTaken {
		note = noteTaken
	}
	before, err := tx.EventAt(ctx, db.EventAtParams{ConversationID: conv.id, Seq: conv.LastSeq})
	if err != nil && !store.NoRows(err) {
		return err
	}
	switch before.Kind {
	case desk.KindUserMessage, desk.KindNote, desk.KindStaffMessage: // said already, or somebody is here
	default:
		if _, err := tx.Append(ctx, conv.id, desk.KindNote, desk.Note{Code: note}); err != nil {
			return err
		}
	}
	return tx.HearTickets(ctx, conv.id)
}

// tenantShares is over how many rows a tenant's count is spread.
const tenantShares = 64

// limit counts the message for its person and for the tenant (SECURITY C7). A
// refused message rolls its hit back. The tenant's count is spread over
// shares, so that its people do not wait for each other.
func (s *Service) limit(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte(v.User))
	hit, err := tx.HitSay(ctx, db.HitSayParams{
		TenantID: tx.Tenant, Person: "say:user:" + string(v.User), Share: fmt.Sprintf("say:tenant:%02d", h.Sum32()%tenantShares),
	})
	if err != nil {
		return err
	}
	if int(hit.Hits) > s.cfg.UserPerMinute || hit.Total >= int64(s.cfg.TenantPerMinute) {
		return desk.Errorf(desk.CodeRateLimited, "too many messages; wait a moment").With("retry_after_seconds", int(hit.RetryAfterSeconds))
	}
	return nil
}
