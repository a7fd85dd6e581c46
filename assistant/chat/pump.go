package chat

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gofiber/contrib/websocket"

	"github.com/conserje/conserje/portal/desk"
)

// wake has the log read up to seq.
func (c *client) wake(seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want = max(c.want, seq)
	if c.want > c.cursor {
		c.startPump()
	}
}

// refill has the answer in flight sent from its beginning.
func (c *client) refill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh = true
	c.startPump()
}

// startPump makes sure that a pump runs. c.mu is held.
func (c *client) startPump() {
	if c.room != nil && !c.pumping {
		c.pumping = true
		c.hub.running.Go(c.pump)
	}
}

const (
	pageOfEvents = 100
	retryEvery   = time.Second
)

var errMoved = errors.New("another conversation was opened, or the socket is gone")

// pump sends events until the client has all that is known of, then lets it
// take part in the answer in flight. While the database is away it tries
// again; a client that does not take its events is closed.
func (c *client) pump() {
	defer func() {
		if p := recover(); p != nil {
			c.hub.srv.cfg.Log.Error("panic in a pump", "user", c.viewer.User, "panic", p)
			c.peer.Close(websocket.CloseInternalServerErr, "something went wrong on our side")
		}
	}()
	for {
		c.mu.Lock()
		if c.room == nil || c.want <= c.cursor && !c.fresh {
			c.pumping = false
			c.mu.Unlock()
			return
		}
		r, opening, after, behind := c.room, c.opening, c.cursor, c.want > c.cursor
		c.mu.Unlock()
		var err error
		if behind {
			err = c.catchUp(r, opening, after)
		} else {
			err = c.join(r, opening)
		}
		if err != nil && !errors.Is(err, errMoved) && !c.survives(err) {
			return
		}
	}
}

// survives decides what an error of the pump means: a conversation that may
// not be read any more is left, all else is tried again later. It reports
// whether the pump goes on.
func (c *client) survives(err error) bool {
	switch desk.CodeOf(err) {
	case desk.CodeNotFound, desk.CodeForbidden, desk.CodePolicy, desk.CodeUnauthenticated:
		c.peer.Send(errorFrame(err, ""))
		c.quit()
		return true // it ends by itself: nothing is open
	}
	if c.hub.srv.ctx.Err() == nil {
		c.hub.srv.cfg.Log.Warn("log of an open conversation not read", "user", c.viewer.User, "error", err)
	}
	wait := time.NewTimer(retryEvery)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-c.hub.srv.ctx.Done():
		c.mu.Lock()
		c.pumping = false
		c.mu.Unlock()
		return false
	}
}

// catchUp reads one page of the log and queues it.
func (c *client) catchUp(r *room, opening int, after int64) error {
	events, err := c.read(r.conversation, after)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := c.queue(opening, e); err != nil {
			return err
		}
		if e.Kind == desk.KindTurnEnded {
			var ended desk.TurnEnded
			if json.Unmarshal(e.Body, &ended) == nil {
				r.finish(ended.Turn)
			}
		}
	}
	if len(events) == 0 { // want was announced by a commit that this reading does not see: never, but no loop
		c.mu.Lock()
		if c.opening == opening {
			c.want = c.cursor
		}
		c.mu.Unlock()
	}
	return nil
}

func (c *client) read(conversation desk.ID, after int64) ([]desk.Event, error) {
	select {
	case c.hub.readers <- struct{}{}:
	case <-c.hub.srv.ctx.Done():
		return nil, c.hub.srv.ctx.Err()
	}
	defer func() { <-c.hub.readers }()
	ctx, cancel := context.WithTimeout(desk.WithViewer(c.hub.srv.ctx, c.viewer), frameWithin)
	defer cancel()
	events, _, err := c.hub.srv.cfg.Conversations.Events(ctx, conversation, after, pageOfEvents)
	return events, err
}

// queue gives one event to the socket, and waits while the socket has enough:
// an event is never dropped.
func (c *client) queue(opening int, e desk.Event) error {
	data := eventFrame(e)
	var began time.Time
	for {
		c.mu.Lock()
		if c.opening != opening {
			c.mu.Unlock()
			return errMoved
		}
		queued := c.peer.SendDroppable(data)
		if queued {
			c.cursor = e.Seq
			c.want = max(c.want, e.Seq)
		}
		c.mu.Unlock()
		if queued {
			return nil
		}
		if began.IsZero() {
			began = time.Now()
		} else if time.Since(began) > c.hub.srv.cfg.StalledAfter {
			c.peer.Close(websocket.CloseTryAgainLater, "too slow; resume")
			c.quit()
			return errMoved
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// join lets the client take part in the answer in flight, once it has the
// whole log: what was appended between its frame and its place in the room was
// announced to nobody.
func (c *client) join(r *room, opening int) error {
	ctx, cancel := context.WithTimeout(desk.WithViewer(c.hub.srv.ctx, c.viewer), frameWithin)
	defer cancel()
	snap, err := c.hub.srv.cfg.Conversations.Snapshot(ctx, r.conversation)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening != opening {
		return errMoved
	}
	if c.want = max(c.want, snap.Last); c.want > c.cursor {
		return nil // the pump reads it first, and comes back
	}
	c.fresh = false
	r.goLive(c, snap)
	return nil
}
