package chat

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
)

// room is one conversation that has sockets on this node: one subscription
// for all of them, and the answer in flight as far as it was heard.
type room struct {
	hub                  *hub
	tenant, conversation desk.ID
	subject              string
	seats                int // under hub.mu

	subscribing sync.Mutex
	cancel      func()

	mu      sync.Mutex
	clients []*client
	answer  answer
	ended   desk.ID   // the turn that ended last: its late deltas are dropped
	askedAt time.Time // when a hole in the answer was last tried to be filled
}

// answer is the text of one attempt of one turn from byte base on.
type answer struct {
	turn    desk.ID
	attempt int
	base    int
	text    []byte
}

func (a *answer) end() int { return a.base + len(a.text) }

// add appends a delta. It returns the part that is new, and whether there is
// any; a delta behind a hole begins the text anew at its offset.
func (a *answer) add(d delta) (delta, bool) {
	if d.Turn == a.turn && d.Attempt < a.attempt {
		return d, false
	}
	if d.Turn != a.turn || d.Attempt > a.attempt || d.Offset > a.end() {
		*a = answer{turn: d.Turn, attempt: d.Attempt, base: d.Offset, text: append(a.text[:0], d.Text...)}
		return d, true
	}
	known := a.end() - d.Offset
	if known >= len(d.Text) || !utf8.RuneStart(d.Text[known]) {
		return d, false
	}
	d.Text, d.Offset = d.Text[known:], a.end()
	a.text = append(a.text, d.Text...)
	return d, true
}

// merge puts a snapshot, which begins at byte 0, under what was heard.
func (a *answer) merge(turn desk.ID, attempt int, text string) {
	switch {
	case turn != a.turn || attempt > a.attempt:
		*a = answer{turn: turn, attempt: attempt, text: []byte(text)}
	case attempt < a.attempt || len(text) < a.base:
		// What was heard is newer, or a hole stays between the two.
	case len(text) >= a.end():
		a.base, a.text = 0, []byte(text)
	default:
		a.text = append([]byte(text), a.text[len(text)-a.base:]...)
		a.base = 0
	}
}

func (r *room) subscribe() {
	r.subscribing.Lock()
	defer r.subscribing.Unlock()
	if r.cancel != nil {
		return
	}
	cancel, err := r.hub.inbox.Subscribe(r.subject)
	if err != nil {
		r.hub.srv.cfg.Log.Warn("conversation is only polled for", "conversation", r.conversation, "error", err)
		return
	}
	r.cancel = cancel
}

func (r *room) unsubscribe() {
	r.subscribing.Lock()
	defer r.subscribing.Unlock()
	if r.cancel != nil {
		r.cancel()
		r.cancel = nil
	}
}

func (r *room) enter(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients = append(r.clients, c)
}

func (r *room) leave(c *client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.clients, c); i >= 0 {
		r.clients = slices.Delete(r.clients, i, i+1)
	}
}

// receive takes one message of the conversation's subject.
func (r *room) receive(data []byte) {
	var w wake
	if err := json.Unmarshal(data, &w); err != nil {
		r.hub.srv.cfg.Log.Warn("message of the bus not understood", "conversation", r.conversation, "error", err)
		return
	}
	switch {
	case w.Delta != nil:
		r.delta(*w.Delta)
	case w.Seq > 0:
		r.announce(w.Seq)
	case w.Step != nil:
		r.pass(tagged("step", w.Step), func(c *client) bool { return c.live })
	case w.Presence != nil:
		r.pass(frame("presence", w.Presence), func(c *client) bool { return w.Presence.tells(c.viewer) })
	}
}

// announce has every client read the log up to seq.
func (r *room) announce(seq int64) {
	r.mu.Lock()
	clients := slices.Clone(r.clients)
	r.mu.Unlock()
	for _, c := range clients {
		c.wake(seq)
	}
}

// pass forwards a frame that may be lost.
func (r *room) pass(frame []byte, to func(*client) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		if to(c) {
			c.peer.SendDroppable(frame)
		}
	}
}

// fillEvery bounds how often a hole in the answer in flight is asked about.
const fillEvery = time.Second

// delta forwards a stretch of the answer. Each client gets it from where that
// client stands, so that one which was too slow for a delta is made good by
// the next.
func (r *room) delta(d delta) {
	for _, c := range r.forward(d) {
		c.refill()
	}
}

// forward returns the clients that lack the beginning.
func (r *room) forward(d delta) (lacking []*client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.Turn == r.ended {
		return nil
	}
	d, isNew := r.answer.add(d)
	if !isNew {
		return nil
	}
	ask := r.answer.base > 0 && time.Since(r.askedAt) > fillEvery
	if ask {
		r.askedAt = time.Now()
	}
	var shared []byte
	for _, c := range r.clients {
		switch {
		case !c.live:
		case c.at == (place{d.Turn, d.Attempt, d.Offset}):
			if shared == nil {
				shared = deltaFrame(d)
			}
			r.hand(c, shared)
		case r.answer.base == 0:
			r.rest(c)
		case ask:
			c.live = false
			lacking = append(lacking, c)
		}
	}
	return lacking
}

// rest sends c what it lacks of the answer in flight. r.mu is held.
func (r *room) rest(c *client) {
	a := &r.answer
	from := 0
	if c.at.turn == a.turn && c.at.attempt == a.attempt {
		from = c.at.offset
	}
	if a.base > 0 || from >= a.end() && a.end() > 0 {
		return
	}
	r.hand(c, deltaFrame(delta{Turn: a.turn, Attempt: a.attempt, Offset: from, Text: string(a.text[from:])}))
}

func (r *room) hand(c *client, frame []byte) {
	if c.peer.SendDroppable(frame) {
		c.at = place{r.answer.turn, r.answer.attempt, r.answer.end()}
	}
}

// goLive lets c take part from now on: it gets the answer in flight from its
// beginning and then every delta. The snapshot may be empty.
func (r *room) goLive(c *client, snap conversations.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.live, c.at = true, place{}
	if snap.Turn != "" && snap.Turn != r.ended {
		r.answer.merge(snap.Turn, snap.Attempt, snap.Text)
		if snap.Step != nil {
			c.peer.SendDroppable(frame("step", stepOf(snap)))
		}
	}
	if r.answer.turn != "" && r.answer.turn != r.ended {
		r.rest(c)
	}
}

// finish forgets the answer of a turn whose end stands in the log.
func (r *room) finish(turn desk.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = turn
	if r.answer.turn == turn {
		r.answer = answer{}
	}
}
