package actions

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
	"github.com/conserje/conserje/portal/tickets"
)

// why is what a change of state records beside the state.
type why struct {
	by     By
	actor  desk.ID // empty: no person
	code   string
	rule   string
	detail map[string]any
}

// move makes one change of state: the row, its history, the conversation's
// event, the audit and the wake-ups, or nothing. A change that the table does
// not have is CodeConflict. The action is locked by the caller.
func (s *Service) move(ctx context.Context, tx *store.Tx, a *db.Action, c Cause, now time.Time, w why) error {
	from := desk.ActionState(a.State)
	to, ok := next(from, c, w.by)
	if !ok {
		return desk.Errorf(desk.CodeConflict, "the action is %s", a.State).With("state", a.State)
	}
	a.State, a.Code, a.Rule = string(to), w.code, w.rule
	s.stamp(a, to, now)
	switch to { //nolint:exhaustive // the others have no words of their own
	case desk.StateDeclined, desk.StateRefused, desk.StateExpired, desk.StateCancelled, desk.StateFailed:
		a.Outcome = string(desk.OutcomeNone)
	case desk.StateUnknown:
		a.Outcome = ""
	}
	if to == desk.StateConfirmed && a.ConversationID == nil {
		if err := s.openTicket(ctx, tx, a); err != nil {
			return err
		}
	}
	if err := save(ctx, tx, a); err != nil {
		return err
	}
	if err := s.record(ctx, tx, a, now, w); err != nil {
		return err
	}
	if err := s.mailOutcome(ctx, tx, a, w); err != nil {
		return err
	}
	if to == desk.StateQueued || from == desk.StateQueued && to != desk.StateDelivered {
		tx.Publish(Subject(tx.Tenant, a.DeviceID), []byte(`{"action":"`+string(a.ID)+`"}`))
	}
	if a.TicketID != nil && over(to) && to != desk.StateFailed && to != desk.StateUnknown && to != desk.StateRefused {
		return tx.ResolveActionTicket(ctx, db.ResolveActionTicketParams{ID: *a.TicketID, Resolution: resolutionOf(to, a)})
	}
	return nil
}

// resolutionOf is how the ticket of an act ends: as the device showed, as is
// assumed, or without anything done.
func resolutionOf(to desk.ActionState, a *db.Action) string {
	switch {
	case to != desk.StateSucceeded:
		return string(tickets.ResolutionNone)
	case a.Outcome == string(desk.OutcomeDeviceVerified):
		return string(tickets.ResolutionVerified)
	}
	return string(tickets.ResolutionAssumed)
}

