package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// take receives a signed command. What is not good is refused, told and not
// remembered: a forged command must not burn the id of a real one. An error
// ends the link: the command comes again on the next.
func (a *agent) take(ctx context.Context, e wire.Envelope) error {
	c, err := wire.OpenCommand(a.Identity.ServerKey, e)
	if err != nil {
		a.refuse(ctx, claimedID(e), "the command's signature or form is not good: "+err.Error())
		return nil //nolint:nilerr // it was answered
	}
	if c.Device != a.Identity.Device {
		a.refuse(ctx, c.ID, "the command is for another device")
		return nil
	}
	if r, known := a.memory.get(c.ID); known {
		a.answer(ctx, r)
		return nil
	}
	switch now, sure := a.clock.now(); {
	case !a.clock.told():
		a.refuse(ctx, c.ID, "the portal has not signed its time, so nobody knows whether the command has expired")
		return nil
	case !sure:
		return errClock
	case !now.Before(c.ExpiresAt):
		a.refuse(ctx, c.ID, "the command has expired")
		return nil
	}
	f, err := a.System.Facts(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "the device's facts cannot be read", slog.Any("error", err))
	}
	err = a.memory.accept(record{ID: c.ID, Operation: c.Operation, State: accepted, BootID: f.BootID, Command: &e})
	if errors.Is(err, errKnown) {
		if r, known := a.memory.get(c.ID); known {
			a.answer(ctx, r)
		}
		return nil
	}
	if err != nil {
		// Without memory nothing is done: it might be done twice.
		a.log.ErrorContext(ctx, "a command cannot be remembered", slog.String("action_id", c.ID), slog.Any("error", err))
		a.report(ctx, wire.Result{ID: c.ID, Code: wire.CodeFailed, Output: "the device cannot write its memory of commands"})
		return nil
	}
	hit("remembered")
	a.start(ctx, c)
	return nil
}

// answer repeats what is known about a command, and does nothing else.
func (a *agent) answer(ctx context.Context, r record) {
	switch r.State {
	case accepted:
		a.tell(ctx, wire.Progress{ID: r.ID, State: wire.ProgressDelivered})
		if a.now().Before(r.PutOffTill) {
			a.tell(ctx, a.postponed(r.PutOffTill, r.ID))
		}
	case begun:
		a.tell(ctx, wire.Progress{ID: r.ID, State: wire.ProgressRunning})
	case finished:
		if r.Report != nil {
			a.tell(ctx, wire.Report{Envelope: *r.Report})
		}
	}
}

// start works on an accepted command beside the link.
func (a *agent) start(ctx context.Context, c wire.Command) {
	a.tell(ctx, wire.Progress{ID: c.ID, State: wire.ProgressDelivered})
	a.jobs.Go(func() {
		// A job belongs to the process and not to the link: it goes on while the link is down.
		ctx := a.life(ctx)
		select {
		case a.work <- struct{}{}:
			defer func() { <-a.work }()
			a.perform(ctx, c)
		case <-ctx.Done():
		}
	})
}

// perform takes a command from accepted to finished.
func (a *agent) perform(ctx context.Context, c wire.Command) {
	t, refusal := a.task(c)
	if refusal == nil {
		refusal = a.System.Check(ctx, t)
	}
	began := a.Now()
	if refusal != nil {
		a.finish(ctx, c, began, refusal.outcome())
		return
	}
	until, cancel := a.until(ctx, c.ExpiresAt)
	defer cancel()
	if refusal := a.await(until, c, t); refusal != nil {
		if ctx.Err() == nil { // else the agent ends: it is still accepted, and goes on at the next start
			a.finish(ctx, c, began, refusal.outcome())
		}
		return
	}
	a.single.Lock()
	defer a.single.Unlock()
	if until.Err() != nil || !a.now().Before(c.ExpiresAt) {
		if ctx.Err() == nil {
			a.finish(ctx, c, began, Outcome{Code: wire.CodeTimeout, Output: "another operation took until the deadline"})
		}
		return
	}
	began = a.Now()
	err := a.memory.update(c.ID, func(r *record) { r.State, r.BegunAt, r.Command = begun, began, nil })
	if err != nil {
		a.log.ErrorContext(ctx, "a command cannot be remembered", slog.String("action_id", c.ID), slog.Any("error", err))
		return // still accepted: it was not begun
	}
	a.tell(ctx, wire.Progress{ID: c.ID, State: wire.ProgressRunning})
	hit("begun")
	outcome := a.System.Do(ctx, t)
	hit("done")
	a.ended(ctx, c, began, outcome)
}

