package actions

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/software"
)

// proposalsWindow is in which one person's proposals are counted.
const proposalsWindow = 10 * time.Minute

func (s *Service) hit(ctx context.Context, tx *store.Tx, user desk.ID) error {
	return tx.Hit(ctx, "actions "+string(user), proposalsWindow, s.cfg.ProposalsAtMost,
		desk.Errorf(desk.CodeRateLimited, "too many requests for actions; wait a little"))
}

// ProposeTx puts a wish into the ledger: the assistant's tool, the self-service
// page and an approved request all come here. v becomes the owner. Nothing
// happens to any device by it. The same wish again, while it still waits for
// its owner, is the same action. A refusal leaves its line in the audit of tx.
func (s *Service) ProposeTx(ctx context.Context, tx *store.Tx, v desk.Viewer, p Proposal) (View, error) {
	a, err := s.propose(ctx, tx, v, p)
	if err != nil {
		if refusal(err) {
			err = errors.Join(err, s.auditRefusal(ctx, tx, v, p, err))
		}
		return View{}, single(err)
	}
	return s.view(ctx, tx, v, a.ID)
}

// ProposeInstallTx proposes the installation that an approved request asks for.
// Its owner confirms and verifies as ever.
func (s *Service) ProposeInstallTx(ctx context.Context, tx *store.Tx, owner desk.Viewer, w software.Install) (desk.ID, error) {
	view, err := s.ProposeTx(ctx, tx, owner, Proposal{
		Device: w.Device, Operation: desk.OpInstallSoftware, Software: w.Software, Conversation: w.Conversation, Source: SourceRequest, Request: w.Request,
	})
	return view.ID, err
}

// single takes a lone error out of its join, so that codes and texts stay.
func single(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok && len(j.Unwrap()) == 1 {
		return j.Unwrap()[0]
	}
	return err
}

func refusal(err error) bool {
	switch desk.CodeOf(err) {
	case desk.CodePolicy, desk.CodeNotFound, desk.CodeUnsupported, desk.CodeForbidden, desk.CodeInvalid, desk.CodeActionChanged:
		return true
	}
	return false
}

func (s *Service) auditRefusal(ctx context.Context, tx *store.Tx, v desk.Viewer, p Proposal, err error) error {
	detail := map[string]any{"operation": cut(string(p.Operation)), "device": cut(string(p.Device)), "source": p.Source, "code": desk.CodeOf(err)}
	if p.Request != "" {
		detail["request"] = p.Request
	}
	var coded *desk.Error
	if errors.As(err, &coded) && coded.Params["rule"] != nil {
		detail["rule"] = coded.Params["rule"]
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "action.not_proposed", Object: "device", Detail: detail})
}

// cut keeps what somebody made up short in the audit.
func cut(s string) string { return s[:min(len(s), 64)] }

func (s *Service) propose(ctx context.Context, tx *store.Tx, v desk.Viewer, p Proposal) (*db.Action, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := s.hit(ctx, tx, v.User); err != nil {
		return nil, err
	}
	if p.Conversation != "" {
		conv, err := tx.HoldConversation(ctx, p.Conversation)
		if store.NoRows(err) || err == nil && conv.UserID != v.User {
			return nil, desk.Errorf(desk.CodeNotFound, "no such conversation").On("conversation_id")
		}
		if err != nil {
			return nil, err
		}
	}
	f, err := s.look(ctx, tx, v.User, p.Device, p.Operation, p.Software)
	if err != nil {
		return nil, err
	}
	if !f.decision.Allowed {
		return nil, f.decision.Err()
	}
	now, err := s.now(ctx, tx)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(f.params)
	if err != nil {
		return nil, err
	}
	a := &db.Action{
		TenantID: tx.Tenant, ID: desk.NewID(), UserID: v.User, DeviceID: p.Device, Operation: string(p.Operation), SoftwareID: store.Optional(p.Software),
		Parameters: raw, Source: p.Source, ConversationID: store.Optional(p.Conversation), State: string(desk.StateProposed),
		ProposedAt: now, Deadline: now.Add(confirmWithin), ExpiresAt: now.Add(confirmWithin + verifyWithin + s.queueFor(p.Operation)),
	}
	if f.pack != nil {
		version := int32(f.pack.SoftwareVersion) //nolint:gosec // counts edits
		a.SoftwareVersion = &version
	}
	a.Digest = digestOf(a, f.params, f.softwareVersion())
	same, err := s.same(ctx, tx, a, now, f)
	if err != nil || same != nil {
		return same, err
	}
	return a, s.insert(ctx, tx, v, a, now, p.Request)
}

