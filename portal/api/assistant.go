package api

import (
	"context"
	"time"
)

// ModelTrouble is why a configured model does not answer until somebody
// changes the server's settings. Meanwhile the built-in one answers.
type ModelTrouble struct {
	Model  string    `json:"model"`
	Reason string    `json:"reason" enum:"key_refused,model_not_found,quota,wrong_dimension"`
	Since  time.Time `json:"since" doc:"When the node that was asked saw it first."`
}

type assistantState struct {
	AssistantInfo
	Troubles []ModelTrouble `json:"troubles" doc:"As the node that was asked saw it since its start; the next answer of the model clears it."`
}

func (a *API) assistant(context.Context, *nothing) (*body[assistantState], error) {
	out := &body[assistantState]{Body: assistantState{AssistantInfo: a.cfg.Assistant(), Troubles: []ModelTrouble{}}}
	if a.cfg.Troubles != nil {
		out.Body.Troubles = append(out.Body.Troubles, a.cfg.Troubles()...)
	}
	return out, nil
}
