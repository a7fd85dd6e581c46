package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Company is a customer of the tenant with its mail domains, and how much it
// has.
type Company struct {
	ID        desk.ID   `json:"id"`
	Name      string    `json:"name"`
	Domains   []string  `json:"domains" doc:"Mail domains; whoever writes from one of them belongs to the company."`
	Version   int       `json:"version"`
	People    int       `json:"people"`
	Devices   int       `json:"devices" doc:"Those in service."`
	Tickets   int       `json:"tickets"`
	CreatedAt time.Time `json:"created_at"`
}

// CompanyPage is a company with what is shown beside it.
type CompanyPage struct {
	Company

	DeviceList []CompanyDevice `json:"device_list" doc:"The first hundred by name."`
	TicketList []CompanyTicket `json:"ticket_list" doc:"The twenty that changed last."`
}

// CompanyDevice is a line of a company's devices.
type CompanyDevice struct {
	ID         desk.ID    `json:"id"`
	Name       string     `json:"name"`
	System     string     `json:"system" enum:"windows,macos,linux"`
	Online     bool       `json:"online"`
	LastSeenAt *time.Time `json:"last_seen_at,omitempty"`
}

// CompanyTicket is a line of a company's tickets.
type CompanyTicket struct {
	ID        desk.ID   `json:"id"`
	Number    int64     `json:"number"`
	Subject   string    `json:"subject"`
	Status    string    `json:"status"`
	Requester string    `json:"requester"`
	UpdatedAt time.Time `json:"updated_at"`
}

const (
	maxDomains       = 50
	devicesOnPage    = 100
	ticketsOnPage    = 20
	companiesPerPage = 200
)

// Companies lists the tenant's companies by name, for staff: those whose name
// or domains have all words of query.
func (s *Service) Companies(ctx context.Context, query string, after Cursor, atMost int) (list []Company, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = companies(ctx, tx, db.CompaniesParams{
			AfterName: after.Name, AfterID: after.id(), Words: words(query), AtMost: int32(min(max(atMost, 1), companiesPerPage)),
		})
		return err
	})
	return list, err
}

func companies(ctx context.Context, tx *store.Tx, p db.CompaniesParams) ([]Company, error) {
	rows, err := tx.Companies(ctx, p)
	list := make([]Company, len(rows))
	for i, r := range rows {
		list[i] = Company{
			ID: r.ID, Name: r.Name, Version: int(r.Version), CreatedAt: r.CreatedAt,
			People: int(r.People), Devices: int(r.Devices), Tickets: int(r.Tickets), Domains: make([]string, len(r.Domains)),
		}
		for n, d := range r.Domains {
			list[i].Domains[n] = readableDomain(d)
		}
	}
	return list, err
}

// words are what a search looks for, at most eight, in lower case.
func words(query string) []string {
	w := strings.Fields(strings.ToLower(query))
	return append([]string{}, w[:min(len(w), 8)]...)
}

func oneCompany(ctx context.Context, tx *store.Tx, id desk.ID) (Company, error) {
	list, err := companies(ctx, tx, db.CompaniesParams{ID: &id, AfterID: nilID, Words: []string{}, AtMost: 1})
	if err != nil {
		return Company{}, err
	}
	if len(list) == 0 {
		return Company{}, noCompany()
	}
	return list[0], nil
}

func noCompany() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such company") }

// CompanyOf returns one company with its devices and newest tickets, for staff.
func (s *Service) CompanyOf(ctx context.Context, id desk.ID) (p CompanyPage, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		p = CompanyPage{DeviceList: []CompanyDevice{}, TicketList: []CompanyTicket{}}
		if p.Company, err = oneCompany(ctx, tx, id); err != nil {
			return err
		}
		devices, err := tx.DevicesOfCompany(ctx, db.DevicesOfCompanyParams{CompanyID: id, AtMost: devicesOnPage})
		if err != nil {
			return err
		}
		for _, d := range devices {
			p.DeviceList = append(p.DeviceList, CompanyDevice{ID: d.ID, Name: d.Name, System: d.System, Online: d.Online, LastSeenAt: d.LastSeenAt})
		}
		tickets, err := tx.TicketsOfCompany(ctx, db.TicketsOfCompanyParams{CompanyID: id, AtMost: ticketsOnPage})
		for _, t := range tickets {
			p.TicketList = append(p.TicketList, CompanyTicket{ID: t.ID, Number: t.Number, Subject: t.Subject, Status: t.Status, Requester: t.Requester, UpdatedAt: t.UpdatedAt})
		}
		return err
	})
	return p, err
}

// CompanyChange is what an admin changes of a company; nil leaves it. Version,
// when set, is the one that the admin saw.
type CompanyChange struct {
	Name    *string
	Domains *[]string
	Version int
}

