package chat

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/bus"
)

// hub knows every open socket of this node: by conversation, by session and by
// person. Locks are taken in the order client, hub, room.
type hub struct {
	srv      *Server
	inbox    *bus.Inbox
	draining atomic.Bool
	readers  chan struct{}  // bounds how many clients read the log at once
	running  sync.WaitGroup // pumps and the two watches

	mu       sync.Mutex
	rooms    map[string]*room // by bus subject
	sessions map[owner]*client
	people   map[owner]*person
	tenants  map[string]*tenantWatch // by bus subject
}

// owner is an id together with its tenant, so that no id of one tenant ever
// means something in another.
type owner struct{ tenant, id desk.ID }

// tenantWatch hears of ended sessions while the tenant has sockets here.
type tenantWatch struct {
	tenant  desk.ID
	sockets int
	cancel  func()
}

// maxReaders leaves most of the pool's connections to everybody else.
const maxReaders = 8

func newHub(s *Server) *hub {
	h := &hub{
		srv: s, readers: make(chan struct{}, maxReaders), rooms: map[string]*room{}, sessions: map[owner]*client{},
		people: map[owner]*person{}, tenants: map[string]*tenantWatch{},
	}
	h.inbox = s.cfg.Store.Bus().Inbox(h.receive)
	h.running.Go(h.watchLogs)
	h.running.Go(h.watchSessions)
	return h
}

func (h *hub) drain() { h.draining.Store(true) }

// close waits for what runs; the server's context has ended and no socket is
// open any more.
func (h *hub) close() {
	h.running.Wait()
	h.inbox.Close()
}

// enter counts a person's sockets before the upgrade.
func (h *hub) enter(v desk.Viewer) (*person, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := owner{v.Tenant, v.User}
	p := h.people[key]
	if p == nil {
		p = &person{}
		h.people[key] = p
	}
	if p.sockets >= h.srv.cfg.Limits.SocketsPerUser {
		return nil, desk.Errorf(desk.CodeRateLimited, "too many open windows; close one").With("retry_after_seconds", 10)
	}
	return p, nil
}

func (h *hub) add(c *client) {
	h.mu.Lock()
	c.person.sockets++
	key := owner{c.viewer.Tenant, c.viewer.Session}
	c.sameSession = h.sessions[key]
	h.sessions[key] = c
	subject := h.srv.cfg.SessionEnds(c.viewer.Tenant)
	w := h.tenants[subject]
	first := w == nil
	if first {
		w = &tenantWatch{tenant: c.viewer.Tenant}
		h.tenants[subject] = w
	}
	w.sockets++
	h.mu.Unlock()
	if !first {
		return
	}
	cancel, err := h.inbox.Subscribe(subject)
	if err != nil {
		h.srv.cfg.Log.Warn("ends of sessions are only polled for", "tenant", c.viewer.Tenant, "error", err)
		return
	}
	h.mu.Lock()
	gone := w.sockets == 0
	w.cancel = cancel
	h.mu.Unlock()
	if gone {
		cancel()
	}
}

