package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// texts is the gateway that carries text messages.
type texts struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]string // by number: the six digits that the last one began with
	whole map[string]string // by number: the last one
}

func newTexts(t *testing.T) *texts {
	x := &texts{codes: map[string]string{}, whole: map[string]string{}}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ To, Text string }
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || len(m.Text) < 6 {
			http.Error(w, "not a message", http.StatusBadRequest)
			return
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.codes[m.To], x.whole[m.To] = m.Text[:6], m.Text
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *texts) of(number string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.codes[number]
}

func (x *texts) last(number string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.whole[number]
}
