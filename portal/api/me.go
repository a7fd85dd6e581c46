package api

import (
	"context"
	"net/http"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/people"
)

// me is the viewer's own account, with what holds for it.
type me struct {
	people.Profile
	Assistant AssistantInfo `json:"assistant"`
	Files     fileLimits    `json:"files"`
}

// fileLimits are told before anything is sent in vain.
type fileLimits struct {
	MaxBytes   int64 `json:"max_bytes" doc:"Of one file."`
	PerMessage int   `json:"per_message" doc:"How many files a message, a reply or a new ticket may have."`
}

func (a *API) me(p people.Profile) me {
	return me{Profile: p, Assistant: a.cfg.Assistant(), Files: fileLimits{MaxBytes: a.cfg.Files.MaxBytes(), PerMessage: files.MaxPerMessage}}
}

type changeMe struct {
	Body struct {
		Name     *string        `json:"name,omitempty" minLength:"1" maxLength:"120"`
		Language *desk.Language `json:"language,omitempty" enum:"en,es,de,fr,it"`
		Password *struct {
			Old string `json:"old" maxLength:"256"`
			New string `json:"new" minLength:"8" maxLength:"256"`
		} `json:"password,omitempty"`
	}
}

func (a *API) mountMe() {
	route(a, early, http.MethodGet, "/me", "Your account", func(ctx context.Context, _ *nothing) (*body[me], error) {
		p, err := a.cfg.People.Me(ctx)
		return &body[me]{a.me(p)}, err
	})
	route(a, early, http.MethodPatch, "/me", "Change your name, language or password", func(ctx context.Context, in *changeMe) (*body[me], error) {
		change := people.Change{Name: in.Body.Name, Language: in.Body.Language}
		if pw := in.Body.Password; pw != nil {
			change.Password = &people.PasswordChange{Old: pw.Old, New: pw.New}
		}
		p, err := a.cfg.People.UpdateMe(ctx, change)
		return &body[me]{a.me(p)}, err
	})
}
