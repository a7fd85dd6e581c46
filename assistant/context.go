package assistant

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
	"github.com/conserje/conserje/tools"
)

const maxOpenTickets = 5

// viewerFacts are what the model may know of the user: no ids, no address, no
// phone number.
func (j *job) viewerFacts(ctx context.Context, tx *store.Tx, p policy.Effective) (prompts.Facts, error) {
	f := prompts.Facts{
		Name: j.viewer.Name, Role: string(j.viewer.Role), Language: string(j.viewer.Language),
		Today: j.cfg.Now().UTC().Format(time.DateOnly),
	}
	if j.viewer.Company != "" {
		name, err := tx.CompanyName(ctx, j.viewer.Company)
		if err != nil && !store.NoRows(err) {
			return f, err
		}
		f.Company = name
	}
	if err := j.deviceFacts(ctx, tx, p, &f); err != nil {
		return f, err
	}
	if !p.Ticketing {
		return f, nil
	}
	page, err := tickets.ListTx(ctx, tx, j.viewer, tickets.Filter{
		View: tickets.ViewMine, Limit: maxOpenTickets,
		Kinds: []tickets.StatusKind{tickets.KindNew, tickets.KindOpen, tickets.KindPending},
	})
	if desk.CodeOf(err) == desk.CodePolicy {
		return f, nil // who sees no statuses is not told by which list a ticket is in
	}
	for _, t := range page.Items {
		f.OpenTickets = append(f.OpenTickets, prompts.TicketLine{Number: t.Number, Subject: t.Subject, Status: string(t.Kind), StatusName: t.StatusName(j.viewer)})
	}
	return f, err
}

// request is the model's context. last asks for the final word: the tools
// stand there still, for the provider's cache, and may not be called.
func (j *job) request(last bool) model.Request {
	names := make([]string, len(j.offered))
	req := model.Request{User: opaque(j.viewer)}
	for i, s := range j.offered {
		names[i] = s.Name
		req.Tools = append(req.Tools, model.ToolSpec{Name: s.Name, Description: s.Description, Schema: s.Schema})
	}
	add := func(m ...model.Message) { req.Messages = append(req.Messages, m...) }
	add(model.Message{Role: model.RoleSystem, Text: prompts.System(prompts.SystemData{Language: string(j.viewer.Language), Tools: names})},
		model.Message{Role: model.RoleUser, Text: prompts.Context(j.facts)})
	if j.summary != "" {
		add(model.Message{Role: model.RoleUser, Text: prompts.Untrusted(prompts.SummaryLabel, j.summary)})
	}
	ids := identities{}
	for _, u := range j.recent {
		add(u.messages(ids)...)
	}
	if found := j.found(); found != "" {
		add(model.Message{Role: model.RoleUser, Text: found})
	}
	add(told(j.past.files, len(j.pictures))...)
	add(model.Message{Role: model.RoleUser, Text: j.past.question, Pictures: j.pictures})
	for _, s := range j.past.steps {
		if s.number > 0 {
			add(s.messages(ids)...)
		}
	}
	if last {
		req.ToolChoice = "none"
		add(model.Message{Role: model.RoleSystem, Text: prompts.LastStep()})
	}
	return req
}

// opaque names the user to a provider without saying who it is.
func opaque(v desk.Viewer) string {
	sum := sha256.Sum256([]byte("conserje user " + string(v.Tenant) + " " + string(v.User)))
	return hex.EncodeToString(sum[:16])
}

// identities gives each call in a request an id of its own. A provider gets
// back the id it chose, unless another call has it: some number from 1 in every
// answer.
type identities map[string]bool

func (ids identities) of(c desk.ToolCall) string {
	id := c.ModelID
	if id == "" || ids[id] {
		id = string(c.Call)
	}
	ids[id] = true
	return id
}

func (s step) messages(ids identities) []model.Message {
	ask := model.Message{Role: model.RoleAssistant, Text: s.text}
	var answers []model.Message
	for i, r := range s.calls {
		if r.result == nil {
			continue // not run yet; the loop runs it before it asks again
		}
		id := ids.of(r.ToolCall)
		ask.ToolCalls = append(ask.ToolCalls, model.ToolCall{Index: i, ID: id, Name: r.Name, Arguments: object(r.Arguments)})
		answers = append(answers, model.Message{Role: model.RoleTool, ToolCallID: id, Text: r.result.Content})
	}
	if len(answers) == 0 {
		return nil
	}
	return append([]model.Message{ask}, answers...)
}

// object is what may stand as a call's arguments in a request: an object.
func object(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] != '{' {
		return "{}"
	}
	return string(raw)
}

// messages tells one thing of the past. What a technician said is marked as
// such: it is not the user's word, and it orders nothing.
func (u utterance) messages(ids identities) []model.Message {
	switch u.kind {
	case desk.KindAssistantMessage:
		return []model.Message{{Role: model.RoleAssistant, Text: u.text}}
	case desk.KindStaffMessage:
		return append(told(u.files, 0), model.Message{Role: model.RoleUser, Text: prompts.Data("technician", map[string]string{"name": u.author, "said": u.text})})
	case desk.KindToolCall:
		s := step{calls: []record{{ToolCall: u.call, result: &u.outcome}}}
		return s.messages(ids)
	default:
		return append(told(u.files, 0), model.Message{Role: model.RoleUser, Text: u.text})
	}
}

// found is the engine's own search as the model reads it.
func (j *job) found() string {
	for _, s := range j.past.steps {
		if s.number != 0 {
			continue
		}
		for _, r := range s.calls {
			if r.result != nil && r.result.OK && len(r.result.Citations) > 0 {
				return r.result.Content
			}
		}
	}
	return ""
}

// ground searches the knowledge base with the user's own words before the
// model is asked, so that one that does not use tools still has something to
// stand on. A search that fails leaves the model to its own.
func (j *job) ground(ctx context.Context) error {
	if !j.offers(prompts.ToolSearch) || isSmallTalk(j.past.question) {
		return nil
	}
	if len(j.past.steps) == 0 {
		query, err := json.Marshal(map[string]string{"query": firstRunes(j.past.question, maxOwnQuery)})
		if err != nil {
			return err
		}
		call := desk.ToolCall{Turn: j.id, Call: desk.NewID(), Name: prompts.ToolSearch, Arguments: query}
		j.turn.Step(prompts.ToolSearch, nil)
		j.past.steps = append(j.past.steps, step{calls: []record{{ToolCall: call}}})
		return j.search(ctx, true)
	}
	if first := j.past.steps[0]; first.number != 0 || first.calls[0].result != nil {
		return nil
	}
	return j.search(ctx, false)
}

// search runs the engine's own search. It changes nothing, so it need not wait
// for the record of it.
func (j *job) search(ctx context.Context, record bool) error {
	r := &j.past.steps[0].calls[0]
	var res tools.Result
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		res, err = j.cfg.Tools.Read(ctx, j.toolCall(r.ToolCall))
	}()
	var appendErr error
	if record {
		_, appendErr = j.turn.Append(ctx, desk.KindToolCall, r.ToolCall)
	}
	<-done
	if err := cmp.Or(appendErr, err); err != nil {
		return err
	}
	return j.note(ctx, r, res)
}

const maxOwnQuery = 480
