// Package demo fills a fresh installation with a small world to try things in:
// two companies, their people, tickets in their languages, and a knowledge
// base in all five. It goes through the same rooms as everybody else and fills
// a database once; what somebody deletes afterwards stays deleted.
package demo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/software"
)

// Slug is the demo's tenant; it answers at http://localhost.
const Slug = "demo"

//go:embed articles
var articles embed.FS

// LogIn is one of the people that the demo can be tried as.
type LogIn struct {
	Login, Name string
	Role        desk.Role
	Language    desk.Language
	Company     string // empty for staff
}

// Password is the password of a demo's log-in.
func (l LogIn) Password() string { return "demo-" + l.Login }

// LogIns lists them.
func LogIns() []LogIn {
	return []LogIn{
		{"ana", "Ana Torres", desk.RoleContact, "es", "Acme"},
		{"ben", "Ben Carter", desk.RoleMainContact, "en", "Acme"},
		{"chloe", "Chloé Martin", desk.RoleContact, "fr", "Globex"},
		{"tess", "Tess Vogel", desk.RoleTechnician, "en", ""},
		{"adam", "Adam Keller", desk.RoleAdmin, "en", ""},
	}
}

// Rooms are what the demo fills.
type Rooms struct {
	Store     *store.Store
	People    *people.Service
	Knowledge *kb.KB
	Software  *software.Service
}

// Fill makes the demo's tenant and what is in it, unless it is there. progress
// is told what takes a moment. People and tickets appear together or not at
// all; articles that are missing after a crash are imported at the next start.
func Fill(ctx context.Context, r Rooms, progress func(string)) error {
	tenant, err := r.Store.TenantByHost(ctx, "localhost")
	if desk.CodeOf(err) == desk.CodeNotFound {
		progress("making the demo's people and tickets")
		tenant, err = r.fillPeople(ctx)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := r.fillSoftware(ctx, tenant); err != nil {
		return fmt.Errorf("demo's catalogue: %w", err)
	}
	return r.fillArticles(ctx, tenant, progress)
}

func (r Rooms) fillPeople(ctx context.Context) (desk.ID, error) {
	tenant := desk.NewID()
	err := r.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.CreateTenant(ctx, db.CreateTenantParams{TenantID: tenant, Slug: Slug, Name: "Conserje Demo", Language: "en"}); err != nil {
			return err
		}
		for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
			if err := tx.AddHost(ctx, db.AddHostParams{TenantID: tenant, Host: host}); err != nil {
				return err
			}
		}
		viewers, err := r.createPeople(ctx, tx)
		if err != nil {
			return err
		}
		if err := openTickets(ctx, tx, viewers); err != nil {
			return err
		}
		return addMacros(ctx, tx, viewers["adam"])
	})
	return tenant, err
}

func (r Rooms) createPeople(ctx context.Context, tx *store.Tx) (map[string]desk.Viewer, error) {
	companies := map[string]desk.ID{}
	for _, name := range []string{"Acme", "Globex"} {
		id, err := r.People.CreateCompany(ctx, tx, name, map[string]string{"Acme": "acme.example", "Globex": "globex.example"}[name])
		if err != nil {
			return nil, err
		}
		companies[name] = id
	}
	viewers := map[string]desk.Viewer{}
	for _, l := range LogIns() {
		domain := map[string]string{"Acme": "acme.example", "Globex": "globex.example", "": "conserje.example"}[l.Company]
		id, err := r.People.CreateUser(ctx, tx, people.NewUser{
			Login: l.Login, Email: l.Login + "@" + domain, Name: l.Name, Password: l.Password(),
			Role: l.Role, Language: l.Language, Company: companies[l.Company],
		})
		if err != nil {
			return nil, err
		}
		viewers[l.Login] = desk.Viewer{Tenant: tx.Tenant, User: id, Company: companies[l.Company], Role: l.Role, Name: l.Name, Language: l.Language}
	}
	return viewers, nil
}

// articlesFilled is the audit entry that says that the articles are in.
const articlesFilled = "demo.articles_imported"

func (r Rooms) fillArticles(ctx context.Context, tenant desk.ID, progress func(string)) error {
	var done bool
	var adam desk.Viewer
	err := r.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		if adam, err = viewer(ctx, tx, "adam"); err != nil {
			return err
		}
		done, err = tx.AuditHas(ctx, articlesFilled)
		return err
	})
	if err != nil || done {
		return err
	}
	documents, err := documents()
	if err != nil {
		return err
	}
	progress(fmt.Sprintf("importing the demo's %d articles", len(documents)))
	report, err := r.Knowledge.Import(ctx, adam, documents, kb.ImportOptions{})
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("demo article %s: %w", report.Problems[0].Name, report.Problems[0].Err)
	}
	return r.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Audit(ctx, store.AuditEntry{Actor: adam.User, Action: articlesFilled, Object: "articles"})
	})
}

func documents() ([]kb.Document, error) {
	var list []kb.Document
	err := fs.WalkDir(articles, "articles", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".md" {
			return err
		}
		data, err := articles.ReadFile(name)
		list = append(list, kb.Document{Name: name, Data: data})
		return err
	})
	return list, err
}
