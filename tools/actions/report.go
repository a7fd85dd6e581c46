package actions

import (
	"context"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// ofDevice locks an action that went out to this device. Anything else is
// CodeNotFound: a device cannot speak of other devices' actions, nor of one
// that it was never given.
func ofDevice(ctx context.Context, tx *store.Tx, device, id desk.ID) (*db.Action, error) {
	a, err := hold(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if a.DeviceID != device || a.DeliveredAt == nil {
		return nil, notFound()
	}
	return a, nil
}

// Progress takes what an agent says of a command under way: delivered, running,
// or postponed, and for how long, where it knows. What does not fit where the
// action stands is no news.
func (s *Service) Progress(ctx context.Context, tenant, device, id desk.ID, state string, putOff time.Duration) error {
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, err := ofDevice(ctx, tx, device, id)
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		e, err := evidenceOf(a)
		if err != nil || over(desk.ActionState(a.State)) {
			return err
		}
		first := e.Received == nil
		if first {
			e.Received = &now
		}
		if err := e.into(a); err != nil {
			return err
		}
		switch state {
		case wire.ProgressDelivered:
			if first {
				return save(ctx, tx, a)
			}
		case wire.ProgressRunning:
			return s.runs(ctx, tx, a, &e, now)
		case wire.ProgressPostponed:
			return s.postpone(ctx, tx, a, &e, now, putOff)
		}
		return nil
	})
}

// codePostponed is why an action that runs does not happen yet.
const codePostponed = "postponed"

// runs says that the device is at it: for the first time, or again after it
// was put off.
func (s *Service) runs(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time) error {
	e.PostponedUntil = nil
	if err := e.into(a); err != nil {
		return err
	}
	if a.State == string(desk.StateDelivered) {
		return s.move(ctx, tx, a, CauseRun, now, why{by: ByDevice})
	}
	if a.Code != codePostponed {
		return nil
	}
	a.Code = ""
	if err := save(ctx, tx, a); err != nil {
		return err
	}
	return s.record(ctx, tx, a, now, why{by: ByDevice})
}

// postpone says that a person at the device put the action off, and gives it
// more time, up to a bound. A device that says so again and again is heard once
// a minute.
func (s *Service) postpone(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time, putOff time.Duration) error {
	bound := a.DeliveredAt.Add(postponeWithin)
	until := earlier(now.Add(putOff), bound)
	old := e.PostponedUntil
	news := a.Code != codePostponed || putOff > 0 && (old == nil || until.After(old.Add(time.Minute)))
	if !news {
		return save(ctx, tx, a) // that it was received
	}
	e.PostponedUntil = nil
	if putOff > 0 {
		e.PostponedUntil = &until
	}
	if err := e.into(a); err != nil {
		return err
	}
	w := why{by: ByDevice, code: codePostponed}
	if a.State == string(desk.StateDelivered) {
		if err := s.move(ctx, tx, a, CauseRun, now, w); err != nil {
			return err
		}
	} else if a.Code = codePostponed; true {
		if err := s.record(ctx, tx, a, now, w); err != nil {
			return err
		}
	}
	a.Deadline = earlier(until.Add(runFor(desk.Operation(a.Operation))+time.Hour), bound)
	return save(ctx, tx, a)
}

// Finish takes a device's signed report; the link checked the signature and
// hands over the bytes as they came. A report that comes after the end is kept
// and changes nothing, unless the outcome was unknown.
func (s *Service) Finish(ctx context.Context, tenant, device desk.ID, r wire.Result, raw []byte) error {
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if r.Device != string(device) {
			return notFound()
		}
		a, err := ofDevice(ctx, tx, device, desk.ID(r.ID))
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		e, err := evidenceOf(a)
		if err != nil {
			return err
		}
		again := a.Result != nil
		if !again {
			a.Result = raw
		}
		if _, open := next(desk.ActionState(a.State), CauseSucceed, ByDevice); !open {
			if again {
				return nil
			}
			if err := save(ctx, tx, a); err != nil || r.OK && a.State == string(desk.StateSucceeded) {
				return err // its new boot was faster than its word
			}
			return s.note(ctx, tx, a, now, why{by: ByDevice, code: "late_report"})
		}
		e.take(r, now)
		return s.judge(ctx, tx, a, &e, r, now)
	})
}

// take keeps what a report shows.
func (e *evidence) take(r wire.Result, now time.Time) {
	if e.Received == nil {
		e.Received = &now
	}
	e.PostponedUntil = nil
	e.ExitCode, e.Output = r.ExitCode, visible(r.Output)
	e.Sessions = r.Evidence.Sessions
	e.Packages = r.Evidence.Packages[:min(len(r.Evidence.Packages), 20)]
}

// visible keeps what a device's program printed to what can be shown: text,
// lines and tabs, without what hides or turns it around.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xe0000 && r <= 0xe007f:
			return -1
		}
		return r
	}, s)
}

