package conversations_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// rounds is how many random schedules to play: few in a test run, many in a
// soak (SOAK).
func rounds(t testing.TB, few int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("SOAK"))
	if err != nil {
		return few
	}
	return n
}

// schedule is one random life of a few conversations on nodes that come and go.
type schedule struct {
	t     *testing.T
	w     *world
	rand  *rand.Rand
	mu    sync.Mutex // of rand
	convs []desk.ID
	acks  []conversations.Ack
	nodes []*livingNode
	seed  uint64
}

type livingNode struct {
	service *conversations.Service
	db      *store.Store
}

func (s *schedule) n(limit int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(limit)
}

func (s *schedule) pause(ctx context.Context, atMost time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(s.n(int(atMost)))):
	}
}

// engine makes effects, streams, starts anew, fails, or calls for a person, as
// chance will have it.
func (s *schedule) engine(ctx context.Context, turn *conversations.Turn) error {
	call := desk.ToolCall{Turn: turn.ID, Call: desk.NewID(), Name: "x", Arguments: []byte("{}")}
	for range s.n(4) {
		turn.Delta("some words ")
		s.pause(ctx, 20*time.Millisecond)
	}
	switch s.n(10) {
	case 0:
		turn.Restart()
	case 1:
		return errors.New("out of luck")
	case 2, 3, 4:
		if _, err := turn.Append(ctx, desk.KindToolCall, call); err != nil {
			return err
		}
		_, err := turn.Effect(ctx, call, func(ctx context.Context, tx *store.Tx) (desk.ToolResult, error) {
			if s.n(3) == 0 {
				return desk.ToolResult{OK: true}, conversations.HandoffTx(ctx, tx, turn.Viewer, turn.Conversation, "")
			}
			return desk.ToolResult{OK: true}, nil
		})
		if err != nil {
			return err
		}
	}
	s.pause(ctx, 40*time.Millisecond)
	return turn.Finish(ctx, desk.AssistantMessage{Text: "final"})
}

func (s *schedule) startNode() {
	service, db := s.w.node(s.t, engineFunc(s.engine), func(c *conversations.Config) {
		c.Lease, c.Heartbeat, c.Poll = 400*time.Millisecond, 60*time.Millisecond, 40*time.Millisecond
		c.MaxAttempts = 50
	})
	s.nodes = append(s.nodes, &livingNode{service, db})
}

// step does one random thing. Errors that a client would meet on a dead node
// are part of the game; anything else is not.
func (s *schedule) step() {
	node := s.nodes[s.n(len(s.nodes))]
	conv := s.convs[s.n(len(s.convs))]
	ctx := as(s.t, s.w.ana)
	switch s.n(20) {
	case 0: // a node dies: whatever it writes from now on fails
		if len(s.nodes) > 1 {
			go node.db.Close()
		} else {
			s.startNode()
		}
	case 1:
		if len(s.nodes) < 3 {
			s.startNode()
		}
	case 2, 3: // an owner is paused beyond its lease
		s.w.sql(s.t, `update turns set lease_until = now() - interval '1 second' where state = 'running' and conversation_id = $1`, conv)
	case 4, 5, 6:
		if len(s.acks) > 0 {
			_ = node.service.Stop(ctx, s.acks[s.n(len(s.acks))].Turn)
		}
	case 7:
		_ = node.service.Handoff(ctx, conv, "please")
	case 8:
		_, _ = node.service.StaffMessage(as(s.t, s.w.tess), conv, "I am here")
	case 9, 10, 11:
		_ = node.service.Release(as(s.t, s.w.tess), conv)
	default:
		ack, err := node.service.Say(ctx, conversations.Message{Conversation: conv, ID: string(desk.NewID()), Text: "hello"})
		if err == nil {
			s.acks = append(s.acks, ack)
		}
	}
	s.pause(ctx, 30*time.Millisecond)
}

// check holds what is promised against the log.
func (s *schedule) check() {
	t, w := s.t, s.w
	asked, ended, answers := map[desk.ID]int{}, map[desk.ID]desk.TurnReason{}, map[desk.ID]int{}
	said := map[string]bool{}
	for _, conv := range s.convs {
		taken := false
		for _, e := range w.log(t, conv) {
			switch e.Kind {
			case desk.KindUserMessage:
				m := body[desk.UserMessage](t, e)
				asked[m.Turn]++
				said[fmt.Sprint(conv, e.Seq)] = true
			case desk.KindHandoff:
				taken = body[desk.Handoff](t, e).State == "taken"
			case desk.KindAssistantMessage:
				m := body[desk.AssistantMessage](t, e)
				answers[m.Turn]++
				if ended[m.Turn] != "" {
					t.Errorf("an answer after the end of turn %s", m.Turn)
				}
				if taken && m.Text == "final" {
					t.Errorf("the assistant answered over a technician")
				}
			case desk.KindTurnEnded:
				end := body[desk.TurnEnded](t, e)
				if ended[end.Turn] != "" {
					t.Errorf("turn %s ended twice", end.Turn)
				}
				ended[end.Turn] = end.Reason
			}
		}
	}
	for turn := range asked {
		if turn != "" && ended[turn] == "" {
			t.Errorf("turn %s never ended", turn)
		}
		if n := answers[turn]; n > 1 || n == 0 && ended[turn] == desk.TurnAnswered {
			t.Errorf("turn %s ended as %s with %d answers", turn, ended[turn], n)
		}
	}
	for _, a := range s.acks {
		if !said[fmt.Sprint(a.Conversation, a.Seq)] {
			t.Errorf("acknowledged message %d is lost", a.Seq)
		}
	}
	twice := `select count(*) from (select convert_from(body, 'UTF8')::jsonb->>'call' from conversation_events where kind = 'tool_result' group by 1 having count(*) > 1) x`
	if n := w.count(t, twice); n != 0 {
		t.Errorf("%d effects happened twice", n)
	}
}

// Promises 1, 2, 3 and 5 of SECURITY 5, whatever the order of stops, handoffs,
// deaths and takeovers.
func TestEveryTurnEndsExactlyOnceUnderAnyScheduleOfCrashes(t *testing.T) { //nolint:tparallel // one schedule at a time: each has several nodes
	t.Parallel()
	for round := range rounds(t, 6) {
		seed := uint64(time.Now().UnixNano()) + uint64(round)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t)
			s := &schedule{t: t, w: w, rand: rand.New(rand.NewPCG(seed, 0)), seed: seed}
			for range 2 {
				s.convs = append(s.convs, desk.NewID())
				s.startNode()
			}
			for _, conv := range s.convs {
				s.acks = append(s.acks, w.say(t, s.nodes[0].service, w.ana, conv, "hello"))
			}
			for range 60 {
				s.step()
			}
			s.startNode() // one that lives
			eventually(t, "every turn to end", func() bool {
				return w.count(t, `select count(*) from turns where state <> 'ended'`) == 0
			})
			s.check()
		})
	}
}