// ended stores what came of it. A restart that the system accepted has no
// result yet: the new boot is the result.
func (a *agent) ended(ctx context.Context, c wire.Command, began time.Time, o Outcome) {
	if c.Operation == wire.Restart && o.OK {
		if sleep(ctx, a.Settle) {
			a.finish(ctx, c, began, Outcome{Code: wire.CodeTimeout, Output: "the system accepted the restart and did not go down"})
		}
		return
	}
	if ctx.Err() != nil && !o.OK {
		return // cut off by the agent's own end: begun, and its outcome is not known
	}
	a.finish(ctx, c, began, o)
}

// await waits until the task can be done and the people at the device have
// let it. ctx ends at the command's deadline.
func (a *agent) await(ctx context.Context, c wire.Command, t Task) *Refusal {
	for told := false; !a.System.Ready(ctx, t); told = true {
		if !told {
			a.tell(ctx, wire.Progress{ID: c.ID, State: wire.ProgressPostponed})
		}
		if !sleep(ctx, min(a.Postpone, 15*time.Second)) {
			return &Refusal{Code: wire.CodeNoSession, Text: "nobody logged in before the deadline"}
		}
	}
	if c.WarnSeconds == 0 || t.Operation != wire.Restart && t.Operation != wire.Shutdown {
		return nil
	}
	for {
		r, _ := a.memory.get(c.ID)
		if !a.sleepUntil(ctx, r.PutOffTill) { // the zero time is over
			return &Refusal{Code: wire.CodePostponedOut, Text: "it was put off until the deadline"}
		}
		w := a.warning(c, r.PutOff)
		switch {
		case w.For <= 0 && r.PutOff > 0:
			return &Refusal{Code: wire.CodePostponedOut, Text: "it was put off until the deadline"}
		case w.For <= 0:
			return &Refusal{Code: wire.CodeTimeout, Text: "it came too late to warn the people at the device"}
		}
		if !a.System.Warn(ctx, w) {
			return nil
		}
		a.putOff(ctx, c.ID)
	}
}

// warning is what to show, within what is left until the deadline.
func (a *agent) warning(c wire.Command, putOff int) Warning {
	const toSpare = 5 * time.Second // from the warning's end to the effect
	left := c.ExpiresAt.Sub(a.now())
	w := Warning{Operation: c.Operation, Language: c.Language, PostponedFor: a.Postpone}
	w.For = min(time.Duration(c.WarnSeconds)*time.Second, left-toSpare)
	w.MayPostpone = putOff < maxPutOff && left > a.Postpone+time.Duration(c.WarnSeconds)*time.Second+toSpare
	return w
}

// maxPutOff is how often the people at a device may put one command off.
const maxPutOff = 3

// putOff remembers that a person put a command off, so that the agent's own
// restart neither forgets it nor lets them begin to count anew.
func (a *agent) putOff(ctx context.Context, id string) {
	till := a.now().Add(a.Postpone)
	if err := a.memory.update(id, func(r *record) { r.PutOff, r.PutOffTill = r.PutOff+1, till }); err != nil {
		a.log.ErrorContext(ctx, "a postponement cannot be remembered", slog.String("action_id", id), slog.Any("error", err))
		sleep(ctx, a.Postpone)
		return
	}
	a.tell(ctx, a.postponed(till, id))
}

// postponed tells until when, as a span from now.
func (a *agent) postponed(till time.Time, id string) wire.Progress {
	left := till.Sub(a.now()).Round(time.Second)
	return wire.Progress{ID: id, State: wire.ProgressPostponed, Seconds: max(1, int(left/time.Second))}
}

