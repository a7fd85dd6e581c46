package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

type portalCmd struct {
	Create portalCreateCmd `cmd:"" help:"Open a portal with its first admin."`
}

type portalCreateCmd struct {
	Host     string `arg:"" help:"Host name that it answers at, such as help.example.com."`
	Name     string `required:"" help:"Name that people read."`
	Login    string `required:"" help:"User name of the first admin."`
	Admin    string `required:"" help:"The first admin's own name."`
	Email    string `help:"The first admin's mail address."`
	Language string `default:"en" enum:"en,es,de,fr,it" help:"Language of the portal and of the admin: en, es, de, fr or it."`
}

// Run opens the portal beside a running server, or on its own. The password is
// made here and shown once: a flag would stand in the shell's history.
func (c *portalCreateCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	d, err := openDatabase(ctx, s, log, progress, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	service, err := people.New(d.Store, log, people.Config{})
	if err != nil {
		return err
	}
	password := rand.Text()
	_, err = service.OpenPortal(ctx, people.NewPortal{
		Host: c.Host, Name: c.Name, Language: desk.Language(c.Language),
		Admin: people.NewUser{Login: c.Login, Name: c.Admin, Email: c.Email, Password: password, Language: desk.Language(c.Language)},
	})
	if err != nil {
		return err
	}
	fmt.Printf("The portal answers at %s. Log in as %s with the password %s and change it in the settings.\n", c.Host, c.Login, password)
	return nil
}