// AddCompany makes a company, for admins: its domains decide who belongs to it.
func (s *Service) AddCompany(ctx context.Context, name string, domains []string) (c Company, err error) {
	err = s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		id, err := s.CreateCompany(ctx, tx, name, domains...)
		if err != nil {
			return err
		}
		if c, err = oneCompany(ctx, tx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "company.created", Object: "company", ObjectID: id, Detail: map[string]any{"name": c.Name, "domains": c.Domains}})
	})
	return c, err
}

// CreateCompany adds a company with its mail domains in the caller's
// transaction and returns the id.
func (s *Service) CreateCompany(ctx context.Context, tx *store.Tx, name string, domains ...string) (desk.ID, error) {
	if err := tx.LockTenant(ctx); err != nil {
		return "", err
	}
	name, err := companyName(ctx, tx, name, "")
	if err != nil {
		return "", err
	}
	id := desk.NewID()
	if err := tx.CreateCompany(ctx, db.CreateCompanyParams{TenantID: tx.Tenant, ID: id, Name: name}); err != nil {
		return "", err
	}
	return id, setDomains(ctx, tx, id, domains)
}

// ChangeCompany renames a company or sets its domains, for admins.
func (s *Service) ChangeCompany(ctx context.Context, id desk.ID, change CompanyChange) (c Company, err error) {
	err = s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := tx.LockTenant(ctx); err != nil {
			return err
		}
		held, err := tx.HoldCompany(ctx, id)
		if store.NoRows(err) {
			return noCompany()
		}
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != int(held.Version) {
			return desk.Errorf(desk.CodeConflict, "somebody changed the company meanwhile")
		}
		before, err := oneCompany(ctx, tx, id)
		if err != nil {
			return err
		}
		name := before.Name
		if change.Name != nil {
			if name, err = companyName(ctx, tx, *change.Name, id); err != nil {
				return err
			}
		}
		if err := tx.RenameCompany(ctx, db.RenameCompanyParams{ID: id, Name: name}); err != nil {
			return err
		}
		if change.Domains != nil {
			if err := setDomains(ctx, tx, id, *change.Domains); err != nil {
				return err
			}
		}
		if c, err = oneCompany(ctx, tx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "company.changed", Object: "company", ObjectID: id, Detail: map[string]any{
			"old": map[string]any{"name": before.Name, "domains": before.Domains}, "new": map[string]any{"name": c.Name, "domains": c.Domains},
		}})
	})
	return c, err
}

// RemoveCompany deletes an empty company, for admins. What it has stays where
// it is, and the refusal says what that is.
func (s *Service) RemoveCompany(ctx context.Context, id desk.ID) error {
	return s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := tx.LockTenant(ctx); err != nil {
			return err
		}
		held, err := tx.HoldCompany(ctx, id)
		if store.NoRows(err) {
			return noCompany()
		}
		if err != nil {
			return err
		}
		has, err := tx.CompanyHolds(ctx, id)
		if err != nil {
			return err
		}
		if has.People+has.Devices+has.Tickets+has.Conversations+has.Articles > 0 {
			return desk.Errorf(desk.CodeNotEmpty, "the company is not empty").With("people", has.People).With("devices", has.Devices).
				With("tickets", has.Tickets).With("conversations", has.Conversations).With("articles", has.Articles)
		}
		if err := tx.DropCompanyTokens(ctx, id); err != nil {
			return err
		}
		if err := tx.DeleteCompany(ctx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "company.deleted", Object: "company", ObjectID: id, Detail: map[string]any{"name": held.Name}})
	})
}

// companyName checks a name that a company is to have; own is that company.
func companyName(ctx context.Context, tx *store.Tx, name string, own desk.ID) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if err := desk.CheckText(name, maxName); err != nil {
		return "", desk.OnField("name", err)
	}
	id, err := tx.CompanyByName(ctx, name)
	if store.NoRows(err) || err == nil && id == own {
		return name, nil
	}
	if err != nil {
		return "", err
	}
	return "", desk.Errorf(desk.CodeNameTaken, "there is a company of this name").On("name").With("name", name)
}

// setDomains makes the list the company's domains.
func setDomains(ctx context.Context, tx *store.Tx, id desk.ID, typed []string) error {
	domains := make([]string, 0, len(typed))
	for _, t := range typed {
		d, err := mailDomain(t)
		if err != nil {
			return err
		}
		if !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	if len(domains) > maxDomains {
		return desk.Errorf(desk.CodeInvalid, "a company has at most %d mail domains", maxDomains).On("domains")
	}
	if err := tx.DropCompanyDomains(ctx, db.DropCompanyDomainsParams{CompanyID: id, Keep: domains}); err != nil {
		return err
	}
	for _, d := range domains {
		owner, err := tx.DomainOwner(ctx, d)
		switch {
		case store.NoRows(err):
			err = tx.AddCompanyDomain(ctx, db.AddCompanyDomainParams{TenantID: tx.Tenant, CompanyID: id, Domain: d})
		case err == nil && owner.ID != id:
			err = desk.Errorf(desk.CodeDomainTaken, "the domain belongs to another company").On("domains").
				With("domain", readableDomain(d)).With("company", owner.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