// task opens what is sealed and checks what will become an argument.
func (a *agent) task(c wire.Command) (Task, *Refusal) {
	t := Task{ID: c.ID, Operation: c.Operation, Account: c.Account, AccountSID: c.AccountSID}
	if c.Account != "" && !goodAccount(c.Account) {
		return t, &Refusal{Code: wire.CodeAccount, Text: "the account's name is not one of this system"}
	}
	if len(c.SealedSecret) > 0 {
		secret, err := wire.OpenSealed(a.Identity.Seal, wire.SecretOf(wire.SecretPassword, c.ID, c.Device), c.SealedSecret)
		if err != nil || !goodPassword(secret) {
			return t, &Refusal{Code: wire.CodeSecret, Text: "the new password could not be read"}
		}
		t.Secret = secret
	}
	if c.Package == nil {
		return t, nil
	}
	p := &Package{Manager: c.Package.Manager, ID: c.Package.ID, Version: c.Package.Version}
	if s := c.Package.Source; s != nil {
		p.SourceURL = s.URL
		if len(s.SealedCredentials) > 0 {
			plain, err := wire.OpenSealed(a.Identity.Seal, wire.SecretOf(wire.SecretRepository, c.ID, c.Device), s.SealedCredentials)
			if err != nil {
				return t, &Refusal{Code: wire.CodeSecret, Text: "the repository's credentials could not be read"}
			}
			p.User, p.Password, _ = strings.Cut(string(plain), ":")
		}
	}
	t.Package = p
	return t, p.check()
}

// finish signs, stores and tells a result, in this order.
func (a *agent) finish(ctx context.Context, c wire.Command, began time.Time, o Outcome) {
	r := wire.Result{ID: c.ID, Device: a.Identity.Device, OK: o.OK, Code: o.Code, ExitCode: o.ExitCode, StartedAt: began.UTC(), EndedAt: a.Now().UTC()}
	r.Output = display(o.Output, wire.MaxOutput)
	known, _ := a.memory.get(c.ID)
	r.Evidence = a.evidence(ctx, c.Operation, c.Package, known.BootID)
	a.store(ctx, r)
	if c.Operation == wire.InstallSoftware { // the server believes the inventory
		select {
		case a.look <- struct{}{}:
		default: // it is about to
		}
	}
}

func (a *agent) store(ctx context.Context, r wire.Result) {
	r.Device = a.Identity.Device
	e, err := wire.SignResult(a.Identity.Sign, r)
	if err != nil {
		a.log.ErrorContext(ctx, "a result cannot be signed", slog.String("action_id", r.ID), slog.Any("error", err))
		r.Output, r.Evidence = "", wire.Evidence{} // what a program said cannot stop the report
		if e, err = wire.SignResult(a.Identity.Sign, r); err != nil {
			return
		}
	}
	ended := a.Now()
	if err := a.memory.update(r.ID, func(k *record) { k.State, k.EndedAt, k.Report, k.Command = finished, ended, &e, nil }); err != nil {
		a.log.ErrorContext(ctx, "a result cannot be stored", slog.String("action_id", r.ID), slog.Any("error", err))
	}
	hit("stored")
	a.log.InfoContext(ctx, "done", slog.String("action_id", r.ID), slog.Bool("ok", r.OK), slog.String("code", r.Code))
	a.tell(ctx, wire.Report{Envelope: e})
}

// report signs and tells a result that the memory does not keep.
func (a *agent) report(ctx context.Context, r wire.Result) {
	r.Device, r.StartedAt, r.EndedAt = a.Identity.Device, a.Now().UTC(), a.Now().UTC()
	e, err := wire.SignResult(a.Identity.Sign, r)
	if err != nil {
		a.log.ErrorContext(ctx, "a refusal cannot be signed", slog.Any("error", err))
		return
	}
	a.tell(ctx, wire.Report{Envelope: e})
}

func (a *agent) refuse(ctx context.Context, id, why string) {
	a.log.ErrorContext(ctx, "a command was refused", slog.String("action_id", id), slog.String("reason", display(why, 200)))
	if id != "" {
		a.report(ctx, wire.Result{ID: id, Code: wire.CodeBadCommand, Output: display(why, 200)})
	}
}

// claimedID is the id that a command of unknown origin names: good enough to
// report it, and for nothing else.
func claimedID(e wire.Envelope) string {
	var claimed struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(e.Payload, &claimed) != nil || !wire.IsID(claimed.ID) {
		return ""
	}
	return claimed.ID
}
