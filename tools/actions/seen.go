package actions

import (
	"context"
	"encoding/json"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

func parametersOf(a *db.Action) (p Parameters) {
	_ = json.Unmarshal(a.Parameters, &p) // written by us; nothing there compares to nothing
	return p
}

// Seen looks at a device after it said something of itself, a new boot or its
// inventory, which is in its rows by then: restarts and shut-downs are settled
// by the new boot, installations by the inventory, and what was unknown is
// reconciled. The device's word is looked at; nothing is sent again.
func (s *Service) Seen(ctx context.Context, tenant, device desk.ID) error {
	var ids []desk.ID
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		ids, err = tx.ActionsToReconcile(ctx, device)
		return err
	})
	for _, id := range ids {
		if err == nil {
			err = s.reconcile(ctx, tenant, id)
		}
	}
	return err
}

func (s *Service) reconcile(ctx context.Context, tenant, id desk.ID) error {
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, err := hold(ctx, tx, id)
		if err != nil {
			return err
		}
		e, err := evidenceOf(a)
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		shown, err := s.shows(ctx, tx, a, &e)
		if err != nil || !shown {
			return err
		}
		if a.State == string(desk.StateSucceeded) {
			// It was assumed; now the device shows it.
			a.Outcome = string(desk.OutcomeDeviceVerified)
			if err := e.into(a); err != nil {
				return err
			}
			if err := save(ctx, tx, a); err != nil {
				return err
			}
			return s.record(ctx, tx, a, now, why{by: ByDevice, detail: map[string]any{"outcome": a.Outcome}})
		}
		return s.end(ctx, tx, a, &e, now, CauseSucceed, desk.OutcomeDeviceVerified, e.Said)
	})
}

// shows reports whether the device's rows show the effect.
func (s *Service) shows(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence) (bool, error) {
	if _, open := next(desk.ActionState(a.State), CauseSucceed, ByDevice); !open && (a.State != string(desk.StateSucceeded) || a.Outcome != string(desk.OutcomeAssumed)) {
		return false, nil
	}
	if a.Operation != string(desk.OpInstallSoftware) {
		d, err := tx.DeviceFor(ctx, db.DeviceForParams{UserID: a.UserID, DeviceID: a.DeviceID})
		return err == nil && e.rebooted(a, d), err
	}
	// A package that was there before proves nothing until the device said
	// that it is done.
	p := parametersOf(a)
	v, err := tx.DeviceHasPackage(ctx, db.DeviceHasPackageParams{DeviceID: a.DeviceID, Manager: p.Manager, Package: p.Package})
	if err != nil || !fits(p.Version, v) || v == e.VersionBefore && e.Accepted == nil {
		return false, err
	}
	if a.State != string(desk.StateUnknown) && a.State != string(desk.StateSucceeded) && e.Accepted == nil {
		return false, nil // its own report is on the way
	}
	e.VersionAfter = v
	return true, nil
}

// Run looks after deadlines until ctx ends. Every node may: the row's lock lets
// one of them act.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Poll)
	defer tick.Stop()
	for {
		refs, err := s.store.DueActions(ctx, 200)
		for _, ref := range refs {
			if err == nil {
				err = s.Expire(ctx, ref.Tenant, ref.Action)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("actions whose time is up were not seen to", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Expire ends one action whose time is up; one whose is not is left alone.
func (s *Service) Expire(ctx context.Context, tenant, id desk.ID) error {
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, err := hold(ctx, tx, id)
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil || over(desk.ActionState(a.State)) || now.Before(a.Deadline) {
			return err
		}
		if _, waits := next(desk.ActionState(a.State), CauseExpire, BySystem); waits {
			return s.move(ctx, tx, a, CauseExpire, now, why{by: BySystem})
		}
		return s.silent(ctx, tx, a, now)
	})
}

// silent settles a command of which nothing more was heard.
func (s *Service) silent(ctx context.Context, tx *store.Tx, a *db.Action, now time.Time) error {
	e, err := evidenceOf(a)
	if err != nil {
		return err
	}
	d, err := tx.DeviceFor(ctx, db.DeviceForParams{UserID: a.UserID, DeviceID: a.DeviceID})
	if err != nil {
		return err
	}
	w := why{by: BySystem}
	switch op := desk.Operation(a.Operation); {
	case e.Accepted != nil && op == desk.OpShutdown:
		lost := !d.Online && d.LastSeenAt != nil
		if lost && !now.Before(d.LastSeenAt.Add(stayLost)) {
			e.LinkLost = d.LastSeenAt
			return s.end(ctx, tx, a, &e, now, CauseSettle, desk.OutcomeAssumed, "")
		}
		// Not lost yet, or not for long: a link that breaks for a moment is no
		// shut-down.
		next := now.Add(stayLost)
		if lost {
			next = d.LastSeenAt.Add(stayLost)
		}
		if latest := e.Accepted.Add(runFor(op)); now.Before(latest) {
			a.Deadline = earlier(next, latest)
			return save(ctx, tx, a)
		}
		w.code = codeStillOn
	case e.Accepted != nil && op == desk.OpRestart && d.Online:
		w.code = codeStillOn
	case e.Accepted != nil && op == desk.OpInstallSoftware:
		w.code = codeNotShown
	}
	return s.move(ctx, tx, a, CauseLose, now, w)
}

// The device said that it did it, and does not show it.
const (
	codeStillOn  = "still_on"  // the boot is the same, the link is there
	codeNotShown = "not_shown" // the package is not in the inventory
)