// judge settles an action by a report, or waits for the effect to show.
func (s *Service) judge(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, r wire.Result, now time.Time) error {
	device, err := tx.DeviceFor(ctx, db.DeviceForParams{UserID: a.UserID, DeviceID: a.DeviceID})
	if err != nil {
		return err
	}
	if !r.OK {
		if r.Code == wire.CodeInterrupted || r.Code == wire.CodeReplayed {
			// The device does not know either. What it shows later still may.
			return s.wonder(ctx, tx, a, e, now, r.Code)
		}
		return s.end(ctx, tx, a, e, now, CauseFail, desk.OutcomeNone, r.Code)
	}
	switch desk.Operation(a.Operation) {
	case desk.OpRestart, desk.OpShutdown:
		if e.rebooted(a, device) {
			return s.end(ctx, tx, a, e, now, CauseSucceed, desk.OutcomeDeviceVerified, r.Code)
		}
		return s.accept(ctx, tx, a, e, now)
	case desk.OpInstallSoftware:
		return s.installed(ctx, tx, a, e, now, r.Code)
	case desk.OpLogout:
		if e.stillThere(a) {
			return s.end(ctx, tx, a, e, now, CauseFail, desk.OutcomeNone, "still_logged_in")
		}
		return s.end(ctx, tx, a, e, now, CauseSucceed, desk.OutcomeDeviceVerified, r.Code)
	case desk.OpLock, desk.OpResetPassword:
		return s.end(ctx, tx, a, e, now, CauseSucceed, desk.OutcomeAssumed, r.Code)
	}
	return s.wonder(ctx, tx, a, e, now, wire.CodeFailed)
}

// bootPrecision is how exactly the time of a boot is known.
const bootPrecision = 2 * time.Second

// rebooted reports that the device runs since after the action was queued
// under another boot than the one that the command was handed to. Both times
// are by the server's clock; devices count their seconds since the boot in
// whole ones.
func (e *evidence) rebooted(a *db.Action, d db.DeviceForRow) bool {
	if e.BootBefore == "" || d.BootID == "" || d.BootID == e.BootBefore || d.BootedAt == nil || a.QueuedAt == nil || d.BootedAt.Add(bootPrecision).Before(*a.QueuedAt) {
		return false
	}
	e.BootAfter = d.BootID
	return true
}

func (e *evidence) stillThere(a *db.Action) bool {
	p := parametersOf(a)
	for _, name := range e.Sessions {
		if strings.EqualFold(name, p.Account) {
			return true
		}
	}
	return false
}

// installed looks for what was asked for in the device's inventory. What the
// report itself says is installed is shown and proves nothing.
func (s *Service) installed(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time, code string) error {
	p := parametersOf(a)
	v, err := tx.DeviceHasPackage(ctx, db.DeviceHasPackageParams{DeviceID: a.DeviceID, Manager: p.Manager, Package: p.Package})
	if err != nil {
		return err
	}
	if !fits(p.Version, v) {
		e.Said = code
		return s.accept(ctx, tx, a, e, now) // the inventory follows
	}
	e.VersionAfter = v
	return s.end(ctx, tx, a, e, now, CauseSucceed, desk.OutcomeDeviceVerified, code)
}

func fits(want, got string) bool { return got != "" && (want == "" || want == got) }

// accept records that the device did its part, and waits for the effect.
func (s *Service) accept(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time) error {
	if e.Accepted == nil {
		e.Accepted = &now
	}
	if err := e.into(a); err != nil {
		return err
	}
	if a.Code == codePostponed {
		a.Code = ""
	}
	if over(desk.ActionState(a.State)) {
		return save(ctx, tx, a) // unknown: the device's next word settles it
	}
	wait := settleWithin
	if a.Operation == string(desk.OpShutdown) {
		wait = stayLost
	}
	if a.State == string(desk.StateDelivered) {
		if err := s.move(ctx, tx, a, CauseRun, now, why{by: ByDevice}); err != nil {
			return err
		}
	}
	a.Deadline = now.Add(wait)
	return save(ctx, tx, a)
}

// wonder says openly that nobody knows.
func (s *Service) wonder(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time, code string) error {
	if err := e.into(a); err != nil {
		return err
	}
	if a.State == string(desk.StateUnknown) {
		return save(ctx, tx, a)
	}
	return s.move(ctx, tx, a, CauseLose, now, why{by: ByDevice, code: code})
}

func (s *Service) end(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, now time.Time, c Cause, o desk.Outcome, code string) error {
	by := ByDevice
	if c == CauseSettle {
		by = BySystem
	}
	a.Outcome = string(o)
	if err := e.into(a); err != nil {
		return err
	}
	if err := s.move(ctx, tx, a, c, now, why{by: by, code: code, detail: map[string]any{"outcome": o}}); err != nil {
		return err
	}
	if e.Kept == "" {
		return nil
	}
	if err := s.settlePassword(ctx, tx, a, e, now); err != nil {
		return err
	}
	if err := e.into(a); err != nil {
		return err
	}
	return save(ctx, tx, a)
}
