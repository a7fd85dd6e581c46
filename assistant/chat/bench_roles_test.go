//go:build bench

package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	ws "github.com/coder/websocket"
	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	openai "github.com/sashabaranov/go-openai"

	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/portal/desk"
)

func init() {
	roles["upstream"] = runUpstream
	roles["bare"] = runBare
	roles["idlers"] = runIdlers
}

const (
	streamEvents = 84
	streamOver   = time.Second
)

// runUpstream is the model: each answer is 84 events over one second, sent on
// time whatever becomes of them. An event carries the moment at which it was
// written, the first one also when the request came, the last one a hash of
// all before it.
func runUpstream() error {
	fake := modeltest.Start()
	defer fake.Close()
	fake.Handle(func(c modeltest.Captured) modeltest.Reply {
		sum := fnv.New64a()
		return modeltest.Paced(modeltest.Pace{Events: streamEvents, Over: streamOver, Text: func(i int, at time.Time) string {
			text := fmt.Sprintf("E%d ", at.UnixNano())
			if i == 0 {
				text = fmt.Sprintf("R%d ", c.At.UnixNano()) + text
			}
			if i == streamEvents-1 {
				return text + fmt.Sprintf("H%x", hashOf(sum, text))
			}
			_, _ = io.WriteString(sum, text)
			return text
		}})
	})
	fmt.Println("listening", fake.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func hashOf(sum interface {
	io.Writer
	Sum64() uint64
}, text string,
) uint64 {
	_, _ = io.WriteString(sum, text)
	return sum.Sum64()
}

// wholeAnswer checks an answer against its own hash.
func wholeAnswer(text string) error {
	body, sum, found := strings.Cut(text, "H")
	if !found || fmt.Sprintf("%x", hashOf(fnv.New64a(), body)) != sum || strings.Count(body, "E") != streamEvents {
		return fmt.Errorf("an answer came damaged: %d events, hash %q", strings.Count(body, "E"), sum)
	}
	return nil
}

// runBare is the least that anybody could write: Fiber's WebSocket, go-openai,
// nothing stored, nobody checked.
func runBare() error {
	var cfg struct{ Model string }
	if err := json.Unmarshal([]byte(os.Getenv(conf)), &cfg); err != nil {
		return err
	}
	oc := openai.DefaultConfig("k")
	oc.BaseURL = cfg.Model
	oc.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}
	client := openai.NewClientWithConfig(oc)
	var sockets sync.Map
	handler := websocket.New(func(c *websocket.Conn) {
		sockets.Store(c, true)
		defer sockets.Delete(c)
		for {
			_, text, err := c.ReadMessage()
			if err != nil || bareAnswer(c, client, string(text)) != nil {
				return
			}
		}
	})
	return serveUntilTold(func(app *fiber.App) { app.Get("/api/v1/chat", handler) }, func() (n int) {
		sockets.Range(func(any, any) bool { n++; return true })
		return n
	})
}

func bareAnswer(c *websocket.Conn, client *openai.Client, text string) error {
	if text == "hello" {
		return c.WriteMessage(websocket.TextMessage, []byte(`{"type":"opened"}`))
	}
	stream, err := client.CreateChatCompletionStream(context.Background(), openai.ChatCompletionRequest{
		Model: "fake", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: text}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return c.WriteMessage(websocket.TextMessage, []byte(`{"type":"event","kind":"turn_ended"}`))
		}
		if err != nil {
			return err
		}
		if len(part.Choices) == 0 {
			continue
		}
		body, _ := json.Marshal(map[string]string{"type": "delta", "text": part.Choices[0].Delta.Content})
		if err := c.WriteMessage(websocket.TextMessage, body); err != nil {
			return err
		}
	}
}

// idlersConfig is a process full of clients that say nothing.
type idlersConfig struct {
	Addr, Host string
	Tenant     desk.ID
	Many       int
	Hello      string // the one frame that each sends
}

func runIdlers() error {
	var cfg idlersConfig
	if err := json.Unmarshal([]byte(os.Getenv(conf)), &cfg); err != nil {
		return err
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, 32)
	failed := make(chan error, 1)
	for _, token := range crowdTokens(cfg.Tenant, cfg.Many) {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := idle(cfg, token); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	fmt.Println("listening -")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func idle(cfg idlersConfig, token string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, _, err := ws.Dial(ctx, "ws://"+cfg.Addr+"/api/v1/chat", &ws.DialOptions{
		Subprotocols: []string{chat.Subprotocol}, Host: cfg.Host,
		HTTPHeader: http.Header{"Origin": {"http://" + cfg.Host}, "Cookie": {cookie + "=" + token}},
	})
	if err != nil {
		return err
	}
	if err := c.Write(ctx, ws.MessageText, []byte(cfg.Hello)); err != nil {
		return err
	}
	_, data, err := c.Read(ctx)
	if err != nil || !strings.Contains(string(data), "opened") {
		return fmt.Errorf("%s %w", data, err)
	}
	c.CloseRead(context.Background()) // answers pings
	return nil
}
