package model

import (
	"errors"
	"sync"
	"time"
)

// Trouble is why a model cannot work until somebody changes the settings:
// its key is refused, its name unknown, its account spent, or its vectors are
// of another length. What passes by itself is none.
type Trouble struct {
	Model  string
	Reason Reason
	Since  time.Time
}

// lasting are the reasons that no waiting mends.
var lasting = map[Reason]bool{ReasonKey: true, ReasonNoModel: true, ReasonQuota: true, ReasonDimension: true}

// health remembers the trouble of a provider's two models, on this node and
// since its start: the next answer that comes clears it.
type health struct {
	mu       sync.Mutex
	troubles []Trouble
}

// saw takes how a request to a model went. What passes by itself neither
// makes trouble nor ends it.
func (h *health) saw(model string, err error) {
	var e *Error
	if err != nil && (!errors.As(err, &e) || !lasting[e.Reason]) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := -1
	for i, t := range h.troubles {
		if t.Model == model {
			at = i
		}
	}
	switch {
	case e == nil && at >= 0:
		h.troubles = append(h.troubles[:at:at], h.troubles[at+1:]...)
	case e == nil:
	case at >= 0:
		h.troubles[at].Reason = e.Reason
	default:
		h.troubles = append(h.troubles, Trouble{Model: model, Reason: e.Reason, Since: time.Now()})
	}
}

// Troubles returns what keeps the provider's models from working, as this
// node saw it last.
func (p *Provider) Troubles() []Trouble {
	p.health.mu.Lock()
	defer p.health.mu.Unlock()
	return append([]Trouble(nil), p.health.troubles...)
}
