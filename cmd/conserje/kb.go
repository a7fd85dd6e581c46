package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

type kbCmd struct {
	Import kbImportCmd `cmd:"" help:"Import a folder of Markdown, HTML and Word files."`
}

type kbImportCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"Folder; its subfolders are read too."`
	Tenant string `default:"localhost" help:"Host name of the portal whose knowledge base it is."`
	As     string `default:"adam" help:"User name of the admin in whose name it is imported."`
	// Audience keeps what is imported from everybody else's customers.
	Audience string `aliases:"company" help:"Name of the one company that the articles are for; left out: everybody."`
	Draft    bool   `help:"They arrive as drafts, to be looked at in the portal before they are published."`
}

// Run imports beside a running server, or on its own. Files with problems are
// named one by one; the others are imported.
func (c *kbImportCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	d, err := openDatabase(ctx, s, log, progress, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	m, err := openModels(s.Model, log)
	if err != nil {
		return err
	}
	v, err := operator(ctx, d.Store, c.Tenant, c.As)
	if err != nil {
		return err
	}
	audience, err := companyNamed(ctx, d.Store, v.Tenant, c.Audience)
	if err != nil {
		return err
	}
	documents, err := kb.Folder(c.Dir)
	if err != nil {
		return err
	}
	began := time.Now()
	progress(fmt.Sprintf("importing %d files", len(documents)))
	report, err := kb.New(kb.Config{Store: d.Store, Embedder: m.embedder, Earlier: m.earlier, Log: log}).Import(ctx, v, documents, kb.ImportOptions{Audience: audience, Draft: c.Draft})
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		fmt.Fprintf(os.Stderr, "%s: %s\n", p.Name, p.Err.Message)
	}
	fmt.Printf("%d created, %d updated, %d unchanged, %d with problems, in %.1f s\n",
		report.Created, report.Updated, report.Unchanged, len(report.Problems), time.Since(began).Seconds())
	if len(report.Problems) > 0 {
		return fmt.Errorf("%d files were not imported", len(report.Problems))
	}
	return nil
}

// companyNamed finds a company by its name; no name is no company.
func companyNamed(ctx context.Context, s *store.Store, tenant desk.ID, name string) (id desk.ID, err error) {
	if name == "" {
		return "", nil
	}
	err = s.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		id, err = tx.CompanyByName(ctx, name)
		if store.NoRows(err) {
			return fmt.Errorf("no company of this portal is named %q", name)
		}
		return err
	})
	return id, err
}

// operator is the admin in whose name the command acts.
func operator(ctx context.Context, s *store.Store, host, login string) (v desk.Viewer, err error) {
	tenant, err := s.TenantByHost(ctx, host)
	if err != nil {
		return v, fmt.Errorf("no portal at %q: start the server once, or name another with --tenant", host)
	}
	err = s.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		u, err := tx.UserByLogin(ctx, login)
		if store.NoRows(err) || err == nil && u.Role != desk.RoleAdmin {
			return fmt.Errorf("%q is no admin of this portal: name one with --as", login)
		}
		v = desk.Viewer{Tenant: tenant, User: u.ID, Role: u.Role, Name: u.Name, Language: u.Language}
		return err
	})
	return v, err
}
