package chat

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/socket"
	"github.com/conserje/conserje/portal/store"
)

// client is one socket. Its reader calls Message; a pump, a goroutine that
// lives only while there is something to read from the log, sends the events.
type client struct {
	hub         *hub
	peer        *socket.Peer
	person      *person
	token       string
	viewer      desk.Viewer // as of the upgrade; who acts is looked up again
	sameSession *client     // under hub.mu

	mu      sync.Mutex
	room    *room // nil until a conversation is open
	opening int   // counts opens: a pump of an earlier one stops
	cursor  int64 // the last event that was queued
	want    int64 // the last event that is known of
	fresh   bool  // the answer in flight is still to be sent
	pumping bool

	// Of the reader alone.
	frames  bucket
	typedAt time.Time

	// Under room.mu.
	live bool
	at   place
}

// place is how far a client has the answer in flight.
type place struct {
	turn    desk.ID
	attempt int
	offset  int
}

func (c *client) tenant() desk.ID  { return c.viewer.Tenant }
func (c *client) session() desk.ID { return c.viewer.Session }

// frameWithin bounds the work of one frame, and of one reading of the log.
const frameWithin = 30 * time.Second

// typingEvery bounds how often others are told that somebody types.
const typingEvery = 2 * time.Second

// Message handles one frame, in a goroutine of its own that the reader waits
// for: what a frame leads to needs a deep stack, and the reader, which stays
// for as long as the socket is open, would keep it.
func (c *client) Message(data []byte) {
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		c.message(data)
	}()
	if p := <-panicked; p != nil {
		panic(p) // ends this socket, and nothing else
	}
}

func (c *client) message(data []byte) {
	f, err := parseFrame(data)
	if wait := c.frames.take(c.hub.srv.cfg.Limits.FramesPerSec, time.Now()); wait > 0 {
		err = tooFast(wait)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(c.hub.srv.ctx, frameWithin)
		defer cancel()
		err = c.do(ctx, f)
	}
	if err != nil {
		c.refuse(f.ID, err)
	}
}

func (c *client) do(ctx context.Context, f clientFrame) error {
	switch f.Type {
	case "ping":
		c.peer.Send(pongFrame)
		return nil
	case "typing":
		return c.typing(ctx)
	}
	ctx, err := c.authenticate(ctx)
	if err != nil {
		return err
	}
	switch f.Type {
	case "open":
		return c.open(ctx, f)
	case "confirm", "decline":
		return c.decide(ctx, f)
	}
	conversation, err := c.conversation()
	if err != nil {
		return err
	}
	chats := c.hub.srv.cfg.Conversations
	switch f.Type {
	case "say":
		if err := c.person.say(c.hub.srv.cfg.Limits.SaysPerUser, time.Now()); err != nil {
			return err
		}
		ack, err := chats.Say(ctx, conversations.Message{Conversation: conversation, ID: f.ID, Text: f.Text, Attachments: f.Attachments})
		if err != nil {
			return err
		}
		c.peer.Send(ackFrame(ack.ID, ack.Seq))
		return nil
	case "stop":
		return chats.Stop(ctx, f.Turn)
	default: // rate; parseFrame lets nothing else through
		return chats.Rate(ctx, conversation, f.Seq, f.Rating, f.Reason)
	}
}

// decide carries what the person pressed on an action's card. The ledger knows
// whose action it is; the card's new state comes as an event.
func (c *client) decide(ctx context.Context, f clientFrame) error {
	ledger := c.hub.srv.cfg.Actions
	if ledger == nil {
		return desk.Errorf(desk.CodeUnsupported, "this portal has no actions to confirm")
	}
	if f.Type == "confirm" {
		_, err := ledger.Confirm(ctx, f.Action)
		return err
	}
	_, err := ledger.Decline(ctx, f.Action)
	return err
}

