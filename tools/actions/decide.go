package actions

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// Confirm is the owner's button. Rules and digest are checked; what is not
// allowed any more ends as refused.
func (s *Service) Confirm(ctx context.Context, id desk.ID) (View, error) {
	return s.decide(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, d *decision) error {
		if err := s.mayGoOn(ctx, tx, d, CauseConfirm); err != nil || d.ended != nil {
			return err
		}
		return s.move(ctx, tx, d.a, CauseConfirm, d.now, why{by: ByUser, actor: v.User})
	})
}

// Decline is the other button.
func (s *Service) Decline(ctx context.Context, id desk.ID) (View, error) {
	return s.decide(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, d *decision) error {
		return s.move(ctx, tx, d.a, CauseDecline, d.now, why{by: ByUser, actor: v.User})
	})
}

// Cancel takes an action back until it is delivered: its owner, or staff.
func (s *Service) Cancel(ctx context.Context, id desk.ID) (view View, err error) {
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		a, err := hold(ctx, tx, id)
		if err != nil {
			return err
		}
		w := why{by: ByUser, actor: v.User}
		if a.UserID != v.User {
			if !v.Role.Staff() {
				return notFound()
			}
			w.by = ByStaff
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.move(ctx, tx, a, CauseCancel, now, w); err != nil {
			return err
		}
		view, err = s.view(ctx, tx, v, id)
		return err
	})
	return view, err
}

// decision is an action in the hands of its owner.
type decision struct {
	a     *db.Action
	now   time.Time
	ended error // the action ended instead; committed, then told
}

// decide runs fn with the owner's action locked and shows what became of it.
func (s *Service) decide(ctx context.Context, id desk.ID, fn func(context.Context, *store.Tx, desk.Viewer, *decision) error) (view View, err error) {
	err = s.withOwn(ctx, id, func(ctx context.Context, tx *store.Tx, v desk.Viewer, d *decision) error {
		if err := fn(ctx, tx, v, d); err != nil {
			return err
		}
		view, err = s.view(ctx, tx, v, id)
		return err
	})
	return view, err
}

// withOwn runs fn with the owner's action locked. An action whose time is up
// expires instead. What ended is committed and then reported.
func (s *Service) withOwn(ctx context.Context, id desk.ID, fn func(context.Context, *store.Tx, desk.Viewer, *decision) error) error {
	var ended error
	err := s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		d, err := s.ownLocked(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if d.ended == nil {
			err = fn(ctx, tx, v, d)
		}
		ended = d.ended
		return err
	})
	if err == nil {
		err = ended
	}
	return err
}

