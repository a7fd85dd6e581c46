package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/kb/pdf"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// knowledgeSettings are what the knowledge base may reach.
type knowledgeSettings struct {
	FetchHosts []string `env:"CONSERJE_FETCH_HOSTS" name:"fetch-hosts" placeholder:"HOST" help:"Hosts of your own network whose pages articles may be taken from, such as wiki.example.com or wiki.example.com:8080. Without it, public addresses only."`
}

// openKnowledge plugs the knowledge base together. What its PDF reader is
// compiled to is kept beside the other data.
func openKnowledge(s *Settings, base *store.Store, m models, log *slog.Logger) (*kb.KB, error) {
	web, err := fetch.New(fetch.Config{Allowed: s.Knowledge.FetchHosts})
	if err != nil {
		return nil, fmt.Errorf("CONSERJE_FETCH_HOSTS: %w", err)
	}
	return kb.New(kb.Config{
		Store: base, Embedder: m.embedder, Earlier: m.earlier, PDF: pdf.New(filepath.Join(s.Data, "cache")), Web: web, Log: log,
	}), nil
}

type kbCmd struct {
	Import kbImportCmd `cmd:"" help:"Import a folder of Markdown, HTML, Word and PDF files."`
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
	knowledge, err := openKnowledge(s, d.Store, m, log)
	if err != nil {
		return err
	}
	report, err := knowledge.Import(ctx, v, documents, kb.ImportOptions{Audience: audience, Draft: c.Draft})
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
