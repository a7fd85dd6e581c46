package conversations

import (
	"sync"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// seats is what this node works on: bounded in all, and for each tenant so
// that a flood of one leaves room for the others (SECURITY C7). What finds no
// room waits in a queue; what the queue cannot hold is found by the poller.
type seats struct {
	mu      sync.Mutex
	run     func(ref store.TurnRef, s *seat) // nil: closed
	max     int
	tenants map[desk.ID]int
	taken   map[desk.ID]*seat
	queue   []store.TurnRef
	closing bool
	cause   error         // of interrupt: whoever sits down later is told at once
	idle    chan struct{} // closed when none is left
	once    sync.Once
}

// seat is one turn that this node has started on.
type seat struct {
	turn  *Turn // nil until it is claimed
	again bool  // kicked meanwhile: look once more
}

const maxQueue = 10_000

func (r *seats) init(limit int) {
	r.max, r.tenants, r.taken, r.idle = limit, map[desk.ID]int{}, map[desk.ID]*seat{}, make(chan struct{})
}

func (r *seats) open(run func(store.TurnRef, *seat)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run = run
}

// close takes no more work and returns a channel that closes when none is left.
func (r *seats) close() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run, r.queue, r.closing = nil, nil, true
	r.maybeIdle()
	return r.idle
}

// room is how many more turns this node could run.
func (r *seats) room() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run == nil {
		return 0
	}
	return r.max - len(r.taken)
}

// interrupt cancels every turn that runs here.
func (r *seats) interrupt(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause = cause
	for _, s := range r.taken {
		if s.turn != nil {
			s.turn.cancel(cause)
		}
	}
}

// reserve takes a seat for a turn that is about to be opened, or nil when there
// is no room. Whoever reserves calls begin or leave.
func (r *seats) reserve(ref store.TurnRef) *seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run == nil || !r.fits(ref.Tenant) {
		return nil
	}
	s := &seat{}
	r.taken[ref.Turn] = s
	r.tenants[ref.Tenant]++
	return s
}

// begin runs fn on a reserved seat.
func (r *seats) begin(ref store.TurnRef, s *seat, fn func()) {
	go func() {
		fn()
		r.leave(ref, s)
	}()
}

// kick starts on a turn unless this node already has, or has no room.
func (r *seats) kick(ref store.TurnRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.taken[ref.Turn]; ok {
		s.again = true
		return
	}
	if r.run == nil {
		return
	}
	if r.fits(ref.Tenant) {
		r.start(ref)
	} else if len(r.queue) < maxQueue {
		r.queue = append(r.queue, ref)
	}
}

// fits leaves a quarter of the seats to other tenants.
func (r *seats) fits(tenant desk.ID) bool {
	return len(r.taken) < r.max && r.tenants[tenant] < max(1, r.max*3/4)
}

func (r *seats) start(ref store.TurnRef) {
	s, run := &seat{}, r.run
	r.taken[ref.Turn] = s
	r.tenants[ref.Tenant]++
	r.begin(ref, s, func() { run(ref, s) })
}

func (r *seats) leave(ref store.TurnRef, s *seat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.taken, ref.Turn)
	if r.tenants[ref.Tenant]--; r.tenants[ref.Tenant] == 0 {
		delete(r.tenants, ref.Tenant)
	}
	if r.run != nil {
		if s.again {
			r.start(ref)
		}
		r.seatQueue()
	}
	r.maybeIdle()
}

func (r *seats) maybeIdle() {
	if r.closing && len(r.taken) == 0 {
		r.once.Do(func() { close(r.idle) })
	}
}

// seatQueue gives free seats to those who wait, in order, passing over tenants
// that have their share.
func (r *seats) seatQueue() {
	left := r.queue[:0]
	for _, ref := range r.queue {
		if _, already := r.taken[ref.Turn]; already {
			continue
		}
		if r.fits(ref.Tenant) {
			r.start(ref)
		} else {
			left = append(left, ref)
		}
	}
	r.queue = left
}

// sit makes the turn findable for wake-ups.
func (r *seats) sit(s *seat, t *Turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.turn = t
	if r.cause != nil {
		t.cancel(r.cause)
	}
}

// find returns the turn if it runs here.
func (r *seats) find(tenant, turn desk.ID) *Turn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.taken[turn]; ok && s.turn != nil && s.turn.Viewer.Tenant == tenant {
		return s.turn
	}
	return nil
}