func (s *Service) ownLocked(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (*decision, error) {
	a, err := own(ctx, tx, v, id)
	if err != nil {
		return nil, err
	}
	if a, err = lock(ctx, tx, a); err != nil {
		return nil, err
	}
	now, err := s.now(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := &decision{a: a, now: now}
	if _, waits := next(desk.ActionState(a.State), CauseExpire, BySystem); waits && !now.Before(a.Deadline) {
		if err := s.move(ctx, tx, a, CauseExpire, now, why{by: BySystem}); err != nil {
			return nil, err
		}
		d.ended = desk.Errorf(desk.CodeConflict, "the action's time is up").With("state", a.State)
	}
	return d, nil
}

// mayGoOn asks the gate, if the action stands where c leads on; a refusal ends
// the action.
func (s *Service) mayGoOn(ctx context.Context, tx *store.Tx, d *decision, c Cause) error {
	if _, ok := next(desk.ActionState(d.a.State), c, transitions[c].by[0]); !ok {
		return desk.Errorf(desk.CodeConflict, "the action is %s", d.a.State).With("state", d.a.State)
	}
	_, r, err := s.again(ctx, tx, d.a)
	if err != nil || r == nil {
		return err
	}
	d.ended = r.err()
	return s.refuse(ctx, tx, d.a, d.now, r)
}

func (s *Service) refuse(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time, r *refused) error {
	return s.move(ctx, tx, a, CauseRefuse, now, why{by: BySystem, code: string(r.code), rule: r.rule, detail: map[string]any{"switch": r.by}})
}

// DeviceGoneTx ends what waits for a device that staff took away: refused by
// the rule, and not when its time is up.
func (s *Service) DeviceGoneTx(ctx context.Context, tx *store.Tx, device desk.ID) error {
	ids, err := tx.ActionsWaitingForDevice(ctx, device)
	if err != nil || len(ids) == 0 {
		return err
	}
	now, err := s.now(ctx, tx)
	for _, id := range ids {
		if err != nil {
			return err
		}
		var a *db.Action
		if a, err = hold(ctx, tx, id); err != nil {
			return err
		}
		if _, waits := next(desk.ActionState(a.State), CauseRefuse, BySystem); waits {
			err = s.refuse(ctx, tx, a, now, &refused{code: desk.CodePolicy, rule: policy.RuleTrusted, by: "devices"})
		}
	}
	return err
}

// act is what the second factor is asked about. It is read, and checked, in a
// transaction of its own: the verifier needs to commit before it looks.
func (s *Service) act(ctx context.Context, id desk.ID) (act verify.Act, v desk.Viewer, err error) {
	if s.cfg.Verify == nil {
		return act, v, desk.Errorf(desk.CodeUnavailable, "no second factor is set up")
	}
	if v, err = desk.ViewerFrom(ctx); err != nil {
		return act, v, err
	}
	err = s.withOwn(ctx, id, func(ctx context.Context, tx *store.Tx, _ desk.Viewer, d *decision) error {
		if err := s.mayGoOn(ctx, tx, d, CauseVerify); err != nil || d.ended != nil {
			return err
		}
		act, err = s.actOf(ctx, tx, d.a)
		return err
	})
	return act, v, err
}

func (s *Service) actOf(ctx context.Context, tx *store.Tx, a *db.Action) (verify.Act, error) {
	n, err := s.namesOf(ctx, tx, a)
	if err != nil {
		return verify.Act{}, err
	}
	return verify.Act{
		Action: a.ID, Digest: bytes.Clone(a.Digest), Operation: desk.Operation(a.Operation), Device: n.device, Software: n.software,
	}, nil
}

// SendCode sends a code for exactly this action; phone is given only the first
// time (R17).
func (s *Service) SendCode(ctx context.Context, id desk.ID, phone string) (View, error) {
	act, v, err := s.act(ctx, id)
	if err != nil {
		return View{}, err
	}
	if err := s.cfg.Verify.SendCode(ctx, v, act, phone); err != nil {
		return View{}, single(errors.Join(err, s.auditCode(ctx, v, act.Action, "action.code_not_sent", err)))
	}
	return s.Get(ctx, id)
}

// codeAuditsAtMost bounds what one person's wrong codes write in an hour.
const codeAuditsAtMost = 60

// auditCode writes down that a code was not taken or not sent, and why; never
// the code.
func (s *Service) auditCode(ctx context.Context, v desk.Viewer, action desk.ID, what string, why error) error {
	code := desk.CodeOf(why)
	if code == desk.CodeInternal || code == desk.CodeUnavailable {
		return nil // our own fault, and the log's
	}
	full := desk.Errorf(desk.CodeRateLimited, "enough was written down")
	err := s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Hit(ctx, "code audit "+string(v.User), time.Hour, codeAuditsAtMost, full); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: what, Object: "action", ObjectID: action, Detail: map[string]any{"code": code}})
	})
	if desk.CodeOf(err) == desk.CodeRateLimited {
		return nil
	}
	return err
}

// Verify takes the code. When it is right for this very act, the action waits
// for its device from the same commit on.
func (s *Service) Verify(ctx context.Context, id desk.ID, code string) (View, error) {
	act, v, err := s.act(ctx, id)
	if err != nil {
		return View{}, err
	}
	var ended error
	heard := false
	err = s.cfg.Verify.Check(ctx, v, act, code, func(ctx context.Context, tx *store.Tx, factor string) error {
		ended, heard = nil, true
		d, err := s.ownLocked(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if d.ended == nil {
			err = s.verified(ctx, tx, v, d, act, factor)
		}
		ended = d.ended
		return err
	})
	if err != nil && !heard {
		err = single(errors.Join(err, s.auditCode(ctx, v, id, "action.code_refused", err)))
	}
	if err == nil {
		err = ended
	}
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

// verified moves an action on to its device, after everything was asked again.
func (s *Service) verified(ctx context.Context, tx *store.Tx, v desk.Viewer, d *decision, act verify.Act, factor string) error {
	if d.a.ID != act.Action || !bytes.Equal(d.a.Digest, act.Digest) {
		return desk.Errorf(desk.CodeActionChanged, "the code is for another act")
	}
	d.a.Factor = factor
	if err := s.move(ctx, tx, d.a, CauseVerify, d.now, why{by: ByUser, actor: v.User, detail: map[string]any{"factor": factor}}); err != nil {
		return err
	}
	if err := s.mayGoOn(ctx, tx, d, CauseDispatch); err != nil || d.ended != nil {
		return err
	}
	if r, err := s.unreachable(ctx, tx, d.a); err != nil {
		return err
	} else if r != nil {
		d.ended = r.err()
		return s.refuse(ctx, tx, d.a, d.now, r)
	}
	return s.move(ctx, tx, d.a, CauseDispatch, d.now, why{by: BySystem})
}