func (h *hub) remove(c *client) {
	h.mu.Lock()
	c.person.sockets--
	h.unlink(owner{c.tenant(), c.session()}, c)
	subject := h.srv.cfg.SessionEnds(c.tenant())
	var cancel func()
	if w := h.tenants[subject]; w != nil {
		if w.sockets--; w.sockets == 0 {
			delete(h.tenants, subject)
			cancel = w.cancel
		}
	}
	h.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// unlink takes a client out of the list of its session's sockets.
func (h *hub) unlink(key owner, c *client) {
	if h.sessions[key] == c {
		if c.sameSession == nil {
			delete(h.sessions, key)
		} else {
			h.sessions[key] = c.sameSession
		}
		return
	}
	for other := h.sessions[key]; other != nil; other = other.sameSession {
		if other.sameSession == c {
			other.sameSession = c.sameSession
			return
		}
	}
}

// receive takes one message of the bus. It must not block.
func (h *hub) receive(subject string, data []byte) {
	h.mu.Lock()
	r, w := h.rooms[subject], h.tenants[subject]
	h.mu.Unlock()
	switch {
	case r != nil:
		r.receive(data)
	case w != nil:
		h.endSession(owner{w.tenant, desk.ID(data)})
	}
}

func (h *hub) endSession(key owner) {
	h.mu.Lock()
	var gone []*client
	for c := h.sessions[key]; c != nil; c = c.sameSession {
		gone = append(gone, c)
	}
	h.mu.Unlock()
	for _, c := range gone {
		c.peer.Close(socket.CloseSessionEnded, "log in again")
	}
}

// join returns the room of a conversation, subscribed, with one more seat.
func (h *hub) join(tenant, conversation desk.ID) *room {
	subject := store.ConversationSubject(tenant, conversation)
	h.mu.Lock()
	r := h.rooms[subject]
	if r == nil {
		r = &room{hub: h, tenant: tenant, conversation: conversation, subject: subject}
		h.rooms[subject] = r
	}
	r.seats++
	h.mu.Unlock()
	r.subscribe()
	return r
}

// quit gives a seat back; the last one closes the room.
func (h *hub) quit(r *room) {
	h.mu.Lock()
	r.seats--
	last := r.seats == 0
	if last {
		delete(h.rooms, r.subject)
	}
	h.mu.Unlock()
	if last {
		r.unsubscribe()
	}
}

// watchLogs makes lost wake-ups good: it compares the open conversations with
// the database, often while the bus is away and seldom while it is not.
func (h *hub) watchLogs() {
	cfg := &h.srv.cfg
	tick := time.NewTicker(cfg.PollEvery)
	defer tick.Stop()
	swept, wasAway := time.Now(), false
	for {
		select {
		case <-h.srv.ctx.Done():
			return
		case now := <-tick.C:
			away := !cfg.Store.Bus().Connected()
			if !away && !wasAway && now.Sub(swept) < cfg.SweepEvery {
				continue
			}
			swept, wasAway = now, away
			h.sweep()
		}
	}
}

// batch bounds one query of the two watches.
const batch = 1000

func (h *hub) sweep() {
	byTenant := map[desk.ID][]desk.ID{}
	h.mu.Lock()
	for _, r := range h.rooms {
		byTenant[r.tenant] = append(byTenant[r.tenant], r.conversation)
	}
	h.mu.Unlock()
	for tenant, ids := range byTenant {
		for len(ids) > 0 {
			n := min(batch, len(ids))
			if err := h.sweepSome(tenant, ids[:n]); err != nil && h.srv.ctx.Err() == nil {
				h.srv.cfg.Log.Warn("open conversations not compared with the log", "tenant", tenant, "error", err)
			}
			ids = ids[n:]
		}
	}
}

func (h *hub) sweepSome(tenant desk.ID, ids []desk.ID) error {
	ctx, cancel := context.WithTimeout(h.srv.ctx, frameWithin)
	defer cancel()
	return h.srv.cfg.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		heads, err := tx.LastSeqs(ctx, ids)
		if err != nil {
			return err
		}
		for _, head := range heads {
			h.mu.Lock()
			r := h.rooms[store.ConversationSubject(tenant, head.ID)]
			h.mu.Unlock()
			if r != nil {
				r.announce(head.LastSeq)
			}
		}
		return nil
	})
}

// watchSessions closes the sockets of sessions that have ended without our
// hearing of it, and forgets people who have left.
func (h *hub) watchSessions() {
	tick := time.NewTicker(h.srv.cfg.CheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-h.srv.ctx.Done():
			return
		case now := <-tick.C:
			h.checkSessions()
			h.forget(now)
		}
	}
}

func (h *hub) checkSessions() {
	byTenant := map[desk.ID][]desk.ID{}
	h.mu.Lock()
	for key := range h.sessions {
		byTenant[key.tenant] = append(byTenant[key.tenant], key.id)
	}
	h.mu.Unlock()
	for tenant, ids := range byTenant {
		for len(ids) > 0 {
			n := min(batch, len(ids))
			h.checkSome(tenant, ids[:n])
			ids = ids[n:]
		}
	}
}

func (h *hub) checkSome(tenant desk.ID, ids []desk.ID) {
	ctx, cancel := context.WithTimeout(h.srv.ctx, frameWithin)
	defer cancel()
	open, err := h.srv.cfg.People.StillOpen(ctx, tenant, ids)
	if err != nil {
		// Not a reason to throw everybody out: without the database no frame has
		// an effect either.
		if h.srv.ctx.Err() == nil {
			h.srv.cfg.Log.Warn("sessions of open sockets not checked", "tenant", tenant, "error", err)
		}
		return
	}
	holds := make(map[desk.ID]struct{}, len(open))
	for _, id := range open {
		holds[id] = struct{}{}
	}
	for _, id := range ids {
		if _, ok := holds[id]; !ok {
			h.endSession(owner{tenant, id})
		}
	}
}

// forget drops people without sockets whose limits have recovered: coming back
// does not fill a bucket.
func (h *hub) forget(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, p := range h.people {
		if p.sockets > 0 {
			continue
		}
		p.mu.Lock()
		rested := p.says.full(h.srv.cfg.Limits.SaysPerUser, now)
		p.mu.Unlock()
		if rested {
			delete(h.people, key)
		}
	}
}
