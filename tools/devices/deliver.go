package devices

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// care looks how a link's device stands, by the database and now, and does
// what follows: closes it, asks whether it still lives, or sends commands.
func (h *hub) care(l *link) {
	ctx, cancel := context.WithTimeout(h.ctx, workWithin)
	defer cancel()
	var states []db.LinkStatesRow
	err := l.tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		states, err = tx.LinkStates(ctx, []desk.ID{l.device})
		return err
	})
	if err != nil {
		h.failed(l, err)
		return
	}
	if len(states) == 0 || states[0].Revoked {
		l.send(wire.Error{Code: wire.ErrorRevoked})
		l.peer.Close(wire.CloseRevoked, "revoked")
		return
	}
	if states[0].Link > l.number {
		h.ask(l)
		return
	}
	l.mu.Lock()
	may := l.stage == ready && !time.Now().Before(l.holdTill) && !states[0].Suspect
	l.mu.Unlock()
	if !may {
		return
	}
	if err := h.deliver(ctx, l); err != nil {
		h.failed(l, err)
	}
}

func (h *hub) failed(l *link, err error) {
	if h.ctx.Err() == nil {
		h.cfg.Log.Warn("a link was not cared for; again in a moment", "device", l.device, "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if soon := time.Now().Add(h.cfg.PollEvery); l.holdTill.Before(soon) {
		l.holdTill = soon // times wakes it
	}
}

// deliver sends what the ledger gives out. On one link each command goes once;
// on the next it may go again.
func (h *hub) deliver(ctx context.Context, l *link) error {
	commands, err := h.cfg.Ledger.Deliverable(ctx, l.tenant, l.device)
	if err != nil {
		return err
	}
	for _, c := range commands {
		if c.Device != string(l.device) {
			h.cfg.Log.Error("a command for another device was not sent", "device", l.device, "action", c.ID)
			continue
		}
		l.mu.Lock()
		known := l.sent[c.ID]
		if l.sent == nil {
			l.sent = map[string]bool{}
		}
		l.sent[c.ID] = true
		l.mu.Unlock()
		if known {
			continue
		}
		envelope, err := wire.SignCommand(h.signKey, c)
		if err != nil {
			h.cfg.Log.Error("a command was not signed", "device", l.device, "action", c.ID, "error", err)
			continue
		}
		l.send(wire.Do{Envelope: envelope})
	}
	return nil
}

// ask has the older of two links show whether it lives. A connection that is
// merely not yet known to be dead does not answer and is closed; one that
// answers shows that two devices hold one key.
func (h *hub) ask(l *link) {
	l.mu.Lock()
	if l.stage != ready && l.stage != proved {
		l.mu.Unlock()
		return
	}
	l.stage, l.ask, l.askTill = replaced, newNonce(), time.Now().Add(h.cfg.AskWithin)
	nonce := l.ask
	l.mu.Unlock()
	l.send(wire.Check{Nonce: nonce})
}

// suspect writes down that a device's key was seen twice.
func (h *hub) suspect(ctx context.Context, l *link) error {
	return l.tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.SuspectDevice(ctx, l.device)
		if err != nil || n == 0 {
			return err
		}
		tx.Publish(Subject(l.tenant, l.device), nil)
		return tx.Audit(ctx, store.AuditEntry{Action: "device.key_seen_twice", Object: "device", ObjectID: l.device, Detail: map[string]any{"link": l.number}})
	})
}

// watch makes lost wake-ups good and keeps the times.
func (h *hub) watch() {
	every := min(h.cfg.PollEvery, h.cfg.SweepEvery, h.cfg.AskWithin, time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	swept, touched, wasAway := time.Now(), time.Now(), false
	for {
		select {
		case <-h.ctx.Done():
			return
		case now := <-tick.C:
			h.times(now)
			away := !h.cfg.Store.Bus().Connected()
			due := h.cfg.SweepEvery
			if away || wasAway {
				due = h.cfg.PollEvery
			}
			if now.Sub(swept) >= due {
				swept, wasAway = now, away
				h.sweep()
			}
			if now.Sub(touched) >= h.cfg.TouchEvery {
				touched = now
				h.touch()
			}
		}
	}
}

// times closes who did not prove or answer in time, and lets go who waited.
func (h *hub) times(now time.Time) {
	var late, over []*link
	h.mu.Lock()
	for l := range h.strangers {
		if now.Sub(l.opened) > wire.ProveWithin {
			late = append(late, l)
		}
	}
	links := h.all()
	h.mu.Unlock()
	for _, l := range links {
		l.mu.Lock()
		if l.stage == replaced && now.After(l.askTill) {
			over = append(over, l)
		}
		waited := !l.holdTill.IsZero() && !now.Before(l.holdTill)
		if waited {
			l.holdTill = time.Time{}
		}
		l.mu.Unlock()
		if waited {
			h.wake(l)
		}
	}
	for _, l := range late {
		l.mu.Lock()
		peer := l.peer
		l.mu.Unlock()
		if peer != nil {
			peer.Close(wire.CloseNotProved, "not proved in time")
			continue
		}
		h.mu.Lock()
		delete(h.strangers, l) // its upgrade never happened
		h.mu.Unlock()
	}
	for _, l := range over {
		l.peer.Close(wire.CloseReplaced, "the device opened a newer link")
	}
}

// all lists the proved links; h.mu is held.
func (h *hub) all() []*link {
	list := make([]*link, 0, len(h.links))
	for _, l := range h.links {
		for ; l != nil; l = l.older {
			list = append(list, l)
		}
	}
	return list
}

// eachBatch runs fn over the devices of the links, tenant by tenant.
func (h *hub) eachBatch(fn func(ctx context.Context, tx *store.Tx, ids []desk.ID) error) {
	byTenant := map[desk.ID][]desk.ID{}
	h.mu.Lock()
	for _, l := range h.links {
		byTenant[l.tenant] = append(byTenant[l.tenant], l.device)
	}
	h.mu.Unlock()
	for tenant, ids := range byTenant {
		for len(ids) > 0 && h.ctx.Err() == nil {
			n := min(len(ids), batch)
			ctx, cancel := context.WithTimeout(h.ctx, workWithin)
			err := h.cfg.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return fn(ctx, tx, ids[:n]) })
			cancel()
			if err != nil && h.ctx.Err() == nil {
				h.cfg.Log.Warn("links were not compared with the database", "tenant", tenant, "error", err)
			}
			ids = ids[n:]
		}
	}
}

// sweep wakes the links about which the database knows something new.
func (h *hub) sweep() {
	h.eachBatch(func(ctx context.Context, tx *store.Tx, ids []desk.ID) error {
		states, err := tx.LinkStates(ctx, ids)
		if err != nil {
			return err
		}
		known := make(map[desk.ID]db.LinkStatesRow, len(states))
		for _, s := range states {
			known[s.ID] = s
		}
		for _, id := range ids {
			h.mu.Lock()
			l := h.links[Subject(tx.Tenant, id)]
			h.mu.Unlock()
			for ; l != nil; l = h.next(l) {
				if s, ok := known[id]; !ok || s.Revoked || s.Link > l.number || s.Waiting {
					h.wake(l)
				}
			}
		}
		return nil
	})
}

// touch writes that the devices are still there: the socket's pings have been
// answered.
func (h *hub) touch() {
	h.eachBatch(func(ctx context.Context, tx *store.Tx, ids []desk.ID) error {
		return tx.TouchLinks(ctx, db.TouchLinksParams{Ids: ids, Node: h.node})
	})
}