// authenticate looks the session up again: a frame that arrives after its end
// has no effect (SECURITY C6), and a changed role counts at once.
func (c *client) authenticate(ctx context.Context) (context.Context, error) {
	v, err := c.hub.srv.cfg.People.Authenticate(ctx, c.tenant(), c.token)
	if err != nil {
		return ctx, err
	}
	return desk.WithViewer(ctx, v), nil
}

func (c *client) conversation() (desk.ID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == nil {
		return "", desk.Errorf(desk.CodeInvalid, "open a conversation first").On("conversation")
	}
	return c.room.conversation, nil
}

func (c *client) refuse(id string, err error) {
	switch desk.CodeOf(err) {
	case desk.CodeUnauthenticated, desk.CodeSessionExpired:
		c.peer.Send(errorFrame(err, id))
		c.peer.Close(socket.CloseSessionEnded, "log in again")
		return
	case desk.CodeInternal:
		if !errors.Is(err, context.Canceled) {
			c.hub.srv.cfg.Log.Error("chat frame", "user", c.viewer.User, "error", err)
		}
	}
	c.peer.Send(errorFrame(err, id))
}

func (c *client) typing(ctx context.Context) error {
	conversation, err := c.conversation()
	if err != nil {
		return err
	}
	if time.Since(c.typedAt) < typingEvery {
		return nil
	}
	c.typedAt = time.Now()
	if c.viewer.Role.Staff() {
		ctx, err := c.authenticate(ctx)
		if err != nil {
			return err
		}
		if err := c.hub.srv.cfg.Conversations.Types(ctx, conversation); err != nil {
			return err
		}
	}
	body, err := json.Marshal(wake{Presence: &presence{
		User: c.viewer.User, Name: c.viewer.Name, Staff: c.viewer.Role.Staff(), State: "typing",
	}})
	if err != nil {
		return err
	}
	// A lost one is not missed.
	_ = c.hub.srv.cfg.Store.Bus().Publish(store.ConversationSubject(c.tenant(), conversation), body)
	return nil
}

// find reads the conversation that a client wants to follow. Clients make the
// ids of new conversations themselves: one that nobody has yet, of which the
// client has seen nothing, begins here. Somebody else's is not found either way.
func (c *client) find(ctx context.Context, f clientFrame) (conversations.Conversation, error) {
	all := c.hub.srv.cfg.Conversations
	if f.Conversation == "" {
		return all.Create(ctx, "")
	}
	found, err := all.Open(ctx, f.Conversation)
	if desk.CodeOf(err) == desk.CodeNotFound && f.After == 0 {
		return all.Create(ctx, f.Conversation)
	}
	return found, err
}

// open begins, or begins again, to follow one conversation. The pump reads the
// log's length once more after the subscription stands: nothing falls between
// the two.
func (c *client) open(ctx context.Context, f clientFrame) error {
	found, err := c.find(ctx, f)
	if err != nil {
		return err
	}
	id, last := found.ID, found.Last
	c.quit()
	r := c.hub.join(c.tenant(), id)
	c.mu.Lock()
	c.room, c.cursor, c.want, c.fresh = r, f.After, last, true
	r.enter(c)
	c.peer.Send(openedFrame(id, last))
	if f.After > last {
		// A log that is shorter than what the client has seen was restored from
		// a backup, or the number is made up: the client begins anew.
		c.cursor = 0
		c.peer.Send(numberFrame("resync", "after", 0))
	}
	c.startPump()
	c.mu.Unlock()
	return nil
}

// quit leaves the open conversation, if any.
func (c *client) quit() {
	c.mu.Lock()
	r := c.room
	c.room = nil
	c.opening++
	c.mu.Unlock()
	if r == nil {
		return
	}
	r.leave(c)
	r.mu.Lock()
	c.live, c.at = false, place{}
	r.mu.Unlock()
	c.hub.quit(r)
}

// Closed is the end of the socket.
func (c *client) Closed() {
	c.quit()
	c.hub.remove(c)
}
