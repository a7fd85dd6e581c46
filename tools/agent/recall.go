package agent

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// recall goes through what an earlier life of the process left behind. What
// had not begun waits for the first link: before the server has told its time,
// nobody here knows whether the deadline has passed.
func (a *agent) recall(ctx context.Context) {
	a.ctx = ctx
	open := a.memory.where(func(r record) bool { return r.State != finished })
	if len(open) == 0 {
		return
	}
	f, err := a.System.Facts(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "the device's facts cannot be read", slog.Any("error", err))
	}
	for _, r := range open {
		if r.State == accepted && r.Command != nil {
			a.left = append(a.left, r)
			continue
		}
		a.settle(ctx, r, f.BootID, false)
	}
}

// goOn takes up what recall left for the first link whose time is known.
func (a *agent) goOn(ctx context.Context) {
	if _, sure := a.clock.now(); !sure {
		return
	}
	left := a.left
	a.left = nil
	for _, r := range left {
		a.resume(ctx, r)
	}
}

// resume goes on with a command whose effect had not begun. It was found good
// when it came; it is opened and checked again all the same.
func (a *agent) resume(ctx context.Context, r record) {
	c, err := wire.OpenCommand(a.Identity.ServerKey, *r.Command)
	if err == nil && c.ID == r.ID && c.Device == a.Identity.Device && a.now().Before(c.ExpiresAt) {
		a.start(ctx, c)
		return
	}
	now := a.Now().UTC()
	a.store(ctx, wire.Result{
		ID: r.ID, Code: wire.CodeInterrupted, Output: "the agent was not running until the deadline",
		StartedAt: now, EndedAt: now,
	})
}

// settle ends a command whose effect may have happened. It is never begun
// again. A restart and a shut-down are told by the boot; what remains is
// reported as what it is: interrupted, with the evidence of now.
func (a *agent) settle(ctx context.Context, r record, bootID string, waited bool) {
	result := wire.Result{ID: r.ID, StartedAt: r.BegunAt.UTC(), EndedAt: a.Now().UTC()}
	power := r.Operation == wire.Restart || r.Operation == wire.Shutdown
	switch {
	case power && bootID != "" && r.BootID != "" && r.BootID != bootID:
		result.OK = true
	case power && !waited && a.Now().Sub(r.BegunAt) < a.Settle:
		// The system may be about to go down. No clock can make this longer.
		a.jobs.Go(func() {
			if sleep(ctx, min(a.Settle, a.Settle-a.Now().Sub(r.BegunAt))) {
				a.settle(ctx, r, bootID, true)
			}
		})
		return
	default:
		result.Code, result.Output = wire.CodeInterrupted, "the agent was stopped in the middle; what came of it is not known"
	}
	result.Evidence = a.evidence(ctx, r.Operation, nil, r.BootID)
	a.store(ctx, result)
}

// retell repeats reports that did not go out, and those of the last while: a
// report that was written to a dying link may not have arrived. Of what is
// under way it says how far it is.
func (a *agent) retell(ctx context.Context) {
	again := a.memory.where(func(r record) bool {
		return r.State == finished && r.Report != nil && (!r.Told || a.Now().Sub(r.EndedAt) < retellFor)
	})
	for _, r := range again {
		a.tell(ctx, wire.Report{Envelope: *r.Report})
	}
	for _, r := range a.memory.where(func(r record) bool { return r.State != finished }) {
		a.answer(ctx, r)
	}
}

const retellFor = 10 * time.Minute

// told notes that a report went out.
func (a *agent) told(ctx context.Context, f wire.Report) {
	hit("told")
	for _, r := range a.memory.where(func(r record) bool {
		return !r.Told && r.Report != nil && string(r.Report.Signature) == string(f.Envelope.Signature)
	}) {
		if err := a.memory.update(r.ID, func(r *record) { r.Told = true }); err != nil {
			a.log.WarnContext(ctx, "the memory cannot be written", slog.Any("error", err))
		}
	}
}

// evidence is what the device sees now of an operation's effect.
func (a *agent) evidence(ctx context.Context, operation string, p *wire.PackageSpec, bootBefore string) wire.Evidence {
	e := wire.Evidence{BootIDBefore: bootBefore}
	f, err := facts(ctx, a.System)
	if err != nil {
		return e
	}
	e.BootIDAfter = f.BootID
	for _, account := range f.Accounts {
		if account.LoggedIn {
			e.Sessions = append(e.Sessions, account.Name)
		}
	}
	if operation != wire.InstallSoftware || p == nil {
		return e
	}
	list, err := a.System.Packages(ctx)
	if err != nil {
		return e
	}
	for _, installed := range list {
		if installed.Manager == p.Manager && strings.EqualFold(installed.ID, bare(p.ID)) && len(e.Packages) < 10 {
			e.Packages = append(e.Packages, installed)
		}
	}
	return e
}

// bare is a package's id without the tap before it.
func bare(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// life is the context of the process's life, for work that outlasts a link.
func (a *agent) life(context.Context) context.Context { return a.ctx }