func (s *Service) stamp(a *db.Action, to desk.ActionState, now time.Time) {
	a.EndedAt = nil
	op := desk.Operation(a.Operation)
	switch to { //nolint:exhaustive // the rest are ends
	case desk.StateConfirmed:
		a.ConfirmedAt, a.Deadline = &now, now.Add(verifyWithin)
	case desk.StateVerified:
		a.VerifiedAt = &now
	case desk.StateQueued:
		a.QueuedAt, a.Deadline = &now, earlier(now.Add(s.queueFor(op)), a.ExpiresAt)
	case desk.StateDelivered:
		a.DeliveredAt, a.Deadline = &now, now.Add(runFor(op))
	case desk.StateRunning:
		a.Deadline = now.Add(runFor(op))
	default:
		a.EndedAt = &now
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// save writes the row. The lock and the version both say that nobody else did.
func save(ctx context.Context, tx *store.Tx, a *db.Action) error {
	n, err := tx.MoveAction(ctx, db.MoveActionParams{
		State: a.State, Code: a.Code, Rule: a.Rule, Outcome: a.Outcome, Evidence: a.Evidence, Result: a.Result, Factor: a.Factor,
		TicketID: a.TicketID, ConfirmedAt: a.ConfirmedAt, VerifiedAt: a.VerifiedAt, QueuedAt: a.QueuedAt, DeliveredAt: a.DeliveredAt,
		EndedAt: a.EndedAt, Deadline: a.Deadline, ID: a.ID, Version: a.Version,
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return desk.Errorf(desk.CodeConflict, "somebody else changed the action").With("state", a.State)
	}
	a.Version++
	return nil
}

// record tells everybody who keeps a record.
func (s *Service) record(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time, w why) error {
	detail := map[string]any{"operation": a.Operation, "device": a.DeviceID, "state": a.State, "by": w.by, "source": a.Source}
	if w.code != "" {
		detail["code"] = w.code
	}
	if w.rule != "" {
		detail["rule"] = w.rule
	}
	if request := w.detail["request"]; request != nil {
		detail["request"] = request
	}
	err := tx.Batch(ctx, func(b *store.Tx) error {
		if err := s.note(ctx, b, a, now, w); err != nil {
			return err
		}
		if a.TicketID != nil {
			if err := b.TouchTicket(ctx, *a.TicketID); err != nil {
				return err
			}
		}
		return b.Audit(ctx, store.AuditEntry{Actor: w.actor, Action: "action." + a.State, Object: "action", ObjectID: a.ID, Detail: detail})
	})
	if err != nil {
		return err
	}
	s.points(tx, a.State)
	return s.tell(ctx, tx, a, now)
}

// tell has everybody who looks at the action's card look again.
func (s *Service) tell(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time) error {
	if a.ConversationID == nil {
		return nil
	}
	_, err := tx.Append(ctx, *a.ConversationID, desk.KindAction, desk.ActionChange{
		Action: a.ID, Operation: desk.Operation(a.Operation), Device: a.DeviceID, Software: store.OrZero(a.SoftwareID),
		State: desk.ActionState(a.State), Code: desk.Code(a.Code), At: now,
	})
	if err != nil || desk.ActionState(a.State) != desk.StateSucceeded || !slices.Contains(mayFix, desk.Operation(a.Operation)) {
		return err
	}
	if _, err = tickets.AskInConversationTx(ctx, tx, *a.ConversationID); desk.CodeOf(err) == desk.CodeNotFound {
		return nil // no ticket to ask about
	}
	return err
}

// mayFix are the operations after whose success it is asked whether the problem
// is solved (P5). Locking, logging out and shutting down solve none.
var mayFix = []desk.Operation{desk.OpRestart, desk.OpResetPassword, desk.OpInstallSoftware}

// points are where the crash tests end the process: with the change in the
// transaction, and committed with nobody told.
func (s *Service) points(tx *store.Tx, state string) {
	failpoint.Hit("action." + state + ".in_tx")
	tx.AfterCommit(func(context.Context) { failpoint.Hit("action." + state + ".committed") })
}

// note adds a line to the history.
func (s *Service) note(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time, w why) error {
	detail := json.RawMessage("{}")
	if len(w.detail) > 0 {
		raw, err := json.Marshal(w.detail)
		if err != nil {
			return err
		}
		detail = raw
	}
	return tx.InsertActionHistory(ctx, db.InsertActionHistoryParams{
		TenantID: tx.Tenant, ActionID: a.ID, State: a.State, Actor: store.Optional(w.actor), By: string(w.by), Code: w.code, Detail: detail, At: now,
	})
}

// openTicket gives an action that comes from no conversation a ticket of its
// own, when the portal records by itself (R10).
func (s *Service) openTicket(ctx context.Context, tx *store.Tx, a *db.Action) error {
	switches, err := policy.Load(ctx, tx)
	if err != nil || !switches.AssistantTickets || a.TicketID != nil {
		return err
	}
	p, err := tx.PersonFor(ctx, a.UserID)
	if err != nil {
		return err
	}
	owner := desk.Viewer{Tenant: tx.Tenant, User: p.ID, Company: store.OrZero(p.CompanyID), Role: p.Role, Name: p.Name, Language: p.Language}
	names, err := s.namesOf(ctx, tx, a)
	if err != nil {
		return err
	}
	t, err := tickets.OpenTx(ctx, tx, "", tickets.Opening{
		Requester: owner, Origin: tickets.FromAction, Subject: words(p.Language).title(a, names),
	})
	a.TicketID = store.Optional(t.ID)
	return err
}