func (p *Proposal) check() (err error) {
	if !slices.Contains(desk.Operations(), p.Operation) {
		return desk.Errorf(desk.CodeInvalid, "there is no such operation").On("operation")
	}
	if p.Device, err = desk.ParseID(string(p.Device)); err != nil {
		return desk.Errorf(desk.CodeNotFound, "no such device")
	}
	if p.Operation != desk.OpInstallSoftware {
		if p.Software != "" {
			return desk.Errorf(desk.CodeInvalid, "this operation takes no software").On("software_id")
		}
	} else if p.Software, err = desk.ParseID(string(p.Software)); err != nil {
		return policy.Refuse(policy.RuleCatalogue)
	}
	if !slices.Contains([]string{SourceAssistant, SourceSelfService, SourceTechnician, SourceRequest}, p.Source) {
		return desk.Errorf(desk.CodeInvalid, "a proposal has a source").On("source")
	}
	return nil
}

// same finds the owner's other action for the same act: one that still waits
// for the owner is given back, one that is on its way refuses a second.
func (s *Service) same(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time, f found) (*db.Action, error) {
	rows, err := tx.SameActions(ctx, db.SameActionsParams{UserID: a.UserID, DeviceID: a.DeviceID, Operation: a.Operation, SoftwareID: a.SoftwareID})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		switch desk.ActionState(r.State) { //nolint:exhaustive // the others are over
		case desk.StateVerified, desk.StateQueued, desk.StateDelivered, desk.StateRunning:
			return nil, desk.Errorf(desk.CodeConflict, "this is already on its way").With("action", r.ID).With("state", r.State)
		case desk.StateProposed:
			other, err := tx.ActionByID(ctx, r.ID)
			if err != nil {
				return nil, err
			}
			fresh := now.Before(other.Deadline) && store.OrZero(other.ConversationID) == store.OrZero(a.ConversationID)
			if fresh && string(digestOf(&other, f.params, f.softwareVersion())) == string(other.Digest) {
				return &other, nil
			}
		}
	}
	return nil, nil //nolint:nilnil // nothing there is an answer
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, v desk.Viewer, a *db.Action, now time.Time, request desk.ID) error {
	a.Evidence = json.RawMessage("{}")
	err := tx.InsertAction(ctx, db.InsertActionParams{
		TenantID: a.TenantID, ID: a.ID, UserID: a.UserID, DeviceID: a.DeviceID, Operation: a.Operation, SoftwareID: a.SoftwareID,
		SoftwareVersion: a.SoftwareVersion, Parameters: a.Parameters, Source: a.Source, ConversationID: a.ConversationID,
		Digest: a.Digest, ProposedAt: a.ProposedAt, Deadline: a.Deadline, ExpiresAt: a.ExpiresAt,
	})
	if err != nil {
		return err
	}
	w := why{by: ByUser, actor: v.User}
	if request != "" {
		w.detail = map[string]any{"request": request}
	}
	switch a.Source {
	case SourceAssistant:
		w.by = ByAssistant
	case SourceTechnician, SourceRequest:
		w.by, w.actor = ByStaff, ""
		if actor, err := desk.ViewerFrom(ctx); err == nil {
			w.actor = actor.User
		}
	}
	return s.record(ctx, tx, a, now, w)
}

// Propose is ProposeTx for whoever asks in their own name.
func (s *Service) Propose(ctx context.Context, p Proposal) (view View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		view, err = s.ProposeTx(ctx, tx, v, p)
		return err
	})
	if err == nil || !refusal(err) {
		return view, err
	}
	// The refusal took its line in the audit, and its count, back with it.
	return View{}, single(errors.Join(err, s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := s.hit(ctx, tx, v.User); err != nil {
			return nil //nolint:nilerr // counted; the refusal is the answer, and the audit is not flooded
		}
		return s.auditRefusal(ctx, tx, v, p, err)
	})))
}

// Retry proposes an action that is over once more: a new action, with a
// confirmation and a factor of its own.
func (s *Service) Retry(ctx context.Context, id desk.ID) (View, error) {
	var p Proposal
	err := s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		a, err := own(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if !over(desk.ActionState(a.State)) || a.State == string(desk.StateSucceeded) {
			return desk.Errorf(desk.CodeConflict, "the action is %s", a.State).With("state", a.State)
		}
		p = Proposal{
			Device: a.DeviceID, Operation: desk.Operation(a.Operation), Software: store.OrZero(a.SoftwareID),
			Conversation: store.OrZero(a.ConversationID), Source: SourceSelfService,
		}
		return nil
	})
	if err != nil {
		return View{}, err
	}
	return s.Propose(ctx, p)
}

// own reads an action of the viewer's own, without a lock.
func own(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (*db.Action, error) {
	a, err := read(ctx, tx, id)
	if err == nil && a.UserID != v.User {
		err = notFound()
	}
	return a, err
}
