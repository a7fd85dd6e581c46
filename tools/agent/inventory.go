package agent

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// inventory is what the server was told last, on this link.
type inventory struct {
	facts    wire.Facts
	packages map[key]string
}

type key struct{ manager, id string }

// facts asks the system and keeps the answer within the protocol's bounds.
func facts(ctx context.Context, s System) (wire.Facts, error) {
	f, err := s.Facts(ctx)
	if err != nil {
		return f, err
	}
	f.AgentVersion = Version
	f.Name = display(f.Name, 128)
	f.SystemVersion = display(f.SystemVersion, 128)
	f.BootedAt = f.BootedAt.UTC().Truncate(time.Second)
	seen := map[string]bool{}
	f.Accounts = slices.DeleteFunc(f.Accounts, func(a wire.Account) bool {
		odd := a.Name == "" || display(a.Name, 256) != a.Name || seen[a.Name]
		seen[a.Name] = true
		return odd
	})
	slices.SortFunc(f.Accounts, func(x, y wire.Account) int {
		if x.LoggedIn != y.LoggedIn {
			return map[bool]int{true: -1, false: 1}[x.LoggedIn]
		}
		return cmp.Compare(x.Name, y.Name)
	})
	f.Accounts = f.Accounts[:min(len(f.Accounts), wire.MaxAccounts)]
	return f, f.Check()
}

// greet sends hello and, in frames of bounded size, all that is installed.
func (a *agent) greet(ctx context.Context, out chan<- wire.Frame) error {
	f, err := facts(ctx, a.System)
	if err != nil {
		return err
	}
	a.sent.facts = f
	put(ctx, out, wire.Hello{Facts: f, Clock: a.Now().UTC()})
	a.tellPackages(ctx, out)
	return nil
}

// due waits until it is time to look again, or there is a reason to.
func (a *agent) due(ctx context.Context) bool {
	t := time.NewTimer(a.Inventory)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-a.look:
	}
	return ctx.Err() == nil
}

// watch tells what changed, again and again.
func (a *agent) watch(ctx context.Context, out chan<- wire.Frame) {
	for a.due(ctx) {
		f, err := facts(ctx, a.System)
		if err != nil {
			a.log.WarnContext(ctx, "the device's facts cannot be read", slog.Any("error", err))
			continue
		}
		if !reflect.DeepEqual(f, a.sent.facts) {
			a.sent.facts = f
			put(ctx, out, wire.Hello{Facts: f, Clock: a.Now().UTC()})
		}
		a.tellPackages(ctx, out)
	}
}

// tellPackages sends the difference to what was sent on this link; the first
// time, everything.
func (a *agent) tellPackages(ctx context.Context, out chan<- wire.Frame) {
	list, err := a.System.Packages(ctx)
	if err != nil {
		// Nothing is said rather than that nothing is installed.
		a.log.WarnContext(ctx, "what is installed cannot be read", slog.Any("error", err))
		return
	}
	now := make(map[key]string, len(list))
	for _, p := range list {
		if p.ID != "" && display(p.ID, 256) == p.ID {
			now[key{p.Manager, p.ID}] = display(p.Version, 256)
		}
	}
	changed, removed := difference(a.sent.packages, now)
	full := a.sent.packages == nil
	a.sent.packages = now
	for first := true; len(changed) > 0 || len(removed) > 0 || first && full; first = false {
		f := wire.Inventory{Full: first && full}
		f.Packages, changed = head(changed)
		f.Removed, removed = head(removed)
		put(ctx, out, f)
	}
}

// perFrame keeps a frame of the longest names below the limit of its size.
const perFrame = 400

func head(list []wire.Package) (first, rest []wire.Package) {
	n := min(len(list), perFrame)
	return list[:n], list[n:]
}

func difference(before, after map[key]string) (changed, removed []wire.Package) {
	for k, version := range after {
		if old, ok := before[k]; !ok || old != version {
			changed = append(changed, wire.Package{Manager: k.manager, ID: k.id, Version: version})
		}
	}
	for k, version := range before {
		if _, ok := after[k]; !ok {
			removed = append(removed, wire.Package{Manager: k.manager, ID: k.id, Version: version})
		}
	}
	order := func(x, y wire.Package) int { return cmp.Or(cmp.Compare(x.Manager, y.Manager), cmp.Compare(x.ID, y.ID)) }
	slices.SortFunc(changed, order)
	slices.SortFunc(removed, order)
	return changed, removed
}
